package apipolicy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

const rows = `APIS:
  - CUSTOM_DOMAIN_URL: orders.internal.example.com/v1
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders
    VERBS: [POST, get]
    CORS: true
    ACCOUNT: "222222222222"
  - CUSTOM_DOMAIN_URL: "*.internal.example.com"
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/dev
    ACCOUNT: "222222222222"
  - CUSTOM_DOMAIN_URL: old.internal.example.com
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod
    ACCOUNT: "222222222222"
    RETIRED: true
`

func TestRowsGrantTheirVerbsStageAndPathToTheirHost(t *testing.T) {
	m, err := mapping.Parse("mapping.yaml", []byte(rows))
	require.NoError(t, err)
	derived, err := topology.Derive(m, topology.Options{})
	require.NoError(t, err)
	require.Len(t, derived.APIs, 1)

	want := resourcepolicy.Request{
		Partition: "aws", Region: "eu-west-1", AccountID: "222222222222", APIID: "a1b2c3d4e5",
		Grants: []resourcepolicy.Grant{
			{Host: "orders.internal.example.com", BasePath: "/v1", Stage: "prod", Path: "/orders",
				Methods: []string{"GET", "OPTIONS", "POST"}, Source: "APIS[0] (orders.internal.example.com/v1)"},
			{Host: "*.internal.example.com", Stage: "dev", Source: "APIS[1] (*.internal.example.com)"},
		},
	}
	if diff := cmp.Diff(want, apipolicy.Request(derived.APIs[0], "222222222222", nil, nil)); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestEachRowIsGrantedThroughTheFrontDoorsOfItsHost(t *testing.T) {
	row := func(host mapping.Host, frontDoor mapping.FrontDoor) mapping.Row {
		return mapping.Row{Host: host, FrontDoor: frontDoor, API: mapping.PrivateAPI{Stage: "prod"}}
	}
	api := topology.API{ID: "a1b2c3d4e5", Region: "eu-west-1", Partition: "aws", Rows: []mapping.Row{
		row("a.example.com", mapping.FrontDoorNGINX),
		row("b.example.com", mapping.FrontDoorALB),
		row("c.example.com", mapping.FrontDoorNative),
	}}
	hosts := func(grants []resourcepolicy.Grant) []string {
		all := []string{}
		for _, g := range grants {
			all = append(all, g.Host)
		}
		return all
	}
	t.Run("its own", func(t *testing.T) {
		r := apipolicy.Request(api, "222222222222", nil, nil)
		require.Equal(t, []string{"a.example.com"}, hosts(r.Grants))
		require.Equal(t, []string{"b.example.com"}, hosts(r.ALBGrants))
		require.Equal(t, []string{"c.example.com"}, hosts(r.NativeGrants))
		require.Empty(t, r.NativeGrants[0].DomainARN)
	})
	t.Run("two while a host moves from one to another, none before any serves", func(t *testing.T) {
		r := apipolicy.Request(api, "222222222222", func(host mapping.Host) []mapping.FrontDoor {
			return map[mapping.Host][]mapping.FrontDoor{
				"a.example.com": {mapping.FrontDoorNative, mapping.FrontDoorNGINX},
				"b.example.com": {mapping.FrontDoorALB, mapping.FrontDoorNGINX},
			}[host]
		}, apipolicy.AnyDomainARN(api, "222222222222"))
		require.Equal(t, []string{"a.example.com", "b.example.com"}, hosts(r.Grants))
		require.Equal(t, []string{"b.example.com"}, hosts(r.ALBGrants))
		require.Equal(t, []string{"a.example.com"}, hosts(r.NativeGrants))
		require.Equal(t, "arn:aws:execute-api:eu-west-1:222222222222:/domainnames/a.example.com+0000000000", r.NativeGrants[0].DomainARN)
		require.Empty(t, r.Grants[0].DomainARN)
	})
}

func TestRetiredRowsGrantNothingThroughAnyFrontDoor(t *testing.T) {
	for _, frontDoor := range []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative} {
		api := topology.API{Rows: []mapping.Row{{Host: "a.example.com", FrontDoor: frontDoor, Retired: true}}}
		r := apipolicy.Request(api, "222222222222", nil, nil)
		require.Empty(t, r.Grants, frontDoor)
		require.Empty(t, r.ALBGrants, frontDoor)
		require.Empty(t, r.NativeGrants, frontDoor)
	}
}
