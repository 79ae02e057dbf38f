package iampolicy

import (
	"fmt"
	"strings"
)

// value is a text of a policy in which variables may be: literal pieces and
// keys, in turn. AWS replaces variables in resources, and in conditions on
// strings and ARNs:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
type value []piece

// piece is a run of text, or a variable where it has a key.
type piece struct {
	literal  string
	key      string // in lower case
	fallback *string
}

// literalMark precedes a character of a pattern that is no wildcard. No ARN
// and no value of a policy has a NUL.
const literalMark = '\x00'

// constant is a text without variables.
func constant(text string) value { return value{{literal: text}} }

// parseValue reads a text of a policy; in the old version of the language "${" is
// text.
func parseValue(text, version string) (value, error) {
	if version != currentVersion || !strings.Contains(text, "${") {
		return constant(text), nil
	}
	var v value
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "${")
		if before != "" {
			v = append(v, piece{literal: before})
		}
		if !found {
			return v, nil
		}
		inside, following, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf(`%q: "${" without "}"`, text)
		}
		variable, err := parseVariable(inside)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		v, rest = append(v, variable), following
	}
}

// parseVariable reads what is between the braces: a condition key, a key and its
// default in single quotes, or one of the three characters that are special.
func parseVariable(inside string) (piece, error) {
	if inside == "*" || inside == "?" || inside == "$" {
		return piece{literal: string([]byte{literalMark}) + inside}, nil
	}
	key, fallback, has := strings.Cut(inside, ",")
	p := piece{key: strings.ToLower(strings.TrimSpace(key))}
	if p.key == "" || strings.ContainsAny(p.key, "${'*?") {
		return p, fmt.Errorf("${%s} names no condition key", inside)
	}
	if has {
		quoted := strings.TrimSpace(fallback)
		if len(quoted) < 2 || quoted[0] != '\'' || quoted[len(quoted)-1] != '\'' {
			return p, fmt.Errorf("${%s}: a default is in single quotes", inside)
		}
		text := quoted[1 : len(quoted)-1]
		p.fallback = &text
	}
	return p, nil
}

// pattern is the text for a request with these values of condition keys, its
// variables' wildcards taken for text. It is false where a variable has no value,
// or several: AWS then lets the text match nothing.
func (v value) pattern(values map[string][]string) (string, bool) {
	if len(v) == 1 && v[0].key == "" {
		return v[0].literal, true
	}
	var out strings.Builder
	for _, p := range v {
		found := values[p.key]
		switch {
		case p.key == "":
			out.WriteString(p.literal)
		case len(found) == 1:
			out.WriteString(literal(found[0]))
		case len(found) == 0 && p.fallback != nil:
			out.WriteString(literal(*p.fallback))
		default:
			return "", false
		}
	}
	return out.String(), true
}

// literal is a text as a pattern that matches this text alone.
func literal(text string) string {
	if !strings.ContainsAny(text, "*?") {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		if text[i] == '*' || text[i] == '?' {
			out.WriteByte(literalMark)
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// plainText is a pattern as it is compared without wildcards.
func plainText(pattern string) string {
	return strings.ReplaceAll(pattern, string([]byte{literalMark}), "")
}
