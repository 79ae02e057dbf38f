package settings

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const configurationPage = "../../docs/configuration.md"

// TestTheConfigurationPageHasTheSettings holds the page's tables to the structs:
// their keys, the documentation of their fields, and their defaults.
func TestTheConfigurationPageHasTheSettings(t *testing.T) {
	page, err := os.ReadFile(configurationPage)
	require.NoError(t, err)
	comments := fieldComments(t)
	want := string(page)
	for role, settings := range map[string]any{"Shared": DefaultShared(), "Provider": DefaultProvider()} {
		p := pageWriter{t: t, comments: comments, role: role}
		p.WriteString("| key | default | meaning |\n|---|---|---|\n")
		p.addRows(reflect.ValueOf(settings).Elem(), Namespace+":")
		want = replaceTable(t, want, role, p.String())
	}
	if *update {
		require.NoError(t, os.WriteFile(configurationPage, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(page), "run go test ./internal/settings -update")
}

// replaceTable puts a table between a page's markers.
func replaceTable(t *testing.T, page, role, table string) string {
	t.Helper()
	begin, end := "<!-- keys of "+role+", from internal/settings -->\n", "<!-- end of the keys of "+role+" -->\n"
	before, rest, found := strings.Cut(page, begin)
	require.True(t, found, "docs/configuration.md has no line %q", begin)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found, "docs/configuration.md has no line %q", end)
	return before + begin + table + end + after
}

// fieldComments are the documentation of the package's struct fields, by
// "Struct.Field".
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	packages, err := parser.ParseDir(files, ".", func(file fs.FileInfo) bool { return !strings.HasSuffix(file.Name(), "_test.go") }, parser.ParseComments)
	require.NoError(t, err)
	comments := map[string]string{}
	ast.Inspect(packages["settings"], func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					comments[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
				}
			}
		}
		return true
	})
	return comments
}

// refused are keys of structs that both roles have, and that provider stacks
// refuse.
var refused = map[string]bool{"portico:certificates.namesPerCertificate": true}

// pageWriter writes the table of a role's settings.
type pageWriter struct {
	strings.Builder
	t        *testing.T
	comments map[string]string
	role     string
}

func (p *pageWriter) addRows(fields reflect.Value, prefix string) {
	p.t.Helper()
	for i := range fields.NumField() {
		field := fields.Type().Field(i)
		key := field.Tag.Get("config")
		if key == "" || p.role == "Provider" && refused[prefix+key] {
			continue
		}
		name := fields.Type().Name() + "." + field.Name
		comment := p.comments[name]
		require.NotEmpty(p.t, comment, "%s has no documentation", name)
		if field.Type.Kind() == reflect.Struct {
			p.addRows(fields.Field(i), prefix+key+".")
			continue
		}
		p.addRow(prefix+key, comment, field.Name, fields.Field(i))
		if field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct {
			p.addRows(reflect.New(field.Type.Elem()).Elem(), prefix+key+"[].")
		}
	}
}

var (
	statedDefault = regexp.MustCompile(`Default: (.+?)\.(?: |$)`)
	required      = regexp.MustCompile(`Required([^.]*)\.(?: |$)`)
)

// addRow adds a setting's row: its documentation without the field's name, and
// the default that it states, which has to be the real one.
func (p *pageWriter) addRow(key, comment, field string, value reflect.Value) {
	p.t.Helper()
	byDefault := ""
	if stated := statedDefault.FindStringSubmatch(comment); stated != nil {
		byDefault, comment = stated[1], strings.Replace(comment, stated[0], "", 1)
	} else if stated := required.FindStringSubmatch(comment); stated != nil {
		byDefault, comment = "required"+stated[1], strings.Replace(comment, stated[0], "", 1)
	}
	require.NotEmpty(p.t, byDefault, "%s: its documentation says neither Default nor Required", key)
	if text := textOf(value); text != "" {
		require.Equal(p.t, text, byDefault, "%s: the default is not as its documentation says", key)
	}
	if !strings.ContainsAny(byDefault, " ,") && byDefault != "none" && byDefault != "required" && byDefault != "created" && byDefault != "AWS" {
		byDefault = "`" + byDefault + "`"
	}
	comment = strings.TrimPrefix(comment, field+" ")
	comment = strings.TrimPrefix(strings.TrimPrefix(comment, "is "), "are ")
	comment = strings.TrimSpace(comment)
	if !strings.HasSuffix(comment, "...") {
		comment = strings.TrimSuffix(comment, ".")
	}
	fmt.Fprintf(p, "| `%s` | %s | %s |\n", key, byDefault, comment)
}

// textOf is a default for the page; empty where it depends on other settings or
// there is none.
func textOf(value reflect.Value) string {
	if value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return ""
		}
		value = value.Elem()
	}
	if value.IsZero() || value.Kind() == reflect.Slice || value.Kind() == reflect.Map {
		return ""
	}
	return fmt.Sprint(value.Interface())
}
