package fidelity

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-iac/portico/internal/awssim"
)

// segment is one step of a path: a member, and which element of it.
type segment struct {
	name string
	// element is "" for the member itself, "[]" for each element, an index, or
	// "Key=..." for the element with that key.
	element string
}

var segmentForm = regexp.MustCompile(`([A-Za-z0-9]+)(\[([^\]]*)\])?(\.|$)`)

func segmentsOf(path string) []segment {
	var all []segment
	for _, m := range segmentForm.FindAllStringSubmatch(path, -1) {
		s := segment{m[1], m[3]}
		if m[2] == "[]" {
			s.element = "[]"
		}
		all = append(all, s)
	}
	return all
}

// found is a value of the inputs, with the indexes of the lists on its path.
type found struct {
	indexes []int
	value   any
}

// at is the values at a path, or why there can be none: a text where a list has
// to be.
func at(v any, path []segment, indexes []int) ([]found, error) {
	if len(path) == 0 {
		return []found{{indexes, v}}, nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is looked for in %T", path[0].name, v)
	}
	inner, ok := object[path[0].name]
	if !ok || inner == nil {
		return nil, nil
	}
	if path[0].element == "" {
		return at(inner, path[1:], indexes)
	}
	list, ok := inner.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is %T, not a list", path[0].name, inner)
	}
	var all []found
	for i, element := range list {
		within := indexes
		if path[0].element == "[]" {
			within = append(slices.Clone(indexes), i)
		} else if path[0].element != strconv.Itoa(i) {
			continue
		}
		more, err := at(element, path[1:], within)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// elements is a list while it is filled, by index or key.
type elements struct {
	keys []string
	by   map[string]any
}

// put sets a member of the parameters.
func put(into map[string]any, path []segment, indexes []int, value any) {
	step := path[0]
	if step.element == "" {
		if len(path) == 1 {
			into[step.name] = value
			return
		}
		inner, _ := into[step.name].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			into[step.name] = inner
		}
		put(inner, path[1:], indexes, value)
		return
	}
	list, _ := into[step.name].(*elements)
	if list == nil {
		list = &elements{by: map[string]any{}}
		into[step.name] = list
	}
	key := step.element
	if key == "[]" {
		key, indexes = fmt.Sprintf("%06d", indexes[0]), indexes[1:]
	}
	if !slices.Contains(list.keys, key) {
		list.keys = append(list.keys, key)
	}
	if len(path) == 1 {
		list.by[key] = value
		return
	}
	inner, _ := list.by[key].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
		if name, isKey := strings.CutPrefix(key, "Key="); isKey {
			inner["Key"] = name
		}
		list.by[key] = inner
	}
	put(inner, path[1:], indexes, value)
}

// plain is the parameters with their lists.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = plain(v[name])
		}
	case *elements:
		slices.Sort(v.keys)
		list := []any{}
		for _, key := range v.keys {
			list = append(list, plain(v.by[key]))
		}
		return list
	}
	return v
}

// empty reports whether the provider takes a value for none.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case float64:
		return v == 0
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// parameters is the call's, for inputs of which a resource with an ID, ARN and
// name comes. An error is a value of a kind of which the provider can make none.
func (tr translation) parameters(inputs, outputs awssim.Object, id string) (map[string]any, error) {
	params := map[string]any{}
	for path, value := range tr.constant {
		if text, ok := value.(string); ok {
			value = strings.NewReplacer("{id}", id, "{arn}", outputs.Text("arn"), "{name}", outputs.Text("name"), "{priority}", strconv.Itoa(outputs.Number("priority"))).Replace(text)
		}
		put(params, segmentsOf(path), nil, value)
	}
	for _, input := range slices.Sorted(maps.Keys(tr.members)) {
		path, always := strings.CutSuffix(input, "!")
		values, err := at(map[string]any(inputs), segmentsOf(path), nil)
		if err != nil {
			return nil, err
		}
		for _, f := range values {
			if empty(f.value) && !always {
				continue
			}
			if err := tr.put(params, tr.members[input], f); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if tr.tagged != "" && !empty(inputs["tags"]) {
		put(params, segmentsOf("TagSpecifications[0].ResourceType"), nil, tr.tagged)
	}
	return plain(params).(map[string]any), nil
}

func (tr translation) put(params map[string]any, member string, f found) error {
	if member, value, ok := strings.Cut(member, "="); ok && !strings.Contains(member, "[Key") {
		put(params, segmentsOf(member), f.indexes, value)
		return nil
	}
	if member == "containerDefinitions" { // the provider takes JSON
		text, _ := f.value.(string)
		var containers any
		if err := json.Unmarshal([]byte(text), &containers); err != nil {
			return fmt.Errorf("is no JSON: %w", err)
		}
		f.value = withoutEmptyEnumerations(containers)
	}
	for _, form := range []string{keyValue, lowerKV, nameValue} {
		if bare, ok := strings.CutSuffix(member, form); ok {
			names := strings.Split(strings.Trim(form, "{}"), ",")
			tags, ok := f.value.(map[string]any)
			if !ok {
				return fmt.Errorf("is %T, not tags", f.value)
			}
			list := []any{}
			for _, key := range slices.Sorted(maps.Keys(tags)) {
				list = append(list, map[string]any{names[0]: key, names[1]: tags[key]})
			}
			member, f.value = bare, list
		}
	}
	put(params, segmentsOf(member), f.indexes, f.value)
	return nil
}

// withoutEmptyEnumerations leaves out what the SDK does not send of a document that the
// provider read: enumerations that are empty.
func withoutEmptyEnumerations(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if value == "" && slices.Contains([]string{"protocol", "appProtocol", "versionConsistency"}, name) {
				delete(v, name)
			} else {
				v[name] = withoutEmptyEnumerations(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutEmptyEnumerations(v[i])
		}
	}
	return v
}

// callsFor are the calls that create a resource, with their parameters.
func callsFor(kind string, inputs, outputs awssim.Object, id string) ([]translation, []map[string]any, error) {
	var made []translation
	var params []map[string]any
	for _, tr := range translations[kind] {
		if tr.when != "" && empty(inputs[tr.when]) {
			continue
		}
		p, err := tr.parameters(inputs, outputs, id)
		if err != nil {
			return nil, nil, err
		}
		made, params = append(made, tr), append(params, p)
	}
	return made, params, nil
}
