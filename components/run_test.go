package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/require"
)

func TestARunHasItsDigest(t *testing.T) {
	m := &monitor{}
	var digest string
	require.NoError(t, m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		run, err := NewRun(ctx, "run", &RunArgs{Digest: "0123"}, opts)
		if err != nil {
			return err
		}
		value, err := internals.UnsafeAwaitOutput(ctx.Context(), run.Digest)
		digest, _ = value.Value.(string)
		return err
	}))
	require.Equal(t, "0123", digest)
	require.Equal(t, "run", m.only(t, "portico:index:Run").Name)
}

func TestARunNeedsADigest(t *testing.T) {
	m := &monitor{}
	requireArguments(t, m, m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewRun(ctx, "run", &RunArgs{}, opts)
		return err
	}), "Digest")
}
