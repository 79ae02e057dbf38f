package settings

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

// memory is a project of two files.
type memory struct{ project, stack []byte }

func (m memory) ReadFile(name string) ([]byte, error) {
	switch name {
	case "Pulumi.yaml":
		return m.project, nil
	case "Pulumi.dev.yaml":
		return m.stack, nil
	}
	return nil, fs.ErrNotExist
}

func (m memory) ReadDir(string) ([]string, error) {
	return []string{"Pulumi.yaml", "Pulumi.dev.yaml"}, nil
}

// FuzzRead reads any files of a project without a panic; what is wrong has a
// file and says what to do.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte("name: portico\nruntime: go\n"), archive.Files[0].Data)
		f.Add(archive.Files[0].Data, archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, project, stack []byte) {
		s := Source{Project: Project{Files: memory{project, stack}}, Stack: "dev"}
		for _, read := range []func() error{
			func() error { _, err := s.Shared(); return err },
			func() error { _, err := s.Provider(); return err },
		} {
			var wrong Errors
			if err := read(); err != nil && !errors.As(err, &wrong) && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%T: %v", err, err)
			}
			for _, e := range wrong {
				if e.File == "" || e.Problem == "" {
					t.Errorf("%#v", e)
				}
			}
		}
	})
}
