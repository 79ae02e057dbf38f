package automation

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// OperationError is the error of an operation in which at least one stack failed.
type OperationError struct {
	// Operation is the operation's verb: "up".
	Operation string
	// Report has the results of all stacks, also of those that succeeded.
	Report *Report
	// Again are the commands that run what failed and what waited for it.
	Again []string
}

// Error names every stack that failed or was held back, why, and what to run
// again.
func (f *OperationError) Error() string {
	var b strings.Builder
	for _, s := range f.Report.Stacks {
		switch {
		case s.Err != nil:
			fmt.Fprintf(&b, "%s %s%s: %v\n", f.Operation, s.Name, inAccount(s.Account), s.Err)
		case s.Skipped != "":
			fmt.Fprintf(&b, "%s %s%s: not run: %s\n", f.Operation, s.Name, inAccount(s.Account), s.Skipped)
		}
	}
	fmt.Fprintf(&b, "when the cause is dealt with, run:\n  %s", strings.Join(f.Again, "\n  "))
	return b.String()
}

// Unwrap makes the stacks' errors visible to errors.Is and errors.As.
func (f *OperationError) Unwrap() []error {
	var errs []error
	for _, s := range f.Report.Stacks {
		if s.Err != nil {
			errs = append(errs, s.Err)
		}
	}
	return errs
}

func inAccount(account string) string {
	if account == "" {
		return ""
	}
	return " (account " + account + ")"
}

// ErrLocked is the cause of a failure where another run holds the stack's lock.
var ErrLocked = errors.New("another run holds the stack's lock")

// stackError says why a stack's run failed in fewer words than the Automation
// API, whose errors carry everything that the CLI printed.
type stackError struct {
	text string
	err  error
}

func (e *stackError) Error() string { return e.text }
func (e *stackError) Unwrap() error { return e.err }

// explain says why the run failed: what the engine reported where it did, and
// else what the CLI printed.
func (w *watch) explain(ctx context.Context, s Stack, err error) error {
	explained := new(stackError)
	switch {
	case errors.As(err, &explained):
		return err
	case isLocked(err):
		return &stackError{lockedBy(err) + ": wait until that run has ended; if it is dead, `pulumi -C " + s.Dir +
			" cancel -s " + s.Name + "` takes its lock away", errors.Join(ErrLocked, err)}
	case ctx.Err() != nil:
		return &stackError{"interrupted: what was done is in the stack's state, and the next run goes on from there",
			errors.Join(ctx.Err(), err)}
	case len(w.problems) > 0:
		problems := w.problems
		if len(problems) > 1 {
			problems = slices.DeleteFunc(slices.Clone(problems), ended.MatchString)
		}
		return &stackError{indented(problems), err}
	}
	return &stackError{printed(err), err}
}

// indented are problems below the first, which follows a stack's name.
func indented(problems []string) string {
	return strings.ReplaceAll(strings.Join(problems, "\n"), "\n", "\n  ")
}

func isLocked(err error) bool { return wraps(err, auto.IsConcurrentUpdateError) }

// wraps looks for an error of the Automation API through every wrapping: its own
// checks see only an error that was not wrapped.
func wraps(err error, is func(error) bool) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if is(err) {
			return true
		}
	}
	return false
}

// lockHolder is how the self-managed backends (file, S3) name who holds a lock:
// "… created by alice@build-7 (pid 4711) at 2026-11-21T21:00:00Z".
var lockHolder = regexp.MustCompile(`created by \S+ \(pid \d+\) at \S+`)

func lockedBy(err error) string {
	if who := lockHolder.FindString(err.Error()); who != "" {
		return "another run holds the stack's lock, " + who
	}
	return "another update of the stack is in progress"
}

// printed picks what the CLI said out of an error of the Automation API, whose
// text is "…\ncode: N\nstdout: …\nstderr: …\n".
func printed(err error) string {
	text := err.Error()
	_, stderr, found := strings.Cut(text, "\nstderr: ")
	if stderr = strings.TrimSpace(stderr); found && stderr != "" {
		return stderr
	}
	return text
}
