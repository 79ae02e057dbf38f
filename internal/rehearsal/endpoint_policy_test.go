package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// The proxy's endpoint lets requests through to the APIs and stages of the rows, and to
// no others, whatever these admit. The tests of edits have such policies too.
func TestAnEndpointWithThePolicyOfTheRowsLeadsToNoOtherAPI(t *testing.T) {
	run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: policiesOfRows()}, nil)
	run.deploy(t)
	environment, _, err := environmentOf(run.simulator, string(sharedAccount), "us-east-1")
	require.NoError(t, err)
	require.Len(t, environment.Endpoints, 1)
	for what, test := range map[string]struct {
		api, stage string
		want       bool
	}{
		"a row's API":          {"aaaaaaaaaa", "dev", true},
		"another stage of it":  {"aaaaaaaaaa", "prod", false},
		"the other row's API":  {"bbbbbbbbbb", "v1", true},
		"an API without a row": {"cccccccccc", "dev", false},
	} {
		admitted, err := environment.Endpoints[0].Admit(live.API{ID: test.api, AccountID: string(ordersAccount)}, live.Invocation{Method: "GET", Stage: test.stage, Path: "/"})
		require.NoError(t, err)
		require.Equal(t, test.want, admitted, what)
	}
}

// So that each edit shows that these policies cost no request.
func TestTheEnvironmentOfEditsHasThePolicyOfTheRows(t *testing.T) {
	e := newEdited(t, 1, false)
	require.NoError(t, e.up(repointingEdit().Before, interruption{}))
	environment, _, err := environmentOf(e.accounts, string(sharedAccount), "us-east-1")
	require.NoError(t, err)
	require.Len(t, environment.Endpoints, 1)
	for api, want := range map[string]bool{"aaaaaaaaaa": true, "eeeeeeeeee": false} {
		admitted, err := environment.Endpoints[0].Admit(live.API{ID: api, AccountID: apiOwners[api]}, live.Invocation{Method: "GET", Stage: "dev", Path: "/"})
		require.NoError(t, err)
		require.Equal(t, want, admitted, api)
	}
}
