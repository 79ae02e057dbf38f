// Package filterpattern matches log events by JSON filter patterns of CloudWatch
// Logs.
//
// The grammar is that of "Filter pattern syntax for metric filters":
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
// What that page does not define is refused, as are its other kinds of patterns and
// regular expressions, which nothing here uses.
package filterpattern

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Pattern is a parsed JSON filter pattern.
type Pattern struct{ root expression }

// Matches reports whether a log event matches. One that is no JSON object doesn't.
func (p *Pattern) Matches(event map[string]any) bool { return event != nil && p.root.matches(event) }

// Event reads a log event as patterns see it; nil: it is no JSON object.
func Event(message string) map[string]any {
	decoder := json.NewDecoder(strings.NewReader(message))
	decoder.UseNumber()
	var event map[string]any
	if decoder.Decode(&event) != nil || decoder.More() {
		return nil
	}
	return event
}

// expression is a comparison, or several that are joined.
type expression interface {
	matches(event map[string]any) bool
}

type (
	both   []expression
	either []expression
)

func (a both) matches(event map[string]any) bool {
	for _, e := range a {
		if !e.matches(event) {
			return false
		}
	}
	return true
}

func (a either) matches(event map[string]any) bool {
	for _, e := range a {
		if e.matches(event) {
			return true
		}
	}
	return false
}

// state is a comparison with IS or NOT EXISTS.
type state struct {
	selector Selector
	want     string // NULL, TRUE, FALSE, NOT EXISTS
}

func (s state) matches(event map[string]any) bool {
	value, exists := s.selector.In(event)
	switch s.want {
	case "NOT EXISTS":
		return !exists
	case "NULL":
		return exists && value == nil
	default:
		return value == (s.want == "TRUE")
	}
}

// number is a comparison with a number.
type number struct {
	selector Selector
	operator string
	than     float64
}

// matches is false where the selector leads to no number: "The SELECTOR must point to
// a value node".
func (n number) matches(event map[string]any) bool {
	value, ok := n.selector.Number(event)
	if !ok {
		return false
	}
	switch n.operator {
	case "=":
		return value == n.than
	case "!=":
		return value != n.than
	case "<":
		return value < n.than
	case "<=":
		return value <= n.than
	case ">":
		return value > n.than
	default:
		return value >= n.than
	}
}

// text is a comparison with a string, in which an asterisk at the beginning or the
// end stands for any text.
type text struct {
	selector Selector
	not      bool
	pattern  string
}

func (t text) matches(event map[string]any) bool {
	value, exists := t.selector.In(event)
	var have string
	switch value := value.(type) {
	case string:
		have = value
	case json.Number: // the page's own example is { $.latency = * }
		have = value.String()
	default:
		return false
	}
	return exists && like(have, t.pattern) != t.not
}

func like(have, pattern string) bool {
	rest, anyBefore := strings.CutPrefix(pattern, "*")
	rest, anyBehind := strings.CutSuffix(rest, "*")
	switch {
	case pattern == "*":
		return true
	case anyBefore && anyBehind:
		return strings.Contains(have, rest)
	case anyBefore:
		return strings.HasSuffix(have, rest)
	case anyBehind:
		return strings.HasPrefix(have, rest)
	default:
		return have == pattern
	}
}

// Selector names a property of a log event: $.users[0].id.
type Selector []step

// step is a property's name or, where that is empty, an element's number.
type step struct {
	name    string
	element int
}

// In is what a selector leads to in an event.
func (s Selector) In(event map[string]any) (value any, exists bool) {
	value = event
	for _, step := range s {
		switch within := value.(type) {
		case map[string]any:
			if value, exists = within[step.name]; step.name == "" || !exists {
				return nil, false
			}
		case []any:
			if step.name != "" || step.element >= len(within) {
				return nil, false
			}
			value, exists = within[step.element], true
		default:
			return nil, false
		}
	}
	return value, exists
}

// Number is the number that a selector leads to in an event.
func (s Selector) Number(event map[string]any) (float64, bool) {
	value, _ := s.In(event)
	written, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(written.String(), 64)
	return n, err == nil
}
