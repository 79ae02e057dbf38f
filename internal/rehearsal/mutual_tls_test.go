package rehearsal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// With a trust store the listener verifies clients, and the headers that describe them
// pass the proxy; without, neither.
func TestTheHeadersOfVerifiedClientsPassWithATrustStoreAlone(t *testing.T) {
	const store = "arn:aws:elasticloadbalancing:us-east-1:111111111111:truststore/clients/0123456789abcdef"
	deploy := func(config map[string]any) (listener awssim.Object, passed string) {
		run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: config}, nil)
		run.deploy(t)
		listeners := run.simulator.Resources(awssim.Filter{Type: "aws:lb/listener:Listener"})
		require.Len(t, listeners, 1)
		services, err := run.simulator.Services(string(sharedAccount), "us-east-1")
		require.NoError(t, err)
		require.Len(t, services, 1)
		return listeners[0].Properties.Object("mutualAuthentication"), services[0].Containers[0].Environment["PORTICO_PASS_HEADERS"]
	}
	listener, passed := deploy(map[string]any{"portico:loadBalancer": map[string]any{"trustStoreArn": store},
		"portico:proxy": map[string]any{"passHeaders": []any{"X-Real-IP", "x-amzn-mtls-clientcert-leaf"}}})
	require.Equal(t, []string{"verify", store}, []string{listener.Text("mode"), listener.Text("trustStoreArn")})
	require.Equal(t, []string{"X-Real-IP", "x-amzn-mtls-clientcert-leaf", "X-Amzn-Mtls-Clientcert-Serial-Number", "X-Amzn-Mtls-Clientcert-Issuer",
		"X-Amzn-Mtls-Clientcert-Subject", "X-Amzn-Mtls-Clientcert-Validity"}, strings.Split(passed, ","), "not the whole chain, which an ALB that verifies does not set")

	listener, passed = deploy(nil)
	require.Equal(t, "off", listener.Text("mode"), "what is not stated stays on")
	require.Empty(t, passed)
}
