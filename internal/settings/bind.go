package settings

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Unknown is the text of settings that are secrets of a file, of which only the
// engine knows the value.
const Unknown = "[secret]"

// bindMembers sets the fields of a struct, whose `config` tags name the keys.
// path is the struct's own; empty: its keys are Portico's outermost.
func (m *mistakes) bindMembers(fields reflect.Value, path string, members map[string]*value) {
	known := fieldsByKey(fields)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		v, key := members[name], name
		if path != "" {
			key = path + "." + name
		}
		if field, ok := known[name]; ok {
			m.bind(field, key, v)
			continue
		}
		if v.keyAt.File != "" {
			m.places[key] = v.keyAt
		}
		m.unknown(key, name, known)
	}
}

// bind sets a field, or adds a mistake. Text that is JSON of the field's kind
// counts as such, since Pulumi writes text for every kind.
func (m *mistakes) bind(field reflect.Value, key string, v *value) {
	if at := v.place(); at.File != "" {
		m.places[key] = at
	}
	if v.kind == text && v.text == "" && field.Kind() == reflect.String {
		return // Pulumi's text for no value
	}
	m.given[key] = true
	if v.kind == secret {
		m.unread = append(m.unread, key)
		if field.Kind() == reflect.String {
			field.SetString(Unknown)
		}
		return
	}
	if field.Kind() == reflect.Pointer {
		element := reflect.New(field.Type().Elem())
		before := len(m.all)
		if m.bind(element.Elem(), key, v); len(m.all) == before {
			field.Set(element)
		}
		return
	}
	if v.kind == text && field.Kind() != reflect.String {
		if parsed, err := parseJSON([]byte(v.text)); err == nil && parsed.kind != text {
			parsed.valueAt, parsed.keyAt = v.valueAt, v.keyAt
			v = parsed
		}
	}
	var fits bool
	switch field.Kind() {
	case reflect.String:
		fits = m.bindText(field, key, v)
	case reflect.Bool:
		if fits = v.kind == boolean; fits {
			field.SetBool(v.text == "true")
		}
	case reflect.Int:
		fits = m.bindNumber(field, key, v)
	case reflect.Slice:
		if fits = v.kind == list; fits {
			elements := reflect.MakeSlice(field.Type(), len(v.list), len(v.list))
			for i, element := range v.list {
				m.bind(elements.Index(i), fmt.Sprintf("%s[%d]", key, i), element)
			}
			field.Set(elements)
		}
	case reflect.Struct:
		if fits = v.kind == object; fits {
			m.bindMembers(field, key, v.members)
		}
	case reflect.Map:
		if fits = v.kind == object; fits {
			m.bindTexts(field, key, v.members)
		}
	default:
		panic("settings: no setting is of kind " + field.Kind().String())
	}
	if !fits {
		wanted := kindName(field.Type())
		m.wrongKind(key, fmt.Sprintf("%s is not %s", v.describe(), wanted), "write "+wanted)
	}
}

// bindTexts sets a map of texts, whose keys are free.
func (m *mistakes) bindTexts(field reflect.Value, key string, members map[string]*value) {
	texts := reflect.MakeMap(field.Type())
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text := reflect.New(field.Type().Elem()).Elem()
		m.bind(text, key+"."+name, members[name])
		texts.SetMapIndex(reflect.ValueOf(name), text)
	}
	field.Set(texts)
}

// bindText sets a text. A number or a truth value is text too if it reads back
// as it is written: `pulumi config set --path` writes 111111111111 for an
// account's number.
func (m *mistakes) bindText(field reflect.Value, key string, v *value) bool {
	switch v.kind {
	case text:
		field.SetString(v.text)
	case number, boolean:
		if v.written != "" && v.written != v.text {
			m.wrongKind(key, fmt.Sprintf("%s is not text: without quotes YAML reads it as %s", v.written, v.text),
				fmt.Sprintf("write it in quotes: %q", v.written))
			return true
		}
		field.SetString(v.text)
	default:
		return false
	}
	return true
}

// octal matches numbers that people take for decimal and YAML 1.1 for octal.
var octal = regexp.MustCompile(`^[-+]?0[0-9_]+$`)

func (m *mistakes) bindNumber(field reflect.Value, key string, v *value) bool {
	if v.kind != number {
		return false
	}
	if v.plain && octal.MatchString(v.written) {
		m.wrongKind(key, fmt.Sprintf("%s begins with 0, and YAML reads it as %s", v.written, v.text),
			fmt.Sprintf("write %s, or %s", strings.TrimLeft(v.written, "+-0_"), v.text))
		return true
	}
	n, err := strconv.Atoi(v.text)
	if err != nil {
		return false
	}
	field.SetInt(int64(n))
	return true
}

// referenceVariables are the keys for the variables of the reference
// implementation.
var referenceVariables = map[string]string{
	"APP_ENVIRONMENT":             "app.environment",
	"APP_NAME":                    "app.name",
	"CREATE_VPC":                  "network.create",
	"VPC_CIDR":                    "network.cidr",
	"PUBLIC_SUBNETS":              "network.publicSubnets",
	"EXTERNAL_VPC_ID":             "network.vpcId",
	"EXTERNAL_PRIVATE_SUBNETS_ID": "network.subnetIds",
	"EXTERNAL_ALB_SG_ID":          "securityGroups.loadBalancerId",
	"EXTERNAL_ENDPOINT_SG_ID":     "securityGroups.endpointId",
	"EXTERNAL_FARGATE_SG_ID":      "securityGroups.tasksId",
	"ELB_TYPE":                    "loadBalancer.type",
	"TASK_IMAGE":                  "image.uri (prebuilt) or image.base",
	"TASK_IMAGE_TAG":              "image.uri (prebuilt) or image.base, with the tag",
	"TASK_SCALE_CPU_PCT":          "task.cpuPercent",
	"TASK_SCALE_MIN":              "task.min",
	"TASK_SCALE_MAX":              "task.max",
	"TASK_PLATFORM":               "task.architecture",
	"PROXY_CONFIG_PATH":           "mapping",
}

func (m *mistakes) unknown(key, name string, known map[string]reflect.Value) {
	const problem = "unknown key"
	if ours, ok := referenceVariables[strings.ToUpper(name)]; ok {
		m.add(key, "a variable of the reference implementation", "write "+Namespace+":"+ours)
		return
	}
	if nearest := nearestKey(name, known); nearest != "" {
		m.add(key, problem, "did you mean "+nearest+"?")
		return
	}
	m.add(key, problem, "the keys are "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// nearestKey is the known key that an unknown one most likely means: one that
// begins with it, or else the one with the fewest letters changed.
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

// fieldsByKey are the fields of a struct by the keys of their `config` tags.
func fieldsByKey(fields reflect.Value) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for i := range fields.NumField() {
		if key := fields.Type().Field(i).Tag.Get("config"); key != "" {
			all[key] = fields.Field(i)
		}
	}
	return all
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
	case reflect.Map:
		return "a map of text"
	case reflect.Struct:
		keys := slices.Sorted(maps.Keys(fieldsByKey(reflect.New(t).Elem())))
		return "a map of " + strings.Join(keys, ", ")
	default:
		return "text (in quotes where it looks like a number)"
	}
}
