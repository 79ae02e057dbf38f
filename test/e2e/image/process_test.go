package image

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

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

// ticksPerSecond is USER_HZ, the unit of times in /proc on every architecture
// that Go knows.
const ticksPerSecond = 100

// processorTime is what the container's first process has used, and what it
// started and waited for: the entrypoint and the tools that it calls.
func (c *container) processorTime(t testing.TB) time.Duration {
	t.Helper()
	_, afterName, found := strings.Cut(c.read(t, "stat"), ") ")
	require.True(t, found)
	// Fields 14 to 17 of proc(5); the name was the second.
	var ticks int64
	for _, field := range strings.Fields(afterName)[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		require.NoError(t, err)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond
}
