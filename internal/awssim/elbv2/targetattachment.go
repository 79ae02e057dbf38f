package elbv2

import (
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/publicuse"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Quotas of targets. Tasks that ECS registers don't count here.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	targetsPerGroupQuota    = "Targets per Target Group per Region"
	targetsPerBalancerQuota = "Targets per Application Load Balancer"
)

// targetGroupAttachmentSpec is one address that was registered by hand. The
// service knows no registrations, only targets: the same target registered twice
// is one, and deregistering it once takes it away.
func targetGroupAttachmentSpec() *engine.Type {
	return &engine.Type{
		Token: view.TargetAttachmentType, Title: "ELBv2 Target Group Attachment", Args: lb.TargetGroupAttachmentArgs{}, State: lb.TargetGroupAttachment{},
		ID: "{targetGroupArn}-{digits26}",
		Properties: engine.Properties{
			"availabilityZone": {engine.ForceNew},
			"port":             {engine.ForceNew, engine.Between(1, 65535)},
			"targetGroupArn":   {engine.ForceNew, engine.ARNOf("elasticloadbalancing"), engine.Refers{To: view.TargetGroupType, Key: "arn", Code: "TargetGroupNotFound", Holds: engine.Cascades}},
			"targetId":         {engine.ForceNew},
		},

		Create:   []string{"elasticloadbalancing:RegisterTargets"},
		Read:     []string{"elasticloadbalancing:DescribeTargetHealth"},
		Delete:   []string{"elasticloadbalancing:DeregisterTargets"},
		OnCreate: registerTarget,
		OnDelete: func(op *engine.Op) error {
			for _, other := range op.All(view.TargetAttachmentType) {
				if TargetOf(op, other.Properties) == TargetOf(op, op.Outputs) {
					op.Remove(other)
				}
			}
			return nil
		},
	}
}

// Target is what a target group knows of an attachment.
type Target struct {
	Group string // ARN
	ID    string
	Port  int
}

// TargetOf fills in the group's port where the attachment states none.
func TargetOf(op *engine.Op, attachment engine.Object) Target {
	t := Target{attachment.Text("targetGroupArn"), attachment.Text("targetId"), attachment.Number("port")}
	if group := op.FindBy(view.TargetGroupType, "arn", t.Group); t.Port == 0 && group != nil {
		t.Port = group.Properties.Number("port")
	}
	return t
}

// registrable is the networks whose addresses can be targets outside the VPC.
var registrable = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

func registerTarget(op *engine.Op) error {
	group := op.Ref("targetGroupArn").Properties
	if kind := group.Text("targetType"); kind != "ip" {
		return op.Fail("registering targets of type %s is not simulated", kind)
	}
	address, err := netip.ParseAddr(op.Inputs.Text("targetId"))
	if err != nil {
		return op.Refuse("ValidationError", "The IP address '%s' is not a valid IPv4 or IPv6 address", op.Inputs.Text("targetId"))
	}
	if err := checkTargetZone(op, address, group); err != nil {
		return err
	}
	if err := checkTargetQuotas(op); err != nil {
		return err
	}
	return publicuse.CheckPublicUse(op, op.Staged())
}

// checkTargetZone holds an address to lie in a subnet of the group's VPC, or in
// a private network beyond it with availabilityZone "all".
func checkTargetZone(op *engine.Op, address netip.Addr, group engine.Object) error {
	zone := op.Inputs.Text("availabilityZone")
	for _, subnet := range op.Seen(view.SubnetType) {
		if subnet.Properties.Text("vpcId") != group.Text("vpcId") || !ec2.NetworkOf(subnet).Contains(address) {
			continue
		}
		if own := subnet.Properties.Text("availabilityZone"); zone != "" && zone != own {
			return op.Refuse("ValidationError", "You cannot specify Availability Zone '%s' for the IP address '%s', which is in a subnet of VPC %s in %s", zone, address, group.Text("vpcId"), own)
		}
		return nil
	}
	switch {
	case ec2.InVPC(op, op.See(view.VPCType, group.Text("vpcId")), address):
		return op.Refuse("ValidationError", "The IP address '%s' is not within a subnet of VPC %s", address, group.Text("vpcId"))
	case !slices.ContainsFunc(registrable, func(p netip.Prefix) bool { return p.Contains(address) }):
		return op.Refuse("ValidationError", "The IP address '%s' is not within the subnets of VPC %s and not in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10", address, group.Text("vpcId"))
	case zone != "all":
		return op.Refuse("ValidationError", "You must specify an Availability Zone of 'all' for the IP address '%s', which is outside VPC %s", address, group.Text("vpcId"))
	}
	return nil
}

func checkTargetQuotas(op *engine.Op) error {
	own := TargetOf(op, op.Inputs)
	if targets := targetsIn(op, []string{own.Group}); !targets[own] && len(targets) >= op.Limit(targetsPerGroupQuota, 1000) {
		return op.Refuse("TooManyTargets", "%s: the quota of %d is reached by %s", targetsPerGroupQuota, len(targets), own.Group)
	}
	for _, listener := range ListenersOf(op, own.Group) {
		balancer := listener.Properties.Text("loadBalancerArn")
		var groups []string
		for _, group := range op.All(view.TargetGroupType) {
			if slices.ContainsFunc(ListenersOf(op, group.ARN), func(l *engine.Resource) bool { return l.Properties.Text("loadBalancerArn") == balancer }) {
				groups = append(groups, group.ARN)
			}
		}
		if targets := targetsIn(op, groups); !targets[own] && len(targets) >= op.Limit(targetsPerBalancerQuota, 1000) {
			return op.Refuse("TooManyTargets", "%s: the quota of %d is reached by %s", targetsPerBalancerQuota, len(targets), balancer)
		}
	}
	return nil
}

// targetsIn is the targets that were registered by hand in target groups.
func targetsIn(op *engine.Op, groups []string) map[Target]bool {
	targets := map[Target]bool{}
	for _, other := range op.All(view.TargetAttachmentType) {
		if t := TargetOf(op, other.Properties); slices.Contains(groups, t.Group) {
			targets[t] = true
		}
	}
	return targets
}
