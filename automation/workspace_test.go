package automation

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// recordedCommand notes what the Pulumi CLI is asked to do.
type recordedCommand struct {
	auto.PulumiCommand
	mu  sync.Mutex
	ran []string
}

func (c *recordedCommand) Run(
	ctx context.Context, workdir string, stdin io.Reader,
	stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	name := args[0]
	if name == "stack" {
		name = strings.Join(args[:2], " ")
	}
	c.mu.Lock()
	c.ran = append(c.ran, name)
	c.mu.Unlock()
	return c.PulumiCommand.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
}

// asked is what was asked since the last call.
func (c *recordedCommand) asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ran := c.ran
	c.ran = nil
	return ran
}

// TestAnUpStartsTheCLIAsOftenAsItHasTo counts the commands: each takes a large part
// of a second. Only a secret output is asked for, and the state is read in its file.
func TestAnUpStartsTheCLIAsOftenAsItHasTo(t *testing.T) {
	env := deployable(t)
	env.Providers = nil
	cli := &recordedCommand{PulumiCommand: env.Command}
	env.Command = cli

	_, err := env.Preview(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"preview", "stack init", "preview"}, cli.asked())
	_, err = env.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"up"}, cli.asked())
	report, err := env.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"up"}, cli.asked())
	require.Equal(t, auto.OutputMap{"parts": {Value: 3.0}}, report.Stacks[0].Outputs)

	env.Shared.Program = func(ctx *pulumi.Context) error {
		ctx.Export("plain", pulumi.ToOutput(map[string]any{"a": []string{"b"}}))
		ctx.Export("secret", pulumi.ToSecret(pulumi.Map{"pin": pulumi.String("open sesame")}))
		return nil
	}
	report, err = env.Up(t.Context())
	require.NoError(t, err)
	want := auto.OutputMap{
		"plain":  {Value: map[string]any{"a": []any{"b"}}},
		"secret": {Value: map[string]any{"pin": "open sesame"}, Secret: true},
	}
	require.Equal(t, want, report.Stacks[0].Outputs)
	require.Equal(t, []string{"up", "stack output", "stack output"}, cli.asked())

	// Secrets survive a state that is written back, as before a destroy.
	r, err := env.prepare(up)
	require.NoError(t, err)
	stack, err := r.open(t.Context(), env.Shared)
	require.NoError(t, err)
	require.NotContains(t, string(stack.state.exported.Deployment), "open sesame", "the state is edited with its secrets encrypted")
	require.NoError(t, stack.state.write(t.Context(), stack.Stack))
	require.Equal(t, valuesOf(want), stack.lastOutputs(t.Context()))

	cli.asked()
	_, err = env.Preview(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"preview"}, cli.asked())
	_, err = env.Destroy(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"destroy", "destroy"}, cli.asked(), "the first destroy is a preview")
}
