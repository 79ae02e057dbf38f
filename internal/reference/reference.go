package reference

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/newfiles"
	"github.com/portico-iac/portico/mapping"
)

// Document is an input file.
type Document struct {
	// Name is what messages call the file.
	Name string
	Data []byte
}

// Result is what an import makes: the mapping, the settings of the shared stack
// and those of the provider accounts' stacks, in this order.
type Result struct {
	// Environment is the shared stack's name.
	Environment string
	Files       []newfiles.File
}

// Import turns a proxy-config.yaml and a vars.yaml into Portico's files. Without
// vars the reference's defaults hold: nil is the same as an empty file. The
// error is mapping.Errors with every mistake of both files, those of the mapping
// first.
func Import(proxyConfig, vars Document) (*Result, error) {
	rows, mistakes := readMapping(proxyConfig)
	v, wrong := readVariables(vars)
	if mistakes = append(mistakes, wrong...); len(mistakes) > 0 {
		return nil, mistakes
	}
	installation := &installation{vars: v, rows: rows.mapping, region: rows.mapping.Rows[0].API.Region}
	files := []struct {
		name string
		node *yaml.Node
	}{
		{installation.mappingName(), rows.annotated(v)},
		{"Pulumi." + v.environment + ".yaml", installation.sharedSettings()},
	}
	for _, s := range installation.providerStacks() {
		files = append(files, struct {
			name string
			node *yaml.Node
		}{"accounts/provider/Pulumi." + s.name + ".yaml", installation.providerSettings(s)})
	}
	result := &Result{Environment: v.environment}
	for _, f := range files {
		data, err := encode(f.node)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", f.name, err)
		}
		result.Files = append(result.Files, newfiles.File{Name: f.name, Data: data})
	}
	return result, nil
}

func encode(node *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, err
	}
	return b.Bytes(), encoder.Close()
}

// mistake is an error at a node of a file.
func mistake(file string, at *yaml.Node, path, message, fix string) *mapping.Error {
	return &mapping.Error{
		File: file, Line: max(at.Line, 1), Column: max(at.Column, 1), Path: path, Message: message, Fix: fix,
	}
}

// sorted puts mistakes in the order of their file.
func sorted(mistakes mapping.Errors) mapping.Errors {
	slices.SortStableFunc(mistakes, func(a, b *mapping.Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
	return mistakes
}
