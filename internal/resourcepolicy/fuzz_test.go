package resourcepolicy

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzExistingPolicy holds that whatever is accepted as an existing policy
// gives valid JSON, which merges to itself and is equivalent to itself.
func FuzzExistingPolicy(f *testing.F) {
	for _, o := range owners() {
		f.Add([]byte(o.document))
	}
	f.Add([]byte(`{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"a\",\"Resource\":\"a\\\/b\"}]}`))
	f.Add([]byte(`"{\"Statement\":{\"Condition\":{\"Bool\":{\"a\":[true,\"true\",1.0,null]}}}}"`))
	f.Add([]byte(`{"Statement":[{"Principal":{"AWS":["222222222222",{}]},"Action":[],"\u2028":1e400}]}`))
	f.Add([]byte(`{"Statement":[{"Sid":"PorticoALBDeny","Effect":"Deny","Condition":{"StringEquals":{"aws:SourceVpce":["` + another + `",7]}}},
	  {"Sid":"PorticoNativeDenyDomains","Condition":{"StringEquals":"x","ArnNotEquals":{"execute-api:viaDomainArn":"` + domainARN("c.example.com") + `"}}},
	  {"Effect":"Deny","Condition":{"StringNotEquals":{"aws:SourceVpce":"` + native + `"}}}]}`))
	f.Fuzz(func(t *testing.T, existing []byte) {
		r := request(Grant{Host: "a.example.com", Stage: "prod", Methods: []string{"GET"}})
		r.ALBEndpointID, r.NativeEndpointIDs = balancers, []string{native, consumers}
		r.ALBGrants = []Grant{{Host: "b.example.com", Stage: "prod", Methods: []string{"PUT"}}}
		r.NativeGrants = []Grant{{Host: "c.example.com", Stage: "prod", DomainARN: domainARN("c.example.com")}}
		r.MaxSize, r.Existing = 1<<30, existing
		first, err := Merge(r)
		if err != nil {
			return
		}
		require.True(t, json.Valid(first.Policy), "%s", first.Policy)
		r.Existing = first.Policy
		again, err := Merge(r)
		require.NoError(t, err)
		require.Equal(t, string(first.Policy), string(again.Policy))
		same, err := equivalent(first.Policy, again.Policy, api)
		require.NoError(t, err)
		require.True(t, same)
	})
}
