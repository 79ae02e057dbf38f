package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	domainToken  = "aws:apigateway/domainName:DomainName"
	mappingToken = "aws:apigateway/basePathMapping:BasePathMapping"
)

// customDomain runs a domain that depends on another, with two base path mappings.
func customDomain(t *testing.T, private *PrivateAccess) *monitor {
	t.Helper()
	return (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		other, err := newPrerequisite(ctx, "other")
		if err != nil {
			return err
		}
		domain, err := NewCustomDomain(ctx, "d", &CustomDomainArgs{
			Host: "a.example.com", CertificateARN: pulumi.String("arn:cert"), Private: private, Tags: tags,
		}, opts, pulumi.DependsOn([]pulumi.Resource{other}))
		if err != nil {
			return err
		}
		deployment, err := newPrerequisite(ctx, "deployment")
		if err != nil {
			return err
		}
		for _, path := range []string{"", "v1"} {
			mapping := &BasePathMappingArgs{BasePath: path, APIID: "abcde12345", Stage: "prod"}
			if _, err := domain.Map(ctx, mapping, pulumi.DependsOn([]pulumi.Resource{deployment})); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestARegionalDomainLeadsToStagesOnceTheyAreDeployed(t *testing.T) {
	m := customDomain(t, nil)
	domain := m.only(t, domainToken)
	require.Equal(t, []any{"a.example.com", "arn:cert", "TLS_1_2", map[string]any{"types": "REGIONAL"}},
		[]any{domain.Inputs["domainName"], domain.Inputs["regionalCertificateArn"], domain.Inputs["securityPolicy"], domain.Inputs["endpointConfiguration"]})
	require.NotContains(t, domain.Inputs, "policy")
	require.NotContains(t, domain.Inputs, "certificateArn")
	requireOrder(t, m.named(t, prerequisiteToken, "other"), domain)

	paths := map[string]any{"d-mapping": nil, "d-mapping-v1": "v1"}
	for _, mapping := range m.of(mappingToken) {
		require.Equal(t, []any{"a.example.com", "abcde12345", "prod", paths[mapping.Name]},
			[]any{mapping.Inputs["domainName"], mapping.Inputs["restApi"], mapping.Inputs["stageName"], mapping.Inputs["basePath"]})
		require.NotContains(t, mapping.Inputs, "domainNameId")
		requireOrder(t, m.named(t, prerequisiteToken, "deployment"), mapping)
	}
	require.Len(t, m.of(mappingToken), 2)
}

func TestAPrivateDomainAnswersThroughItsEndpointsOnly(t *testing.T) {
	m := customDomain(t, &PrivateAccess{VPCEndpointIDs: []string{"vpce-1", "vpce-2"}})
	domain := m.only(t, domainToken).Inputs
	require.Equal(t, []any{"arn:cert", map[string]any{"types": "PRIVATE"}}, []any{domain["certificateArn"], domain["endpointConfiguration"]})
	require.NotContains(t, domain, "regionalCertificateArn")
	const resource = `"*"` // which API Gateway gives back as it was
	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": `+resource+`},
		{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": `+resource+`,
			"Condition": {"StringNotEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}}
	]}`, domain["policy"].(string))
	for _, mapping := range m.of(mappingToken) {
		require.Equal(t, "a1b2c3d4e5", mapping.Inputs["domainNameId"])
		require.Equal(t, []string{"domainNameId"}, mapping.ReplaceOnChange, "a mapping belongs to one domain")
	}
}

func TestACustomDomainSaysEachArgumentThatItLacks(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewCustomDomain(ctx, "d", &CustomDomainArgs{Private: &PrivateAccess{}}, opts)
		return err
	})
	requireArguments(t, m, err, "Host", "CertificateARN", "Private.VPCEndpointIDs")
}
