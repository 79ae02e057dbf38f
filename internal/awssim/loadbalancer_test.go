package awssim_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/require"
)

// furtherSubnet adds a subnet of a third zone.
func (n *network) furtherSubnet() string {
	n.t.Helper()
	return n.create(subnetType, "subnet-c", properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.2.0/24", "availabilityZone": "us-east-1c"}).id
}

func TestAnApplicationLoadBalancerStaysInItsVPC(t *testing.T) {
	n := newNetwork(t)
	inputs := properties{"internal": true, "subnets": n.subnets, "securityGroups": []string{n.groups["lb"]}}
	balancer := n.create(loadBalancerType, "alb", inputs)

	other := n.create(vpcType, "other", properties{"cidrBlock": "10.9.0.0/16"})
	var subnets []string
	for zone, cidr := range map[string]string{"a": "10.9.0.0/24", "b": "10.9.1.0/24"} {
		subnets = append(subnets, n.create(subnetType, "other-"+zone, properties{"vpcId": other.id, "cidrBlock": cidr, "availabilityZone": "us-east-1" + zone}).id)
	}
	group := n.create(securityGroupType, "other", properties{"vpcId": other.id})
	moved := but(inputs, properties{"subnets": subnets, "securityGroups": []string{group.id}})
	require.Empty(t, n.diff(loadBalancerType, "alb", balancer, moved).Replaces, "the provider takes it for an update")
	_, err := n.update(loadBalancerType, "alb", balancer, moved)
	require.ErrorContains(t, err, "InvalidConfigurationRequest: One or more security groups are invalid")
	_, err = n.update(loadBalancerType, "alb", balancer, but(inputs, properties{"subnets": subnets}))
	require.ErrorContains(t, err, "is not in "+n.vpc.id+", the load balancer's VPC")

	_, err = n.update(loadBalancerType, "alb", balancer, but(inputs, properties{"subnets": []string{n.subnets[1], n.furtherSubnet()}}))
	require.NoError(t, err, "within its VPC its subnets may change")
}

func TestANetworkLoadBalancerIsReplacedWhenItLosesASubnet(t *testing.T) {
	n := newNetwork(t)
	third := n.furtherSubnet()
	inputs := properties{"internal": true, "loadBalancerType": "network", "subnets": n.subnets, "securityGroups": []string{n.groups["lb"]}}
	balancer := n.create(loadBalancerType, "nlb", inputs)
	with := func(subnets ...string) properties { return but(inputs, properties{"subnets": subnets}) }

	for sentence, changed := range map[string]properties{
		"fewer":                  with(n.subnets[0]),
		"as many, one exchanged": with(n.subnets[0], third),
	} {
		require.Equal(t, []string{"subnets"}, n.diff(loadBalancerType, "nlb", balancer, changed).Replaces, sentence)
	}
	unknown := n.diff(loadBalancerType, "nlb", balancer, with(n.subnets[0], plugin.UnknownStringValue))
	require.Equal(t, []string{"subnets"}, unknown.Diffs)
	require.Empty(t, unknown.Replaces, "a preview that doesn't know the subnets foresees an update")

	fourth := n.create(subnetType, "subnet-d", properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.3.0/24", "availabilityZone": "us-east-1d"}).id
	_, err := n.update(loadBalancerType, "nlb", balancer, with(n.subnets[0], third, fourth))
	require.ErrorContains(t, err, "can't be removed from a load balancer of type 'network'", "more, one of them exchanged")
	balancer, err = n.update(loadBalancerType, "nlb", balancer, with(append(n.subnets, third)...))
	require.NoError(t, err, "more")

	targets := n.create(targetGroupType, "tasks", properties{"vpcId": n.vpc.id, "port": 8443, "protocol": "TCP", "targetType": "ip"})
	forwards := func(balancer resourceOf) properties {
		return properties{"loadBalancerArn": balancer.id, "port": 443, "protocol": "TCP", "defaultActions": []properties{{"type": "forward", "targetGroupArn": targets.id}}}
	}
	n.create(listenerType, "tcp", forwards(balancer))
	replacement := n.create(loadBalancerType, "nlb-replacement", with(n.subnets...))
	_, err = n.tryCreate(listenerType, "tcp-replacement", forwards(replacement))
	require.ErrorContains(t, err, "TargetGroupAssociationLimit", "its replacement can't have the target group that it still has")
	require.ErrorContains(t, n.delete(targetGroupType, "tasks", targets), "ResourceInUse")
}

// Elastic Load Balancing asks for eight free addresses in each new subnet, of either
// type of load balancer.
func TestALoadBalancerAsksForFreeAddresses(t *testing.T) {
	for _, kind := range []string{"application", "network"} {
		n := newNetwork(t)
		small := n.create(subnetType, "small", properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.9.0/28", "availabilityZone": "us-east-1b"}).id
		inputs := properties{"internal": true, "loadBalancerType": kind, "subnets": []string{n.subnets[0], small}, "securityGroups": []string{n.groups["lb"]}}
		balancer := n.create(loadBalancerType, "fits", inputs) // of 11 free addresses
		for _, service := range []string{"logs", "ecr.api", "ecr.dkr"} {
			n.create(endpointType, service, properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1." + service, "vpcEndpointType": "Interface", "subnetIds": []string{small}})
		}
		_, err := n.tryCreate(loadBalancerType, "more", inputs)
		require.ErrorContains(t, err, "InvalidSubnet: Not enough IP space available in "+small+". ELB requires at least 8 free IP addresses in each subnet.")
		_, err = n.update(loadBalancerType, "fits", balancer, but(inputs, properties{"idleTimeout": 120}))
		require.NoError(t, err, "a subnet that it has already is not counted")
	}
}

// Proxy protocol and the preservation of clients' addresses are attributes of target
// groups behind Network Load Balancers.
func TestTargetGroupsTellTargetsWhoTheClientIs(t *testing.T) {
	n := newNetwork(t)
	inputs := properties{"vpcId": n.vpc.id, "port": 8444, "protocol": "TLS", "targetType": "ip"}
	for sentence, test := range map[string]struct {
		inputs properties
		want   []string
	}{
		"an Application Load Balancer's": {but(inputs, properties{"protocol": "HTTPS", "proxyProtocolV2": true, "preserveClientIp": "true"}), []string{
			"preserveClientIp: belongs to target groups of network load balancers (TCP, TLS, UDP)",
			"proxyProtocolV2: belongs to target groups of network load balancers (TCP, TLS, UDP)"}},
		"by UDP, which preserves them always": {but(inputs, properties{"protocol": "UDP", "preserveClientIp": "false", "proxyProtocolV2": true}), []string{
			"preserveClientIp: is false, and client IP preservation can't be disabled for UDP"}},
	} {
		_, failures := n.check(targetGroupType, "g", test.inputs)
		require.Equal(t, test.want, failures, sentence)
	}
	group := n.create(targetGroupType, "tasks", inputs)
	require.Equal(t, "false", group.text("preserveClientIp"))
	require.False(t, group.outputs.Fields["proxyProtocolV2"].GetBoolValue())
	changed := but(inputs, properties{"proxyProtocolV2": true, "preserveClientIp": "true"})
	require.Empty(t, n.diff(targetGroupType, "tasks", group, changed).Replaces)
	group, err := n.update(targetGroupType, "tasks", group, changed)
	require.NoError(t, err)
	require.True(t, group.outputs.Fields["proxyProtocolV2"].GetBoolValue())
	require.Equal(t, []string{"port"}, n.diff(targetGroupType, "tasks", group, but(changed, properties{"port": 8443})).Replaces)
	instances := n.create(targetGroupType, "instances", but(inputs, properties{"targetType": "instance"}))
	require.Equal(t, "true", instances.text("preserveClientIp"))
}

func TestAListenerTurnsToAnotherTargetGroupInPlace(t *testing.T) {
	n := newNetwork(t)
	balancer := n.create(loadBalancerType, "nlb", properties{"internal": true, "loadBalancerType": "network", "subnets": n.subnets, "securityGroups": []string{n.groups["lb"]}})
	forwards := func(group resourceOf) properties {
		return properties{"loadBalancerArn": balancer.id, "port": 443, "protocol": "TCP", "defaultActions": []properties{{"type": "forward", "targetGroupArn": group.id}}}
	}
	one := n.create(targetGroupType, "one", properties{"vpcId": n.vpc.id, "port": 8443, "protocol": "TCP", "targetType": "ip"})
	two := n.create(targetGroupType, "two", properties{"vpcId": n.vpc.id, "port": 8444, "protocol": "TCP", "targetType": "ip", "proxyProtocolV2": true})
	listener := n.create(listenerType, "tcp", forwards(one))
	require.Empty(t, n.diff(listenerType, "tcp", listener, forwards(two)).Replaces)
	_, err := n.update(listenerType, "tcp", listener, forwards(two))
	require.NoError(t, err)
	require.NoError(t, n.delete(targetGroupType, "one", one), "and the former one is free")
	require.ErrorContains(t, n.delete(targetGroupType, "two", two), "ResourceInUse")
}
