package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecurityGroupsArgs describes who may talk to whom. A group that is named by
// its ID is left as its owner made it: rules are added to Portico's own alone.
type SecurityGroupsArgs struct {
	VPCID pulumi.StringInput
	// VPCCIDRs are the VPC's IPv4 ranges.
	VPCCIDRs []string
	// AllowedCIDRs may reach the load balancer beside the VPC: peered networks,
	// transit gateways, on-premises ranges.
	AllowedCIDRs []string
	Region       string
	// LoadBalancerID, TasksID and EndpointID name existing groups. An existing
	// endpoint group stands on every interface endpoint that Portico creates and
	// has to admit port 443 from the tasks' group.
	LoadBalancerID string
	TasksID        string
	EndpointID     string
	// Proxy says that there are tasks, and endpoints by which they reach AWS.
	Proxy bool
	Tags  Tags
}

// SecurityGroups are the groups of the load balancer, the tasks and the
// endpoints, with the rules between them.
type SecurityGroups struct {
	pulumi.ResourceState

	LoadBalancerID pulumi.StringOutput `pulumi:"loadBalancerId"`
	TasksID        pulumi.StringOutput `pulumi:"tasksId"`
	// ExecuteAPIID is the group of the execute-api endpoint. It admits the tasks
	// and nobody else: the proxy's Referer header, which resource policies
	// compare, can be trusted only because no other workload reaches the
	// endpoint.
	ExecuteAPIID pulumi.StringOutput `pulumi:"executeApiId"`
	// InterfaceID is the group of the other interface endpoints. It admits the
	// whole VPC, since their private DNS names capture every workload in it.
	InterfaceID pulumi.StringOutput `pulumi:"interfaceId"`
	// OwnTasks and OwnLoadBalancer tell whether the tasks' group and the load
	// balancer's are Portico's to add rules to.
	OwnTasks, OwnLoadBalancer bool
}

// NewSecurityGroups creates the groups that aren't named, and their rules.
func NewSecurityGroups(ctx *pulumi.Context, name string, args *SecurityGroupsArgs, opts ...pulumi.ResourceOption) (*SecurityGroups, error) {
	groups := &SecurityGroups{OwnTasks: args.TasksID == "", OwnLoadBalancer: args.LoadBalancerID == ""}
	if err := ctx.RegisterComponentResource("portico:index:SecurityGroups", name, groups, opts...); err != nil {
		return nil, fmt.Errorf("register security groups %q: %w", name, err)
	}
	b := &groupBuilder{ctx: ctx, parent: groups, name: name, args: args}
	groups.LoadBalancerID = b.group("load-balancer", args.LoadBalancerID, "clients to the load balancer")
	outputs := pulumi.Map{"loadBalancerId": groups.LoadBalancerID}
	if args.LoadBalancerID == "" {
		for _, cidr := range AdmittedCIDRs(args.VPCCIDRs, args.AllowedCIDRs) {
			b.ingress("load-balancer-from-"+cidrName(cidr), groups.LoadBalancerID, 443, peer{cidr: cidr})
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
	if err := ctx.RegisterResourceOutputs(groups, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of security groups %q: %w", name, err)
	}
	return groups, nil
}

// addProxy makes the groups of the tasks and of their endpoints.
func (g *SecurityGroups) addProxy(b *groupBuilder) {
	g.TasksID = b.group("tasks", b.args.TasksID, "load balancer to the proxy tasks")
	g.ExecuteAPIID = b.group("execute-api", b.args.EndpointID, "proxy tasks to the execute-api endpoint")
	g.InterfaceID = g.ExecuteAPIID
	if b.args.EndpointID == "" {
		g.InterfaceID = b.group("interface-endpoints", "", "VPC to the logs and ECR endpoints")
	}
	if b.args.LoadBalancerID == "" {
		b.egress("load-balancer-to-tasks", g.LoadBalancerID, ProxyPort, peer{group: g.TasksID})
	}
	if b.args.TasksID == "" {
		b.ingress("tasks-from-load-balancer", g.TasksID, ProxyPort, peer{group: g.LoadBalancerID})
		b.egress("tasks-to-execute-api", g.TasksID, 443, peer{group: g.ExecuteAPIID})
		if b.args.EndpointID == "" {
			b.egress("tasks-to-interface-endpoints", g.TasksID, 443, peer{group: g.InterfaceID})
		}
		// ECR keeps the image's layers in S3, which the gateway endpoint reaches
		// by its prefix list.
		b.egress("tasks-to-s3", g.TasksID, 443, peer{prefixList: b.s3PrefixList()})
	}
	if b.args.EndpointID == "" {
		b.ingress("execute-api-from-tasks", g.ExecuteAPIID, 443, peer{group: g.TasksID})
		for _, cidr := range AdmittedCIDRs(b.args.VPCCIDRs, nil) {
			b.ingress("interface-endpoints-from-"+cidrName(cidr), g.InterfaceID, 443, peer{cidr: cidr})
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

func (b *groupBuilder) ingress(role string, group pulumi.StringInput, port int, from peer) {
	if b.err != nil {
		return
	}
	cidr, prefixList, source := from.inputs()
	_, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-"+role, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           group,
		IpProtocol:                pulumi.String("tcp"),
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

func (b *groupBuilder) egress(role string, group pulumi.StringInput, port int, to peer) {
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

// AdmittedCIDRs are the ranges that a group admits by a rule each: the VPC's and
// others, sorted and each once, since AWS refuses a rule that it has already.
func AdmittedCIDRs(vpcCIDRs, others []string) []string {
	all := slices.Concat(vpcCIDRs, others)
	slices.Sort(all)
	return slices.Compact(all)
}

func cidrName(cidr string) string { return strings.ReplaceAll(cidr, "/", "-") }
