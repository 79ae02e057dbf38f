package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"
)

// kind is what a value is.
type kind int

const (
	null kind = iota
	text
	number
	boolean
	list
	object
	// secret is a value that is encrypted in the file.
	secret
)

// value is a setting's value, as Pulumi hands it to the program.
type value struct {
	kind kind
	// text is that of text, number (a JSON number) and boolean.
	text    string
	list    []*value
	members map[string]*value

	// written is how the file has a scalar, plain that it has no quotes there.
	written string
	plain   bool
	// valueAt is the value's place, keyAt that of its key.
	valueAt, keyAt Position
}

// place is the position to report for the value. Maps and lists begin at their
// key, which is where one looks for them.
func (v *value) place() Position {
	if (v.kind == list || v.kind == object) && v.keyAt.Line > 0 {
		return v.keyAt
	}
	return v.valueAt
}

// describe is the value for messages: as it is written, where that is known.
func (v *value) describe() string {
	switch v.kind {
	case null:
		return "nothing"
	case text:
		if v.text == "" {
			return "nothing"
		}
		return strconv.Quote(v.text)
	case list:
		return "a list"
	case object:
		return "a map"
	case secret:
		return "a secret"
	case number, boolean:
	}
	if v.written != "" {
		return v.written
	}
	return v.text
}

// parseJSON reads the JSON of a value. A map with the one key "secure" is an
// encrypted value.
func parseJSON(data []byte) (*value, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return valueOf(decoded), nil
}

func valueOf(decoded any) *value {
	switch d := decoded.(type) {
	case nil:
		return &value{kind: null}
	case string:
		return &value{kind: text, text: d}
	case bool:
		return &value{kind: boolean, text: strconv.FormatBool(d)}
	case json.Number:
		return &value{kind: number, text: d.String()}
	case []any:
		v := &value{kind: list}
		for _, element := range d {
			v.list = append(v.list, valueOf(element))
		}
		return v
	case map[string]any:
		if _, isText := d["secure"].(string); isText && len(d) == 1 {
			return &value{kind: secret}
		}
		v := &value{kind: object, members: map[string]*value{}}
		for name, member := range d {
			v.members[name] = valueOf(member)
		}
		return v
	}
	panic(fmt.Sprintf("settings: JSON has no %T", decoded))
}

// at is the value at a path below this one; nil: there is none.
func (v *value) at(path resource.PropertyPath) *value {
	for _, step := range path {
		if v == nil {
			return nil
		}
		switch step := step.(type) {
		case string:
			v = v.members[step]
		case int:
			if step >= len(v.list) {
				return nil
			}
			v = v.list[step]
		}
	}
	return v
}

// locate gives the value and what is in it the places of a YAML node.
func (v *value) locate(file string, n *yaml.Node) {
	v.valueAt = Position{File: file, Line: n.Line, Column: n.Column}
	n = resolve(n)
	switch {
	case n.Kind == yaml.ScalarNode:
		v.written = n.Value
		v.plain = n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	case v.kind == list && n.Kind == yaml.SequenceNode && len(n.Content) == len(v.list):
		for i, element := range v.list {
			element.locate(file, n.Content[i])
		}
	case v.kind == object && n.Kind == yaml.MappingNode:
		for name, entry := range entries(n) {
			if member := v.members[name]; member != nil {
				member.locateEntry(file, entry)
			}
		}
	}
}

// locateEntry is locate for a value that has a key, if its place is known.
func (v *value) locateEntry(file string, at entry) {
	if at.value != nil {
		v.locate(file, at.value)
		v.keyAt = Position{File: file, Line: at.key.Line, Column: at.key.Column}
	}
}

// overlay is what the engine gives for a setting, with the places of the file's
// value as far as the two are alike. The file's value may be nil.
func overlay(file, engine *value) *value {
	if file == nil {
		return engine
	}
	if file.kind == secret {
		engine.valueAt, engine.keyAt = file.valueAt, file.keyAt
		return engine
	}
	if engine.kind == text && (file.kind == list || file.kind == object) {
		// The engine writes structures as text.
		if parsed, err := parseJSON([]byte(engine.text)); err == nil && parsed.kind == file.kind {
			engine = parsed
		}
	}
	if file.kind != engine.kind || file.text != engine.text {
		return engine
	}
	engine.valueAt, engine.keyAt, engine.written, engine.plain = file.valueAt, file.keyAt, file.written, file.plain
	for i, element := range engine.list {
		if i < len(file.list) {
			engine.list[i] = overlay(file.list[i], element)
		}
	}
	for name, member := range engine.members {
		engine.members[name] = overlay(file.members[name], member)
	}
	return engine
}
