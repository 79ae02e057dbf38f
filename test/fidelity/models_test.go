package fidelity

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// shape is one of botocore's: the form of a value in a service's API.
type shape struct {
	Type     string
	Members  map[string]struct{ Shape string }
	Required []string
	Member   struct{ Shape string }
	Key      struct{ Shape string }
	Value    struct{ Shape string }
	Min, Max *float64
	Pattern  string
	Enum     []string
}

// model is a service's.
type model struct {
	Operations map[string]struct{ Input, Output struct{ Shape string } }
	Shapes     map[string]*shape
}

// pythonBase is the tree that python-base makes, or skips the test where it
// cannot be made.
func pythonBase(t *testing.T) string {
	t.Helper()
	tree, err := baseTree()
	if err != nil {
		t.Skipf("botocore and Moto of Debian's forky are needed: %v", err)
	}
	return tree
}

var baseTree = sync.OnceValues(func() (string, error) {
	output, err := exec.Command("./python-base").Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return "", fmt.Errorf("test/fidelity/python-base: %w: %s", err, exit.Stderr)
	}
	return strings.TrimSpace(string(output)), err
})

// models are botocore's, read as they are asked for.
type models struct {
	dir    string
	loaded map[string]*model
}

func loadModels(t *testing.T) *models {
	return &models{filepath.Join(pythonBase(t), "usr/lib/python3/dist-packages/botocore/data"), map[string]*model{}}
}

// service is the newest model of a service.
func (m *models) service(t *testing.T, name string) *model {
	t.Helper()
	if m.loaded[name] == nil {
		versions, err := filepath.Glob(filepath.Join(m.dir, name, "*", "service-2.json"))
		require.NoError(t, err)
		require.NotEmpty(t, versions, "botocore has no model of %s", name)
		data, err := os.ReadFile(slices.Max(versions))
		require.NoError(t, err)
		loaded := new(model)
		require.NoError(t, json.Unmarshal(data, loaded))
		m.loaded[name] = loaded
	}
	return m.loaded[name]
}

// input is an operation's model and the shape of its parameters.
func (m *models) input(t *testing.T, operation string) (*model, string) {
	t.Helper()
	service, name, _ := strings.Cut(operation, ".")
	api := m.service(t, service)
	require.Contains(t, api.Operations, name, "%s has no such operation", service)
	return api, api.Operations[name].Input.Shape
}

// refusals is what the model says against a value, and the value in the form in
// which the provider sends it: numbers and texts are turned into each other as
// the shape demands.
func (m *model) refusals(name string, v any, path string) (any, []string) {
	s := m.Shapes[name]
	refuse := func(format string, args ...any) (any, []string) {
		return v, []string{path + ": " + fmt.Sprintf(format, args...)}
	}
	switch s.Type {
	case "structure":
		return m.structure(s, v, path)
	case "list":
		list, ok := v.([]any)
		if !ok {
			return refuse("%v is no list", v)
		}
		var all []string
		for i := range list {
			sent, more := m.refusals(s.Member.Shape, list[i], fmt.Sprintf("%s[%d]", path, i))
			list[i], all = sent, append(all, more...)
		}
		return list, append(all, s.bounds(path, float64(len(list)), "elements")...)
	case "map":
		object, ok := v.(map[string]any)
		if !ok {
			return refuse("%v is no map", v)
		}
		var all []string
		for _, key := range slices.Sorted(maps.Keys(object)) {
			_, more := m.refusals(s.Key.Shape, key, path+"."+key)
			all = append(all, more...)
			object[key], more = m.refusals(s.Value.Shape, object[key], path+"."+key)
			all = append(all, more...)
		}
		return object, append(all, s.bounds(path, float64(len(object)), "entries")...)
	case "string":
		switch typed := v.(type) {
		case float64:
			v = strconv.FormatFloat(typed, 'f', -1, 64)
		case bool:
			v = strconv.FormatBool(typed)
		}
		text, ok := v.(string)
		if !ok {
			return refuse("%v is no text", v)
		}
		return text, s.text(path, text)
	case "integer", "long", "float", "double":
		if text, ok := v.(string); ok {
			if number, err := strconv.ParseFloat(text, 64); err == nil {
				v = number
			}
		}
		number, ok := v.(float64)
		if !ok || (s.Type == "integer" || s.Type == "long") && number != math.Trunc(number) {
			return refuse("%v is no %s", v, s.Type)
		}
		return number, s.bounds(path, number, "")
	case "boolean":
		if v == "true" || v == "false" {
			v = v == "true"
		}
		if _, ok := v.(bool); !ok {
			return refuse("%v is no boolean", v)
		}
	case "blob":
		if text, ok := v.(string); !ok {
			return refuse("%v is no text", v)
		} else {
			return v, s.bounds(path, float64(len(text)), "bytes")
		}
	}
	return v, nil
}

func (m *model) structure(s *shape, v any, path string) (any, []string) {
	object, ok := v.(map[string]any)
	if !ok {
		return v, []string{fmt.Sprintf("%s: %v is no structure", path, v)}
	}
	var all []string
	for _, name := range s.Required {
		if object[name] == nil {
			all = append(all, path+"."+name+": is required")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		member, known := s.Members[name]
		if !known {
			all = append(all, path+"."+name+": no such member")
			continue
		}
		sent, more := m.refusals(member.Shape, object[name], path+"."+name)
		object[name], all = sent, append(all, more...)
	}
	return object, all
}

// text holds a text to length, pattern and enumeration.
func (s *shape) text(path, text string) []string {
	all := s.bounds(path, float64(utf8.RuneCountInString(text)), "characters")
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		all = append(all, fmt.Sprintf("%s: %q is not one of %v", path, text, s.Enum))
	}
	if re := patternOf(s.Pattern); re != nil && !re.MatchString(text) {
		all = append(all, fmt.Sprintf("%s: %q does not match %s", path, text, s.Pattern))
	}
	return all
}

func (s *shape) bounds(path string, n float64, of string) []string {
	if s.Min != nil && n < *s.Min {
		return []string{fmt.Sprintf("%s: %v %s, at least %v", path, n, of, *s.Min)}
	}
	if s.Max != nil && n > *s.Max {
		return []string{fmt.Sprintf("%s: %v %s, at most %v", path, n, of, *s.Max)}
	}
	return nil
}

var (
	unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
	surrogates    = regexp.MustCompile(`\\x\{[dD][89abAB][0-9A-Fa-f]{2}\}-?\\x\{[dD][c-fC-F][0-9A-Fa-f]{2}\}(-\\x\{[dD][89abAB][0-9A-Fa-f]{2}\}\\x\{[dD][c-fC-F][0-9A-Fa-f]{2}\})?`)
	patterns      = map[string]*regexp.Regexp{}
)

// patternOf is a pattern of the models, which are Java's, for a whole text; nil
// where Go knows no such expression.
func patternOf(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	re, known := patterns[pattern]
	if !known {
		form := unicodeEscape.ReplaceAllString(pattern, `\x{$1}`)
		form = surrogates.ReplaceAllString(form, `\x{10000}-\x{10FFFF}`)
		re, _ = regexp.Compile(`^(?:` + form + `)$`)
		patterns[pattern] = re
	}
	return re
}
