package engine

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/agnivade/levenshtein"
)

// InputFields is the fields of a resource's or provider's args struct, for
// example ec2.VpcArgs{}. Pulumi's generated ElementType leads to the plain
// struct behind it, whose tags and kinds are the provider's schema: a field
// that is neither pointer, slice nor map must be given.
func InputFields(args any) map[string]reflect.Type {
	if typed, ok := args.(interface{ ElementType() reflect.Type }); ok {
		return FieldsOf(typed.ElementType())
	}
	return FieldsOf(reflect.TypeOf(args))
}

// outputFields is the fields of a resource struct, for example ec2.Vpc{}.
func outputFields(state any) map[string]reflect.Type {
	fields := FieldsOf(reflect.TypeOf(state))
	for name, t := range fields {
		output, ok := reflect.Zero(t).Interface().(interface{ ElementType() reflect.Type })
		if ok {
			fields[name] = output.ElementType()
		}
	}
	return fields
}

// FieldsOf are the types of a struct's fields, by the names that Pulumi gives them.
func FieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("pulumi"), ","); name != "" {
			fields[name] = t.Field(i).Type
		}
	}
	return fields
}

func requiredKind(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	}
	return true
}

// schemaProblems reports properties that the fields don't name, values of
// another kind and required properties that are absent, at every depth.
func schemaProblems(fields map[string]reflect.Type, o Object, within string) []Problem {
	var problems []Problem
	for _, name := range o.SortedNames() {
		at := within + name
		if strings.HasPrefix(name, "__") {
			continue
		}
		t, ok := fields[name]
		if !ok {
			problems = append(problems, Problem{at, fmt.Sprintf("no such property%s", Suggestion(fields, name))})
			continue
		}
		problems = append(problems, kindProblems(t, o[name], at)...)
	}
	for name, t := range fields {
		if requiredKind(t) && o[name] == nil {
			problems = append(problems, Problem{within + name, "is required"})
		}
	}
	return problems
}

func kindProblems(t reflect.Type, v any, at string) []Problem {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if v == nil || v == (Unknown{}) {
		return nil
	}
	mismatch := func(kind string) []Problem {
		return []Problem{{at, fmt.Sprintf("want %s, not %s", kind, kindName(v))}}
	}
	switch t.Kind() {
	case reflect.String:
		if _, ok := v.(string); !ok {
			return mismatch("a string")
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			return mismatch("a boolean")
		}
	case reflect.Int, reflect.Float64:
		if f, ok := v.(float64); !ok || (t.Kind() == reflect.Int && f != float64(int(f))) {
			return mismatch("a whole number")
		}
	case reflect.Slice:
		elements, ok := v.([]any)
		if !ok {
			return mismatch("a list")
		}
		var problems []Problem
		for i := range elements {
			if elements[i] == nil { // "Null value found in list", says the provider's SDK.
				problems = append(problems, Problem{fmt.Sprintf("%s[%d]", at, i), "is null; a list has none"})
			}
			problems = append(problems, kindProblems(t.Elem(), elements[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
		return problems
	case reflect.Map:
		o := AsObject(v)
		if o == nil {
			return mismatch("an object")
		}
		var problems []Problem
		for _, name := range o.SortedNames() {
			problems = append(problems, kindProblems(t.Elem(), o[name], at+"."+name)...)
		}
		return problems
	case reflect.Struct:
		o := AsObject(v)
		if o == nil {
			return mismatch("an object")
		}
		return schemaProblems(FieldsOf(t), o, at+".")
	}
	return nil
}

func kindName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}

// Suggestion names the field that an unknown one may be meant for.
func Suggestion(fields map[string]reflect.Type, name string) string {
	best, distance := "", 4
	for known := range fields {
		if d := levenshtein.ComputeDistance(name, known); d < distance || (d == distance && known < best) {
			best, distance = known, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
