package settings

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected errors under testdata, and the tables of docs/configuration.md")

// corpusCase is a file of testdata/corpus: a stack's settings file, named for
// the stack's role, other files of the project, and the errors that they give.
type corpusCase struct {
	archive *txtar.Archive
	role    string
	dir     string
	want    string
}

func readCase(t *testing.T, path string) corpusCase {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	require.NoError(t, err)
	c := corpusCase{archive: archive, dir: t.TempDir()}
	for _, file := range archive.Files {
		name := file.Name
		switch name {
		case "errors":
			c.want = string(file.Data)
			continue
		case "shared", "provider":
			c.role, name = name, "Pulumi.dev.yaml"
		}
		if role, found := strings.CutPrefix(name, "shared "); found {
			c.role, name = "shared", role
		}
		write(t, c.dir, name, string(file.Data))
	}
	require.NotEmpty(t, c.role)
	return c
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// problems are the errors of a source, a line each.
func problems(s Source, role string) string {
	var err error
	if role == "provider" {
		_, err = s.Provider()
	} else {
		_, err = s.Shared()
	}
	if err == nil {
		return ""
	}
	return err.Error() + "\n"
}

// TestCorpus reads each case from the files, and again with the values that
// Pulumi's own packages make of them, as a program has them.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			c := readCase(t, path)
			s := Source{Project: Project{Files: Dir(c.dir)}, Stack: "dev"}
			got := problems(s, c.role)
			if *update {
				kept := c.archive.Files[:0]
				for _, file := range c.archive.Files {
					if file.Name != "errors" {
						kept = append(kept, file)
					}
				}
				c.archive.Files = append(kept, txtar.File{Name: "errors", Data: []byte(got)})
				require.NoError(t, os.WriteFile(path, txtar.Format(c.archive), 0o600))
				return
			}
			require.Empty(t, cmp.Diff(c.want, got))
			if engine, ok := pulumiEngine(t, c.dir, "dev"); ok && !strings.Contains(string(c.archive.Files[0].Data), "environment:") {
				s.Engine = engine
				require.Empty(t, cmp.Diff(c.want, problems(s, c.role)), "in a program")
			}
		})
	}
}
