package fidelity

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// inputChange is one input of a resource, changed.
type inputChange struct {
	path, how string
	apply     func(inputs map[string]any)
}

func (c inputChange) String() string { return c.path + " " + c.how }

// changesOf are the changes of each input, one at a time: removed, empty, of
// another kind, out of bounds, and outside of enumerations and patterns. The
// members of JSON documents that AWS takes as parameters are inputs too.
func changesOf(inputs map[string]any) []inputChange {
	var all []inputChange
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		member := access{
			get: func(in map[string]any) any { return in[name] },
			set: func(in map[string]any, v any) { in[name] = v },
			del: func(in map[string]any) { delete(in, name) },
		}
		all = append(all, changesAt(inputs[name], name, member)...)
	}
	return all
}

// access reads and changes one value somewhere below a resource's inputs.
type access struct {
	get func(inputs map[string]any) any
	set func(inputs map[string]any, v any)
	del func(inputs map[string]any)
}

// replacements are what takes a value's place, by what it is.
var replacements = map[string]any{
	"empty": "", "of letters": "no-such-value", "with spaces": "a b", "with a line break": "a\nb", "odd": `"{}:/*$`, "very long": strings.Repeat("x", 9000),
	"beyond 32 characters": strings.Repeat("x", 33), "zero": 0.0, "negative": -1.0, "a fraction": 1.5, "huge": 1e9, "true": true,
	"a list": []any{"no-such-value"}, "an empty list": []any{}, "an object": map[string]any{"noSuchMember": "x"}, "an empty object": map[string]any{},
}

func changesAt(v any, path string, a access) []inputChange {
	all := []inputChange{{path, "removed", a.del}}
	for _, how := range slices.Sorted(maps.Keys(replacements)) {
		all = append(all, inputChange{path, how, func(in map[string]any) { a.set(in, replacements[how]) }})
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member := access{
				get: func(in map[string]any) any { return a.get(in).(map[string]any)[name] },
				set: func(in map[string]any, v any) { a.get(in).(map[string]any)[name] = v },
				del: func(in map[string]any) { delete(a.get(in).(map[string]any), name) },
			}
			all = append(all, changesAt(v[name], path+"."+name, member)...)
		}
	case []any:
		for i := range v {
			element := access{
				get: func(in map[string]any) any { return a.get(in).([]any)[i] },
				set: func(in map[string]any, v any) { a.get(in).([]any)[i] = v },
				del: func(in map[string]any) { a.set(in, slices.Delete(slices.Clone(a.get(in).([]any)), i, i+1)) },
			}
			all = append(all, changesAt(v[i], fmt.Sprintf("%s[%d]", path, i), element)...)
		}
	case string:
		if path == "containerDefinitions" {
			all = append(all, changesInside(v, path, a)...)
		}
	}
	return all
}

// changesInside changes one member of a JSON document.
func changesInside(document, path string, a access) []inputChange {
	var content any
	if json.Unmarshal([]byte(document), &content) != nil {
		return nil
	}
	inner := changesAt(content, path, access{
		get: func(in map[string]any) any { return in[""] },
		set: func(in map[string]any, v any) { in[""] = v },
		del: func(in map[string]any) { in[""] = nil },
	})
	for i, change := range inner {
		inner[i].apply = func(in map[string]any) {
			var fresh any
			if err := json.Unmarshal([]byte(document), &fresh); err != nil {
				panic(err) // it was read before
			}
			holder := map[string]any{"": fresh}
			change.apply(holder)
			changed, err := json.Marshal(holder[""])
			if err != nil {
				panic(err) // it was read from JSON
			}
			a.set(in, string(changed))
		}
	}
	return inner
}
