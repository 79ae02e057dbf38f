package ec2

import (
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func routeTableSpec() *engine.Type {
	return &engine.Type{
		Token: view.RouteTableType, Title: "EC2 Route Table", Args: ec2.RouteTableArgs{}, State: ec2.RouteTable{},
		ID: "rtb-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:route-table/{id}",
		Properties: engine.Properties{
			"ownerId":            {engine.Computed("{account}")},
			"routes":             {engine.Set, engine.Kept, engine.Otherwise([]any{})},
			"routes[].cidrBlock": {engine.Ipv4Network(0, 32)},
			"routes[].gatewayId": {engine.Refers{To: view.InternetGatewayType, Code: "InvalidInternetGatewayID.NotFound"}},
			"vpcId":              {engine.ForceNew, engine.Refers{To: view.VPCType, Code: "InvalidVpcID.NotFound"}},
		},

		Quota:  engine.Quota{Name: "Route tables per VPC", Limit: 200, Per: "vpcId", Code: "RouteTableLimitExceeded"},
		Create: []string{"ec2:CreateRouteTable", "ec2:DescribeRouteTables", "ec2:CreateTags"},
		Read:   []string{"ec2:DescribeRouteTables"},
		Update: []string{"ec2:ReplaceRoute", "ec2:CreateTags", "ec2:DeleteTags"},
		When:   map[string][]string{"ec2:ReplaceRoute": {"routes"}},
		Delete: []string{"ec2:DeleteRouteTable"},
		Shared: sharedRouteTables,
	}
}

func routeTableAssociationSpec() *engine.Type {
	return &engine.Type{
		Token: view.RouteTableAssociationType, Title: "EC2 Route Table Association",
		Args: ec2.RouteTableAssociationArgs{}, State: ec2.RouteTableAssociation{},
		ID: "rtbassoc-{ec2}",
		Properties: engine.Properties{
			"routeTableId": {engine.Refers{To: view.RouteTableType, Code: "InvalidRouteTableID.NotFound", SameVPCAs: "subnetId", VPCCode: "InvalidParameterValue"}},
			// Associations with gateways are not simulated.
			"subnetId": {engine.Required, engine.ForceNew, engine.Refers{To: view.SubnetType, Code: "InvalidSubnetID.NotFound", Holds: engine.Cascades}},
		},

		Unique: []string{"subnetId"}, Conflict: "Resource.AlreadyAssociated",
		// It is imported as "subnet-…/rtb-…".
		Imported: func(op *engine.Op, id string) *engine.Resource {
			subnet, table, _ := strings.Cut(id, "/")
			if found := op.FindBy(view.RouteTableAssociationType, "subnetId", subnet); found != nil && found.Properties.Text("routeTableId") == table {
				return found
			}
			return nil
		},
		Create: []string{"ec2:AssociateRouteTable", "ec2:DescribeRouteTables"},
		Read:   []string{"ec2:DescribeRouteTables"},
		Update: []string{"ec2:ReplaceRouteTableAssociation"},
		Delete: []string{"ec2:DisassociateRouteTable"},
	}
}

func routeSpec() *engine.Type {
	return &engine.Type{
		Token: view.RouteType, Title: "EC2 Route", Args: ec2.RouteArgs{}, State: ec2.Route{},
		Identify: func(op *engine.Op) { // routeCreateID of internal/service/ec2/vpc_route.go
			op.ID = fmt.Sprintf("r-%s%d", op.Inputs.Text("routeTableId"), crc32.ChecksumIEEE([]byte(op.Inputs.Text("destinationCidrBlock"))))
		},
		// Routes to internet gateways are the only kind that is simulated.
		Properties: engine.Properties{
			"destinationCidrBlock": {engine.Required, engine.ForceNew, engine.Ipv4Network(0, 32)},
			"gatewayId":            {engine.Required, engine.Refers{To: view.InternetGatewayType, Code: "InvalidInternetGatewayID.NotFound", SameVPCAs: "routeTableId", VPCCode: "InvalidParameterValue"}},
			"origin":               {engine.Computed("CreateRoute")},
			"state":                {engine.Computed("active")},
			"routeTableId":         {engine.ForceNew, engine.Refers{To: view.RouteTableType, Code: "InvalidRouteTableID.NotFound", Holds: engine.Cascades}},
		},

		Unique: []string{"routeTableId", "destinationCidrBlock"}, Conflict: "RouteAlreadyExists",
		Create: []string{"ec2:CreateRoute", "ec2:DescribeRouteTables"},
		Read:   []string{"ec2:DescribeRouteTables"},
		Update: []string{"ec2:ReplaceRoute"},
		Delete: []string{"ec2:DeleteRoute"},
	}
}

func internetGatewaySpec() *engine.Type {
	return &engine.Type{
		Token: view.InternetGatewayType, Title: "EC2 Internet Gateway", Args: ec2.InternetGatewayArgs{}, State: ec2.InternetGateway{},
		ID: "igw-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:internet-gateway/{id}",
		Properties: engine.Properties{
			"ownerId": {engine.Computed("{account}")},
			"vpcId":   {engine.Refers{To: view.VPCType, Code: "InvalidVpcID.NotFound"}},
		},
		Unique: []string{"vpcId"}, Conflict: "Resource.AlreadyAssociated",
		Create: []string{"ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:DescribeInternetGateways", "ec2:CreateTags"},
		Read:   []string{"ec2:DescribeInternetGateways"},
		Update: []string{"ec2:DetachInternetGateway", "ec2:AttachInternetGateway", "ec2:CreateTags", "ec2:DeleteTags"},
		When:   map[string][]string{"ec2:AttachInternetGateway": {"vpcId"}, "ec2:DetachInternetGateway": {"vpcId"}},
		Delete: []string{"ec2:DeleteInternetGateway", "ec2:DetachInternetGateway"},
	}
}

// RouteTableOf is the route table that a subnet uses: the one it is associated
// with, or its VPC's main one.
func RouteTableOf(op *engine.Op, subnet *engine.Resource) *engine.Resource {
	op = ownersView(op, subnet)
	if association := op.FindBy(view.RouteTableAssociationType, "subnetId", subnet.ID); association != nil {
		return op.Find(view.RouteTableType, association.Properties.Text("routeTableId"))
	}
	for _, table := range op.Having(view.RouteTableType, "vpcId", subnet.Properties.Text("vpcId")) {
		if table.Hidden.Flag(engine.MadeByAWS) {
			return table
		}
	}
	return nil
}

// LeadsToInternet reports whether a route table has a default route to an
// internet gateway.
func LeadsToInternet(op *engine.Op, table *engine.Resource) bool {
	for _, route := range table.Properties.Objects("routes") {
		if route.Text("cidrBlock") == "0.0.0.0/0" && route.Has("gatewayId") {
			return true
		}
	}
	for _, route := range ownersView(op, table).Having(view.RouteType, "routeTableId", table.ID) {
		if route.Properties.Text("destinationCidrBlock") == "0.0.0.0/0" {
			return true
		}
	}
	return false
}
