package settings

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

// document is a YAML or JSON file of a Pulumi project, decoded as Pulumi decodes
// it, and its nodes, which know where everything is.
type document struct {
	file string
	// raw is the decoded file: a map, or nil where the file is empty.
	raw map[string]any
	// root is the map's node; nil where the file is empty.
	root *yaml.Node
}

// byteOrderMark is what some editors begin a file with. Pulumi skips it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// parse decodes a file. The error is of type Errors.
func parse(file string, data []byte) (*document, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return nil, yamlErrors(file, err)
	}
	d := &document{file: file}
	if twice := d.duplicates(&node); len(twice) > 0 {
		return nil, twice
	}
	var raw any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, yamlErrors(file, err)
	}
	if len(node.Content) == 0 || raw == nil {
		return d, nil
	}
	d.root = resolve(node.Content[0])
	simple, err := simplify(raw)
	if err != nil {
		return nil, d.wrong(d.root, err.Error(), "write names for keys, in quotes where they look like numbers")
	}
	var isMap bool
	if d.raw, isMap = simple.(map[string]any); !isMap {
		return nil, d.wrong(d.root, "the file isn't a map", "write keys and values, for instance config: {portico:mapping: mapping.yaml}")
	}
	return d, nil
}

// simplify turns the maps of a YAML decoder into maps of text, as Pulumi does
// (SimplifyMarshalledValue of its package workspace).
func simplify(raw any) (any, error) {
	switch r := raw.(type) {
	case map[any]any:
		simple := map[string]any{}
		for key, member := range r {
			name, isText := key.(string)
			if !isText {
				return nil, fmt.Errorf("the key %v isn't text", key)
			}
			value, err := simplify(member)
			if err != nil {
				return nil, err
			}
			simple[name] = value
		}
		return simple, nil
	case []any:
		simple := make([]any, len(r))
		for i, element := range r {
			value, err := simplify(element)
			if err != nil {
				return nil, err
			}
			simple[i] = value
		}
		return simple, nil
	}
	return raw, nil
}

// wrong is a mistake at a node.
func (d *document) wrong(n *yaml.Node, problem, fix string) Errors {
	at := Position{File: d.file}
	if n != nil {
		at.Line, at.Column = n.Line, n.Column
	}
	return Errors{{Position: at, Problem: problem, Fix: fix}}
}

// wrongKey is a mistake at a node, about a setting.
func (d *document) wrongKey(key config.Key, n *yaml.Node, problem, fix string) *Error {
	e := d.wrong(n, problem, fix)[0]
	e.Key = key.String()
	return e
}

// duplicates are the keys that a map of the document has twice.
func (d *document) duplicates(n *yaml.Node) Errors {
	var all Errors
	first := map[string]*yaml.Node{}
	for i, child := range n.Content {
		all = append(all, d.duplicates(child)...)
		if n.Kind != yaml.MappingNode || i%2 == 1 || child.Kind != yaml.ScalarNode || isMerge(child) {
			continue
		}
		if before := first[child.Value]; before != nil {
			all = append(all, d.wrong(child, fmt.Sprintf("%s is given twice, also in line %d", child.Value, before.Line), "take one out")...)
		}
		first[child.Value] = child
	}
	return all
}

// config is the entry of the key config; its parts are nil where there is none.
func (d *document) config() entry {
	if d.root == nil {
		return entry{}
	}
	return entries(d.root)["config"]
}

// entry is a key and its value in a map of a document.
type entry struct{ key, value *yaml.Node }

// place is the line and the column of the key, 0 where they aren't known.
func (e entry) place() (line, column int) {
	if e.key == nil {
		return 0, 0
	}
	return e.key.Line, e.key.Column
}

// entries are those of a map node by key, those of merged maps included.
func entries(n *yaml.Node) map[string]entry {
	all := map[string]entry{}
	addEntries(all, n)
	return all
}

func addEntries(all map[string]entry, n *yaml.Node) {
	n = resolve(n)
	if n.Kind == yaml.SequenceNode { // of maps to merge
		for _, element := range n.Content {
			addEntries(all, element)
		}
		return
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, member := n.Content[i], n.Content[i+1]
		if isMerge(key) {
			merged = append(merged, member)
			continue
		}
		if _, nearer := all[resolve(key).Value]; !nearer {
			all[resolve(key).Value] = entry{key, member}
		}
	}
	for _, member := range merged {
		addEntries(all, member)
	}
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && (key.Tag == "" || key.Tag == "!" || key.ShortTag() == "!!merge")
}

// resolve follows an alias to the node that it repeats.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// yamlErrors are the mistakes that a YAML decoder reports.
func yamlErrors(file string, err error) Errors {
	texts := []string{err.Error()}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		texts = several.Errors
	}
	var all Errors
	for _, text := range texts {
		e := &Error{Position: Position{File: file}, Problem: "the file isn't YAML: " + strings.TrimPrefix(text, "yaml: ")}
		if match := yamlLine.FindStringSubmatch(text); match != nil {
			e.Line, _ = strconv.Atoi(match[1])
			e.Problem = "the file isn't YAML: " + match[2]
		}
		if strings.Contains(e.Problem, "found character that cannot start any token") {
			e.Fix = "indent with spaces, not tabs, and put text that begins with @, ` or % in quotes"
		}
		all = append(all, e)
	}
	return all
}
