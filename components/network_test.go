package components

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSubnetsLieInTheVPCAndApartWithTheEndpointsAddressesInThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], rapid.Uint32().Draw(t, "address"))
		bits := rapid.IntRange(MinVPCPrefix, MaxVPCPrefix).Draw(t, "bits")
		vpc := netip.PrefixFrom(netip.AddrFrom4(address), bits).Masked()
		var subnets []netip.Prefix
		for i := range 8 {
			subnet := subnetOf(vpc, i)
			require.True(t, vpc.Contains(subnet.Addr()), "%s in %s", subnet, vpc)
			require.Equal(t, subnet.Masked(), subnet)
			for _, other := range subnets {
				require.False(t, subnet.Overlaps(other), "%s and %s", subnet, other)
			}
			subnets = append(subnets, subnet)

			// AWS keeps the first four addresses of a subnet and its last.
			reserved := []netip.Addr{addressAt(subnet, 3), addressAt(subnet, 1<<(32-subnet.Bits())-1)}
			for _, offset := range []uint32{endpointOffset, albEndpointOffset} {
				address := addressAt(subnet, offset)
				require.True(t, subnet.Contains(address))
				require.Negative(t, reserved[0].Compare(address))
				require.Positive(t, reserved[1].Compare(address))
			}
		}
	})
}

const (
	subnetToken     = "aws:ec2/subnet:Subnet"
	routeTableToken = "aws:ec2/routeTable:RouteTable"
)

func networkProgram(args *NetworkArgs, network **Network) func(*pulumi.Context, pulumi.ResourceOption) error {
	return func(ctx *pulumi.Context, opts pulumi.ResourceOption) (err error) {
		args.Region, args.Tags = "us-east-1", tags
		*network, err = NewNetwork(ctx, "p", args, opts)
		return err
	}
}

func TestANewVPCHasAPrivateSubnetInEachZoneOfTheEndpointService(t *testing.T) {
	var network *Network
	m := (&monitor{}).deploy(t, networkProgram(&NetworkArgs{New: &NewVPC{CIDR: netip.MustParsePrefix("10.0.0.0/16"), Zones: 3}}, &network))
	vpc := m.only(t, "aws:ec2/vpc:Vpc").Inputs
	require.Equal(t, []any{"10.0.0.0/16", true, true}, []any{vpc["cidrBlock"], vpc["enableDnsHostnames"], vpc["enableDnsSupport"]})
	var subnets []any
	for _, subnet := range m.of(subnetToken) {
		subnets = append(subnets, []any{subnet.Inputs["availabilityZone"], subnet.Inputs["cidrBlock"]})
	}
	require.Equal(t, []any{[]any{"us-east-1a", "10.0.0.0/19"}, []any{"us-east-1b", "10.0.32.0/19"}, []any{"us-east-1c", "10.0.64.0/19"}}, subnets,
		"us-east-1e has no execute-api endpoint")
	require.Empty(t, m.of("aws:ec2/route:Route"), "nothing leads out of the VPC")
	require.Len(t, m.of("aws:ec2/routeTableAssociation:RouteTableAssociation"), 3)
	require.Equal(t, []string{"10.0.0.16", "10.0.32.16", "10.0.64.16"}, network.EndpointAddresses)
	require.Equal(t, []string{"10.0.0.17", "10.0.32.17", "10.0.64.17"}, network.ALBEndpointAddresses)
	require.Equal(t, []string{"10.0.0.0/16"}, network.CIDRs)
	require.Len(t, network.RouteTableIDs, 1)
}

func TestPublicSubnetsHaveTheirOwnRouteTable(t *testing.T) {
	var network *Network
	m := (&monitor{}).deploy(t, networkProgram(&NetworkArgs{New: &NewVPC{CIDR: netip.MustParsePrefix("10.0.0.0/20"), Zones: 2, PublicSubnets: true}}, &network))
	require.Len(t, m.of(subnetToken), 4)
	require.Equal(t, []string{"p-private", "p-public"}, m.names(routeTableToken))
	require.Equal(t, "p-public-id", m.only(t, "aws:ec2/route:Route").Inputs["routeTableId"])
	for _, association := range m.of("aws:ec2/routeTableAssociation:RouteTableAssociation") {
		require.Equal(t, association.Name[:len(association.Name)-2]+"-id", association.Inputs["routeTableId"])
	}
	require.Len(t, network.SubnetIDs, 2, "the other components use private subnets only")
}

func TestAnExistingVPCIsReadAndNothingIsCreated(t *testing.T) {
	var network *Network
	m := (&monitor{}).deploy(t, networkProgram(&NetworkArgs{VPCID: "vpc-1", SubnetIDs: []string{"subnet-1a", "subnet-2b"}}, &network))
	for _, r := range m.resources {
		require.NotContains(t, r.Token, "aws:ec2/")
	}
	require.Equal(t, []string{"10.7.0.0/16", "10.9.0.0/16"}, network.CIDRs, "the ranges that are associated")
	require.Nil(t, network.EndpointAddresses)
	require.Len(t, network.RouteTableIDs, 1, "each table once")
}

func TestExistingNetworksThatDontServe(t *testing.T) {
	fail := func(subnets []string, token string, answer map[string]any) error {
		return (&monitor{answers: map[string]func(map[string]any) (map[string]any, error){
			token: func(map[string]any) (map[string]any, error) { return answer, nil },
		}}).run(networkProgram(&NetworkArgs{VPCID: "vpc-1", SubnetIDs: subnets}, new(*Network)))
	}
	err := fail([]string{"subnet-1a"}, "aws:ec2/getVpc:getVpc", map[string]any{"id": "vpc-1", "enableDnsHostnames": false, "enableDnsSupport": true})
	requireExisting(t, err, "VPC", "vpc-1")
	err = fail([]string{"subnet-1a", "subnet-2b"}, "aws:ec2/getSubnet:getSubnet", map[string]any{"vpcId": "vpc-2", "availabilityZone": "us-east-1a"})
	requireExisting(t, err, "subnet", "subnet-1a")
	require.ErrorContains(t, err, "use subnet subnet-2b: it belongs to vpc-2, not to vpc-1")
	require.ErrorContains(t, err, "use subnet subnet-2b: it is in us-east-1a as subnet-1a is")

	err = (&monitor{answers: map[string]func(map[string]any) (map[string]any, error){
		"aws:ec2/getVpcEndpointService:getVpcEndpointService": func(map[string]any) (map[string]any, error) {
			return map[string]any{"availabilityZones": []any{"us-east-1a"}}, nil
		},
	}}).run(networkProgram(&NetworkArgs{New: &NewVPC{CIDR: netip.MustParsePrefix("10.0.0.0/16"), Zones: 2}}, new(*Network)))
	require.ErrorContains(t, err, "us-east-1 offers the execute-api endpoint in 1 (us-east-1a): ask for fewer zones")
}

func TestANetworkSaysEachArgumentThatItLacks(t *testing.T) {
	for _, c := range []struct {
		args  NetworkArgs
		wrong []string
	}{
		{NetworkArgs{}, []string{"VPCID", "SubnetIDs"}},
		{NetworkArgs{New: &NewVPC{}}, []string{"New.CIDR", "New.Zones"}},
		{NetworkArgs{New: &NewVPC{CIDR: netip.MustParsePrefix("10.0.0.0/24"), Zones: 2}}, []string{"New.CIDR"}},
		{NetworkArgs{New: &NewVPC{CIDR: netip.MustParsePrefix("10.0.0.0/15"), Zones: 4}}, []string{"New.CIDR", "New.Zones"}},
		{NetworkArgs{New: &NewVPC{CIDR: netip.MustParsePrefix("fd00::/20"), Zones: 2}}, []string{"New.CIDR"}},
	} {
		m := &monitor{}
		requireArguments(t, m, m.run(networkProgram(&c.args, new(*Network))), c.wrong...)
	}
}
