package image

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// read reads a file of proc(5) about the container's first process.
func (c *container) read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", c.inspect(t, "{{.State.Pid}}"), name))
	require.NoError(t, err)
	return string(data)
}

var statusLine = regexp.MustCompile(`(?m)^(\w+):\s+(.*)$`)

// status is /proc/PID/status of the container's first process.
func (c *container) status(t testing.TB) map[string]string {
	t.Helper()
	fields := make(map[string]string)
	for _, match := range statusLine.FindAllStringSubmatch(c.read(t, "status"), -1) {
		fields[match[1]] = match[2]
	}
	return fields
}
