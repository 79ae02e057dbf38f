package components

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExecuteAPIEndpointArgs describes the execute-api endpoint of a front door that has
// no proxy.
type ExecuteAPIEndpointArgs struct {
	// Door is the front door's name, for names of resources.
	Door   string
	Region string
	VPCID  pulumi.StringInput
	// ExistingVPCID is the VPC's ID where it exists already, for lookups; empty
	// where this program creates it.
	ExistingVPCID string
	SubnetIDs     []pulumi.StringInput
	// Addresses are one for each subnet; nil: AWS chooses. Endpoints.Fixed says
	// what follows from it.
	Addresses []string
	// Fixed are other endpoints at chosen addresses in the same subnets.
	Fixed []pulumi.Resource
	// Source names an existing endpoint. Whom that admits its owner decides.
	Source EndpointSource
	// Clients are admitted on port 443.
	Clients EndpointClients
	Tags    Tags
}

// EndpointClients are who may open connections to an endpoint: the members of a
// security group, or whoever has an address in one of the ranges.
type EndpointClients struct {
	GroupID pulumi.StringInput
	// OwnGroup tells that the group is Portico's, so that it is given the rules
	// by which its members get out to the endpoint.
	OwnGroup bool
	CIDRs    []string
}

// ExecuteAPIEndpoint is an execute-api endpoint that clients reach without the proxy,
// directly or by way of a load balancer.
type ExecuteAPIEndpoint struct {
	pulumi.ResourceState

	EndpointID pulumi.StringOutput `pulumi:"endpointId"`
	// DNSName is the endpoint's regional name, and HostedZoneID the zone that
	// aliases to it name.
	DNSName      pulumi.StringOutput `pulumi:"dnsName"`
	HostedZoneID pulumi.StringOutput `pulumi:"hostedZoneId"`
	// Addresses are the endpoint's network interfaces', and AddressCount how many
	// there are, which is known in a preview too. Chosen ones are in the subnets'
	// order, so that a further subnet's comes last; others are sorted.
	Addresses    pulumi.StringArrayOutput `pulumi:"addresses"`
	AddressCount int
	// Fixed has the endpoint where it is created at chosen addresses; see
	// Endpoints.Fixed.
	Fixed []pulumi.Resource
	// ExistingID is the endpoint's ID where it isn't created.
	ExistingID string
}

// NewExecuteAPIEndpoint creates the endpoint, or looks an existing one up, with the
// rules that let its clients in.
func NewExecuteAPIEndpoint(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs, opts ...pulumi.ResourceOption) (*ExecuteAPIEndpoint, error) {
	name += "-" + args.Door
	endpoint := &ExecuteAPIEndpoint{}
	if err := ctx.RegisterComponentResource("portico:index:ExecuteAPIEndpoint", name, endpoint, opts...); err != nil {
		return nil, fmt.Errorf("register endpoint %q: %w", name, err)
	}
	build := endpoint.create
	if args.Source.exists() {
		build = endpoint.adopt
	}
	built, err := build(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("make the endpoint of front door %s: %w", args.Door, err)
	}
	endpoint.EndpointID = built.id
	endpoint.DNSName, endpoint.HostedZoneID = built.dnsName, built.hostedZoneID
	endpoint.Addresses, endpoint.AddressCount = built.addresses, built.count
	endpoint.Fixed, endpoint.ExistingID = built.fixed, built.existingID
	outputs := pulumi.Map{
		"endpointId":   endpoint.EndpointID,
		"dnsName":      endpoint.DNSName,
		"hostedZoneId": endpoint.HostedZoneID,
		"addresses":    endpoint.Addresses,
	}
	if err := ctx.RegisterResourceOutputs(endpoint, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of endpoint %q: %w", name, err)
	}
	return endpoint, nil
}

func (e *ExecuteAPIEndpoint) create(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs) (*executeAPI, error) {
	group, err := ec2.NewSecurityGroup(ctx, name+"-endpoint", &ec2.SecurityGroupArgs{
		VpcId:       args.VPCID.ToStringOutput(),
		Description: pulumi.String("clients to the execute-api endpoint of front door " + args.Door),
		Tags:        args.Tags.named(name + "-endpoint"),
	}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("create security group: %w", err)
	}
	groupID := group.ID().ToStringOutput()
	if err := e.admit(ctx, name, args, groupID); err != nil {
		return nil, err
	}
	if err := e.letOut(ctx, name, args, []pulumi.StringInput{groupID}); err != nil {
		return nil, err
	}
	created, err := createExecuteAPI(ctx, e, name+"-endpoint", &executeAPIArgs{
		region: args.Region, vpcID: args.VPCID, subnetIDs: args.SubnetIDs, groupID: groupID,
		addresses: args.Addresses, after: args.Fixed, tags: args.Tags,
	})
	if err == nil && args.Addresses != nil {
		created.addresses = pulumi.ToStringArray(args.Addresses).ToStringArrayOutput()
	}
	return created, err
}

func (e *ExecuteAPIEndpoint) adopt(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs) (*executeAPI, error) {
	found, err := lookUpEndpoint(ctx, e, args.Source, args.Region, args.ExistingVPCID, "execute-api")
	if err != nil {
		return nil, err
	}
	var groups []pulumi.StringInput
	for _, id := range slices.Sorted(slices.Values(found.SecurityGroupIds)) {
		groups = append(groups, pulumi.String(id))
	}
	if err := e.letOut(ctx, name, args, groups); err != nil {
		return nil, err
	}
	return adoptExecuteAPI(ctx, e, found)
}

// admit lets the clients in.
func (e *ExecuteAPIEndpoint) admit(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs, groupID pulumi.StringInput) error {
	rule := func(role string, from peer) error {
		cidr, _, source := from.inputs()
		_, err := vpc.NewSecurityGroupIngressRule(ctx, name+"-endpoint-from-"+role, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId:           groupID,
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(443),
			ToPort:                    pulumi.Int(443),
			CidrIpv4:                  cidr,
			ReferencedSecurityGroupId: source,
			Tags:                      args.Tags.named(args.Door + "-endpoint-from-" + role),
		}, pulumi.Parent(e))
		if err != nil {
			return fmt.Errorf("create ingress rule from %s: %w", role, err)
		}
		return nil
	}
	if args.Clients.GroupID != nil {
		return rule("load-balancer", peer{group: args.Clients.GroupID})
	}
	for _, cidr := range args.Clients.CIDRs {
		if err := rule(cidrName(cidr), peer{cidr: cidr}); err != nil {
			return err
		}
	}
	return nil
}

// letOut lets the members of Portico's group out to the endpoint's groups.
func (e *ExecuteAPIEndpoint) letOut(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs, groups []pulumi.StringInput) error {
	if !args.Clients.OwnGroup {
		return nil
	}
	for i, group := range groups {
		role := "load-balancer-to-endpoint-" + strconv.Itoa(i+1)
		_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-"+role, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId:           args.Clients.GroupID,
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(443),
			ToPort:                    pulumi.Int(443),
			ReferencedSecurityGroupId: group.ToStringOutput().ToStringPtrOutput(),
			Tags:                      args.Tags.named(role),
		}, pulumi.Parent(e))
		if err != nil {
			return fmt.Errorf("create egress rule to the endpoint: %w", err)
		}
	}
	return nil
}
