package awssim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

func TestTargetsAreAddressesThatTheBalancerMayReach(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	instances := d.create(targetGroupType, "instances", but(d.groupInputs(), properties{"targetType": "instance"}))
	for sentence, test := range map[string]struct {
		changes properties
		want    string // "" is taken
	}{
		"an address of a subnet":                          {properties{"targetId": "10.0.0.200"}, ""},
		"the subnet's zone":                               {properties{"targetId": "10.0.1.200", "availabilityZone": "us-east-1b"}, ""},
		"another zone":                                    {properties{"availabilityZone": "us-east-1b"}, "which is in a subnet"},
		"an address of the VPC in no subnet":              {properties{"targetId": "10.0.9.9"}, "is not within a subnet"},
		"a private address elsewhere, in all zones":       {properties{"targetId": "172.16.1.2", "availabilityZone": "all"}, ""},
		"a private address elsewhere, in no stated zone":  {properties{"targetId": "192.168.1.2"}, "must specify an Availability Zone of 'all'"},
		"a shared address elsewhere, in all zones":        {properties{"targetId": "100.64.0.1", "availabilityZone": "all"}, ""},
		"a public address":                                {properties{"targetId": "192.0.2.1", "availabilityZone": "all"}, "is not within the subnets"},
		"a name":                                          {properties{"targetId": "vpce.example.com"}, "is not a valid"},
		"a port beyond the last":                          {properties{"port": 65536}, "is not between 1 and 65535"},
		"a target group that isn't there":                 {properties{"targetGroupArn": d.group.id + "0"}, "TargetGroupNotFound"},
		"a target group of instances, which are not here": {properties{"targetGroupArn": instances.id}, "is not simulated"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := d.tryCreate(targetAttachmentType, sentence, but(properties{"targetGroupArn": d.group.id, "targetId": "10.0.0.17"}, test.changes))
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
		})
	}
}

func TestDeregisteringATargetRemovesItForEveryRegistration(t *testing.T) {
	d := newFrontDoor(t, testSetup())
	inputs := properties{"targetGroupArn": d.group.id, "targetId": "10.0.0.17"}
	first := d.create(targetAttachmentType, "first", inputs)
	d.create(targetAttachmentType, "second", but(inputs, properties{"port": 443}))
	d.create(targetAttachmentType, "another port", but(inputs, properties{"port": 8443}))
	require.Len(t, d.simulator.TargetHealth(sharedAccount, "us-east-1"), 2)
	require.NoError(t, d.delete(targetAttachmentType, "first", first))
	left := d.simulator.Resources(awssim.Filter{Type: targetAttachmentType})
	require.Len(t, left, 1)
	require.Equal(t, 8443, left[0].Properties.Number("port"))
}

func TestTargetsAreHealthyWhenTheBalancerReachesThem(t *testing.T) {
	for sentence, test := range map[string]struct {
		change func(d *frontDoor)
		want   string // what is wrong with the target at 10.0.0.17
	}{
		"all is well": {func(*frontDoor) {}, ""},
		"the endpoint doesn't admit the balancer": {func(d *frontDoor) {
			for _, r := range d.simulator.Resources(awssim.Filter{Type: ingressType}) {
				require.NoError(d.t, d.delete(ingressType, "r", resourceOf{id: r.ID}))
			}
		}, "have no ingress rule for tcp/443"},
		"the balancer may not send": {func(d *frontDoor) {
			for _, r := range d.simulator.Resources(awssim.Filter{Type: egressType}) {
				require.NoError(d.t, d.delete(egressType, "r", resourceOf{id: r.ID}))
			}
		}, "have no egress rule for tcp/443"},
		"403 is no answer": {func(d *frontDoor) {
			d.group = d.create(targetGroupType, "strict", but(d.groupInputs(), properties{"healthCheck": properties{"protocol": "HTTPS", "matcher": "200-299"}}))
		}, "Health checks failed with these codes: [403]"},
		"the group speaks HTTP": {func(d *frontDoor) {
			d.group = d.create(targetGroupType, "http", but(d.groupInputs(), properties{"protocol": "HTTP"}))
		}, "speaks TLS"},
		"the group's port is another": {func(d *frontDoor) {
			d.group = d.create(targetGroupType, "port", but(d.groupInputs(), properties{"port": 8443}))
		}, "listens on port 443"},
		"the health check speaks HTTP": {func(d *frontDoor) {
			d.group = d.create(targetGroupType, "plain", but(d.groupInputs(), properties{"healthCheck": properties{"protocol": "HTTP", "matcher": "403"}}))
		}, "its health check HTTP"},
		"the health check has another port": {func(d *frontDoor) {
			d.group = d.create(targetGroupType, "checked", but(d.groupInputs(), properties{"healthCheck": properties{"protocol": "HTTPS", "matcher": "403", "port": "8443"}}))
		}, "health checks to 8443"},
		"no matcher, which wants 200": {func(d *frontDoor) {
			d.group = d.create(targetGroupType, "default", but(d.groupInputs(), properties{"healthCheck": properties{"protocol": "HTTPS"}}))
		}, "Health checks failed with these codes: [403]"},
		"the endpoint is another service's": {func(d *frontDoor) {
			require.NoError(d.t, d.delete(endpointType, "execute-api", d.endpoint))
			d.create(endpointType, "logs", properties{"vpcId": d.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": d.subnets,
				"subnetConfigurations": []properties{{"subnetId": d.subnets[0], "ipv4": "10.0.0.17"}}})
		}, "is none of execute-api"},
		"the endpoint is gone": {func(d *frontDoor) { require.NoError(d.t, d.delete(endpointType, "execute-api", d.endpoint)) }, "no network interface"},
	} {
		t.Run(sentence, func(t *testing.T) {
			d := newFrontDoor(t, testSetup())
			test.change(d)
			for _, address := range []string{"10.0.0.17", "10.0.1.17"} {
				d.create(targetAttachmentType, address, properties{"targetGroupArn": d.group.id, "targetId": address})
			}
			unused := d.simulator.TargetHealth(sharedAccount, "us-east-1")
			require.Contains(t, unused[0].Unhealthy, "Target.NotInUse")
			d.create(listenerRuleType, "rule", forHosts(d.listener, d.group, "a.example.com"))
			found := d.simulator.TargetHealth(sharedAccount, "us-east-1")
			require.Len(t, found, 2)
			require.Equal(t, "10.0.0.17", found[0].Address.String())
			require.Equal(t, d.balancer.id, found[0].LoadBalancerARN)
			if test.want == "" {
				require.Empty(t, found[0].Unhealthy)
				require.Equal(t, d.endpoint.id, found[1].VPCEndpointID)
			} else {
				require.Contains(t, found[0].Unhealthy, test.want)
			}
		})
	}
}
