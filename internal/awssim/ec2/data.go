package ec2

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
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
func described(op *engine.Op, token string, equal ...string) ([]*engine.Resource, error) {
	var found []*engine.Resource
	for _, r := range op.Seen(token) {
		ok, err := chosen(op, r, equal)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, r)
		}
	}
	return found, nil
}

func chosen(op *engine.Op, r *engine.Resource, equal []string) (bool, error) {
	for _, name := range equal {
		if want := op.Inputs.Text(name); want != "" && want != value(r, name) {
			return false, nil
		}
	}
	tags := r.Properties.Object("tagsAll")
	for name, value := range op.Inputs.Object("tags") {
		if tags[name] != value {
			return false, nil
		}
	}
	for _, filter := range op.Inputs.Objects("filters") {
		have, err := filterValues(op, r, filter.Text("name"))
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(have, func(v string) bool { return slices.Contains(filter.Texts("values"), v) }) {
			return false, nil
		}
	}
	return true, nil
}

func value(r *engine.Resource, name string) string {
	if name == "id" {
		return r.ID
	}
	if r.Type == view.NetworkInterfaceType && name == "vpcId" {
		return r.Hidden.Text(name) // an output of the data source alone
	}
	return r.Properties.Text(name)
}

func filterValues(op *engine.Op, r *engine.Resource, filter string) ([]string, error) {
	if tag, ok := strings.CutPrefix(filter, "tag:"); ok {
		return []string{r.Properties.Object("tagsAll").Text(tag)}, nil
	}
	switch name := filterNames[filter]; name {
	case "":
		return nil, op.Refuse("InvalidParameterValue", "The filter '%s' is invalid", filter)
	case "association.main":
		if r.Hidden.Flag(engine.MadeByAWS) {
			return []string{"true"}, nil
		}
		return []string{"false"}, nil
	case "association.subnet-id":
		return subnetsAssociated(op, r), nil
	case "state":
		return []string{"available"}, nil
	default:
		return []string{value(r, name)}, nil
	}
}

// subnetsAssociated is the subnets with which a route table is explicitly
// associated.
func subnetsAssociated(op *engine.Op, table *engine.Resource) []string {
	var subnets []string
	for _, association := range ownersView(op, table).Having(view.RouteTableAssociationType, "routeTableId", table.ID) {
		subnets = append(subnets, association.Properties.Text("subnetId"))
	}
	return subnets
}

// one is the resource that a singular data source finds.
func one(op *engine.Op, token, what string, equal ...string) (*engine.Resource, error) {
	found, err := described(op, token, equal...)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, op.Fail("no matching %s found", what)
	case len(found) > 1:
		return nil, op.Fail("multiple %ss matched; use additional constraints to reduce matches to a single %s", what, what)
	}
	return found[0], nil
}

// answer is a resource's properties that a data source's result has, and more.
func answer(result any, r *engine.Resource, more engine.Object) engine.Object {
	o := engine.Object{"id": r.ID}
	fields := engine.InputFields(result)
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
func data(name, action string, args, result any, token, what string, equal []string, more func(op *engine.Op, r *engine.Resource) engine.Object) *engine.Function {
	return &engine.Function{
		Token: "aws:ec2/" + name + ":" + name, Args: args, Result: result, Actions: []string{action},
		Run: func(op *engine.Op) (engine.Object, error) {
			r, err := one(op, token, what, equal...)
			if err != nil {
				return nil, err
			}
			return answer(result, r, more(op, r)), nil
		},
	}
}

func ec2Functions() []*engine.Function {
	return []*engine.Function{
		data("getVpc", "ec2:DescribeVpcs", ec2.LookupVpcArgs{}, ec2.LookupVpcResult{}, view.VPCType, "EC2 VPC", []string{"id", "cidrBlock"},
			func(op *engine.Op, r *engine.Resource) engine.Object {
				return engine.Object{"state": "available", "cidrBlockAssociations": blockAssociations(op, r)}
			}),
		{
			Token: "aws:ec2/getVpcs:getVpcs", Actions: []string{"ec2:DescribeVpcs"}, Args: ec2.GetVpcsArgs{}, Result: ec2.GetVpcsResult{},
			Run: func(op *engine.Op) (engine.Object, error) {
				found, err := described(op, view.VPCType)
				if err != nil {
					return nil, err
				}
				ids := engine.List()
				for _, r := range found {
					ids = append(ids, r.ID)
				}
				return engine.Object{"id": op.Region, "ids": ids, "tags": op.Inputs["tags"]}, nil
			},
		},
		data("getSubnet", "ec2:DescribeSubnets", ec2.LookupSubnetArgs{}, ec2.LookupSubnetResult{}, view.SubnetType, "EC2 Subnet",
			[]string{"id", "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"},
			func(op *engine.Op, r *engine.Resource) engine.Object {
				return engine.Object{"state": "available", "availableIpAddressCount": FreeAddresses(op, r)}
			}),
		data("getSecurityGroup", "ec2:DescribeSecurityGroups", ec2.LookupSecurityGroupArgs{}, ec2.LookupSecurityGroupResult{}, view.SecurityGroupType, "EC2 Security Group",
			[]string{"id", "name", "vpcId"}, func(*engine.Op, *engine.Resource) engine.Object { return nil }),
		data("getNetworkInterface", "ec2:DescribeNetworkInterfaces", ec2.LookupNetworkInterfaceArgs{}, ec2.LookupNetworkInterfaceResult{}, view.NetworkInterfaceType, "EC2 Network Interface",
			[]string{"id"}, func(_ *engine.Op, r *engine.Resource) engine.Object {
				return engine.Object{"availabilityZone": r.Hidden.Text("availabilityZone"), "vpcId": r.Hidden.Text("vpcId"), "interfaceType": "interface"}
			}),
		{
			Token: "aws:ec2/getSubnets:getSubnets", Args: ec2.GetSubnetsArgs{}, Result: ec2.GetSubnetsResult{}, Actions: []string{"ec2:DescribeSubnets"},
			Run: func(op *engine.Op) (engine.Object, error) { return ids(op, view.SubnetType) },
		}, {
			Token: "aws:ec2/getRouteTables:getRouteTables", Args: ec2.GetRouteTablesArgs{}, Result: ec2.GetRouteTablesResult{}, Actions: []string{"ec2:DescribeRouteTables"},
			Run: func(op *engine.Op) (engine.Object, error) { return ids(op, view.RouteTableType, "vpcId") },
		},
	}
}

// blockAssociations is what DescribeVpcs shows of a VPC's networks.
func blockAssociations(op *engine.Op, vpc *engine.Resource) []any {
	shown := func(id, block string) any {
		return map[string]any{"associationId": id, "cidrBlock": block, "state": "associated"}
	}
	all := []any{shown("vpc-cidr-assoc-"+strings.TrimPrefix(vpc.ID, "vpc-"), vpc.Properties.Text("cidrBlock"))}
	for _, association := range ownersView(op, vpc).Having(view.CIDRBlockAssociationType, "vpcId", vpc.ID) {
		all = append(all, shown(association.ID, association.Properties.Text("cidrBlock")))
	}
	return all
}

// ids answers a plural data source.
func ids(op *engine.Op, token string, equal ...string) (engine.Object, error) {
	found, err := described(op, token, equal...)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	return engine.Object{"id": op.Region, "ids": engine.List(ids...)}, nil
}

func vpcEndpointFunctions() []*engine.Function {
	return []*engine.Function{
		data("getVpcEndpoint", "ec2:DescribeVpcEndpoints", ec2.LookupVpcEndpointArgs{}, ec2.LookupVpcEndpointResult{}, view.VPCEndpointType, "EC2 VPC Endpoint",
			[]string{"id", "vpcId", "serviceName", "state"}, func(_ *engine.Op, r *engine.Resource) engine.Object {
				if options := r.Properties.Object("dnsOptions"); options != nil {
					return engine.Object{"dnsOptions": []any{map[string]any(options)}}
				}
				return engine.Object{"dnsOptions": engine.List()}
			}),
		{
			Token: "aws:ec2/getVpcEndpointService:getVpcEndpointService", Actions: []string{"ec2:DescribeVpcEndpointServices"},
			Args: ec2.LookupVpcEndpointServiceArgs{}, Result: ec2.LookupVpcEndpointServiceResult{}, Run: endpointService,
		}, {
			Token: "aws:vpc/getSecurityGroupRules:getSecurityGroupRules", Actions: []string{"ec2:DescribeSecurityGroupRules"},
			Args: vpc.GetSecurityGroupRulesArgs{}, Result: vpc.GetSecurityGroupRulesResult{}, Run: securityGroupRules,
		}, {
			Token: "aws:vpc/getSecurityGroupRule:getSecurityGroupRule", Actions: []string{"ec2:DescribeSecurityGroupRules"},
			Args: vpc.GetSecurityGroupRuleArgs{}, Result: vpc.GetSecurityGroupRuleResult{}, Run: securityGroupRule,
		}, {
			Token: "aws:ec2/getPrefixList:getPrefixList", Actions: []string{"ec2:DescribePrefixLists"},
			Args: ec2.GetPrefixListArgs{}, Result: ec2.GetPrefixListResult{}, Run: prefixList,
		},
	}
}

func endpointService(op *engine.Op) (engine.Object, error) {
	name := op.Inputs.Text("serviceName")
	if short := op.Inputs.Text("service"); short != "" {
		name = "com.amazonaws." + op.Region + "." + short
	}
	service, kind := ServiceOf(name, op.Region), op.Inputs.Text("serviceType")
	isInterface, isGateway := slices.Contains(interfaceServices, service), slices.Contains(GatewayServices, service)
	switch {
	case kind == "Gateway" && isGateway, kind == "Interface" && isInterface, kind == "" && isInterface != isGateway:
	case kind == "" && isInterface && isGateway:
		return nil, op.Fail("multiple EC2 VPC Endpoint Services matched; use additional constraints to reduce matches to a single EC2 VPC Endpoint Service")
	default:
		return nil, op.Fail("no matching EC2 VPC Endpoint Service found: %s %s", kind, name)
	}
	if kind == "" {
		kind = map[bool]string{true: "Interface", false: "Gateway"}[isInterface]
	}
	var zones []string
	for _, letter := range engine.Zones(op.Region) {
		if zone := op.Region + string(letter); !slices.Contains(zonesWithout[service], ZoneID(op.Account, zone)) {
			zones = append(zones, zone)
		}
	}
	return engine.Object{
		"id": name, "serviceName": name, "serviceType": kind, "availabilityZones": engine.List(zones...), "owner": "amazon", "region": op.Region,
		"privateDnsName": privateName(service, op.Region, op.DNSSuffix()), "supportedIpAddressTypes": engine.List("ipv4"), "vpcEndpointPolicySupported": true,
	}, nil
}

func prefixList(op *engine.Op) (engine.Object, error) {
	lists := prefixLists(op.Region)
	for _, id := range slices.Sorted(maps.Keys(lists)) {
		name := lists[id]
		byName, byID := op.Inputs.Text("name"), op.Inputs.Text("prefixListId")
		for _, filter := range op.Inputs.Objects("filters") {
			if filter.Text("name") == "prefix-list-name" && len(filter.Texts("values")) == 1 {
				byName = filter.Texts("values")[0]
			}
		}
		if (byName == "" || byName == name) && (byID == "" || byID == id) {
			return engine.Object{"id": id, "prefixListId": id, "name": name, "cidrBlocks": engine.List(PrefixListNetworks(ServiceOf(name, op.Region))...)}, nil
		}
	}
	return nil, op.Fail("no matching EC2 Prefix List found")
}

// ParseAddress is an address, or the zero one, which no rule covers.
func ParseAddress(s string) netip.Addr {
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return address
}
