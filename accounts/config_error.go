package accounts

import (
	"fmt"
	"slices"
	"strings"
)

// ConfigError is one mistake in a stack's configuration.
type ConfigError struct {
	// File is the stack's settings file, Pulumi.<stack>.yaml.
	File string
	// Key is the place: "portico:network.cidr", "portico:apis[2]".
	Key string
	// Problem says what is wrong, Fix what to write instead.
	Problem, Fix string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s: %s: %s: %s", e.File, e.Key, e.Problem, e.Fix)
}

// ConfigErrors are all mistakes in a stack's configuration, by key.
type ConfigErrors []*ConfigError

func (e ConfigErrors) Error() string {
	lines := make([]string, len(e))
	for i, mistake := range e {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each mistake.
func (e ConfigErrors) Unwrap() []error {
	all := make([]error, len(e))
	for i, mistake := range e {
		all[i] = mistake
	}
	return all
}

// mistakes collects what is wrong with a stack's configuration.
type mistakes struct {
	file string
	all  ConfigErrors
	// unread are keys whose values are of the wrong kind: whatever else is said
	// of them or below them would only repeat it.
	unread []string
}

// wrongKind adds a mistake about a value that can't be read.
func (m *mistakes) wrongKind(key, problem, fix string) {
	m.add(key, problem, fix)
	m.unread = append(m.unread, key)
}

func (m *mistakes) add(key, problem, fix string) {
	for _, unread := range m.unread {
		if key == unread || strings.HasPrefix(key, unread+".") || strings.HasPrefix(key, unread+"[") {
			return
		}
	}
	m.all = append(m.all, &ConfigError{File: m.file, Key: namespace + key, Problem: problem, Fix: fix})
}

// check adds a mistake unless ok.
func (m *mistakes) check(ok bool, key, problem, fix string) {
	if !ok {
		m.add(key, problem, fix)
	}
}

// err is all mistakes, sorted, or nil.
func (m *mistakes) err() error {
	if len(m.all) == 0 {
		return nil
	}
	slices.SortStableFunc(m.all, func(a, b *ConfigError) int { return strings.Compare(a.Key, b.Key) })
	return m.all
}
