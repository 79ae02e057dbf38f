// Package built has the portico command for the tests that run it.
package built

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// build returns the path, or what the build has printed and why it failed. The command
// stays where it is, for the other packages' tests and the next run: the go command
// links it again only where something has changed. Without its symbol table, that takes
// a quarter of the time.
var build = sync.OnceValues(func() (path string, err error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".portico", "built")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	path = filepath.Join(dir, "portico")
	cmd := exec.Command("go", "build", "-ldflags=-s", "-o", path, "./cmd/portico")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return string(out), err
	}
	return path, nil
})

// lock keeps the tests of other packages from building at the same time.
func lock(name string) (unlock func() error, err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

// Portico is the path of the command, which is built once for all tests of packages two
// directories below the module's root.
func Portico(t *testing.T) string {
	t.Helper()
	path, err := build()
	require.NoError(t, err, path)
	return path
}
