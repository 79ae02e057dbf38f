package main

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// contents are the files of a directory, with their modes.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files[entry.Name()] = info.Mode().String() + "\n" + string(data)
		return nil
	})
	require.NoError(t, err)
	return files
}

func render(t *testing.T, dir string, more ...string) result {
	t.Helper()
	return portico(t, "", append([]string{"render", "--mapping", "testdata/valid.yaml", "--out", dir}, more...)...)
}

func TestRenderGivesTheSameBytesForTheSameInput(t *testing.T) {
	parent := t.TempDir()
	once, again := filepath.Join(parent, "once"), filepath.Join(parent, "deep", "again")
	got := render(t, once)
	require.Equal(t, exitDone, got.code, got.err)
	require.Empty(t, got.out)
	require.Equal(t, exitDone, render(t, again).code)

	files := contents(t, once)
	require.Contains(t, files, "Dockerfile")
	require.Contains(t, files, "nginx.conf")
	require.Contains(t, files, "entrypoint.sh")
	require.Contains(t, files, "sbom.spdx.json")
	require.Empty(t, cmp.Diff(files, contents(t, again)))

	t.Run("over an earlier render too", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(once, "routes-of-old.conf"), nil, 0o644))
		require.Equal(t, exitDone, render(t, once).code)
		require.Empty(t, cmp.Diff(files, contents(t, once)))
	})
	t.Run("but the base image's", func(t *testing.T) {
		require.Equal(t, exitDone, render(t, once, "--base-image", "registry.example.com/nginx:1.30").code)
		require.Contains(t, contents(t, once)["Dockerfile"], "registry.example.com/nginx:1.30")
	})
}

func TestRenderLeavesAloneWhatItDidNotWrite(t *testing.T) {
	for name, files := range map[string][]string{
		"a user's file":             {"thesis.tex"},
		"a user's own NGINX":        {"Dockerfile", "entrypoint.sh", "nginx.conf"},
		"a file beside our render":  {"notes.md"},
		"a folder beside our files": {"backup/nginx.conf"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if name == "a file beside our render" || name == "a folder beside our files" {
				require.Equal(t, exitDone, render(t, dir).code)
			}
			for _, file := range files {
				path := filepath.Join(dir, filepath.FromSlash(file))
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte("mine\n"), 0o644))
			}
			before := contents(t, dir)

			got := render(t, dir)
			require.Equal(t, exitWrong, got.code)
			require.Contains(t, got.err, dir)
			require.Empty(t, cmp.Diff(before, contents(t, dir)))
		})
	}
}

func TestRenderRefusesABaseImageThatIsNone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	got := render(t, dir, "--base-image", "nginx\nRUN true")
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.err, "base image")
	require.NoDirExists(t, dir)
}

// billOf is the bill of materials that a render has written.
func billOf(t *testing.T, dir string) (created, namespace string, files []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "sbom.spdx.json"))
	require.NoError(t, err)
	var bill struct {
		Namespace    string `json:"documentNamespace"`
		CreationInfo struct{ Created string }
		Files        []struct{ FileName string }
	}
	require.NoError(t, json.Unmarshal(data, &bill))
	for _, f := range bill.Files {
		files = append(files, strings.TrimPrefix(f.FileName, "./"))
	}
	return bill.CreationInfo.Created, bill.Namespace, files
}

func TestRenderWritesABillOfMaterials(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	require.Equal(t, exitDone, render(t, dir).code)
	created, namespace, listed := billOf(t, dir)
	require.Equal(t, "1970-01-01T00:00:00Z", created)
	rendered := contents(t, dir)
	delete(rendered, "sbom.spdx.json")
	require.ElementsMatch(t, slices.Collect(maps.Keys(rendered)), listed)
	require.NotContains(t, rendered["Dockerfile"], "sbom", "it isn't in the image, whose digest it would change")

	t.Run("of another base", func(t *testing.T) {
		require.Equal(t, exitDone, render(t, dir, "--base-image", "registry.example.com/nginx:1.30").code)
		_, other, _ := billOf(t, dir)
		require.NotEqual(t, namespace, other)
	})
	t.Run("with a time that is given", func(t *testing.T) {
		t.Setenv("SOURCE_DATE_EPOCH", "1777777777")
		require.Equal(t, exitDone, render(t, dir).code)
		created, _, _ := billOf(t, dir)
		require.Equal(t, "2026-05-03T03:09:37Z", created)
	})
	for _, epoch := range []string{"yesterday", "-1", "253402300800"} {
		t.Run("not at "+epoch, func(t *testing.T) {
			t.Setenv("SOURCE_DATE_EPOCH", epoch)
			before := contents(t, dir)
			got := render(t, dir)
			require.Equal(t, exitWrong, got.code)
			require.Contains(t, got.err, "SOURCE_DATE_EPOCH")
			require.Empty(t, cmp.Diff(before, contents(t, dir)), "nothing is written")
		})
	}
}
