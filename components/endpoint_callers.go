package components

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// callers are what a rule of a security group admits to a port.
type callers struct {
	// group and rule are the IDs of the security group and of its rule.
	group, rule string
	// source is a range of addresses, a prefix list or a security group.
	source string
	// isGroup reports whether source is a security group's ID.
	isGroup bool
}

// callerCheck holds existing security groups, of an execute-api endpoint or of the
// tasks, to one client: the group that belongs in front of them.
type callerCheck struct {
	// purpose is what the groups are for, and port where that listens.
	purpose string
	port    int
	// groups are the IDs of the security groups.
	groups []string
	// client is the only security group that they may admit. known is its ID where it
	// is known in a preview; empty where the same program creates the group.
	client pulumi.StringInput
	known  string
	// members are who is in client, risk is what others can do, and otherwise is
	// what to do where they may.
	members, risk, otherwise string
}

// theEndpoint is what existing groups of an execute-api endpoint are for.
const theEndpoint, trustThem = "the execute-api endpoint", "trust all of these (trustCallers)"

// tasksAlone checks the endpoint of the proxy.
func tasksAlone(groups []string, tasks pulumi.StringInput, known string) callerCheck {
	return callerCheck{purpose: theEndpoint, port: 443, groups: groups, client: tasks, known: known, members: string(ProxyTasks), otherwise: trustThem,
		risk: "who reaches the endpoint without the proxy can claim any custom domain by a Referer header"}
}

// loadBalancerAlone checks the endpoint behind a load balancer.
func loadBalancerAlone(groups []string, balancer pulumi.StringInput, known string) callerCheck {
	return callerCheck{purpose: theEndpoint, port: 443, groups: groups, client: balancer, known: known, members: string(LoadBalancerItself), otherwise: trustThem,
		risk: "who reaches the endpoint without the load balancer is held to none of its allowed addresses, listener rules and web ACLs"}
}

// tellsCallersAlone checks the tasks' group, whose port for proxy protocol believes
// what it is told.
func tellsCallersAlone(tasks string, balancer pulumi.StringInput, known string) callerCheck {
	return callerCheck{purpose: "the proxy's tasks", port: ProxyProtocolPort, groups: []string{tasks}, client: balancer, known: known, members: string(LoadBalancerItself),
		risk:      "who reaches it without the load balancer can name any address as its own, in the log and before the bounds by client",
		otherwise: "turn proxy protocol off (portico:loadBalancer.proxyProtocol: false)"}
}

func (k callerCheck) refuse(c callers) error {
	return &ExistingResourceError{
		Kind: "security group", ID: c.group, Purpose: k.purpose,
		Problem: fmt.Sprintf("its rule %s admits %s to port %d, and %s", c.rule, c.source, k.port, k.risk),
		Fix:     "let it admit the security group of " + k.members + " alone, or " + k.otherwise,
	}
}

// callers reads what the security groups admit to the port, in previews too. An update
// needs the answer, which decides on who may call.
func (k callerCheck) callers(ctx *pulumi.Context, option pulumi.InvokeOption) ([]callers, error) {
	var all []callers
	for _, group := range distinct(k.groups) {
		listed, err := vpc.GetSecurityGroupRules(ctx, &vpc.GetSecurityGroupRulesArgs{
			Filters: []vpc.GetSecurityGroupRulesFilter{{Name: "group-id", Values: []string{group}}},
		}, option)
		if err != nil {
			return nil, fmt.Errorf("list the rules of security group %s, to see who reaches %s: %w", group, k.purpose, err)
		}
		for _, id := range slices.Sorted(slices.Values(listed.Ids)) {
			rule, err := vpc.GetSecurityGroupRule(ctx, &vpc.GetSecurityGroupRuleArgs{SecurityGroupRuleId: &id}, option)
			if err != nil {
				return nil, fmt.Errorf("read rule %s of security group %s, to see who reaches %s: %w", id, group, k.purpose, err)
			}
			if !rule.IsEgress && covers(rule, k.port) {
				all = append(all, callersBy(rule, group))
			}
		}
	}
	return all, nil
}

// notRead is the question that was denied.
func (k callerCheck) notRead(err error) NotAsked {
	return NotAsked{"ec2:DescribeSecurityGroupRules", fmt.Sprintf("who reaches %s by security groups %s", k.purpose, strings.Join(k.groups, ", ")), err}
}

// covers reports whether a rule is about a port of TCP. EC2 names all protocols -1,
// and TCP by its name or its number.
func covers(rule *vpc.GetSecurityGroupRuleResult, port int) bool {
	switch rule.IpProtocol {
	case "-1":
		return true
	case "tcp", strconv.Itoa(6):
		return rule.FromPort <= port && port <= rule.ToPort || rule.FromPort == -1
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

// check reports every rule that admits others than the client. It returns the ID that
// it is given. Where the client's group is created by the same program, the ID
// fails with such an error if a rule admits another group.
func (k callerCheck) check(ctx *pulumi.Context, parent pulumi.Resource, id pulumi.StringOutput) (pulumi.StringOutput, error) {
	all, err := k.callers(ctx, pulumi.Parent(parent))
	if ctx.DryRun() && isDenied(err) {
		return id, k.notRead(err).log(ctx)
	}
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
