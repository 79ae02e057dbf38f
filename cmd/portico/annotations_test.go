package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/settings"
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
	require.NoError(t, writeAnnotations(&out, "error", []mistake{{File: "f", Message: "50%\r\n::error::x, y", Fix: "z"}}))
	require.Equal(t, "::error file=f::50%25%0D%0A::error::x, y: z\n", out.String())
}

// narrowed has a row below a wider one of the same API and stage.
const narrowed = `APIS:
  - {CUSTOM_DOMAIN_URL: shop.a.example.com/v1, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: shop.a.example.com/v1/admin, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admin", VERBS: GET}
`

func TestValidateWarnsAndIsDoneAllTheSame(t *testing.T) {
	plain := portico(t, narrowed, "validate", "--mapping", "-")
	require.Equal(t, exitDone, plain.code)
	require.Equal(t, "stdin: ok: 2 rows, 1 host, 1 API; a deployment cuts answers that still run 80 s after it takes their task away, unless a row has STREAM: true\n", plain.out)
	require.Regexp(t, `^stdin:3:5: APIS\[1\]\.VERBS: warning: APIS\[0\] of line 2 has DELETE, .+\n$`, plain.err)

	github := portico(t, narrowed, "validate", "--mapping", "-", "--github")
	require.Equal(t, exitDone, github.code)
	require.Empty(t, github.err)
	require.Regexp(t, `^::warning file=stdin,line=3,col=5,title=APIS\[1\]\.VERBS::.+\nstdin: ok: .+\n$`, github.out)

	asJSON := portico(t, narrowed, "validate", "--mapping", "-", "--json")
	require.Equal(t, exitDone, asJSON.code)
	require.Empty(t, asJSON.err)
	var v verdict
	require.NoError(t, json.Unmarshal([]byte(asJSON.out), &v))
	require.True(t, v.OK)
	require.Empty(t, v.Errors)
	require.Len(t, v.Warnings, 1)
	require.Equal(t, "APIS[1].VERBS", v.Warnings[0].Path)
	require.NotContains(t, portico(t, "", "validate", "--mapping", "testdata/valid.yaml", "--json").out, "warnings")
}

// TestAMistakeWithoutAColumnSaysNone is about files that aren't YAML, of which the
// parser knows a line alone.
func TestAMistakeWithoutAColumnSaysNone(t *testing.T) {
	at := settings.Position{File: filepath.Join("project", "Pulumi.dev.yaml"), Line: 3}
	var out strings.Builder
	require.NoError(t, writeAnnotations(&out, "error", []mistake{{File: at.File, Line: at.Line, Message: "it isn't YAML", Fix: "mend it"}}))
	require.Equal(t, "::error file=project/Pulumi.dev.yaml,line=3::it isn't YAML: mend it\n", out.String())

	list := reviewMistakes(&settings.Error{Position: at, Problem: "it isn't YAML", Fix: "mend it"}, git{ctx: t.Context(), dir: "project"})
	require.Equal(t, []review.Mistake{{Path: "Pulumi.dev.yaml:3", Message: "it isn't YAML", Fix: "mend it"}}, list)
}
