package ec2

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
)

// SecurityGroups is security groups and their rules.
func SecurityGroups() engine.Service {
	ingress := securityGroupRuleSpec(view.IngressRuleType, "Ingress")
	ingress.Args, ingress.State = vpc.SecurityGroupIngressRuleArgs{}, vpc.SecurityGroupIngressRule{}
	egress := securityGroupRuleSpec(view.EgressRuleType, "Egress")
	egress.Args, egress.State = vpc.SecurityGroupEgressRuleArgs{}, vpc.SecurityGroupEgressRule{}
	return engine.Service{Types: []*engine.Type{securityGroupSpec(), ingress, egress}}
}

var securityGroupText = engine.Pattern(`[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}`, "up to 255 of the characters that AWS allows in security groups")

func notLikeAnID(v any) string {
	if name, _ := v.(string); strings.HasPrefix(name, "sg-") {
		return "begins with sg-, which AWS keeps for IDs"
	}
	return ""
}

func securityGroupSpec() *engine.Type {
	return &engine.Type{
		Token: view.SecurityGroupType, Title: "EC2 Security Group", Args: ec2.SecurityGroupArgs{}, State: ec2.SecurityGroup{},
		ID: "sg-{hash}", ARN: "arn:{partition}:ec2:{region}:{account}:security-group/{id}",
		Autoname: "name", AutonameMax: 255,
		Defaults:  engine.Object{"description": "Managed by Pulumi", "revokeRulesOnDelete": false},
		Required:  []string{"vpcId"}, // default VPCs are not simulated
		Immutable: []string{"description", "name", "namePrefix", "vpcId"},
		Sets:      []string{"ingress", "egress"},
		Rules: map[string][]engine.Rule{
			"name":        {securityGroupText, notLikeAnID},
			"description": {securityGroupText},
		},
		Refs:   []engine.Ref{{At: "vpcId", To: view.VPCType, Code: "InvalidVpcID.NotFound"}},
		Unique: []string{"name", "vpcId"}, Conflict: "InvalidGroup.Duplicate",
		Quota:  engine.Quota{Name: "VPC security groups per Region", Limit: 2500, Code: "SecurityGroupLimitExceeded"},
		Create: []string{"ec2:CreateSecurityGroup", "ec2:RevokeSecurityGroupEgress", "ec2:DescribeSecurityGroups", "ec2:CreateTags"},
		Read:   []string{"ec2:DescribeSecurityGroups"},
		Update: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags", "ec2:DeleteTags"},
		Delete: []string{"ec2:DeleteSecurityGroup"},
		OnCreate: func(op *engine.Op) error {
			op.Outputs["ownerId"] = op.Account
			for _, direction := range []string{"ingress", "egress"} {
				if op.Outputs[direction] == nil {
					op.Outputs[direction] = engine.List()
				}
			}
			return nil
		},
	}
}

func securityGroupRuleSpec(token, direction string) *engine.Type {
	return &engine.Type{
		Token: token, Title: "VPC Security Group " + direction + " Rule",
		ID: "sgr-{hash}", ARN: "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}",
		Immutable: []string{"securityGroupId"},
		Rules: map[string][]engine.Rule{
			"cidrIpv4":    {engine.Ipv4Network(0, 32)},
			"ipProtocol":  {engine.Pattern(`-1|tcp|udp|icmp|icmpv6|\d{1,3}`, "a protocol: -1, tcp, udp, icmp or a number")},
			"fromPort":    {engine.Between(-1, 65535)},
			"toPort":      {engine.Between(-1, 65535)},
			"description": {securityGroupText},
		},
		Check: securityGroupRuleProblems,
		Refs: []engine.Ref{
			{At: "securityGroupId", To: view.SecurityGroupType, Code: "InvalidGroup.NotFound", Holds: engine.Cascades},
			{At: "referencedSecurityGroupId", To: view.SecurityGroupType, Code: "InvalidGroup.NotFound"},
		},
		Unique:   []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"},
		Conflict: "InvalidPermission.Duplicate",
		Quota:    engine.Quota{Name: "Inbound or outbound rules per security group", Limit: 60, Per: "securityGroupId", Code: "RulesPerSecurityGroupLimitExceeded"},
		Create:   []string{"ec2:AuthorizeSecurityGroup" + direction, "ec2:DescribeSecurityGroupRules", "ec2:CreateTags"},
		Read:     []string{"ec2:DescribeSecurityGroupRules"},
		Update:   []string{"ec2:ModifySecurityGroupRules", "ec2:CreateTags", "ec2:DeleteTags"},
		Delete:   []string{"ec2:RevokeSecurityGroup" + direction},
		OnCreate: placeSecurityGroupRule, OnUpdate: placeSecurityGroupRule,
	}
}

func securityGroupRuleProblems(inputs engine.Object) []engine.Problem {
	var problems []engine.Problem
	sources := 0
	for _, name := range []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"} {
		if inputs[name] != nil {
			sources++
		}
	}
	if sources != 1 {
		problems = append(problems, engine.Problem{Property: "cidrIpv4", Reason: fmt.Sprintf("exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedSecurityGroupId must be set, not %d", sources)})
	}
	switch protocol := inputs.Text("ipProtocol"); {
	case protocol == "-1" && (inputs[`fromPort`] != nil || inputs["toPort"] != nil):
		problems = append(problems, engine.Problem{Property: "ipProtocol", Reason: "is -1 (all), which takes no ports"})
	case (protocol == "tcp" || protocol == "udp") && (inputs["fromPort"] == nil || inputs["toPort"] == nil):
		problems = append(problems, engine.Problem{Property: "fromPort", Reason: "fromPort and toPort are required with " + protocol})
	case inputs.Known("fromPort") && inputs.Known("toPort") && protocol != "icmp" && inputs.Number("fromPort") > inputs.Number("toPort"):
		problems = append(problems, engine.Problem{Property: "fromPort", Reason: "is greater than toPort"})
	}
	return problems
}

func placeSecurityGroupRule(op *engine.Op) error {
	if id := op.Inputs.Text("prefixListId"); id != "" && prefixLists(op.Region)[id] == "" {
		return op.Refuse("InvalidPrefixListID.NotFound", "The prefix list '%s' does not exist in %s", id, op.Region)
	}
	op.Outputs["securityGroupRuleId"] = op.ID
	if source := op.Inputs.Text("referencedSecurityGroupId"); source != "" {
		own := op.Find(view.SecurityGroupType, op.Inputs.Text("securityGroupId")).Properties.Text("vpcId")
		if other := op.Find(view.SecurityGroupType, source).Properties.Text("vpcId"); other != own {
			return op.Refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks: %s and %s", own, other)
		}
	}
	return nil
}

// Permission is one thing that a security group lets through.
type Permission struct {
	protocol  string
	from, to  int
	networks  []string
	Groups    []string
	lists     []string
	AnybodyIn bool // inline rules' self
}

// Permissions is a group's rules of one direction, from rule resources and
// inline ones.
func Permissions(op *engine.Op, group *engine.Resource, token, inline string) []Permission {
	var all []Permission
	for _, r := range op.All(token) {
		if p := r.Properties; p.Text("securityGroupId") == group.ID {
			all = append(all, Permission{p.Text("ipProtocol"), p.Number("fromPort"), p.Number("toPort"),
				present(p.Text("cidrIpv4")), present(p.Text("referencedSecurityGroupId")), present(p.Text("prefixListId")), false})
		}
	}
	for _, p := range group.Properties.Objects(inline) {
		all = append(all, Permission{p.Text("protocol"), p.Number("fromPort"), p.Number("toPort"),
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

func (p *Permission) CoversPort(port int) bool {
	switch p.protocol {
	case "-1":
		return true
	case "tcp", "6":
		return p.from <= port && port <= p.to
	}
	return false
}

func (p *Permission) CoversAddress(region string, address netip.Addr) bool {
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
