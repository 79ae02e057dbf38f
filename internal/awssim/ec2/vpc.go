package ec2

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// VPCs is VPCs, their subnets and routes.
func VPCs() engine.Service {
	return engine.Service{
		Authorization: authorization(),
		Types: []*engine.Type{
			vpcSpec(), cidrBlockAssociationSpec(), subnetSpec(), reservationSpec(),
			routeTableSpec(), routeTableAssociationSpec(), routeSpec(), internetGatewaySpec(), flowLogSpec(),
		},
		Functions: ec2Functions(),
	}
}

func vpcSpec() *engine.Type {
	return &engine.Type{
		Token: view.VPCType, Title: "EC2 VPC", Args: ec2.VpcArgs{}, State: ec2.Vpc{},
		ID: "vpc-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:vpc/{id}",
		Properties: engine.Properties{
			"cidrBlock":          {engine.Required, engine.ForceNew, engine.Ipv4Network(16, 28)}, // IPAM pools are not simulated
			"enableDnsHostnames": {engine.Otherwise(false)},
			"enableDnsSupport":   {engine.Default(true)},
			"instanceTenancy":    {engine.Default("default"), engine.OneOf("default", "dedicated")},
			"ownerId":            {engine.Computed("{account}")},
		},

		Quota:    engine.Quota{Name: "VPCs per Region", Limit: 5, Code: "VpcLimitExceeded"},
		Create:   []string{"ec2:CreateVpc", "ec2:ModifyVpcAttribute", "ec2:DescribeVpcs", "ec2:CreateTags"},
		Read:     []string{"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups"}, // internal/service/ec2/vpc_.go
		Update:   []string{"ec2:ModifyVpcAttribute", "ec2:CreateTags", "ec2:DeleteTags"},
		Delete:   []string{"ec2:DeleteVpc"},
		OnCreate: createVPC,
		Shared:   sharedVPCs,
	}
}

func createVPC(op *engine.Op) error {
	group := engine.Resource{Account: op.Account, Region: op.Region, Type: view.SecurityGroupType, ID: "sg-" + op.EC2("default group"), Hidden: engine.Object{engine.MadeByAWS: true}}
	anything := map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0}
	group.Properties = engine.Object{
		"name": "default", "description": "default VPC security group", "vpcId": op.ID, "ownerId": op.Account,
		"ingress": []any{engine.With(anything, "self", true)}, "egress": []any{engine.With(anything, "cidrBlocks", engine.List("0.0.0.0/0"))},
	}
	table := engine.Resource{Account: op.Account, Region: op.Region, Type: view.RouteTableType, ID: "rtb-" + op.EC2("main route table"), Hidden: engine.Object{engine.MadeByAWS: true}}
	table.Properties = engine.Object{"vpcId": op.ID, "ownerId": op.Account, "routes": engine.List()}
	op.Put(group)
	op.Put(table)
	op.Outputs["defaultSecurityGroupId"] = group.ID
	op.Outputs["mainRouteTableId"], op.Outputs["defaultRouteTableId"] = table.ID, table.ID
	op.Outputs["defaultNetworkAclId"] = "acl-" + op.EC2("default ACL")
	op.Outputs["dhcpOptionsId"] = "dopt-" + op.EC2("DHCP options")
	return nil
}

func subnetSpec() *engine.Type {
	return &engine.Type{
		Token: view.SubnetType, Title: "EC2 Subnet", Args: ec2.SubnetArgs{}, State: ec2.Subnet{},
		ID: "subnet-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:subnet/{id}",
		Properties: engine.Properties{
			"assignIpv6AddressOnCreation": {engine.Default(false)},
			"availabilityZone":            {engine.ForceNew},
			"availabilityZoneId":          {engine.ForceNew},
			"cidrBlock":                   {engine.Required, engine.ForceNew, engine.Ipv4Network(16, 28), within("vpcId", "InvalidSubnet.Range"), apart("vpcId", "InvalidSubnet.Conflict")},
			"mapPublicIpOnLaunch":         {engine.Default(false)},
			"ownerId":                     {engine.Computed("{account}")},
			"vpcId":                       {engine.ForceNew, engine.Refers{To: view.VPCType, Code: "InvalidVpcID.NotFound"}},
		},

		Quota:    engine.Quota{Name: "Subnets per VPC", Limit: 200, Per: "vpcId", Code: "SubnetLimitExceeded"},
		Create:   []string{"ec2:CreateSubnet", "ec2:ModifySubnetAttribute", "ec2:DescribeSubnets", "ec2:CreateTags"},
		Read:     []string{"ec2:DescribeSubnets"},
		Update:   []string{"ec2:ModifySubnetAttribute", "ec2:CreateTags", "ec2:DeleteTags"},
		Delete:   []string{"ec2:DeleteSubnet", "ec2:DescribeNetworkInterfaces"}, // deleteLingeringENIs of internal/service/ec2/vpc_security_group.go
		OnCreate: createSubnet,
		Shared:   sharedSubnets,
	}
}

// createSubnet chooses the zone, unless the program does.
func createSubnet(op *engine.Op) error {
	zone := op.Inputs.Text("availabilityZone")
	if id := op.Inputs.Text("availabilityZoneId"); zone == "" && id != "" {
		zone = zoneOf(op, id)
	}
	if zone == "" {
		zone = op.Region + engine.Zones(op.Region)[:1]
	}
	if letter, ok := strings.CutPrefix(zone, op.Region); !ok || len(letter) != 1 || !strings.Contains(engine.Zones(op.Region), letter) {
		return op.Refuse("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the zones %s of %s",
			zone, engine.Zones(op.Region), op.Region)
	}
	op.Outputs["availabilityZone"], op.Outputs["availabilityZoneId"] = zone, ZoneID(op.Account, zone)
	return nil
}
