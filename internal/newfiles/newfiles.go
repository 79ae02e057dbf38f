// Package newfiles writes files that must not replace others.
package newfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is a file to write.
type File struct {
	// Name is the slash-separated path below the output directory.
	Name string
	Data []byte
	// Keep says that a file which is there already stays as it is, whatever it says.
	Keep bool
}

// Write writes files below a directory, which is made if it doesn't exist, and
// returns the names of those that it wrote. A file to keep that is there already is
// left alone. If another is there, none is written, and the error names all that
// are.
func Write(dir string, files []File) ([]string, error) {
	var taken []string
	var missing []File
	for _, f := range files {
		switch _, err := os.Lstat(f.path(dir)); {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, f)
		case err != nil:
			return nil, fmt.Errorf("look into the output directory: %w", err)
		case !f.Keep:
			taken = append(taken, f.Name)
		}
	}
	if len(taken) > 0 {
		return nil, fmt.Errorf("write to %s: it holds %s already: move them away, or name another directory",
			dir, strings.Join(taken, ", "))
	}
	var written []string
	for _, f := range missing {
		if err := create(f.path(dir), f.Data); err != nil {
			return written, fmt.Errorf("write %s: %w", f.Name, err)
		}
		written = append(written, f.Name)
	}
	return written, nil
}

func (f File) path(dir string) string { return filepath.Join(dir, filepath.FromSlash(f.Name)) }

// create writes a file that must not exist, also if another process made it in
// the meantime.
func create(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}
