package accounts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// resourcesOf are the resources that the policy of the only execute-api endpoint allows.
func resourcesOf(t *testing.T, m *monitor) []string {
	t.Helper()
	for _, endpoint := range m.of("aws:ec2/vpcEndpoint:VpcEndpoint") {
		if !strings.HasSuffix(endpoint.Inputs["serviceName"].(string), ".execute-api") {
			continue
		}
		var policy struct {
			Statement []struct {
				Effect, Principal, Action string
				Resource                  any
			}
		}
		require.NoError(t, json.Unmarshal([]byte(endpoint.Inputs["policy"].(string)), &policy))
		require.Len(t, policy.Statement, 1)
		require.Equal(t, []string{"Allow", "*"}, []string{policy.Statement[0].Effect, policy.Statement[0].Principal})
		list, _ := policy.Statement[0].Resource.([]any)
		var all []string
		for _, one := range list {
			all = append(all, one.(string))
		}
		return all
	}
	t.Fatal("there is no execute-api endpoint")
	return nil
}

const policyOfTheRows settingsText = minimalShared + "  portico:endpoints: {executeApi: {policy: rows}}\n"

func TestAnEndpointLetsThroughWhatTheRowsNeed(t *testing.T) {
	require.Empty(t, resourcesOf(t, up(t, minimalShared)), "full access, for any resource")
	require.Equal(t, []string{
		"arn:aws:execute-api:us-east-1:222222222222:abcde12345/dev/*", "arn:aws:execute-api:us-east-1:222222222222:fghij67890/dev/*",
	}, resourcesOf(t, up(t, policyOfTheRows)))
}

// While the proxy turns to another API its tasks send to both, so that both are let
// through; the next run takes the former one out.
func TestAnEndpointLetsFormerTargetsThroughForOneMoreRun(t *testing.T) {
	fewer := twoRows[:strings.Index(twoRows, "  - CUSTOM_DOMAIN_URL: b.")]
	e := &sharedRuns{settings: policyOfTheRows, mapping: twoRows}
	require.Len(t, resourcesOf(t, e.up(t)), 2)
	require.NotContains(t, e.reported[ownStack], "widePolicies")

	e.mapping = fewer
	require.Len(t, resourcesOf(t, e.up(t)), 2, "tasks of the last run serve the row")
	require.Equal(t, true, e.reported[ownStack]["widePolicies"])

	require.Len(t, resourcesOf(t, e.up(t)), 1)
	require.NotContains(t, e.reported[ownStack], "widePolicies")
}

func TestAPolicyOfMoreRowsThanAWSTakesIsRefused(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("APIS:\n")
	for i := range 400 {
		fmt.Fprintf(&rows, "- {CUSTOM_DOMAIN_URL: a.internal.example.com/p%d, PRIVATE_API_URL: \"https://api%07d.execute-api.us-east-1.amazonaws.com/dev\", ACCOUNT: \"222222222222\"}\n", i, i)
	}
	require.NoError(t, shared(t, &monitor{}, minimalShared, rows.String()))
	require.ErrorContains(t, shared(t, &monitor{}, policyOfTheRows, rows.String()),
		"portico:endpoints.executeApi.policy: the policy of the rows has ")
}

// A host that leaves native is asked for by its custom domain until the last client has
// its new address.
func TestAnEndpointLetsTheCustomDomainThroughUntilItsHostHasLeftNative(t *testing.T) {
	const domain = "arn:aws:execute-api:us-east-1:*:/domainnames/" + cHost + "+*"
	e := &sharedRuns{
		settings: withProviders + "  portico:endpoints: {executeApi: {policy: rows}, native: {policy: rows}}\n",
		mapping:  hosts(aHost+" nginx", cHost+" native"),
	}
	e.up(t)
	e.provide(cHost + " native")
	require.Contains(t, resourcesOf(t, e.up(t)), domain)

	e.mapping = hosts(aHost+" nginx", cHost+" nginx")
	e.provide(cHost+" nginx", cHost+" native")
	leaves := 0
	for m := e.up(t); len(m.of(accessToken)) > 0; m = e.up(t) {
		require.Contains(t, resourcesOf(t, m), domain, "while the domain is associated")
		leaves++
	}
	require.Positive(t, leaves)
	require.NotContains(t, resourcesOf(t, e.up(t)), domain)
}
