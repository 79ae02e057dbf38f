package ec2

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// VPCEndpoints is VPC endpoints, interface and gateway.
func VPCEndpoints() engine.Service {
	return engine.Service{
		Forwards: engine.Forwards{"ec2:CreateVpcEndpoint": {"route53:AssociateVPCWithHostedZone hidden"}},
		Types:    []*engine.Type{vpcEndpointSpec()}, Functions: vpcEndpointFunctions(),
	}
}

func vpcEndpointSpec() *engine.Type {
	return &engine.Type{
		Token: view.VPCEndpointType, Title: "EC2 VPC Endpoint", Args: ec2.VpcEndpointArgs{}, State: ec2.VpcEndpoint{},
		ID: "vpce-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}",
		Properties: engine.Properties{
			"dnsOptions.dnsRecordIpType":      {engine.OneOf("ipv4", "dualstack", "ipv6", "service-defined")},
			"ipAddressType":                   {engine.OneOf("ipv4", "dualstack", "ipv6"), engine.Otherwise("ipv4")},
			"ownerId":                         {engine.Computed("{account}")},
			"policy":                          {engine.JSON, engine.Length(0, 20480), engine.OtherwiseWhen(isInterface, fullAccess), engine.OtherwiseWhen(engine.Not(isInterface), fullAccessOfGateway)},
			"privateDnsEnabled":               {onInterfaces, engine.Otherwise(false)},
			"requesterManaged":                {engine.Computed(false)},
			"routeTableIds":                   {engine.Set, engine.Kept, engine.OnlyWhen(engine.Is("vpcEndpointType", "Gateway"), "Gateway endpoints")},
			"routeTableIds[]":                 {inVPC(view.RouteTableType, "InvalidRouteTableID.NotFound")},
			"securityGroupIds":                {engine.Set, engine.Kept, onInterfaces, engine.Items(0, 5)},
			"securityGroupIds[]":              {inVPC(view.SecurityGroupType, "InvalidGroup.NotFound")},
			"serviceName":                     {engine.Required, engine.ForceNew}, // the other targets of PrivateLink are not simulated
			"serviceRegion":                   {engine.Otherwise("{region}")},
			"state":                           {engine.Computed("available")},
			"subnetConfigurations":            {engine.Set, engine.Kept, onInterfaces},
			"subnetConfigurations[].ipv4":     {engine.Pattern(`\d+\.\d+\.\d+\.\d+`, "an IPv4 address")},
			"subnetConfigurations[].subnetId": {engine.Pattern(`subnet-[0-9a-z]+`, "a subnet ID")},
			"subnetIds":                       {engine.Set, engine.Kept, onInterfaces},
			"subnetIds[]":                     {inVPC(view.SubnetType, "InvalidSubnetID.NotFound")},
			"vpcEndpointType":                 {engine.ForceNew, engine.Default("Gateway"), engine.OneOf("Gateway", "Interface")},
			"vpcId":                           {engine.ForceNew, engine.Refers{To: view.VPCType, Code: "InvalidVpcID.NotFound"}},
		},

		Check:    configuredSubnets,
		Quota:    engine.Quota{Name: "Interface VPC endpoints per VPC", Limit: 50, Per: "vpcId", Code: "VpcEndpointLimitExceeded"},
		Create:   []string{"ec2:CreateVpcEndpoint", "ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists", "ec2:CreateTags"},
		Read:     []string{"ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists", "ec2:DescribeNetworkInterfaces"}, // internal/service/ec2/vpc_endpoint.go
		Update:   []string{"ec2:ModifyVpcEndpoint", "ec2:DescribeVpcEndpoints", "ec2:CreateTags", "ec2:DeleteTags"},
		Delete:   []string{"ec2:DeleteVpcEndpoints", "ec2:DescribeVpcEndpoints"},
		OnCreate: placeEndpoint, OnUpdate: placeEndpoint,
		OnDelete: func(op *engine.Op) error { DetachAll(op, op.ID); return nil },
	}
}

var isInterface = engine.Is("vpcEndpointType", "Interface")

// onInterfaces is what gateway endpoints have none of.
var onInterfaces = engine.OnlyWhen(isInterface, "Interface endpoints; vpcEndpointType is Gateway (the default)")

// inVPC refers to a resource of the endpoint's VPC.
func inVPC(token, code string) engine.Refers {
	return engine.Refers{To: token, Code: code, SameVPCAs: "vpcId", VPCCode: "InvalidParameter"}
}

// The policies of endpoints for which none is stated, as the provider sorts them.
// https://docs.aws.amazon.com/cli/latest/reference/ec2/describe-vpc-endpoints.html
// has both in its examples.
const (
	fullAccess          = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`
	fullAccessOfGateway = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}`
)

// configuredSubnets holds subnetConfigurations to the endpoint's subnets.
func configuredSubnets(inputs engine.Object) []engine.Problem {
	if !inputs.Known("subnetIds") || !inputs.Known("subnetConfigurations") {
		return nil
	}
	var problems []engine.Problem
	for _, configuration := range inputs.Objects("subnetConfigurations") {
		if !slices.Contains(inputs.Texts("subnetIds"), configuration.Text("subnetId")) {
			problems = append(problems, engine.Problem{Property: "subnetConfigurations", Reason: "names subnet " + configuration.Text("subnetId") + ", which subnetIds does not"})
		}
	}
	return problems
}

// interfaceServices is the services that have an interface endpoint here, by
// the end of their name.
var interfaceServices = []string{
	"execute-api", "logs", "ecr.api", "ecr.dkr", "s3", "sts", "ecs", "ecs-agent", "ecs-telemetry",
	"secretsmanager", "ssm", "ssmmessages", "monitoring", "kms", "elasticloadbalancing", "apigateway",
}

// GatewayServices are the services with gateway endpoints.
var GatewayServices = []string{"s3", "dynamodb"}

// ServiceOf is the end of an endpoint service's name, "ecr.api" of
// "com.amazonaws.us-east-1.ecr.api", or "" for services of another region.
func ServiceOf(name, region string) string {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "cn."), "com.amazonaws."+region+".")
	if !ok {
		return ""
	}
	return rest
}

// zonesWithout is the zones where a service has no interface endpoints, by
// zone ID. Programs must ask with getVpcEndpointService; that execute-api
// lacks use1-az3 is how accounts of us-east-1 often meet this.
var zonesWithout = map[string][]string{"execute-api": {"use1-az3"}}

// placeEndpoint checks an endpoint's prerequisites and attaches its
// interfaces.
func placeEndpoint(op *engine.Op) error {
	name := op.Inputs.Text("serviceName")
	service := ServiceOf(name, op.Region)
	offered := interfaceServices
	if op.Inputs.Text("vpcEndpointType") == "Gateway" {
		offered = GatewayServices
	}
	if !slices.Contains(offered, service) {
		return op.Refuse("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist as %s in %s", name, op.Inputs.Text("vpcEndpointType"), op.Region)
	}
	if op.Inputs.Text("vpcEndpointType") == "Gateway" {
		return placeGateway(op, service)
	}
	return placeInterfaces(op, service)
}

func placeGateway(op *engine.Op, service string) error {
	op.Outputs["prefixListId"] = PrefixListID(op.Region, service)
	op.Outputs["cidrBlocks"] = engine.List(PrefixListNetworks(service)...)
	for _, other := range op.Having(view.VPCEndpointType, "serviceName", op.Inputs.Text("serviceName")) {
		for _, table := range op.Inputs.Texts("routeTableIds") {
			if other.ID != op.ID && slices.Contains(other.Properties.Texts("routeTableIds"), table) {
				return op.Refuse("RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s by %s", table, op.Outputs["prefixListId"], other.ID)
			}
		}
	}
	return nil
}

func placeInterfaces(op *engine.Op, service string) error {
	vpc := op.Ref("vpcId")
	if op.Inputs.Flag("privateDnsEnabled") {
		if err := checkPrivateDNS(op, vpc); err != nil {
			return err
		}
	}
	groups := op.Inputs.Texts("securityGroupIds")
	if len(groups) == 0 {
		groups = []string{vpc.Properties.Text("defaultSecurityGroupId")}
		op.Outputs["securityGroupIds"] = engine.List(groups...)
	}
	if err := attachEndpoint(op, service, groups); err != nil {
		return err
	}
	op.Outputs["dnsEntries"] = endpointNames(op, service)
	return nil
}

// checkPrivateDNS refuses what would give one name two meanings in a VPC.
func checkPrivateDNS(op *engine.Op, vpc *engine.Resource) error {
	if !vpc.Properties.Flag("enableDnsSupport") || !vpc.Properties.Flag("enableDnsHostnames") {
		return op.Refuse("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", vpc.ID)
	}
	for _, other := range op.Having(view.VPCEndpointType, "vpcId", vpc.ID) {
		if other.ID != op.ID && other.Properties.Text("serviceName") == op.Inputs.Text("serviceName") && other.Properties.Flag("privateDnsEnabled") {
			return op.Refuse("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s: endpoint %s",
				op.Inputs.Text("serviceName"), vpc.ID, other.ID)
		}
	}
	return nil
}

// attachEndpoint gives the endpoint a network interface in each of its subnets. An
// update leaves those that it has, unless the provider sends subnet configurations,
// which it does with all of them as soon as one has changed. AWS then "replaces the
// underlying network interface", which "temporarily disconnects" the endpoint.
// Whether it does so for an address that the interface has already is not
// documented; here it does.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
// and resourceVPCEndpointUpdate of
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ec2/vpc_endpoint.go
//
// networkInterfaceIds is an output like others, so that the preview of an update
// shows those from before it, as the provider does:
// https://github.com/hashicorp/terraform-provider-aws/issues/44824
func attachEndpoint(op *engine.Op, service string, groups []string) error {
	addresses := map[string]string{}
	if op.Before == nil || sendsConfigurations(op) {
		for _, configuration := range op.Inputs.Objects("subnetConfigurations") {
			addresses[configuration.Text("subnetId")] = configuration.Text("ipv4")
		}
	}
	existing := map[string]*engine.Resource{}
	for _, r := range InterfacesOf(op, op.ID) {
		if subnet := r.Properties.Text("subnetId"); addresses[subnet] == "" && slices.Contains(op.Inputs.Texts("subnetIds"), subnet) {
			existing[subnet] = r
		} else {
			op.Remove(r)
		}
	}
	zones := map[string]string{}
	var ids []string
	var configurations []any
	subnets := slices.SortedFunc(slices.Values(op.Refs("subnetIds[]")), func(a, b *engine.Resource) int { return strings.Compare(a.ID, b.ID) })
	for _, subnet := range subnets {
		id, zone := subnet.ID, subnet.Properties.Text("availabilityZone")
		switch {
		case zones[zone] != "":
			return op.Refuse("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s: %s", id, zones[zone])
		case slices.Contains(zonesWithout[service], ZoneID(op.Account, zone)):
			return op.Refuse("InvalidParameter", "The VPC endpoint service %s does not support the availability zone of the subnet: %s (%s)", op.Inputs.Text("serviceName"), id, zone)
		}
		zones[zone] = id
		r := existing[id]
		if r == nil {
			var err error
			if r, err = Attach(op, subnet, addresses[id], groups, "VPC Endpoint Interface "+op.ID); err != nil {
				return err
			}
		} else {
			changed := *r
			changed.Properties = r.Properties.Clone()
			changed.Properties["securityGroups"] = engine.List(groups...)
			op.Put(changed)
		}
		ids = append(ids, r.ID)
		configurations = append(configurations, map[string]any{"subnetId": id, "ipv4": r.Properties["privateIp"]})
	}
	op.Outputs["networkInterfaceIds"], op.Outputs["subnetIds"] = engine.List(ids...), engine.List(slices.Sorted(slices.Values(op.Inputs.Texts("subnetIds")))...)
	op.Outputs["subnetConfigurations"] = configurations // of all interfaces, chosen addresses or not
	return nil
}

// sendsConfigurations reports whether the program's subnet configurations differ from
// those that the endpoint has.
func sendsConfigurations(op *engine.Op) bool {
	stated := op.Inputs["subnetConfigurations"]
	return !engine.IsEmpty(stated) && !engine.EqualValues(stated, op.Before.Properties["subnetConfigurations"], true) && !slices.Contains(op.Ignored, "subnetConfigurations")
}

// endpointNames is the endpoint's DNS names: the regional one first, one per
// zone, and with private DNS the service's own.
func endpointNames(op *engine.Op, service string) []any {
	suffix := "." + service + "." + op.Region + ".vpce." + op.DNSSuffix()
	label, zone := op.ID+"-"+op.PartOf(engine.Alphanumeric, 8), op.HostedZoneOf("vpce")
	names := []string{label + suffix}
	for _, subnet := range op.Refs("subnetIds[]") {
		names = append(names, label+"-"+subnet.Properties.Text("availabilityZone")+suffix)
	}
	slices.Sort(names[1:])
	entries := make([]any, 0, len(names)+1)
	for _, name := range names {
		entries = append(entries, map[string]any{"dnsName": name, "hostedZoneId": zone})
	}
	if op.Inputs.Flag("privateDnsEnabled") {
		entries = append(entries, map[string]any{"dnsName": privateName(service, op.Region, op.DNSSuffix()), "hostedZoneId": op.HostedZoneOf(op.ID)})
	}
	return entries
}

// privateName is the name that private DNS answers for a service.
func privateName(service, region, suffix string) string {
	switch service {
	case "execute-api":
		return "*.execute-api." + region + "." + suffix
	case "ecr.api":
		return "api.ecr." + region + "." + suffix
	case "ecr.dkr":
		return "*.dkr.ecr." + region + "." + suffix
	}
	return service + "." + region + "." + suffix
}

// PrefixListID is the ID of AWS's own prefix list of a gateway service.
func PrefixListID(region, service string) string {
	sum := sha256.Sum256([]byte("prefix list|" + region + "|" + service))
	return "pl-" + hex.EncodeToString(sum[:])[:8]
}

// PrefixListNetworks is documentation networks in place of the service's.
func PrefixListNetworks(service string) []string {
	if service == "s3" {
		return []string{"198.51.100.0/25"}
	}
	return []string{"198.51.100.128/25"}
}

// prefixLists is AWS's own prefix lists in a region: name by ID.
func prefixLists(region string) map[string]string {
	lists := map[string]string{}
	for _, service := range GatewayServices {
		lists[PrefixListID(region, service)] = "com.amazonaws." + region + "." + service
	}
	return lists
}

// prefixListHolds reports whether a prefix list covers an address.
func prefixListHolds(region, id string, address netip.Addr) bool {
	for _, network := range PrefixListNetworks(ServiceOf(prefixLists(region)[id], region)) {
		if netip.MustParsePrefix(network).Contains(address) {
			return true
		}
	}
	return false
}
