package route53resolver

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Service is endpoints of Route 53 Resolver.
func Service() engine.Service {
	return engine.Service{
		Authorization: authorization(),
		Types:         []*engine.Type{endpointSpec()},
		Quotas:        []string{addressesQuota},
	}
}

// addressesQuota is how many addresses an endpoint takes, 6 by default.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-entities-resolver
const addressesQuota = "IP addresses per resolver endpoint"

// endpointSpec is an inbound endpoint with IPv4 addresses, the only one that is
// simulated.
func endpointSpec() *engine.Type {
	const changed = "ipAddresses"
	return &engine.Type{
		Token: view.ResolverEndpointType, Title: "Route53 Resolver Endpoint", Args: route53.ResolverEndpointArgs{}, State: route53.ResolverEndpoint{},
		ID: "rslvr-in-{ec2}", ARN: "arn:{partition}:route53resolver:{region}:{account}:resolver-endpoint/{id}",
		Properties: engine.Properties{
			"direction":              {engine.Required, engine.ForceNew, engine.OneOf("INBOUND")},
			"ipAddresses":            {engine.Required, engine.Set, engine.Items(2, 10), engine.EqualWhen(sameAddresses)},
			"ipAddresses[].ip":       {engine.Length(7, 36), engine.Parsed(netip.ParseAddr)},
			"ipAddresses[].subnetId": {engine.Required, engine.Refers{To: view.SubnetType, Code: "InvalidParameterException", SameVPCAs: "ipAddresses[].subnetId", VPCCode: "InvalidRequestException"}},
			"name":                   {engine.Autonamed(64), engine.Pattern(`[a-zA-Z0-9\-_' ]{1,64}`, "1 to 64 letters, digits, spaces and -_'"), engine.Never(digits, "has digits alone")},
			"protocols":              {engine.Set, engine.Kept, engine.Items(1, 2), engine.Otherwise([]any{"Do53"})},
			"protocols[]":            {engine.OneOf("DoH", "Do53", "DoH-FIPS")},
			"resolverEndpointType":   {engine.Otherwise("IPV4"), engine.OneOf("IPV4")},
			"securityGroupIds":       {engine.Required, engine.Set, engine.ForceNew, engine.Items(1, 64)},
			"securityGroupIds[]":     {engine.Refers{To: view.SecurityGroupType, Code: "InvalidParameterException", SameVPCAs: "ipAddresses[].subnetId", VPCCode: "InvalidRequestException"}},
		},

		Quota: engine.Quota{Name: "Maximum number of resolver endpoints per AWS Region", Limit: 4, Code: "LimitExceededException"},
		// What EC2 is asked for is asked for the caller:
		// https://github.com/awsdocs/amazon-route53-docs/blob/main/doc_source/r53-api-permissions-ref.md#required-permissions-resolver,
		// and DescribeNetworkInterfaceAttribute after https://github.com/awsdocs/amazon-route53-docs/issues/10
		Create: []string{
			"route53resolver:CreateResolverEndpoint", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission",
			"ec2:DescribeNetworkInterfaces", "ec2:DescribeNetworkInterfaceAttribute", "route53resolver:TagResource",
		},
		Read: []string{"route53resolver:GetResolverEndpoint", "route53resolver:ListResolverEndpointIpAddresses", "route53resolver:ListTagsForResource"},
		Update: []string{
			"route53resolver:UpdateResolverEndpoint", "route53resolver:AssociateResolverEndpointIpAddress", "ec2:DescribeSubnets", "ec2:DescribeAvailabilityZones",
			"ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DescribeNetworkInterfaces",
			"route53resolver:DisassociateResolverEndpointIpAddress", "ec2:DeleteNetworkInterface", "route53resolver:TagResource", "route53resolver:UntagResource",
		},
		Delete: []string{"route53resolver:DeleteResolverEndpoint", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "route53resolver:GetResolverEndpoint"},
		When: map[string][]string{
			"route53resolver:AssociateResolverEndpointIpAddress": {changed}, "route53resolver:DisassociateResolverEndpointIpAddress": {changed},
			"ec2:DescribeSubnets": {changed}, "ec2:DescribeAvailabilityZones": {changed}, "ec2:CreateNetworkInterface": {changed},
			"ec2:CreateNetworkInterfacePermission": {changed}, "ec2:DescribeNetworkInterfaces": {changed}, "ec2:DeleteNetworkInterface": {changed},
		},
		OnCreate: placeEndpoint, OnUpdate: placeEndpoint,
		OnDelete: func(op *engine.Op) error { ec2.DetachAll(op, op.ID); return nil },
	}
}

// digits reports whether a name has digits alone (validResolverName of
// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/route53resolver/validate.go).
func digits(v any) bool {
	name, _ := v.(string)
	return name != "" && !slices.ContainsFunc([]byte(name), func(c byte) bool { return c < '0' || c > '9' })
}

// sameAddresses reports whether the addresses that a program states are those of the
// endpoint. One without an IP is any of its subnet: the provider reads what AWS chose
// (Optional and Computed in the schema), and has no difference.
func sameAddresses(_ engine.Object, stored, stated any) bool {
	left, wanted := addressesOf(stored), addressesOf(stated)
	if len(left) != len(wanted) {
		return false
	}
	for _, chosen := range []bool{true, false} {
		for _, address := range wanted {
			if address.Has("ip") != chosen {
				continue
			}
			i := slices.IndexFunc(left, func(had engine.Object) bool {
				return had.Text("subnetId") == address.Text("subnetId") && (!chosen || had.Text("ip") == address.Text("ip"))
			})
			if i < 0 {
				return false
			}
			left = slices.Delete(left, i, i+1)
		}
	}
	return true
}

func addressesOf(v any) []engine.Object { return engine.Object{"all": v}.Objects("all") }

// placeEndpoint gives the endpoint a network interface for each of its addresses, and
// keeps those that it has already. The provider adds new ones before it removes others,
// so both count meanwhile.
func placeEndpoint(op *engine.Op) error {
	stated := op.Inputs.Objects("ipAddresses")
	left := ec2.InterfacesOf(op, op.ID)
	take := func(subnet, ip string) *engine.Resource {
		i := slices.IndexFunc(left, func(r *engine.Resource) bool {
			return r.Properties.Text("subnetId") == subnet && (ip == "" || r.Properties.Text("privateIp") == ip)
		})
		if i < 0 {
			return nil
		}
		found := left[i]
		left = slices.Delete(left, i, i+1)
		return found
	}
	interfaces := make([]*engine.Resource, len(stated))
	for _, chosen := range []bool{true, false} {
		for i, address := range stated {
			if address.Has("ip") == chosen {
				interfaces[i] = take(address.Text("subnetId"), address.Text("ip"))
			}
		}
	}
	if limit, n := op.Limit(addressesQuota, 6), len(stated)+len(left); n > limit {
		return op.Refuse("LimitExceededException", "%s: %d exceed the quota of %d", addressesQuota, n, limit)
	}
	addresses := make([]any, len(stated))
	for i, address := range stated {
		subnet := op.Find(view.SubnetType, address.Text("subnetId"))
		if interfaces[i] == nil {
			var err error
			if interfaces[i], err = ec2.Attach(op, subnet, address.Text("ip"), op.Inputs.Texts("securityGroupIds"), "Route 53 Resolver: "+op.ID); err != nil {
				return err
			}
		}
		addresses[i] = map[string]any{"subnetId": subnet.ID, "ip": interfaces[i].Properties.Text("privateIp"), "ipId": "rni-" + interfaces[i].ID[len("eni-"):]}
		op.Outputs["hostVpcId"] = subnet.Properties.Text("vpcId")
	}
	for _, r := range left {
		op.Remove(r)
	}
	op.Outputs["ipAddresses"] = addresses
	return nil
}

// Asked is the VPC whose resolver answers a DNS server at an address, when that asks the
// inbound endpoint at another address: the endpoint's security groups have to admit it
// to port 53 by UDP, and by TCP for what a datagram doesn't hold.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-forwarding-inbound-queries.html
func Asked(s *engine.Simulator, account, region string, from, to netip.Addr) (vpc string, err error) {
	s.Look(account, region, func(op *engine.Op) { vpc, err = asked(op, from, to) })
	return vpc, err
}

func asked(op *engine.Op, from, to netip.Addr) (string, error) {
	for _, endpoint := range op.All(view.ResolverEndpointType) {
		for _, address := range endpoint.Properties.Objects("ipAddresses") {
			if address.Text("ip") != to.String() {
				continue
			}
			for _, protocol := range []string{"udp", "tcp"} {
				if !admits(op, endpoint, protocol, from) {
					return "", fmt.Errorf("security groups %v of %s don't admit %s to %s port 53", endpoint.Properties.Texts("securityGroupIds"), endpoint.ID, from, protocol)
				}
			}
			return endpoint.Properties.Text("hostVpcId"), nil
		}
	}
	return "", fmt.Errorf("no inbound endpoint has the address %s", to)
}

func admits(op *engine.Op, endpoint *engine.Resource, protocol string, from netip.Addr) bool {
	for _, id := range endpoint.Properties.Texts("securityGroupIds") {
		for _, p := range ec2.Permissions(op, op.Find(view.SecurityGroupType, id), view.IngressRuleType, "ingress") {
			if p.Covers(protocol, 53) && p.CoversAddress(op.Region, from) {
				return true
			}
		}
	}
	return false
}
