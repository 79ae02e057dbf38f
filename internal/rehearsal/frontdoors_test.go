package rehearsal

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/doctor"
)

const frontDoorsMapping = "testdata/front-doors.yaml"

// TestThreeFrontDoorsOverFourAccountsAreServed mixes the front doors, APIs that
// have rows of two of them, and hosts whose base paths lead to several APIs.
// Then it opens an API of each front door to every caller, and wants the probes
// to say so.
func TestThreeFrontDoorsOverFourAccountsAreServed(t *testing.T) {
	o := Options{Mapping: frontDoorsMapping, StateDir: t.TempDir(), Doctor: true, Serve: func(report *Report, lines []string) error {
		requireOK(t, report)
		require.Equal(t, []*doctor.Report{}, report.Doctor)
		pasted(t, lines)
		return nil
	}}
	report := rehearse(t, o)
	require.Len(t, report.Stacks, 5)

	wrong := map[string]bool{}
	for _, probe := range failed(probed(t, o, func(simulator *awssim.Simulator) error {
		for api, stage := range map[string]string{"billingap1": "prod", "billingap2": "prod", "ordersapi2": "v1", "partnerap1": "beta"} {
			if err := allowEveryCaller(simulator, api, stage); err != nil {
				return err
			}
		}
		return nil
	})) {
		wrong[probe.Name] = true
	}
	require.Equal(t, []string{
		"caller at another endpoint", "caller by another domain", "caller without the domain", "forbidden verb",
		"forbidden verb at the endpoint", "retired row at the endpoint", "spoofed API ID",
	}, slices.Sorted(maps.Keys(wrong)))
}

// openPolicy allows every caller.
const openPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}]}`

// allowEveryCaller deploys an API with a policy that allows every caller.
func allowEveryCaller(simulator *awssim.Simulator, api, stage string) error {
	owner, err := simulator.OwnerOf("us-east-1", api)
	if err != nil {
		return err
	}
	if err := owner.SavePolicy(openPolicy); err != nil {
		return err
	}
	return owner.Deploy(stage)
}
