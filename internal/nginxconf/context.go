package nginxconf

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file of a Context.
type File struct {
	Name string
	Mode fs.FileMode
	Data []byte
}

// Context is the build context of the proxy's image, which is also a directory
// that runs as it is: sh DIR/entrypoint.sh.
type Context struct {
	// BaseImage is the reference of the image that the Dockerfile builds on.
	BaseImage string
	// Files are sorted by name.
	Files []File
}

// DockerfileName is the name of the file that says how the image is built. The image
// has all files but this one.
const DockerfileName = "Dockerfile"

// Digest is the SHA-256, in hexadecimal, over the files' names, modes and
// bytes, each with its length: equal digests mean equal images.
func (c *Context) Digest() string {
	h := sha256.New()
	write := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	for _, f := range c.Files {
		write([]byte(f.Name))
		write(binary.BigEndian.AppendUint32(nil, uint32(f.Mode)))
		write(f.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// WriteTo writes the files into dir, which it makes if need be. Modes are the
// files' own whatever the umask, because an image copies them: with a umask
// that takes the world's rights away, user 101 couldn't read its configuration.
func (c *Context) WriteTo(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write build context: %w", err)
	}
	for _, f := range c.Files {
		name := filepath.Join(dir, f.Name)
		if err := os.WriteFile(name, f.Data, f.Mode); err != nil {
			return fmt.Errorf("write build context: %w", err)
		}
		if err := os.Chmod(name, f.Mode); err != nil {
			return fmt.Errorf("write build context: %w", err)
		}
	}
	return nil
}
