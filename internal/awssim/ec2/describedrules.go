package ec2

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// describedRule is a rule as DescribeSecurityGroupRules shows it: one for each
// source or destination, whatever the rule was created with. The provider shows
// members that a rule doesn't have as "" and 0.
type describedRule struct {
	id, group, protocol string
	from, to            int
	egress              bool
	cidr, list, peer    string
}

// rulesOf is a group's rules of both directions, those of rule resources and
// inline ones.
func rulesOf(op *engine.Op, group *engine.Resource) []describedRule {
	var all []describedRule
	for token, inline := range map[string]string{view.IngressRuleType: "ingress", view.EgressRuleType: "egress"} {
		for _, r := range op.Having(token, "securityGroupId", group.ID) {
			p := r.Properties
			all = append(all, describedRule{r.ID, group.ID, p.Text("ipProtocol"), p.Number("fromPort"), p.Number("toPort"), inline == "egress",
				p.Text("cidrIpv4"), p.Text("prefixListId"), p.Text("referencedSecurityGroupId")})
		}
		for i, p := range group.Properties.Objects(inline) {
			number := 0
			add := func(cidr, list, peer string) {
				number++
				all = append(all, describedRule{fmt.Sprintf("sgr-%s%s%02d%02d", strings.TrimPrefix(group.ID, "sg-"), inline[:1], i, number), group.ID,
					p.Text("protocol"), p.Number("fromPort"), p.Number("toPort"), inline == "egress", cidr, list, peer})
			}
			for _, cidr := range p.Texts("cidrBlocks") {
				add(cidr, "", "")
			}
			for _, list := range p.Texts("prefixListIds") {
				add("", list, "")
			}
			for _, peer := range p.Texts("securityGroups") {
				add("", "", peer)
			}
			if p.Flag("self") {
				add("", "", group.ID)
			}
		}
	}
	slices.SortFunc(all, func(a, b describedRule) int { return cmp.Compare(a.id, b.id) })
	return all
}

func securityGroupRules(op *engine.Op) (engine.Object, error) {
	wanted := map[string]bool{}
	for _, filter := range op.Inputs.Objects("filters") {
		if filter.Text("name") != "group-id" {
			return nil, op.Refuse("InvalidParameterValue", "The filter '%s' is not simulated", filter.Text("name"))
		}
		for _, id := range filter.Texts("values") {
			wanted[id] = true
		}
	}
	ids := []string{}
	for _, group := range op.All(view.SecurityGroupType) {
		if len(wanted) > 0 && !wanted[group.ID] {
			continue
		}
		for _, rule := range rulesOf(op, group) {
			ids = append(ids, rule.id)
		}
	}
	return engine.Object{"id": op.Region, "ids": engine.List(ids...), "filters": op.Inputs["filters"]}, nil
}

func securityGroupRule(op *engine.Op) (engine.Object, error) {
	id := op.Inputs.Text("securityGroupRuleId")
	for _, group := range op.All(view.SecurityGroupType) {
		for _, rule := range rulesOf(op, group) {
			if rule.id == id {
				return engine.Object{
					"id": rule.id, "securityGroupRuleId": rule.id, "securityGroupId": rule.group, "isEgress": rule.egress, "ipProtocol": rule.protocol,
					"arn":      fmt.Sprintf("arn:%s:ec2:%s:%s:security-group-rule/%s", op.Partition(), op.Region, op.Account, rule.id),
					"fromPort": float64(rule.from), "toPort": float64(rule.to), "cidrIpv4": rule.cidr, "cidrIpv6": "", "prefixListId": rule.list,
					"referencedSecurityGroupId": rule.peer, "description": "", "tags": map[string]any{},
				}, nil
			}
		}
	}
	return nil, op.Fail("reading VPC Security Group Rule (%s): couldn't find resource", id)
}
