package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Namespace is what Portico's configuration keys begin with, in every project.
const Namespace = "portico"

// Position is a place in a settings file.
type Position struct {
	// File is the file's path.
	File string
	// Line and Column count from 1. They are 0 where the place is not known.
	Line, Column int
}

// String is "file:line:column", without what is not known.
func (p Position) String() string {
	text := p.File
	for _, n := range []int{p.Line, p.Column} {
		if n == 0 {
			break
		}
		text += ":" + strconv.Itoa(n)
	}
	return text
}

// Error is one mistake in a stack's settings.
type Error struct {
	// Position is where the mistake is. A key that is missing has the place of
	// the map in which it is missing, or the file alone.
	Position
	// Key is the path of the setting: "portico:network.cidr",
	// "portico:apis[2]". It is empty where the file as a whole is wrong.
	Key string
	// Problem says what is wrong, Fix what to write instead.
	Problem, Fix string
	// Missing reports that the setting has no value and needs one.
	Missing bool
}

// Error gives the place, the key, the problem and what to write instead.
func (e *Error) Error() string {
	parts := []string{e.Position.String(), e.Key, e.Problem, e.Fix}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
}

// Errors are all mistakes in stacks' settings, by file, line and column, then by key.
type Errors []*Error

// Error has one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, mistake := range e {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each mistake.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, mistake := range e {
		all[i] = mistake
	}
	return all
}

// mistakes collects what is wrong with a stack's settings.
type mistakes struct {
	// file is the stack's settings file, the place of what is nowhere else.
	file string
	all  Errors
	// places are the positions of the keys that have a value.
	places map[string]Position
	// unread are keys whose values can't be read: what else is said of them or
	// below them would repeat it, or be about a value that isn't known.
	unread []string
	// incomplete reports that values may come from where the reader doesn't
	// see them, so that none can be called missing.
	incomplete bool
	// mappingInCode reports that no mapping file is needed.
	mappingInCode bool
	// given are the keys that have a value.
	given map[string]bool
}

func newMistakes(file string) *mistakes {
	return &mistakes{file: file, places: map[string]Position{}, given: map[string]bool{}}
}

// wrongKind adds a mistake about a value that can't be read.
func (m *mistakes) wrongKind(key, problem, fix string) {
	m.add(key, problem, fix)
	m.unread = append(m.unread, key)
}

// add adds a mistake about a value.
func (m *mistakes) add(key, problem, fix string) {
	m.report(key, &Error{Problem: problem, Fix: fix})
}

// missing adds a mistake about a value that isn't there.
func (m *mistakes) missing(key, fix string) {
	if !m.incomplete {
		m.report(key, &Error{Problem: "not set", Fix: fix, Missing: true})
	}
}

// refix says what to write instead of a key's value, where more is known than when the
// mistake was reported.
func (m *mistakes) refix(key, fix string) {
	for _, e := range m.all {
		if e.Key == Namespace+":"+key {
			e.Fix = fix
		}
	}
}

func (m *mistakes) report(key string, e *Error) {
	for _, unread := range m.unread {
		if key == unread || strings.HasPrefix(key, unread+".") || strings.HasPrefix(key, unread+"[") {
			return
		}
	}
	e.Position, e.Key = m.placeOf(key), Namespace+":"+key
	m.all = append(m.all, e)
}

// placeOf is the position of a key, or of the nearest map or list around it.
func (m *mistakes) placeOf(key string) Position {
	for {
		if at, ok := m.places[key]; ok {
			return at
		}
		end := strings.LastIndexAny(key, ".[")
		if end < 0 {
			return Position{File: m.file}
		}
		key = key[:end]
	}
}

// check adds a mistake unless ok.
func (m *mistakes) check(ok bool, key, problem, fix string) {
	if !ok {
		m.add(key, problem, fix)
	}
}

// checkText adds a mistake about a text that is required and has a grammar.
func (m *mistakes) checkText(ok bool, key, value, problem, fix string) {
	switch {
	case ok:
	case value == "":
		m.missing(key, fix)
	default:
		m.add(key, fmt.Sprintf("%q %s", value, problem), fix)
	}
}

// err is all mistakes, sorted, or nil.
func (m *mistakes) err() error {
	if len(m.all) == 0 {
		return nil
	}
	slices.SortStableFunc(m.all, (*Error).compare)
	return m.all
}

// compareKeys compares paths of settings: numbers by value, all else by
// character.
func compareKeys(a, b string) int {
	for a != "" && b != "" {
		numberA, numberB := digits(a), digits(b)
		if numberA != "" && numberB != "" {
			if c := cmp.Or(cmp.Compare(len(numberA), len(numberB)), cmp.Compare(numberA, numberB)); c != 0 {
				return c
			}
			a, b = a[len(numberA):], b[len(numberB):]
			continue
		}
		if a[0] != b[0] {
			break
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(a, b)
}

// digits are the digits that a text begins with.
func digits(text string) string {
	return text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
}
