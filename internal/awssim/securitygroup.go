package awssim

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
)

// securityGroupService is security groups and their rules.
func securityGroupService() service {
	ingress := securityGroupRuleSpec(ingressRuleType, "Ingress")
	ingress.args, ingress.state = vpc.SecurityGroupIngressRuleArgs{}, vpc.SecurityGroupIngressRule{}
	egress := securityGroupRuleSpec(egressRuleType, "Egress")
	egress.args, egress.state = vpc.SecurityGroupEgressRuleArgs{}, vpc.SecurityGroupEgressRule{}
	return service{types: []*typeSpec{securityGroupSpec(), ingress, egress}}
}

var securityGroupText = pattern(`[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}`, "up to 255 of the characters that AWS allows in security groups")

func notLikeAnID(v any) string {
	if name, _ := v.(string); strings.HasPrefix(name, "sg-") {
		return "begins with sg-, which AWS keeps for IDs"
	}
	return ""
}

func securityGroupSpec() *typeSpec {
	return &typeSpec{
		token: securityGroupType, title: "EC2 Security Group", args: ec2.SecurityGroupArgs{}, state: ec2.SecurityGroup{},
		id: "sg-{hash}", arn: "arn:{partition}:ec2:{region}:{account}:security-group/{id}",
		autoname: "name", autonameMax: 255,
		defaults:  Object{"description": "Managed by Pulumi", "revokeRulesOnDelete": false},
		required:  []string{"vpcId"}, // default VPCs are not simulated
		immutable: []string{"description", "name", "namePrefix", "vpcId"},
		sets:      []string{"ingress", "egress"},
		rules: map[string][]rule{
			"name":        {securityGroupText, notLikeAnID},
			"description": {securityGroupText},
		},
		refs:   []ref{{at: "vpcId", to: vpcType, code: "InvalidVpcID.NotFound"}},
		unique: []string{"name", "vpcId"}, conflict: "InvalidGroup.Duplicate",
		quota:  quota{name: "VPC security groups per Region", limit: 2500, code: "SecurityGroupLimitExceeded"},
		create: []string{"ec2:CreateSecurityGroup", "ec2:RevokeSecurityGroupEgress", "ec2:DescribeSecurityGroups", "ec2:CreateTags"},
		read:   []string{"ec2:DescribeSecurityGroups"},
		update: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags", "ec2:DeleteTags"},
		delete: []string{"ec2:DeleteSecurityGroup"},
		onCreate: func(c *call) error {
			c.outputs["ownerId"] = c.account
			for _, direction := range []string{"ingress", "egress"} {
				if c.outputs[direction] == nil {
					c.outputs[direction] = list()
				}
			}
			return nil
		},
	}
}

func securityGroupRuleSpec(token, direction string) *typeSpec {
	return &typeSpec{
		token: token, title: "VPC Security Group " + direction + " Rule",
		id: "sgr-{hash}", arn: "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}",
		immutable: []string{"securityGroupId"},
		rules: map[string][]rule{
			"cidrIpv4":    {ipv4Network(0, 32)},
			"ipProtocol":  {pattern(`-1|tcp|udp|icmp|icmpv6|\d{1,3}`, "a protocol: -1, tcp, udp, icmp or a number")},
			"fromPort":    {between(-1, 65535)},
			"toPort":      {between(-1, 65535)},
			"description": {securityGroupText},
		},
		check: securityGroupRuleProblems,
		refs: []ref{
			{at: "securityGroupId", to: securityGroupType, code: "InvalidGroup.NotFound", holds: cascades},
			{at: "referencedSecurityGroupId", to: securityGroupType, code: "InvalidGroup.NotFound"},
		},
		unique:   []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"},
		conflict: "InvalidPermission.Duplicate",
		quota:    quota{name: "Inbound or outbound rules per security group", limit: 60, per: "securityGroupId", code: "RulesPerSecurityGroupLimitExceeded"},
		create:   []string{"ec2:AuthorizeSecurityGroup" + direction, "ec2:DescribeSecurityGroupRules", "ec2:CreateTags"},
		read:     []string{"ec2:DescribeSecurityGroupRules"},
		update:   []string{"ec2:ModifySecurityGroupRules", "ec2:CreateTags", "ec2:DeleteTags"},
		delete:   []string{"ec2:RevokeSecurityGroup" + direction},
		onCreate: placeSecurityGroupRule, onUpdate: placeSecurityGroupRule,
	}
}

func securityGroupRuleProblems(inputs Object) []problem {
	var problems []problem
	sources := 0
	for _, name := range []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"} {
		if inputs[name] != nil {
			sources++
		}
	}
	if sources != 1 {
		problems = append(problems, problem{"cidrIpv4", fmt.Sprintf("exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedSecurityGroupId must be set, not %d", sources)})
	}
	switch protocol := inputs.Text("ipProtocol"); {
	case protocol == "-1" && (inputs[`fromPort`] != nil || inputs["toPort"] != nil):
		problems = append(problems, problem{"ipProtocol", "is -1 (all), which takes no ports"})
	case (protocol == "tcp" || protocol == "udp") && (inputs["fromPort"] == nil || inputs["toPort"] == nil):
		problems = append(problems, problem{"fromPort", "fromPort and toPort are required with " + protocol})
	case inputs.Known("fromPort") && inputs.Known("toPort") && protocol != "icmp" && inputs.Number("fromPort") > inputs.Number("toPort"):
		problems = append(problems, problem{"fromPort", "is greater than toPort"})
	}
	return problems
}

func placeSecurityGroupRule(c *call) error {
	if id := c.inputs.Text("prefixListId"); id != "" && prefixLists(c.region)[id] == "" {
		return c.refuse("InvalidPrefixListID.NotFound", "The prefix list '%s' does not exist in %s", id, c.region)
	}
	c.outputs["securityGroupRuleId"] = c.id
	if source := c.inputs.Text("referencedSecurityGroupId"); source != "" {
		own := c.find(securityGroupType, c.inputs.Text("securityGroupId")).Properties.Text("vpcId")
		if other := c.find(securityGroupType, source).Properties.Text("vpcId"); other != own {
			return c.refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks: %s and %s", own, other)
		}
	}
	return nil
}

// permission is one thing that a security group lets through.
type permission struct {
	protocol  string
	from, to  int
	networks  []string
	groups    []string
	lists     []string
	anybodyIn bool // inline rules' self
}

// permissions is a group's rules of one direction, from rule resources and
// inline ones.
func (c *call) permissions(group *Resource, token, inline string) []permission {
	var all []permission
	for _, r := range c.all(token) {
		if p := r.Properties; p.Text("securityGroupId") == group.ID {
			all = append(all, permission{p.Text("ipProtocol"), p.Number("fromPort"), p.Number("toPort"),
				present(p.Text("cidrIpv4")), present(p.Text("referencedSecurityGroupId")), present(p.Text("prefixListId")), false})
		}
	}
	for _, p := range group.Properties.Objects(inline) {
		all = append(all, permission{p.Text("protocol"), p.Number("fromPort"), p.Number("toPort"),
			p.Texts("cidrBlocks"), p.Texts("securityGroups"), p.Texts("prefixListIds"), p.Flag("self")})
	}
	return all
}

func present(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func (p *permission) coversPort(port int) bool {
	switch p.protocol {
	case "-1":
		return true
	case "tcp", "6":
		return p.from <= port && port <= p.to
	}
	return false
}

func (p *permission) coversAddress(region string, address netip.Addr) bool {
	for _, network := range p.networks {
		if prefix, err := netip.ParsePrefix(network); err == nil && prefix.Contains(address) {
			return true
		}
	}
	for _, id := range p.lists {
		if prefixListHolds(region, id, address) {
			return true
		}
	}
	return false
}
