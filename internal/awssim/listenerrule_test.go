package awssim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const (
	listenerRuleType     = "aws:lb/listenerRule:ListenerRule"
	targetAttachmentType = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
)

// frontDoor is a network with a load balancer, a listener whose default answer
// is 404, and an execute-api endpoint behind a target group.
type frontDoor struct {
	*network
	balancer, listener, endpoint, group resourceOf
}

func newFrontDoor(t *testing.T, setup *awssim.Setup) *frontDoor {
	t.Helper()
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	d := &frontDoor{network: networkOn(t, simulator)}
	d.rule(egressType, "lb", properties{"referencedSecurityGroupId": d.groups["endpoints"], "fromPort": 443, "toPort": 443})
	d.rule(ingressType, "endpoints", properties{"referencedSecurityGroupId": d.groups["lb"], "fromPort": 443, "toPort": 443})
	d.balancer = d.create(loadBalancerType, "alb", properties{"internal": true, "subnets": d.subnets, "securityGroups": []string{d.groups["lb"]}})
	d.listener = d.create(listenerType, "http", listenerAt(d.balancer, 80))
	d.endpoint = d.create(endpointType, "execute-api", properties{"vpcId": d.vpc.id, "serviceName": "com.amazonaws.us-east-1.execute-api",
		"vpcEndpointType": "Interface", "subnetIds": d.subnets, "securityGroupIds": []string{d.groups["endpoints"]},
		"subnetConfigurations": []properties{{"subnetId": d.subnets[0], "ipv4": "10.0.0.17"}, {"subnetId": d.subnets[1], "ipv4": "10.0.1.17"}}})
	d.group = d.create(targetGroupType, "apis", d.groupInputs())
	return d
}

func (d *frontDoor) groupInputs() properties {
	return properties{"vpcId": d.vpc.id, "port": 443, "protocol": "HTTPS", "targetType": "ip",
		"healthCheck": properties{"protocol": "HTTPS", "path": "/", "matcher": "200,403"}}
}

func listenerAt(balancer resourceOf, port int) properties {
	return properties{"loadBalancerArn": balancer.id, "port": port, "protocol": "HTTP",
		"defaultActions": []properties{{"type": "fixed-response", "fixedResponse": properties{"contentType": "text/plain", "statusCode": "404"}}}}
}

// forHosts is a rule that sends hosts to a target group.
func forHosts(listener, group resourceOf, hosts ...string) properties {
	return properties{"listenerArn": listener.id, "conditions": []properties{{"hostHeader": properties{"values": hosts}}},
		"actions": []properties{{"type": "forward", "targetGroupArn": group.id}}}
}

func TestRulesGetTheNextPriorityUnlessTheyStateOne(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	priority := func(r resourceOf) int { return int(r.outputs.Fields["priority"].GetNumberValue()) }
	first := d.create(listenerRuleType, "a", forHosts(d.listener, d.group, "a.example.com"))
	require.Equal(t, 1, priority(first))
	require.Regexp(t, `^arn:aws:elasticloadbalancing:us-east-1:111111111111:listener-rule/app/alb-[0-9a-f]{7}/[0-9a-f]{16}/[0-9a-f]{16}/[0-9a-f]{16}$`, first.id)
	d.create(listenerRuleType, "seven", but(forHosts(d.listener, d.group, "b.example.com"), properties{"priority": 7}))
	require.Equal(t, 8, priority(d.create(listenerRuleType, "c", forHosts(d.listener, d.group, "c.example.com"))))
	_, err := d.tryCreate(listenerRuleType, "taken", but(forHosts(d.listener, d.group, "d.example.com"), properties{"priority": 7}))
	require.ErrorContains(t, err, "PriorityInUse")

	other := d.create(listenerType, "other", listenerAt(d.balancer, 81))
	require.Equal(t, 1, priority(d.create(listenerRuleType, "other", forHosts(other, d.group, "a.example.com"))), "each listener has its own")
	require.Empty(t, d.diff(listenerRuleType, "a", first, forHosts(d.listener, d.group, "a.example.com")).Diffs)
	changed, err := d.update(listenerRuleType, "a", first, forHosts(d.listener, d.group, "z.example.com"))
	require.NoError(t, err)
	require.Equal(t, 1, priority(changed), "an update leaves it")

	d.create(listenerRuleType, "last", but(forHosts(d.listener, d.group, "l.example.com"), properties{"priority": 50000}))
	_, err = d.tryCreate(listenerRuleType, "beyond", forHosts(d.listener, d.group, "e.example.com"))
	require.ErrorContains(t, err, "InvalidConfigurationRequest")
}

func TestRulesAreCheckedAsELBChecksThem(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	good := forHosts(d.listener, d.group, "a.example.com")
	hosts := func(hosts ...string) properties {
		return properties{"conditions": []properties{{"hostHeader": properties{"values": hosts}}}}
	}
	for sentence, test := range map[string]struct {
		changes properties
		want    string
	}{
		"six hosts":                            {hosts("a.x", "b.x", "c.x", "d.x", "e.x", "f.x"), "have 6 values; a rule has 5"},
		"a host and five methods":              {properties{"conditions": []properties{{"hostHeader": properties{"values": []string{"a.x"}}}, {"httpRequestMethod": properties{"values": []string{"GET", "PUT", "POST", "HEAD", "PATCH"}}}}}, "have 6 values"},
		"seven wildcards":                      {hosts("*.*.*.x", "?.?.?.?.x"), "have 7 wildcards"},
		"a host of 129 characters":             {hosts(strings.Repeat("a", 125) + ".com"), "AWS takes 1 to 128"},
		"a host without a dot":                 {hosts("localhost"), "is not a host name"},
		"a host with a port":                   {hosts("a.example.com:443"), "is not a host name"},
		"a method in small letters":            {properties{"conditions": []properties{{"httpRequestMethod": properties{"values": []string{"get"}}}}}, "is not a method"},
		"two conditions on hosts":              {properties{"conditions": []properties{{"hostHeader": properties{"values": []string{"a.x"}}}, {"hostHeader": properties{"values": []string{"b.x"}}}}}, "is a second one of hostHeader"},
		"a condition on two things":            {properties{"conditions": []properties{{"hostHeader": properties{"values": []string{"a.x"}}, "pathPattern": properties{"values": []string{"/v1/*"}}}}}, "exactly one must be set"},
		"a condition on hosts that names none": {properties{"conditions": []properties{{"hostHeader": properties{}}}}, "hostHeader.values: is required"},
		"no condition":                         {properties{"conditions": []properties{}}, "conditions: is required"},
		"a priority of 0":                      {properties{"priority": 0}, "is not between 1 and 50000"},
		"an action that forwards nowhere":      {properties{"actions": []properties{{"type": "forward"}}}, "names neither targetGroupArn nor forward"},
		"six queries":                          {properties{"conditions": []properties{{"queryStrings": []properties{{"value": "a"}, {"value": "b"}, {"key": "k", "value": "c"}, {"value": "d"}, {"value": "e"}, {"value": "f"}}}}}, "have 6 values"},
		"an action that forwards twice":        {properties{"actions": []properties{{"type": "forward", "targetGroupArn": d.group.id, "forward": properties{"targetGroups": []properties{{"arn": d.group.id}}}}}}, "names both targetGroupArn and forward"},
		"nothing after the authentication":     {properties{"actions": []properties{{"type": "authenticate-oidc"}}}, "must end with forward, redirect or fixed-response"},
		"a listener that isn't there":          {properties{"listenerArn": d.listener.id + "0"}, "ListenerNotFound"},
		"a target group that isn't there":      {properties{"actions": []properties{{"type": "forward", "targetGroupArn": d.group.id + "0"}}}, "TargetGroupNotFound"},
		"a target group of a network balancer": {properties{"actions": []properties{{"type": "forward", "targetGroupArn": d.create(targetGroupType, "tcp", properties{"vpcId": d.vpc.id, "port": 443, "protocol": "TCP", "targetType": "ip"}).id}}}, "InvalidLoadBalancerAction"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := d.tryCreate(listenerRuleType, sentence, but(good, test.changes))
			require.ErrorContains(t, err, test.want)
		})
	}
	d.create(listenerRuleType, "five hosts and six wildcards", but(good, hosts("*.*.a.x", "*.*.b.x", "*.c.x", "?.d.x", "e.x")))
	d.create(listenerRuleType, "methods and paths", but(good, properties{"conditions": []properties{
		{"httpRequestMethod": properties{"values": []string{"GET", "HEAD"}}}, {"pathPattern": properties{"values": []string{"/v1", "/v1/*"}}}}}))
}

func TestRulesBelongToApplicationLoadBalancers(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	nlb := d.create(loadBalancerType, "nlb", properties{"internal": true, "loadBalancerType": "network", "subnets": d.subnets})
	tcp := d.create(targetGroupType, "tcp", properties{"vpcId": d.vpc.id, "port": 443, "protocol": "TCP", "targetType": "ip"})
	listener := d.create(listenerType, "tcp", properties{"loadBalancerArn": nlb.id, "port": 443, "protocol": "TCP",
		"defaultActions": []properties{{"type": "forward", "targetGroupArn": tcp.id}}})
	_, err := d.tryCreate(listenerRuleType, "r", forHosts(listener, tcp, "a.example.com"))
	require.ErrorContains(t, err, "unsupported for listeners of Network Load Balancers")
}

func TestTargetGroupIsOfOneLoadBalancer(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	d.create(listenerRuleType, "a", forHosts(d.listener, d.group, "a.example.com"))
	second := d.create(loadBalancerType, "second", properties{"internal": true, "subnets": d.subnets})
	listener := d.create(listenerType, "second", listenerAt(second, 80))
	_, err := d.tryCreate(listenerRuleType, "b", forHosts(listener, d.group, "b.example.com"))
	require.ErrorContains(t, err, "TargetGroupAssociationLimit")
	_, err = d.tryCreate(listenerType, "third", but(listenerAt(second, 81), properties{"defaultActions": []properties{{"type": "forward", "targetGroupArn": d.group.id}}}))
	require.ErrorContains(t, err, "TargetGroupAssociationLimit")
	require.ErrorContains(t, d.delete(targetGroupType, "apis", d.group), "ListenerRule")
}

func TestALoadBalancerTakesItsRulesWithIt(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	d.create(listenerRuleType, "a", forHosts(d.listener, d.group, "a.example.com"))
	d.create(targetAttachmentType, "a", properties{"targetGroupArn": d.group.id, "targetId": "10.0.0.17"})
	require.NoError(t, d.delete(loadBalancerType, "alb", d.balancer))
	require.Empty(t, d.simulator.Resources(awssim.Filter{Type: listenerRuleType}))
	require.NoError(t, d.delete(targetGroupType, "apis", d.group), "and the target group is free")
	require.Empty(t, d.simulator.Resources(awssim.Filter{Type: targetAttachmentType}))
}

func TestQuotasOfALoadBalancer(t *testing.T) {
	setup := testSetup()
	setup.Quotas = map[string]int{"Rules per Application Load Balancer": 3, "Target groups per Application Load Balancer": 2, "Targets per Target Group per Region": 2}
	d := newFrontDoor(t, setup)
	other := d.create(listenerType, "other", listenerAt(d.balancer, 81))
	for i, listener := range []resourceOf{d.listener, d.listener, other} {
		d.create(listenerRuleType, fmt.Sprint("rule-", i), forHosts(listener, d.group, fmt.Sprintf("h%d.example.com", i)))
	}
	_, err := d.tryCreate(listenerRuleType, "fourth", forHosts(other, d.group, "h4.example.com"))
	require.ErrorContains(t, err, "TooManyRules", "those of all listeners count")

	forward := func(name string) properties {
		group := d.create(targetGroupType, name, d.groupInputs())
		return but(listenerAt(d.balancer, 82), properties{"defaultActions": []properties{{"type": "forward", "targetGroupArn": group.id}}})
	}
	d.create(listenerType, "two", forward("two"))
	_, err = d.tryCreate(listenerType, "three", but(forward("three"), properties{"port": 83}))
	require.ErrorContains(t, err, "TooManyUniqueTargetGroupsPerLoadBalancer")

	for _, address := range []string{"10.0.0.17", "10.0.1.17"} {
		d.create(targetAttachmentType, address, properties{"targetGroupArn": d.group.id, "targetId": address})
	}
	_, err = d.tryCreate(targetAttachmentType, "third", properties{"targetGroupArn": d.group.id, "targetId": "10.0.0.30"})
	require.ErrorContains(t, err, "TooManyTargets")
	setup.Quotas = map[string]int{"Targets per Application Load Balancer": 1}
	small := newFrontDoor(t, setup)
	small.create(listenerRuleType, "rule", forHosts(small.listener, small.group, "a.example.com"))
	small.create(targetAttachmentType, "first", properties{"targetGroupArn": small.group.id, "targetId": "10.0.0.17"})
	_, err = small.tryCreate(targetAttachmentType, "second", properties{"targetGroupArn": small.group.id, "targetId": "10.0.1.17"})
	require.ErrorContains(t, err, "Targets per Application Load Balancer: the quota of 1 is reached")
	d.create(targetAttachmentType, "again", properties{"targetGroupArn": d.group.id, "targetId": "10.0.1.17", "port": 443})
}

func TestDefaultQuotaOfRules(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	for i := range 100 {
		d.create(listenerRuleType, fmt.Sprint("rule-", i), forHosts(d.listener, d.group, fmt.Sprintf("h%d.example.com", i)))
	}
	_, err := d.tryCreate(listenerRuleType, "rule-100", forHosts(d.listener, d.group, "h100.example.com"))
	require.ErrorContains(t, err, "the quota of 100 is reached")
}
