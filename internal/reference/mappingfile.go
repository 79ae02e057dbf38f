package reference

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/mapping"
)

// proxyConfig is a proxy-config.yaml: as it is, and as Portico reads it.
type proxyConfig struct {
	mapping  *mapping.Mapping
	document *yaml.Node
	apis     *yaml.Node
}

// readMapping reads a proxy-config.yaml, which is a mapping but for optional
// keys without a value: the reference takes them for absent.
func readMapping(d Document) (*proxyConfig, mapping.Errors) {
	c := &proxyConfig{}
	data := d.Data
	if document, ok := parseYAML(data); ok && dropEmpty(document) {
		c.document = document
		cleaned, err := encode(document)
		if err != nil {
			return nil, mapping.Errors{mistake(d.Name, document, "", err.Error(), "write plain YAML")}
		}
		// Only a file without other mistakes is read in its cleaned form, in
		// which nothing has its position any longer.
		if m, err := mapping.Parse(d.Name, cleaned); err == nil {
			c.mapping = m
		}
	}
	if c.mapping == nil {
		m, err := mapping.Parse(d.Name, data)
		if mistakes := (mapping.Errors)(nil); errors.As(err, &mistakes) {
			return nil, withoutEmpty(mistakes)
		}
		c.mapping = m
	}
	if c.document == nil {
		c.document, _ = parseYAML(data)
	}
	c.apis = target(valueOf(target(c.document.Content[0]), "APIS"))
	if wrong := c.regions(d.Name); len(wrong) > 0 {
		return nil, wrong
	}
	return c, nil
}

func parseYAML(data []byte) (*yaml.Node, bool) {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&document); err != nil || len(document.Content) == 0 {
		return nil, false
	}
	// What follows a first document is mapping.Parse's to refuse.
	return &document, errors.Is(decoder.Decode(&yaml.Node{}), io.EOF)
}

// optional are the keys of a row that the reference lets be empty.
var optional = []string{"VERBS", "ROUTE53_PUBLIC_DOMAIN"}

// dropEmpty takes optional keys without a value out of the rows, and tells
// whether there were any.
func dropEmpty(document *yaml.Node) bool {
	apis := valueOf(target(document.Content[0]), "APIS")
	if apis == nil {
		return false
	}
	dropped := false
	for _, row := range target(apis).Content {
		row = target(row)
		if row.Kind != yaml.MappingNode {
			continue
		}
		for i := len(row.Content) - 2; i >= 0; i -= 2 {
			if slices.Contains(optional, row.Content[i].Value) && isEmptyValue(target(row.Content[i+1])) {
				row.Content = slices.Delete(row.Content, i, i+2)
				dropped = true
			}
		}
	}
	return dropped
}

func isEmptyValue(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.ShortTag() == "!!null" || n.Value == "") || n.Kind == yaml.SequenceNode && len(n.Content) == 0
}

// withoutEmpty leaves out what is said of optional keys without a value.
func withoutEmpty(mistakes mapping.Errors) mapping.Errors {
	kept := slices.DeleteFunc(slices.Clone(mistakes), func(e *mapping.Error) bool {
		_, key, _ := strings.Cut(e.Path, ".")
		return slices.Contains(optional, key) && (e.Message == "has no value" || strings.HasPrefix(e.Message, "is an empty list"))
	})
	if len(kept) == 0 {
		return mistakes
	}
	return kept
}

// valueOf is the value of a map's key; nil: there is none.
func valueOf(m *yaml.Node, key string) *yaml.Node {
	if m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// regions reports rows in another region than the first one's: the reference
// sent them to an endpoint that can't reach them, and Portico refuses them.
func (c *proxyConfig) regions(file string) mapping.Errors {
	var mistakes mapping.Errors
	first := c.mapping.Rows[0].API.Region
	for i, row := range c.mapping.Rows {
		if row.API.Region == first {
			continue
		}
		mistakes = append(mistakes, mistake(file, c.apis.Content[i], fmt.Sprintf("APIS[%d].PRIVATE_API_URL", i),
			fmt.Sprintf("the API is in %s, and the first row's in %s: a VPC endpoint reaches the APIs of its own region only", row.API.Region, first),
			"correct the URL, or import the rows of each region on their own"))
	}
	return mistakes
}

// annotated is the file with a comment for each difference.
func (c *proxyConfig) annotated(v *variables) *yaml.Node {
	c.apis.Style &^= yaml.FlowStyle
	for i, item := range c.apis.Content {
		row := rowNode{item: item, fields: target(item)}
		for _, n := range rowNotes(c.mapping, c.mapping.Rows[i], row.url()) {
			row.comment(n)
		}
	}
	plainMergeKeys(c.document)
	top := target(c.document.Content[0])
	for i := 0; i < len(top.Content); i += 2 {
		if top.Content[i].Value == "APIS" {
			addComment(top.Content[i], comment(mappingNotes(c.mapping, v)...))
		}
	}
	return c.document
}

// rowNode is a row's place in the file.
type rowNode struct {
	item   *yaml.Node
	fields *yaml.Node
}

// url is the row's PRIVATE_API_URL as it is written; empty where the row has it
// from elsewhere.
func (r rowNode) url() string {
	if n := valueOf(r.fields, "PRIVATE_API_URL"); n != nil {
		return target(n).Value
	}
	return ""
}

// comment puts a note above the key that it is about: above the row where that
// is the row's first, or where the row has the key from elsewhere.
func (r rowNode) comment(n rowNote) {
	place := r.item
	if r.item == r.fields {
		r.fields.Style &^= yaml.FlowStyle
		for i := 2; i < len(r.fields.Content); i += 2 {
			if r.fields.Content[i].Value == n.key {
				place = r.fields.Content[i]
			}
		}
	}
	addComment(place, comment(n.note))
}

// addComment puts a comment above a node, below one that is there already.
func addComment(n *yaml.Node, text string) {
	switch {
	case text == "":
	case n.HeadComment == "":
		n.HeadComment = text
	default:
		n.HeadComment += "\n" + text
	}
}

// plainMergeKeys lets merge keys be written as they were read: with their tag,
// the encoder would write that, too.
func plainMergeKeys(n *yaml.Node) {
	if n.Tag == "!!merge" {
		n.Tag = ""
	}
	for _, child := range n.Content {
		plainMergeKeys(child)
	}
}
