package mapping

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is one mistake of a mapping.
type Error struct {
	// File is the file's name as it was given to Load, Read or Parse.
	File string `json:"file"`
	// Line is the mistake's line, from 1; 0 for a mapping that was made in code.
	Line int `json:"line"`
	// Column is the mistake's column in characters, not bytes, from 1; 0 for a
	// mapping that was made in code.
	Column int `json:"column"`
	// Path leads to the value from the file's top, "APIS[3].VERBS"; rows count
	// from 0. It is empty where the mistake is the file's as a whole.
	Path string `json:"path"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Fix says what to write instead.
	Fix string `json:"fix"`

	// Team is the team whose file of a mapping directory the mistake is in;
	// otherwise empty.
	Team string `json:"team,omitempty"`

	// row is the row's index, which orders mistakes without lines.
	row int
	// refusal is the front door's, where that is what is wrong.
	refusal *Refusal
}

// Error is "file:line:column: path: message: fix", on one line, with "team NAME"
// after the path in a mapping directory. What is not known is left out: a mapping that was made in code has no lines, and a value
// that ParseCustomDomain or ParsePrivateAPI refused has no path either.
func (e *Error) Error() string {
	parts := make([]string, 0, 5)
	team := ""
	if e.Team != "" {
		team = "team " + e.Team
	}
	for _, part := range []string{Position{e.File, e.Line, e.Column}.String(), e.Path, team, e.Message, e.Fix} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the Refusal where a front door can't carry the row.
func (e *Error) Unwrap() error {
	if e.refusal == nil {
		return nil
	}
	return e.refusal
}

// Errors are all mistakes of a mapping, sorted by line and column, then by path.
type Errors []*Error

// Error has one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, mistake := range e {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single mistake.
func (e Errors) Unwrap() []error {
	wrapped := make([]error, len(e))
	for i, mistake := range e {
		wrapped[i] = mistake
	}
	return wrapped
}

// sort puts the mistakes in the order of the file; the same mistake, found
// more than once because an alias leads there twice, stays once.
func (e Errors) sort() Errors {
	compare := func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.row, b.row),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Fix, b.Fix),
		)
	}
	slices.SortStableFunc(e, compare)
	return slices.CompactFunc(e, func(a, b *Error) bool { return compare(a, b) == 0 })
}

// mistake is what is wrong with a value and what to write instead, before it
// is known where in the file the value is.
type mistake struct {
	message, fix string
	// part is the part of the value that is wrong; empty: any.
	part string
	// freeText reports that the value may hold any characters that print.
	freeText bool
}

func (m *mistake) err() error { return &Error{Message: m.message, Fix: m.fix} }

func wrong(message, fix string) *mistake { return &mistake{message: message, fix: fix} }

// quote makes a value of the file fit for a message: on one line, with what
// doesn't print escaped, and cut where it is long.
func quote(value string) string {
	const limit = 80
	if utf8.RuneCountInString(value) <= limit {
		return strconv.Quote(value)
	}
	runes := []rune(value)
	return strconv.Quote(string(runes[:limit])) + "…"
}
