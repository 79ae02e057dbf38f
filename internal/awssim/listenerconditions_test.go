package awssim

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// TestPoliciesTellListenersByWhatTheySpeak: Elastic Load Balancing has condition keys for
// a listener's protocol and security policy, in creations and changes, and for a load
// balancer's scheme. A key that a request doesn't have is unequal to any value.
func TestPoliciesTellListenersByWhatTheySpeak(t *testing.T) {
	e := newEnvironment(t)
	subnets := e.network()
	balancer := e.part(view.LoadBalancerType, "balancer-lb", engine.Object{"internal": true, "loadBalancerType": "application", "subnets": subnets,
		"securityGroups": engine.List(e.created["balancer"].ID)})
	certificate := e.must(view.CertificateType, "imported", selfSigned(t, "*.example.com"))
	e.Setup.Accounts = []engine.Account{{ID: testAccount}}
	require.NoError(t, e.SetServiceControlPolicies(testAccount, json.RawMessage(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Action":["elasticloadbalancing:CreateListener","elasticloadbalancing:ModifyListener"],"Resource":"*",
		 "Condition":{"StringNotEquals":{"elasticloadbalancing:ListenerProtocol":["HTTPS","TLS"]}}},
		{"Effect":"Deny","Action":["elasticloadbalancing:CreateListener","elasticloadbalancing:ModifyListener"],"Resource":"*",
		 "Condition":{"StringNotEquals":{"elasticloadbalancing:SecurityPolicy":"ELBSecurityPolicy-TLS13-1-3-2021-06"}}},
		{"Effect":"Deny","Action":"elasticloadbalancing:CreateLoadBalancer","Resource":"*","Condition":{"StringNotEquals":{"elasticloadbalancing:Scheme":"internal"}}}]}`)))
	answers := func(status string) []any {
		return []any{map[string]any{"type": "fixed-response", "fixedResponse": map[string]any{"statusCode": status, "contentType": "text/plain", "messageBody": "no"}}}
	}
	secure := func(policy string) engine.Object {
		inputs := engine.Object{"loadBalancerArn": balancer, "port": 443.0, "protocol": "HTTPS", "certificateArn": certificate.ARN, "defaultActions": answers("404")}
		if policy != "" {
			inputs["sslPolicy"] = policy
		}
		return inputs
	}
	for sentence, inputs := range map[string]engine.Object{
		"in clear text":         {"loadBalancerArn": balancer, "port": 80.0, "protocol": "HTTP", "defaultActions": answers("404")},
		"with AWS's own policy": secure(""),
		"with another policy":   secure("ELBSecurityPolicy-TLS13-1-2-2021-06"),
	} {
		_, err := e.create(view.ListenerType, "refused", inputs)
		require.ErrorContains(t, err, "elasticloadbalancing:CreateListener", sentence)
		require.ErrorContains(t, err, "service control policy", sentence)
	}
	listener := e.must(view.ListenerType, "secure", secure("ELBSecurityPolicy-TLS13-1-3-2021-06"))
	_, err := e.update(listener, engine.Object{"sslPolicy": "ELBSecurityPolicy-2016-08"})
	require.ErrorContains(t, err, "elasticloadbalancing:ModifyListener")
	_, err = e.update(listener, engine.Object{"defaultActions": answers("503")})
	require.NoError(t, err, "a change of something else names protocol and policy too")
	_, err = e.create(view.LoadBalancerType, "public", engine.Object{"loadBalancerType": "application", "subnets": subnets, "securityGroups": engine.List(e.created["balancer"].ID)})
	require.ErrorContains(t, err, "elasticloadbalancing:CreateLoadBalancer")
	require.ErrorContains(t, err, "service control policy")
}
