package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// circumstances is the head of a record: when, of what, and on which machine.
func circumstances(name string, commands []command) string {
	now := time.Now().UTC()
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s, %s\n\n", name, now.Format("2006-01-02 15:04 UTC"))
	fmt.Fprintf(&b, "- commit: %s\n", commit())
	fmt.Fprintf(&b, "- machine: %s/%s, %d cores, %s; %s; load average before: %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor(), runtime.Version(), load())
	for _, c := range commands {
		fmt.Fprintf(&b, "- command: `%s`\n", c)
	}
	return b.String()
}

func commit() string {
	head, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	status, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
	if err != nil || len(status) > 0 {
		return strings.TrimSpace(string(head)) + ", with changes that are not committed"
	}
	return strings.TrimSpace(string(head))
}

func processor() string {
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

func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}

// record appends the tally to a file.
func (s *suite) record(path, made string) error {
	var b strings.Builder
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(&b, "# What the tests take, %s\n", time.Now().UTC().Format(time.DateOnly))
	}
	fmt.Fprintf(&b, "%s- %s\n", made, s.sum())
	for _, r := range append(s.failures(), s.having("fail", s.tests)...) {
		fmt.Fprintf(&b, "- **failed**: %s\n", r.name)
	}
	b.WriteString("\n| package | seconds | tests passed | skipped |\n|---|---|---|---|\n")
	var rest result
	others := 0
	for _, p := range longestFirst(s.packages) {
		if p.took < time.Second && p.action != "fail" {
			rest.took, rest.passed, rest.skipped = rest.took+p.took, rest.passed+p.passed, rest.skipped+p.skipped
			others++
			continue
		}
		fmt.Fprintf(&b, "| %s | %.1f | %d | %d |\n", p.name, p.took.Seconds(), p.passed, p.skipped)
	}
	fmt.Fprintf(&b, "| %d others, each less than a second | %.1f | %d | %d |\n", others, rest.took.Seconds(), rest.passed, rest.skipped)
	fmt.Fprintf(&b, "\nTests of at least %d s; tests that run beside others have waited for them too:\n\n| test | seconds |\n|---|---|\n", int(long.Seconds()))
	for _, t := range longestFirst(s.tests) {
		if t.whole && t.took >= long {
			fmt.Fprintf(&b, "| %s | %.1f |\n", t.name, t.took.Seconds())
		}
	}
	if skipped := s.skipped(); len(skipped) > 0 {
		fmt.Fprintf(&b, "\nSkipped:\n\n- %s\n", strings.Join(skipped, "\n- "))
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(b.String()); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}
