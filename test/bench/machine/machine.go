// Package machine says what a measurement was made on and with, for what is
// recorded in test/results.
package machine

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Commit is the commit that is checked out, and whether something besides is not
// committed in the paths, relative to the repository; without any: anywhere.
func Commit(t testing.TB, paths ...string) (commit string, dirty []string) {
	t.Helper()
	root := git(t, "rev-parse", "--show-toplevel")
	arguments := append([]string{"-C", root, "status", "--porcelain=1", "--untracked-files=no", "--"}, paths...)
	return git(t, "rev-parse", "--short=12", "HEAD"), strings.Fields(git(t, arguments...))
}

func git(t testing.TB, arguments ...string) string {
	t.Helper()
	output, err := exec.Command("git", arguments...).Output()
	if err != nil {
		t.Fatalf("git %s: %v", strings.Join(arguments, " "), err)
	}
	return strings.TrimSpace(string(output))
}

// Processor is the processor's model.
func Processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(data)) {
		if name, found := strings.CutPrefix(line, "model name"); found {
			return strings.TrimSpace(strings.TrimLeft(name, " \t:"))
		}
	}
	return "unknown processor"
}

// Load is the load average of the last 1, 5 and 15 minutes.
func Load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}
