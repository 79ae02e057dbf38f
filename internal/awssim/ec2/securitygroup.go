package ec2

import (
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
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

func securityGroupSpec() *engine.Type {
	return &engine.Type{
		Token: view.SecurityGroupType, Title: "EC2 Security Group", Args: ec2.SecurityGroupArgs{}, State: ec2.SecurityGroup{},
		ID: "sg-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:security-group/{id}",
		Properties: engine.Properties{
			"description":         {engine.ForceNew, engine.Default("Managed by Pulumi"), engine.Value(securityGroupText)},
			"egress":              {engine.Set, engine.Kept, engine.Otherwise([]any{})},
			"ingress":             {engine.Set, engine.Kept, engine.Otherwise([]any{})},
			"name":                {engine.Autonamed(255), engine.ForceNew, engine.Value(securityGroupText), engine.NotPrefixed("sg-", "IDs")},
			"namePrefix":          {engine.ForceNew},
			"ownerId":             {engine.Computed("{account}")},
			"revokeRulesOnDelete": {engine.Default(false)},
			"vpcId":               {engine.Required, engine.ForceNew, engine.Refers{To: view.VPCType, Code: "InvalidVpcID.NotFound", Shared: true}}, // default VPCs are not simulated
		},

		Unique: []string{"name", "vpcId"}, Conflict: "InvalidGroup.Duplicate",
		Quota:  engine.Quota{Name: "VPC security groups per Region", Limit: 2500, Code: "SecurityGroupLimitExceeded"},
		Create: []string{"ec2:CreateSecurityGroup", "ec2:RevokeSecurityGroupEgress", "ec2:DescribeSecurityGroups", "ec2:CreateTags"},
		Read:   []string{"ec2:DescribeSecurityGroups"},
		Update: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags", "ec2:DeleteTags"},
		Delete: []string{"ec2:DeleteSecurityGroup", "ec2:DescribeNetworkInterfaces"},
		When:   map[string][]string{"ec2:AuthorizeSecurityGroupIngress": {"ingress", "egress"}},
	}
}

func securityGroupRuleSpec(token, direction string) *engine.Type {
	return &engine.Type{
		Token: token, Title: "VPC Security Group " + direction + " Rule",
		ID: "sgr-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}",
		Properties: engine.Properties{
			"cidrIpv4":                  {engine.Ipv4Network(0, 32), engine.ExactlyOneOf("cidrIpv6", "prefixListId", "referencedSecurityGroupId")},
			"description":               {engine.Value(securityGroupText)},
			"fromPort":                  {engine.RequiredWhen(ports), engine.ConflictsWhen(allProtocols), engine.Between(-1, 65535), engine.AtMostUnless("toPort", engine.Is("ipProtocol", "icmp"))},
			"ipProtocol":                {engine.Pattern(`-1|tcp|udp|icmp|icmpv6|\d{1,3}`, "a protocol: -1, tcp, udp, icmp or a number")},
			"prefixListId":              {engine.Against(isPrefixList)},
			"referencedSecurityGroupId": {engine.Refers{To: view.SecurityGroupType, Code: "InvalidGroup.NotFound", SameVPCAs: "securityGroupId", VPCCode: "InvalidGroup.NotFound"}},
			"securityGroupId":           {engine.ForceNew, engine.Refers{To: view.SecurityGroupType, Code: "InvalidGroup.NotFound", Holds: engine.Cascades}},
			"securityGroupRuleId":       {engine.Computed("{id}")},
			"toPort":                    {engine.RequiredWhen(ports), engine.ConflictsWhen(allProtocols), engine.Between(-1, 65535)},
		},

		Unique:   []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"},
		Conflict: "InvalidPermission.Duplicate",
		Quota:    engine.Quota{Name: "Inbound or outbound rules per security group", Limit: 60, Per: "securityGroupId", Code: "RulesPerSecurityGroupLimitExceeded"},
		Create:   []string{"ec2:AuthorizeSecurityGroup" + direction, "ec2:DescribeSecurityGroupRules", "ec2:CreateTags"},
		Read:     []string{"ec2:DescribeSecurityGroupRules"},
		Update:   []string{"ec2:ModifySecurityGroupRules", "ec2:CreateTags", "ec2:DeleteTags"},
		Delete:   []string{"ec2:RevokeSecurityGroup" + direction},
	}
}

// ports is when a rule states ports; allProtocols when it can't.
var (
	ports        = engine.Is("ipProtocol", "tcp", "udp")
	allProtocols = engine.Is("ipProtocol", "-1")
)

// isPrefixList wants one of AWS's own prefix lists; no others are simulated.
func isPrefixList(op *engine.Op, _ string, v any) error {
	if id, _ := v.(string); prefixLists(op.Region)[id] == "" {
		return op.Refuse("InvalidPrefixListID.NotFound", "The prefix list '%s' does not exist in %s", id, op.Region)
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
	for _, r := range op.Having(token, "securityGroupId", group.ID) {
		p := r.Properties
		all = append(all, Permission{p.Text("ipProtocol"), p.Number("fromPort"), p.Number("toPort"),
			present(p.Text("cidrIpv4")), present(p.Text("referencedSecurityGroupId")), present(p.Text("prefixListId")), false})
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

// CoversPort reports whether the rule is about a TCP port.
func (p *Permission) CoversPort(port int) bool { return p.Covers("tcp", port) }

// protocolNumbers are IANA's of the protocols that have ports.
var protocolNumbers = map[string]string{"tcp": "6", "udp": "17"}

// Covers reports whether the rule is about a port of tcp or udp.
func (p *Permission) Covers(protocol string, port int) bool {
	switch p.protocol {
	case "-1":
		return true
	case protocol, protocolNumbers[protocol]:
		return p.from <= port && port <= p.to
	}
	return false
}

// CoversAddress reports whether the rule is about an address, by a network or by a
// prefix list.
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
