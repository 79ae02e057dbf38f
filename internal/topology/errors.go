package topology

import (
	"fmt"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// RowRef names a row in messages.
type RowRef struct {
	Source   string
	Position mapping.Position
	Index    int
	// URL is the row's host and base path.
	URL string
}

func refer(source string, row *mapping.Row) RowRef {
	return RowRef{Source: source, Position: row.Pos, Index: row.Index, URL: string(row.Host) + string(row.BasePath)}
}

// String is the row's place in the way compilers write it, and its URL.
func (r RowRef) String() string {
	return fmt.Sprintf("%s:%d:%d: APIS[%d] (%s)", r.Source, r.Position.Line, r.Position.Column, r.Index, r.URL)
}

// LimitError says that a mapping needs more of something than AWS allows.
type LimitError struct {
	// Limit is what there is too little of.
	Limit     string
	Need, Max int
	// Fitting is how many rows fit when they are taken from the top of the file.
	Fitting int
	// Rows are those that don't.
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
