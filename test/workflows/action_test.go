package workflows

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/test/built"
)

// actionFile is action.yml, as far as the test carries it out.
type actionFile struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	ID, If, Uses, Run, Shell string
	Env, With                map[string]string
}

func readAction(t *testing.T) actionFile {
	t.Helper()
	data, err := os.ReadFile(root + "/action.yml")
	require.NoError(t, err)
	var a actionFile
	require.NoError(t, yaml.Unmarshal(data, &a))
	return a
}

// actionRun is a run of the action's step "run" in a directory.
type actionRun struct {
	code                        int
	log, summary, comment, page string
}

var inputExpression = regexp.MustCompile(`^\$\{\{ inputs\.([a-z]+) \}\}$`)

// builtOnce is a directory with a program go that builds nothing: it copies what
// program has built to where `go build` was asked to write it.
func builtOnce(t *testing.T) string {
	t.Helper()
	path := built.Portico(t)
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1 $2 $3 $4 $6\" = \"build -C $GITHUB_ACTION_PATH -o ./cmd/portico\" ] && exec ln -sf %s \"$5\"\n", path)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700))
	return dir
}

func (a actionFile) run(t *testing.T, dir string, inputs map[string]string) actionRun {
	t.Helper()
	for name := range inputs {
		require.Contains(t, a.Inputs, name)
	}
	i := slices.IndexFunc(a.Runs.Steps, func(s actionStep) bool { return s.ID == "run" })
	require.GreaterOrEqual(t, i, 0)
	step := a.Runs.Steps[i]
	require.Equal(t, "bash", step.Shell)
	path, err := filepath.Abs(root)
	require.NoError(t, err)
	temp := t.TempDir()
	output, summary := filepath.Join(temp, "output"), filepath.Join(temp, "summary")

	cmd := exec.Command("bash", "-c", step.Run)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+path, "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summary,
		"GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=example/names", "GITHUB_SHA=0123456789abcdef0123456789abcdef01234567",
		"PATH="+builtOnce(t)+":"+os.Getenv("PATH"))
	for name, value := range step.Env {
		input := inputExpression.FindStringSubmatch(value)
		require.NotNil(t, input, "%s: %s", name, value)
		given, ok := inputs[input[1]]
		if !ok {
			given = a.Inputs[input[1]].Default
		}
		cmd.Env = append(cmd.Env, name+"="+given)
	}
	log, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); !exited {
		require.NoError(t, err)
	}
	r := actionRun{code: cmd.ProcessState.ExitCode(), log: string(log)}
	if data, err := os.ReadFile(summary); err == nil {
		r.summary = string(data)
	}
	if data, err := os.ReadFile(output); err == nil {
		outputs := regexp.MustCompile(`^comment=(.*)\npage=(.*)\n$`).FindStringSubmatch(string(data))
		require.NotNil(t, outputs, "%s", data)
		for i, to := range []*string{&r.comment, &r.page} {
			text, err := os.ReadFile(outputs[1+i])
			require.NoError(t, err)
			*to = string(text)
		}
	}
	return r
}

// starting is a git repository with the files that portico init writes.
func starting(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	portico := built.Portico(t)
	for _, args := range [][]string{
		{portico, "init", "--dir", dir, "--shared-account", "111111111111", "--account", "orders=222222222222",
			"--host", "orders.private.example.com", "--api", "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"},
		{"git", "-C", dir, "init", "--quiet"},
		{"git", "-C", dir, "add", "."},
		{"git", "-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "Begin"},
	} {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
	}
	return dir
}

func TestTheActionChecksAndPreviews(t *testing.T) {
	a := readAction(t)
	dir := starting(t)
	right := a.run(t, dir, map[string]string{"environment": "dev"})
	require.Zero(t, right.code, right.log)
	require.Zero(t, a.run(t, dir, map[string]string{"mapping": "mapping.dev.yaml"}).code)

	unchanged := a.run(t, dir, map[string]string{"command": "preview", "environment": "dev"})
	require.Zero(t, unchanged.code, unchanged.log)

	file := filepath.Join(dir, "mapping.dev.yaml")
	mapping, err := os.ReadFile(file)
	require.NoError(t, err)
	renamed := strings.ReplaceAll(string(mapping), "orders.private.example.com", "sales.private.example.com")
	require.NotEqual(t, string(mapping), renamed)
	require.NoError(t, os.WriteFile(file, []byte(renamed), 0o600))
	changed := a.run(t, dir, map[string]string{"command": "preview", "environment": "dev"})
	require.Zero(t, changed.code, changed.log)
	require.Contains(t, changed.comment, "sales.private.example.com")
	require.Contains(t, changed.comment, "https://github.com/example/names/blob/0123456789abcdef0123456789abcdef01234567/mapping.dev.yaml#L")
	require.Equal(t, changed.comment, changed.summary)
	require.Contains(t, changed.page, "sales.private.example.com")

	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(renamed, "sales.private", "-sales.private")), 0o600))
	for _, inputs := range []map[string]string{{"mapping": "mapping.dev.yaml"}, {"environment": "dev"}} {
		wrong := a.run(t, dir, inputs)
		require.Equal(t, 1, wrong.code, wrong.log)
		require.Contains(t, wrong.log, "::error file=mapping.dev.yaml,line=")
	}
	wrong := a.run(t, dir, map[string]string{"command": "preview", "environment": "dev"})
	require.Equal(t, 1, wrong.code, wrong.log)
	require.Contains(t, wrong.summary, "begins or ends with a hyphen")
	require.Contains(t, wrong.page, "begins or ends with a hyphen")
}

func TestInputsOfTheActionThatCannotBeCarriedOut(t *testing.T) {
	a := readAction(t)
	for name, test := range map[string]struct {
		inputs map[string]string
		want   string
	}{
		"nothing":                        {nil, "neither mapping nor environment is set"},
		"both":                           {map[string]string{"mapping": "m.yaml", "environment": "dev"}, "leave mapping out"},
		"a preview of no environment":    {map[string]string{"command": "preview", "mapping": "m.yaml"}, "preview needs an environment"},
		"a command that it doesn't have": {map[string]string{"command": "up", "environment": "dev"}, "the command is up: write validate or preview"},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.run(t, t.TempDir(), test.inputs)
			require.Equal(t, 2, got.code, got.log)
			require.Contains(t, got.log, "::error::Portico: ")
			require.Contains(t, got.log, test.want)
		})
	}
}

// TestTheActionsExpressionsAreNoCode holds each step to pinned actions and one
// script, whose values come by the environment.
func TestTheActionsExpressionsAreNoCode(t *testing.T) {
	a := readAction(t)
	require.Equal(t, "composite", a.Runs.Using)
	for _, s := range a.Runs.Steps {
		require.NotContains(t, s.Run, "${{")
		if s.Uses != "" {
			require.Regexp(t, action, s.Uses)
		} else {
			require.Contains(t, []string{
				`"$GITHUB_ACTION_PATH/.github/scripts/action"`, `"$GITHUB_ACTION_PATH/.github/scripts/link-page" "$COMMENT" "$PAGE"`,
			}, s.Run)
		}
	}
	require.Equal(t, "${{ steps.run.outputs.comment }}", a.Outputs["comment"].Value)
	require.Equal(t, "${{ steps.run.outputs.page }}", a.Outputs["page"].Value)
}

// TestHooksOfPreCommitAreCommandsOfPortico runs each hook as pre-commit does,
// with the arguments that its documentation gives.
func TestHooksOfPreCommitAreCommandsOfPortico(t *testing.T) {
	data, err := os.ReadFile(root + "/.pre-commit-hooks.yaml")
	require.NoError(t, err)
	var hooks []struct {
		ID, Name, Entry, Language, Files string
		PassFilenames                    bool `yaml:"pass_filenames"`
	}
	require.NoError(t, yaml.Unmarshal(data, &hooks))
	require.Len(t, hooks, 1)
	hook := hooks[0]
	require.Equal(t, "system", hook.Language)
	require.False(t, hook.PassFilenames)
	require.Regexp(t, hook.Files, "mapping.yaml")
	require.Regexp(t, hook.Files, "Pulumi.dev.yaml")
	args := strings.Fields(hook.Entry)
	require.Equal(t, "portico", args[0])
	for _, more := range [][]string{{"--mapping", "examples/mapping.dev.yaml"}, {"--env", "dev"}} {
		cmd := exec.Command(built.Portico(t), append(args[1:], more...)...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
