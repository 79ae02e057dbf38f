package awssim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
)

// certificatesQuota limits the certificates of a load balancer's listeners,
// their default ones not counted.
const certificatesQuota = "Certificates per load balancer"

// lbService is Elastic Load Balancing, version 2.
func lbService() service {
	return service{
		types:  []*typeSpec{loadBalancerSpec(), targetGroupSpec(), listenerSpec(), listenerRuleSpec(), listenerCertificateSpec(), targetGroupAttachmentSpec()},
		quotas: []string{certificatesQuota, rulesQuota, targetGroupsQuota, targetsPerGroupQuota, targetsPerBalancerQuota},
	}
}

var lbName = []rule{length(1, 32), pattern(`[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?`, "letters, digits and inner hyphens")}

func loadBalancerSpec() *typeSpec {
	return &typeSpec{
		token: loadBalancerType, title: "ELBv2 Load Balancer", args: lb.LoadBalancerArgs{}, state: lb.LoadBalancer{},
		id: "{arn}", identify: identifyLoadBalancer,
		autoname: "name", autonameMax: 32,
		defaults: Object{"loadBalancerType": "application", "enableDeletionProtection": false, "idleTimeout": 60.0, "clientKeepAlive": 3600.0,
			"desyncMitigationMode": "defensive", "enableHttp2": true, "xffHeaderProcessingMode": "append"},
		immutable: []string{"internal", "loadBalancerType", "name", "namePrefix"},
		sets:      []string{"securityGroups", "subnets", "subnetMappings"},
		rules: map[string][]rule{
			"name": append(lbName, func(v any) string {
				if name, _ := v.(string); strings.HasPrefix(name, "internal-") {
					return "begins with internal-, which AWS keeps for itself"
				}
				return ""
			}),
			"loadBalancerType":             {oneOf("application", "network")}, // gateway load balancers are not simulated
			"idleTimeout":                  {between(1, 4000)},
			"clientKeepAlive":              {between(60, 604800)},
			"ipAddressType":                {oneOf("ipv4", "dualstack", "dualstack-without-public-ipv4")},
			"desyncMitigationMode":         {oneOf("monitor", "defensive", "strictest")},
			"xffHeaderProcessingMode":      {oneOf("append", "preserve", "remove")},
			"dnsRecordClientRoutingPolicy": {oneOf("availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone")},
			"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": {oneOf("on", "off")},
			"securityGroups": {items(0, 5)},
		},
		check: func(inputs Object) []problem {
			if isEmpty(inputs["subnets"]) == isEmpty(inputs["subnetMappings"]) && inputs.Known("subnets") {
				return []problem{{"subnets", "exactly one of subnets and subnetMappings must be set"}}
			}
			return nil
		},
		refs: []ref{
			{at: "subnets[]", to: subnetType, code: "SubnetNotFound"},
			{at: "subnetMappings[].subnetId", to: subnetType, code: "SubnetNotFound"},
			{at: "securityGroups[]", to: securityGroupType, code: "InvalidSecurityGroup"},
		},
		unique: []string{"name"}, conflict: "DuplicateLoadBalancerName",
		quota: quota{name: "Application or Network Load Balancers per Region", limit: 50, per: "loadBalancerType", code: "TooManyLoadBalancers"},
		// A network load balancer created without security groups can never
		// have any, and one with groups can't lose them all.
		replaces: func(state, news Object) []string {
			if state.Text("loadBalancerType") == "network" && isEmpty(state["securityGroups"]) != isEmpty(news["securityGroups"]) {
				return []string{"securityGroups"}
			}
			return nil
		},
		create:   []string{"elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:DescribeTags"},
		read:     []string{"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTags"},
		update:   []string{"elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		delete:   []string{"elasticloadbalancing:DeleteLoadBalancer"},
		onCreate: placeLoadBalancer, onUpdate: placeLoadBalancer, onDelete: deleteLoadBalancer,
	}
}

// identifyLoadBalancer makes the ARN, which tells the load balancer's type.
func identifyLoadBalancer(c *call) {
	kind := "app"
	if c.inputs.Text("loadBalancerType") == "network" {
		kind = "net"
	}
	c.arn = c.fill("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/" + kind + "/{name}/{hash16}")
}

// placeLoadBalancer checks the subnets and groups of a load balancer and
// attaches its nodes.
func placeLoadBalancer(c *call) error {
	subnets, err := c.loadBalancerSubnets()
	if err != nil {
		return err
	}
	vpcID := subnets[0].Properties.Text("vpcId")
	groups := c.inputs.Texts("securityGroups")
	for _, id := range groups {
		if c.find(securityGroupType, id).Properties.Text("vpcId") != vpcID {
			return c.refuse("InvalidConfigurationRequest", "One or more security groups are invalid: %s is not in VPC %s", id, vpcID)
		}
	}
	if len(groups) == 0 && c.inputs.Text("loadBalancerType") == "application" {
		groups = []string{c.find(vpcType, vpcID).Properties.Text("defaultSecurityGroupId")}
	}
	addresses := map[string]string{}
	for _, r := range c.interfacesOf(c.id) {
		addresses[r.Properties.Text("subnetId")] = r.Properties.Text("privateIp")
		c.remove(r)
	}
	for _, mapping := range c.inputs.Objects("subnetMappings") {
		if address := mapping.Text("privateIpv4Address"); address != "" {
			addresses[mapping.Text("subnetId")] = address
		}
	}
	for _, subnet := range subnets {
		if _, err := c.attach(subnet, addresses[subnet.ID], groups, "ELB "+c.arnSuffix("loadbalancer/")); err != nil {
			return err
		}
	}
	c.describeLoadBalancer(vpcID, subnets, groups)
	return nil
}

func (c *call) loadBalancerSubnets() ([]*Resource, error) {
	ids := c.inputs.Texts("subnets")
	for _, mapping := range c.inputs.Objects("subnetMappings") {
		ids = append(ids, mapping.Text("subnetId"))
	}
	zones := map[string]string{}
	var subnets []*Resource
	for _, id := range slices.Sorted(slices.Values(ids)) {
		subnet := c.find(subnetType, id)
		zone := subnet.Properties.Text("availabilityZone")
		if zones[zone] != "" {
			return nil, c.refuse("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone: %s and %s in %s", zones[zone], id, zone)
		}
		zones[zone], subnets = id, append(subnets, subnet)
		if subnet.Properties.Text("vpcId") != subnets[0].Properties.Text("vpcId") {
			return nil, c.refuse("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
		}
		if table := c.routeTableOf(subnet); !c.inputs.Flag("internal") && (table == nil || !c.leadsToInternet(table)) {
			return nil, c.refuse("InvalidSubnet", "VPC %s has no internet gateway that subnet %s routes to; an internal load balancer needs none", subnet.Properties.Text("vpcId"), id)
		}
	}
	if c.inputs.Text("loadBalancerType") == "application" && len(zones) < 2 {
		return nil, c.refuse("InvalidConfigurationRequest", "At least two subnets in two different Availability Zones must be specified")
	}
	return subnets, nil
}

func (c *call) describeLoadBalancer(vpcID string, subnets []*Resource, groups []string) {
	scheme, hostPart := "", "elb."+c.region
	if c.inputs.Flag("internal") {
		scheme = "internal-"
	}
	if c.inputs.Text("loadBalancerType") == "application" {
		hostPart = c.region + ".elb"
	} else {
		scheme = ""
	}
	number, _ := strconv.ParseUint(c.partOf(8), 16, 64)
	c.outputs["arnSuffix"] = c.arnSuffix("loadbalancer/")
	c.outputs["dnsName"] = fmt.Sprintf("%s%s-%d.%s.%s", scheme, c.outputs.Text("name"), number, hostPart, c.dnsSuffix())
	c.outputs["zoneId"] = c.hostedZoneOf("elb " + c.inputs.Text("loadBalancerType"))
	c.outputs["vpcId"], c.outputs["internal"] = vpcID, c.inputs.Flag("internal")
	c.outputs["securityGroups"] = list(groups...)
	var ids []string
	var mappings []any
	for _, subnet := range subnets {
		ids = append(ids, subnet.ID)
		mappings = append(mappings, map[string]any{"subnetId": subnet.ID})
	}
	c.outputs["subnets"] = list(ids...)
	for name, value := range (Object{"subnetMappings": mappings, "ipAddressType": "ipv4"}) {
		if c.outputs[name] == nil {
			c.outputs[name] = value
		}
	}
}

// arnSuffix is the part of the ARN by which CloudWatch knows the resource.
func (c *call) arnSuffix(prefix string) string {
	suffix := c.arn[strings.LastIndexByte(c.arn, ':')+1:]
	return strings.TrimPrefix(suffix, prefix)
}

func deleteLoadBalancer(c *call) error {
	if c.outputs.Flag("enableDeletionProtection") {
		return c.refuse("OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", c.id)
	}
	for _, listener := range c.listenersAt(c.arn) { // what is theirs goes with them
		for _, token := range []string{listenerRuleType, listenerCertificateType} {
			for _, r := range c.all(token) {
				if r.Properties.Text("listenerArn") == listener.ARN {
					c.remove(r)
				}
			}
		}
	}
	c.detachAll(c.id)
	return nil
}

func listenerCertificateSpec() *typeSpec {
	return &typeSpec{
		token: listenerCertificateType, title: "ELBv2 Listener Certificate", args: lb.ListenerCertificateArgs{}, state: lb.ListenerCertificate{},
		id:        "{listenerArn}_{certificateArn}",
		immutable: []string{"certificateArn", "listenerArn"},
		refs: []ref{
			{at: "listenerArn", to: listenerType, key: "arn", code: "ListenerNotFound", holds: cascades},
			{at: "certificateArn", to: certificateType, key: "arn", code: "CertificateNotFound"},
		},
		create: []string{"elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:DescribeListenerCertificates"},
		read:   []string{"elasticloadbalancing:DescribeListenerCertificates"},
		delete: []string{"elasticloadbalancing:RemoveListenerCertificates"},
		onCreate: func(c *call) error {
			listener := c.findBy(listenerType, "arn", c.inputs.Text("listenerArn")).Properties
			if protocol := listener.Text("protocol"); protocol != "HTTPS" && protocol != "TLS" {
				return c.refuse("InvalidConfigurationRequest", "A listener with protocol %s takes no certificates", protocol)
			}
			return c.checkCertificates(listener.Text("loadBalancerArn"))
		},
	}
}

// checkCertificates holds a further certificate of a load balancer to be
// issued and within the quota, which leaves out the listeners' default ones.
func (c *call) checkCertificates(loadBalancer string) error {
	if err := c.checkIssued(c.inputs.Text("certificateArn")); err != nil {
		return err
	}
	standing := 0
	for _, other := range c.all(listenerCertificateType) {
		if listener := c.findBy(listenerType, "arn", other.Properties.Text("listenerArn")); listener != nil && listener.Properties.Text("loadBalancerArn") == loadBalancer {
			standing++
		}
	}
	if limit := c.limit(certificatesQuota, 25); standing >= limit {
		return c.refuse("TooManyCertificates", "The maximum number of certificates (%d, not counting the default) on load balancer %s has been reached", limit, loadBalancer)
	}
	return nil
}
