package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Condition is a check of the object that holds a property.
type Condition struct {
	in    func(within Object) answer
	words func(within Object) string // "with HTTPS", of an object in which it holds
}

// holds reports whether the condition is known to hold; a condition that was not
// given does not.
func (c Condition) holds(within Object) bool { return c.in != nil && c.in(within) == holds }

// answer is a condition's: a preview doesn't know every value.
type answer int

const (
	unanswered answer = iota
	holds
	holdsNot
)

func answered(yes bool) answer {
	if yes {
		return holds
	}
	return holdsNot
}

// Always holds.
var Always = Condition{func(Object) answer { return holds }, func(Object) string { return "" }}

// Is holds when a property has one of some values.
func Is(name string, values ...any) Condition {
	return Condition{
		in: func(within Object) answer {
			if !within.Known(name) {
				return unanswered
			}
			return answered(slices.ContainsFunc(values, func(v any) bool { return reflect.DeepEqual(CloneValue(v), within[name]) }))
		},
		words: func(within Object) string { return fmt.Sprintf("with %s %v", name, within[name]) },
	}
}

// Begins holds when a text begins with another.
func Begins(name, prefix string) Condition {
	return Condition{
		in: func(within Object) answer {
			if !within.Known(name) {
				return unanswered
			}
			return answered(strings.HasPrefix(within.Text(name), prefix))
		},
		words: func(Object) string { return fmt.Sprintf("with %s %s...", name, prefix) },
	}
}

// Given holds when a property says something.
func Given(name string) Condition {
	return Condition{
		in: func(within Object) answer {
			if !within.Known(name) {
				return unanswered
			}
			return answered(isSet(within[name]))
		},
		words: func(Object) string { return "with " + name },
	}
}

// In asks another condition about an object that the one which holds the property
// has.
func In(object string, c Condition) Condition {
	return Condition{
		in: func(within Object) answer { return c.in(within.Object(object)) },
		words: func(within Object) string {
			return strings.Replace(c.words(within.Object(object)), "with ", "with "+object+".", 1)
		},
	}
}

// Not holds when another condition does not.
func Not(c Condition) Condition {
	return Condition{
		in: func(within Object) answer {
			switch c.in(within) {
			case holds:
				return holdsNot
			case holdsNot:
				return holds
			case unanswered:
			}
			return unanswered
		},
		words: func(within Object) string { return strings.Replace(c.words(within), "with ", "without ", 1) },
	}
}

// Both holds when two conditions do.
func Both(a, b Condition) Condition {
	return Condition{
		in: func(within Object) answer {
			switch x, y := a.in(within), b.in(within); {
			case x == holdsNot || y == holdsNot:
				return holdsNot
			case x == holds && y == holds:
				return holds
			}
			return unanswered
		},
		words: func(within Object) string {
			return a.words(within) + " and " + strings.TrimPrefix(b.words(within), "with ")
		},
	}
}
