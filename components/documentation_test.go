package components

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documented are the public packages whose exported names and fields all have a
// doc comment.
var documented = []string{".", "../mapping", "../accounts", "../automation"}

// TestEveryExportedNameAndFieldIsDocumented: a component is to be used by its
// documentation alone.
func TestEveryExportedNameAndFieldIsDocumented(t *testing.T) {
	for _, dir := range documented {
		for _, missing := range undocumented(t, dir) {
			t.Error(missing)
		}
	}
}

// TestRequiredArgumentsAndDefaultsAreNamed: each argument says whether it is
// required, or what it is when it isn't set.
func TestRequiredArgumentsAndDefaultsAreNamed(t *testing.T) {
	eachField(t, ".", func(place, structure, field, text string) {
		argument := strings.HasSuffix(structure, "Args") || strings.HasSuffix(structure, "Source") || argumentTypes[structure]
		if argument && field != "Tags" && !strings.Contains(text, "Required") && !strings.Contains(text, "Default:") {
			t.Errorf("%s: %s.%s: say whether it is required, or its default", place, structure, field)
		}
	})
}

// argumentTypes are the types of arguments' fields.
var argumentTypes = map[string]bool{
	"Account": true, "AliasRecord": true, "AliasTarget": true, "EndpointClients": true, "HostedZone": true,
	"NewVPC": true, "PrivateAccess": true, "PrivateDomain": true, "VPCAssociation": true,
}

// undocumented are the exported names and fields of a package without a comment.
func undocumented(t *testing.T, dir string) []string {
	t.Helper()
	set, files := parse(t, dir)
	p, err := doc.NewFromFiles(set, files, dir)
	require.NoError(t, err)
	var missing []string
	report := func(node ast.Node, name, text string) {
		if strings.TrimSpace(text) == "" {
			missing = append(missing, set.Position(node.Pos()).String()+": "+name+" has no doc comment")
		}
	}
	require.NotEmpty(t, p.Doc, "package %s", dir)
	values := func(all []*doc.Value) {
		for _, value := range all {
			for _, spec := range value.Decl.Specs {
				spec := spec.(*ast.ValueSpec)
				report(spec, spec.Names[0].Name, value.Doc+spec.Doc.Text()+spec.Comment.Text())
			}
		}
	}
	values(p.Consts)
	values(p.Vars)
	functions := func(all []*doc.Func) {
		for _, function := range all {
			report(function.Decl, function.Name, function.Doc)
		}
	}
	functions(p.Funcs)
	for _, kind := range p.Types {
		report(kind.Decl, kind.Name, kind.Doc)
		values(kind.Consts)
		values(kind.Vars)
		functions(kind.Funcs)
		functions(kind.Methods)
	}
	eachField(t, dir, func(place, structure, field, text string) {
		if text == "" {
			missing = append(missing, place+": "+structure+"."+field+" has no doc comment")
		}
	})
	return missing
}

// eachField visits the exported fields of a package's exported structs. A comment
// belongs to one field: of several in a line, to none.
func eachField(t *testing.T, dir string, visit func(place, structure, field, text string)) {
	t.Helper()
	set, files := parse(t, dir)
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			kind, ok := node.(*ast.TypeSpec)
			if !ok || !kind.Name.IsExported() {
				return true
			}
			structure, ok := kind.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range structure.Fields.List {
				text := strings.TrimSpace(field.Doc.Text() + field.Comment.Text())
				for _, name := range field.Names {
					if !name.IsExported() {
						continue
					}
					if len(field.Names) > 1 && !pair(field) {
						text = ""
					}
					visit(set.Position(field.Pos()).String(), kind.Name.Name, name.Name, text)
				}
			}
			return true
		})
	}
}

// pair reports whether a comment names each of the fields that it is for.
func pair(field *ast.Field) bool {
	for _, name := range field.Names {
		if !strings.Contains(field.Doc.Text(), name.Name) {
			return false
		}
	}
	return true
}

// parse parses a package's files without its tests.
func parse(t *testing.T, dir string) (*token.FileSet, []*ast.File) {
	t.Helper()
	set := token.NewFileSet()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var files []*ast.File
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, filepath.Join(dir, name), nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	require.NotEmpty(t, files, dir)
	return set, files
}
