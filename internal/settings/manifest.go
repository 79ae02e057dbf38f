package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"gopkg.in/yaml.v3"
)

// manifest is what a project's file says of settings.
type manifest struct {
	document
	// name is the project's, the namespace of keys that have none.
	name string
	// extension is the file's, and so that of the stacks' settings files.
	extension string
	// stackDir is the directory of the settings files, relative to the
	// project's.
	stackDir string
	// defaults are the project's own settings, by the names that the file has.
	defaults map[string]projectSetting
	wrong    Errors
}

// projectSetting is a setting in a project's file: its type, and the value for
// stacks that have none.
type projectSetting struct {
	key config.Key
	// declared is the type that values must have; empty: any.
	declared string
	items    *itemsType
	secret   bool
	// value is nil where there is none.
	value any
	// at is the place of the key, and of the value, if there is one.
	at entry
}

// itemsType is the type of an array's elements.
type itemsType = workspace.ProjectConfigItemsType

// manifest reads the project's file as Pulumi does (LoadProject of its package
// workspace). Without a file the project has no settings of its own.
func (p Project) manifest() (*manifest, error) {
	m := &manifest{extension: ".yaml", defaults: map[string]projectSetting{}}
	for _, extension := range extensions {
		data, err := p.Files.ReadFile(p.file("Pulumi" + extension))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return m, fmt.Errorf("read the project: %w", err)
		}
		m.extension = extension
		d, err := parse(p.shown("Pulumi"+extension), data)
		if err != nil {
			return m, err
		}
		m.document = *d
		m.name, _ = d.raw["name"].(string)
		m.stackDir, _ = d.raw["stackConfigDir"].(string)
		switch config := d.raw["config"].(type) {
		case nil:
		case string: // the former name of stackConfigDir
			if m.stackDir != "" {
				m.wrong = d.wrong(d.config().value, "the directory of the settings files is given twice", "keep stackConfigDir")
			}
			m.stackDir = config
		case map[string]any:
			m.readDefaults(config)
		default:
			m.wrong = d.wrong(d.config().value, "config isn't a map of settings", "write config: {portico:mapping: {value: mapping.yaml}}")
		}
		return m, nil
	}
	return m, nil
}

// settingsFile is the path of a stack's settings file in the project. Pulumi writes
// a hyphen for each slash of the stack's name.
func (m *manifest) settingsFile(stack string) string {
	return path.Join(m.stackDir, "Pulumi."+strings.ReplaceAll(stack, "/", "-")+m.extension)
}

// readDefaults reads the project's settings.
func (m *manifest) readDefaults(written map[string]any) {
	at := entries(m.config().value)
	for _, name := range slices.Sorted(maps.Keys(written)) {
		key, err := parseKey(m.name, name)
		if err != nil {
			m.wrong = append(m.wrong, m.document.wrong(at[name].key, fmt.Sprintf("%s isn't the key of a setting", name), keyFix(name))...)
			continue
		}
		s := projectSetting{key: key, at: at[name]}
		value, err := rewritten(written[name])
		if err != nil {
			m.add(s, at[name].value, "it can't be read: "+err.Error(), "write text, numbers, true or false, lists and maps")
			continue
		}
		switch raw := value.(type) {
		case string, int, bool, []any:
			s.value = raw
		case map[string]any:
			if !m.readDeclaration(&s, raw) {
				continue
			}
		default:
			m.add(s, at[name].value, "it is neither text nor a whole number nor true or false", "write the value below value:")
			continue
		}
		m.defaults[name] = s
	}
}

// rewritten is a map or list as Pulumi has it: LoadProjectBytes of its package
// workspace writes the decoded file as YAML and decodes that, so that 1e3 is the
// whole number 1000. Scalars without a map are judged before that and stay.
func rewritten(raw any) (any, error) {
	switch raw.(type) {
	case map[string]any, []any:
	default:
		return raw, nil
	}
	data, err := yaml.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var again any
	if err := yaml.Unmarshal(data, &again); err != nil {
		return nil, err
	}
	return again, nil
}

// readDeclaration reads a setting that is written as a map: its type, and its
// value or default.
func (m *manifest) readDeclaration(s *projectSetting, raw map[string]any) bool {
	ours := s.key.Namespace() == m.name
	parts := entries(s.at.value)
	for _, part := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains([]string{"type", "items", "description", "secret", "default", "value"}, part) {
			m.add(*s, parts[part].key, "Pulumi takes a map in a project's file for the setting's type, which has no "+part,
				"write the setting's map below value:")
			return false
		}
	}
	s.declared, _ = raw["type"].(string)
	s.secret, _ = raw["secret"].(bool)
	if raw["items"] != nil {
		// An error here is one of the items' form, and no value suits them then.
		s.items = new(itemsType)
		_ = resolve(parts["items"].value).Decode(s.items)
	}
	switch {
	case raw["default"] != nil && raw["value"] != nil:
		m.add(*s, parts["default"].key, "it has both a value and a default", "keep value")
	case !ours && s.declared != "":
		m.add(*s, parts["type"].key, fmt.Sprintf("it has a type, and Pulumi takes types of the project's own settings only (%s:...)", m.name), "keep value alone")
	case !ours && raw["default"] != nil:
		m.add(*s, parts["default"].key, fmt.Sprintf("it has a default, and Pulumi takes defaults of the project's own settings only (%s:...)", m.name), "write value: instead of default:")
	case !ours && raw["value"] == nil:
		m.add(*s, s.at.key, "it has no value", "write value: with it")
	case s.declared == "array" && s.items == nil:
		m.add(*s, parts["type"].value, "it is an array of no type", "write items: {type: string}, or the elements' type")
	case s.declared != "" && raw["default"] != nil && !fits(raw["default"], s.declared, s.items):
		m.add(*s, parts["default"].value, "its default isn't of type "+s.declared, "write a value of that type")
	default:
		s.value = raw["value"]
		s.at.value = parts["value"].value
		if raw["default"] != nil {
			s.value, s.at.value = raw["default"], parts["default"].value
		}
		return true
	}
	return false
}

func (m *manifest) add(s projectSetting, n *yaml.Node, problem, fix string) {
	m.wrong = append(m.wrong, m.wrongKey(s.key, n, problem, fix))
}

// mergeInto adds the project's settings to those of a stack, as Pulumi does
// (mergeConfig of its package workspace): a name may be a path into a map. It
// returns those that it added. The mistakes are those for which Pulumi refuses
// to run the stack.
func (m *manifest) mergeInto(stack config.Map, name string) (added []projectSetting, wrong Errors) {
	for _, written := range slices.Sorted(maps.Keys(m.defaults)) {
		s := m.defaults[written]
		_, found, err := stack.Get(s.key, true)
		switch {
		case err != nil:
			wrong = append(wrong, m.wrongKey(s.key, s.at.key, "it isn't the path of a setting: "+err.Error(), "write a name, or name.member"))
		case found:
		case s.value == nil:
			if s.key.Namespace() == m.name {
				wrong = append(wrong, m.wrongKey(s.key, s.at.key, fmt.Sprintf("stack %s has no value, and the project no default", name), "set it in the stack's settings file"))
			}
		default:
			v, err := newValue(s.value)
			if err == nil {
				err = stack.Set(s.key, v, true)
			}
			if added = append(added, s); err != nil {
				wrong = append(wrong, m.wrongKey(s.key, s.at.key, "it can't be used: "+err.Error(), "write text, numbers, true or false, lists and maps"))
			}
		}
	}
	if len(wrong) > 0 {
		return added, wrong
	}
	for _, written := range slices.Sorted(maps.Keys(m.defaults)) {
		s := m.defaults[written]
		given, _, err := stack.Get(s.key, true)
		if problem := s.refuses(given); err == nil && problem != "" {
			wrong = append(wrong, m.wrongKey(s.key, s.at.key, fmt.Sprintf("the value of stack %s %s", name, problem), "correct the value, or take the type out"))
		}
	}
	return added, wrong
}

// locate gives values that come from the project's file their places in it.
func (m *manifest) locate(values map[string]*value, added []projectSetting) {
	for _, s := range added {
		steps, err := resource.ParsePropertyPathStrict(s.key.Name())
		if err != nil || len(steps) == 0 {
			continue
		}
		root, _ := steps[0].(string)
		if v := values[root].at(steps[1:]); v != nil {
			v.locateEntry(m.file, s.at)
		}
	}
}

// refuses says why a stack's value doesn't suit the declared type; empty: it
// does.
func (s projectSetting) refuses(given config.Value) string {
	if s.declared == "" {
		return ""
	}
	if s.secret && !given.Secure() {
		return "has to be a secret: the project declares it so"
	}
	if given.Secure() {
		return "" // it isn't known
	}
	content, err := given.ToObject()
	if err != nil || !fits(content, s.declared, s.items) {
		return "isn't of the type that the project declares, " + s.declared
	}
	return ""
}

// fits reports whether Pulumi takes a value as one of a declared type.
func fits(v any, declared string, items *itemsType) bool {
	return workspace.ValidateConfigValue(declared, items, v)
}
