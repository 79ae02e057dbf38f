package newfiles_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/newfiles"
)

var files = []newfiles.File{{Name: "a.yaml", Data: []byte("a")}, {Name: "below/it/b.yaml", Data: []byte("b")}}

func TestMissingFilesAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	written, err := newfiles.Write(dir, files[1:])
	require.NoError(t, err)
	require.Equal(t, []string{"below/it/b.yaml"}, written)
	data, err := os.ReadFile(filepath.Join(dir, "below", "it", "b.yaml"))
	require.NoError(t, err)
	require.Equal(t, "b", string(data))
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "below", "it", "b.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(taken), 0o755))
	require.NoError(t, os.WriteFile(taken, []byte("mine"), 0o600))
	_, err := newfiles.Write(dir, files)
	require.ErrorContains(t, err, "below/it/b.yaml")
	data, err := os.ReadFile(taken)
	require.NoError(t, err)
	require.Equal(t, "mine", string(data))
	require.NoFileExists(t, filepath.Join(dir, "a.yaml"), "nothing is written if something is in the way")
}

func TestFilesToKeepStayAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "go.mod")
	require.NoError(t, os.WriteFile(kept, []byte("completed"), 0o600))
	written, err := newfiles.Write(dir, append([]newfiles.File{{Name: "go.mod", Data: []byte("first"), Keep: true}}, files...))
	require.NoError(t, err)
	require.Equal(t, []string{"a.yaml", "below/it/b.yaml"}, written)
	data, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.Equal(t, "completed", string(data))
}
