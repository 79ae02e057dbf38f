package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// writeTar is an archive of files by name.
func writeTar(t testing.TB, names []string, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := w.Write(files[name])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// emptyImage gives the engine an image of an architecture without anything in
// it that could run.
func emptyImage(t testing.TB, architecture string) string {
	t.Helper()
	tag := fmt.Sprintf("portico-test-empty-%s:%d", architecture, os.Getpid())
	layer := writeTar(t, []string{"empty"}, map[string][]byte{"empty": nil})
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": architecture, "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	require.NoError(t, err)
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{tag}, "Layers": []string{"layer.tar"}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "image.tar")
	archive := writeTar(t, []string{"manifest.json", "config.json", "layer.tar"},
		map[string][]byte{"manifest.json": manifest, "config.json": config, "layer.tar": layer})
	require.NoError(t, os.WriteFile(file, archive, 0o644))
	mustDocker(t, "load", "--quiet", "--input", file)
	t.Cleanup(func() { mustDocker(t, "rmi", "--force", tag) })
	return tag
}

func TestTheImageBuildsForEachArchitectureOnAnyMachine(t *testing.T) {
	if _, err := docker("info"); err != nil {
		t.Skipf("no Docker engine answers: %v", err)
	}
	for _, architecture := range []string{"arm64", "amd64"} {
		t.Run(architecture, func(t *testing.T) {
			id := build(t, hosts(t, 1), emptyImage(t, architecture), "--platform", "linux/"+architecture)
			require.Equal(t, architecture, mustDocker(t, "image", "inspect", "--format", "{{.Architecture}}", id))
		})
	}
}

const printDigest = "PORTICO_TEST_PRINT_DIGEST"

// TestTheSameMappingIsTheSameContextEverywhere renders in processes that differ
// in all that machines differ in, and compares the content hash and the files
// as Docker takes them: names, modes, bytes.
func TestTheSameMappingIsTheSameContextEverywhere(t *testing.T) {
	if dir := os.Getenv(printDigest); dir != "" {
		c := hosts(t, 200)
		require.NoError(t, c.WriteTo(dir))
		fmt.Fprintf(os.Stdout, "digest %s %s\n", c.Digest(), hashOf(t, dir))
		return
	}
	machines := map[string]struct {
		umask       string
		environment []string
	}{
		"of an administrator":                {"022", nil},
		"with a strict umask":                {"077", []string{"TZ=Asia/Tokyo", "LC_ALL=tr_TR.UTF-8", "GOMAXPROCS=1"}},
		"with a lenient umask":               {"000", []string{"TZ=America/St_Johns", "LC_ALL=C", "GOMAXPROCS=7", "GODEBUG=randautoseed=0"}},
		"of a user without a home directory": {"027", []string{"HOME=/nonexistent", "USER=", "TMPDIR=/", "LANG=POSIX"}},
	}
	digests := make(map[string]string)
	for name, machine := range machines {
		again := exec.Command("sh", "-c", `umask "$1" && exec "$2" -test.run "$3"`, "sh", machine.umask, os.Args[0], "^"+t.Name()+"$")
		again.Env = append(append(os.Environ(), machine.environment...), printDigest+"="+filepath.Join(t.TempDir(), "context"))
		output, err := again.CombinedOutput()
		require.NoError(t, err, "%s", output)
		for line := range strings.Lines(string(output)) {
			if digest, ok := strings.CutPrefix(line, "digest "); ok {
				digests[digest] += name + ", "
			}
		}
	}
	require.Len(t, digests, 1)
}

// hashOf is the hash of a directory as Docker sees it, which disregards times.
func hashOf(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	h := sha256.New()
	w := tar.NewWriter(h)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		header, err := tar.FileInfoHeader(info, "")
		require.NoError(t, err)
		header.ModTime, header.Uid, header.Gid, header.Uname, header.Gname = time.Time{}, 0, 0, "", ""
		require.NoError(t, w.WriteHeader(header))
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return hex.EncodeToString(h.Sum(nil))
}
