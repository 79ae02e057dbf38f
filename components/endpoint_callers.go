package components

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// callers are what a rule of a security group admits to port 443.
type callers struct {
	// group and rule are the IDs of the security group and of its rule.
	group, rule string
	// source is a range of addresses, a prefix list or a security group.
	source string
	// isGroup reports whether source is a security group's ID.
	isGroup bool
}

// callerCheck holds the security groups of an existing execute-api endpoint to one
// client: the group that belongs in front of it.
type callerCheck struct {
	// groups are the IDs of the endpoint's security groups.
	groups []string
	// client is the only security group that they may admit. known is its ID where it
	// is known in a preview; empty where the same program creates the group.
	client pulumi.StringInput
	known  string
	// members are who is in client, and risk is what others can do at the endpoint.
	members, risk string
}

// tasksAlone checks the endpoint of the proxy.
func tasksAlone(groups []string, tasks pulumi.StringInput, known string) callerCheck {
	return callerCheck{groups: groups, client: tasks, known: known, members: "the proxy's tasks",
		risk: "who reaches the endpoint without the proxy can claim any custom domain by a Referer header"}
}

// loadBalancerAlone checks the endpoint behind a load balancer.
func loadBalancerAlone(groups []string, balancer pulumi.StringInput, known string) callerCheck {
	return callerCheck{groups: groups, client: balancer, known: known, members: "the load balancer",
		risk: "who reaches the endpoint without the load balancer is held to none of its allowed addresses, listener rules and web ACLs"}
}

func (k callerCheck) refuse(c callers) error {
	return &ExistingResourceError{
		Kind: "security group", ID: c.group, Purpose: "the execute-api endpoint",
		Problem: fmt.Sprintf("its rule %s admits %s to port 443, and %s", c.rule, c.source, k.risk),
		Fix:     "let it admit the security group of " + k.members + " alone, or trust all of these (trustCallers)",
	}
}

// callersOf reads what security groups admit to port 443, in previews too. A
// question that isn't answered is an error: the answer decides on who may call.
func callersOf(ctx *pulumi.Context, option pulumi.InvokeOption, groups []string) ([]callers, error) {
	var all []callers
	for _, group := range distinct(groups) {
		listed, err := vpc.GetSecurityGroupRules(ctx, &vpc.GetSecurityGroupRulesArgs{
			Filters: []vpc.GetSecurityGroupRulesFilter{{Name: "group-id", Values: []string{group}}},
		}, option)
		if err != nil {
			return nil, fmt.Errorf("list the rules of security group %s, to see who reaches the execute-api endpoint: %w", group, err)
		}
		for _, id := range slices.Sorted(slices.Values(listed.Ids)) {
			rule, err := vpc.GetSecurityGroupRule(ctx, &vpc.GetSecurityGroupRuleArgs{SecurityGroupRuleId: &id}, option)
			if err != nil {
				return nil, fmt.Errorf("read rule %s of security group %s, to see who reaches the execute-api endpoint: %w", id, group, err)
			}
			if !rule.IsEgress && coversHTTPS(rule) {
				all = append(all, callersBy(rule, group))
			}
		}
	}
	return all, nil
}

// coversHTTPS reports whether a rule is about TCP's port 443. EC2 names all
// protocols -1, and TCP by its name or its number.
func coversHTTPS(rule *vpc.GetSecurityGroupRuleResult) bool {
	switch rule.IpProtocol {
	case "-1":
		return true
	case "tcp", strconv.Itoa(6):
		return rule.FromPort <= 443 && 443 <= rule.ToPort || rule.FromPort == -1
	}
	return false
}

func callersBy(rule *vpc.GetSecurityGroupRuleResult, group string) callers {
	c := callers{group: group, rule: rule.Id}
	for _, source := range []string{rule.CidrIpv4, rule.CidrIpv6, rule.PrefixListId} {
		if source != "" {
			c.source = source
			return c
		}
	}
	c.source, c.isGroup = rule.ReferencedSecurityGroupId, true
	return c
}

// check reports every rule that admits others than the client. It returns the
// endpoint's ID. Where the client's group is created by the same program, the ID
// fails with such an error if a rule admits another group.
func (k callerCheck) check(ctx *pulumi.Context, parent pulumi.Resource, id pulumi.StringOutput) (pulumi.StringOutput, error) {
	all, err := callersOf(ctx, pulumi.Parent(parent), k.groups)
	if err != nil {
		return id, err
	}
	var wrong []error
	var others []callers
	for _, c := range all {
		switch {
		case c.isGroup && k.known == "":
			others = append(others, c)
		case !c.isGroup || c.source != k.known:
			wrong = append(wrong, k.refuse(c))
		}
	}
	if len(wrong) > 0 || len(others) == 0 {
		return id, errors.Join(wrong...)
	}
	return pulumi.All(id, k.client).ApplyT(func(values []any) (string, error) {
		var wrong []error
		for _, c := range others {
			if c.source != values[1] {
				wrong = append(wrong, k.refuse(c))
			}
		}
		return values[0].(string), errors.Join(wrong...)
	}).(pulumi.StringOutput), nil
}
