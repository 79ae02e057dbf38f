package settings

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

// values are the settings of a stack by name, without Portico's namespace.
type values struct {
	// file is the stack's settings file, for messages.
	file string
	of   map[string]*value
	// incomplete reports that the stack's file names environments of Pulumi
	// ESC, which may have more values.
	incomplete bool
}

// effective are the values that Pulumi would hand to the program, but for what
// an environment of Pulumi ESC adds. Mistakes in single values are errors of
// type Errors beside the others' values; there are none of a file that can't be
// read.
func (s Source) effective() (values, error) {
	m, err := s.manifest()
	name := m.settingsFile(s.Stack)
	result := values{file: s.shown(name)}
	if err != nil {
		return result, err
	}
	stack, err := s.stackFile(name, m)
	if err != nil {
		return result, err
	}
	merged := maps.Clone(stack.config)
	added, refused := m.mergeInto(merged, s.Stack)
	if result.of, err = valuesOf(merged, stack); err != nil {
		return result, err
	}
	m.locate(result.of, added)
	result.incomplete = stack.environments
	if wrong := slices.Concat(m.wrong, stack.wrong, refused, m.refuseIgnored(merged, stack)); len(wrong) > 0 {
		return result, wrong
	}
	return result, nil
}

// valuesOf are the values of Portico's keys, with the places of those that the
// stack's file has.
func valuesOf(settings config.Map, stack *stackFile) (map[string]*value, error) {
	all := map[string]*value{}
	for key, v := range settings {
		if key.Namespace() != Namespace {
			continue
		}
		data, err := v.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("read setting %s: %w", key, err)
		}
		read, err := parseJSON(data)
		if err != nil {
			return nil, fmt.Errorf("read setting %s: %w", key, err)
		}
		if at, ok := stack.entries[key]; ok {
			read.locateEntry(stack.file, at)
		}
		all[key.Name()] = read
	}
	return all, nil
}

// stackFile is what a stack's settings file has.
type stackFile struct {
	file    string
	config  config.Map
	entries map[config.Key]entry
	// environments reports that the file names environments of Pulumi ESC.
	environments bool
	wrong        Errors
}

// stackFile reads a stack's settings file as Pulumi does (LoadProjectStack of
// its package workspace): keys without a namespace are of the project's.
func (s Source) stackFile(name string, m *manifest) (*stackFile, error) {
	f := &stackFile{file: s.shown(name), config: config.Map{}, entries: map[config.Key]entry{}}
	data, err := s.Files.ReadFile(s.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		if misplaced := s.misplaced(m); misplaced != "" {
			return f, Errors{{Position: Position{File: s.shown(misplaced)},
				Problem: fmt.Sprintf("Pulumi doesn't read it: the settings of stack %s are in %s", s.Stack, s.shown(name)),
				Fix:     "rename the file"}}
		}
		return f, fmt.Errorf("read settings %s: %w", f.file, fs.ErrNotExist)
	}
	if err != nil {
		return f, fmt.Errorf("read settings: %w", err)
	}
	d, err := parse(f.file, data)
	if err != nil || d.raw == nil {
		return f, err
	}
	f.environments = d.raw["environment"] != nil
	written, isMap := d.raw["config"].(map[string]any)
	if !isMap {
		if d.raw["config"] == nil {
			return f, nil
		}
		return f, d.wrong(d.config().value, "config isn't a map of settings", "write config: {portico:mapping: mapping.yaml}")
	}
	at := entries(d.config().value)
	byPlace := func(a, b string) int {
		lineA, columnA := at[a].place()
		lineB, columnB := at[b].place()
		return cmp.Or(cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB), cmp.Compare(a, b))
	}
	for _, name := range slices.SortedFunc(maps.Keys(written), byPlace) {
		key, err := parseKey(m.name, name)
		if err != nil {
			f.wrong = append(f.wrong, d.wrong(at[name].key, fmt.Sprintf("%s isn't the key of a setting", name), keyFix(name))...)
			continue
		}
		if other, twice := f.entries[key]; twice {
			line, _ := other.place()
			f.wrong = append(f.wrong, d.wrongKey(key, at[name].key, fmt.Sprintf("it is given twice, also in line %d", line), "take one out"))
			continue
		}
		v, err := decodeValue(written[name])
		if err != nil {
			f.wrong = append(f.wrong, d.wrongKey(key, at[name].value, "it can't be read: "+err.Error(), "write text, numbers, true or false, lists and maps"))
			continue
		}
		f.config[key], f.entries[key] = v, at[name]
	}
	return f, nil
}

// misplaced is a file that looks like the stack's settings file and that Pulumi
// doesn't read, because of its extension or its directory; empty: there is none.
func (s Source) misplaced(m *manifest) string {
	for _, dir := range []string{m.stackDir, ""} {
		entries, err := s.entries(dir)
		if err != nil {
			continue
		}
		for _, extension := range extensions {
			name := "Pulumi." + s.Stack + extension
			if slices.Contains(entries, name) && (extension != m.extension || dir != m.stackDir) {
				return path.Join(dir, name)
			}
		}
	}
	return ""
}

// parseKey is the key that a name in a file of a project means.
func parseKey(project, name string) (config.Key, error) {
	if strings.Contains(name, ":") {
		return config.ParseKey(name)
	}
	return config.MustMakeKey(project, name), nil
}

// keyFix says what to write instead of a key that isn't one.
func keyFix(name string) string {
	parts := strings.Split(name, ":")
	if len(parts) > 2 && parts[0] == Namespace {
		return fmt.Sprintf("write %s:%s with a map of %s", parts[0], parts[1], strings.Join(parts[2:], ", "))
	}
	return "write namespace:name"
}

// decodeValue is a setting's value as Pulumi keeps it: it writes the decoded
// file as YAML and reads that again.
func decodeValue(raw any) (config.Value, error) {
	var v config.Value
	data, err := yaml.Marshal(raw)
	if err != nil {
		return v, err
	}
	return v, yaml.Unmarshal(data, &v)
}

// newValue is the value that Pulumi makes of a default of a project's file
// (createConfigValue of its package workspace).
func newValue(raw any) (config.Value, error) {
	switch raw.(type) {
	case string, int, bool:
		return config.NewValue(fmt.Sprint(raw)), nil
	}
	simple, err := simplify(raw)
	if err != nil {
		return config.Value{}, err
	}
	data, err := json.Marshal(simple)
	return config.NewObjectValue(string(data)), err
}
