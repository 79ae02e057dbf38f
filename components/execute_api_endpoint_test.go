package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// executeAPIEndpoint runs an endpoint that depends on another at chosen addresses.
func executeAPIEndpoint(t *testing.T, args *ExecuteAPIEndpointArgs) (*monitor, *ExecuteAPIEndpoint) {
	t.Helper()
	var endpoint *ExecuteAPIEndpoint
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		other, err := newPrerequisite(ctx, "other")
		if err != nil {
			return err
		}
		args.Region, args.VPCID, args.ExistingVPCID, args.Tags = "us-east-1", pulumi.String("vpc-1"), "vpc-1", tags
		endpoint, err = NewExecuteAPIEndpoint(ctx, "p-alb", args, opts, pulumi.DependsOn([]pulumi.Resource{other}))
		return err
	})
	return m, endpoint
}

func TestALoadBalancerReachesItsEndpointAndItsEndpointNobodyElse(t *testing.T) {
	m, endpoint := executeAPIEndpoint(t, &ExecuteAPIEndpointArgs{
		SubnetIDs: inputs("subnet-1", "subnet-2"), Addresses: []string{"10.0.32.17", "10.0.0.17"},
		Clients: EndpointClients{SecurityGroupID: pulumi.String("sg-lb"), AllowEgress: true},
	})
	require.Equal(t, []string{"p-alb-endpoint-id 443 sg-lb"}, m.rules(t, ingressToken))
	require.Equal(t, []string{"sg-lb 443 p-alb-endpoint-id"}, m.rules(t, egressToken))
	created := m.only(t, endpointToken)
	require.Equal(t, []any{"com.amazonaws.us-east-1.execute-api", "Interface", false, []any{"p-alb-endpoint-id"}},
		[]any{created.Inputs["serviceName"], created.Inputs["vpcEndpointType"], created.Inputs["privateDnsEnabled"], created.Inputs["securityGroupIds"]})
	requireOrder(t, m.named(t, prerequisiteToken, "other"), created)
	require.Equal(t, 2, endpoint.AddressCount)
	require.Len(t, endpoint.StaticEndpoints, 1)
	require.Empty(t, endpoint.ExistingID)
}

func TestRangesReachAnEndpointByARuleEach(t *testing.T) {
	m, endpoint := executeAPIEndpoint(t, &ExecuteAPIEndpointArgs{
		SubnetIDs: inputs("subnet-1", "subnet-2"),
		Clients:   EndpointClients{CIDRs: []string{"10.2.0.0/16", "10.1.0.0/16", "10.2.0.0/16"}},
	})
	require.Equal(t, []string{"p-alb-endpoint-id 443 10.1.0.0/16", "p-alb-endpoint-id 443 10.2.0.0/16"}, m.rules(t, ingressToken))
	require.Empty(t, m.of(egressToken))
	require.Empty(t, endpoint.StaticEndpoints, "AWS chose its addresses")
}

func TestAnExistingEndpointIsLeftAsItIs(t *testing.T) {
	m, endpoint := executeAPIEndpoint(t, &ExecuteAPIEndpointArgs{
		Source: EndpointSource{Lookup: true}, Clients: EndpointClients{SecurityGroupID: pulumi.String("sg-lb"), AllowEgress: true},
	})
	require.Empty(t, m.of(endpointToken))
	require.Empty(t, m.of(groupToken))
	require.Empty(t, m.of(ingressToken))
	require.Equal(t, []string{"sg-lb 443 sg-a", "sg-lb 443 sg-b"}, m.rules(t, egressToken), "the clients' group is the caller's to change")
	require.Equal(t, "vpce-found", endpoint.ExistingID)
	require.Equal(t, 2, endpoint.AddressCount)
}

func TestAnExecuteAPIEndpointSaysEachArgumentThatItLacks(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewExecuteAPIEndpoint(ctx, "p", &ExecuteAPIEndpointArgs{}, opts)
		return err
	})
	requireArguments(t, m, err, "Region", "VPCID", "SubnetIDs")
}

// growingEndpoint runs an endpoint in three subnets of which AWS lists the network
// interfaces of two. It returns the addresses; nil: they are unknown.
func growingEndpoint(m *monitor, chosen ...string) ([]string, error) {
	var addresses []string
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		endpoint, err := NewExecuteAPIEndpoint(ctx, "p-alb", &ExecuteAPIEndpointArgs{
			Region: "us-east-1", VPCID: pulumi.String("vpc-1"), SubnetIDs: inputs("subnet-1", "subnet-2", "subnet-3"), Addresses: chosen, Tags: tags,
		}, opts)
		if err != nil {
			return err
		}
		ctx.Export("addresses", endpoint.Addresses.ApplyT(func(all []string) []string { addresses = all; return all }))
		return nil
	})
	return addresses, err
}

func TestAPreviewDoesNotTakeTheInterfacesFromBeforeForThoseOfAfter(t *testing.T) {
	before := []any{"eni-2", "eni-1"}
	addresses, err := growingEndpoint(&monitor{previewOfUpdate: true, interfaces: before})
	require.NoError(t, err)
	require.Nil(t, addresses, "they are unknown")
	_, err = growingEndpoint(&monitor{interfaces: before})
	require.ErrorContains(t, err, "it has no network interface in subnet subnet-3")
	addresses, err = growingEndpoint(&monitor{interfaces: []any{"eni-3", "eni-2", "eni-1"}})
	require.NoError(t, err)
	require.Equal(t, []string{"10.7.0.1", "10.7.0.2", "10.7.0.3"}, addresses, "in the subnets' order")
}

func TestChosenAddressesAreThoseOfTheFirstSubnetsAndAreNotSentAgain(t *testing.T) {
	m := &monitor{}
	addresses, err := growingEndpoint(m, "10.0.0.17", "10.0.32.17")
	require.NoError(t, err)
	require.Equal(t, []string{"10.0.0.17", "10.0.32.17", "10.7.0.3"}, addresses)
	require.Equal(t, []string{"subnetConfigurations"}, m.only(t, endpointToken).IgnoreChanges)
	m = &monitor{}
	_, err = growingEndpoint(m)
	require.NoError(t, err)
	require.Empty(t, m.only(t, endpointToken).IgnoreChanges)
}
