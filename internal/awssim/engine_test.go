package awssim_test

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
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
	stack   *auto.Stack
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
	return &engine{Simulator: simulator, t: t, command: withoutHistory{pulumiCommand(t)}, env: map[string]string{
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

// withoutHistory is a CLI that knows no earlier updates: after each, the Automation
// API starts it for what no test reads.
type withoutHistory struct{ auto.PulumiCommand }

func (c withoutHistory) Run(
	ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" && args[1] == "history" {
		return "[]", "", 0, nil
	}
	return c.PulumiCommand.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
}

// unread is a workspace whose stack is selected, and whose outputs are read by
// engine.outputs alone.
type unread struct{ auto.Workspace }

func (unread) SelectStack(context.Context, string) error                    { return nil }
func (unread) StackOutputs(context.Context, string) (auto.OutputMap, error) { return nil, nil }

// with is the engine's stack with a program.
func (e *engine) with(program pulumi.RunFunc) *auto.Stack {
	e.t.Helper()
	if e.stack == nil {
		settings := workspace.ProjectStack{Config: config.Map{
			config.MustMakeKey("pulumi", "disable-default-providers"): config.NewObjectValue(`["*"]`),
		}}
		stack, err := auto.UpsertStackInlineSource(e.t.Context(), "test", "awssim", program,
			auto.Pulumi(e.command), auto.EnvVars(e.env), auto.Project(workspace.Project{
				Name: tokens.PackageName("awssim"), Runtime: workspace.NewProjectRuntimeInfo("go", nil),
				Main: e.t.TempDir(),
			}), auto.Stacks(map[string]workspace.ProjectStack{"test": settings}))
		require.NoError(e.t, err)
		stack, err = auto.SelectStack(e.t.Context(), stack.Name(), unread{stack.Workspace()})
		require.NoError(e.t, err)
		e.stack = &stack
	}
	e.stack.Workspace().SetProgram(program)
	return e.stack
}

// up runs the program, and counts the operations by kind; the text is everything
// that the engine said.
func (e *engine) up(program pulumi.RunFunc) (map[string]int, string, error) {
	e.t.Helper()
	var said bytes.Buffer
	stream, counted := make(chan events.EngineEvent), make(chan map[string]int)
	go func() {
		changes := map[string]int{}
		for event := range stream {
			if event.SummaryEvent != nil {
				for op, n := range event.SummaryEvent.ResourceChanges {
					changes[string(op)] = n
				}
			}
		}
		counted <- changes
	}()
	_, err := e.with(program).Up(e.t.Context(), optup.EventStreams(stream),
		optup.ProgressStreams(&said), optup.ErrorProgressStreams(&said), optup.SuppressProgress())
	return <-counted, said.String(), err
}

func (e *engine) mustUp(program pulumi.RunFunc) map[string]int {
	e.t.Helper()
	changes, said, err := e.up(program)
	require.NoError(e.t, err, said)
	return changes
}

// outputs are the stack's after the last up.
func (e *engine) outputs() auto.OutputMap {
	e.t.Helper()
	outputs, err := e.stack.Workspace().(unread).Workspace.StackOutputs(e.t.Context(), e.stack.Name())
	require.NoError(e.t, err)
	return outputs
}

func (e *engine) preview(program pulumi.RunFunc) {
	e.t.Helper()
	var said bytes.Buffer
	_, err := e.with(program).Preview(e.t.Context(), optpreview.ProgressStreams(&said), optpreview.ErrorProgressStreams(&said))
	require.NoError(e.t, err, said.String())
}

func (e *engine) refresh() {
	e.t.Helper()
	_, err := e.with(nothing).Refresh(e.t.Context(), optrefresh.SuppressProgress())
	require.NoError(e.t, err)
}

func (e *engine) destroy() (string, error) {
	e.t.Helper()
	var said bytes.Buffer
	_, err := e.with(nothing).Destroy(e.t.Context(), optdestroy.ProgressStreams(&said), optdestroy.ErrorProgressStreams(&said))
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
