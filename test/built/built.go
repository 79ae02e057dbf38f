// Package built has the portico command for the tests that run it.
package built

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// dir is where the command is; empty: no test has asked for it.
var dir string

// build returns the path, or what the build has printed and why it failed. Without
// its symbol table, the command is linked in a quarter of the time.
var build = sync.OnceValues(func() (string, error) {
	var err error
	if dir, err = os.MkdirTemp("", "portico-built-"); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "portico")
	cmd := exec.Command("go", "build", "-ldflags=-s", "-o", path, "./cmd/portico")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return string(out), err
	}
	return path, nil
})

// Portico is the path of the command, which is built once for all tests of a package
// two directories below the module's root. The package's TestMain is Main.
func Portico(t *testing.T) string {
	t.Helper()
	path, err := build()
	require.NoError(t, err, path)
	return path
}

// Main runs a package's tests, and removes the command. The testing package exits
// with the code of m.Run when TestMain returns.
func Main(m *testing.M) {
	m.Run()
	if dir != "" {
		if err := os.RemoveAll(dir); err != nil {
			panic(err)
		}
	}
}
