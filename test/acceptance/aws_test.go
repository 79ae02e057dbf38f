//go:build acceptance

package acceptance_test

import (
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/test/acceptance"
)

var (
	project = flag.String("project", "", "the `DIR` of the shared stack's Pulumi.yaml")
	env     = flag.String("env", "", "the environment's `NAME`")
	mapping = flag.String("mapping", "", "the `FILE` that portico:mapping names")
	changed = flag.String("changed", "", "a mapping `FILE` that takes its place for a while; empty: no change is tried")
	cluster = flag.String("cluster", "", "the `NAME` of the ECS cluster")
	service = flag.String("service", "", "the `NAME` of its service")
	api     = flag.String("api", "", "the `ID` of an API of the mapping")
	stage   = flag.String("stage", "", "the `NAME` of that API's stage in the mapping")
	group   = flag.String("client-group", "", "the `ID` of a security group that lets out to the load balancer, such as the VPC's default one")
	record  = flag.String("record", "acceptance.json", "the `FILE` for the record")
	keep    = flag.Bool("keep", false, "leave the environment deployed")
)

// TestOnAWS is the acceptance run on real accounts; README.md says what it needs,
// what it costs and what it leaves. Paths are absolute or relative to this
// directory.
func TestOnAWS(t *testing.T) {
	for name, value := range map[string]string{"project": *project, "env": *env, "mapping": *mapping, "cluster": *cluster, "service": *service, "api": *api, "stage": *stage, "client-group": *group} {
		require.NotEmpty(t, value, "-%s is required", name)
	}
	root, err := filepath.Abs(*project)
	require.NoError(t, err)
	stacks, err := automation.Discover(root, *env, automation.Programs{
		Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn, Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn,
	})
	require.NoError(t, err)
	stacks.Progress = automation.Lines(os.Stderr)
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	found, err := acceptance.Run(ctx, acceptance.Options{
		Stacks: stacks, Prober: acceptance.Task{Cluster: *cluster, Service: *service, ClientGroup: *group}, Accounts: "aws", API: *api, Stage: *stage,
		Mapping: *mapping, Changed: *changed, Keep: *keep,
		Progress: func(step string) { t.Log(step) },
	})
	require.NoError(t, found.Write(*record))
	require.NoError(t, err)
}
