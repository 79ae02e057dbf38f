package awssim

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// filterNames maps the EC2 API's filter names to properties of our resources.
// Tags go by "tag:Name".
var filterNames = map[string]string{
	"vpc-id": "vpcId", "subnet-id": "id", "vpc-endpoint-id": "id", "group-id": "id", "route-table-id": "id", "network-interface-id": "id",
	"group-name": "name", "cidr": "cidrBlock", "cidr-block": "cidrBlock", "availability-zone": "availabilityZone",
	"service-name": "serviceName", "vpc-endpoint-type": "vpcEndpointType", "state": "state", "owner-id": "ownerId",
	"association.subnet-id": "association.subnet-id", "association.main": "association.main", "private-ip-address": "privateIp",
}

// described is the resources of a type that a data source's arguments choose:
// equalities by property, tags and filters.
func (c *call) described(token string, equal ...string) ([]*Resource, error) {
	var found []*Resource
	for _, r := range c.all(token) {
		ok, err := c.chosen(r, equal)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, r)
		}
	}
	return found, nil
}

func (c *call) chosen(r *Resource, equal []string) (bool, error) {
	for _, name := range equal {
		if want := c.inputs.Text(name); want != "" && want != r.value(name) {
			return false, nil
		}
	}
	tags := r.Properties.Object("tagsAll")
	for name, value := range c.inputs.Object("tags") {
		if tags[name] != value {
			return false, nil
		}
	}
	for _, filter := range c.inputs.Objects("filters") {
		have, err := c.filterValues(r, filter.Text("name"))
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(have, func(v string) bool { return slices.Contains(filter.Texts("values"), v) }) {
			return false, nil
		}
	}
	return true, nil
}

func (r *Resource) value(name string) string {
	if name == "id" {
		return r.ID
	}
	return r.Properties.Text(name)
}

func (c *call) filterValues(r *Resource, filter string) ([]string, error) {
	if tag, ok := strings.CutPrefix(filter, "tag:"); ok {
		return []string{r.Properties.Object("tagsAll").Text(tag)}, nil
	}
	switch name := filterNames[filter]; name {
	case "":
		return nil, c.refuse("InvalidParameterValue", "The filter '%s' is invalid", filter)
	case "association.main":
		if r.Hidden.Flag(belongsToVPC) {
			return []string{"true"}, nil
		}
		return []string{"false"}, nil
	case "association.subnet-id":
		return c.subnetsAssociated(r), nil
	case "state":
		return []string{"available"}, nil
	default:
		return []string{r.value(name)}, nil
	}
}

// subnetsAssociated is the subnets with which a route table is explicitly
// associated.
func (c *call) subnetsAssociated(table *Resource) []string {
	var subnets []string
	for _, association := range c.all(routeTableAssociationType) {
		if association.Properties.Text("routeTableId") == table.ID {
			subnets = append(subnets, association.Properties.Text("subnetId"))
		}
	}
	return subnets
}

// one is the resource that a singular data source finds.
func (c *call) one(token, what string, equal ...string) (*Resource, error) {
	found, err := c.described(token, equal...)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, c.fail("no matching %s found", what)
	case len(found) > 1:
		return nil, c.fail("multiple %ss matched; use additional constraints to reduce matches to a single %s", what, what)
	}
	return found[0], nil
}

// answer is a resource's properties that a data source's result has, and more.
func answer(result any, r *Resource, more Object) Object {
	o := Object{"id": r.ID}
	fields := inputFields(result)
	for name, value := range r.Properties {
		if _, ok := fields[name]; ok {
			o[name] = value
		}
	}
	if _, ok := fields["tags"]; ok {
		o["tags"] = map[string]any(r.Properties.Object("tagsAll"))
	}
	maps.Copy(o, more)
	return o
}

// data is a data source that finds one resource.
func data(name, action string, args, result any, token, what string, equal []string, more func(c *call, r *Resource) Object) *functionSpec {
	return &functionSpec{
		token: "aws:ec2/" + name + ":" + name, args: args, result: result, actions: []string{action},
		run: func(c *call) (Object, error) {
			r, err := c.one(token, what, equal...)
			if err != nil {
				return nil, err
			}
			return answer(result, r, more(c, r)), nil
		},
	}
}

func ec2Functions() []*functionSpec {
	return []*functionSpec{
		data("getVpc", "ec2:DescribeVpcs", ec2.LookupVpcArgs{}, ec2.LookupVpcResult{}, vpcType, "EC2 VPC", []string{"id", "cidrBlock"},
			func(_ *call, r *Resource) Object {
				return Object{"state": "available", "cidrBlockAssociations": []any{map[string]any{
					"associationId": "vpc-cidr-assoc-" + strings.TrimPrefix(r.ID, "vpc-"), "cidrBlock": r.Properties.Text("cidrBlock"), "state": "associated",
				}}}
			}),
		data("getSubnet", "ec2:DescribeSubnets", ec2.LookupSubnetArgs{}, ec2.LookupSubnetResult{}, subnetType, "EC2 Subnet",
			[]string{"id", "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"},
			func(c *call, r *Resource) Object {
				size := 1<<(32-networkOf(r).Bits()) - 5 - len(c.taken(r))
				return Object{"state": "available", "availableIpAddressCount": size}
			}),
		data("getSecurityGroup", "ec2:DescribeSecurityGroups", ec2.LookupSecurityGroupArgs{}, ec2.LookupSecurityGroupResult{}, securityGroupType, "EC2 Security Group",
			[]string{"id", "name", "vpcId"}, func(*call, *Resource) Object { return nil }),
		data("getNetworkInterface", "ec2:DescribeNetworkInterfaces", ec2.LookupNetworkInterfaceArgs{}, ec2.LookupNetworkInterfaceResult{}, networkInterfaceType, "EC2 Network Interface",
			[]string{"id"}, func(_ *call, r *Resource) Object {
				return Object{"availabilityZone": r.Hidden.Text("availabilityZone"), "vpcId": r.Hidden.Text("vpcId"), "interfaceType": "interface"}
			}),
		{
			token: "aws:ec2/getSubnets:getSubnets", args: ec2.GetSubnetsArgs{}, result: ec2.GetSubnetsResult{}, actions: []string{"ec2:DescribeSubnets"},
			run: func(c *call) (Object, error) { return c.ids(subnetType) },
		}, {
			token: "aws:ec2/getRouteTables:getRouteTables", args: ec2.GetRouteTablesArgs{}, result: ec2.GetRouteTablesResult{}, actions: []string{"ec2:DescribeRouteTables"},
			run: func(c *call) (Object, error) { return c.ids(routeTableType, "vpcId") },
		},
	}
}

// ids answers a plural data source.
func (c *call) ids(token string, equal ...string) (Object, error) {
	found, err := c.described(token, equal...)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	return Object{"id": c.region, "ids": list(ids...)}, nil
}

func vpcEndpointFunctions() []*functionSpec {
	return []*functionSpec{
		data("getVpcEndpoint", "ec2:DescribeVpcEndpoints", ec2.LookupVpcEndpointArgs{}, ec2.LookupVpcEndpointResult{}, vpcEndpointType, "EC2 VPC Endpoint",
			[]string{"id", "vpcId", "serviceName", "state"}, func(_ *call, r *Resource) Object {
				if options := r.Properties.Object("dnsOptions"); options != nil {
					return Object{"dnsOptions": []any{map[string]any(options)}}
				}
				return Object{"dnsOptions": list()}
			}),
		{
			token: "aws:ec2/getVpcEndpointService:getVpcEndpointService", actions: []string{"ec2:DescribeVpcEndpointServices"},
			args: ec2.LookupVpcEndpointServiceArgs{}, result: ec2.LookupVpcEndpointServiceResult{}, run: endpointService,
		}, {
			token: "aws:ec2/getPrefixList:getPrefixList", actions: []string{"ec2:DescribePrefixLists"},
			args: ec2.GetPrefixListArgs{}, result: ec2.GetPrefixListResult{}, run: prefixList,
		},
	}
}

func endpointService(c *call) (Object, error) {
	name := c.inputs.Text("serviceName")
	if short := c.inputs.Text("service"); short != "" {
		name = "com.amazonaws." + c.region + "." + short
	}
	service, kind := serviceOf(name, c.region), c.inputs.Text("serviceType")
	isInterface, isGateway := slices.Contains(interfaceServices, service), slices.Contains(gatewayServices, service)
	switch {
	case kind == "Gateway" && isGateway, kind == "Interface" && isInterface, kind == "" && isInterface != isGateway:
	case kind == "" && isInterface && isGateway:
		return nil, c.fail("multiple EC2 VPC Endpoint Services matched; use additional constraints to reduce matches to a single EC2 VPC Endpoint Service")
	default:
		return nil, c.fail("no matching EC2 VPC Endpoint Service found: %s %s", kind, name)
	}
	if kind == "" {
		kind = map[bool]string{true: "Interface", false: "Gateway"}[isInterface]
	}
	var zones []string
	for _, letter := range regions[c.region] {
		if zone := c.region + string(letter); !slices.Contains(zonesWithout[service], zoneID(zone)) {
			zones = append(zones, zone)
		}
	}
	return Object{
		"id": name, "serviceName": name, "serviceType": kind, "availabilityZones": list(zones...), "owner": "amazon", "region": c.region,
		"privateDnsName": privateName(service, c.region, c.dnsSuffix()), "supportedIpAddressTypes": list("ipv4"), "vpcEndpointPolicySupported": true,
	}, nil
}

func prefixList(c *call) (Object, error) {
	lists := prefixLists(c.region)
	for _, id := range slices.Sorted(maps.Keys(lists)) {
		name := lists[id]
		byName, byID := c.inputs.Text("name"), c.inputs.Text("prefixListId")
		for _, filter := range c.inputs.Objects("filters") {
			if filter.Text("name") == "prefix-list-name" && len(filter.Texts("values")) == 1 {
				byName = filter.Texts("values")[0]
			}
		}
		if (byName == "" || byName == name) && (byID == "" || byID == id) {
			return Object{"id": id, "prefixListId": id, "name": name, "cidrBlocks": list(prefixListNetworks(serviceOf(name, c.region))...)}, nil
		}
	}
	return nil, c.fail("no matching EC2 Prefix List found")
}

// parseAddress is an address, or the zero one, which no rule covers.
func parseAddress(s string) netip.Addr {
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return address
}
