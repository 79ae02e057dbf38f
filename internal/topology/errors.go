package topology

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// RowRef names a row in messages.
type RowRef struct {
	Source   string
	Position mapping.Position
	// Path leads to the row from its file's top: "APIS[3]".
	Path string
	// URL is the row's host and base path.
	URL string
}

func refer(source string, row *mapping.Row) RowRef {
	return RowRef{Source: source, Position: row.Pos, Path: row.Path(), URL: row.URL()}
}

// String is the row's place as compilers write it, and its URL.
func (r RowRef) String() string { return r.place() + " (" + r.URL + ")" }

// place is "file:line:column: APIS[index]".
func (r RowRef) place() string {
	at := r.Position
	at.File = cmp.Or(at.File, r.Source)
	if at.Line == 0 {
		return strings.TrimPrefix(at.File+": "+r.Path, ": ")
	}
	return at.String() + ": " + r.Path
}

// LimitError says that a mapping needs more of something than AWS allows.
type LimitError struct {
	// Limit is what there is too little of.
	Limit     string
	Need, Max int
	// Fitting is how many rows fit when they are taken from the top of the file.
	Fitting int
	// Rows are the rows that don't.
	Rows   []RowRef
	Remedy string
}

// maxRowsShown is how many rows a message names before it counts the rest.
const maxRowsShown = 10

// Error says what is exceeded, by how much, by which rows, and what to do.
func (e *LimitError) Error() string {
	return fmt.Sprintf("exceed limit: %s: %d needed, %d allowed: %d rows fit, these don't: %s: %s",
		e.Limit, e.Need, e.Max, e.Fitting, joinRows(e.Rows), e.Remedy)
}

// ConflictError says that rows contradict each other.
type ConflictError struct {
	Problem string
	Rows    []RowRef
	Remedy  string
}

// Error says which rows contradict each other, about what, and what to do.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("reconcile rows: %s: %s: %s", e.Problem, joinRows(e.Rows), e.Remedy)
}

func joinRows(rows []RowRef) string {
	shown := make([]string, 0, maxRowsShown+1)
	for i, row := range rows {
		if i == maxRowsShown {
			shown = append(shown, fmt.Sprintf("and %d more", len(rows)-i))
			break
		}
		shown = append(shown, row.String())
	}
	return strings.Join(shown, ", ")
}

// newLimitError fills in which rows fit: those whose thing (name, zone,
// record) is among the first of the file that fits allows.
func newLimitError[K comparable](source string, rows []*mapping.Row, e LimitError, fits func(int) bool, thing func(*mapping.Row) K) error {
	order := make(map[K]int)
	for _, row := range rows {
		k := thing(row)
		i, seen := order[k]
		if !seen {
			i = len(order)
			order[k] = i
		}
		if !fits(i) {
			e.Rows = append(e.Rows, refer(source, row))
		}
	}
	e.Fitting = len(rows) - len(e.Rows)
	return &e
}

// UncoveredError says that no supplied certificate covers a row's host where none
// is to be issued.
type UncoveredError struct {
	Row  RowRef
	Host mapping.Host
	// Stack is the name of the stack that was given the certificates; empty: the
	// one whose error it is.
	Stack string
}

// NewUncoveredError is that of a row of the file of that name. The stack is empty
// where the error is of the stack that was given the certificates.
func NewUncoveredError(source string, row *mapping.Row, stack string) *UncoveredError {
	return &UncoveredError{Row: refer(source, row), Host: row.Host, Stack: stack}
}

// Error says which row's host has no certificate, and what to do.
func (e *UncoveredError) Error() string {
	return e.Row.place() + ".CUSTOM_DOMAIN_URL: " + e.Problem() + ": " + e.Remedy()
}

// Problem is what is wrong, without its place.
func (e *UncoveredError) Problem() string {
	return "none of the certificates in portico:certificates" + e.ofStack() + " covers " + string(e.Host)
}

// Remedy is what to do.
func (e *UncoveredError) Remedy() string {
	return "add one for " + string(e.Host.Wildcard()) + ", or take portico:certificates.source" + e.ofStack() + " out to have it issued"
}

func (e *UncoveredError) ofStack() string {
	if e.Stack == "" {
		return ""
	}
	return " of stack " + e.Stack
}
