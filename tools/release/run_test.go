package release

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// slowly skips a test that builds, unless it was asked for.
func slowly(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("PORTICO_SLOW") == "" {
		t.Skip(why + ": set PORTICO_SLOW=1, or run make test-slow")
	}
}

// run runs a command in a directory and returns what it printed to standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = append(out, exit.Stderr...)
		}
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
