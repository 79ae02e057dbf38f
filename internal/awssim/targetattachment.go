package awssim

import (
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
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
func targetGroupAttachmentSpec() *typeSpec {
	return &typeSpec{
		token: targetAttachmentType, title: "ELBv2 Target Group Attachment", args: lb.TargetGroupAttachmentArgs{}, state: lb.TargetGroupAttachment{},
		id:        "{targetGroupArn}-{hash}",
		immutable: []string{"availabilityZone", "port", "targetGroupArn", "targetId"},
		rules:     map[string][]rule{"port": {between(1, 65535)}, "targetGroupArn": {arnOf("elasticloadbalancing")}},
		refs:      []ref{{at: "targetGroupArn", to: targetGroupType, key: "arn", code: "TargetGroupNotFound", holds: cascades}},
		create:    []string{"elasticloadbalancing:RegisterTargets"},
		read:      []string{"elasticloadbalancing:DescribeTargetHealth"},
		delete:    []string{"elasticloadbalancing:DeregisterTargets"},
		onCreate:  registerTarget,
		onDelete: func(c *call) error {
			for _, other := range c.all(targetAttachmentType) {
				if c.targetOf(other.Properties) == c.targetOf(c.outputs) {
					c.remove(other)
				}
			}
			return nil
		},
	}
}

// target is what a target group knows of an attachment.
type target struct {
	group string // ARN
	id    string
	port  int
}

// targetOf fills in the group's port where the attachment states none.
func (c *call) targetOf(attachment Object) target {
	t := target{attachment.Text("targetGroupArn"), attachment.Text("targetId"), attachment.Number("port")}
	if group := c.findBy(targetGroupType, "arn", t.group); t.port == 0 && group != nil {
		t.port = group.Properties.Number("port")
	}
	return t
}

// registrable is the networks whose addresses can be targets outside the VPC.
var registrable = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

func registerTarget(c *call) error {
	group := c.findBy(targetGroupType, "arn", c.inputs.Text("targetGroupArn")).Properties
	if kind := group.Text("targetType"); kind != "ip" {
		return c.fail("registering targets of type %s is not simulated", kind)
	}
	address, err := netip.ParseAddr(c.inputs.Text("targetId"))
	if err != nil {
		return c.refuse("ValidationError", "The IP address '%s' is not a valid IPv4 or IPv6 address", c.inputs.Text("targetId"))
	}
	if err := c.checkTargetZone(address, group); err != nil {
		return err
	}
	if err := c.checkTargetQuotas(); err != nil {
		return err
	}
	return c.checkPublicUse(c.staged())
}

// checkTargetZone holds an address to lie in a subnet of the group's VPC, or in
// a private network beyond it with availabilityZone "all".
func (c *call) checkTargetZone(address netip.Addr, group Object) error {
	zone := c.inputs.Text("availabilityZone")
	for _, subnet := range c.all(subnetType) {
		if subnet.Properties.Text("vpcId") != group.Text("vpcId") || !networkOf(subnet).Contains(address) {
			continue
		}
		if own := subnet.Properties.Text("availabilityZone"); zone != "" && zone != own {
			return c.refuse("ValidationError", "You cannot specify Availability Zone '%s' for the IP address '%s', which is in a subnet of VPC %s in %s", zone, address, group.Text("vpcId"), own)
		}
		return nil
	}
	switch {
	case networkOf(c.find(vpcType, group.Text("vpcId"))).Contains(address):
		return c.refuse("ValidationError", "The IP address '%s' is not within a subnet of VPC %s", address, group.Text("vpcId"))
	case !slices.ContainsFunc(registrable, func(p netip.Prefix) bool { return p.Contains(address) }):
		return c.refuse("ValidationError", "The IP address '%s' is not within the subnets of VPC %s and not in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10", address, group.Text("vpcId"))
	case zone != "all":
		return c.refuse("ValidationError", "You must specify an Availability Zone of 'all' for the IP address '%s', which is outside VPC %s", address, group.Text("vpcId"))
	}
	return nil
}

func (c *call) checkTargetQuotas() error {
	own := c.targetOf(c.inputs)
	if targets := c.targetsIn([]string{own.group}); !targets[own] && len(targets) >= c.limit(targetsPerGroupQuota, 1000) {
		return c.refuse("TooManyTargets", "%s: the quota of %d is reached by %s", targetsPerGroupQuota, len(targets), own.group)
	}
	for _, listener := range c.listenersOf(own.group) {
		balancer := listener.Properties.Text("loadBalancerArn")
		var groups []string
		for _, group := range c.all(targetGroupType) {
			if slices.ContainsFunc(c.listenersOf(group.ARN), func(l *Resource) bool { return l.Properties.Text("loadBalancerArn") == balancer }) {
				groups = append(groups, group.ARN)
			}
		}
		if targets := c.targetsIn(groups); !targets[own] && len(targets) >= c.limit(targetsPerBalancerQuota, 1000) {
			return c.refuse("TooManyTargets", "%s: the quota of %d is reached by %s", targetsPerBalancerQuota, len(targets), balancer)
		}
	}
	return nil
}

// targetsIn is the targets that were registered by hand in target groups.
func (c *call) targetsIn(groups []string) map[target]bool {
	targets := map[target]bool{}
	for _, other := range c.all(targetAttachmentType) {
		if t := c.targetOf(other.Properties); slices.Contains(groups, t.group) {
			targets[t] = true
		}
	}
	return targets
}
