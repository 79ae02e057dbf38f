package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValidateAnnotatesForGitHub(t *testing.T) {
	good := portico(t, "", "validate", "--github", "--mapping", "testdata/valid.yaml")
	require.Equal(t, portico(t, "", "validate", "--mapping", "testdata/valid.yaml"), good, "nothing to annotate")

	got := portico(t, "", "validate", "--github", "--mapping", "testdata/mistakes.yaml")
	require.Equal(t, exitWrong, got.code)
	require.Empty(t, got.err)
	plain := portico(t, "", "validate", "--mapping", "testdata/mistakes.yaml")
	annotations := strings.Split(strings.TrimSpace(got.out), "\n")
	require.Len(t, annotations, strings.Count(plain.err, "\n"), "one for each mistake")
	for _, a := range annotations {
		require.Regexp(t, `^::error file=testdata/mistakes\.yaml,line=\d+,col=\d+(,title=[^:,]+)?::.+: .+$`, a)
	}
}

func TestAnnotationsAreEscaped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a,b:c%d")
	require.NoError(t, os.Mkdir(dir, 0o755))
	path := filepath.Join(dir, "mapping.yaml")
	require.NoError(t, os.WriteFile(path, []byte("APIS:\n  - CUSTOM_DOMAIN_URL: \"a%\\r\\n::error::b.example.com\"\n"), 0o644))
	got := portico(t, "", "validate", "--github", "--mapping", path)
	require.Equal(t, exitWrong, got.code)
	for line := range strings.Lines(got.out) {
		require.Contains(t, line, "::error file=")
		require.Contains(t, line, "/a%2Cb%3Ac%25d/mapping.yaml,line=")
	}

	var out strings.Builder
	require.NoError(t, writeAnnotations(&out, []mistake{{File: "f", Message: "50%\r\n::error::x, y", Fix: "z"}}))
	require.Equal(t, "::error file=f::50%25%0D%0A::error::x, y: z\n", out.String())
}
