package automation

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// TestADestroyTakesStatementsBackFirst destroys an environment of whose two provider
// stacks one has a policy. At first its policies can't be changed, so that it is kept.
func TestADestroyTakesStatementsBackFirst(t *testing.T) {
	t.Parallel()
	env := deployable(t)
	policy := func(ctx *pulumi.Context) error {
		return ctx.RegisterComponentResource(apiPolicyType, "policy", &component{})
	}
	env.Providers[0].Program = policy
	fails := errors.New("the role does not exist")
	var ran []string
	for i, s := range env.Providers {
		env.Providers[i].Retired = func(ctx *pulumi.Context) error {
			ran = append(ran, s.Name)
			ctx.Export("contract", pulumi.Int(Contract))
			ctx.Export("redeployCommands", pulumi.ToStringArray([]string{"deploy " + s.Name}))
			return errors.Join(fails, policy(ctx))
		}
	}
	_, err := env.Up(t.Context())
	require.NoError(t, err)

	report, err := env.Destroy(t.Context())
	require.ErrorContains(t, err, "the role does not exist")
	require.ErrorContains(t, err, "the stack is kept: pulumi -C accounts/provider destroy -s dev-orders destroys it and leaves the policies as they are")
	var failure *OperationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, []string{"portico destroy --env dev"}, failure.Again)
	require.Contains(t, report.Stacks[2].Skipped, "still rely on it", "the shared stack")
	require.Empty(t, report.Commands)
	require.Len(t, readResources(t, env, "dev-orders"), 2)

	fails = nil
	report, err = env.Destroy(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"dev-orders", "dev-orders"}, ran, "a stack without a policy has none to take back")
	require.Equal(t, []string{"deploy dev-orders"}, report.Commands)
	require.Equal(t, []string{"dev-orders", "dev-payments", "dev"}, names(report))
	var phases []string
	for _, p := range report.Stacks[0].Phases {
		phases = append(phases, p.What+": "+p.Changes.String())
	}
	require.Equal(t, []string{takesBack + ": 2 unchanged", ": 2 deleted"}, phases)
	require.Empty(t, readResources(t, env, "dev-orders"))
}
