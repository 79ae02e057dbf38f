package awssim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

func TestSecurityGroupsStopAConnectionAtEachHop(t *testing.T) {
	n := newNetwork(t)
	for _, name := range []string{"ecr.api", "ecr.dkr"} {
		n.create(endpointType, name, properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1." + name, "vpcEndpointType": "Interface",
			"subnetIds": n.subnets, "securityGroupIds": []string{n.groups["endpoints"]}, "privateDnsEnabled": name == "ecr.api"})
	}
	table := n.create(routeTableType, "private", properties{"vpcId": n.vpc.id})
	n.create(associationType, "a", properties{"subnetId": n.subnets[0], "routeTableId": table.id})
	s3 := n.create(endpointType, "s3", properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": []string{table.id}})

	reachability := n.simulator.Network(sharedAccount, "us-east-1")
	balancer := awssim.Endpoint{Name: "load balancer", SubnetID: n.subnets[0], Groups: []string{n.groups["lb"]}}
	task := awssim.Endpoint{Name: "task", SubnetID: n.subnets[0], Groups: []string{n.groups["tasks"]}}
	elsewhere := awssim.Endpoint{Name: "task", SubnetID: n.subnets[1], Groups: []string{n.groups["tasks"]}}

	err := reachability.Admits(balancer, task, 8443)
	require.ErrorContains(t, err, "security groups "+n.groups["lb"]+" of load balancer have no egress rule for tcp/8443 with task")
	require.ErrorContains(t, err, "security groups "+n.groups["tasks"]+" of task have no ingress rule for tcp/8443 with load balancer")
	n.rule(egressType, "lb", properties{"fromPort": 8443, "toPort": 8443, "referencedSecurityGroupId": n.groups["tasks"]})
	require.ErrorContains(t, reachability.Admits(balancer, task, 8443), "no ingress rule")
	n.rule(ingressType, "tasks", properties{"fromPort": 8443, "toPort": 8443, "referencedSecurityGroupId": n.groups["lb"]})
	require.NoError(t, reachability.Admits(balancer, task, 8443))
	require.Error(t, reachability.Admits(balancer, task, 8444))

	require.ErrorContains(t, reachability.ReachesService(task, "ecr.api"), "egress")
	n.rule(egressType, "tasks", properties{"fromPort": 443, "toPort": 443, "referencedSecurityGroupId": n.groups["endpoints"]})
	require.ErrorContains(t, reachability.ReachesService(task, "ecr.api"), "have no ingress rule for tcp/443")
	n.rule(ingressType, "endpoints", properties{"fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"})
	require.Error(t, reachability.ReachesService(task, "ecr.api"), "the task's address is not known, so a rule by network doesn't cover it")
	n.rule(ingressType, "endpoints", properties{"fromPort": 443, "toPort": 443, "referencedSecurityGroupId": n.groups["tasks"]})
	require.NoError(t, reachability.ReachesService(task, "ecr.api"))
	require.ErrorContains(t, reachability.ReachesService(task, "ecr.dkr"), "no interface endpoint for it with private DNS")

	require.ErrorContains(t, reachability.ReachesService(task, "s3"), "egress")
	n.rule(egressType, "tasks", properties{"fromPort": 443, "toPort": 443, "prefixListId": s3.text("prefixListId")})
	require.NoError(t, reachability.ReachesService(task, "s3"))
	require.ErrorContains(t, reachability.ReachesService(elsewhere, "s3"), "no gateway endpoint in the subnet's route table")
}

func TestDataSourcesFindExistingResources(t *testing.T) {
	n := newNetwork(t)
	table := n.create(routeTableType, "private", properties{"vpcId": n.vpc.id, "tags": properties{"Name": "private"}})
	n.create(associationType, "a", properties{"subnetId": n.subnets[0], "routeTableId": table.id})
	endpoint := n.create(endpointType, "logs", properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": n.subnets})

	tables, err := n.invoke("aws:ec2/getRouteTables:getRouteTables", properties{"vpcId": n.vpc.id, "filters": []properties{{"name": "association.subnet-id", "values": n.subnets}}})
	require.NoError(t, err)
	require.Equal(t, []any{table.id}, tables["ids"])
	tables, err = n.invoke("aws:ec2/getRouteTables:getRouteTables", properties{"vpcId": n.vpc.id, "filters": []properties{{"name": "association.main", "values": []string{"true"}}}})
	require.NoError(t, err)
	require.Equal(t, []any{n.vpc.text("mainRouteTableId")}, tables["ids"])
	_, err = n.invoke("aws:ec2/getRouteTables:getRouteTables", properties{"filters": []properties{{"name": "vpcid", "values": []string{"x"}}}})
	require.ErrorContains(t, err, "The filter 'vpcid' is invalid")

	found, err := n.invoke("aws:ec2/getVpcEndpoint:getVpcEndpoint", properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs"})
	require.NoError(t, err)
	require.Equal(t, endpoint.id, found["id"])
	interfaces := found["networkInterfaceIds"].([]any)
	require.Len(t, interfaces, 2)
	address, err := n.invoke("aws:ec2/getNetworkInterface:getNetworkInterface", properties{"id": interfaces[0]})
	require.NoError(t, err)
	require.Equal(t, n.vpc.id, address["vpcId"])
	require.Regexp(t, `^10\.0\.[01]\.4$`, address["privateIp"])

	zones, err := n.invoke("aws:ec2/getVpcEndpointService:getVpcEndpointService", properties{"service": "execute-api"})
	require.NoError(t, err)
	require.NotContains(t, zones["availabilityZones"], n.zone("use1-az3"))
	require.Len(t, zones["availabilityZones"], 5)
	_, err = n.invoke("aws:ec2/getVpcEndpointService:getVpcEndpointService", properties{"service": "s3"})
	require.ErrorContains(t, err, "multiple EC2 VPC Endpoint Services matched")
	lists, err := n.invoke("aws:ec2/getPrefixList:getPrefixList", properties{"name": "com.amazonaws.us-east-1.s3"})
	require.NoError(t, err)
	require.Regexp(t, `^pl-[0-9a-f]{8}$`, lists["id"])
}
