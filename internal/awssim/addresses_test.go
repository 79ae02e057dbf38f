package awssim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const (
	reservationType     = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"
	internetGatewayType = "aws:ec2/internetGateway:InternetGateway"
	routeType           = "aws:ec2/route:Route"
	interfaceType       = "aws:ec2/networkInterface:NetworkInterface"
)

// addresses is the addresses of the network interfaces that exist, by subnet.
func (n *network) addresses() map[string][]string {
	found := map[string][]string{}
	for _, r := range n.simulator.Resources(awssim.Filter{Type: interfaceType}) {
		subnet := r.Properties.Text("subnetId")
		found[subnet] = append(found[subnet], r.Properties.Text("privateIp"))
	}
	return found
}

func TestEndpointKeepsItsAddressesWhenItGrows(t *testing.T) {
	n := newNetwork(t)
	inputs := properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface",
		"subnetIds": n.subnets[:1], "securityGroupIds": []string{n.groups["endpoints"]}}
	endpoint := n.create(endpointType, "logs", inputs)
	require.Equal(t, map[string][]string{n.subnets[0]: {"10.0.0.4"}}, n.addresses())

	grown := but(inputs, properties{"subnetIds": n.subnets})
	endpoint, err := n.update(endpointType, "logs", endpoint, grown)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{n.subnets[0]: {"10.0.0.4"}, n.subnets[1]: {"10.0.1.4"}}, n.addresses())
	require.Len(t, endpoint.outputs.Fields["networkInterfaceIds"].GetListValue().GetValues(), 2)

	shuffled := but(grown, properties{"subnetIds": []string{n.subnets[1], n.subnets[0]}})
	require.Empty(t, n.diff(endpointType, "logs", endpoint, shuffled).Diffs, "subnets have no order")
	require.NoError(t, n.delete(endpointType, "logs", endpoint))
	require.Empty(t, n.addresses())
}

// TestAnAddressThatIsGivenAgainReplacesTheInterface grows an endpoint that was
// created at a chosen address.
func TestAnAddressThatIsGivenAgainReplacesTheInterface(t *testing.T) {
	n := newNetwork(t)
	chosen := []properties{{"subnetId": n.subnets[0], "ipv4": "10.0.0.17"}}
	inputs := properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.execute-api", "vpcEndpointType": "Interface",
		"subnetIds": n.subnets[:1], "subnetConfigurations": chosen}
	endpoint := n.create(endpointType, "api", inputs)
	interfaceIn := func(endpoint resourceOf) string {
		for _, r := range n.simulator.Resources(awssim.Filter{Type: interfaceType}) {
			if r.Properties.Text("subnetId") == n.subnets[0] {
				return r.ID
			}
		}
		return ""
	}
	first := interfaceIn(endpoint)
	require.Empty(t, n.diff(endpointType, "api", endpoint, inputs).Diffs)

	grown := but(inputs, properties{"subnetIds": n.subnets})
	ignored, err := n.updateIgnoring(endpointType, "api", endpoint, grown, "subnetConfigurations")
	require.NoError(t, err)
	require.Equal(t, first, interfaceIn(ignored), "only the further subnet is sent")
	require.Equal(t, map[string][]string{n.subnets[0]: {"10.0.0.17"}, n.subnets[1]: {"10.0.1.4"}}, n.addresses())
	require.Len(t, ignored.outputs.Fields["subnetConfigurations"].GetListValue().GetValues(), 2, "what AWS has chosen is read as a configuration too")
	require.Equal(t, []string{"subnetConfigurations"}, n.diff(endpointType, "api", ignored, grown).Diffs, "and differs from what is stated unless that is ignored")
	require.Empty(t, n.diffIgnoring(endpointType, "api", ignored, grown, "subnetConfigurations").Diffs)

	sent, err := n.update(endpointType, "api", ignored, but(grown, properties{"subnetConfigurations": append(chosen, properties{"subnetId": n.subnets[1], "ipv4": "10.0.1.17"})}))
	require.NoError(t, err)
	require.NotEqual(t, first, interfaceIn(sent), "all are sent")
	require.Equal(t, map[string][]string{n.subnets[0]: {"10.0.0.17"}, n.subnets[1]: {"10.0.1.17"}}, n.addresses())
}

func TestThePreviewOfAGrowingEndpointHasItsInterfacesFromBefore(t *testing.T) {
	n := newNetwork(t)
	inputs := properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": n.subnets[:1]}
	endpoint := n.create(endpointType, "logs", inputs)
	foreseen := n.foresee(endpointType, "logs", endpoint, but(inputs, properties{"subnetIds": n.subnets}))
	require.Len(t, foreseen.Fields["subnetIds"].GetListValue().GetValues(), 2)
	require.Len(t, foreseen.Fields["networkInterfaceIds"].GetListValue().GetValues(), 1)
	_, err := n.invoke("aws:ec2/getNetworkInterface:getNetworkInterface", properties{"id": ""})
	require.NoError(t, err, "of one")
	n.create(endpointType, "sts", but(inputs, properties{"serviceName": "com.amazonaws.us-east-1.sts"}))
	_, err = n.invoke("aws:ec2/getNetworkInterface:getNetworkInterface", properties{"id": ""})
	require.ErrorContains(t, err, "multiple EC2 Network Interfaces matched")
}

func TestReservedAddressesAreGivenOnlyOnRequest(t *testing.T) {
	n := newNetwork(t)
	n.create(reservationType, "fixed", properties{"subnetId": n.subnets[0], "cidrBlock": "10.0.0.0/29", "reservationType": "explicit"})
	_, err := n.tryCreate(reservationType, "again", properties{"subnetId": n.subnets[0], "cidrBlock": "10.0.0.0/28", "reservationType": "explicit"})
	require.ErrorContains(t, err, "InvalidSubnetCidrReservation.Conflict")
	_, err = n.tryCreate(reservationType, "outside", properties{"subnetId": n.subnets[0], "cidrBlock": "10.0.1.0/28", "reservationType": "explicit"})
	require.ErrorContains(t, err, "is not within the subnet's 10.0.0.0/24")
	n.create(loadBalancerType, "alb", properties{"internal": true, "subnets": n.subnets})
	require.Equal(t, []string{"10.0.0.8"}, n.addresses()[n.subnets[0]])
	n.create(endpointType, "sts", properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.sts", "vpcEndpointType": "Interface", "subnetIds": n.subnets[:1],
		"subnetConfigurations": []properties{{"subnetId": n.subnets[0], "ipv4": "10.0.0.5"}}})
	require.ElementsMatch(t, []string{"10.0.0.5", "10.0.0.8"}, n.addresses()[n.subnets[0]])
}

func TestAWayToTheInternet(t *testing.T) {
	n := newNetwork(t)
	gateway := n.create(internetGatewayType, "igw", properties{"vpcId": n.vpc.id})
	_, err := n.tryCreate(internetGatewayType, "igw2", properties{"vpcId": n.vpc.id})
	require.ErrorContains(t, err, "Resource.AlreadyAssociated")
	table := n.create(routeTableType, "public", properties{"vpcId": n.vpc.id})
	for _, subnet := range n.subnets {
		n.create(associationType, subnet, properties{"subnetId": subnet, "routeTableId": table.id})
	}
	facing := properties{"internal": false, "subnets": n.subnets}
	_, err = n.tryCreate(loadBalancerType, "alb", facing)
	require.ErrorContains(t, err, "no internet gateway")
	n.create(routeType, "default", properties{"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.id})
	n.create(loadBalancerType, "alb", facing)

	n.rule(egressType, "tasks", properties{"fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0"})
	reachability := n.simulator.Network(sharedAccount, "us-east-1")
	task := awssim.Endpoint{Name: "task", SubnetID: n.subnets[0], Groups: []string{n.groups["tasks"]}}
	require.ErrorContains(t, reachability.ReachesService(task, "ecr.api"), "it has no public address")
	task.PublicIP = true
	require.NoError(t, reachability.ReachesService(task, "ecr.api"))
	require.ErrorContains(t, n.delete(internetGatewayType, "igw", gateway), "DependencyViolation")
}

func TestPrivateDNSNeedsBothFlagsOfTheVPC(t *testing.T) {
	n := newNetwork(t)
	mute := n.create(vpcType, "mute", properties{"cidrBlock": "10.3.0.0/16"})
	subnet := n.create(subnetType, "mute", properties{"vpcId": mute.id, "cidrBlock": "10.3.0.0/24"})
	inputs := properties{"vpcId": mute.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": []string{subnet.id}, "privateDnsEnabled": true}
	_, err := n.tryCreate(endpointType, "logs", inputs)
	require.ErrorContains(t, err, "requires both enableDnsSupport and enableDnsHostnames")
	_, err = n.update(vpcType, "mute", mute, properties{"cidrBlock": "10.3.0.0/16", "enableDnsHostnames": true})
	require.NoError(t, err)
	n.create(endpointType, "logs", inputs)
}
