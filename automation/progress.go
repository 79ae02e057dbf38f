package automation

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Event is something that happened to a stack.
type Event struct {
	// Stack is the stack's name.
	Stack string
	Kind  EventKind
	// Elapsed is the time since the stack's run began.
	Elapsed time.Duration
	// Text is the operation for Started, a message for Note, Problem and
	// Skipped, and the outcome for Finished and Failed.
	Text string
	// Done is how many resources the engine has dealt with so far, for Working.
	Done int
	// Waiting are the names of the resources that are under way, the one that
	// began first before the others, for Working.
	Waiting []string
}

// EventKind is what kind of thing happened.
type EventKind int

// The kinds of events.
const (
	// Started says that the stack's run has begun.
	Started EventKind = iota
	// Working comes every five seconds while the engine is at work.
	Working
	// Note is a message of the engine or the program that is no error.
	Note
	// Problem is an error that the engine reports; the run goes on as far as it
	// can.
	Problem
	// Skipped says that the stack is not run.
	Skipped
	// Finished says that the run has ended as asked.
	Finished
	// Failed says that the run has ended otherwise.
	Failed
)

// Lines writes each event as a line of plain text, for logs and terminals
// alike. What it can't write is lost: progress is no reason to stop a run.
func Lines(w io.Writer) func(Event) {
	return func(e Event) {
		switch e.Kind {
		case Started:
			fmt.Fprintf(w, "%s: %s ...\n", e.Stack, e.Text)
		case Working:
			fmt.Fprintf(w, "%s: %d done after %.0f s%s\n",
				e.Stack, e.Done, e.Elapsed.Seconds(), underWay(e.Waiting))
		case Note, Problem, Skipped:
			fmt.Fprintf(w, "%s: %s\n", e.Stack, e.Text)
		case Finished, Failed:
			fmt.Fprintf(w, "%s: %s (%.1f s)\n", e.Stack, e.Text, e.Elapsed.Seconds())
		}
	}
}

func underWay(names []string) string {
	const shown = 3
	switch {
	case len(names) == 0:
		return ""
	case len(names) <= shown:
		return ", under way: " + strings.Join(names, ", ")
	}
	return fmt.Sprintf(", under way: %s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
