package resourcepolicy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// equivalent reports whether two policies of an API say the same, however they
// are spelt: white space, escaping, the order of names, of statements and of
// sets, lists of one, short ARNs, account numbers for their root's ARN, "*"
// for {"AWS":"*"}, the case of condition keys, and numbers or booleans in
// conditions for their text. It errs on the side of "no". The errors are
// *DocumentError.
func equivalent(a, b []byte, api API) (bool, error) {
	first, err := parseDocument(a, api.APIID)
	if err != nil {
		return false, err
	}
	second, err := parseDocument(b, api.APIID)
	if err != nil {
		return false, err
	}
	return bytes.Equal(first.comparison(api), second.comparison(api)), nil
}

// comparison is a text that is the same for equivalent documents.
func (d document) comparison(api API) []byte {
	if len(d.statements) == 0 {
		return nil
	}
	c := d.canonical(api)
	for i, s := range c.statements {
		for _, name := range []string{"Principal", "NotPrincipal"} {
			if kinds, ok := s[name].(map[string]any); ok && len(kinds) == 1 && kinds["AWS"] == "*" {
				s[name] = "*"
			}
		}
		if operators, ok := d.statements[i]["Condition"].(map[string]any); ok {
			s["Condition"] = canonicalCondition(foldCondition(operators))
		}
	}
	slices.SortFunc(c.statements, func(a, b map[string]any) int {
		return bytes.Compare(encodeValue(a), encodeValue(b))
	})
	return c.encode(nil)
}

// foldCondition writes condition keys, which IAM compares without regard to
// case, in lower case, and values, which IAM compares as text, as text. An
// operator whose keys would collide stays as it is.
func foldCondition(operators map[string]any) map[string]any {
	folded := map[string]any{}
	for operator, value := range operators {
		folded[operator] = value
		keys, ok := value.(map[string]any)
		if !ok {
			continue
		}
		lower := map[string]any{}
		for key, values := range keys {
			lower[strings.ToLower(key)] = foldValues(values)
		}
		if len(lower) == len(keys) {
			folded[operator] = lower
		}
	}
	return folded
}

func foldValues(value any) any {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case bool:
		return string(encodeValue(v))
	case []any:
		folded := make([]any, len(v))
		for i, item := range v {
			folded[i] = foldValues(item)
		}
		return folded
	}
	return value
}
