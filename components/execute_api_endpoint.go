package components

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExecuteAPIEndpointArgs describes an execute-api endpoint that clients reach
// without the proxy.
type ExecuteAPIEndpointArgs struct {
	// Region is the AWS region's code. Required.
	Region string
	// VPCID is the VPC that the endpoint is in. Required.
	VPCID pulumi.StringInput
	// ExistingVPCID is VPCID where it is known in a preview, because the VPC isn't
	// created by the same program. Required to look an endpoint up by its service.
	ExistingVPCID string
	// SubnetIDs are the endpoint's subnets, one of each zone. Required, unless
	// Source names an existing endpoint.
	SubnetIDs []pulumi.StringInput
	// Addresses are the IPv4 addresses that the endpoint takes when it is created,
	// in the first subnets, in their order; see [ExecuteAPIEndpoint.StaticEndpoints].
	// Later changes have no effect. In the other subnets AWS chooses. Default: AWS
	// chooses all.
	Addresses []string
	// Source is where the endpoint comes from. Default: it is created. An existing
	// endpoint's own security groups decide who may connect. Where Clients is a
	// group, one that admits others is an [ExistingResourceError]; see TrustCallers.
	Source EndpointSource
	// Policy is the policy of an endpoint that is created, in JSON. Default: full access.
	Policy string
	// TrustCallers takes an existing endpoint whose security groups admit others than
	// the group of Clients to port 443. Default: false.
	TrustCallers bool
	// Clients may connect to port 443 of an endpoint that is created. Default:
	// none may.
	Clients EndpointClients
	// Tags are those of the endpoint, of its security group and of the rules.
	Tags Tags
}

// EndpointClients are who may open connections to an endpoint: the members of a
// security group, or else the addresses of ranges.
type EndpointClients struct {
	// SecurityGroupID is the group whose members are the clients. Default: CIDRs
	// are.
	SecurityGroupID pulumi.StringInput
	// ExistingSecurityGroupID is SecurityGroupID where it is known in a preview,
	// because the group isn't created by the same program. Default: it is created.
	ExistingSecurityGroupID string
	// AllowEgress adds to that group the rules by which its members reach the
	// endpoint. Default: false, and the group has to have them.
	AllowEgress bool
	// CIDRs are IPv4 ranges. Default: none. A range that is named twice counts
	// once. AWS allows 60 inbound rules a group.
	CIDRs []string
}

func (a *ExecuteAPIEndpointArgs) check(name string) error {
	m := arguments{component: "ExecuteAPIEndpoint", name: name}
	m.given(a.Region != "", "Region")
	m.given(a.VPCID != nil, "VPCID")
	if !a.Source.exists() {
		m.given(len(a.SubnetIDs) > 0, "SubnetIDs")
		checkAddresses(&m, a.Addresses, a.SubnetIDs)
	}
	return m.err()
}

// ExecuteAPIEndpoint is an execute-api endpoint that clients reach without the
// proxy, directly or through a load balancer.
type ExecuteAPIEndpoint struct {
	pulumi.ResourceState
	children

	// EndpointID is the endpoint's ID, which resource policies compare.
	EndpointID pulumi.StringOutput `pulumi:"endpointId"`
	// DNSName is the endpoint's regional DNS name.
	DNSName pulumi.StringOutput `pulumi:"dnsName"`
	// HostedZoneID is the hosted zone of DNSName, for alias records.
	HostedZoneID pulumi.StringOutput `pulumi:"hostedZoneId"`
	// Addresses are the IPv4 addresses of the endpoint's network interfaces, in the
	// subnets' order. Those of an existing endpoint are sorted.
	Addresses pulumi.StringArrayOutput `pulumi:"addresses"`
	// AddressCount is how many Addresses there are, which a preview knows too.
	AddressCount int
	// named are Addresses with their names.
	named []endpointAddress
	// StaticEndpoints has the endpoint where it is created at chosen addresses; see
	// [Endpoints.StaticEndpoints].
	StaticEndpoints []pulumi.Resource
	// ExistingID is the endpoint's ID where it isn't created; else empty.
	ExistingID string
}

// NewExecuteAPIEndpoint creates the endpoint with a security group that lets its
// clients in, or looks an existing one up. An existing endpoint that doesn't
// serve is an [ExistingResourceError].
//
// Where AWS chooses the addresses, let the component depend on other endpoints at
// chosen addresses in the same subnets (pulumi.DependsOn).
func NewExecuteAPIEndpoint(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs, opts ...pulumi.ResourceOption) (*ExecuteAPIEndpoint, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	endpoint := &ExecuteAPIEndpoint{}
	if err := register(ctx, "ExecuteAPIEndpoint", name, endpoint, opts); err != nil {
		return nil, err
	}
	prerequisites, err := dependsOn(opts)
	if err != nil {
		return nil, err
	}
	var built *executeAPI
	if args.Source.exists() {
		built, err = endpoint.lookUp(ctx, name, args)
	} else {
		built, err = endpoint.create(ctx, name, args, prerequisites)
	}
	if err != nil {
		return nil, fmt.Errorf("create ExecuteAPIEndpoint %q: %w", name, err)
	}
	endpoint.EndpointID = built.id
	endpoint.DNSName, endpoint.HostedZoneID = built.dnsName, built.hostedZoneID
	endpoint.Addresses, endpoint.AddressCount, endpoint.named = built.inOrder(), len(built.addresses), built.addresses
	endpoint.StaticEndpoints, endpoint.ExistingID = built.static, built.existingID
	outputs := pulumi.Map{
		"endpointId":   endpoint.EndpointID,
		"dnsName":      endpoint.DNSName,
		"hostedZoneId": endpoint.HostedZoneID,
		"addresses":    endpoint.Addresses,
	}
	if err := complete(ctx, "ExecuteAPIEndpoint", name, endpoint, outputs); err != nil {
		return nil, err
	}
	return endpoint, nil
}

func (e *ExecuteAPIEndpoint) create(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs, prerequisites pulumi.ResourceOption) (*executeAPI, error) {
	group, err := ec2.NewSecurityGroup(ctx, name+"-endpoint", &ec2.SecurityGroupArgs{
		VpcId:       args.VPCID.ToStringOutput(),
		Description: pulumi.String("clients to the execute-api endpoint " + name),
		Tags:        args.Tags.named(name + "-endpoint"),
	}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("create security group: %w", err)
	}
	groupID := group.ID().ToStringOutput()
	if err := e.allowIngress(ctx, name, args, groupID); err != nil {
		return nil, err
	}
	if err := e.allowEgress(ctx, name, args, []pulumi.StringInput{groupID}); err != nil {
		return nil, err
	}
	return createExecuteAPI(ctx, e, name+"-endpoint", &executeAPIArgs{
		region: args.Region, vpcID: args.VPCID, subnetIDs: args.SubnetIDs, groupID: groupID,
		addresses: args.Addresses, policy: args.Policy, prerequisites: prerequisites, tags: args.Tags,
	})
}

func (e *ExecuteAPIEndpoint) lookUp(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs) (*executeAPI, error) {
	found, err := lookUpEndpoint(ctx, pulumi.Parent(e), args.Source, args.Region, args.ExistingVPCID, "execute-api")
	if err != nil {
		return nil, err
	}
	var groups []pulumi.StringInput
	for _, id := range slices.Sorted(slices.Values(found.SecurityGroupIds)) {
		groups = append(groups, pulumi.String(id))
	}
	if err := e.allowEgress(ctx, name, args, groups); err != nil {
		return nil, err
	}
	built, err := existingExecuteAPI(ctx, e, found)
	if err != nil || args.TrustCallers || args.Clients.SecurityGroupID == nil {
		return built, err
	}
	built.id, err = loadBalancerAlone(found.SecurityGroupIds, args.Clients.SecurityGroupID, args.Clients.ExistingSecurityGroupID).check(ctx, e, built.id)
	return built, err
}

// allowIngress adds a rule for each client to the endpoint's group.
func (e *ExecuteAPIEndpoint) allowIngress(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs, groupID pulumi.StringInput) error {
	rule := func(role string, from peer) error {
		cidr, _, source := from.inputs()
		role = name + "-endpoint-from-" + role
		_, err := vpc.NewSecurityGroupIngressRule(ctx, role, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId:           groupID,
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(443),
			ToPort:                    pulumi.Int(443),
			CidrIpv4:                  cidr,
			ReferencedSecurityGroupId: source,
			Tags:                      args.Tags.named(role),
		}, pulumi.Parent(e))
		if err != nil {
			return fmt.Errorf("create ingress rule %s: %w", role, err)
		}
		return nil
	}
	if args.Clients.SecurityGroupID != nil {
		return rule("load-balancer", peer{group: args.Clients.SecurityGroupID})
	}
	for _, cidr := range distinct(args.Clients.CIDRs) {
		if err := rule(cidrName(cidr), peer{cidr: cidr}); err != nil {
			return err
		}
	}
	return nil
}

// allowEgress adds a rule for each of the endpoint's groups to the clients' group.
func (e *ExecuteAPIEndpoint) allowEgress(ctx *pulumi.Context, name string, args *ExecuteAPIEndpointArgs, groups []pulumi.StringInput) error {
	if !args.Clients.AllowEgress {
		return nil
	}
	for i, group := range groups {
		role := "load-balancer-to-endpoint-" + strconv.Itoa(i+1)
		_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-"+role, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId:           args.Clients.SecurityGroupID,
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
