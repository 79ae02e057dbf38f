package resourcepolicy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// api is the API of the tests.
var api = API{Partition: "aws", Region: "us-east-1", AccountID: "222222222222", APIID: "a1b2c3d4e5"}

const (
	ours    = "vpce-0aaaaaaaaaaaaaaaa"
	another = "vpce-0bbbbbbbbbbbbbbbb"
)

func request(grants ...Grant) Request {
	return Request{
		Partition: api.Partition, Region: api.Region, AccountID: api.AccountID, APIID: api.APIID,
		VPCEndpointID: ours, Grants: grants,
	}
}

func TestMergeWritesTheRowsForAnEmptyOwner(t *testing.T) {
	result, err := Merge(request(Grant{Host: "orders.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET"}}))
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
	  {"Sid":"PorticoAllow1","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":["arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders","arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders/*"],
	   "Condition":{"StringEquals":{"aws:Referer":"orders.example.com","aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"}}},
	  {"Sid":"PorticoDeny1","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "NotResource":["arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders","arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders/*"],
	   "Condition":{"StringEquals":{"aws:Referer":"orders.example.com","aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"}}},
	  {"Sid":"PorticoDenyHosts","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/*",
	   "Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"},"StringNotEquals":{"aws:Referer":"orders.example.com"}}},
	  {"Sid":"PorticoDenyEndpoints","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/*",
	   "Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"}}}
	]}`, string(result.Policy))
	require.Equal(t, AllowExact, result.Allow)
	require.Equal(t, len(result.Policy), result.Size)
}
