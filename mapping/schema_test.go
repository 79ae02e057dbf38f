package mapping_test

import (
	"encoding/json"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/mapping"
)

// TestSchemaFiles holds the schemas that editors read to the parser's tables.
func TestSchemaFiles(t *testing.T) {
	for name, schema := range map[string][]byte{
		"schema.json": mapping.Schema(), "schema.portico.json": mapping.DirectorySchema(), "schema.team.json": mapping.TeamSchema(),
	} {
		if *update {
			require.NoError(t, os.WriteFile(name, schema, 0o644))
		}
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, string(file), string(schema), "run the tests with -update")
	}
}

// TestTheSchemaStoresEntriesAreOfTheSchemas holds the entries for SchemaStore's
// catalog (https://github.com/SchemaStore/schemastore) to the schemas that they name, and
// to what docs/mapping.md says of them.
func TestTheSchemaStoresEntriesAreOfTheSchemas(t *testing.T) {
	type identified struct {
		ID                 string `json:"$id"`
		Title, Description string
	}
	schemas := map[string]identified{} // by file
	for _, file := range []string{"schema.json", "schema.portico.json"} {
		var known identified
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &known))
		schemas[file] = known
	}
	page, err := os.ReadFile("../docs/mapping.md")
	require.NoError(t, err)
	data, err := os.ReadFile("../docs/schemastore.json")
	require.NoError(t, err)
	var entries []struct {
		Name, Description, URL string
		FileMatch              []string
	}
	require.NoError(t, json.Unmarshal(data, &entries))

	// Which entries an editor takes for a file of this name.
	matched := func(file string) (names []string) {
		for _, entry := range entries {
			for _, pattern := range entry.FileMatch {
				if found, err := path.Match(pattern, file); err == nil && found {
					names = append(names, entry.Name)
				}
			}
		}
		return names
	}
	for _, entry := range entries {
		known, found := schemas[path.Base(entry.URL)]
		require.True(t, found, "%s: %s is the address of no schema, or of one that has an entry", entry.Name, entry.URL)
		delete(schemas, path.Base(entry.URL))
		require.Equal(t, known, identified{entry.URL, entry.Name, entry.Description})
		require.NotEmpty(t, entry.FileMatch, entry.Name)
		for _, pattern := range entry.FileMatch {
			require.Contains(t, string(page), "`"+pattern+"`", "docs/mapping.md")
			require.Equal(t, []string{entry.Name}, matched(strings.ReplaceAll(pattern, "*", "dev")), pattern)
		}
	}
	require.Empty(t, schemas, "these have no entry")
	require.Equal(t, []string{"Portico mapping directory"}, matched(mapping.DirectoryFile))
	require.Empty(t, matched("mapping.yaml"), "other programs have files of this name")
}

// object is the part of a JSON schema that names keys.
type object struct {
	Properties map[string]struct {
		Description          string
		Items                *object
		AdditionalProperties json.RawMessage
	}
	Required             []string
	AdditionalProperties json.RawMessage
}

func readSchema(t *testing.T) object {
	var top object
	require.NoError(t, json.Unmarshal(mapping.Schema(), &top))
	return top
}

func TestSchemaDescribesEveryKeyAndAllowsNoOther(t *testing.T) {
	top := readSchema(t)
	var account object
	require.NoError(t, json.Unmarshal(top.Properties["ACCOUNTS"].AdditionalProperties, &account))
	for name, o := range map[string]object{"file": top, "account": account, "row": *top.Properties["APIS"].Items} {
		require.Equal(t, "false", string(o.AdditionalProperties), name)
		for key, property := range o.Properties {
			require.NotEmpty(t, property.Description, "%s of the %s", key, name)
		}
	}
	require.Equal(t, []string{"APIS"}, top.Required)
	require.Equal(t, []string{"CUSTOM_DOMAIN_URL", "PRIVATE_API_URL"}, top.Properties["APIS"].Items.Required)
}

// TestExamplesAreOneMappingInTwoEnvironments: rows have other accounts and APIs in
// production than in development, and the same order.
func TestExamplesAreOneMappingInTwoEnvironments(t *testing.T) {
	dev, err := mapping.Load("../examples/mapping.dev.yaml")
	require.NoError(t, err)
	prod, err := mapping.Load("../examples/mapping.prod.yaml")
	require.NoError(t, err)
	require.Len(t, prod.Rows, len(dev.Rows))
	owned := map[mapping.APIID]bool{}
	for i, d := range dev.Rows {
		p := prod.Rows[i]
		owned[d.API.ID] = true
		require.NotContains(t, owned, p.API.ID)
		require.NotEqual(t, d.Account, p.Account)
		require.NotEqual(t, d.Host, p.Host)
		require.Equal(t, d.BasePath, p.BasePath)
		require.Equal(t, d.Methods, p.Methods)
		require.Equal(t, d.API.Path, p.API.Path)
	}
}

// TestSchemaAcceptsTheExamples: an editor must not underline what we show.
func TestSchemaAcceptsTheExamples(t *testing.T) {
	s := compileSchema(t)
	for _, path := range []string{"../examples/mapping.dev.yaml", "../examples/mapping.prod.yaml"} {
		m, err := mapping.Load(path)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(m.Rows), 12)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var document any
		require.NoError(t, yaml.Unmarshal(data, &document))
		require.NoError(t, s.Validate(document))
	}
}
