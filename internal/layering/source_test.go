package layering

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// speakers are what only the command line may call: everything else returns
// errors and writes to the writers that it is given.
var speakers = map[string]string{
	"os.Exit":     "return an error instead",
	"log.Fatal":   "return an error instead",
	"log.Fatalf":  "return an error instead",
	"log.Fatalln": "return an error instead",
	"fmt.Print":   "write to a writer that the caller gives",
	"fmt.Printf":  "write to a writer that the caller gives",
	"fmt.Println": "write to a writer that the caller gives",
}

// commands have a main.go that ends the process.
var commands = []string{filepath.Join("cmd", "portico"), filepath.Join("internal", "sbom", "ofarchive")}

func TestOnlyTheCommandLineExitsAndPrints(t *testing.T) {
	checked := 0
	for dir, files := range sources(t) {
		for _, file := range files {
			checked++
			if slices.Contains(commands, dir) && file.name == "main.go" {
				continue
			}
			ast.Inspect(file.syntax, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				name := callee(call)
				if remedy, banned := speakers[name]; banned {
					t.Errorf("%s: %s outside a command's main.go: %s", file.position(call.Pos()), name, remedy)
				}
				return true
			})
		}
	}
	if checked == 0 {
		t.Fatal("no source file was found")
	}
}

func callee(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return pkg.Name + "." + selector.Sel.Name
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	for dir, files := range sources(t) {
		var documented []string
		var text string
		for _, file := range files {
			if file.syntax.Doc.Text() != "" {
				documented = append(documented, file.name)
				text = file.syntax.Doc.Text()
			}
		}
		switch {
		case len(documented) == 0:
			t.Errorf("%s: no file has a package doc: say what the package does", dir)
		case len(documented) > 1:
			slices.Sort(documented)
			t.Errorf("%s: several files have a package doc: %s: keep one", dir, strings.Join(documented, ", "))
		case files[0].syntax.Name.Name != "main" && !strings.HasPrefix(text, "Package "+files[0].syntax.Name.Name+" "):
			t.Errorf("%s: the package doc in %s doesn't begin with %q", dir, documented[0],
				"Package "+files[0].syntax.Name.Name)
		}
	}
}

type source struct {
	name     string
	syntax   *ast.File
	position func(token.Pos) token.Position
}

// sources are the module's Go files by directory, tests and the modules of
// their own below tools/ and examples/ left out.
func sources(t *testing.T) map[string][]source {
	t.Helper()
	const root = "../.."
	set := token.NewFileSet()
	dirs := map[string][]source{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if rel != "." && (slices.Contains([]string{"bin", "tools", "examples", "testdata"}, entry.Name()) ||
				strings.HasPrefix(entry.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		syntax, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.Dir(rel)
		dirs[dir] = append(dirs[dir], source{filepath.Base(rel), syntax, set.Position})
		return nil
	})
	if err != nil {
		t.Fatalf("read the module's sources: %v", err)
	}
	return dirs
}
