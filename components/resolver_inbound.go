package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// MinInboundAddresses is the least number of addresses of an inbound endpoint.
const MinInboundAddresses = 2

// ResolverInboundArgs describes an inbound endpoint of Route 53 Resolver.
type ResolverInboundArgs struct {
	// VPCID is the VPC whose resolver answers. Required.
	VPCID pulumi.StringInput
	// SubnetIDs are the subnets of the VPC, in each of which the endpoint has an
	// address. Required: 2 or more, each in a zone of its own. AWS allows 6.
	SubnetIDs []pulumi.StringInput
	// Addresses are the endpoint's IPv4 addresses, one for each subnet, in the order of
	// SubnetIDs. Default: AWS chooses them.
	Addresses []string
	// AllowedCIDRs are the IPv4 ranges of the DNS servers that may ask. Required. AWS
	// allows 60 rules a group, of which each range needs two; a range that is named
	// twice counts once.
	AllowedCIDRs []string
	// Tags are those of the endpoint, its security group and the rules.
	Tags Tags
}

func (a *ResolverInboundArgs) check(name string) error {
	m := arguments{component: "ResolverInbound", name: name}
	m.given(a.VPCID != nil, "VPCID")
	m.given(len(a.AllowedCIDRs) > 0, "AllowedCIDRs")
	m.require(len(a.SubnetIDs) >= MinInboundAddresses, "SubnetIDs", fmt.Sprintf("%d are too few", len(a.SubnetIDs)), fmt.Sprintf("name %d or more", MinInboundAddresses))
	m.require(len(a.Addresses) == 0 || len(a.Addresses) == len(a.SubnetIDs), "Addresses",
		fmt.Sprintf("there are %d for %d subnets", len(a.Addresses), len(a.SubnetIDs)), "name one for each subnet, or none")
	return m.err()
}

// ResolverInbound is an inbound endpoint of Route 53 Resolver: DNS servers outside the
// VPC forward queries to its addresses, and the VPC's resolver answers them, from the
// private hosted zones that it knows.
type ResolverInbound struct {
	pulumi.ResourceState
	children

	// Addresses are the endpoint's IPv4 addresses, sorted as texts.
	Addresses pulumi.StringArrayOutput `pulumi:"addresses"`
	// Endpoint is the endpoint. With chosen addresses it has to exist before AWS gives
	// the subnets' addresses to others.
	Endpoint pulumi.Resource
}

// NewResolverInbound creates the endpoint and its security group, which admits the
// ranges to port 53 by UDP and TCP.
func NewResolverInbound(ctx *pulumi.Context, name string, args *ResolverInboundArgs, opts ...pulumi.ResourceOption) (*ResolverInbound, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	inbound := &ResolverInbound{}
	if err := register(ctx, "ResolverInbound", name, inbound, opts); err != nil {
		return nil, err
	}
	const role = inboundRole
	b := &groupBuilder{ctx: ctx, parent: inbound, name: name, args: &SecurityGroupsArgs{VPCID: args.VPCID, Tags: args.Tags}}
	group := b.group(role, "", "DNS servers to the inbound endpoint of Route 53 Resolver")
	for _, cidr := range distinct(args.AllowedCIDRs) {
		for _, protocol := range []string{"tcp", "udp"} {
			b.admit(role+"-from-"+cidrName(cidr)+"-"+protocol, group, protocol, 53, peer{cidr: cidr})
		}
	}
	if b.err != nil {
		return nil, b.err
	}
	addresses := route53.ResolverEndpointIpAddressArray{}
	for i, subnet := range args.SubnetIDs {
		address := route53.ResolverEndpointIpAddressArgs{SubnetId: subnet}
		if len(args.Addresses) > 0 {
			address.Ip = pulumi.StringPtr(args.Addresses[i])
		}
		addresses = append(addresses, address)
	}
	endpoint, err := route53.NewResolverEndpoint(ctx, name+"-"+role, &route53.ResolverEndpointArgs{
		Direction:        pulumi.String("INBOUND"),
		IpAddresses:      addresses,
		SecurityGroupIds: pulumi.StringArray{group},
		Tags:             args.Tags.named(name + "-" + role),
	}, pulumi.Parent(inbound))
	if err != nil {
		return nil, fmt.Errorf("create inbound endpoint of Route 53 Resolver: %w", err)
	}
	inbound.Endpoint = endpoint
	// A preview of a new endpoint knows no ID, and so tells no addresses.
	inbound.Addresses = pulumi.All(endpoint.ID(), endpoint.IpAddresses).ApplyT(func(values []any) []string {
		return ipsOf(values[1].([]route53.ResolverEndpointIpAddress))
	}).(pulumi.StringArrayOutput)
	if err := complete(ctx, "ResolverInbound", name, inbound, pulumi.Map{"addresses": inbound.Addresses}); err != nil {
		return nil, err
	}
	return inbound, nil
}

// inboundRole is the end of the names of what belongs to the inbound endpoint.
const inboundRole = "resolver-inbound"

func ipsOf(addresses []route53.ResolverEndpointIpAddress) []string {
	var ips []string
	for _, address := range addresses {
		if address.Ip != nil {
			ips = append(ips, *address.Ip)
		}
	}
	slices.Sort(ips)
	return ips
}
