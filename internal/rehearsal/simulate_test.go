package rehearsal

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/thrifty"
)

// copyProject copies the repository's projects and example mappings, so that
// the engine writes into the copy.
func copyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, pattern := range []string{"Pulumi*.yaml", "examples/*.yaml", "accounts/provider/Pulumi*.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			name, err := filepath.Rel(root, file)
			require.NoError(t, err)
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
		}
	}
	return dir
}

// exported reads the variables of a file of export lines.
func exported(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	variables := make(map[string]string)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		assignment, ok := strings.CutPrefix(lines.Text(), "export ")
		require.True(t, ok, lines.Text())
		name, value, ok := strings.Cut(assignment, "=")
		require.True(t, ok, lines.Text())
		if name != "PATH" {
			variables[name] = strings.Trim(value, "'")
		}
	}
	return variables
}

// TestThePlainCLIWorksOnSimulatedAccounts deploys the repository's own dev
// stacks with nothing but the variables that a simulation exports.
func TestThePlainCLIWorksOnSimulatedAccounts(t *testing.T) {
	command := cli(t)
	dir := copyProject(t)
	envFile := filepath.Join(t.TempDir(), "env")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Simulate(ctx, SimulateOptions{
			Mapping: filepath.Join(dir, "examples", "mapping.dev.yaml"), Project: dir, EnvFile: envFile,
			Command: command, Out: write, Progress: testLog{t},
		})
		ended <- errors.Join(err, write.Close())
	}()
	// What is printed begins when everything is up, or ends without.
	first := make([]byte, 1<<16)
	n, err := read.Read(first)
	if err != nil {
		cancel()
		require.NoError(t, <-ended)
	}
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	written, err := os.ReadFile(envFile)
	require.NoError(t, err)
	require.Equal(t, string(written), string(first[:n]))

	environment, err := automation.Discover(dir, "dev", automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn})
	require.NoError(t, err)
	for _, s := range append([]automation.Stack{environment.Shared}, environment.Providers...) {
		workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(s.Dir), auto.Program(s.Program),
			auto.Pulumi(thrifty.Command{PulumiCommand: command}), auto.EnvVars(exported(t, envFile)))
		require.NoError(t, err)
		stack, err := auto.SelectStack(ctx, s.Name, thrifty.Workspace{Workspace: workspace})
		require.NoError(t, err)
		// The stack is there, as `pulumi up -s dev` expects.
		changes, err := thrifty.Up(ctx, stack)
		require.NoError(t, err)
		require.Positive(t, changes[apitype.OpCreate])
		preview, err := stack.Preview(ctx, optpreview.ExpectNoChanges())
		require.NoError(t, err, preview.StdOut)
	}
}

func TestTheSettingsThatNameTheMappingSayWhoIsShared(t *testing.T) {
	dir := copyProject(t)
	found, err := findSettings(dir, filepath.Join(dir, "examples", "mapping.prod.yaml"))
	require.NoError(t, err)
	var names []string
	for _, s := range found.stacks {
		names = append(names, s.project+"/"+s.name)
	}
	require.Equal(t, []string{
		"portico/prod", "portico-provider/prod-catalog", "portico-provider/prod-orders", "portico-provider/prod-payments",
	}, names)
	initial := found.initialState(parse(t, smallMapping))
	require.EqualValues(t, "555555555555", initial.shared)
}

func TestExportsSurviveTheShell(t *testing.T) {
	lines, err := exports(map[string]string{"A": "it's $HOME"}, ".")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(lines, `export A='it'\''s $HOME'`+"\n"), lines)
}
