package accounts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"
)

// namespace is what Portico's configuration keys begin with, in every project.
const namespace = "portico:"

// configSource reads a stack's configuration into a struct, whose fields'
// `config` tags name the keys. Kinds must be right and keys known; what the
// values mean is checked afterwards.
type configSource struct {
	*mistakes
	lookup func(key string) (string, bool)
	// keys are those that the settings file has, where there is one: Pulumi
	// tells a program the value of a key that it asks for, and nothing of
	// others.
	keys []string
}

func newConfigSource(ctx *pulumi.Context, dir string) (*configSource, error) {
	file := "Pulumi." + ctx.Stack() + ".yaml"
	keys, err := settingsKeys(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	return &configSource{
		mistakes: &mistakes{file: file},
		lookup:   func(key string) (string, bool) { return ctx.GetConfig(namespace + key) },
		keys:     keys,
	}, nil
}

// settingsKeys are the keys of Portico's namespace in a settings file; none
// when there is no such file, as under the Automation API.
func settingsKeys(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read stack settings: %w", err)
	}
	var settings struct {
		Config map[string]yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("read stack settings %s: %w", path, err)
	}
	var keys []string
	for key := range settings.Config {
		if name, ours := strings.CutPrefix(key, namespace); ours {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// read fills target, a pointer to a struct.
func (s *configSource) read(target any) {
	value := reflect.ValueOf(target).Elem()
	known := fieldsByKey(value)
	for _, key := range s.keys {
		if _, ok := known[key]; !ok {
			s.unknown(key, key, known)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		text, set := s.lookup(key)
		if !set {
			continue
		}
		field := known[key]
		if isString(field.Type()) {
			s.assign(field, key, text)
			continue
		}
		parsed, err := parseJSON(text)
		if err != nil {
			s.wrongKind(key, fmt.Sprintf("%q is not %s", text, kindName(field.Type())), "write "+kindName(field.Type()))
			continue
		}
		s.assign(field, key, parsed)
	}
}

func parseJSON(text string) (any, error) {
	decoder := json.NewDecoder(bytes.NewBufferString(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return value, nil
}

// assign sets a field from a decoded value, or adds a mistake.
func (s *configSource) assign(field reflect.Value, key string, value any) {
	if field.Kind() == reflect.Pointer {
		element := reflect.New(field.Type().Elem())
		s.assign(element.Elem(), key, value)
		field.Set(element)
		return
	}
	fits := false
	switch field.Kind() {
	case reflect.String:
		var text string
		if text, fits = value.(string); fits {
			field.SetString(text)
		}
	case reflect.Bool:
		var truth bool
		if truth, fits = value.(bool); fits {
			field.SetBool(truth)
		}
	case reflect.Int:
		if number, isNumber := value.(json.Number); isNumber {
			n, err := strconv.Atoi(number.String())
			field.SetInt(int64(n))
			fits = err == nil
		}
	case reflect.Slice:
		var list []any
		if list, fits = value.([]any); fits {
			s.assignList(field, key, list)
		}
	case reflect.Struct:
		var members map[string]any
		if members, fits = value.(map[string]any); fits {
			s.assignMembers(field, key, members)
		}
	default:
		panic("accounts: no configuration is of kind " + field.Kind().String())
	}
	if !fits {
		s.wrongKind(key, fmt.Sprintf("%s is not %s", describe(value), kindName(field.Type())), "write "+kindName(field.Type()))
	}
}

func (s *configSource) assignList(field reflect.Value, key string, list []any) {
	elements := reflect.MakeSlice(field.Type(), len(list), len(list))
	for i, element := range list {
		s.assign(elements.Index(i), fmt.Sprintf("%s[%d]", key, i), element)
	}
	field.Set(elements)
}

func (s *configSource) assignMembers(field reflect.Value, key string, members map[string]any) {
	known := fieldsByKey(field)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if member, ok := known[name]; ok {
			s.assign(member, key+"."+name, members[name])
		} else {
			s.unknown(key+"."+name, name, known)
		}
	}
}

func (s *configSource) unknown(key, name string, known map[string]reflect.Value) {
	const problem = "unknown key"
	if ours, ok := referenceVariables[strings.ToUpper(name)]; ok {
		s.add(key, "a variable of the reference implementation", "write "+namespace+ours)
		return
	}
	if nearest := nearestKey(name, known); nearest != "" {
		s.add(key, problem, "did you mean "+nearest+"?")
		return
	}
	s.add(key, problem, "the keys are "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// nearestKey is the known key that an unknown one most likely stands for: one
// that begins with it, or else the one with the fewest letters changed.
func nearestKey(name string, known map[string]reflect.Value) string {
	name = strings.ToLower(name)
	nearest, distance := "", 2+len(name)/3
	for _, key := range slices.Sorted(maps.Keys(known)) {
		lower := strings.ToLower(key)
		if len(name) > 2 && strings.HasPrefix(lower, name) {
			return key
		}
		if d := levenshtein.ComputeDistance(name, lower); d < distance {
			nearest, distance = key, d
		}
	}
	return nearest
}

func fieldsByKey(value reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range value.NumField() {
		if key := value.Type().Field(i).Tag.Get("config"); key != "" {
			fields[key] = value.Field(i)
		}
	}
	return fields
}

func isString(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.String
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindName(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		keys := slices.Sorted(maps.Keys(fieldsByKey(reflect.New(t).Elem())))
		return "a map of " + strings.Join(keys, ", ")
	default:
		return "text (in quotes where it looks like a number)"
	}
}

func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return strconv.Quote(v)
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	default:
		return fmt.Sprint(v)
	}
}
