package resourcepolicy

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

// The canonical form is one spelling for what means the same, whichever way
// API Gateway hands a policy back: elements in the order of IAM's grammar and
// unknown ones, by name, behind them; lists that are sets sorted, a list of
// one as the bare value; ARNs in full; no white space. The order of the
// owner's statements, and every value in them, stays.

// canonical is the document in its canonical form.
func (d document) canonical(api API) document {
	c := document{members: d.members}
	for _, s := range d.statements {
		c.statements = append(c.statements, canonicalStatement(s, api))
	}
	return c
}

func canonicalStatement(s map[string]any, api API) map[string]any {
	c := maps.Clone(s)
	for name, value := range s {
		switch name {
		case "Action", "NotAction":
			c[name] = canonicalSet(value, keep)
		case "Resource", "NotResource":
			c[name] = canonicalSet(value, func(v string) string { return expandARN(v, api) })
		case "Principal", "NotPrincipal":
			c[name] = canonicalPrincipal(value, api)
		case "Condition":
			c[name] = canonicalCondition(value)
		}
	}
	return c
}

func keep(value string) string { return value }

// canonicalPrincipal writes an account as AWS stores it, as its root's ARN.
func canonicalPrincipal(value any, api API) any {
	kinds, ok := value.(map[string]any)
	if !ok {
		return value
	}
	c := map[string]any{}
	for kind, names := range kinds {
		c[kind] = canonicalSet(names, func(name string) string {
			if kind == "AWS" && aws.IsAccountID(name) {
				return aws.ARN{Partition: api.Partition, Service: "iam", AccountID: name, Resource: "root"}.String()
			}
			return name
		})
	}
	return c
}

func canonicalCondition(value any) any {
	operators, ok := value.(map[string]any)
	if !ok {
		return value
	}
	c := map[string]any{}
	for operator, value := range operators {
		keys, ok := value.(map[string]any)
		if !ok {
			c[operator] = value
			continue
		}
		canonicalKeys := map[string]any{}
		for key, values := range keys {
			canonicalKeys[key] = canonicalSet(values, keep)
		}
		c[operator] = canonicalKeys
	}
	return c
}

// canonicalSet sorts a list that means a set and unwraps a list of one. Each
// string is written as spell has it.
func canonicalSet(value any, spell func(string) string) any {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	byText := make(map[string]any, len(list))
	for _, item := range list {
		if text, ok := item.(string); ok {
			item = spell(text)
		}
		byText[string(encodeValue(item))] = item
	}
	set := make([]any, 0, len(byText))
	for _, text := range slices.Sorted(maps.Keys(byText)) {
		set = append(set, byText[text])
	}
	if len(set) == 1 {
		return set[0]
	}
	return set
}

// statement is a statement of Portico's. Its lists are sorted.
type statement struct {
	Sid, Effect           string
	Resource, NotResource []string
	Condition             conditions
}

// conditions are values by operator and key.
type conditions map[string]map[string][]string

// encode writes the canonical document with Portico's statements behind its
// own; nothing, if there are no statements at all.
func (d document) encode(portico []statement) []byte {
	if len(d.statements)+len(portico) == 0 {
		return nil
	}
	var out bytes.Buffer
	out.WriteByte('{')
	if _, stated := d.members["Version"]; !stated && len(d.statements) == 0 {
		// The language's current version. Statements of an owner whose document
		// has none keep having none: that means the old one, in which "${" is
		// text and not a variable.
		out.WriteString(`"Version":"2012-10-17",`)
	}
	writeMembers(&out, d.members, []string{"Version", "Id"})
	if len(d.members) > 0 {
		out.WriteByte(',')
	}
	out.WriteString(`"Statement":[`)
	separator := ""
	for _, s := range d.statements {
		out.WriteString(separator + "{")
		writeMembers(&out, s, statementElements)
		out.WriteByte('}')
		separator = ","
	}
	for _, s := range portico {
		out.WriteString(separator)
		s.write(&out)
		separator = ","
	}
	out.WriteString("]}")
	return out.Bytes()
}

// write writes the statement; everybody may be the caller, invoking is the action.
func (s statement) write(out *bytes.Buffer) {
	out.WriteString(`{"Sid":"` + s.Sid + `","Effect":"` + s.Effect + `","Principal":"*","Action":"execute-api:Invoke",`)
	if s.NotResource != nil {
		out.WriteString(`"NotResource":`)
		writeSet(out, s.NotResource)
	} else {
		out.WriteString(`"Resource":`)
		writeSet(out, s.Resource)
	}
	out.WriteString(`,"Condition":{`)
	for i, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`"` + operator + `":{`)
		keys := s.Condition[operator]
		for i, key := range slices.Sorted(maps.Keys(keys)) {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(`"` + key + `":`)
			writeSet(out, keys[key])
		}
		out.WriteByte('}')
	}
	out.WriteString("}}")
}

// writeSet writes strings of the grammars in check.go, which need no escapes.
func writeSet(out *bytes.Buffer, values []string) {
	if len(values) == 1 {
		out.WriteString(`"` + values[0] + `"`)
		return
	}
	out.WriteString(`["` + strings.Join(values, `","`) + `"]`)
}

// writeMembers writes an object's members, those named in order first.
func writeMembers(out *bytes.Buffer, members map[string]any, order []string) {
	names := slices.SortedFunc(maps.Keys(members), func(a, b string) int {
		if place := rank(a, order) - rank(b, order); place != 0 {
			return place
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(encodeValue(name))
		out.WriteByte(':')
		out.Write(encodeValue(members[name]))
	}
}

func rank(name string, order []string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// encodeValue writes a decoded JSON value, names of objects sorted.
func encodeValue(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("resourcepolicy: encode a decoded JSON value: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
