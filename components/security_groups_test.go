package components

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	groupToken   = "aws:ec2/securityGroup:SecurityGroup"
	ingressToken = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressToken  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

// rules are the rules of one direction as "GROUP PORT PEER", sorted.
func (m *monitor) rules(t *testing.T, token string) []string {
	t.Helper()
	all := []string{}
	for _, r := range m.of(token) {
		require.Equal(t, "tcp", r.Inputs["ipProtocol"])
		require.Equal(t, r.Inputs["fromPort"], r.Inputs["toPort"])
		var peers []any
		for _, key := range []string{"cidrIpv4", "prefixListId", "referencedSecurityGroupId"} {
			if peer := r.Inputs[key]; peer != nil {
				peers = append(peers, peer)
			}
		}
		require.Len(t, peers, 1, "the peer of %s", r.URN)
		all = append(all, fmt.Sprintf("%v %v %v", r.Inputs["securityGroupId"], r.Inputs["fromPort"], peers[0]))
	}
	slices.Sort(all)
	return all
}

func securityGroups(t *testing.T, args *SecurityGroupsArgs) (*monitor, *SecurityGroups) {
	t.Helper()
	var groups *SecurityGroups
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) (err error) {
		args.VPCID, args.Region, args.Tags = pulumi.String("vpc-1"), "us-east-1", tags
		groups, err = NewSecurityGroups(ctx, "p", args, opts)
		return err
	})
	return m, groups
}

func TestEachHopIsAllowedAndNothingElse(t *testing.T) {
	m, groups := securityGroups(t, &SecurityGroupsArgs{
		VPCCIDRs: []string{"10.0.0.0/16"}, AllowedCIDRs: []string{"192.168.0.0/16", "10.0.0.0/16"}, Proxy: true,
	})
	require.Equal(t, []string{"p-execute-api", "p-interface-endpoints", "p-load-balancer", "p-tasks"}, m.names(groupToken))
	require.Equal(t, []string{
		"p-execute-api-id 443 p-tasks-id",
		"p-interface-endpoints-id 443 10.0.0.0/16",
		"p-load-balancer-id 443 10.0.0.0/16",
		"p-load-balancer-id 443 192.168.0.0/16",
		"p-tasks-id 8443 p-load-balancer-id",
	}, m.rules(t, ingressToken), "a range that is named twice has one rule")
	require.Equal(t, []string{
		"p-load-balancer-id 8443 p-tasks-id",
		"p-tasks-id 443 p-execute-api-id",
		"p-tasks-id 443 p-interface-endpoints-id",
		"p-tasks-id 443 pl-s3",
	}, m.rules(t, egressToken))
	require.True(t, groups.OwnTasks && groups.OwnLoadBalancer)
}

func TestANetworkLoadBalancerReachesThePortOfProxyProtocolToo(t *testing.T) {
	m, _ := securityGroups(t, &SecurityGroupsArgs{Proxy: true, ProxyProtocol: true})
	require.Subset(t, m.rules(t, ingressToken), []string{"p-tasks-id 8443 p-load-balancer-id", "p-tasks-id 8444 p-load-balancer-id"})
	require.Subset(t, m.rules(t, egressToken), []string{"p-load-balancer-id 8443 p-tasks-id", "p-load-balancer-id 8444 p-tasks-id"})
	for _, rule := range m.rules(t, ingressToken) {
		require.NotRegexp(t, `^p-load-balancer-id 844`, rule, "clients reach port 443 alone")
		require.NotRegexp(t, `^p-tasks-id 844. [^p]`, rule, "the header is believed, since the load balancer alone reaches the port")
	}
}

func TestExistingGroupsGetNoRules(t *testing.T) {
	m, groups := securityGroups(t, &SecurityGroupsArgs{
		VPCCIDRs: []string{"10.0.0.0/16"}, Proxy: true, LoadBalancerID: "sg-lb", TasksID: "sg-tasks", EndpointID: "sg-endpoint",
	})
	require.Empty(t, m.of(groupToken))
	require.Empty(t, m.of(ingressToken))
	require.Empty(t, m.of(egressToken))
	require.False(t, groups.OwnTasks || groups.OwnLoadBalancer)

	m, _ = securityGroups(t, &SecurityGroupsArgs{VPCCIDRs: []string{"10.0.0.0/16"}, Proxy: true, EndpointID: "sg-endpoint"})
	require.Equal(t, []string{"p-load-balancer", "p-tasks"}, m.names(groupToken))
	for _, rule := range slices.Concat(m.rules(t, ingressToken), m.rules(t, egressToken)) {
		require.NotRegexp(t, "^sg-endpoint", rule)
	}
	require.Contains(t, m.rules(t, egressToken), "p-tasks-id 443 sg-endpoint")
}

func TestWithoutAProxyThereIsTheLoadBalancersGroupAlone(t *testing.T) {
	m, _ := securityGroups(t, &SecurityGroupsArgs{VPCCIDRs: []string{"10.0.0.0/16"}})
	require.Equal(t, []string{"p-load-balancer"}, m.names(groupToken))
	require.Equal(t, []string{"p-load-balancer-id 443 10.0.0.0/16"}, m.rules(t, ingressToken))
	require.Empty(t, m.of(egressToken))
}
