// Command tally runs go test commands one after another, says how far they are, and
// ends with what they took, which failed and which were skipped:
//
//	tally [-name TEXT] [-record FILE] [VARIABLE=VALUE ...] go test [flags] packages [-- go test ...]
//
// It runs in the directory above the one that it is started in: `go run -C tools ./tally`.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const root = ".."

func main() {
	name := flag.String("name", "the tests", "what is run, for the tally")
	record := flag.String("record", "", "append the tally to this `FILE`, relative to the project")
	flag.Parse()
	failed, err := run(*name, *record, flag.Args(), os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(name, record string, args []string, out io.Writer) (failed bool, err error) {
	commands, err := parse(args)
	if err != nil {
		return false, err
	}
	s := newSuite(out)
	for i := range commands {
		listed, err := commands[i].packages()
		if err != nil {
			return false, err
		}
		s.expected += listed
	}
	made := circumstances(name, commands)
	for _, c := range commands {
		used, err := c.run(s)
		s.processor += used
		if err != nil {
			return false, err
		}
	}
	s.print()
	if record != "" {
		if err := s.record(root+"/"+record, made); err != nil {
			return false, err
		}
	}
	return len(s.failures()) > 0, nil
}

// command is one go test, with the variables of its environment.
type command struct{ env, args []string }

func (c command) String() string { return strings.Join(append(slices.Clone(c.env), c.args...), " ") }

// label marks the packages of a command that runs them in another way.
func (c command) label() string {
	if slices.Contains(c.args, "-race") {
		return " -race"
	}
	return ""
}

func parse(args []string) ([]command, error) {
	var commands []command
	for len(args) > 0 {
		words := args
		if i := slices.Index(args, "--"); i >= 0 {
			words, args = args[:i], args[i+1:]
		} else {
			args = nil
		}
		i := slices.IndexFunc(words, func(word string) bool { return !strings.Contains(word, "=") })
		if i < 0 || len(words) < i+2 || words[i] != "go" || words[i+1] != "test" {
			return nil, fmt.Errorf("%q is no go test command: write [VARIABLE=VALUE ...] go test ..., with -- between two", strings.Join(words, " "))
		}
		commands = append(commands, command{words[:i], words[i:]})
	}
	if len(commands) == 0 {
		return nil, errors.New("no command is given: write go test ./...")
	}
	return commands, nil
}

// where is the command's -C with its directory, if it has one, and its patterns of packages.
func (c command) where() (dir, packages []string) {
	rest := c.args[2:]
	if len(rest) > 1 && rest[0] == "-C" {
		dir, rest = rest[:2], rest[2:]
	}
	for _, word := range rest {
		if strings.HasPrefix(word, "./") {
			packages = append(packages, word)
		}
	}
	return dir, packages
}

// packages is the number of packages that the command tests.
func (c command) packages() (int, error) {
	dir, packages := c.where()
	list := exec.Command("go", slices.Concat([]string{"list"}, dir, packages)...)
	list.Dir, list.Stderr = root, os.Stderr
	text, err := list.Output()
	if err != nil {
		return 0, fmt.Errorf("list the packages of %q: %w", c, err)
	}
	return len(strings.Fields(string(text))), nil
}

// run reads what the command reports, and returns the processor time of it and of what it
// has started. That tests fail is no error of it.
func (c command) run(s *suite) (time.Duration, error) {
	dir, _ := c.where()
	arguments := slices.Concat([]string{"test"}, dir, []string{"-json"}, c.args[2+len(dir):])
	cmd := exec.Command("go", arguments...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), c.env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %q: %w", c, err)
	}
	before := len(s.failures())
	readErr := s.read(stdout, c.label())
	waitErr := cmd.Wait()
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if readErr != nil {
		return used, readErr
	}
	if waitErr != nil && len(s.failures()) == before {
		return used, fmt.Errorf("%q failed, and no test of it did: %w", c, waitErr)
	}
	return used, nil
}
