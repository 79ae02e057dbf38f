package engine

import (
	"fmt"
	"reflect"
	"strings"
)

// Properties are the rules of a type by property path: "vpcId", "subnetIds[]"
// for each element of a list, "healthCheck.path" for a member of an object.
type Properties map[string][]Rule

// Rule is one thing that AWS or the provider says of a property.
type Rule interface{ declare(t *Type, path string) }

type rule func(t *Type, path string)

func (r rule) declare(t *Type, path string) { r(t, path) }

// Required refuses inputs without the property; an empty list counts as none.
var Required = RequiredWhen(Always)

// ForceNew replaces the resource when the property changes.
var ForceNew Rule = rule(func(t *Type, path string) { t.forceNew = append(t.forceNew, path) })

// ForceNewWhen replaces the resource when the property changes from some states
// to some inputs only.
func ForceNewWhen(replaces func(state, news Object) bool) Rule {
	return rule(func(t *Type, path string) {
		t.forceNewWhen = append(t.forceNewWhen, conditional{path, replaces})
	})
}

type conditional struct {
	property string
	replaces func(state, news Object) bool
}

// Set is a list whose order means nothing.
var Set Rule = rule(func(t *Type, path string) { t.sets = append(t.sets, path) })

// Kept is a list or a map that AWS keeps when the program no longer states it:
// Optional and Computed in the provider's schema, or without a difference there for
// a block that is missing. Of other kinds the SDK tells that by itself.
var Kept Rule = rule(func(t *Type, path string) { t.kept = append(t.kept, path) })

// JSON is a text that holds a JSON object or array, and is compared by meaning.
var JSON Rule = rule(func(t *Type, path string) { t.documents = append(t.documents, path) })

// ReadBack is how AWS shows a value that it was given: form makes the one that is
// stored out of the one that was sent.
func ReadBack(form func(op *Op, sent any) any) Rule {
	return rule(func(t *Type, path string) { t.readBack = append(t.readBack, readBack{path, form}) })
}

type readBack struct {
	property string
	form     func(op *Op, sent any) any
}

// EqualWhen is how the provider compares a property's stored value with the one
// that the program states, where that is neither by value nor by meaning.
func EqualWhen(equal func(state Object, stored, stated any) bool) Rule {
	return rule(func(t *Type, path string) {
		if t.equalWhen == nil {
			t.equalWhen = map[string]func(Object, any, any) bool{}
		}
		t.equalWhen[path] = equal
	})
}

// ByProvider is an input that the SDK doesn't have: the provider notes in it what
// it found when it checked the others.
var ByProvider Rule = rule(func(t *Type, path string) { t.byProvider = append(t.byProvider, path) })

// Default is what the provider fills in when the program does not.
func Default(value any) Rule {
	return rule(func(t *Type, path string) {
		if t.defaults == nil {
			t.defaults = Object{}
		}
		t.defaults[path] = CloneValue(value)
	})
}

// Autonamed is filled by the provider, when the program does not, from the
// resource's Pulumi name and seven random characters; longest is the greatest
// length that AWS takes.
func Autonamed(longest int) Rule {
	return rule(func(t *Type, path string) { t.autoname, t.autonameMax = path, longest })
}

// Computed is an output that AWS sets, whatever the inputs: a template as of
// [Type.ID], or a value.
func Computed(value any) Rule {
	return rule(func(t *Type, path string) { t.computed = append(t.computed, output{path, value, false, Always}) })
}

// Otherwise is what AWS sets when the program gives no value: a template as of
// [Type.ID], or a value.
func Otherwise(value any) Rule { return OtherwiseWhen(Always, value) }

// OtherwiseWhen is what AWS sets when the program gives no value and a condition
// about the whole resource holds.
func OtherwiseWhen(when Condition, value any) Rule {
	return rule(func(t *Type, path string) { t.computed = append(t.computed, output{path, value, true, when}) })
}

type output struct {
	property  string
	value     any
	otherwise bool
	when      Condition
}

// compute sets the declared outputs. A path may lead into an object. What AWS
// sets at a creation stays in updates.
func (op *Op) compute(creating bool) {
	for _, o := range op.spec.computed {
		if !o.otherwise && !creating || !o.when.holds(op.Outputs) {
			continue
		}
		within, name := op.Outputs, o.property
		for {
			head, rest, deeper := strings.Cut(name, ".")
			if !deeper {
				break
			}
			inner := within.Object(head).Clone()
			if inner == nil {
				inner = Object{}
			}
			within[head] = map[string]any(inner)
			within, name = inner, rest
		}
		if o.otherwise && within[name] != nil {
			continue
		}
		if text, ok := o.value.(string); ok {
			within[name] = op.Fill(text)
		} else {
			within[name] = CloneValue(o.value)
		}
	}
}

// inputRule is a rule about a property that depends on others. It is asked for
// each object that could hold the property, whether it does or not.
type inputRule struct {
	path  string
	holds func(within Object, name string) string // what is wrong, or ""
}

func onInputs(holds func(within Object, name string) string) Rule {
	return rule(func(t *Type, path string) { t.inputRules = append(t.inputRules, inputRule{path, holds}) })
}

// RequiredWhen refuses inputs without the property while a condition holds.
func RequiredWhen(when Condition) Rule {
	return onInputs(func(within Object, name string) string {
		if v := within[name]; v != nil && !reflect.DeepEqual(v, []any{}) || when.in(within) != holds {
			return ""
		}
		return strings.TrimSpace("is required " + when.words(within))
	})
}

// OnlyWhen refuses the property unless a condition holds; what says in words
// what it belongs to: "HTTPS and TLS listeners".
func OnlyWhen(when Condition, what string) Rule {
	return onInputs(func(within Object, name string) string {
		if !isSet(within[name]) || when.in(within) != holdsNot {
			return ""
		}
		return "belongs to " + what
	})
}

// isSet reports whether a value says something: neither absent nor empty nor
// false, which providers don't tell from absent.
func isSet(v any) bool { return v != false && !IsEmpty(v) }

// ConflictsWhen refuses the property while a condition holds.
func ConflictsWhen(when Condition) Rule {
	return onInputs(func(within Object, name string) string {
		if within[name] == nil || !when.holds(within) {
			return ""
		}
		return "takes no value " + when.words(within)
	})
}

// ConflictsWith refuses the property beside each of others.
func ConflictsWith(others ...string) Rule {
	return onInputs(func(within Object, name string) string {
		for _, other := range others {
			if within.Has(name) && within.Has(other) {
				return "conflicts with " + other
			}
		}
		return ""
	})
}

// RequiredOr wants the property or another, and not both, while a condition
// holds; what says in words who wants it.
func RequiredOr(other string, when Condition, what string) Rule {
	return onInputs(func(within Object, name string) string {
		switch has, hasOther := within[name] != nil, within[other] != nil; {
		case has && hasOther:
			return fmt.Sprintf("%s names both %s and %s", what, name, other)
		case !has && !hasOther && when.holds(within):
			return fmt.Sprintf("%s names neither %s nor %s", what, name, other)
		}
		return ""
	})
}

// ExactlyOneOf wants the property or one of others, and not more of them.
func ExactlyOneOf(others ...string) Rule {
	return onInputs(func(within Object, name string) string {
		names, given := append([]string{name}, others...), 0
		for _, n := range names {
			if !within.Known(n) {
				return ""
			}
			if !IsEmpty(within[n]) {
				given++
			}
		}
		if given == 1 {
			return ""
		}
		return fmt.Sprintf("exactly one of %s and %s must be set, not %d", strings.Join(names[:len(names)-1], ", "), names[len(names)-1], given)
	})
}

// AtLeast holds a number to another property's.
func AtLeast(other string) Rule {
	return onInputs(func(within Object, name string) string {
		if within.Has(name) && within.Has(other) && within.Number(name) < within.Number(other) {
			return fmt.Sprintf("%d is below %s, %d", within.Number(name), other, within.Number(other))
		}
		return ""
	})
}

// AtMostUnless holds a number to another property's, unless a condition holds.
func AtMostUnless(other string, unless Condition) Rule {
	return onInputs(func(within Object, name string) string {
		if within.Has(name) && within.Has(other) && within.Number(name) > within.Number(other) && !unless.holds(within) {
			return fmt.Sprintf("%d is above %s, %d", within.Number(name), other, within.Number(other))
		}
		return ""
	})
}

// Below holds a number to be smaller than another property's.
func Below(other string) Rule {
	return onInputs(func(within Object, name string) string {
		if within.Has(name) && within.Has(other) && within.Number(name) >= within.Number(other) {
			return fmt.Sprintf("must be smaller than %s, %d", other, within.Number(other))
		}
		return ""
	})
}

// problems is what the rule finds in a resource's inputs.
func (r inputRule) problems(inputs Object) []Problem {
	parent, name := "", r.path
	if i := strings.LastIndexByte(r.path, '.'); i >= 0 {
		parent, name = r.path[:i], r.path[i+1:]
	}
	holders := []located{{"", map[string]any(inputs)}}
	if parent != "" {
		holders = ValuesAt(inputs, parent)
	}
	var found []Problem
	for _, at := range holders {
		within := AsObject(at.Value)
		if within == nil {
			continue
		}
		if reason := r.holds(within, name); reason != "" {
			found = append(found, Problem{strings.TrimPrefix(at.Path+"."+name, "."), reason})
		}
	}
	return found
}
