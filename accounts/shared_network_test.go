package accounts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// subnetToken is the type of subnets.
const subnetToken = "aws:ec2/subnet:Subnet"

// refusal is the error of a run with other settings than the last run's, which
// registers nothing in AWS.
func (e *sharedRuns) refusal(t *testing.T, changed settingsText) string {
	t.Helper()
	m := &monitor{outputs: e.reported, unknown: true}
	err := shared(t, m, changed, e.mapping)
	require.Error(t, err)
	for _, r := range m.resources {
		require.False(t, strings.HasPrefix(r.Token, "aws:"), "%s is registered", r.Name)
	}
	return err.Error()
}

func TestAnEnvironmentStaysInItsVPC(t *testing.T) {
	in := func(network string) settingsText {
		return minimalShared + settingsText("  portico:network: "+network+"\n")
	}
	const moves = `AWS moves neither load balancers nor endpoints to another VPC`
	for sentence, test := range map[string]struct{ first, then, want string }{
		"another range": {"{cidr: 10.0.0.0/16}", "{cidr: 10.1.0.0/16}",
			"portico:network.cidr: 10.1.0.0/16 is not 10.0.0.0/16, the range of the environment's VPC, and a VPC's range can't change: " + moves + ": write 10.0.0.0/16 again"},
		"a VPC of others for its own": {"{zones: 2}", "{vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f6071a, subnet-0a1b2c3d4e5f6071b]}",
			"portico:network.vpcId: vpc-0a1b2c3d4e5f60718 is not the environment's VPC, which this stack has created and would delete: " + moves + ": leave vpcId and subnetIds out again"},
		"its own for one of others": {"{vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f6071a, subnet-0a1b2c3d4e5f6071b]}", "{zones: 2}",
			"portico:network.create: it asks for a new VPC, and the environment is in vpc-0a1b2c3d4e5f60718: " + moves + ": write vpcId: vpc-0a1b2c3d4e5f60718 again"},
		"another one of others": {"{vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f6071a, subnet-0a1b2c3d4e5f6071b]}", "{vpcId: vpc-0a1b2c3d4e5f60719, subnetIds: [subnet-0a1b2c3d4e5f6071a, subnet-0a1b2c3d4e5f6071b]}",
			"portico:network.vpcId: vpc-0a1b2c3d4e5f60719 is not vpc-0a1b2c3d4e5f60718, the environment's VPC: " + moves + ": write vpc-0a1b2c3d4e5f60718 again"},
		"fewer zones": {"{zones: 3}", "{zones: 2}",
			"portico:network.zones: us-east-1c would go, which the environment's load balancers, endpoints and tasks use: AWS can't take a subnet from a Network Load Balancer, and requests to an endpoint's address in it would fail: write 3 again"},
		"an exchanged subnet": {"{vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f6071a, subnet-0a1b2c3d4e5f6071b]}", "{vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f6071a, subnet-0a1b2c3d4e5f6071c]}",
			"portico:network.subnetIds: subnet-0a1b2c3d4e5f6071b would go"},
	} {
		t.Run(sentence, func(t *testing.T) {
			for _, balancer := range []settingsText{"", "  portico:loadBalancer: {type: NLB}\n"} {
				e := &sharedRuns{settings: in(test.first) + balancer, mapping: hosts(aHost + " nginx")}
				e.up(t)
				said := e.refusal(t, in(test.then)+balancer)
				require.Contains(t, said, test.want)
				require.Contains(t, said, `docs/operations.md, "Move to another network", has the steps to it`)
				e.up(t)
			}
		})
	}
	t.Run("whose own network may grow", func(t *testing.T) {
		e := &sharedRuns{settings: in("{zones: 2}"), mapping: hosts(aHost + " nginx")}
		first := e.up(t)
		e.settings = in("{zones: 3, publicSubnets: true}")
		require.Subset(t, e.up(t).identities(), first.identities())
	})
}

func TestSubnetsStayInTheZonesThatWereChosenFirst(t *testing.T) {
	in := func(zones string) settingsText {
		return minimalShared + settingsText("  portico:network: {zones: "+zones+"}\n")
	}
	e := &sharedRuns{settings: in("2"), mapping: hosts(aHost + " nginx")}
	zonesOf := func(m *monitor) []any {
		var zones []any
		for _, subnet := range m.of(subnetToken) {
			zones = append(zones, subnet.Inputs["availabilityZone"])
			require.Equal(t, []string{"availabilityZone"}, subnet.IgnoreChanges)
		}
		return zones
	}
	e.listed = []any{"us-east-1c", "us-east-1b"}
	require.Equal(t, []any{"us-east-1b", "us-east-1c"}, zonesOf(e.up(t)))
	e.listed = []any{"us-east-1a", "us-east-1c", "us-east-1b"}
	require.Equal(t, []any{"us-east-1b", "us-east-1c"}, zonesOf(e.up(t)), "the list has gained a zone")
	e.settings, e.listed = in("3"), []any{"us-east-1a", "us-east-1c"}
	require.Equal(t, []any{"us-east-1b", "us-east-1c", "us-east-1a"}, zonesOf(e.up(t)), "and has lost one that is not available now")
}
