package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

const (
	movingHost = mapping.Host("moving.internal.example.com")
	stayHost   = mapping.Host("stays.internal.example.com")
)

// movingMapping has a host that stays with nginx and one of a given front door.
func movingMapping(frontDoor mapping.FrontDoor) string {
	return fmt.Sprintf(`ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - CUSTOM_DOMAIN_URL: %s
    PRIVATE_API_URL: https://owned00001.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: orders
  - CUSTOM_DOMAIN_URL: %s
    PRIVATE_API_URL: https://empty00001.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: orders
    FRONT_DOOR: %s
`, stayHost, movingHost, frontDoor)
}

// movingProject is the projects of movingMapping. The provider account's
// certificates are validated in the shared account's public zone.
func movingProject(frontDoor mapping.FrontDoor) map[string]string {
	files := smallProject()
	files["mapping.yaml"] = movingMapping(frontDoor)
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:providers: [organization/portico-provider/dev-orders]\n"
	files["accounts/provider/Pulumi.dev-orders.yaml"] = providerSettings(ordersAccount, redeploy,
		`  portico:certificates: {zones: [{name: example.com, roleArn: "arn:aws:iam::111111111111:role/validation"}]}`)
	return files
}

func movingSetup() *awssim.Setup {
	setup := policySetup()
	setup.Accounts[0].Roles = append(setup.Accounts[0].Roles, awssim.Role{Name: "validation", Trusts: []string{ordersAccount, sharedAccount}})
	return setup
}

// TestOneUpTakesAHostToAnotherFrontDoor moves a host through all front doors and
// back, an up for each move, and demands after each that nothing waits, no
// resource of the earlier front door exists, and nothing is left to do.
func TestOneUpTakesAHostToAnotherFrontDoor(t *testing.T) {
	slowly(t)
	t.Parallel()
	e := newEnvironment(t, movingProject(mapping.FrontDoorNGINX), movingSetup())
	e.env.Settle = 0
	before := e.things()
	e.up()
	for _, frontDoor := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative, mapping.FrontDoorNGINX} {
		write(t, e.project, map[string]string{"mapping.yaml": movingMapping(frontDoor)})
		preview, err := e.env.Preview(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, preview.Ahead, "to %s: an up would have more phases", frontDoor)

		report := e.up()
		phases := []string{"", "moves " + string(movingHost), "removes the earlier front door of " + string(movingHost)}
		if frontDoor == mapping.FrontDoorNative {
			phases = slices.Insert(phases, 1, "associates the private custom domain of "+string(movingHost))
		}
		require.Equal(t, phases, phasesOf(report.Stacks[0]), "to %s: %s", frontDoor, e.log)
		require.Equal(t, []string{"", "takes the earlier front door of hosts that moved out of the policies"}, phasesOf(report.Stacks[1]), "to %s", frontDoor)
		e.requireAtFrontDoor(report, frontDoor)
		e.requireNoChanges()
	}
	_, err := e.env.Destroy(t.Context())
	require.NoError(t, err)
	require.Empty(t, e.disagreements(before), e.log)
}

func phasesOf(r automation.Result) []string {
	var what []string
	for _, p := range r.Phases {
		what = append(what, p.What)
	}
	return what
}

// requireAtFrontDoor demands that the moving host is at a front door and nowhere else.
func (e *simulatedEnvironment) requireAtFrontDoor(report *automation.Report, frontDoor mapping.FrontDoor) {
	e.t.Helper()
	shared, err := automation.ReadSharedOutputs(report.Stacks[0].Outputs)
	require.NoError(e.t, err)
	require.Equal(e.t, []mapping.Host{movingHost, stayHost}, shared.Hosts)
	if frontDoor == mapping.FrontDoorNGINX {
		require.Empty(e.t, shared.FrontDoors)
	} else {
		require.Equal(e.t, map[mapping.Host]automation.HostState{movingHost: {Current: frontDoor}}, shared.FrontDoors)
	}
	expected := map[mapping.FrontDoor]bool{mapping.FrontDoorNGINX: true, frontDoor: true}
	require.ElementsMatch(e.t, slices.Collect(maps.Keys(expected)), slices.Collect(maps.Keys(shared.Endpoints)), "endpoints")

	provider, err := automation.ReadProviderOutputs(report.Stacks[1].Outputs)
	require.NoError(e.t, err)
	require.Empty(e.t, provider.Retains)
	domains := map[mapping.FrontDoor]int{mapping.FrontDoorALB: 1, mapping.FrontDoorNative: 1}
	require.Len(e.t, e.Domains(region), domains[frontDoor])
	arns := map[mapping.FrontDoor]int{mapping.FrontDoorNative: 1}
	require.Len(e.t, provider.DomainNameARNs, arns[frontDoor])

	policy := e.RESTAPIs(region)[emptyAPI].Stages["dev"].Policy
	require.Contains(e.t, policy, shared.Endpoints[frontDoor])
	for of, id := range shared.Endpoints {
		for _, s := range statements(e.t, policy) {
			if s["Effect"] == "Allow" && of != frontDoor {
				require.NotContains(e.t, fmt.Sprint(s["Condition"]), id, "the policy admits the endpoint of a front door that the host has left")
			}
		}
	}
}

// TestDestroyLetsGoOfPrivateDomainsFirst destroys an environment whose private
// custom domains can be deleted only when the shared account's associations are
// gone, which takes AWS a while, as do their certificates after them.
func TestDestroyLetsGoOfPrivateDomainsFirst(t *testing.T) {
	t.Parallel()
	setup := movingSetup()
	setup.Releases = awssim.Releases{Association: 50 * time.Second, Certificate: 30 * time.Minute}
	e := newEnvironment(t, movingProject(mapping.FrontDoorNative), setup)
	e.env.Settle = 0
	before := e.things()
	e.up()
	require.Len(t, e.Domains(region), 1)
	e.requireNoChanges()

	report, err := e.env.Destroy(t.Context())
	require.NoError(t, err, "%s", e.log)
	again := "again, to delete what AWS had not let go of"
	require.Equal(t, []string{"takes Portico's statements out of the APIs' policies", again, again, ""}, phasesOf(report.Stacks[0]))
	require.Contains(t, e.log.String(), "API Gateway deletes an access association of custom domain native-"+string(movingHost)+": trying again in 1m0s, until ")
	require.Contains(t, e.log.String(), "ACM counts certificate ")
	shared := report.Stacks[1]
	require.Equal(t, e.env.Shared.Name, shared.Name)
	require.Equal(t, []string{"lets go of the provider accounts' custom domains", ""}, phasesOf(shared))
	require.GreaterOrEqual(t, shared.Phases[0].Changes.Delete, 2, "the association and the record")
	require.Less(t, shared.Phases[0].Changes.Delete, 10)
	require.Empty(t, e.disagreements(before), e.log)
	require.Less(t, strings.Index(e.log.String(), "dev: destroy: lets go"), strings.Index(e.log.String(), "dev-orders: destroy"))
}
