package components

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AWS allows a VPC from /16 to /28. The subnets are an eighth of it, and an
// Application Load Balancer, four endpoints and the tasks of a rolling deployment
// don't fit into less than a /26.
const (
	// MinVPCPrefix is the shortest prefix of NewVPC.CIDR.
	MinVPCPrefix = 16
	// MaxVPCPrefix is the longest prefix of NewVPC.CIDR.
	MaxVPCPrefix = 23
)

// subnetBits is how many bits a subnet's prefix is longer than the VPC's: eight
// subnets, the first half private, the second public.
const (
	subnetBits        = 3
	firstPublicSubnet = 4
)

// Where the execute-api endpoints' addresses are in their subnets. AWS reserves a
// subnet's first four addresses and its last for itself.
const (
	endpointOffset    = 16
	albEndpointOffset = 17
)

// NetworkArgs describes a VPC to create, or names one that exists.
type NetworkArgs struct {
	// New describes the VPC to create. Default: VPCID and SubnetIDs name one.
	New *NewVPC
	// VPCID is an existing VPC, whose DNS hostnames and DNS support are on. Required
	// without New.
	VPCID string
	// SubnetIDs are the private subnets of the existing VPC that take the load
	// balancer, the endpoints and the tasks. Required without New: 2 or more, each
	// in a zone of its own.
	SubnetIDs []string
	// Region is the AWS region's code. Required with New.
	Region string
	// Tags are those of what is created.
	Tags Tags
}

// NewVPC describes a VPC to create.
type NewVPC struct {
	// CIDR is the VPC's IPv4 range. Required: a prefix of MinVPCPrefix to
	// MaxVPCPrefix bits.
	CIDR netip.Prefix
	// Zones is the number of Availability Zones. Required: 2 or 3.
	Zones int
	// PreviousZones are the zones that earlier updates have chosen, in the order of
	// [Network.Zones]. They stay, whatever zones AWS lists now. Default: none.
	PreviousZones []string
	// PublicSubnets adds an internet gateway and a public subnet for each zone, in
	// which the components of this package place nothing. Default: false.
	PublicSubnets bool
}

func (a *NetworkArgs) check(name string) error {
	m := arguments{component: "Network", name: name}
	if a.New == nil {
		m.given(a.VPCID != "", "VPCID")
		m.given(len(a.SubnetIDs) > 0, "SubnetIDs")
		return m.err()
	}
	cidr := a.New.CIDR
	m.given(a.Region != "", "Region")
	m.require(cidr.IsValid() && cidr.Addr().Is4() && cidr.Bits() >= MinVPCPrefix && cidr.Bits() <= MaxVPCPrefix, "New.CIDR",
		cidr.String()+" is not the range of a VPC", fmt.Sprintf("write an IPv4 range from /%d to /%d", MinVPCPrefix, MaxVPCPrefix))
	m.require(a.New.Zones == 2 || a.New.Zones == 3, "New.Zones", fmt.Sprintf("%d is not a number of zones", a.New.Zones), "write 2 or 3")
	return m.err()
}

// Network is a VPC and the private subnets in it for the other components.
type Network struct {
	pulumi.ResourceState
	children

	// VPCID is the VPC's ID.
	VPCID pulumi.StringOutput `pulumi:"vpcId"`
	// SubnetIDs are the private subnets, one for each zone.
	SubnetIDs []pulumi.StringInput
	// SubnetCIDRs are the IPv4 ranges of the private subnets, in the order of SubnetIDs;
	// the zero prefix where a subnet has none.
	SubnetCIDRs []netip.Prefix
	// RouteTableIDs are the private subnets' route tables, each once.
	RouteTableIDs []pulumi.StringInput
	// CIDRs are the VPC's IPv4 ranges, sorted.
	CIDRs []string
	// Zones are the Availability Zones of a new VPC's subnets, in their order. Hand
	// them to the next update as [NewVPC.PreviousZones]. Nil in an existing VPC.
	Zones []string
	// EndpointAddresses are IPv4 addresses for [EndpointsArgs.Addresses], one for
	// each subnet. They are free as long as whatever else takes addresses in the
	// subnets depends on the endpoint: see [Endpoints.StaticEndpoints]. Nil in an
	// existing VPC, whose free addresses can't be known beforehand.
	EndpointAddresses []string
	// ALBEndpointAddresses are such addresses for
	// [ExecuteAPIEndpointArgs.Addresses].
	ALBEndpointAddresses []string
}

// NewNetwork creates a VPC or looks an existing one up. An existing VPC or subnet
// that doesn't serve is an [ExistingResourceError].
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	network := &Network{}
	if err := register(ctx, "Network", name, network, opts); err != nil {
		return nil, err
	}
	build := network.lookUp
	if args.New != nil {
		build = network.create
	}
	if err := build(ctx, name, args); err != nil {
		return nil, err
	}
	outputs := pulumi.Map{"vpcId": network.VPCID, "subnetIds": stringArray(network.SubnetIDs)}
	if err := complete(ctx, "Network", name, network, outputs); err != nil {
		return nil, err
	}
	return network, nil
}

func (n *Network) create(ctx *pulumi.Context, name string, args *NetworkArgs) error {
	zones, err := availabilityZones(ctx, n, args)
	if err != nil {
		return err
	}
	n.Zones = zones
	// Private DNS names of endpoints and private hosted zones need both DNS
	// attributes.
	vpc, err := ec2.NewVpc(ctx, name+"-vpc", &ec2.VpcArgs{
		CidrBlock:          pulumi.String(args.New.CIDR.String()),
		EnableDnsHostnames: pulumi.Bool(true),
		EnableDnsSupport:   pulumi.Bool(true),
		Tags:               args.Tags.named(name),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("create VPC: %w", err)
	}
	n.VPCID = vpc.ID().ToStringOutput()
	n.CIDRs = []string{args.New.CIDR.String()}

	// One route table without a route out serves every private subnet: what the
	// tasks reach, they reach through endpoints.
	private, err := ec2.NewRouteTable(ctx, name+"-private", &ec2.RouteTableArgs{
		VpcId: n.VPCID,
		Tags:  args.Tags.named(name + "-private"),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("create route table of the private subnets: %w", err)
	}
	n.RouteTableIDs = []pulumi.StringInput{private.ID().ToStringOutput()}
	for i, zone := range zones {
		if err := n.createPrivateSubnet(ctx, name, args, i, zone, private); err != nil {
			return err
		}
	}
	if args.New.PublicSubnets {
		return n.createPublicSubnets(ctx, name, args, zones)
	}
	return nil
}

func (n *Network) createPrivateSubnet(ctx *pulumi.Context, name string, args *NetworkArgs, i int, zone string, table *ec2.RouteTable) error {
	suffix := "-private-" + strconv.Itoa(i+1)
	cidr := subnetOf(args.New.CIDR, i)
	subnet, err := n.createSubnet(ctx, name+suffix, args, cidr, zone, table)
	if err != nil {
		return err
	}
	n.SubnetIDs = append(n.SubnetIDs, subnet.ID().ToStringOutput())
	n.SubnetCIDRs = append(n.SubnetCIDRs, cidr)
	n.EndpointAddresses = append(n.EndpointAddresses, addressAt(cidr, endpointOffset).String())
	n.ALBEndpointAddresses = append(n.ALBEndpointAddresses, addressAt(cidr, albEndpointOffset).String())
	return nil
}

func (n *Network) createPublicSubnets(ctx *pulumi.Context, name string, args *NetworkArgs, zones []string) error {
	gateway, err := ec2.NewInternetGateway(ctx, name+"-internet", &ec2.InternetGatewayArgs{
		VpcId: n.VPCID,
		Tags:  args.Tags.named(name),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("create internet gateway: %w", err)
	}
	table, err := ec2.NewRouteTable(ctx, name+"-public", &ec2.RouteTableArgs{
		VpcId: n.VPCID,
		Tags:  args.Tags.named(name + "-public"),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("create route table of the public subnets: %w", err)
	}
	_, err = ec2.NewRoute(ctx, name+"-public-internet", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String("0.0.0.0/0"),
		GatewayId:            gateway.ID(),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("create route to the internet gateway: %w", err)
	}
	for i, zone := range zones {
		suffix := "-public-" + strconv.Itoa(i+1)
		cidr := subnetOf(args.New.CIDR, firstPublicSubnet+i)
		if _, err := n.createSubnet(ctx, name+suffix, args, cidr, zone, table); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) createSubnet(ctx *pulumi.Context, name string, args *NetworkArgs, cidr netip.Prefix, zone string, table *ec2.RouteTable) (*ec2.Subnet, error) {
	subnet, err := ec2.NewSubnet(ctx, name, &ec2.SubnetArgs{
		VpcId:            n.VPCID,
		CidrBlock:        pulumi.String(cidr.String()),
		AvailabilityZone: pulumi.String(zone),
		Tags:             args.Tags.named(name),
		// A subnet can't be replaced: its successor would need the same range
		// beside it. It stays in its zone also where an update that failed left no
		// outputs to take the zones from.
	}, pulumi.Parent(n), pulumi.IgnoreChanges([]string{"availabilityZone"}))
	if err != nil {
		return nil, fmt.Errorf("create subnet %s in %s: %w", cidr, zone, err)
	}
	_, err = ec2.NewRouteTableAssociation(ctx, name, &ec2.RouteTableAssociationArgs{
		SubnetId:     subnet.ID(),
		RouteTableId: table.ID(),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("associate subnet %s with its route table: %w", cidr, err)
	}
	return subnet, nil
}

func (n *Network) lookUp(ctx *pulumi.Context, _ string, args *NetworkArgs) error {
	vpc, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Id: &args.VPCID}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("look VPC %s up: %w", args.VPCID, err)
	}
	if !vpc.EnableDnsHostnames || !vpc.EnableDnsSupport {
		return &ExistingResourceError{Kind: "VPC", ID: args.VPCID,
			Problem: "its DNS hostnames and DNS support must both be on for private hosted zones and private DNS names",
			Fix:     "enable them in the VPC's settings"}
	}
	n.VPCID = pulumi.String(vpc.Id).ToStringOutput()
	for _, association := range vpc.CidrBlockAssociations {
		if association.State == "associated" {
			n.CIDRs = append(n.CIDRs, association.CidrBlock)
		}
	}
	if len(n.CIDRs) == 0 {
		n.CIDRs = []string{vpc.CidrBlock}
	}
	slices.Sort(n.CIDRs)
	if err := n.lookUpSubnets(ctx, args); err != nil {
		return err
	}
	return n.lookUpRouteTables(ctx, args)
}

func (n *Network) lookUpSubnets(ctx *pulumi.Context, args *NetworkArgs) error {
	var mistakes []error
	zones := map[string]string{}
	for _, id := range args.SubnetIDs {
		subnet, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id}, pulumi.Parent(n))
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("look subnet %s up: %w", id, err))
			continue
		}
		if subnet.VpcId != args.VPCID {
			mistakes = append(mistakes, &ExistingResourceError{Kind: "subnet", ID: id,
				Problem: fmt.Sprintf("it belongs to %s, not to %s", subnet.VpcId, args.VPCID), Fix: "name subnets of the VPC"})
		}
		// A load balancer and an endpoint take one subnet of a zone.
		if other, taken := zones[subnet.AvailabilityZone]; taken {
			mistakes = append(mistakes, &ExistingResourceError{Kind: "subnet", ID: id,
				Problem: fmt.Sprintf("it is in %s as %s is", subnet.AvailabilityZone, other), Fix: "name one subnet of each zone"})
		}
		zones[subnet.AvailabilityZone] = id
		cidr, err := netip.ParsePrefix(subnet.CidrBlock)
		if err != nil {
			cidr = netip.Prefix{} // a subnet of IPv6 alone has none, and holds no chosen address
		}
		n.SubnetIDs, n.SubnetCIDRs = append(n.SubnetIDs, pulumi.String(id)), append(n.SubnetCIDRs, cidr)
	}
	return errors.Join(mistakes...)
}

// lookUpRouteTables finds the route tables that the subnets use: their own, or
// the VPC's main one.
func (n *Network) lookUpRouteTables(ctx *pulumi.Context, args *NetworkArgs) error {
	var ids []string
	for _, subnet := range args.SubnetIDs {
		tables, err := routeTables(ctx, n, args.VPCID, "association.subnet-id", subnet)
		if err == nil && len(tables) == 0 {
			tables, err = routeTables(ctx, n, args.VPCID, "association.main", "true")
		}
		if err != nil {
			return fmt.Errorf("find the route table of subnet %s: %w", subnet, err)
		}
		ids = append(ids, tables...)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		n.RouteTableIDs = append(n.RouteTableIDs, pulumi.String(id))
	}
	return nil
}

func routeTables(ctx *pulumi.Context, parent pulumi.Resource, vpcID, filter, value string) ([]string, error) {
	tables, err := ec2.GetRouteTables(ctx, &ec2.GetRouteTablesArgs{
		VpcId:   &vpcID,
		Filters: []ec2.GetRouteTablesFilter{{Name: filter, Values: []string{value}}},
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	return tables.Ids, nil
}

// availabilityZones are the previous zones, and after them the first others, by
// name, that the execute-api endpoint service is in. Local Zones and Wavelength
// Zones, which an account has to opt into, are left out: they have neither Fargate
// nor the endpoints. The list of zones may gain names, and has those alone that are
// available at the moment:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
func availabilityZones(ctx *pulumi.Context, parent pulumi.Resource, args *NetworkArgs) ([]string, error) {
	wanted, previous := args.New.Zones, args.New.PreviousZones
	if len(previous) >= wanted {
		return previous[:wanted], nil
	}
	available, err := aws.GetAvailabilityZones(ctx, &aws.GetAvailabilityZonesArgs{
		State:   pulumi.StringRef("available"),
		Filters: []aws.GetAvailabilityZonesFilter{{Name: "opt-in-status", Values: []string{"opt-in-not-required"}}},
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("list Availability Zones: %w", err)
	}
	service, err := ec2.LookupVpcEndpointService(ctx, &ec2.LookupVpcEndpointServiceArgs{
		ServiceName: pulumi.StringRef(endpointService(args.Region, "execute-api")),
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("find the zones of the execute-api endpoint service: %w", err)
	}
	others := slices.DeleteFunc(slices.Clone(available.Names), func(zone string) bool {
		return !slices.Contains(service.AvailabilityZones, zone) || slices.Contains(previous, zone)
	})
	slices.Sort(others)
	zones := slices.Concat(previous, others)
	if len(zones) < wanted {
		return nil, fmt.Errorf("choose %d Availability Zones: %s offers the execute-api endpoint in %d (%s): ask for fewer zones",
			wanted, args.Region, len(zones), strings.Join(zones, ", "))
	}
	return zones[:wanted], nil
}

// subnetOf is the i-th subnet of a VPC's range.
func subnetOf(vpc netip.Prefix, i int) netip.Prefix {
	bits := vpc.Bits() + subnetBits
	return netip.PrefixFrom(addressAt(vpc, uint32(i)<<(32-bits)), bits)
}

func addressAt(prefix netip.Prefix, offset uint32) netip.Addr {
	base := prefix.Masked().Addr().As4()
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], binary.BigEndian.Uint32(base[:])+offset)
	return netip.AddrFrom4(address)
}
