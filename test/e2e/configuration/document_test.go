package configuration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
	"github.com/stretchr/testify/require"
)

const (
	root     = "../../.."
	document = "docs/data-path.md"
)

// explanation is a row of the document's tables of directives.
type explanation struct {
	directives []string
	// value is what the document says they are set to; empty where it says
	// something more general.
	value string
	tests []string
}

var code = regexp.MustCompile("`([^`]+)`")

// explanations are the rows of the tables whose first column is a directive and
// whose last names what holds it.
func explanations(t *testing.T) []explanation {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, document))
	require.NoError(t, err)
	var rows []explanation
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| `") || len(cells) != 4 {
			continue // another table, or none
		}
		row := explanation{directives: quotedIn(cells[0]), tests: quotedIn(cells[3])}
		if values := quotedIn(cells[1]); len(values) == 1 {
			row.value = values[0]
		}
		rows = append(rows, row)
	}
	require.NotEmpty(t, rows, "%s has no table of directives", document)
	return rows
}

func quotedIn(cell string) []string {
	var quoted []string
	for _, match := range code.FindAllStringSubmatch(cell, -1) {
		quoted = append(quoted, match[1])
	}
	return quoted
}

func TestTheDocumentExplainsEveryDirective(t *testing.T) {
	values := make(map[string][]string)
	visit(read(t, crossplane.ParseOptions{}), func(d *crossplane.Directive, in []*crossplane.Directive) {
		if len(in) > 0 && slices.Contains([]string{"map", "split_clients"}, in[len(in)-1].Directive) {
			return // an entry, not a directive
		}
		values[d.Directive] = append(values[d.Directive], strings.Join(d.Args, " "))
	})
	// The entrypoint gives the one on the command line, and writes the other only
	// where it is run by root.
	values["daemon"], values["user"] = []string{"off"}, []string{"root"}

	explained := make(map[string]bool)
	for _, row := range explanations(t) {
		for _, d := range row.directives {
			require.NotEmpty(t, values[d], "%s explains %s, which the configuration doesn't have", document, d)
			explained[d] = true
		}
		if row.value != "" {
			require.True(t, slices.ContainsFunc(row.directives, func(d string) bool {
				return slices.Contains(values[d], row.value)
			}), "%s says that %v is %q; it is %q", document, row.directives, row.value, values[row.directives[0]])
		}
	}
	for d := range values {
		require.True(t, explained[d], "%s doesn't explain %s", document, d)
	}
}

func TestWhatTheDocumentSaysHoldsADirectiveExists(t *testing.T) {
	tests := testNames(t)
	for _, row := range explanations(t) {
		require.NotEmpty(t, row.tests, "%s says of nothing that it holds %v", document, row.directives)
		for _, name := range row.tests {
			if strings.HasSuffix(name, ".txt") {
				require.FileExists(t, filepath.Join(root, "test/e2e/requests/testdata", name), "what holds %v", row.directives)
				continue
			}
			require.Contains(t, tests, name, "what holds %v", row.directives)
		}
	}
}

// testNames are the names of the tests about the proxy.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for _, dir := range []string{"internal/nginxconf", "test"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, declaration := range file.Decls {
				if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
					names[f.Name.Name] = true
				}
			}
			return nil
		})
		require.NoError(t, err)
	}
	return names
}
