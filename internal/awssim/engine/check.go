package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// DefaultsKey lists the properties that the provider filled in, so that the
// next check can tell them from the program's own. Pulumi's bridge writes the
// same.
const DefaultsKey = "__defaults"

func (s *Simulator) withDefaults(spec *Type, inputs Object) Object {
	var filled []string
	for _, name := range spec.defaults.SortedNames() {
		if inputs[name] == nil {
			inputs[name] = CloneValue(spec.defaults[name])
			filled = append(filled, name)
		}
	}
	inputs[DefaultsKey] = List(filled...)
	return inputs
}

// setName fills in a physical name: the one from before, or a new one.
func (t *Type) setName(inputs, old Object, request *pulumirpc.CheckRequest) *Problem {
	if t.autoname == "" || inputs[t.autoname] != nil || inputs[t.autoname+"Prefix"] != nil {
		return nil
	}
	name := old.Text(t.autoname)
	if !slices.Contains(old.Texts(DefaultsKey), t.autoname) {
		var err error
		name, err = resource.NewUniqueName(request.RandomSeed, urn.URN(request.Urn).Name()+"-", 7, t.autonameMax, nil)
		if err != nil {
			return &Problem{t.autoname, err.Error() + "; shorten the resource's Pulumi name"}
		}
	}
	inputs[t.autoname] = name
	inputs[DefaultsKey] = append(inputs[DefaultsKey].([]any), t.autoname)
	return nil
}

// problems is every mistake in a resource's inputs that can be told without
// looking at the accounts, sorted by property.
func (t *Type) problems(inputs Object) []Problem {
	problems := slices.DeleteFunc(schemaProblems(t.Schema().Inputs, inputs, ""), func(p Problem) bool { return slices.Contains(t.byProvider, p.Property) })
	kindsAreRight := len(problems) == 0
	for _, rule := range t.inputRules {
		problems = append(problems, rule.problems(inputs)...)
	}
	if kindsAreRight {
		problems = append(problems, ruleProblems(t.values, inputs)...)
		for _, name := range t.documents {
			if text, ok := inputs[name].(string); ok && text != "" {
				if reason := jsonDocument(text); reason != "" {
					problems = append(problems, Problem{name, reason})
				}
			}
		}
		if t.Check != nil {
			problems = append(problems, t.Check(inputs)...)
		}
	}
	return sorted(problems)
}

// checkKnown refuses inputs that are not fully known, and those of which a check
// would complain: services' rules count on both.
func (t *Type) checkKnown(inputs Object) error {
	problems := t.problems(inputs)
	for _, name := range inputs.SortedNames() {
		if !inputs.Known(name) {
			problems = append(problems, Problem{name, "is not known"})
		}
	}
	return joinProblems(problems)
}

func ruleProblems(rules map[string][]Value, inputs Object) []Problem {
	var problems []Problem
	for path, held := range rules {
		for _, at := range ValuesAt(inputs, path) {
			if ContainsUnknown(at.Value) {
				continue
			}
			for _, rule := range held {
				if reason := rule(at.Value); reason != "" {
					problems = append(problems, Problem{at.Path, reason})
				}
			}
		}
	}
	return problems
}

func failures(problems []Problem) []*pulumirpc.CheckFailure {
	all := make([]*pulumirpc.CheckFailure, len(problems))
	for i, p := range problems {
		all[i] = &pulumirpc.CheckFailure{Property: p.Property, Reason: fmt.Sprintf("%s: %s", p.Property, p.Reason)}
	}
	return all
}

// Diff compares what the program wants with what exists.
func (t *Type) Diff(state, oldInputs, news Object) *pulumirpc.DiffResponse {
	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	replacing := slices.Clone(t.forceNew)
	for _, when := range t.forceNewWhen {
		if when.replaces(state, news) {
			replacing = append(replacing, when.property)
		}
	}
	for name := range t.Schema().Inputs {
		had, want := state[name], news[name]
		if _, shown := t.Schema().Outputs[name]; !shown {
			had = oldInputs[name] // the provider keeps no output of it
		}
		kind, changed := pulumirpc.PropertyDiff_UPDATE, !t.equal(name, state, stated(had, want, oldInputs[name]), want)
		switch {
		case want == nil && oldInputs[name] == nil:
			changed = false // no program states it: AWS's choice is kept
		case want == nil && slices.Contains(t.computedInputs(), name):
			changed = false // no longer stated: AWS keeps what it has
		case had == nil:
			kind = pulumirpc.PropertyDiff_ADD
		case want == nil:
			kind = pulumirpc.PropertyDiff_DELETE
		}
		if !changed {
			continue
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Diffs = append(response.Diffs, name)
		if slices.Contains(replacing, name) {
			response.Replaces = append(response.Replaces, name)
			kind++ // each kind is followed by its replacing form
		}
		response.DetailedDiff[name] = &pulumirpc.PropertyDiff{Kind: kind}
	}
	slices.Sort(response.Diffs)
	slices.Sort(response.Replaces)
	response.DeleteBeforeReplace = len(response.Replaces) > 0 && (t.DeleteBeforeReplace || t.namedByProgram(news))
	return response
}

// namedByProgram tells that the program chose the physical name, which two
// resources cannot have at a time.
func (t *Type) namedByProgram(inputs Object) bool {
	return t.autoname != "" && inputs.Has(t.autoname) && !slices.Contains(inputs.Texts(DefaultsKey), t.autoname)
}

// stated is the part of a property's value that the program states or stated:
// what AWS added to an object by itself is no difference.
func stated(had, want, old any) any {
	switch had := had.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, value := range had {
			wanted, now := AsObject(want)[name]
			before, then := AsObject(old)[name]
			if now || then {
				kept[name] = stated(value, wanted, before)
			}
		}
		return kept
	case []any:
		wanted, _ := want.([]any)
		before, _ := old.([]any)
		kept := make([]any, len(had))
		for i := range had {
			kept[i] = had[i]
			if i < len(wanted) && i < len(before) {
				kept[i] = stated(had[i], wanted[i], before[i])
			}
		}
		return kept
	}
	return had
}

func (t *Type) equal(name string, state Object, a, b any) bool {
	if equal := t.equalWhen[name]; equal != nil && !ContainsUnknown(a) && !ContainsUnknown(b) {
		return equal(state, a, b)
	}
	if slices.Contains(t.documents, name) {
		left, lok := a.(string)
		right, rok := b.(string)
		return lok && rok && sameDocument(left, right)
	}
	return EqualValues(a, b, slices.Contains(t.sets, name))
}

// EqualValues compares two JSON values; null, an empty list and an empty
// object are the same to AWS.
func EqualValues(a, b any, unordered bool) bool {
	a, b = CloneValue(a), CloneValue(b)
	if ContainsUnknown(a) || ContainsUnknown(b) {
		return false
	}
	if IsEmpty(a) && IsEmpty(b) {
		return true
	}
	left, lok := a.([]any)
	right, rok := b.([]any)
	if unordered && lok && rok {
		slices.SortFunc(left, CompareJSON)
		slices.SortFunc(right, CompareJSON)
		return reflect.DeepEqual(left, right)
	}
	return reflect.DeepEqual(withoutNulls(a), withoutNulls(b))
}

// IsEmpty reports whether a value is absent, or a list or a map without elements.
func IsEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func withoutNulls(v any) any {
	if m, ok := v.(map[string]any); ok {
		maps.DeleteFunc(m, func(name string, value any) bool { return value == nil || strings.HasPrefix(name, "__") })
		for name := range m {
			m[name] = withoutNulls(m[name])
		}
	}
	if l, ok := v.([]any); ok {
		for i := range l {
			l[i] = withoutNulls(l[i])
		}
	}
	return v
}

// CompareJSON compares values by their JSON forms.
func CompareJSON(a, b any) int {
	left, _ := json.Marshal(withoutNulls(a))
	right, _ := json.Marshal(withoutNulls(b))
	return cmp.Compare(string(left), string(right))
}

// sameDocument reports whether two JSON texts mean the same.
func sameDocument(a, b string) bool {
	var left, right any
	if json.Unmarshal([]byte(a), &left) != nil || json.Unmarshal([]byte(b), &right) != nil {
		return a == b
	}
	return reflect.DeepEqual(left, right)
}
