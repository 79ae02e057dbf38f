package automation

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Event is something that happened to a stack.
type Event struct {
	// Stack is the stack's name.
	Stack string
	// Kind says which of the other fields have a value.
	Kind EventKind
	// Elapsed is the time since the stack's run began.
	Elapsed time.Duration
	// Text is the operation for Started, a message for Note, Problem, Settling
	// and Skipped, and the outcome for Finished and Failed.
	Text string
	// Done is how many resources the engine has dealt with so far, for Working.
	Done int
	// Waiting are the resources that are under way, the one that began first before
	// the others, for Working.
	Waiting []Awaited
}

// Awaited is a resource that is under way.
type Awaited struct {
	// Type is the resource's type, as Pulumi writes it: "aws:ecs/service:Service".
	Type string
	// Name is the name that the program gave the resource.
	Name string
	// For is how long ago the engine began with it.
	For time.Duration
}

// EventKind is what kind of thing happened.
type EventKind int

// The kinds of events.
const (
	// Started says that the stack's run has begun.
	Started EventKind = iota
	// Working comes every second while the engine is at work.
	Working
	// Note is a message of the engine or the program that is no error.
	Note
	// Problem is an error that the engine reports; the run goes on as far as it
	// can.
	Problem
	// Settling comes every second while Up waits between two phases.
	Settling
	// Skipped says that the stack is not run.
	Skipped
	// Finished says that the run has ended as asked.
	Finished
	// Failed says that the run has ended otherwise.
	Failed
)

// lasts reports whether the event is of something that goes on.
func (e Event) lasts() bool { return e.Kind == Working || e.Kind == Settling }

// linesEvery is how often Lines reports that a stack is being worked on: a log
// keeps every line.
const linesEvery = 5 * time.Second

// Lines writes events as lines of plain text, for logs. What it can't write is
// lost: progress is no reason to stop a run.
func Lines(w io.Writer) func(Event) {
	reported := map[string]time.Duration{}
	return func(e Event) {
		switch {
		case e.Kind == Started:
			reported[e.Stack] = 0
		case e.lasts() && e.Elapsed < reported[e.Stack]+linesEvery:
			return
		case e.lasts():
			reported[e.Stack] = e.Elapsed.Truncate(linesEvery)
		}
		fmt.Fprintln(w, line(e))
	}
}

func line(e Event) string {
	switch e.Kind {
	case Started:
		return fmt.Sprintf("%s: %s ...", e.Stack, e.Text)
	case Working:
		return fmt.Sprintf("%s: %d done after %.0f s%s", e.Stack, e.Done, e.Elapsed.Seconds(), underWay(e.Waiting))
	case Settling:
		return fmt.Sprintf("%s: %s for %.0f s", e.Stack, e.Text, e.Elapsed.Seconds())
	case Finished, Failed:
		return fmt.Sprintf("%s: %s (%.1f s)", e.Stack, e.Text, e.Elapsed.Seconds())
	case Note, Problem, Skipped:
	}
	return e.Stack + ": " + e.Text
}

// Live writes events to a terminal: what happens goes by, and below it is a
// line for each stack that is being worked on, cut off at so many columns.
func Live(w io.Writer, columns int) func(Event) {
	l := &live{out: w, columns: columns}
	return l.send
}

// live is a terminal's last lines.
type live struct {
	out     io.Writer
	columns int
	running []Event // the last of each stack that is being worked on
}

func (l *live) send(e Event) {
	var b strings.Builder
	for range l.running {
		b.WriteString("\x1b[1A\x1b[2K") // a line up, and clear it
	}
	l.running = slices.DeleteFunc(l.running, func(other Event) bool {
		return other.Stack == e.Stack && (other.Kind == Settling || e.lasts() || e.Kind == Finished || e.Kind == Failed)
	})
	if e.lasts() {
		l.running = append(l.running, e)
		slices.SortFunc(l.running, func(a, b Event) int { return strings.Compare(a.Stack, b.Stack) })
	} else {
		b.WriteString(line(e) + "\n")
	}
	for _, e := range l.running {
		b.WriteString(cut(line(e), l.columns) + "\n")
	}
	// What can't be written is lost, as with Lines.
	fmt.Fprint(l.out, b.String())
}

// cut keeps a line from being wrapped, for a wrapped line is two to clear.
func cut(text string, columns int) string {
	runes := []rune(text)
	if columns <= 0 || len(runes) < columns {
		return text
	}
	return string(runes[:columns-1])
}

func underWay(awaited []Awaited) string {
	const shown = 3
	if len(awaited) == 0 {
		return ""
	}
	var named []string
	for _, a := range awaited[:min(len(awaited), shown)] {
		// One name is that of resources of several types.
		kind := a.Type[strings.LastIndex(a.Type, ":")+1:]
		named = append(named, fmt.Sprintf("%s %s for %.0f s", kind, a.Name, a.For.Seconds()))
	}
	text := ", under way: " + strings.Join(named, ", ")
	if len(awaited) > shown {
		text += fmt.Sprintf(" and %d more", len(awaited)-shown)
	}
	return text
}
