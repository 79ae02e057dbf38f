package ec2

import (
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// authorization is what EC2's actions are checked against. A new resource has no
// ID yet: its ARN ends in an asterisk.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"ec2:CreateTags": withoutNewID(engine.Tagged("ec2:CreateAction")),
		"ec2:DeleteTags": engine.Self,

		"ec2:CreateVpc":             created(),
		"ec2:CreateSubnet":          engine.All(created(), engine.Its("vpcId")),
		"ec2:CreateRouteTable":      engine.All(created(), engine.Its("vpcId")),
		"ec2:CreateSecurityGroup":   engine.All(created(), engine.Its("vpcId")),
		"ec2:CreateVpcEndpoint":     engine.All(created(), engine.Its("vpcId", "subnetIds[]", "securityGroupIds[]", "routeTableIds[]")),
		"ec2:CreateInternetGateway": created(),
		"ec2:CreateFlowLogs":        engine.All(created(), engine.Its("vpcId")),
		"iam:PassRole":              engine.WithKey("iam:PassedToService", engine.Constant(flowLogsService), engine.Its("iamRoleArn")),

		"ec2:ModifyVpcEndpoint":           engine.All(engine.Self, engine.Changed("subnetIds[]", "securityGroupIds[]", "routeTableIds[]")),
		"ec2:ModifySecurityGroupRules":    engine.All(engine.Its("securityGroupId"), engine.Self),
		"ec2:AssociateVpcCidrBlock":       engine.Its("vpcId"),
		"ec2:DisassociateVpcCidrBlock":    engine.Its("vpcId"),
		"ec2:CreateSubnetCidrReservation": engine.Its("subnetId"),
		"ec2:DeleteSubnetCidrReservation": engine.Its("subnetId"),

		"route53:AssociateVPCWithHostedZone hidden": hiddenZone,
	}
	a.Each(engine.All(created(), engine.Its("securityGroupId")), "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress")
	// A new group loses the rule that lets everything out.
	a.Each(revoked, "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress")
	a.Each(withoutNewID(engine.Self), "ec2:ModifyVpcAttribute", "ec2:ModifySubnetAttribute")
	a.Each(engine.Self, "ec2:DeleteFlowLogs", "ec2:DeleteInternetGateway", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints")
	a.Each(engine.Its("routeTableId"), "ec2:CreateRoute", "ec2:DeleteRoute", "ec2:ReplaceRoute")
	a.Each(engine.Its("routeTableId", "subnetId"), "ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:ReplaceRouteTableAssociation")
	a.Each(engine.All(withoutNewID(engine.Self), engine.Its("vpcId")), "ec2:AttachInternetGateway", "ec2:DetachInternetGateway")
	for _, what := range []string{
		"AccountAttributes", "Addresses", "AvailabilityZones", "FlowLogs", "Instances", "InternetGateways", "NetworkAcls", "NetworkInterfaces", "PrefixLists", "RouteTables", "SecurityGroupRules",
		"SecurityGroups", "Subnets", "VpcAttribute", "VpcEndpoints", "VpcEndpointServices", "Vpcs",
	} {
		a["ec2:Describe"+what] = engine.NoResource
	}
	a["ec2:GetSubnetCidrReservations"] = engine.NoResource
	return a
}

// hiddenZone is the private hosted zone by which AWS answers for a service in the VPC of
// an endpoint with private DNS: the reference names AssociateVPCWithHostedZone as a
// dependent action of CreateVpcEndpoint. The zone is AWS's, and its ID unknown.
func hiddenZone(op *engine.Op) []engine.Checked {
	if !op.Inputs.Flag("privateDnsEnabled") {
		return nil
	}
	return []engine.Checked{{ARN: op.Fill("arn:{partition}:route53:::hostedzone/") + op.HostedZoneOf("private DNS"),
		Context: map[string][]string{"route53:VPCs": {"VPCId=" + op.Inputs.Text("vpcId") + ",VPCRegion=" + op.Region}}}}
}

func created() engine.Targets { return withoutNewID(engine.Created) }

// withoutNewID takes the ID out of the ARN of a resource that an operation makes.
func withoutNewID(targets engine.Targets) engine.Targets {
	return func(op *engine.Op) []engine.Checked {
		on := targets(op)
		for i := range on {
			if op.Creating() {
				on[i].ARN = on[i].ARN[:strings.LastIndexByte(on[i].ARN, '/')+1] + "*"
			}
		}
		return on
	}
}

// revoked is the group that a rule is taken from, and the rule where it is a
// resource.
func revoked(op *engine.Op) []engine.Checked {
	if op.Creating() {
		return withoutNewID(engine.Self)(op)
	}
	return engine.All(engine.Its("securityGroupId"), engine.Self)(op)
}
