package settings

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Written is a value that a file of a project has, whether Portico reads it or
// Pulumi does. It can be shown to anyone: no text of a secret is in it.
type Written struct {
	// Key is the path of the value: "runtime", "portico:network.cidr",
	// "portico:certificates.zones[example.com].roleArn".
	Key string
	// Text is the value; a list of plain values is one text. Empty for a secret.
	Text string
	// Kind is "text", "number", "true or false", "list", "map", "nothing" or
	// "secret".
	Kind string
	// Digest tells values apart, secrets too. It is of the file's text, so that a
	// secret that was encrypted again has another one.
	Digest [sha256.Size]byte
}

// WrittenFile is the values of one file.
type WrittenFile struct {
	// Name is the file's path in Files. Empty: there is no such file.
	Name   string
	Values []Written
}

// WrittenManifest are the values of the project's own file, Pulumi.yaml.
func (p Project) WrittenManifest() (WrittenFile, error) {
	m, err := p.manifest()
	if err != nil || m.file == "" {
		return WrittenFile{}, err
	}
	return WrittenFile{p.file("Pulumi" + m.extension), written(m.name, m.raw, true)}, nil
}

// WrittenStack are the values of the stack's settings file.
func (s Source) WrittenStack() (WrittenFile, error) {
	m, err := s.manifest()
	if err != nil {
		return WrittenFile{}, err
	}
	name := m.settingsFile(s.Stack)
	data, err := s.Files.ReadFile(s.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return WrittenFile{}, nil
	}
	if err != nil {
		return WrittenFile{}, fmt.Errorf("read settings: %w", err)
	}
	d, err := parse(s.shown(name), data)
	if err != nil {
		return WrittenFile{}, err
	}
	return WrittenFile{s.file(name), written(m.name, d.raw, false)}, nil
}

// writer takes the values of a file apart.
type writer struct {
	project string
	values  []Written
}

// written are the values of a project's file, its manifest or a stack's settings,
// by their keys.
func written(project string, members map[string]any, manifest bool) []Written {
	w := &writer{project: project}
	for key, raw := range members {
		if settings, isMap := raw.(map[string]any); isMap && key == "config" {
			w.config(settings, manifest)
			continue
		}
		w.add(key, raw, false)
	}
	slices.SortFunc(w.values, func(a, b Written) int { return compareKeys(a.Key, b.Key) })
	return w.values
}

// config adds settings under their full names. Those of a manifest may have a
// type beside their value.
func (w *writer) config(settings map[string]any, manifest bool) {
	for name, raw := range settings {
		full := name
		if key, err := parseKey(w.project, name); err == nil {
			full = key.String()
		}
		declared, isMap := raw.(map[string]any)
		if !manifest || !isMap {
			w.add(full, raw, false)
			continue
		}
		secret, _ := declared["secret"].(bool)
		for part, value := range declared {
			if part == "value" || part == "default" {
				w.add(full, value, secret)
			} else {
				w.add(full+"."+part, value, false)
			}
		}
	}
}

// add adds a value and what is in it.
func (w *writer) add(key string, raw any, secret bool) {
	if text, isText := raw.(string); isText {
		if inner, err := parseStructure(text); err == nil {
			raw = inner
		}
	}
	switch v := raw.(type) {
	case map[string]any:
		if _, encrypted := v["secure"].(string); encrypted && len(v) == 1 {
			w.leaf(key, raw, "secret")
			return
		}
		if len(v) == 0 {
			w.leaf(key, raw, "map")
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			w.add(key+"."+name, v[name], secret || name == "fn::secret")
		}
	case []any:
		if !slices.ContainsFunc(v, isStructure) {
			w.scalars(key, v, secret)
			return
		}
		names := identities(v)
		for i, element := range v {
			w.add(key+"["+names[i]+"]", element, secret)
		}
	default:
		kind := kindOf(raw)
		if secret || isSensitive(key, raw) {
			kind = "secret"
		}
		w.leaf(key, raw, kind)
	}
}

// scalars adds a list of plain values as one.
func (w *writer) scalars(key string, list []any, secret bool) {
	kind := "list"
	if secret || slices.ContainsFunc(list, func(v any) bool { return isSensitive(key, v) }) {
		kind = "secret"
	}
	w.leaf(key, list, kind)
}

func (w *writer) leaf(key string, raw any, kind string) {
	data, err := yaml.Marshal(raw)
	if err != nil {
		data = []byte(fmt.Sprint(raw))
	}
	leaf := Written{Key: key, Kind: kind, Digest: sha256.Sum256(append([]byte(kind+"\n"), data...))}
	if kind != "secret" {
		leaf.Text = shownText(raw)
	}
	w.values = append(w.values, leaf)
}

// parseStructure reads a list or a map that is written as text, as `pulumi
// config set` does.
func parseStructure(text string) (any, error) {
	trimmed := strings.TrimSpace(text)
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return nil, errors.New("no structure")
	}
	var structure any
	return structure, json.Unmarshal([]byte(trimmed), &structure)
}

func isStructure(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// identities name the elements of a list: by what tells them apart, so that an
// element keeps its name when another is added in front of it, or by number.
func identities(list []any) []string {
	for _, key := range []string{"name", "vpcId", "arn", "id"} {
		names, seen := make([]string, len(list)), map[string]bool{}
		for i, element := range list {
			members, _ := element.(map[string]any)
			name, isText := members[key].(string)
			if !isText || name == "" || seen[name] {
				names = nil
				break
			}
			names[i], seen[name] = name, true
		}
		if names != nil {
			return names
		}
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = fmt.Sprint(i)
	}
	return names
}

var (
	// sensitiveName matches the names of values that are secrets, even where the
	// file has them in plain text.
	sensitiveName = regexp.MustCompile(`(?i)(secret|token|password|passphrase|private_?key|access_?key|credential|encryptionsalt|encryptedkey)[^.\[\]:]*(\[[^\]]*\])?$`)
	// sensitiveText matches private keys and the access keys of AWS.
	sensitiveText = regexp.MustCompile(`PRIVATE KEY-----|\b(AKIA|ASIA)[A-Z0-9]{16}\b`)
	// userInfo is what a URL has before its host.
	userInfo = regexp.MustCompile(`://[^/@\s]+@`)
)

func isSensitive(key string, v any) bool {
	text, isText := v.(string)
	if !isText {
		return false
	}
	return key != "secretsprovider" && sensitiveName.MatchString(key) || sensitiveText.MatchString(text)
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case bool:
		return "true or false"
	case string:
		return "text"
	}
	return "number"
}

// shownText is a value as a reader knows it, without the passwords of URLs.
func shownText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			parts[i] = shownText(element)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		return "{}"
	}
	return userInfo.ReplaceAllString(fmt.Sprint(v), "://[secret]@")
}
