package awssim

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// ec2Service is VPCs, their subnets and routes.
func ec2Service() service {
	return service{
		types: []*typeSpec{
			vpcSpec(), subnetSpec(), reservationSpec(),
			routeTableSpec(), routeTableAssociationSpec(), routeSpec(), internetGatewaySpec(),
		},
		functions: ec2Functions(),
	}
}

func vpcSpec() *typeSpec {
	return &typeSpec{
		token: vpcType, title: "EC2 VPC", args: ec2.VpcArgs{}, state: ec2.Vpc{},
		id: "vpc-{hash}", arn: "arn:{partition}:ec2:{region}:{account}:vpc/{id}",
		defaults:  Object{"enableDnsSupport": true, "instanceTenancy": "default"},
		required:  []string{"cidrBlock"}, // IPAM pools are not simulated
		immutable: []string{"cidrBlock"},
		rules: map[string][]rule{
			"cidrBlock":       {ipv4Network(16, 28)},
			"instanceTenancy": {oneOf("default", "dedicated")},
		},
		quota:    quota{name: "VPCs per Region", limit: 5, code: "VpcLimitExceeded"},
		create:   []string{"ec2:CreateVpc", "ec2:ModifyVpcAttribute", "ec2:DescribeVpcs", "ec2:CreateTags"},
		read:     []string{"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute"},
		update:   []string{"ec2:ModifyVpcAttribute", "ec2:CreateTags", "ec2:DeleteTags"},
		delete:   []string{"ec2:DeleteVpc"},
		onCreate: createVPC,
	}
}

func createVPC(c *call) error {
	group := Resource{Account: c.account, Region: c.region, Type: securityGroupType, ID: "sg-" + c.derived("default group", 17), Hidden: Object{belongsToVPC: true}}
	anything := map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0}
	group.Properties = Object{
		"name": "default", "description": "default VPC security group", "vpcId": c.id, "ownerId": c.account,
		"ingress": []any{with(anything, "self", true)}, "egress": []any{with(anything, "cidrBlocks", list("0.0.0.0/0"))},
	}
	table := Resource{Account: c.account, Region: c.region, Type: routeTableType, ID: "rtb-" + c.derived("main route table", 17), Hidden: Object{belongsToVPC: true}}
	table.Properties = Object{"vpcId": c.id, "ownerId": c.account, "routes": list()}
	c.put(group)
	c.put(table)
	c.outputs["ownerId"] = c.account
	c.outputs["enableDnsHostnames"] = c.inputs.Flag("enableDnsHostnames")
	c.outputs["defaultSecurityGroupId"] = group.ID
	c.outputs["mainRouteTableId"], c.outputs["defaultRouteTableId"] = table.ID, table.ID
	c.outputs["defaultNetworkAclId"] = "acl-" + c.derived("default ACL", 17)
	c.outputs["dhcpOptionsId"] = "dopt-" + c.derived("DHCP options", 17)
	return nil
}

func subnetSpec() *typeSpec {
	return &typeSpec{
		token: subnetType, title: "EC2 Subnet", args: ec2.SubnetArgs{}, state: ec2.Subnet{},
		id: "subnet-{hash}", arn: "arn:{partition}:ec2:{region}:{account}:subnet/{id}",
		defaults:  Object{"mapPublicIpOnLaunch": false, "assignIpv6AddressOnCreation": false},
		required:  []string{"cidrBlock"},
		immutable: []string{"availabilityZone", "availabilityZoneId", "cidrBlock", "vpcId"},
		rules:     map[string][]rule{"cidrBlock": {ipv4Network(16, 28)}},
		refs:      []ref{{at: "vpcId", to: vpcType, code: "InvalidVpcID.NotFound"}},
		quota:     quota{name: "Subnets per VPC", limit: 200, per: "vpcId", code: "SubnetLimitExceeded"},
		create:    []string{"ec2:CreateSubnet", "ec2:ModifySubnetAttribute", "ec2:DescribeSubnets", "ec2:CreateTags"},
		read:      []string{"ec2:DescribeSubnets"},
		update:    []string{"ec2:ModifySubnetAttribute", "ec2:CreateTags", "ec2:DeleteTags"},
		delete:    []string{"ec2:DeleteSubnet"},
		onCreate:  createSubnet,
	}
}

func createSubnet(c *call) error {
	network := netip.MustParsePrefix(c.inputs.Text("cidrBlock"))
	vpc := c.find(vpcType, c.inputs.Text("vpcId"))
	if !within(network, netip.MustParsePrefix(vpc.Properties.Text("cidrBlock"))) {
		return c.refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid: it is not within the VPC's %s", network, vpc.Properties.Text("cidrBlock"))
	}
	for _, other := range c.all(subnetType) {
		if other.Properties.Text("vpcId") == vpc.ID && network.Overlaps(netip.MustParsePrefix(other.Properties.Text("cidrBlock"))) {
			return c.refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet: %s", network, other.ID)
		}
	}
	zone := c.inputs.Text("availabilityZone")
	if id := c.inputs.Text("availabilityZoneId"); zone == "" && id != "" {
		zone = zoneOf(c.region, id)
	}
	if zone == "" {
		zone = c.region + regions[c.region][:1]
	}
	if !strings.HasPrefix(zone, c.region) || !strings.Contains(regions[c.region], zone[len(c.region):]) {
		return c.refuse("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the zones %s of %s",
			zone, regions[c.region], c.region)
	}
	c.outputs["availabilityZone"], c.outputs["availabilityZoneId"] = zone, zoneID(zone)
	c.outputs["ownerId"] = c.account
	return nil
}

// within tells whether a network lies inside another.
func within(inner, outer netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// zoneID is a zone's ID, "use1-az1" of "us-east-1a". Which letter is which ID
// differs per account; here letters and numbers run in step.
func zoneID(zone string) string {
	region, letter := zone[:len(zone)-1], zone[len(zone)-1]
	parts := strings.Split(region, "-")
	short := parts[0]
	for _, part := range parts[1:] {
		short += part[:1]
	}
	return short + "-az" + string('1'+rune(strings.IndexByte(regions[region], letter)))
}

// zoneOf is the zone of a region that has an ID, or "".
func zoneOf(region, id string) string {
	letters := strings.Split(regions[region], "")
	i := slices.IndexFunc(letters, func(letter string) bool { return zoneID(region+letter) == id })
	if i < 0 {
		return ""
	}
	return region + letters[i]
}
