package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Document is rules of an object that is no resource, as a JSON text has it: they
// are stated as a type's Properties are.
type Document struct{ rules *Type }

// NewDocument gathers the rules.
func NewDocument(rules Properties) Document {
	t := &Type{Properties: rules, Schema: func() Schema { return Schema{} }}
	t.declare()
	return Document{t}
}

// Problems is what of an object the rules refuse, sorted by property.
func (d Document) Problems(o Object) []Problem { return sorted(d.rules.ruled(o)) }

// declare holds a property's JSON text to the rules.
func (d Document) declare(t *Type, path string) {
	t.values[path] = append(t.values[path], func(v any) string {
		text, _ := v.(string)
		var o Object
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return "is another document: " + err.Error()
		}
		var reasons []string
		for _, p := range d.Problems(o) {
			reasons = append(reasons, p.Property+" "+p.Reason)
		}
		return strings.Join(reasons, "; ")
	})
}

// ruled is what of inputs the rules refuse that depend on no schema.
func (t *Type) ruled(inputs Object) []Problem {
	problems := ruleProblems(t.values, inputs)
	for _, rule := range t.inputRules {
		problems = append(problems, rule.problems(inputs)...)
	}
	return problems
}

func sorted(problems []Problem) []Problem {
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Property, b.Property), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(problems)
}

// IsObject holds a value to be an object, where no schema does.
var IsObject Value = func(v any) string {
	if AsObject(v) == nil {
		return "is not an object"
	}
	return ""
}

// DistinctBy holds the objects of a list to differ in a member.
func DistinctBy(name string) Value {
	return func(v any) string {
		seen := map[string]bool{}
		for _, o := range (Object{"": v}).Objects("") {
			value := fmt.Sprint(o[name])
			if seen[value] {
				return "have the same " + name + " twice"
			}
			seen[value] = true
		}
		return ""
	}
}

// OrEmpty is a rule of texts that an empty text, which providers don't tell from
// absent, is not held to.
func OrEmpty(rule Value) Value {
	return func(v any) string {
		if v == "" {
			return ""
		}
		return rule(v)
	}
}
