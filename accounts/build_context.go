package accounts

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/portico-iac/portico/internal/nginxconf"
)

// tagDigits is how much of the context's digest a tag shows: 64 bits, so that
// two contexts of one installation never meet.
const tagDigits = 16

// imageTag names the image of a context for an architecture.
func imageTag(context *nginxconf.Context, architecture string) string {
	return context.Digest()[:tagDigits] + "-" + strings.ToLower(architecture)
}

// writeContext makes dir hold the context and nothing else. A directory that
// does already is left alone, so that a preview beside an update disturbs
// nothing.
func writeContext(context *nginxconf.Context, dir string) error {
	if holds(dir, context) {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear %s: %w", dir, err)
	}
	return context.WriteTo(dir)
}

// holds tells whether dir has exactly the context's files. What can't be read
// is written anew.
func holds(dir string, context *nginxconf.Context) bool {
	files := 0
	err := filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files != len(context.Files) {
		return false
	}
	for _, file := range context.Files {
		path := filepath.Join(dir, file.Name)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != file.Mode.Perm() {
			return false
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(data, file.Data) {
			return false
		}
	}
	return true
}
