package automation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// aRowsOutputs are the outputs of a shared stack that holds a row which another
// target awaits.
func aRowsOutputs(t *testing.T) map[string]any {
	t.Helper()
	row := outputs.ServedRow{Host: aHost, URL: "https://former0001.execute-api.us-east-1.amazonaws.com/dev", Account: "222222222222"}
	wanted := row
	row.Former, wanted.URL, wanted.Number = true, "https://another001.execute-api.us-east-1.amazonaws.com/dev", 1
	encoded, err := outputs.Encode(outputs.Shared{
		Contract: outputs.Contract, VPCEndpointID: "vpce-1",
		Served: &outputs.Served{Rows: []outputs.ServedRow{row}, Awaited: []outputs.ServedRow{wanted}, Count: 1},
	})
	require.NoError(t, err)
	return encoded.(map[string]any)
}

func TestAPreviewNamesThePhasesOfRowsThatHaveOtherTargets(t *testing.T) {
	r := &run{Environment: &Environment{Shared: Stack{Name: "dev"}, Settle: 90 * time.Second}}
	require.Equal(t, []string{
		"dev again, 1m30s after the provider accounts admit the rows: leads the requests to new targets of a.example.com",
		"the provider accounts of these hosts again: takes the former targets of rows out of the policies",
	}, r.ahead(aRowsOutputs(t)))
}

// TestTheNextRunFollowsFromWhatTheAccountsReport: the driver runs the shared stack
// again for a row that its account admits, and the accounts' stacks that are wider
// than what is served, and leaves to the next up what owners have to deploy first.
func TestTheNextRunFollowsFromWhatTheAccountsReport(t *testing.T) {
	state := func(reported outputs.Provider) *migration.State {
		reported.Contract, reported.AccountID = outputs.Contract, "222222222222"
		reported.ProvisionedFor = map[mapping.FrontDoor]string{"nginx": "vpce-1"}
		encoded, err := outputs.Encode(reported)
		require.NoError(t, err)
		state, err := migrationOf([]Result{
			{Name: "dev", reported: aRowsOutputs(t)}, {Name: "dev-orders", reported: encoded.(map[string]any)},
		})
		require.NoError(t, err)
		return state
	}
	widens := []string{string(aHost)}
	admitted := state(outputs.Provider{Admits: outputs.Numbers{string(aHost): 1}, Widens: widens})
	require.Equal(t, migration.Run{Switches: []mapping.Host{aHost}}, admitted.NextRun())
	require.Empty(t, admitted.Wide(admitted.Served()), "both are still wanted")
	after := admitted.Rows(admitted.ReportedRows())
	require.Equal(t, []string{"dev-orders"}, admitted.Wide(after))

	undeployed := state(outputs.Provider{Undeployed: []string{string(aHost)}, Widens: widens})
	require.True(t, undeployed.NextRun().Empty())
	require.Equal(t, []string{"dev again, when the commands of output redeployCommands of dev-orders were run: leads the requests to new targets of a.example.com"},
		leftToOwners("dev", undeployed.ToDeploy(), switches))

	require.Equal(t, []string{"dev-orders"}, state(outputs.Provider{TakenBack: []string{"former0001/dev"}}).LettingGo())
}
