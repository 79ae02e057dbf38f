package accounts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// services are the AWS services behind the SDK's modules, as the provider's
// endpoints name them.
var services = map[string]string{
	"acm": "acm", "apigateway": "apigateway", "appautoscaling": "appautoscaling", "cloudwatch": "logs", "ec2": "ec2",
	"ecr": "ecr", "ecs": "ecs", "iam": "iam", "lb": "elbv2", "ram": "ram", "route53": "route53", "vpc": "ec2",
}

func TestAnEmulatorIsGivenEveryServiceThatPorticoUses(t *testing.T) {
	const url = "http://127.0.0.1:5000"
	atEmulator := func(s settingsText) settingsText {
		return settingsText(strings.Replace(string(s), "{region:", `{endpoint: "`+url+`", region:`, 1))
	}
	sharedStack := &monitor{outputs: afterProvisioning(bHost+" alb", cHost+" native")}
	require.NoError(t, shared(t, sharedStack, atEmulator(withProviders+"  portico:native: {acceptShares: [\"222222222222\"]}\n"), variantMappings["nginx, alb and native"]))
	providerStack := &monitor{shared: sharedStackOutputs}
	require.NoError(t, provider(t, providerStack, atEmulator(redeploying), twoRows))

	for _, m := range []*monitor{sharedStack, providerStack} {
		inputs := m.only(t, "pulumi:providers:aws").Inputs
		require.Equal(t, true, inputs["skipCredentialsValidation"])
		require.Equal(t, true, inputs["skipMetadataApiCheck"])
		require.Equal(t, true, inputs["s3UsePathStyle"])
		endpoints := inputs["endpoints"].([]any)[0].(map[string]any)
		for _, address := range endpoints {
			require.Equal(t, url, address)
		}
		for _, r := range m.resources {
			if _, rest, ours := strings.Cut(r.Token, "aws:"); ours && strings.HasPrefix(r.Token, "aws:") {
				module, _, _ := strings.Cut(rest, "/")
				require.Contains(t, services, module, "%s: add the service to emulate and to this table", r.Token)
				require.Contains(t, endpoints, services[module], r.Token)
			}
		}
	}
}
