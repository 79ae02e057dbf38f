package main

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// packed is an archive with files of the given names, each of which is this test's
// program.
func packed(t *testing.T, names ...string) string {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	program, err := os.ReadFile(executable)
	require.NoError(t, err)
	archive := filepath.Join(t.TempDir(), "portico_1.2.3.tar.gz")
	file, err := os.Create(archive)
	require.NoError(t, err)
	zipped, err := gzip.NewWriterLevel(file, gzip.NoCompression)
	require.NoError(t, err)
	entries := tar.NewWriter(zipped)
	for _, name := range names {
		require.NoError(t, entries.WriteHeader(&tar.Header{Name: name, Size: int64(len(program)), Mode: 0o755}))
		_, err := entries.Write(program)
		require.NoError(t, err)
	}
	require.NoError(t, entries.Close())
	require.NoError(t, zipped.Close())
	require.NoError(t, file.Close())
	return archive
}

func TestTheModulesOfTheArchivesProgramAreWritten(t *testing.T) {
	document := filepath.Join(t.TempDir(), "sbom.json")
	require.NoError(t, write(packed(t, "portico_1.2.3/README.md", "portico_1.2.3/portico"), document))
	data, err := os.ReadFile(document)
	require.NoError(t, err)
	require.Contains(t, string(data), "pkg:golang/github.com/opencontainers/go-digest@v1.")
	require.Contains(t, string(data), `"name": "portico_1.2.3.tar.gz"`)
}

func TestAnArchiveWithoutAProgramIsRefused(t *testing.T) {
	document := filepath.Join(t.TempDir(), "sbom.json")
	require.ErrorContains(t, write(packed(t, "portico_1.2.3/README.md"), document), "it has no portico: ofarchive takes archives of Portico's releases")
	require.ErrorContains(t, write("no-such-file", document), "read archive: open no-such-file")
	require.NoFileExists(t, document)
}
