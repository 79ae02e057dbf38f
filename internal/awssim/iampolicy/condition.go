package iampolicy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// condition is one operator applied to one key.
type condition struct {
	key      string // in lower case
	tests    []test // of which one has to hold
	negated  bool
	ifExists bool
	null     bool // the operator Null: test is given "true" for an absent key
	every    bool // ForAllValues
	some     bool // ForAnyValue
}

// test compares one value of the request, whose condition keys are given, with
// one of the policy.
type test func(got string, values map[string][]string) bool

// operator makes a test out of a value of the policy: compare's, where variables
// may be, or compile's.
type operator struct {
	negated bool
	compare func(want, got string) bool
	compile func(want string) (func(got string) bool, error)
}

var operators = map[string]operator{
	"StringEquals":              {compare: equal},
	"StringNotEquals":           {compare: equal, negated: true},
	"StringEqualsIgnoreCase":    {compare: equalFold},
	"StringNotEqualsIgnoreCase": {compare: equalFold, negated: true},
	"StringLike":                {compare: matches},
	"StringNotLike":             {compare: matches, negated: true},
	"ArnEquals":                 {compare: matchesARN},
	"ArnLike":                   {compare: matchesARN},
	"ArnNotEquals":              {compare: matchesARN, negated: true},
	"ArnNotLike":                {compare: matchesARN, negated: true},
	"Bool":                      {compile: compileBool},
	"Null":                      {compile: compileBool},
	"IpAddress":                 {compile: compileAddress},
	"NotIpAddress":              {compile: compileAddress, negated: true},

	"NumericEquals":            {compile: number(func(order int) bool { return order == 0 })},
	"NumericNotEquals":         {compile: number(func(order int) bool { return order == 0 }), negated: true},
	"NumericLessThan":          {compile: number(func(order int) bool { return order < 0 })},
	"NumericLessThanEquals":    {compile: number(func(order int) bool { return order <= 0 })},
	"NumericGreaterThan":       {compile: number(func(order int) bool { return order > 0 })},
	"NumericGreaterThanEquals": {compile: number(func(order int) bool { return order >= 0 })},

	"DateEquals":            {compile: date(func(order int) bool { return order == 0 })},
	"DateNotEquals":         {compile: date(func(order int) bool { return order == 0 }), negated: true},
	"DateLessThan":          {compile: date(func(order int) bool { return order < 0 })},
	"DateLessThanEquals":    {compile: date(func(order int) bool { return order <= 0 })},
	"DateGreaterThan":       {compile: date(func(order int) bool { return order > 0 })},
	"DateGreaterThanEquals": {compile: date(func(order int) bool { return order >= 0 })},
}

func parseConditions(raw json.RawMessage, version string) ([]condition, error) {
	var byOperator map[string]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &byOperator); err != nil {
		return nil, err
	}
	var conditions []condition
	for _, name := range slices.Sorted(maps.Keys(byOperator)) {
		keys := byOperator[name]
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			c, err := parseCondition(name, keys[key], version)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, key, err)
			}
			c.key = strings.ToLower(key)
			conditions = append(conditions, c)
		}
	}
	return conditions, nil
}

func parseCondition(name string, raw json.RawMessage, version string) (condition, error) {
	var c condition
	base, every := strings.CutPrefix(name, "ForAllValues:")
	base, some := strings.CutPrefix(base, "ForAnyValue:")
	base, ifExists := strings.CutSuffix(base, "IfExists")
	op, ok := operators[base]
	if !ok || every && some || base == "Null" && base != name {
		return c, fmt.Errorf("this evaluator doesn't know the operator")
	}
	c.every, c.some, c.ifExists, c.negated, c.null = every, some, ifExists, op.negated, base == "Null"
	values, err := oneOrMore[any](raw)
	if err != nil {
		return c, err
	}
	if len(values) == 0 {
		return c, fmt.Errorf("it has no value")
	}
	for _, wanted := range values {
		text, err := conditionText(wanted)
		if err != nil {
			return c, err
		}
		test, err := op.test(text, version)
		if err != nil {
			return c, err
		}
		c.tests = append(c.tests, test)
	}
	return c, nil
}

func (o operator) test(text, version string) (test, error) {
	if o.compare == nil {
		if err := refuseVariable(text, version); err != nil {
			return nil, err
		}
		test, err := o.compile(text)
		return func(got string, _ map[string][]string) bool { return test(got) }, err
	}
	v, err := parseValue(text, version)
	return func(got string, values map[string][]string) bool {
		want, ok := v.pattern(values)
		return ok && o.compare(want, got)
	}, err
}

// equal and equalFold compare with a pattern in which nothing is a wildcard.
func equal(want, got string) bool     { return plainText(want) == got }
func equalFold(want, got string) bool { return strings.EqualFold(plainText(want), got) }

// conditionText is a condition's value: a text, or a number or boolean as one.
func conditionText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("%v isn't a text, a number or a boolean", value)
}

// holds reports whether the condition is true of a request with these values of
// condition keys; none of its own: the request doesn't have the key. Several
// values without a set operator are taken as ForAnyValue does; a negated operator
// then demands that none of them matches.
func (c condition) holds(keys map[string][]string) bool {
	matches := func(got string) bool {
		return slices.ContainsFunc(c.tests, func(t test) bool { return t(got, keys) })
	}
	values := keys[c.key]
	if c.null {
		return matches(strconv.FormatBool(len(values) == 0))
	}
	if len(values) == 0 {
		switch {
		case c.ifExists, c.every:
			return true
		case c.some:
			return false
		}
		return c.negated
	}
	matching := 0
	for _, value := range values {
		if matches(value) {
			matching++
		}
	}
	switch {
	case c.every && c.negated:
		return matching == 0
	case c.every:
		return matching == len(values)
	case c.some && c.negated:
		return matching < len(values)
	case c.negated:
		return matching == 0
	}
	return matching > 0
}

func compileBool(want string) (func(string) bool, error) {
	if !strings.EqualFold(want, "true") && !strings.EqualFold(want, "false") {
		return nil, fmt.Errorf("%q isn't true or false", want)
	}
	return func(got string) bool { return strings.EqualFold(want, got) }, nil
}

func compileAddress(want string) (func(string) bool, error) {
	block, err := netip.ParsePrefix(want)
	if err != nil {
		address, err := netip.ParseAddr(want)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an IP address nor a CIDR block", want)
		}
		block = netip.PrefixFrom(address, address.BitLen())
	}
	return func(got string) bool {
		address, err := netip.ParseAddr(got)
		return err == nil && block.Contains(address.Unmap())
	}, nil
}

// number compares numbers; a request's value that is none compares as false.
func number(accept func(order int) bool) func(string) (func(string) bool, error) {
	return func(want string) (func(string) bool, error) {
		limit, err := strconv.ParseFloat(want, 64)
		if err != nil {
			return nil, fmt.Errorf("%q isn't a number", want)
		}
		return func(got string) bool {
			value, err := strconv.ParseFloat(got, 64)
			switch {
			case err != nil:
				return false
			case value < limit:
				return accept(-1)
			case value > limit:
				return accept(1)
			}
			return accept(0)
		}, nil
	}
}

// date compares times; a request's value that is none compares as false.
func date(accept func(order int) bool) func(string) (func(string) bool, error) {
	return func(want string) (func(string) bool, error) {
		limit, err := parseTime(want)
		if err != nil {
			return nil, err
		}
		return func(got string) bool {
			value, err := parseTime(got)
			return err == nil && accept(value.Compare(limit))
		}, nil
	}
}

// parseTime reads a date of ISO 8601, with or without a time, or the seconds
// since 1970.
func parseTime(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q isn't a date", text)
}
