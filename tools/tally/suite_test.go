package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// reported is what go test -json prints of three packages: one that is right, one whose
// subtest fails, and one without tests.
const reported = `{"Action":"start","Package":"github.com/portico-iac/portico/a"}
{"Action":"output","Package":"github.com/portico-iac/portico/a","Test":"TestLong","Output":"a_test.go:1: of no interest\n"}
{"Action":"pass","Package":"github.com/portico-iac/portico/a","Test":"TestLong","Elapsed":12.5}
{"Action":"output","Package":"github.com/portico-iac/portico/a","Test":"TestSlow","Output":"=== RUN   TestSlow\n"}
{"Action":"output","Package":"github.com/portico-iac/portico/a","Test":"TestSlow","Output":"    a_test.go:33: no Docker engine: start it\n"}
{"Action":"output","Package":"github.com/portico-iac/portico/a","Test":"TestSlow","Output":"--- SKIP: TestSlow (0.00s)\n"}
{"Action":"skip","Package":"github.com/portico-iac/portico/a","Test":"TestSlow","Elapsed":0}
{"Action":"pass","Package":"github.com/portico-iac/portico/a","Elapsed":13}
{"Action":"output","Package":"github.com/portico-iac/portico/b","Test":"TestB/sub","Output":"    b_test.go:7: not equal\n"}
{"Action":"fail","Package":"github.com/portico-iac/portico/b","Test":"TestB/sub","Elapsed":0.1}
{"Action":"fail","Package":"github.com/portico-iac/portico/b","Test":"TestB","Elapsed":0.1}
{"Action":"output","Package":"github.com/portico-iac/portico/b","Test":"TestUnended","Output":"panic: runtime error\n"}
{"Action":"fail","Package":"github.com/portico-iac/portico/b","Elapsed":0.2}
{"Action":"output","Package":"github.com/portico-iac/portico/c","Output":"?   \tc\t[no test files]\n"}
{"Action":"skip","Package":"github.com/portico-iac/portico/c","Elapsed":0}
{"ImportPath":"github.com/portico-iac/portico/d [d.test]","Action":"build-output","Output":"d.go:1: undefined: x\n"}
{"Action":"fail","Package":"github.com/portico-iac/portico/d","Elapsed":0,"FailedBuild":"d"}
`

func TestATallyNamesWhatFailedWasSkippedAndTookLong(t *testing.T) {
	var out strings.Builder
	s := newSuite(&out)
	s.expected = 4
	if err := s.read(strings.NewReader(reported), ""); err != nil {
		t.Fatal(err)
	}
	s.print()
	for _, want := range []string{
		"[1/4, 0 min 00 s] ok      13.0 s  a\n", "12.5 s  a TestLong\n", "[2/4, 0 min 00 s] FAIL     0.2 s  b\n", "[3/4, 0 min 00 s] none     0.0 s  c\n",
		"    b_test.go:7: not equal\n", "panic: runtime error\n", "d.go:1: undefined: x\n",
		"4 packages, 2 of them failed and 1 without tests; 1 tests passed, 2 failed, 1 skipped; ",
		"skipped: no Docker engine: start it: a TestSlow\n", "FAILED: b TestB/sub\n", "FAILED: b TestB\n", "FAILED: b\n", "FAILED: d\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "of no interest") {
		t.Error("what a test has logged that passed is printed")
	}
}

func TestARecordIsAppendedToOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "times.md")
	if err := os.WriteFile(file, []byte("# Before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSuite(&strings.Builder{})
	if err := s.read(strings.NewReader(reported), " -race"); err != nil {
		t.Fatal(err)
	}
	s.processor = 90 * time.Second
	if err := s.record(file, "\n## made\n"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Before\n\n## made\n- 4 packages", "processor time 1 min 30 s\n- **failed**: b -race\n", "| a -race | 13.0 | 1 | 1 |\n",
		"| 1 others, each less than a second | 0.0 | 0 | 0 |\n", "| a -race TestLong | 12.5 |\n", "\n- no Docker engine: start it: a -race TestSlow\n",
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%q is missing in\n%s", want, data)
		}
	}
}

func TestCommandsAreGoTests(t *testing.T) {
	words := func(text string) []string { return strings.Fields(text) }
	commands, err := parse(words("A=1 go test -p 2 ./a ./... -- go test -C tools/release -count 1 ./..."))
	if err != nil || len(commands) != 2 {
		t.Fatal(commands, err)
	}
	if commands[0].String() != "A=1 go test -p 2 ./a ./..." || commands[1].String() != "go test -C tools/release -count 1 ./..." {
		t.Error(commands)
	}
	dir, packages := commands[1].where()
	if !slices.Equal(dir, words("-C tools/release")) || !slices.Equal(packages, words("./...")) {
		t.Error(dir, packages)
	}
	for _, wrong := range []string{"", "A=1", "go vet ./...", "go test ./... --"} {
		if _, err := parse(words(wrong)); (err == nil) != (wrong == "go test ./... --") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// TestARunThatNoTestFailedInIsAnError has the go command refuse a flag.
func TestARunThatNoTestFailedInIsAnError(t *testing.T) {
	_, err := run("x", "", []string{"go", "test", "-C", "tally", "-p", "none", "./..."}, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "no test of it did") {
		t.Error(err)
	}
}
