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
		"contract": 2.0, "region": "us-east-1", "accountId": "111111111111", "vpcId": "vpc-1",
		"vpcEndpointId": "vpce-1", "vpcEndpointDnsName": "vpce-1.example", "loadBalancerDnsName": "lb.example",
		"mappingDigest": "d", "hosts": []any{"a.example.com"},
		"endpoints":                  map[string]any{"nginx": "vpce-1", "alb": "vpce-2"},
		"frontDoors":                 map[string]any{"a.example.com": map[string]any{"current": "alb", "retains": []any{"nginx"}, "pending": "clients"}},
		"importedCertificatesExpire": map[string]any{"a": "2027-01-01T00:00:00Z"},
		"loadBalancers":              []any{map[string]any{"name": "2", "dnsName": "lb2.example", "certificateNames": []any{"*.example.com"}}},
		"ofALaterVersion":            []any{map[string]any{}},
	}))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&SharedOutputs{
		Contract: 2, Region: "us-east-1", AccountID: "111111111111", VPCID: "vpc-1",
		VPCEndpointID: "vpce-1", VPCEndpointDNSName: "vpce-1.example", LoadBalancerDNSName: "lb.example",
		MappingDigest: "d", Hosts: []mapping.Host{"a.example.com"},
		Endpoints:                  map[mapping.FrontDoor]string{"nginx": "vpce-1", "alb": "vpce-2"},
		FrontDoors:                 map[mapping.Host]HostState{"a.example.com": {Current: "alb", Retains: []mapping.FrontDoor{"nginx"}, Pending: PendingClients}},
		LoadBalancers:              []LoadBalancer{{Name: "2", DNSName: "lb2.example", CertificateNames: []mapping.Host{"*.example.com"}}},
		ImportedCertificatesExpire: map[string]string{"a": "2027-01-01T00:00:00Z"},
	}, shared))

	provider, err := ReadProviderOutputs(outputsOf(map[string]any{
		"contract": 2.0, "accountId": "222222222222", "provisionedFor": map[string]any{"native": "vpce-3"},
		"redeployCommands": []any{"aws apigateway"}, "retains": []any{"a.example.com"},
		"provisioned":    map[string]any{"native": []any{"a.example.com/v1"}},
		"domainNameArns": map[string]any{"a.example.com": "arn:d"}, "resourceShareArn": "arn:s", "more": 1.0,
	}))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&ProviderOutputs{
		Contract: 2, AccountID: "222222222222", ProvisionedFor: map[mapping.FrontDoor]string{"native": "vpce-3"},
		RedeployCommands: []string{"aws apigateway"}, Retains: []mapping.Host{"a.example.com"},
		Provisioned:    map[mapping.FrontDoor][]string{"native": {"a.example.com/v1"}},
		DomainNameARNs: map[mapping.Host]string{"a.example.com": "arn:d"}, ResourceShareARN: "arn:s",
	}, provider))
}

func TestOutputsOfAnotherContractAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		outputs map[string]any
		says    string
	}{
		"none":         {nil, "they have no output contract, and this program reads contract 2: use the version of Portico that brought the stack up, or bring it up with this one"},
		"a later one":  {map[string]any{"contract": 3.0}, "they are of contract 3, and this program reads contract 2"},
		"no number":    {map[string]any{"contract": "2"}, `they are of contract "2", and this program reads contract 2`},
		"another type": {map[string]any{"contract": 2.0, "hosts": "a.example.com"}, "hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSharedOutputs(outputsOf(c.outputs))
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := ReadProviderOutputs(outputsOf(map[string]any{"contract": 2.0, "retains": 1.0}))
	require.ErrorContains(t, err, "output retains")
}
