package awssim

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

func routeTableSpec() *typeSpec {
	return &typeSpec{
		token: routeTableType, title: "EC2 Route Table", args: ec2.RouteTableArgs{}, state: ec2.RouteTable{},
		id: "rtb-{hash}", arn: "arn:{partition}:ec2:{region}:{account}:route-table/{id}",
		immutable: []string{"vpcId"},
		sets:      []string{"routes"},
		rules:     map[string][]rule{"routes[].cidrBlock": {ipv4Network(0, 32)}},
		refs: []ref{
			{at: "vpcId", to: vpcType, code: "InvalidVpcID.NotFound"},
			{at: "routes[].gatewayId", to: internetGatewayType, code: "InvalidInternetGatewayID.NotFound"},
		},
		quota:  quota{name: "Route tables per VPC", limit: 200, per: "vpcId", code: "RouteTableLimitExceeded"},
		create: []string{"ec2:CreateRouteTable", "ec2:DescribeRouteTables", "ec2:CreateTags"},
		read:   []string{"ec2:DescribeRouteTables"},
		update: []string{"ec2:ReplaceRoute", "ec2:CreateTags", "ec2:DeleteTags"},
		delete: []string{"ec2:DeleteRouteTable"},
		onCreate: func(c *call) error {
			c.outputs["ownerId"] = c.account
			if c.outputs["routes"] == nil {
				c.outputs["routes"] = list()
			}
			return nil
		},
	}
}

func routeTableAssociationSpec() *typeSpec {
	return &typeSpec{
		token: routeTableAssociationType, title: "EC2 Route Table Association",
		args: ec2.RouteTableAssociationArgs{}, state: ec2.RouteTableAssociation{},
		id:        "rtbassoc-{hash}",
		required:  []string{"subnetId"}, // associations with gateways are not simulated
		immutable: []string{"subnetId"},
		refs: []ref{
			{at: "subnetId", to: subnetType, code: "InvalidSubnetID.NotFound", holds: cascades},
			{at: "routeTableId", to: routeTableType, code: "InvalidRouteTableID.NotFound"},
		},
		unique: []string{"subnetId"}, conflict: "Resource.AlreadyAssociated",
		// It is imported as "subnet-…/rtb-…".
		imported: func(c *call, id string) *Resource {
			subnet, table, _ := strings.Cut(id, "/")
			if found := c.findBy(routeTableAssociationType, "subnetId", subnet); found != nil && found.Properties.Text("routeTableId") == table {
				return found
			}
			return nil
		},
		create: []string{"ec2:AssociateRouteTable", "ec2:DescribeRouteTables"},
		read:   []string{"ec2:DescribeRouteTables"},
		update: []string{"ec2:ReplaceRouteTableAssociation"},
		delete: []string{"ec2:DisassociateRouteTable"},
		onCreate: func(c *call) error {
			subnet := c.find(subnetType, c.inputs.Text("subnetId")).Properties
			table := c.find(routeTableType, c.inputs.Text("routeTableId")).Properties
			if subnet.Text("vpcId") != table.Text("vpcId") {
				return c.refuse("InvalidParameterValue", "route table %s and subnet %s belong to different networks",
					c.inputs.Text("routeTableId"), c.inputs.Text("subnetId"))
			}
			return nil
		},
	}
}

func routeSpec() *typeSpec {
	return &typeSpec{
		token: routeType, title: "EC2 Route", args: ec2.RouteArgs{}, state: ec2.Route{},
		id:        "r-{routeTableId}-{hash16}",
		required:  []string{"destinationCidrBlock", "gatewayId"}, // the only kind that is simulated
		immutable: []string{"destinationCidrBlock", "routeTableId"},
		rules:     map[string][]rule{"destinationCidrBlock": {ipv4Network(0, 32)}},
		refs: []ref{
			{at: "routeTableId", to: routeTableType, code: "InvalidRouteTableID.NotFound", holds: cascades},
			{at: "gatewayId", to: internetGatewayType, code: "InvalidInternetGatewayID.NotFound"},
		},
		unique: []string{"routeTableId", "destinationCidrBlock"}, conflict: "RouteAlreadyExists",
		create: []string{"ec2:CreateRoute", "ec2:DescribeRouteTables"},
		read:   []string{"ec2:DescribeRouteTables"},
		update: []string{"ec2:ReplaceRoute"},
		delete: []string{"ec2:DeleteRoute"},
		onCreate: func(c *call) error {
			gateway := c.find(internetGatewayType, c.inputs.Text("gatewayId")).Properties
			table := c.find(routeTableType, c.inputs.Text("routeTableId")).Properties
			if gateway.Text("vpcId") != table.Text("vpcId") {
				return c.refuse("InvalidParameterValue", "route table %s and network gateway %s belong to different networks",
					c.inputs.Text("routeTableId"), c.inputs.Text("gatewayId"))
			}
			c.outputs["state"], c.outputs["origin"] = "active", "CreateRoute"
			return nil
		},
	}
}

func internetGatewaySpec() *typeSpec {
	return &typeSpec{
		token: internetGatewayType, title: "EC2 Internet Gateway", args: ec2.InternetGatewayArgs{}, state: ec2.InternetGateway{},
		id: "igw-{hash}", arn: "arn:{partition}:ec2:{region}:{account}:internet-gateway/{id}",
		refs:   []ref{{at: "vpcId", to: vpcType, code: "InvalidVpcID.NotFound"}},
		unique: []string{"vpcId"}, conflict: "Resource.AlreadyAssociated",
		create:   []string{"ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:DescribeInternetGateways", "ec2:CreateTags"},
		read:     []string{"ec2:DescribeInternetGateways"},
		update:   []string{"ec2:DetachInternetGateway", "ec2:AttachInternetGateway", "ec2:CreateTags", "ec2:DeleteTags"},
		delete:   []string{"ec2:DeleteInternetGateway", "ec2:DetachInternetGateway"},
		onCreate: func(c *call) error { c.outputs["ownerId"] = c.account; return nil },
	}
}

// routeTableOf is the route table that a subnet uses: the one it is associated
// with, or its VPC's main one.
func (c *call) routeTableOf(subnet *Resource) *Resource {
	for _, association := range c.all(routeTableAssociationType) {
		if association.Properties.Text("subnetId") == subnet.ID {
			return c.find(routeTableType, association.Properties.Text("routeTableId"))
		}
	}
	for _, table := range c.all(routeTableType) {
		if table.Hidden.Flag(belongsToVPC) && table.Properties.Text("vpcId") == subnet.Properties.Text("vpcId") {
			return table
		}
	}
	return nil
}

// leadsToInternet tells whether a route table has a default route to an
// internet gateway.
func (c *call) leadsToInternet(table *Resource) bool {
	for _, route := range table.Properties.Objects("routes") {
		if route.Text("cidrBlock") == "0.0.0.0/0" && route.Has("gatewayId") {
			return true
		}
	}
	for _, route := range c.all(routeType) {
		if route.Properties.Text("routeTableId") == table.ID && route.Properties.Text("destinationCidrBlock") == "0.0.0.0/0" {
			return true
		}
	}
	return false
}
