package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// Object is a resource's properties, named as in Pulumi's SDK (camelCase).
// Values are what encoding/json decodes to: string, float64, bool, nil, []any
// and map[string]any. In previews a value may be unknown.
type Object map[string]any

// Unknown is the value of a property that is only known once something has
// been created. It occurs in previews and is never stored.
type Unknown struct{}

// Known reports whether the property's value, with all that is in it, is known.
// An absent property is known to be absent.
func (o Object) Known(name string) bool { return !ContainsUnknown(o[name]) }

// Has reports whether the property is set to a known value other than null.
func (o Object) Has(name string) bool { return o[name] != nil && o[name] != Unknown{} }

// Text is the property's string, or "" when it is absent, unknown or of
// another kind.
func (o Object) Text(name string) string { s, _ := o[name].(string); return s }

// Flag is the property's boolean, or false.
func (o Object) Flag(name string) bool { b, _ := o[name].(bool); return b }

// Number is the property's integer, or 0.
func (o Object) Number(name string) int { f, _ := o[name].(float64); return int(f) }

// Texts is the known strings of a list property.
func (o Object) Texts(name string) []string {
	list, _ := o[name].([]any)
	texts := make([]string, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// Object is a nested object, or nil.
func (o Object) Object(name string) Object { return AsObject(o[name]) }

// Objects is the known objects of a list property.
func (o Object) Objects(name string) []Object {
	list, _ := o[name].([]any)
	objects := make([]Object, 0, len(list))
	for _, v := range list {
		if object := AsObject(v); object != nil {
			objects = append(objects, object)
		}
	}
	return objects
}

// Clone is a deep copy.
func (o Object) Clone() Object {
	clone, _ := CloneValue(map[string]any(o)).(map[string]any)
	return clone
}

// CloneValue is a deep copy of a value.
func CloneValue(v any) any {
	switch v := v.(type) {
	case Object:
		return CloneValue(map[string]any(v))
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, value := range v {
			m[name] = CloneValue(value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = CloneValue(v[i])
		}
		return list
	case []string:
		return List(v...)
	case int:
		return float64(v)
	}
	return v
}

// AsObject is a value that is a map; nil: it is none.
func AsObject(v any) Object {
	switch v := v.(type) {
	case Object:
		return v
	case map[string]any:
		return v
	}
	return nil
}

// List is a list property of strings.
func List(texts ...string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}

// ContainsUnknown reports whether a value is unknown, or holds one that is.
func ContainsUnknown(v any) bool {
	switch v := v.(type) {
	case Unknown:
		return true
	case []any:
		return slices.ContainsFunc(v, ContainsUnknown)
	case Object:
		return ContainsUnknown(map[string]any(v))
	case map[string]any:
		for _, value := range v {
			if ContainsUnknown(value) {
				return true
			}
		}
	}
	return false
}

// SortedNames is the property names in order, for messages and loops whose
// order shows.
func (o Object) SortedNames() []string { return slices.Sorted(maps.Keys(o)) }

// decode reads properties as the engine sends them. Secrets arrive unwrapped:
// like the real provider, this one does not accept secrets, and the engine
// marks the outputs of secret inputs itself.
func decode(s *structpb.Struct) (Object, error) {
	properties, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, RejectAssets: true})
	if err != nil {
		return nil, fmt.Errorf("decode properties: %w", err)
	}
	return properties.MapRepl(nil, plainValue), nil
}

// plainValue is a value that has no JSON form of its own: what is not known, and
// what wraps another.
func plainValue(v resource.PropertyValue) (any, bool) {
	switch {
	case v.IsComputed(), v.IsOutput() && !v.OutputValue().Known:
		return Unknown{}, true
	case v.IsOutput():
		return v.OutputValue().Element.MapRepl(nil, plainValue), true
	case v.IsSecret():
		return v.SecretValue().Element.MapRepl(nil, plainValue), true
	}
	return nil, false
}

// encode writes properties as the engine reads them.
func encode(o Object) (*structpb.Struct, error) {
	properties := resource.NewPropertyMapFromMapRepl(o, nil, func(v any) (resource.PropertyValue, bool) {
		return resource.MakeComputed(resource.NewStringProperty("")), v == Unknown{}
	})
	maps.DeleteFunc(properties, func(_ resource.PropertyKey, v resource.PropertyValue) bool { return v.IsNull() })
	s, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, fmt.Errorf("encode properties: %w", err)
	}
	return s, nil
}

// With is a copy of an object with one more property.
func With(o map[string]any, name string, value any) map[string]any {
	m := Object(o).Clone()
	m[name] = value
	return m
}

// MarshalPlain is JSON without HTML's escapes, which AWS doesn't write.
func MarshalPlain(v any) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", fmt.Errorf("encode JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
