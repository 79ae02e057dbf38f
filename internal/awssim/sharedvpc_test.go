package awssim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const cidrBlockType = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"

func TestAVPCTakesSubnetsInASecondNetwork(t *testing.T) {
	n := newNetwork(t)
	inSecond := properties{"vpcId": n.vpc.id, "cidrBlock": "100.64.0.0/24", "availabilityZone": "us-east-1c"}
	_, err := n.tryCreate(subnetType, "c", inSecond)
	require.ErrorContains(t, err, "InvalidSubnet.Range")
	block := n.create(cidrBlockType, "second", properties{"vpcId": n.vpc.id, "cidrBlock": "100.64.0.0/16"})
	subnet := n.create(subnetType, "c", inSecond)

	vpc, err := n.invoke("aws:ec2/getVpc:getVpc", properties{"id": n.vpc.id})
	require.NoError(t, err)
	var blocks []any
	for _, association := range vpc["cidrBlockAssociations"].([]any) {
		blocks = append(blocks, association.(properties)["cidrBlock"])
	}
	require.Equal(t, []any{"10.0.0.0/16", "100.64.0.0/16"}, blocks)
	n.create(endpointType, "logs", properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": []string{subnet.id}})
	require.Equal(t, []string{"100.64.0.4"}, n.addresses()[subnet.id])

	require.ErrorContains(t, n.delete(cidrBlockType, "second", block), "InvalidCidrBlock.InUse")
	for cidr, want := range map[string]string{
		"10.0.128.0/17":  "overlaps with 10.0.0.0/16",
		"100.64.0.0/17":  "overlaps with 100.64.0.0/16",
		"172.20.0.0/16":  "is restricted",
		"192.168.0.0/24": "is restricted",
	} {
		_, err := n.tryCreate(cidrBlockType, "refused", properties{"vpcId": n.vpc.id, "cidrBlock": cidr})
		require.ErrorContains(t, err, want, cidr)
	}
}

// sharedVPC is a VPC whose subnets are shared with another account.
type sharedVPC struct {
	*network
	participant *client
	share       resourceOf
}

func newSharedVPC(t *testing.T) *sharedVPC {
	t.Helper()
	v := &sharedVPC{network: newNetwork(t)}
	v.participant = newClient(t, v.simulator, providerAccount)
	v.share = v.create(resourceShareType, "subnets", properties{})
	v.create(principalAssociationType, "participant", properties{"resourceShareArn": v.share.id, "principal": providerAccount})
	for _, subnet := range v.subnets {
		v.create(resourceAssociationType, subnet, properties{"resourceShareArn": v.share.id, "resourceArn": "arn:aws:ec2:us-east-1:" + sharedAccount + ":subnet/" + subnet})
	}
	return v
}

func TestAParticipantSeesWhatIsSharedWithIt(t *testing.T) {
	v := newSharedVPC(t)
	private := v.create(subnetType, "private", properties{"vpcId": v.vpc.id, "cidrBlock": "10.0.9.0/24", "tags": properties{"Name": "private"}})
	subnet, err := v.participant.invoke("aws:ec2/getSubnet:getSubnet", properties{"id": v.subnets[0]})
	require.NoError(t, err)
	require.Equal(t, sharedAccount, subnet["ownerId"])
	require.Equal(t, v.vpc.id, subnet["vpcId"])
	zones := func(c *client) (ids, names []any) {
		for _, id := range v.subnets {
			subnet, err := c.invoke("aws:ec2/getSubnet:getSubnet", properties{"id": id})
			require.NoError(t, err)
			ids, names = append(ids, subnet["availabilityZoneId"]), append(names, subnet["availabilityZone"])
		}
		return ids, names
	}
	ids, names := zones(v.client)
	sharedIDs, sharedNames := zones(v.participant)
	require.Equal(t, ids, sharedIDs)
	require.NotEqual(t, names, sharedNames, "names are the participant's own")
	vpc, err := v.participant.invoke("aws:ec2/getVpc:getVpc", properties{"id": v.vpc.id})
	require.NoError(t, err)
	require.Equal(t, sharedAccount, vpc["ownerId"])
	tables, err := v.participant.invoke("aws:ec2/getRouteTables:getRouteTables", properties{"vpcId": v.vpc.id, "filters": []properties{{"name": "association.main", "values": []string{"true"}}}})
	require.NoError(t, err)
	require.Len(t, tables["ids"], 1)

	_, err = v.participant.invoke("aws:ec2/getSubnet:getSubnet", properties{"id": private.id})
	require.ErrorContains(t, err, "no matching EC2 Subnet found", "it is not shared")
	_, err = v.participant.invoke("aws:ec2/getSecurityGroup:getSecurityGroup", properties{"id": v.groups["lb"]})
	require.ErrorContains(t, err, "no matching EC2 Security Group found")
	v.create(endpointType, "logs", properties{"vpcId": v.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": v.subnets})
	_, err = v.participant.invoke("aws:ec2/getVpcEndpoint:getVpcEndpoint", properties{"vpcId": v.vpc.id})
	require.ErrorContains(t, err, "no matching EC2 VPC Endpoint found")

	require.NoError(t, v.delete(resourceShareType, "subnets", v.share))
	_, err = v.participant.invoke("aws:ec2/getSubnet:getSubnet", properties{"id": v.subnets[0]})
	require.ErrorContains(t, err, "no matching EC2 Subnet found", "it is shared no longer")
}

func TestAParticipantHasALoadBalancerWithItsOwnGroup(t *testing.T) {
	v := newSharedVPC(t)
	group := v.participant.create(securityGroupType, "lb", properties{"vpcId": v.vpc.id})
	balancer := properties{"name": "theirs", "internal": true, "subnets": v.subnets, "securityGroups": []string{group.id}}
	for sentence, refused := range map[string]struct {
		changes properties
		want    string
	}{
		"the owner's group":         {properties{"securityGroups": []string{v.groups["lb"]}}, "InvalidSecurityGroup"},
		"the VPC's default group":   {properties{"securityGroups": nil}, "InvalidSecurityGroup"},
		"a subnet that isn't known": {properties{"subnets": []string{v.subnets[0], "subnet-0123"}}, "SubnetNotFound"},
	} {
		_, err := v.participant.tryCreate(loadBalancerType, "refused", but(balancer, refused.changes))
		require.ErrorContains(t, err, refused.want, sentence)
	}
	v.participant.create(loadBalancerType, "theirs", balancer)
	v.create(loadBalancerType, "own", but(balancer, properties{"name": "own", "securityGroups": []string{v.groups["lb"]}}))
	require.ElementsMatch(t, []string{"10.0.0.4", "10.0.0.5"}, v.addresses()[v.subnets[0]], "no address is taken twice")
	subnet := resourceOf{id: v.subnets[0]}
	require.ErrorContains(t, v.delete(subnetType, "subnet-a", subnet), "DependencyViolation")
}

func TestAParticipantChangesNothingOfTheVPC(t *testing.T) {
	v := newSharedVPC(t)
	main := v.simulator.Resources(awssim.Filter{Account: sharedAccount, Type: routeTableType})[0].ID
	for sentence, refused := range map[string]struct {
		typ    string
		inputs properties
	}{
		"an interface endpoint": {endpointType, properties{"vpcId": v.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": v.subnets}},
		"a gateway endpoint":    {endpointType, properties{"vpcId": v.vpc.id, "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": []string{main}}},
		"a subnet":              {subnetType, properties{"vpcId": v.vpc.id, "cidrBlock": "10.0.9.0/24"}},
		"a route table":         {routeTableType, properties{"vpcId": v.vpc.id}},
		"an association":        {"aws:ec2/routeTableAssociation:RouteTableAssociation", properties{"routeTableId": main, "subnetId": v.subnets[0]}},
		"a second network":      {cidrBlockType, properties{"vpcId": v.vpc.id, "cidrBlock": "100.64.0.0/16"}},
		"a reservation":         {reservationType, properties{"subnetId": v.subnets[0], "cidrBlock": "10.0.0.16/28", "reservationType": "explicit"}},
	} {
		_, err := v.participant.tryCreate(refused.typ, "refused", refused.inputs)
		require.ErrorContains(t, err, "UnauthorizedOperation: This operation does not support shared VPCs", sentence)
		require.ErrorContains(t, err, "belongs to account "+sharedAccount, sentence)
	}
	_, err := v.participant.tryCreate(zoneType, "z", properties{"name": "internal.example.com", "vpcs": []properties{{"vpcId": v.vpc.id}}})
	require.ErrorContains(t, err, "InvalidVPCId")
}

func TestSubnetsAreSharedWithinTheOrganizationOnly(t *testing.T) {
	setup := testSetup()
	for i := range setup.Accounts {
		setup.Accounts[i].OutsideOrganization = setup.Accounts[i].ID == providerAccount
	}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	n := networkOn(t, simulator)
	share := n.create(resourceShareType, "subnets", properties{"allowExternalPrincipals": true})
	arn := "arn:aws:ec2:us-east-1:" + sharedAccount + ":subnet/" + n.subnets[0]
	principal := properties{"resourceShareArn": share.id, "principal": providerAccount}
	resource := n.create(resourceAssociationType, "subnet", properties{"resourceShareArn": share.id, "resourceArn": arn})
	_, err = n.tryCreate(principalAssociationType, "stranger", principal)
	require.ErrorContains(t, err, "Subnets are shared within an organization only")
	require.NoError(t, n.delete(resourceAssociationType, "subnet", resource))
	n.create(principalAssociationType, "stranger", principal)
	_, err = n.tryCreate(resourceAssociationType, "subnet", properties{"resourceShareArn": share.id, "resourceArn": arn})
	require.ErrorContains(t, err, "Subnets are shared within an organization only")
}
