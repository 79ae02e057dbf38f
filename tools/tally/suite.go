package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// long is from when on a test is named by itself.
const long = 10 * time.Second

// event is a line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

func (e event) took() time.Duration { return time.Duration(e.Elapsed * float64(time.Second)) }

// result is what became of a package or a test.
type result struct {
	name   string
	action string // "pass", "fail" or "skip"
	took   time.Duration
	// passed, failed and skipped count a package's tests, subtests included.
	passed, failed, skipped int
	reason                  string // of a test that was skipped
	whole                   bool   // no subtest
}

// suite is what the commands have reported so far.
type suite struct {
	out       io.Writer
	begun     time.Time
	expected  int
	processor time.Duration
	packages  []result
	// tests are those that took long, failed or were skipped, by "package test".
	tests []result
	// running are packages by name, and lines what tests have printed that have not ended.
	running map[string]*result
	lines   map[string][]string
}

func newSuite(out io.Writer) *suite {
	return &suite{out: out, begun: time.Now(), running: map[string]*result{}, lines: map[string][]string{}}
}

func (s *suite) read(from io.Reader, label string) error {
	reader := bufio.NewReader(from)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(s.out, "%s", line) // the go command's own words
			} else {
				s.note(e, label)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what go test reports: %w", err)
		}
	}
}

func (s *suite) note(e event, label string) {
	if e.Action == "build-output" {
		fmt.Fprint(s.out, e.Output)
	}
	if e.Package == "" {
		return
	}
	name := short(e.Package) + label
	key := name
	if e.Test != "" {
		key += " " + e.Test
	}
	if e.Action == "output" {
		s.lines[key] = append(s.lines[key], e.Output)
		return
	}
	if e.Action != "pass" && e.Action != "fail" && e.Action != "skip" {
		return
	}
	p := s.running[name]
	if p == nil {
		p = &result{name: name}
		s.running[name] = p
	}
	if e.Test == "" {
		s.end(p, e)
		return
	}
	s.noteTest(p, key, e)
}

func (s *suite) noteTest(p *result, key string, e event) {
	t := result{name: key, action: e.Action, took: e.took(), whole: !strings.Contains(e.Test, "/")}
	switch e.Action {
	case "pass":
		p.passed++
	case "skip":
		p.skipped++
		t.reason = reason(s.lines[key])
	case "fail":
		p.failed++
		fmt.Fprintf(s.out, "%s", strings.Join(s.lines[key], ""))
	}
	delete(s.lines, key)
	if t.whole && t.took >= long {
		fmt.Fprintf(s.out, "      %7.1f s  %s\n", t.took.Seconds(), key)
	}
	if e.Action != "pass" || t.whole && t.took >= long {
		s.tests = append(s.tests, t)
	}
}

// end prints how far the suite is. Where a package fails, it prints what its tests said
// that have not come to their end, and what is no test's.
func (s *suite) end(p *result, e event) {
	p.action, p.took = e.Action, e.took()
	if p.action == "skip" && p.passed+p.failed+p.skipped > 0 {
		p.action = "pass" // all of its tests are skipped
	}
	for _, key := range slices.Sorted(maps.Keys(s.lines)) {
		if key == p.name || strings.HasPrefix(key, p.name+" Test") {
			if p.action == "fail" {
				fmt.Fprint(s.out, strings.Join(s.lines[key], ""))
			}
			delete(s.lines, key)
		}
	}
	delete(s.running, p.name)
	s.packages = append(s.packages, *p)
	fmt.Fprintf(s.out, "[%*d/%d, %s] %s %7.1f s  %s\n", len(fmt.Sprint(s.expected)), len(s.packages), s.expected, minutes(time.Since(s.begun)),
		map[string]string{"pass": "ok  ", "fail": "FAIL", "skip": "none"}[p.action], p.took.Seconds(), p.name)
}

// failures are the packages that failed.
func (s *suite) failures() []result { return s.having("fail", s.packages) }

func (s *suite) having(action string, of []result) []result {
	return slices.DeleteFunc(slices.Clone(of), func(r result) bool { return r.action != action })
}

func longestFirst(of []result) []result {
	return slices.SortedStableFunc(slices.Values(of), func(a, b result) int { return cmp.Compare(b.took, a.took) })
}

// sum is one sentence about all.
func (s *suite) sum() string {
	var all result
	for _, p := range s.packages {
		all.passed, all.failed, all.skipped, all.took = all.passed+p.passed, all.failed+p.failed, all.skipped+p.skipped, all.took+p.took
	}
	return fmt.Sprintf("%d packages, %d of them failed and %d without tests; %d tests passed, %d failed, %d skipped; %s, the packages' own time %s, processor time %s",
		len(s.packages), len(s.failures()), len(s.having("skip", s.packages)), all.passed, all.failed, all.skipped,
		minutes(time.Since(s.begun)), minutes(all.took), minutes(s.processor))
}

// print ends the run with its tally.
func (s *suite) print() {
	fmt.Fprintf(s.out, "\n%s\n", s.sum())
	for _, p := range longestFirst(s.packages)[:min(10, len(s.packages))] {
		fmt.Fprintf(s.out, "  %7.1f s  %s\n", p.took.Seconds(), p.name)
	}
	for _, line := range s.skipped() {
		fmt.Fprintf(s.out, "skipped: %s\n", line)
	}
	for _, r := range slices.Concat(s.having("fail", s.tests), s.failures()) {
		fmt.Fprintf(s.out, "FAILED: %s\n", r.name)
	}
}

// skipped has a line for each reason, with the tests that were skipped for it.
func (s *suite) skipped() []string {
	tests := map[string][]string{}
	for _, t := range s.having("skip", s.tests) {
		tests[t.reason] = append(tests[t.reason], t.name)
	}
	var lines []string
	for _, why := range slices.Sorted(maps.Keys(tests)) {
		lines = append(lines, why+": "+strings.Join(tests[why], ", "))
	}
	return lines
}

// short is a package's path in its module.
func short(path string) string {
	const module = "github.com/portico-iac/portico"
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// reason is why a test was skipped: its last line that is its own.
func reason(lines []string) string {
	for _, line := range slices.Backward(lines) {
		text := strings.TrimSpace(line)
		if text != "" && !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "===") {
			_, said, found := strings.Cut(text, ".go:")
			if _, why, numbered := strings.Cut(said, ": "); found && numbered {
				return why
			}
			return text
		}
	}
	return ""
}

func minutes(d time.Duration) string {
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}
