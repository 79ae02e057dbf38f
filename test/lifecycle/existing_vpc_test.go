package lifecycle

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// theVPC is a VPC of the network team, with what they have in it: in use1-az3, which
// this account calls us-east-1f, execute-api has no endpoints.
func theVPC() []awssim.Existing {
	in := func(kind, id string, properties awssim.Object) awssim.Existing {
		return awssim.Existing{Account: sharedAccount, Region: region, Type: kind, ID: id, Properties: properties}
	}
	const vpc = "vpc-0a1b2c3d4e5f60718"
	return []awssim.Existing{
		in("aws:ec2/vpc:Vpc", vpc, awssim.Object{"cidrBlock": "10.7.0.0/16", "enableDnsHostnames": true, "enableDnsSupport": true}),
		in("aws:ec2/subnet:Subnet", "subnet-0000000a", awssim.Object{"vpcId": vpc, "cidrBlock": "10.7.0.0/24", "availabilityZone": region + "a"}),
		in("aws:ec2/subnet:Subnet", "subnet-0000000b", awssim.Object{"vpcId": vpc, "cidrBlock": "10.7.1.0/28", "availabilityZone": region + "b"}),
		in("aws:ec2/subnet:Subnet", "subnet-0000001b", awssim.Object{"vpcId": vpc, "cidrBlock": "10.7.3.0/24", "availabilityZone": region + "b"}),
		in("aws:ec2/subnet:Subnet", "subnet-0000000f", awssim.Object{"vpcId": vpc, "cidrBlock": "10.7.2.0/24", "availabilityZoneId": "use1-az3"}),
		in("aws:ec2/securityGroup:SecurityGroup", "sg-00000001", awssim.Object{"vpcId": vpc, "name": "endpoints", "description": "endpoints"}),
		in("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sgr-00000001", awssim.Object{"securityGroupId": "sg-00000001", "ipProtocol": "tcp",
			"fromPort": 443.0, "toPort": 443.0, "cidrIpv4": "10.7.0.0/16"}),
		in("aws:ec2/vpcEndpoint:VpcEndpoint", "vpce-00000001", awssim.Object{"vpcId": vpc, "serviceName": "com.amazonaws." + region + ".logs", "vpcEndpointType": "Interface",
			"privateDnsEnabled": true, "subnetIds": []any{"subnet-0000000a"}, "securityGroupIds": []any{"sg-00000001"}}),
		in("aws:route53/zone:Zone", "Z0NETWORK", awssim.Object{"name": "internal.example.com", "vpcs": []any{map[string]any{"vpcId": vpc, "vpcRegion": region}}}),
	}
}

// TestPreviewReportsWhatAVPCHasInTheWay has a preview, and an update, end with all
// obstacles at once and no resource made; and an update with what they say succeed.
func TestPreviewReportsWhatAVPCHasInTheWay(t *testing.T) {
	const network = "  portico:network: {vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0000000a, %]}\n"
	files, setup := smallProject(), ordersSetup()
	setup.Existing = theVPC()
	files["Pulumi.dev.yaml"] = sharedSettings + strings.Replace(network, "%", "subnet-0000000b, subnet-0000000f", 1)
	project := t.TempDir()
	write(t, project, files)
	e := open(t, t.TempDir(), project, setup)
	want := []string{
		"use endpoint vpce-00000001 of account 111111111111 for logs: it is there already with private DNS",
		"use private hosted zone Z0NETWORK of account 111111111111 for internal.example.com: VPC vpc-0a1b2c3d4e5f60718 has it already",
		"use subnet subnet-0000000b of account 111111111111: 11 addresses of 10.7.1.0/28 are free, and 13 are needed",
		"use subnet subnet-0000000f of account 111111111111: it is in us-east-1f (use1-az3), where the endpoint service of execute-api is not",
	}
	before := len(e.things())
	_, err := e.env.Preview(t.Context())
	for _, one := range want {
		require.ErrorContains(t, err, one)
	}
	_, err = e.env.Up(t.Context())
	require.ErrorContains(t, err, want[0])
	require.Len(t, e.things(), before, "nothing is made")

	files["Pulumi.dev.yaml"] = sharedSettings + strings.Replace(network, "%", "subnet-0000001b", 1) +
		"  portico:endpoints: {logs: {lookup: true}}\n  portico:dns: {existing: [{name: internal.example.com, id: Z0NETWORK}]}\n"
	write(t, project, files)
	e.up()
	e.requireNoChanges()
}

// TestPreviewNamesTheZoneOfACustomDomainItself has a private zone in the VPC that would
// answer for the host instead of the zone of its parent domain; and two endpoints of
// one service, of which AWS's data source describes none; and a record in the zone.
func TestPreviewNamesTheZoneOfACustomDomainItself(t *testing.T) {
	t.Parallel()
	files, setup := smallProject(), ordersSetup()
	vpc := theVPC()
	vpc[len(vpc)-1].Properties["name"] = "orders.internal.example.com"
	setup.Existing = append(vpc, awssim.Existing{Account: sharedAccount, Region: region, Type: "aws:ec2/vpcEndpoint:VpcEndpoint", ID: "vpce-00000002",
		Properties: awssim.Object{"vpcId": "vpc-0a1b2c3d4e5f60718", "serviceName": "com.amazonaws." + region + ".logs", "vpcEndpointType": "Interface", "subnetIds": []any{"subnet-0000000a"}}},
		awssim.Existing{Account: sharedAccount, Region: region, Type: "aws:route53/record:Record", ID: "Z0NETWORK_orders.internal.example.com_A",
			Properties: awssim.Object{"zoneId": "Z0NETWORK", "name": "orders.internal.example.com", "type": "A", "ttl": 60.0, "records": []any{"10.7.0.9"}}})
	const network = "  portico:network: {vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0000000a, subnet-0000001b]}\n"
	files["Pulumi.dev.yaml"] = sharedSettings + network
	project := t.TempDir()
	write(t, project, files)
	e := open(t, t.TempDir(), project, setup)
	_, err := e.env.Preview(t.Context())
	require.NoError(t, err, "the zone may answer until its owner removes it")
	require.Contains(t, e.log.String(), "use private hosted zone Z0NETWORK of account 111111111111 for orders.internal.example.com: VPC vpc-0a1b2c3d4e5f60718 has it, so that its clients do not find the record in the zone internal.example.com until the VPC is taken out of it: write portico:dns: {scope: host, existing: [{name: orders.internal.example.com, id: Z0NETWORK}]}")
	require.Contains(t, e.log.String(), "not asked: which endpoints of logs are in VPC vpc-0a1b2c3d4e5f60718 (ec2:DescribeVpcEndpoints): there are several: write portico:endpoints.logs: {id: vpce-...} to use one of them")

	write(t, project, map[string]string{"Pulumi.dev.yaml": sharedSettings + network +
		"  portico:endpoints: {logs: {id: vpce-00000001}}\n  portico:dns: {scope: host, existing: [{name: orders.internal.example.com, id: Z0NETWORK}]}\n"})
	_, err = e.env.Preview(t.Context())
	require.NoError(t, err)
	const taken = "zone Z0NETWORK (portico:dns.existing[0]) has records already of orders.internal.example.com: no update overwrites them"
	require.Contains(t, e.log.String(), taken)
	_, err = e.env.Up(t.Context())
	require.ErrorContains(t, err, "already exists")
	require.ErrorContains(t, err, "hand it to the stack with pulumi import")
	for _, record := range e.Resources(awssim.Filter{Type: "aws:route53/record:Record"}) {
		if record.ID == "Z0NETWORK_orders.internal.example.com_A" {
			require.NoError(t, e.As(sharedAccount, region, "arn:aws:iam::"+sharedAccount+":user/network").Delete(&record))
		}
	}
	e.up()
	from := len(e.log.String())
	e.requireNoChanges()
	require.NotContains(t, e.log.String()[from:], "has records already")
}
