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
	derived, err := topology.Derive(m, topology.Limits{})
	require.NoError(t, err)
	require.Len(t, derived.APIs, 1)

	want := resourcepolicy.Request{
		Partition: "aws", Region: "eu-west-1", AccountID: "222222222222", APIID: "a1b2c3d4e5",
		Grants: []resourcepolicy.Grant{
			{Host: "orders.internal.example.com", Stage: "prod", Path: "/orders",
				Methods: []string{"GET", "OPTIONS", "POST"}, Source: "APIS[0] (orders.internal.example.com/v1)"},
			{Host: "*.internal.example.com", Stage: "dev", Source: "APIS[1] (*.internal.example.com)"},
		},
	}
	if diff := cmp.Diff(want, apipolicy.Request(derived.APIs[0], "222222222222")); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestRowsOfOtherFrontDoorsGrantTheProxyNothing(t *testing.T) {
	for _, door := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
		require.Empty(t, apipolicy.Grants([]mapping.Row{{Host: "a.internal.example.com", FrontDoor: door}}), door)
	}
}
