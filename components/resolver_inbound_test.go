package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestAnInboundEndpointAdmitsDNSFromTheRangesAlone(t *testing.T) {
	args := &ResolverInboundArgs{
		VPCID: pulumi.String("vpc-1"), SubnetIDs: []pulumi.StringInput{pulumi.String("subnet-1"), pulumi.String("subnet-2")},
		Addresses: []string{"10.0.0.20", "10.0.32.20"}, AllowedCIDRs: []string{"10.100.0.0/24", "10.100.0.0/24"}, Tags: tags,
	}
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewResolverInbound(ctx, "portico", args, opts)
		return err
	})
	endpoint := m.only(t, "aws:route53/resolverEndpoint:ResolverEndpoint").Inputs
	require.Equal(t, "INBOUND", endpoint["direction"])
	require.Equal(t, []any{map[string]any{"subnetId": "subnet-1", "ip": "10.0.0.20"}, map[string]any{"subnetId": "subnet-2", "ip": "10.0.32.20"}}, endpoint["ipAddresses"])
	require.Equal(t, []any{"portico-resolver-inbound-id"}, endpoint["securityGroupIds"])
	var rules []any
	for _, rule := range m.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		rules = append(rules, []any{rule.Inputs["securityGroupId"], rule.Inputs["ipProtocol"], rule.Inputs["fromPort"], rule.Inputs["toPort"], rule.Inputs["cidrIpv4"]})
	}
	require.ElementsMatch(t, []any{
		[]any{"portico-resolver-inbound-id", "tcp", 53.0, 53.0, "10.100.0.0/24"}, []any{"portico-resolver-inbound-id", "udp", 53.0, 53.0, "10.100.0.0/24"},
	}, rules)
	require.Empty(t, m.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), "answers need no rule, and the endpoint asks nobody")
}

func TestAnInboundEndpointNeedsTwoSubnetsAndAnAddressForEach(t *testing.T) {
	for want, args := range map[string]*ResolverInboundArgs{
		"SubnetIDs":    {VPCID: pulumi.String("vpc-1"), SubnetIDs: []pulumi.StringInput{pulumi.String("a")}, AllowedCIDRs: []string{"10.0.0.0/8"}},
		"Addresses":    {VPCID: pulumi.String("vpc-1"), SubnetIDs: []pulumi.StringInput{pulumi.String("a"), pulumi.String("b")}, Addresses: []string{"10.0.0.9"}, AllowedCIDRs: []string{"10.0.0.0/8"}},
		"AllowedCIDRs": {VPCID: pulumi.String("vpc-1"), SubnetIDs: []pulumi.StringInput{pulumi.String("a"), pulumi.String("b")}},
	} {
		require.ErrorContains(t, args.check("portico"), want)
	}
}
