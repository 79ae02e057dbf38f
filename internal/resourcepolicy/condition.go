package resourcepolicy

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
)

// answer is whether something holds of requests of which not everything is known.
type answer int

const (
	no answer = iota
	may
	yes
)

func answerOf(holds bool) answer {
	if holds {
		return yes
	}
	return no
}

func (a answer) not() answer { return yes - a }

func (a answer) and(b answer) answer { return min(a, b) }
func (a answer) or(b answer) answer  { return max(a, b) }

// known is what is known of a condition key of a row's requests. The zero value
// is a key of which nothing is known.
type known struct {
	// values are what the key can hold, one a request.
	values []string
	// absent tells that requests can lack the key, or, without values, that they
	// do.
	absent bool
	// open tells that the key can have any value.
	open bool
}

var (
	unknownKey = known{absent: true, open: true}
	absentKey  = known{absent: true}
	anyValue   = known{open: true}
)

func oneOf(values ...string) known { return known{values: values} }

// facts are what is known of a row's requests, by condition keys in lower case.
type facts func(key string) known

// holds reports whether all of a statement's conditions hold. undecided are the
// keys that decide where that isn't certain, missing those whose absence makes a
// condition hold; each as "operator on key".
func (f facts) holds(condition any, variables bool) (holds answer, undecided, missing []string) {
	if condition == nil {
		return yes, nil, nil
	}
	operators, ok := condition.(map[string]any)
	if !ok {
		return may, []string{"its Condition"}, nil
	}
	holds = yes
	for _, operator := range sortedNames(operators) {
		keys, ok := operators[operator].(map[string]any)
		if !ok {
			holds, undecided = holds.and(may), append(undecided, operator)
			continue
		}
		for _, key := range sortedNames(keys) {
			name := operator + " on " + key
			k := f(strings.ToLower(key))
			one := f.compare(operator, k, keys[key], variables)
			holds = holds.and(one)
			switch {
			case one == may:
				undecided = append(undecided, name)
			case one == yes && k.absent && !k.open && len(k.values) == 0:
				missing = append(missing, name)
			}
		}
	}
	return holds, undecided, missing
}

// operator is a condition's operator, taken apart.
type operator struct {
	base             string
	negated          bool
	ifExists         bool
	everyValue, some bool // ForAllValues, ForAnyValue
}

// The condition operators of IAM's that compare values Portico knows; of the
// others (numbers, dates, bytes) only what an absent key means is decided.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var (
	comparisons = map[string]func(want, got string) (bool, bool){
		"StringEquals":           func(want, got string) (bool, bool) { return want == got, true },
		"StringEqualsIgnoreCase": func(want, got string) (bool, bool) { return strings.EqualFold(want, got), true },
		"StringLike":             func(want, got string) (bool, bool) { return Matches(want, got), true },
		"ArnEquals":              func(want, got string) (bool, bool) { return matchesARN(want, got), true },
		"ArnLike":                func(want, got string) (bool, bool) { return matchesARN(want, got), true },
		"Bool":                   func(want, got string) (bool, bool) { return strings.EqualFold(want, got), true },
		"IpAddress":              inBlock,
	}
	negations = map[string]string{
		"StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase", "StringNotLike": "StringLike",
		"ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike", "NotIpAddress": "IpAddress",
		"NumericNotEquals": "NumericEquals", "DateNotEquals": "DateEquals",
	}
	uncompared = []string{
		"NumericEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "BinaryEquals", "Null",
	}
)

func parseOperator(name string) (op operator, ok bool) {
	base, everyValue := strings.CutPrefix(name, "ForAllValues:")
	base, some := strings.CutPrefix(base, "ForAnyValue:")
	base, ifExists := strings.CutSuffix(base, "IfExists")
	op = operator{base: base, ifExists: ifExists, everyValue: everyValue, some: some}
	if plain, negated := negations[base]; negated {
		op.base, op.negated = plain, true
	}
	ok = comparisons[op.base] != nil || slices.Contains(uncompared, op.base)
	return op, ok && !(everyValue && some) && (base != "Null" || base == name)
}

// compare reports whether an operator holds of a key with the wanted values.
func (f facts) compare(name string, k known, wanted any, variables bool) answer {
	op, ok := parseOperator(name)
	want, texts := conditionTexts(wanted)
	if !ok || !texts {
		return may
	}
	var found []answer
	if k.absent {
		found = append(found, op.ofAbsent(want))
	}
	for _, value := range k.values {
		found = append(found, f.ofValue(op, want, value, variables))
	}
	if k.open {
		found = append(found, op.ofAny(want))
	}
	if slices.Min(found) != slices.Max(found) {
		return may
	}
	return found[0]
}

// ofAbsent is the operator's answer for requests without the key. A negated
// operator holds of them.
func (op operator) ofAbsent(want []string) answer {
	switch {
	case op.base == "Null":
		return truths(want, "true")
	case op.ifExists, op.everyValue:
		return yes
	case op.some:
		return no
	}
	return answerOf(op.negated)
}

// ofAny is the operator's answer for requests with a value that isn't known.
func (op operator) ofAny(want []string) answer {
	if op.base == "Null" {
		return truths(want, "false")
	}
	if op.base == "StringLike" && slices.ContainsFunc(want, func(pattern string) bool { return pattern != "" && strings.Trim(pattern, "*") == "" }) {
		return answerOf(!op.negated)
	}
	return may
}

// ofValue is the operator's answer for requests with a value.
func (f facts) ofValue(op operator, want []string, value string, variables bool) answer {
	if op.base == "Null" {
		return truths(want, "false")
	}
	compare := comparisons[op.base]
	if compare == nil {
		return may
	}
	found := no
	for _, text := range want {
		one := may
		if resolved, ok := f.resolve(text, variables); ok {
			if holds, compared := compare(resolved, value); compared {
				one = answerOf(holds)
			}
		}
		found = found.or(one)
	}
	if op.negated {
		return found.not()
	}
	return found
}

func truths(want []string, truth string) answer {
	return answerOf(slices.ContainsFunc(want, func(text string) bool { return strings.EqualFold(text, truth) }))
}

// resolve puts a policy variable's value in its place; ok is false where that
// isn't known, or where it could be taken for a wildcard.
func (f facts) resolve(text string, variables bool) (resolved string, ok bool) {
	if !variables {
		return text, true
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String(), true
		}
		key, after, closed := strings.Cut(rest, "}")
		if !closed || strings.ContainsAny(key, "*?$,'") {
			return "", false
		}
		k := f(strings.ToLower(strings.TrimSpace(key)))
		if len(k.values) != 1 || k.absent || k.open || strings.ContainsAny(k.values[0], "*?") {
			return "", false
		}
		out.WriteString(k.values[0])
		text = after
	}
}

// inBlock reports whether an address is in a CIDR block; known is false where the
// block is none.
func inBlock(want, got string) (in, known bool) {
	block, err := netip.ParsePrefix(want)
	if err != nil {
		address, err := netip.ParseAddr(want)
		if err != nil {
			return false, false
		}
		block = netip.PrefixFrom(address, address.BitLen())
	}
	address, err := netip.ParseAddr(got)
	return err == nil && block.Contains(address.Unmap()), true
}

// conditionTexts are a condition's values as texts, which is how they are
// compared.
func conditionTexts(value any) ([]string, bool) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	all := make([]string, 0, len(list))
	for _, item := range list {
		switch v := item.(type) {
		case string:
			all = append(all, v)
		case json.Number:
			all = append(all, v.String())
		case bool:
			all = append(all, string(encodeValue(v)))
		default:
			return nil, false
		}
	}
	return all, len(all) > 0
}
