package accounts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const theOwners = `{"Version":"2012-10-17","Statement":[{"Sid":"Partners","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0000000a"}}}]}`

// retired runs a provider stack's program as if all rows were RETIRED.
func retired(t *testing.T, m *monitor, s settingsText, mapping string) error {
	t.Helper()
	m.outputs[ownStack] = sharedStackOutputs
	return run(t, m, ProviderRetiredIn(project(t, "dev-orders", s, mapping)), "dev-orders", s.config(t))
}

// TestARetiredStackTakesItsStatementsBack has the policies that a stack wrote, and
// runs its program as if all rows were RETIRED.
func TestARetiredStackTakesItsStatementsBack(t *testing.T) {
	const owned, empty, never = "a.example.com owned00001/dev", "b.example.com empty00001/test", "c.example.com never00001/dev"
	rows := rowsTo(owned, empty)
	elsewhere := strings.ReplaceAll(rowsTo(never), "222222222222", "333333333333")
	owners := map[string]string{"owned00001": theOwners, "never00001": theOwners}
	up := &monitor{shared: sharedStackOutputs, policies: owners}
	reported := outputsOf(t, up, redeploying, rows)
	written := maps.Clone(owners)
	for _, policy := range up.of(policyToken) {
		written[policy.Inputs["restApiId"].(string)] = policy.Inputs["policy"].(string)
	}
	const own = "organization/portico/dev-orders"
	byHand := minimalProvider + "  portico:redeploy: false\n"
	for name, test := range map[string]struct {
		settings settingsText
		mapping  string
		monitor  *monitor
		// taken are the APIs whose policies are written, deployed the stages.
		taken, deployed []string
	}{
		"the rows of the last update":              {redeploying, rows, &monitor{}, []string{"empty00001", "owned00001"}, []string{"dev", "test"}},
		"of which the mapping has lost one":        {redeploying, rowsTo(owned), &monitor{}, []string{"empty00001", "owned00001"}, []string{"dev", "test"}},
		"and a row that was never deployed":        {redeploying, rowsTo(owned, empty, never), &monitor{}, []string{"empty00001", "owned00001"}, []string{"dev", "test"}},
		"an update that failed reports none":       {redeploying, rowsTo(owned, empty, never), &monitor{outputs: map[string]map[string]any{}}, []string{"empty00001", "owned00001"}, []string{"dev", "test"}},
		"an API that is gone":                      {redeploying, rows, &monitor{absent: []string{"owned00001"}}, []string{"empty00001"}, []string{"test"}},
		"a stage that is gone, which may be made":  {redeploying + "  portico:createStages: true\n", rows, &monitor{missing: []string{"empty00001/test"}}, []string{"empty00001", "owned00001"}, []string{"dev"}},
		"an owner who deploys by hand":             {byHand, rows, &monitor{}, []string{"empty00001", "owned00001"}, nil},
		"an API that is no private one any more":   {redeploying, rowsTo(owned, empty, never), &monitor{endpointTypes: map[string]string{"never00001": "REGIONAL"}}, []string{"empty00001", "owned00001"}, []string{"dev", "test"}},
		"a mapping that has no row of the account": {redeploying, elsewhere, &monitor{}, []string{"empty00001", "owned00001"}, []string{"dev", "test"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := test.monitor
			m.policies = written
			if m.outputs == nil {
				m.outputs = map[string]map[string]any{own: reported}
			}
			require.NoError(t, retired(t, m, test.settings, test.mapping))
			var taken, deployed []string
			for _, policy := range m.of(policyToken) {
				id := policy.Inputs["restApiId"].(string)
				taken = append(taken, id)
				require.True(t, policy.RetainOnDelete)
				sids := slices.Sorted(maps.Keys(statements(t, policy)))
				if id == "owned00001" {
					require.Equal(t, []string{"Partners"}, sids)
				} else {
					require.Equal(t, []string{"PorticoRetired"}, sids)
				}
			}
			for _, deployment := range m.of(deploymentToken) {
				deployed = append(deployed, deployment.Inputs["stageName"].(string))
			}
			slices.Sort(deployed)
			require.Equal(t, test.taken, taken)
			require.Equal(t, test.deployed, deployed)
		})
	}
	t.Run("again there is nothing to do", func(t *testing.T) {
		m := &monitor{policies: owners, outputs: map[string]map[string]any{own: {"contract": 2}}}
		require.NoError(t, retired(t, m, redeploying, rows))
		require.Empty(t, m.of(policyToken))
	})
}
