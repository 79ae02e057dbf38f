package awssim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// invoke calls a data source in the lab's account.
func (l *lab) invoke(token string, inputs engine.Object) (engine.Object, error) {
	spec := l.Catalog.Functions[token]
	op := &engine.Op{Session: l.caller, Token: token, Inputs: inputs, Operation: "invoking " + token}
	return op.Invoke(spec)
}

func TestRulesOfSecurityGroupsAreDescribedOneForEachSource(t *testing.T) {
	l := newLab(t, &Setup{})
	vpc := l.must(view.VPCType, "vpc", engine.Object{"cidrBlock": "10.0.0.0/16"})
	tasks := l.must(view.SecurityGroupType, "tasks", engine.Object{"vpcId": vpc.ID})
	group := l.must(view.SecurityGroupType, "endpoint", engine.Object{"vpcId": vpc.ID, "ingress": []any{
		map[string]any{"protocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "cidrBlocks": engine.List("10.0.0.0/16", "10.9.0.0/16"), "self": true},
	}})
	l.must(view.IngressRuleType, "from tasks", engine.Object{"securityGroupId": group.ID, "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "referencedSecurityGroupId": tasks.ID})
	l.must(view.EgressRuleType, "out", engine.Object{"securityGroupId": group.ID, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})

	filter := func(id string) engine.Object {
		return engine.Object{"filters": []any{map[string]any{"name": "group-id", "values": engine.List(id)}}}
	}
	listed, err := l.invoke("aws:vpc/getSecurityGroupRules:getSecurityGroupRules", filter(group.ID))
	require.NoError(t, err)
	var sources []string
	for _, id := range listed.Texts("ids") {
		rule, err := l.invoke("aws:vpc/getSecurityGroupRule:getSecurityGroupRule", engine.Object{"securityGroupRuleId": id})
		require.NoError(t, err)
		require.Equal(t, group.ID, rule.Text("securityGroupId"))
		source := rule.Text("cidrIpv4") + rule.Text("referencedSecurityGroupId")
		if rule.Flag("isEgress") {
			source = "out to " + source
		}
		sources = append(sources, source)
	}
	require.ElementsMatch(t, []string{"10.0.0.0/16", "10.9.0.0/16", group.ID, tasks.ID, "out to 0.0.0.0/0"}, sources)

	listed, err = l.invoke("aws:vpc/getSecurityGroupRules:getSecurityGroupRules", filter(tasks.ID))
	require.NoError(t, err)
	require.Empty(t, listed.Texts("ids"))
	_, err = l.invoke("aws:vpc/getSecurityGroupRule:getSecurityGroupRule", engine.Object{"securityGroupRuleId": "sgr-0123456789abcdef0"})
	require.ErrorContains(t, err, "couldn't find resource")
}
