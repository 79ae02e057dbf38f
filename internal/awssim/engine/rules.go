package engine

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Value is a rule about a known value: it returns what is wrong, or "".
type Value func(v any) string

func (v Value) declare(t *Type, path string) { t.values[path] = append(t.values[path], v) }

// Values are several rules about a value.
type Values []Value

func (all Values) declare(t *Type, path string) { t.values[path] = append(t.values[path], all...) }

// OneOf holds a string to an enumeration.
func OneOf(values ...string) Value {
	return func(v any) string {
		if s, _ := v.(string); !slices.Contains(values, s) {
			return fmt.Sprintf("%q is not one of %s", s, strings.Join(values, ", "))
		}
		return ""
	}
}

// NumberIn holds a number to a list.
func NumberIn(values ...int) Value {
	return func(v any) string {
		if f, _ := v.(float64); !slices.Contains(values, int(f)) {
			return fmt.Sprintf("%v is not one of %v", f, values)
		}
		return ""
	}
}

// Between holds a number to a closed range.
func Between(low, high int) Value {
	return func(v any) string {
		if f, _ := v.(float64); f < float64(low) || f > float64(high) {
			return fmt.Sprintf("%v is not between %d and %d", f, low, high)
		}
		return ""
	}
}

// Length holds a string's number of characters to a closed range.
func Length(low, high int) Value {
	return func(v any) string {
		s, _ := v.(string)
		if n := utf8.RuneCountInString(s); n < low || n > high {
			return fmt.Sprintf("%q has %d characters; AWS takes %d to %d", s, n, low, high)
		}
		return ""
	}
}

// Items holds a list's length to a closed range.
func Items(low, high int) Value {
	return func(v any) string {
		if l, _ := v.([]any); len(l) < low || len(l) > high {
			return fmt.Sprintf("has %d elements; AWS takes %d to %d", len(l), low, high)
		}
		return ""
	}
}

// Pattern holds a string to an anchored regular expression; want says it in
// words.
func Pattern(expression, want string) Value {
	re := regexp.MustCompile(`^(?:` + expression + `)$`)
	return func(v any) string {
		if s, _ := v.(string); !re.MatchString(s) {
			return fmt.Sprintf("%q is not %s", s, want)
		}
		return ""
	}
}

// Never refuses the values that are bad, for a reason.
func Never(bad func(v any) bool, reason string) Value {
	return func(v any) string {
		if bad(v) {
			return reason
		}
		return ""
	}
}

// NotPrefixed refuses strings with a prefix that AWS keeps for a use of its own.
func NotPrefixed(prefix, use string) Value {
	return Never(func(v any) bool { s, _ := v.(string); return strings.HasPrefix(s, prefix) }, "begins with "+prefix+", which AWS keeps for "+use)
}

// Parsed holds a string to what a parser takes.
func Parsed[T any](parse func(string) (T, error)) Value {
	return func(v any) string {
		s, _ := v.(string)
		if _, err := parse(s); err != nil {
			return err.Error()
		}
		return ""
	}
}

// ARNOf holds a string to an ARN of a service.
func ARNOf(service string) Value {
	return Pattern(`arn:aws[a-z-]*:`+service+`:[a-z0-9-]*:(\d{12}|aws)?:.+`, "an ARN of "+service)
}

// jsonDocument holds a string to a JSON object or array.
func jsonDocument(v any) string {
	s, _ := v.(string)
	var document any
	if err := json.Unmarshal([]byte(s), &document); err != nil {
		return "contains an invalid JSON: " + err.Error()
	}
	switch document.(type) {
	case map[string]any, []any:
		return ""
	}
	return "is JSON, but neither an object nor an array"
}

// Ipv4Network holds a string to an IPv4 network in its canonical form, with a
// prefix length within a closed range.
func Ipv4Network(low, high int) Value {
	return func(v any) string {
		s, _ := v.(string)
		prefix, err := netip.ParsePrefix(s)
		switch {
		case err != nil || !prefix.Addr().Is4():
			return fmt.Sprintf("%q is not an IPv4 network such as 10.0.0.0/16", s)
		case prefix != prefix.Masked():
			return fmt.Sprintf("%q has host bits set; the network is %s", s, prefix.Masked())
		case prefix.Bits() < low || prefix.Bits() > high:
			return fmt.Sprintf("%q is a /%d; AWS takes /%d to /%d", s, prefix.Bits(), low, high)
		}
		return ""
	}
}

// IsRegion holds a string to the regions that are simulated.
var IsRegion Value = func(v any) string {
	if region, _ := v.(string); PartitionOf(region) == "" {
		return fmt.Sprintf("%q is no region of AWS", region)
	}
	return ""
}

// tagRules are AWS's restrictions on tags, held to for every service: EC2 alone
// takes more characters than the API models of the others do.
func tagRules(v any) string {
	tags := AsObject(v)
	if len(tags) > 50 {
		return fmt.Sprintf("has %d tags; AWS takes 50", len(tags))
	}
	for _, key := range tags.SortedNames() {
		value := tags.Text(key)
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return fmt.Sprintf("key %q begins with aws:, which AWS keeps for itself", key)
		case key == "" || utf8.RuneCountInString(key) > 128:
			return fmt.Sprintf("key %q has not 1 to 128 characters", key)
		case utf8.RuneCountInString(value) > 256:
			return fmt.Sprintf("the value of %q has more than 256 characters", key)
		case !tagCharacters.MatchString(key + value):
			return fmt.Sprintf("%q = %q holds characters other than letters, digits, spaces and _.:/=+-@", key, value)
		}
	}
	return ""
}

var tagCharacters = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
