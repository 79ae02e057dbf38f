package resourcepolicy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/resourcepolicy"
)

var decidedAPI = resourcepolicy.API{Partition: "aws", Region: "us-east-1", AccountID: "222222222222", APIID: "aaaaaaaaaa"}

func TestDecideSaysWhatAPolicyMakesOfACall(t *testing.T) {
	const ours = "vpce-0aaaaaaaaaaaaaaaa"
	allow := `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/dev/GET/*"}`
	call := resourcepolicy.Call{API: decidedAPI, Resource: decidedAPI.MethodARN("dev", "GET", "/orders"), VPCEndpointID: ours, Referer: "a.example.com"}
	for sentence, test := range map[string]struct {
		statements string
		change     func(*resourcepolicy.Call)
		allowed    bool
		denials    []string
	}{
		"no statement":             {statements: ""},
		"a statement allows":       {statements: allow, allowed: true},
		"of another stage":         {statements: allow, change: func(c *resourcepolicy.Call) { c.Resource = decidedAPI.MethodARN("prod", "GET", "") }},
		"of another verb":          {statements: allow, change: func(c *resourcepolicy.Call) { c.Resource = decidedAPI.MethodARN("dev", "POST", "/orders") }},
		"the root of a stage":      {statements: allow, change: func(c *resourcepolicy.Call) { c.Resource = decidedAPI.MethodARN("dev", "GET", "") }, allowed: true},
		"a named statement denies": {statements: allow + `,{"Sid":"Frozen","Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`, allowed: true, denials: []string{"Frozen"}},
		"one without a name":       {statements: allow + `,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`, allowed: true, denials: []string{"Statement[1]"}},
		"another endpoint is denied": {
			statements: allow + `,{"Sid":"Others","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"` + ours + `"}}}`, allowed: true,
		},
		"this endpoint is denied": {
			statements: allow + `,{"Sid":"Others","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-0bbbbbbbbbbbbbbbb"}}}`,
			allowed:    true, denials: []string{"Others"},
		},
		"another host is denied": {
			statements: allow + `,{"Sid":"Hosts","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:Referer":"b.example.com"}}}`,
			allowed:    true, denials: []string{"Hosts"},
		},
		"an account is allowed, and the call is anonymous": {
			statements: `{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"execute-api:Invoke","Resource":"*"}`,
		},
		"a domain is wanted and the call comes by it": {
			statements: `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{"StringEquals":{"execute-api:viaDomainArn":"arn:aws:execute-api:us-east-1:222222222222:/domainnames/a.example.com+x1"}}}`,
			change: func(c *resourcepolicy.Call) {
				c.Referer, c.DomainARN = "", "arn:aws:apigateway:us-east-1:222222222222:/domainnames/a.example.com+x1"
			}, allowed: true,
		},
		"what depends on the unknown is not said to be refused": {
			statements: `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}}`, allowed: true,
		},
		"nor to be denied": {
			statements: allow + `,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.9.0.0/16"}}}`, allowed: true,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := call
			if test.change != nil {
				test.change(&c)
			}
			got, err := resourcepolicy.Decide([]byte(`{"Version":"2012-10-17","Statement":[`+test.statements+`]}`), c)
			require.NoError(t, err)
			require.Equal(t, resourcepolicy.Decision{Allowed: test.allowed, Denials: test.denials}, got)
			require.Equal(t, test.allowed && test.denials == nil, got.Admits())
		})
	}
	_, err := resourcepolicy.Decide([]byte(`{"Statement":[`), call)
	require.ErrorAs(t, err, new(*resourcepolicy.DocumentError))
}

// A policy has one digest in whatever form API Gateway hands it out, and a
// deployment's description leads back to it.
func TestADeploymentsDescriptionHoldsItsPolicysDigest(t *testing.T) {
	plain := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`
	stored := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":[\"execute-api:Invoke\"],\"Resource\":\"arn:aws:execute-api:us-east-1:222222222222:aaaaaaaaaa\/*\"}]}`
	one, err := resourcepolicy.Canonical([]byte(plain), decidedAPI)
	require.NoError(t, err)
	other, err := resourcepolicy.Canonical([]byte(stored), decidedAPI)
	require.NoError(t, err)
	require.Equal(t, string(one), string(other))
	digest, ours := resourcepolicy.DeployedDigest(resourcepolicy.DeploymentDescription(resourcepolicy.Digest(one, "portico", "dev")))
	require.True(t, ours)
	require.Equal(t, resourcepolicy.Digest(other, "portico", "dev"), digest)
	_, ours = resourcepolicy.DeployedDigest("release 41")
	require.False(t, ours)
}
