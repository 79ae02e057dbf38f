package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecurityGroupsArgs describes the security groups of the load balancer, the
// proxy's tasks and their endpoints. An existing group is left as its owner made
// it: rules are added to groups only that the component creates.
type SecurityGroupsArgs struct {
	// VPCID is the groups' VPC. Required.
	VPCID pulumi.StringInput
	// VPCCIDRs are the VPC's IPv4 ranges, which may reach the load balancer and the
	// interface endpoints. Default: none.
	VPCCIDRs []string
	// AllowedCIDRs are further IPv4 ranges that may reach the load balancer: peered
	// networks, transit gateways, on-premises ranges. Default: none. AWS allows 60
	// inbound rules a group; a range that is named twice counts once.
	AllowedCIDRs []string
	// Region is the AWS region's code, for S3's prefix list. Required with Proxy.
	Region string
	// LoadBalancerID is an existing group for the load balancer. Default: it is
	// created.
	LoadBalancerID string
	// TasksID is an existing group for the tasks. With ProxyProtocol it may admit the
	// load balancer's group alone to ProxyProtocolPort, which is held in previews
	// too. Default: it is created.
	TasksID string
	// EndpointID is an existing group for every interface endpoint. It has to allow
	// port 443 from the tasks' group. Default: groups are created.
	EndpointID string
	// Proxy says that there are tasks, and endpoints through which they reach AWS.
	// Default: false, and there is the load balancer's group alone.
	Proxy bool
	// ProxyProtocol says that a Network Load Balancer may tell the tasks its clients'
	// addresses, so that it reaches ProxyProtocolPort too. Default: false.
	ProxyProtocol bool
	// Tags are those of the groups and rules.
	Tags Tags
}

// taskPort is a port of the tasks that the load balancer reaches.
type taskPort struct {
	number int
	// suffix ends the names of its rules.
	suffix string
}

func (a *SecurityGroupsArgs) ports() []taskPort {
	ports := []taskPort{{number: ProxyPort}}
	if a.ProxyProtocol {
		ports = append(ports, taskPort{ProxyProtocolPort, "-proxy-protocol"})
	}
	return ports
}

func (a *SecurityGroupsArgs) check(name string) error {
	m := arguments{component: "SecurityGroups", name: name}
	m.given(a.VPCID != nil, "VPCID")
	m.given(a.Region != "" || !a.Proxy, "Region")
	return m.err()
}

// SecurityGroups are the groups of the load balancer, the tasks and the
// endpoints, with the rules between them.
type SecurityGroups struct {
	pulumi.ResourceState
	children

	// LoadBalancerID is the load balancer's group.
	LoadBalancerID pulumi.StringOutput `pulumi:"loadBalancerId"`
	// TasksID is the tasks' group. Unset without Proxy.
	TasksID pulumi.StringOutput `pulumi:"tasksId"`
	// ExecuteAPIID is the execute-api endpoint's group. It allows the tasks' group
	// only: the proxy's Referer header, which resource policies compare, can be
	// trusted because no other client reaches the endpoint. Unset without Proxy.
	ExecuteAPIID pulumi.StringOutput `pulumi:"executeApiId"`
	// InterfaceID is the group of the other interface endpoints. It allows the whole
	// VPC, since their private DNS names resolve to them for every client in it.
	// Unset without Proxy.
	InterfaceID pulumi.StringOutput `pulumi:"interfaceId"`
	// OwnTasks reports whether the tasks' group is created, so that rules may be
	// added to it.
	OwnTasks bool
	// OwnLoadBalancer reports whether the load balancer's group is created, so that
	// rules may be added to it.
	OwnLoadBalancer bool
}

// NewSecurityGroups creates the groups that aren't named, and their rules.
func NewSecurityGroups(ctx *pulumi.Context, name string, args *SecurityGroupsArgs, opts ...pulumi.ResourceOption) (*SecurityGroups, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	groups := &SecurityGroups{OwnTasks: args.TasksID == "", OwnLoadBalancer: args.LoadBalancerID == ""}
	if err := register(ctx, "SecurityGroups", name, groups, opts); err != nil {
		return nil, err
	}
	b := &groupBuilder{ctx: ctx, parent: groups, name: name, args: args}
	groups.LoadBalancerID = b.group("load-balancer", args.LoadBalancerID, "clients to the load balancer")
	outputs := pulumi.Map{"loadBalancerId": groups.LoadBalancerID}
	if args.LoadBalancerID == "" {
		for _, cidr := range distinct(slices.Concat(args.VPCCIDRs, args.AllowedCIDRs)) {
			b.allowIngress("load-balancer-from-"+cidrName(cidr), groups.LoadBalancerID, 443, peer{cidr: cidr})
		}
	}
	if args.Proxy {
		groups.addProxy(b)
		outputs["tasksId"] = groups.TasksID
		outputs["executeApiId"] = groups.ExecuteAPIID
		outputs["interfaceId"] = groups.InterfaceID
	}
	if b.err != nil {
		return nil, b.err
	}
	if err := complete(ctx, "SecurityGroups", name, groups, outputs); err != nil {
		return nil, err
	}
	return groups, nil
}

// addProxy creates the groups of the tasks and of their endpoints.
func (g *SecurityGroups) addProxy(b *groupBuilder) {
	g.TasksID = b.group("tasks", b.args.TasksID, "load balancer to the proxy tasks")
	g.ExecuteAPIID = b.group("execute-api", b.args.EndpointID, "proxy tasks to the execute-api endpoint")
	g.InterfaceID = g.ExecuteAPIID
	if b.args.EndpointID == "" {
		g.InterfaceID = b.group("interface-endpoints", "", "VPC to the logs and ECR endpoints")
	}
	if b.args.ProxyProtocol && b.args.TasksID != "" && b.err == nil {
		g.TasksID, b.err = tellsCallersAlone(b.args.TasksID, g.LoadBalancerID, b.args.LoadBalancerID).check(b.ctx, b.parent, g.TasksID)
	}
	if b.args.LoadBalancerID == "" {
		for _, port := range b.args.ports() {
			b.allowEgress("load-balancer-to-tasks"+port.suffix, g.LoadBalancerID, port.number, peer{group: g.TasksID})
		}
	}
	if b.args.TasksID == "" {
		for _, port := range b.args.ports() {
			b.allowIngress("tasks-from-load-balancer"+port.suffix, g.TasksID, port.number, peer{group: g.LoadBalancerID})
		}
		b.allowEgress("tasks-to-execute-api", g.TasksID, 443, peer{group: g.ExecuteAPIID})
		if b.args.EndpointID == "" {
			b.allowEgress("tasks-to-interface-endpoints", g.TasksID, 443, peer{group: g.InterfaceID})
		}
		// ECR keeps the image's layers in S3, which the gateway endpoint reaches
		// by its prefix list.
		b.allowEgress("tasks-to-s3", g.TasksID, 443, peer{prefixList: b.s3PrefixList()})
	}
	if b.args.EndpointID == "" {
		b.allowIngress("execute-api-from-tasks", g.ExecuteAPIID, 443, peer{group: g.TasksID})
		for _, cidr := range distinct(b.args.VPCCIDRs) {
			b.allowIngress("interface-endpoints-from-"+cidrName(cidr), g.InterfaceID, 443, peer{cidr: cidr})
		}
	}
}

// groupBuilder creates groups and rules until something fails, and keeps the
// first error.
type groupBuilder struct {
	ctx    *pulumi.Context
	parent pulumi.Resource
	name   string
	args   *SecurityGroupsArgs
	err    error
}

// peer is the other side of a rule: one of its fields is set.
type peer struct {
	cidr       string
	prefixList string
	group      pulumi.StringInput
}

func (p peer) inputs() (cidr, prefixList, group pulumi.StringPtrInput) {
	switch {
	case p.cidr != "":
		return pulumi.StringPtr(p.cidr), nil, nil
	case p.prefixList != "":
		return nil, pulumi.StringPtr(p.prefixList), nil
	default:
		return nil, nil, p.group.ToStringOutput().ToStringPtrOutput()
	}
}

func (b *groupBuilder) group(role, existing, description string) pulumi.StringOutput {
	if existing != "" || b.err != nil {
		return pulumi.String(existing).ToStringOutput()
	}
	group, err := ec2.NewSecurityGroup(b.ctx, b.name+"-"+role, &ec2.SecurityGroupArgs{
		VpcId:       b.args.VPCID.ToStringOutput(),
		Description: pulumi.String(description),
		Tags:        b.args.Tags.named(b.name + "-" + role),
	}, pulumi.Parent(b.parent))
	if err != nil {
		b.err = fmt.Errorf("create security group of the %s: %w", role, err)
		return pulumi.String("").ToStringOutput()
	}
	return group.ID().ToStringOutput()
}

func (b *groupBuilder) allowIngress(role string, group pulumi.StringInput, port int, from peer) {
	b.admit(role, group, "tcp", port, from)
}

func (b *groupBuilder) admit(role string, group pulumi.StringInput, protocol string, port int, from peer) {
	if b.err != nil {
		return
	}
	cidr, prefixList, source := from.inputs()
	_, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-"+role, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           group,
		IpProtocol:                pulumi.String(protocol),
		FromPort:                  pulumi.Int(port),
		ToPort:                    pulumi.Int(port),
		CidrIpv4:                  cidr,
		PrefixListId:              prefixList,
		ReferencedSecurityGroupId: source,
		Tags:                      b.args.Tags.named(role),
	}, pulumi.Parent(b.parent))
	if err != nil {
		b.err = fmt.Errorf("create ingress rule %s: %w", role, err)
	}
}

func (b *groupBuilder) allowEgress(role string, group pulumi.StringInput, port int, to peer) {
	if b.err != nil {
		return
	}
	cidr, prefixList, destination := to.inputs()
	_, err := vpc.NewSecurityGroupEgressRule(b.ctx, b.name+"-"+role, &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           group,
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(port),
		ToPort:                    pulumi.Int(port),
		CidrIpv4:                  cidr,
		PrefixListId:              prefixList,
		ReferencedSecurityGroupId: destination,
		Tags:                      b.args.Tags.named(role),
	}, pulumi.Parent(b.parent))
	if err != nil {
		b.err = fmt.Errorf("create egress rule %s: %w", role, err)
	}
}

func (b *groupBuilder) s3PrefixList() string {
	if b.err != nil {
		return ""
	}
	name := "com.amazonaws." + b.args.Region + ".s3"
	list, err := ec2.GetPrefixList(b.ctx, &ec2.GetPrefixListArgs{Name: &name}, pulumi.Parent(b.parent))
	if err != nil {
		b.err = fmt.Errorf("look prefix list %s up: %w", name, err)
		return ""
	}
	return list.Id
}

// distinct are the values, sorted, each once.
func distinct(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

func cidrName(cidr string) string { return strings.ReplaceAll(cidr, "/", "-") }
