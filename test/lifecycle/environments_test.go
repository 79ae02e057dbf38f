package lifecycle

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

// twoEnvironments are dev and prod of one installation, each with a stage of the same
// API. Both leave out stacks for which nothing has changed.
type twoEnvironments struct {
	*simulatedEnvironment
	counter *counter
	prod    *automation.Environment
}

const prodMapping = "prod.yaml"

// rewritten is in the notice of a policy that others have saved.
const rewritten = "isn't what the last update saved"

// prodRow is prod's mapping, with the row's verbs.
func prodRow(verbs string) string {
	return strings.NewReplacer("orders.internal", "orders.live", "/dev", "/prod", "[GET, POST]", verbs).Replace(smallMapping)
}

func newTwoEnvironments(t *testing.T) *twoEnvironments {
	t.Helper()
	files := smallProject()
	toProd := strings.NewReplacer("mapping.yaml", prodMapping, "environment: dev", "environment: prod", "portico/dev", "portico/prod")
	for _, name := range []string{"Pulumi.dev.yaml", "accounts/provider/Pulumi.dev-orders.yaml"} {
		files[strings.Replace(name, "dev", "prod", 1)] = toProd.Replace(files[name])
	}
	files[prodMapping] = prodRow("[GET]")
	setup := ordersSetup()
	setup.RESTAPIs[0].Stages = []string{"dev", "prod"}
	e := &twoEnvironments{simulatedEnvironment: newEnvironment(t, files, setup)}
	e.counter = &counter{PulumiCommand: e.engine}
	var err error
	e.prod, err = automation.Discover(e.project, "prod", automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn})
	require.NoError(t, err)
	for _, env := range []*automation.Environment{e.env, e.prod} {
		env.Progress, env.Env, env.Sleep, env.Now, env.Settle = e.env.Progress, e.env.Env, e.sleep, e.Now, 0
		env.Command = e.counter
		env.Digests = accounts.ProviderDigestsIn(filepath.Join(e.project, filepath.FromSlash(automation.ProviderProject)))
		env.Providers[0].SavedPolicies = func(_ context.Context, apis []string) (map[string]string, error) {
			return e.SavedPolicies(awssim.Object{"region": region, "assumeRole": awssim.Object{"roleArn": "arn:aws:iam::" + ordersAccount + ":role/portico"}}, apis)
		}
	}
	return e
}

// runs are the engine's runs of an up.
func (e *twoEnvironments) runs(env *automation.Environment) []string {
	e.t.Helper()
	e.counter.since()
	_, err := env.Up(e.t.Context())
	require.NoError(e.t, err, "%s", e.log)
	return e.counter.since()
}

// whileDevHasRead does something when dev's next update has read the API's policy, and
// before it writes that.
func (e *twoEnvironments) whileDevHasRead(f func()) {
	var once atomic.Bool
	e.OnCall(func(call awssim.Call) {
		if call.Type == "aws:apigateway/restApi:RestApi" && once.CompareAndSwap(false, true) {
			f()
		}
	})
}

// TestUpdatesOfTwoEnvironmentsAtOnceAreHealedByTheNext has dev read the policy of the API
// that it shares with prod, prod write it, and dev write what it has made of the policy
// before. Before and after, neither environment runs because of what the other has written.
func TestUpdatesOfTwoEnvironmentsAtOnceAreHealedByTheNext(t *testing.T) {
	slowly(t)
	t.Parallel()
	e := newTwoEnvironments(t)
	e.runs(e.env)
	e.runs(e.prod)
	require.Equal(t, []string{"up dev"}, e.runs(e.env), "prod's statements are no concern of dev's")

	write(t, e.project, map[string]string{
		"mapping.yaml": strings.Replace(smallMapping, "[GET, POST]", "[GET, PUT]", 1), prodMapping: prodRow("[GET, DELETE]"),
	})
	var prods string
	e.whileDevHasRead(func() {
		_, err := e.prod.Up(t.Context())
		require.NoError(t, err)
		prods = e.RESTAPIs(region)[ordersAPI].SavedPolicy
	})
	e.runs(e.env)
	require.Contains(t, prods, "/prod/DELETE/", "prod has written meanwhile")
	lost := e.RESTAPIs(region)[ordersAPI]
	require.NotContains(t, lost.SavedPolicy, "/prod/DELETE/", "what prod has written is lost")
	require.Contains(t, lost.SavedPolicy, "/dev/PUT/")

	// prod's next update finds it, says so, and writes and deploys its statements anew.
	require.Equal(t, []string{"up prod", "up prod-orders"}, e.runs(e.prod))
	require.Contains(t, e.log.String(), "prod-orders: REST API "+ordersAPI+": what its owner and this environment have in its resource policy "+rewritten)
	healed := e.RESTAPIs(region)[ordersAPI]
	require.Contains(t, healed.SavedPolicy, "/dev/PUT/")
	for _, policy := range []string{healed.SavedPolicy, healed.Stages["prod"].Policy} {
		require.Contains(t, policy, "/prod/DELETE/")
	}
	require.Equal(t, []string{"up dev"}, e.runs(e.env))
	require.Equal(t, []string{"up prod"}, e.runs(e.prod))
	require.Equal(t, 1, strings.Count(e.log.String(), rewritten), e.log)

	// A run that is asked for writes the policy as it is, and leaves the stages alone.
	e.env.All = true
	report, err := e.env.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, automation.Changes{Update: 1, Same: report.Stacks[1].Changes.Same}, report.Stacks[1].Changes)
}
