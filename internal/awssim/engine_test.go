package awssim_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const (
	sharedAccount   = "111111111111"
	providerAccount = "222222222222"
	strangerAccount = "333333333333"
)

func testSetup() *awssim.Setup {
	return &awssim.Setup{
		Home: awssim.Identity{Account: sharedAccount, Principal: "arn:aws:iam::" + sharedAccount + ":user/deployer"},
		Accounts: []awssim.Account{
			{ID: sharedAccount},
			{ID: providerAccount, Roles: []awssim.Role{{Name: "portico", Trusts: []string{sharedAccount}}}},
			{ID: strangerAccount, Roles: []awssim.Role{{Name: "portico", Trusts: []string{strangerAccount}}}},
		},
	}
}

// engine runs programs with the real Pulumi engine on simulated accounts.
type engine struct {
	*awssim.Simulator
	t       *testing.T
	command auto.PulumiCommand
	env     map[string]string
}

func newEngine(t *testing.T, setup *awssim.Setup) *engine {
	t.Helper()
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	return engineOn(t, simulator, t.TempDir())
}

// engineOn keeps Pulumi's own state in dir.
func engineOn(t *testing.T, simulator *awssim.Simulator, dir string) *engine {
	t.Helper()
	server, err := simulator.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return &engine{simulator, t, pulumiCommand(t), map[string]string{
		"PULUMI_DEBUG_PROVIDERS":               server.DebugProviders(),
		"PULUMI_BACKEND_URL":                   "file://" + dir,
		"PULUMI_CONFIG_PASSPHRASE":             "simulated",
		"PULUMI_HOME":                          filepath.Join(dir, "home"),
		"PULUMI_SKIP_UPDATE_CHECK":             "true",
		"PULUMI_DIY_BACKEND_NO_LEGACY_WARNING": "true",
	}}
}

// pulumiCommand is the CLI on PATH, or the one that `make` builds.
func pulumiCommand(t *testing.T) auto.PulumiCommand {
	t.Helper()
	options := &auto.PulumiCommandOptions{SkipVersionCheck: true}
	if _, err := exec.LookPath("pulumi"); err != nil {
		root, err := filepath.Abs("../..")
		require.NoError(t, err)
		if _, err := exec.LookPath(filepath.Join(root, "bin", "pulumi")); err != nil {
			t.Skip("no Pulumi CLI on PATH or in bin/: run make test, which builds it")
		}
		options.Root = root
	}
	command, err := auto.NewPulumiCommand(options)
	require.NoError(t, err)
	return command
}

func (e *engine) stack(program pulumi.RunFunc) *auto.Stack {
	e.t.Helper()
	stack, err := auto.UpsertStackInlineSource(e.t.Context(), "test", "awssim", program,
		auto.Pulumi(e.command), auto.EnvVars(e.env), auto.Project(workspace.Project{
			Name: tokens.PackageName("awssim"), Runtime: workspace.NewProjectRuntimeInfo("go", nil),
			Main: e.t.TempDir(),
		}))
	require.NoError(e.t, err)
	require.NoError(e.t, stack.SetConfigWithOptions(e.t.Context(), "pulumi:disable-default-providers[0]", auto.ConfigValue{Value: "*"}, &auto.ConfigOptions{Path: true}))
	return &stack
}

// up runs the program; the text is everything the engine said.
func (e *engine) up(program pulumi.RunFunc) (auto.UpResult, string, error) {
	e.t.Helper()
	var said bytes.Buffer
	result, err := e.stack(program).Up(e.t.Context(), optup.ProgressStreams(&said), optup.ErrorProgressStreams(&said), optup.SuppressProgress())
	return result, said.String(), err
}

func (e *engine) mustUp(program pulumi.RunFunc) auto.UpResult {
	e.t.Helper()
	result, said, err := e.up(program)
	require.NoError(e.t, err, said)
	return result
}

func (e *engine) preview(program pulumi.RunFunc) auto.PreviewResult {
	e.t.Helper()
	var said bytes.Buffer
	result, err := e.stack(program).Preview(e.t.Context(), optpreview.ProgressStreams(&said), optpreview.ErrorProgressStreams(&said))
	require.NoError(e.t, err, said.String())
	return result
}

func (e *engine) refresh() auto.RefreshResult {
	e.t.Helper()
	result, err := e.stack(nothing).Refresh(e.t.Context(), optrefresh.SuppressProgress())
	require.NoError(e.t, err)
	return result
}

func (e *engine) destroy() (string, error) {
	e.t.Helper()
	var said bytes.Buffer
	_, err := e.stack(nothing).Destroy(e.t.Context(), optdestroy.ProgressStreams(&said), optdestroy.ErrorProgressStreams(&said))
	return said.String(), err
}

func nothing(*pulumi.Context) error { return nil }

func (e *engine) only(typ string) awssim.Resource {
	e.t.Helper()
	found := e.Resources(awssim.Filter{Type: typ})
	require.Len(e.t, found, 1, typ)
	return found[0]
}

// as is an option that makes a program's resources those of an account: the
// home account's, or another's through its role "portico".
func as(ctx *pulumi.Context, account string) (pulumi.ResourceOrInvokeOption, error) {
	args := &aws.ProviderArgs{
		Region:            pulumi.String("us-east-1"),
		AllowedAccountIds: pulumi.ToStringArray([]string{account}),
	}
	if account != sharedAccount {
		args.AssumeRole = aws.ProviderAssumeRoleArgs{RoleArn: pulumi.String("arn:aws:iam::" + account + ":role/portico")}
	}
	provider, err := aws.NewProvider(ctx, "aws-"+account, args)
	return pulumi.Provider(provider), err
}
