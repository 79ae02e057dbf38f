package mapping_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/mapping"
)

var update = flag.Bool("update", false, "write the corpus's expected results and the schema anew")

// corpusCase is a file of testdata/corpus: a sentence on what it shows, the
// mapping, and beneath it the canonical form or the mistakes.
//
// A mapping with bytes that don't print is a Go string literal, in
// "mapping.quoted". Where the mapping has mistakes that the JSON schema can't
// express, the comment has a line "schema: accepts".
type corpusCase struct {
	path          string
	archive       *txtar.Archive
	input         []byte
	schemaAccepts bool
}

func readCorpus(t testing.TB) map[string]corpusCase {
	paths, err := filepath.Glob("testdata/corpus/*.txtar")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 60)
	cases := map[string]corpusCase{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		c := corpusCase{path: path, archive: archive, input: section(archive, "mapping.yaml")}
		if quoted := section(archive, "mapping.quoted"); quoted != nil {
			text, err := strconv.Unquote(strings.TrimSpace(string(quoted)))
			require.NoError(t, err, path)
			c.input = []byte(text)
		}
		require.NotNil(t, c.input, "%s has no mapping", path)
		c.schemaAccepts = bytes.Contains(archive.Comment, []byte("\nschema: accepts"))
		cases[strings.TrimSuffix(filepath.Base(path), ".txtar")] = c
	}
	return cases
}

func section(archive *txtar.Archive, name string) []byte {
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// expect compares a result with the section that holds it, or writes it there.
func (c corpusCase) expect(t *testing.T, name string, got []byte) {
	if *update {
		var kept []txtar.File
		for _, f := range c.archive.Files {
			if strings.HasPrefix(f.Name, "mapping.") {
				kept = append(kept, f)
			}
		}
		written := &txtar.Archive{Comment: c.archive.Comment, Files: append(kept, txtar.File{Name: name, Data: got})}
		require.NoError(t, os.WriteFile(c.path, txtar.Format(written), 0o644))
		return
	}
	require.Equal(t, string(section(c.archive, name)), string(got))
}

func TestCorpus(t *testing.T) {
	for name, c := range readCorpus(t) {
		t.Run(name, func(t *testing.T) {
			m, err := mapping.Parse("mapping.yaml", c.input)
			if err != nil {
				var mistakes mapping.Errors
				require.ErrorAs(t, err, &mistakes)
				c.expect(t, "errors", []byte(mistakes.Error()+"\n"))
				return
			}
			var indented bytes.Buffer
			require.NoError(t, json.Indent(&indented, m.Canonical(), "", "  "))
			indented.WriteByte('\n')
			c.expect(t, "canonical.json", indented.Bytes())

			again, err := mapping.Parse("canonical.json", m.Canonical())
			require.NoError(t, err)
			require.Equal(t, m.Digest, again.Digest)
			require.Equal(t, string(m.Canonical()), string(again.Canonical()))
		})
	}
}

// TestSchemaChecksTheCorpus holds the JSON schema to the parser: it accepts
// whatever the parser accepts, and refuses what the parser refuses unless the
// case says that a schema can't express the mistake.
func TestSchemaChecksTheCorpus(t *testing.T) {
	s := compileSchema(t)
	for name, c := range readCorpus(t) {
		t.Run(name, func(t *testing.T) {
			var document any
			if err := yaml.Unmarshal(c.input, &document); err != nil {
				require.NotNil(t, section(c.archive, "errors"), "the parser accepts what is not YAML: %v", err)
				return
			}
			accepts := section(c.archive, "canonical.json") != nil || c.schemaAccepts
			if err := s.Validate(document); accepts {
				require.NoError(t, err)
			} else {
				require.Error(t, err)
			}
		})
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(mapping.Schema()))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("mapping.json", document))
	s, err := compiler.Compile("mapping.json")
	require.NoError(t, err)
	return s
}
