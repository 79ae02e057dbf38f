package automation

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestWhatADestroyWouldStopAt(t *testing.T) {
	state, err := readDeployment(json.RawMessage(`{"resources": [
		{"urn": "urn:pulumi:dev::portico::pulumi:pulumi:Stack::portico-dev", "type": "pulumi:pulumi:Stack"},
		{"urn": "urn:pulumi:dev::portico::aws:lb/loadBalancer:LoadBalancer::a", "type": "aws:lb/loadBalancer:LoadBalancer", "outputs": {"enableDeletionProtection": true}},
		{"urn": "urn:pulumi:dev::portico::aws:lb/loadBalancer:LoadBalancer::b", "type": "aws:lb/loadBalancer:LoadBalancer", "outputs": {"enableDeletionProtection": false}},
		{"urn": "urn:pulumi:dev::portico::aws:lb/loadBalancer:LoadBalancer::c", "type": "aws:lb/loadBalancer:LoadBalancer", "protect": true, "outputs": {"enableDeletionProtection": true}},
		{"urn": "urn:pulumi:dev::portico::aws:ec2/vpc:Vpc::vpc", "type": "aws:ec2/vpc:Vpc", "protect": true},
		{"urn": "urn:pulumi:dev::portico::aws:ec2/vpc:Vpc::other", "type": "aws:ec2/vpc:Vpc", "protect": false, "outputs": {"enableDeletionProtection": true}}
	]}`))
	require.NoError(t, err)
	var told []string
	for _, u := range state.undeletable() {
		told = append(told, u.describe("dev", Stack{Name: "dev"}, "."))
	}
	require.Equal(t, []string{
		"a has deletion protection: set portico:loadBalancer.deletionProtection: false, run portico up --env dev, and destroy then",
		"c is protected: to let it go, run pulumi -C . state unprotect 'urn:pulumi:dev::portico::aws:lb/loadBalancer:LoadBalancer::c' -s dev",
		"vpc is protected: to let it go, run pulumi -C . state unprotect 'urn:pulumi:dev::portico::aws:ec2/vpc:Vpc::vpc' -s dev",
	}, told)
}

// TestADestroyStopsAtAProtectedResourceBeforeItDeletesAnything protects a resource
// of the shared stack, which is destroyed last, and one of an account's.
func TestADestroyStopsAtAProtectedResourceBeforeItDeletesAnything(t *testing.T) {
	t.Parallel()
	env := deployable(t)
	protected := func(ctx *pulumi.Context) error {
		return ctx.RegisterComponentResource("portico:test:Component", "kept", &component{}, pulumi.Protect(true))
	}
	env.Shared.Program, env.Providers[1].Program = protected, protected
	_, err := env.Up(t.Context())
	require.NoError(t, err)

	report, err := env.Destroy(t.Context())
	require.ErrorContains(t, err, "destroy dev: nothing was deleted\n  kept is protected: to let it go, run pulumi -C . state unprotect 'urn:pulumi:dev::portico::portico:test:Component::kept' -s dev")
	require.ErrorContains(t, err, "destroy dev-payments: nothing was deleted\n  kept is protected: to let it go, run pulumi -C accounts/provider state unprotect")
	require.ErrorContains(t, err, "destroy dev-orders (account 222222222222): not run: another stack can't be destroyed, and nothing was deleted")
	require.Equal(t, []string{"dev-orders", "dev-payments", "dev"}, names(report))

	after, err := env.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]Changes{"dev": {Same: 2}, "dev-orders": {Same: 2}, "dev-payments": {Same: 2}}, changes(after))
}

// TestADestroyIsPreviewedForAllStacksFirst has the engine refuse the destroy of the
// shared stack, which comes last, for what no state says: the plugin of one of its
// resources is not there.
func TestADestroyIsPreviewedForAllStacksFirst(t *testing.T) {
	t.Parallel()
	env := deployable(t)
	env.Env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
	_, err := env.Up(t.Context())
	require.NoError(t, err)
	r, err := env.prepare(refresh)
	require.NoError(t, err)
	stack, err := r.open(t.Context(), env.Shared)
	require.NoError(t, err)
	const provider = "urn:pulumi:dev::portico::pulumi:providers:absent::old"
	stack.state.whole["resources"] = append(stack.state.resources(),
		map[string]any{"urn": provider, "type": "pulumi:providers:absent", "id": "1", "custom": true, "inputs": map[string]any{"version": "1.0.0"}, "outputs": map[string]any{"version": "1.0.0"}},
		map[string]any{"urn": "urn:pulumi:dev::portico::absent:index:Thing::thing", "type": "absent:index:Thing", "id": "2", "custom": true, "provider": provider + "::1"})
	require.NoError(t, stack.state.write(t.Context(), stack.Stack))

	_, err = env.Destroy(t.Context())
	require.ErrorContains(t, err, "destroy dev: nothing was deleted")
	require.ErrorContains(t, err, "absent")
	require.ErrorContains(t, err, "destroy dev-payments: not run: another stack can't be destroyed, and nothing was deleted")
	require.Len(t, readResources(t, env, "dev-payments"), 2)
}

// readResources are those of a provider stack's state.
func readResources(t *testing.T, env *Environment, name string) []any {
	t.Helper()
	r, err := env.prepare(refresh)
	require.NoError(t, err)
	for _, s := range env.Providers {
		if s.Name == name {
			stack, err := r.open(t.Context(), s)
			require.NoError(t, err)
			return stack.state.resources()
		}
	}
	t.Fatalf("no stack %s", name)
	return nil
}
