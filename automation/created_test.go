package automation

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// emptyStacks are the files of a deployable environment whose stacks have just been
// created, by their names below the backend's and the project's directories.
var emptyStacks struct {
	sync.Once
	backend, project map[string][]byte
}

// created is a deployable environment whose stacks exist and are empty. They are created
// once for all tests: three stacks take a second of a processor.
func created(t *testing.T) *Environment {
	t.Helper()
	emptyStacks.Do(func() {
		env := deployable(t)
		r, err := env.prepare(up)
		require.NoError(t, err)
		for _, s := range append([]Stack{env.Shared}, env.Providers...) {
			workspace, err := r.workspace(t.Context(), s)
			require.NoError(t, err)
			_, err = r.create(t.Context(), s, workspace)
			require.NoError(t, err)
		}
		emptyStacks.backend, emptyStacks.project = filesIn(t, backendOf(env)), filesIn(t, env.Shared.Dir)
	})
	env := deployable(t)
	for dir, files := range map[string]map[string][]byte{backendOf(env): emptyStacks.backend, env.Shared.Dir: emptyStacks.project} {
		require.NotEmpty(t, files)
		for name, data := range files {
			path := filepath.Join(dir, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, data, 0o600))
		}
	}
	return env
}

// backendOf is the directory of an environment's backend.
func backendOf(env *Environment) string {
	return strings.TrimPrefix(env.Env["PULUMI_BACKEND_URL"], "file://")
}

func filesIn(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			files[name], err = os.ReadFile(path)
		}
		return err
	}))
	return files
}
