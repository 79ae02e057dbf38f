package automation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

// outputsOf are outputs as the Automation API hands them out: JSON's types.
func outputsOf(values map[string]any) auto.OutputMap {
	outputs := auto.OutputMap{}
	for name, value := range values {
		outputs[name] = auto.OutputValue{Value: value}
	}
	return outputs
}

func TestOutputsHaveTypes(t *testing.T) {
	shared, err := ReadSharedOutputs(outputsOf(map[string]any{
		"contract": 1.0, "region": "us-east-1", "accountId": "111111111111", "vpcId": "vpc-1",
		"vpcEndpointId": "vpce-1", "vpcEndpointDnsName": "vpce-1.example", "loadBalancerDnsName": "lb.example",
		"mappingDigest": "d", "hosts": []any{"a.example.com"},
		"endpoints":                  map[string]any{"nginx": "vpce-1", "alb": "vpce-2"},
		"doors":                      map[string]any{"a.example.com": map[string]any{"name": "alb", "keeps": []any{"nginx"}, "waits": "clients"}},
		"importedCertificatesExpire": map[string]any{"a": "2027-01-01T00:00:00Z"},
		"loadBalancers":              []any{map[string]any{"suffix": "2", "dnsName": "lb2.example", "certificateNames": []any{"*.example.com"}}},
		"ofALaterVersion":            []any{map[string]any{}},
	}))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&SharedOutputs{
		Contract: 1, Region: "us-east-1", AccountID: "111111111111", VPCID: "vpc-1",
		VPCEndpointID: "vpce-1", VPCEndpointDNSName: "vpce-1.example", LoadBalancerDNSName: "lb.example",
		MappingDigest: "d", Hosts: []mapping.Host{"a.example.com"},
		Endpoints:                  map[mapping.FrontDoor]string{"nginx": "vpce-1", "alb": "vpce-2"},
		Doors:                      map[mapping.Host]Placement{"a.example.com": {Name: "alb", Keeps: []mapping.FrontDoor{"nginx"}, Waits: WaitsForClients}},
		LoadBalancers:              []LoadBalancer{{Suffix: "2", DNSName: "lb2.example", CertificateNames: []string{"*.example.com"}}},
		ImportedCertificatesExpire: map[string]string{"a": "2027-01-01T00:00:00Z"},
	}, shared))

	provider, err := ReadProviderOutputs(outputsOf(map[string]any{
		"accountId": "222222222222", "readyFor": map[string]any{"native": "vpce-3"},
		"redeployCommands": []any{"aws apigateway"}, "keeps": []any{"a.example.com"},
		"ready":          map[string]any{"native": []any{"a.example.com/v1"}},
		"domainNameArns": map[string]any{"a.example.com": "arn:d"}, "resourceShareArn": "arn:s", "more": 1.0,
	}))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&ProviderOutputs{
		AccountID: "222222222222", ReadyFor: map[mapping.FrontDoor]string{"native": "vpce-3"},
		RedeployCommands: []string{"aws apigateway"}, Keeps: []mapping.Host{"a.example.com"},
		Ready:          map[mapping.FrontDoor][]string{"native": {"a.example.com/v1"}},
		DomainNameARNs: map[mapping.Host]string{"a.example.com": "arn:d"}, ResourceShareARN: "arn:s",
	}, provider))
}

func TestOutputsOfAnotherContractAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		outputs map[string]any
		says    string
	}{
		"none":         {nil, "there is no output contract: bring the stack up"},
		"a later one":  {map[string]any{"contract": 2.0}, "they are of contract 2, and this program knows 1"},
		"no number":    {map[string]any{"contract": "1"}, "they are of contract 1, and this program knows 1"},
		"another type": {map[string]any{"contract": 1.0, "hosts": "a.example.com"}, "hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSharedOutputs(outputsOf(c.outputs))
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := ReadProviderOutputs(outputsOf(map[string]any{"keeps": 1.0}))
	require.ErrorContains(t, err, "keeps")
}
