package accounts

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected errors under testdata")

// Each file of testdata/config is a settings file of a shared or a provider
// stack, and the errors that it gets; none where the configuration is right.
func TestConfigCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/config/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(archive.Files), 1)
			input := archive.Files[0]
			got := readConfig(t, input.Name, settings(input.Data))
			if *update {
				archive.Files = []txtar.File{input, {Name: "errors", Data: []byte(got)}}
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o600))
				return
			}
			require.Len(t, archive.Files, 2)
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// readConfig reads a settings file as the role's program does, and returns the
// errors.
func readConfig(t *testing.T, role string, s settings) string {
	t.Helper()
	dir := project(t, "dev", s, twoRows)
	var failure error
	program := func(ctx *pulumi.Context) error {
		if role == "provider" {
			_, failure = readProviderConfig(ctx, dir)
		} else {
			_, failure = readSharedConfig(ctx, dir)
		}
		return nil
	}
	require.NoError(t, run(t, &monitor{}, program, "dev", s.config(t)))
	if failure == nil {
		return ""
	}
	require.ErrorAs(t, failure, new(ConfigErrors))
	return failure.Error() + "\n"
}

func TestTheExampleSettingsAreRight(t *testing.T) {
	examples := map[string]string{"Pulumi.dev.yaml": "shared", "Pulumi.prod.yaml": "shared"}
	providers, err := filepath.Glob("provider/Pulumi.*.yaml")
	require.NoError(t, err)
	require.Len(t, providers, 6)
	for _, path := range providers {
		examples[filepath.Join("accounts", path)] = "provider"
	}
	for path, role := range examples {
		t.Run(path, func(t *testing.T) {
			s := settings(example(t, path))
			require.Empty(t, readConfig(t, role, s))
			require.JSONEq(t, `["*"]`, s.config(t)["pulumi:disable-default-providers"])
			mapping := filepath.Join("..", filepath.Dir(path), s.config(t)["portico:mapping"])
			_, err := loadMapping("", mapping)
			require.NoError(t, err)
		})
	}
}

func TestEveryReferenceVariableHasAKeyThatExists(t *testing.T) {
	for variable, key := range referenceVariables {
		key, _, _ = strings.Cut(key, " ")
		source := &configSource{mistakes: &mistakes{}, lookup: func(string) (string, bool) { return "", false }, keys: []string{strings.Split(key, ".")[0]}}
		source.read(&sharedConfig{})
		require.Empty(t, source.all, variable)
		if top, member, nested := strings.Cut(key, "."); nested {
			source := &configSource{mistakes: &mistakes{}, lookup: func(asked string) (string, bool) {
				return `{"` + member + `": null}`, asked == top
			}}
			source.read(&sharedConfig{})
			for _, mistake := range source.all {
				require.NotContains(t, mistake.Problem, "unknown", variable)
			}
		}
	}
}
