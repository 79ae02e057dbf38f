package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// vpcEndpointService is VPC endpoints, interface and gateway.
func vpcEndpointService() service {
	return service{types: []*typeSpec{vpcEndpointSpec()}, functions: vpcEndpointFunctions()}
}

func vpcEndpointSpec() *typeSpec {
	return &typeSpec{
		token: vpcEndpointType, title: "EC2 VPC Endpoint", args: ec2.VpcEndpointArgs{}, state: ec2.VpcEndpoint{},
		id: "vpce-{hash}", arn: "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}",
		defaults:  Object{"vpcEndpointType": "Gateway"},
		required:  []string{"serviceName"}, // the other targets of PrivateLink are not simulated
		immutable: []string{"serviceName", "vpcEndpointType", "vpcId"},
		sets:      []string{"routeTableIds", "securityGroupIds", "subnetConfigurations", "subnetIds"},
		documents: []string{"policy"},
		rules: map[string][]rule{
			"vpcEndpointType":                 {oneOf("Gateway", "Interface")},
			"ipAddressType":                   {oneOf("ipv4", "dualstack", "ipv6")},
			"dnsOptions.dnsRecordIpType":      {oneOf("ipv4", "dualstack", "ipv6", "service-defined")},
			"policy":                          {length(0, 20480)},
			"securityGroupIds":                {items(0, 5)},
			"subnetConfigurations[].ipv4":     {pattern(`\d+\.\d+\.\d+\.\d+`, "an IPv4 address")},
			"subnetConfigurations[].subnetId": {pattern(`subnet-[0-9a-z]+`, "a subnet ID")},
		},
		check: vpcEndpointProblems,
		refs: []ref{
			{at: "vpcId", to: vpcType, code: "InvalidVpcID.NotFound"},
			{at: "subnetIds[]", to: subnetType, code: "InvalidSubnetID.NotFound"},
			{at: "securityGroupIds[]", to: securityGroupType, code: "InvalidGroup.NotFound"},
			{at: "routeTableIds[]", to: routeTableType, code: "InvalidRouteTableID.NotFound"},
		},
		quota:    quota{name: "Interface VPC endpoints per VPC", limit: 50, per: "vpcId", code: "VpcEndpointLimitExceeded"},
		create:   []string{"ec2:CreateVpcEndpoint", "ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists", "ec2:CreateTags"},
		read:     []string{"ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists"},
		update:   []string{"ec2:ModifyVpcEndpoint", "ec2:DescribeVpcEndpoints", "ec2:CreateTags", "ec2:DeleteTags"},
		delete:   []string{"ec2:DeleteVpcEndpoints", "ec2:DescribeVpcEndpoints"},
		onCreate: placeEndpoint, onUpdate: placeEndpoint,
		onDelete: func(c *call) error { c.detachAll(c.id); return nil },
	}
}

func vpcEndpointProblems(inputs Object) []problem {
	var problems []problem
	isGateway := inputs.Text("vpcEndpointType") == "Gateway"
	for _, name := range []string{"privateDnsEnabled", "securityGroupIds", "subnetConfigurations", "subnetIds"} {
		if isGateway && inputs.Has(name) && !isEmpty(inputs[name]) && inputs[name] != false {
			problems = append(problems, problem{name, "belongs to Interface endpoints; vpcEndpointType is Gateway (the default)"})
		}
	}
	if !isGateway && inputs.Known("vpcEndpointType") && len(inputs.Texts("routeTableIds")) > 0 {
		problems = append(problems, problem{"routeTableIds", "belongs to Gateway endpoints"})
	}
	if inputs.Known("subnetIds") && inputs.Known("subnetConfigurations") {
		for _, configuration := range inputs.Objects("subnetConfigurations") {
			if !slices.Contains(inputs.Texts("subnetIds"), configuration.Text("subnetId")) {
				problems = append(problems, problem{"subnetConfigurations", "names subnet " + configuration.Text("subnetId") + ", which subnetIds does not"})
			}
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

var gatewayServices = []string{"s3", "dynamodb"}

// serviceOf is the end of an endpoint service's name, "ecr.api" of
// "com.amazonaws.us-east-1.ecr.api", or "" for services of another region.
func serviceOf(name, region string) string {
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

// placeEndpoint checks what an endpoint needs to stand and attaches its
// interfaces.
func placeEndpoint(c *call) error {
	name := c.inputs.Text("serviceName")
	service := serviceOf(name, c.region)
	offered := interfaceServices
	if c.inputs.Text("vpcEndpointType") == "Gateway" {
		offered = gatewayServices
	}
	if !slices.Contains(offered, service) {
		return c.refuse("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist as %s in %s", name, c.inputs.Text("vpcEndpointType"), c.region)
	}
	for property, value := range (Object{"ownerId": c.account, "state": "available", "requesterManaged": false, "serviceRegion": c.region,
		"privateDnsEnabled": c.inputs.Flag("privateDnsEnabled"), "ipAddressType": "ipv4", "policy": `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`}) {
		if c.outputs[property] == nil {
			c.outputs[property] = value
		}
	}
	if c.inputs.Text("vpcEndpointType") == "Gateway" {
		return c.placeGateway(service)
	}
	return c.placeInterfaces(service)
}

func (c *call) placeGateway(service string) error {
	c.outputs["prefixListId"] = prefixListID(c.region, service)
	c.outputs["cidrBlocks"] = list(prefixListNetworks(service)...)
	for _, other := range c.all(vpcEndpointType) {
		for _, table := range c.inputs.Texts("routeTableIds") {
			if other.ID != c.id && other.Properties.Text("serviceName") == c.inputs.Text("serviceName") && slices.Contains(other.Properties.Texts("routeTableIds"), table) {
				return c.refuse("RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s by %s", table, c.outputs["prefixListId"], other.ID)
			}
		}
	}
	for _, id := range c.inputs.Texts("routeTableIds") {
		if c.find(routeTableType, id).Properties.Text("vpcId") != c.inputs.Text("vpcId") {
			return c.refuse("InvalidParameter", "Route table %s does not belong to VPC %s", id, c.inputs.Text("vpcId"))
		}
	}
	return nil
}

func (c *call) placeInterfaces(service string) error {
	vpc := c.find(vpcType, c.inputs.Text("vpcId"))
	if c.inputs.Flag("privateDnsEnabled") {
		if err := c.checkPrivateDNS(vpc); err != nil {
			return err
		}
	}
	groups := c.inputs.Texts("securityGroupIds")
	for _, id := range groups {
		if c.find(securityGroupType, id).Properties.Text("vpcId") != vpc.ID {
			return c.refuse("InvalidParameter", "Security group %s does not belong to VPC %s", id, vpc.ID)
		}
	}
	if len(groups) == 0 {
		groups = []string{vpc.Properties.Text("defaultSecurityGroupId")}
		c.outputs["securityGroupIds"] = list(groups...)
	}
	if err := c.attachEndpoint(service, vpc, groups); err != nil {
		return err
	}
	c.outputs["dnsEntries"] = c.endpointNames(service)
	return nil
}

// checkPrivateDNS refuses what would give one name two meanings in a VPC.
func (c *call) checkPrivateDNS(vpc *Resource) error {
	if !vpc.Properties.Flag("enableDnsSupport") || !vpc.Properties.Flag("enableDnsHostnames") {
		return c.refuse("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", vpc.ID)
	}
	for _, other := range c.all(vpcEndpointType) {
		if other.ID != c.id && other.Properties.Text("vpcId") == vpc.ID && other.Properties.Text("serviceName") == c.inputs.Text("serviceName") && other.Properties.Flag("privateDnsEnabled") {
			return c.refuse("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s: endpoint %s",
				c.inputs.Text("serviceName"), vpc.ID, other.ID)
		}
	}
	return nil
}

func (c *call) attachEndpoint(service string, vpc *Resource, groups []string) error {
	addresses, zones := map[string]string{}, map[string]string{}
	for _, configuration := range c.inputs.Objects("subnetConfigurations") {
		addresses[configuration.Text("subnetId")] = configuration.Text("ipv4")
	}
	standing := map[string]*Resource{}
	for _, r := range c.interfacesOf(c.id) {
		standing[r.Properties.Text("subnetId")] = r
		c.remove(r)
	}
	var ids []string
	for _, id := range slices.Sorted(slices.Values(c.inputs.Texts("subnetIds"))) {
		subnet := c.find(subnetType, id)
		zone := subnet.Properties.Text("availabilityZone")
		switch {
		case subnet.Properties.Text("vpcId") != vpc.ID:
			return c.refuse("InvalidParameter", "Subnet %s does not belong to VPC %s", id, vpc.ID)
		case zones[zone] != "":
			return c.refuse("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s: %s", id, zones[zone])
		case slices.Contains(zonesWithout[service], zoneID(zone)):
			return c.refuse("InvalidParameter", "The VPC endpoint service %s does not support the availability zone of the subnet: %s (%s)", c.inputs.Text("serviceName"), id, zone)
		}
		zones[zone] = id
		address := addresses[id]
		if old := standing[id]; old != nil && address == "" {
			address = old.Properties.Text("privateIp")
		}
		r, err := c.attach(subnet, address, groups, "VPC Endpoint Interface "+c.id)
		if err != nil {
			return err
		}
		ids = append(ids, r.ID)
	}
	c.outputs["networkInterfaceIds"], c.outputs["subnetIds"] = list(ids...), list(slices.Sorted(slices.Values(c.inputs.Texts("subnetIds")))...)
	return nil
}

// endpointNames is the endpoint's DNS names: the regional one first, one per
// zone, and with private DNS the service's own.
func (c *call) endpointNames(service string) []any {
	suffix := "." + service + "." + c.region + ".vpce." + c.dnsSuffix()
	label, zone := c.id+"-"+c.partOf(8), c.hostedZoneOf("vpce")
	names := []string{label + suffix}
	for _, id := range c.outputs.Texts("subnetIds") {
		names = append(names, label+"-"+c.find(subnetType, id).Properties.Text("availabilityZone")+suffix)
	}
	entries := make([]any, 0, len(names)+1)
	for _, name := range names {
		entries = append(entries, map[string]any{"dnsName": name, "hostedZoneId": zone})
	}
	if c.inputs.Flag("privateDnsEnabled") {
		entries = append(entries, map[string]any{"dnsName": privateName(service, c.region, c.dnsSuffix()), "hostedZoneId": c.hostedZoneOf(c.id)})
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

// prefixListID is the ID of AWS's own prefix list of a gateway service.
func prefixListID(region, service string) string {
	sum := sha256.Sum256([]byte("prefix list|" + region + "|" + service))
	return "pl-" + hex.EncodeToString(sum[:])[:8]
}

// prefixListNetworks is documentation networks that stand for the service's.
func prefixListNetworks(service string) []string {
	if service == "s3" {
		return []string{"198.51.100.0/25"}
	}
	return []string{"198.51.100.128/25"}
}

// prefixLists is AWS's own prefix lists in a region: name by ID.
func prefixLists(region string) map[string]string {
	lists := map[string]string{}
	for _, service := range gatewayServices {
		lists[prefixListID(region, service)] = "com.amazonaws." + region + "." + service
	}
	return lists
}

// prefixListHolds tells whether a prefix list covers an address.
func prefixListHolds(region, id string, address netip.Addr) bool {
	for _, network := range prefixListNetworks(serviceOf(prefixLists(region)[id], region)) {
		if netip.MustParsePrefix(network).Contains(address) {
			return true
		}
	}
	return false
}
