package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is one mistake of a mapping file.
type Error struct {
	// File is the file's name as it was given to Load or Parse.
	File string `json:"file"`
	// Line and Column count from 1; columns count characters, not bytes.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Path leads to the value from the file's top, "APIS[3].VERBS"; rows count
	// from 0. It is empty where the mistake is the file's as a whole.
	Path string `json:"path"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Fix says what to write instead.
	Fix string `json:"fix"`
}

// Error is "file:line:column: path: message: fix", on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", e.File, e.Line, e.Column)
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	b.WriteString(": ")
	b.WriteString(e.Fix)
	return b.String()
}

// Errors are all mistakes of a mapping file, sorted by line and column.
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
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(e, func(a, b *Error) bool { return *a == *b })
}

// mistake is what is wrong with a value and what to write instead, before it
// is known where in the file the value stands.
type mistake struct{ message, fix string }

func (m *mistake) err() error { return errors.New(m.message + ": " + m.fix) }

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
