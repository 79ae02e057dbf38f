package elbv2

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// certificatesQuota limits the certificates of a load balancer's listeners,
// their default ones not counted.
const certificatesQuota = "Certificates per load balancer"

// Service is Elastic Load Balancing, version 2.
func Service() engine.Service {
	return engine.Service{
		Authorization: authorization(),
		Forwards:      forwards,
		Types:         []*engine.Type{loadBalancerSpec(), targetGroupSpec(), listenerSpec(), listenerRuleSpec(), listenerCertificateSpec(), targetGroupAttachmentSpec()},
		Quotas:        []string{certificatesQuota, rulesQuota, targetGroupsQuota, targetsPerGroupQuota, targetsPerBalancerQuota},
		Functions: []*engine.Function{{
			Token: "aws:lb/getLbs:getLbs", Args: lb.GetLbsArgs{}, Result: lb.GetLbsResult{},
			Actions: []string{"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags"},
			Run:     loadBalancers,
		}},
	}
}

// loadBalancers are the ARNs of the load balancers that have some tags.
func loadBalancers(op *engine.Op) (engine.Object, error) {
	arns := engine.List()
	for _, r := range op.All(view.LoadBalancerType) {
		tags := r.Properties.Object("tagsAll")
		carries := true
		for name, value := range op.Inputs.Object("tags") {
			carries = carries && tags[name] == value
		}
		if carries {
			arns = append(arns, r.ARN)
		}
	}
	return engine.Object{"id": op.Region, "arns": arns, "tags": op.Inputs["tags"]}, nil
}

var lbName = engine.Values{engine.Length(1, 32), engine.Pattern(`[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?`, "letters, digits and inner hyphens")}

func loadBalancerSpec() *engine.Type {
	return &engine.Type{
		Token: view.LoadBalancerType, Title: "ELBv2 Load Balancer", Args: lb.LoadBalancerArgs{}, State: lb.LoadBalancer{},
		ID: "{arn}", Identify: identifyLoadBalancer,
		Properties: engine.Properties{
			"accessLogs":                   {engine.Kept}, // the blocks of logs: verify.SuppressMissingOptionalConfigurationBlock
			"connectionLogs":               {engine.Kept},
			"clientKeepAlive":              {engine.Default(3600.0), engine.Between(60, 604800)},
			"desyncMitigationMode":         {engine.Default("defensive"), engine.OneOf("monitor", "defensive", "strictest")},
			"dnsRecordClientRoutingPolicy": {engine.OneOf("availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone")},
			"enableDeletionProtection":     {engine.Default(false)},
			"enableHttp2":                  {engine.Default(true)},
			"enableZonalShift":             {engine.Default(false)}, // internal/service/elbv2/load_balancer.go: Optional, Default: false
			"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": {engine.OneOf("on", "off")},
			"idleTimeout":               {engine.Default(60.0), engine.Between(1, 4000)},
			"internal":                  {engine.ForceNew},
			"ipAddressType":             {engine.OneOf("ipv4", "dualstack", "dualstack-without-public-ipv4")},
			"loadBalancerType":          {engine.ForceNew, engine.Default("application"), engine.OneOf("application", "network")}, // gateway load balancers are not simulated
			"name":                      {engine.Autonamed(32), engine.ForceNew, lbName, engine.NotPrefixed("internal-", "itself")},
			"namePrefix":                {engine.ForceNew},
			"securityGroups":            {engine.Set, engine.Kept, engine.Items(0, 5), engine.ForceNewWhen(gainsOrLosesGroups)},
			"securityGroups[]":          {engine.Refers{To: view.SecurityGroupType, Code: "InvalidSecurityGroup"}},
			"subnetMappings":            {engine.Set, engine.Kept},
			"subnetMappings[].subnetId": {engine.Refers{To: view.SubnetType, Code: "SubnetNotFound", Shared: true}},
			"subnets":                   {engine.Set, engine.Kept, engine.ExactlyOneOf("subnetMappings"), engine.ForceNewWhen(losesSubnets)},
			"subnets[]":                 {engine.Refers{To: view.SubnetType, Code: "SubnetNotFound", Shared: true}},
			"xffHeaderProcessingMode":   {engine.Default("append"), engine.OneOf("append", "preserve", "remove")},
		},

		Unique: []string{"name"}, Conflict: "DuplicateLoadBalancerName",
		Quota:  engine.Quota{Name: "Application or Network Load Balancers per Region", Limit: 50, Per: "loadBalancerType", Code: "TooManyLoadBalancers"},
		Create: []string{"elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:DescribeTags"},
		Read:   []string{"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTags"},
		Update: []string{"elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		// The provider waits for the network interfaces to go: internal/service/elbv2/load_balancer.go.
		Delete: []string{"elasticloadbalancing:DeleteLoadBalancer", "ec2:DescribeNetworkInterfaces"},
		When: map[string][]string{
			"elasticloadbalancing:SetSecurityGroups": {"securityGroups"},
			"elasticloadbalancing:SetSubnets":        {"subnetMappings", "subnets"},
		},

		ServiceLinkedRole: "elasticloadbalancing.amazonaws.com",
		OnCreate:          placeLoadBalancer, OnUpdate: placeLoadBalancer, OnDelete: deleteLoadBalancer,
	}
}

// gainsOrLosesGroups is when security groups can't be changed: a network load
// balancer created without can never have any, and one with groups can't lose
// them all.
func gainsOrLosesGroups(state, news engine.Object) bool {
	return state.Text("loadBalancerType") == "network" && engine.IsEmpty(state["securityGroups"]) != engine.IsEmpty(news["securityGroups"])
}

// losesSubnets is when a network load balancer's subnets can't be changed: they
// are exchanged, or fewer. The provider can't tell before all of them are known, so
// that a preview may show an update where the update replaces.
// customizeDiffLoadBalancerNLB of
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/elbv2/load_balancer.go
func losesSubnets(state, news engine.Object) bool {
	had, want := state.Texts("subnets"), news.Texts("subnets")
	return state.Text("loadBalancerType") == "network" && !engine.ContainsUnknown(news["subnets"]) && len(want) <= len(had)
}

// identifyLoadBalancer makes the ARN, which tells the load balancer's type.
func identifyLoadBalancer(op *engine.Op) {
	kind := "app"
	if op.Inputs.Text("loadBalancerType") == "network" {
		kind = "net"
	}
	op.ARN = op.Fill("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/" + kind + "/{name}/{hex16}")
}

// placeLoadBalancer checks the subnets and groups of a load balancer and
// attaches its nodes.
func placeLoadBalancer(op *engine.Op) error {
	if err := checkLogs(op); err != nil {
		return err
	}
	subnets, err := loadBalancerSubnets(op)
	if err != nil {
		return err
	}
	vpcID := subnets[0].Properties.Text("vpcId")
	if op.Before != nil {
		vpcID = op.Before.Properties.Text("vpcId")
	}
	groups := op.Inputs.Texts("securityGroups")
	for _, id := range groups {
		if op.Find(view.SecurityGroupType, id).Properties.Text("vpcId") != vpcID {
			return op.Refuse("InvalidConfigurationRequest", "One or more security groups are invalid: %s is not in VPC %s", id, vpcID)
		}
	}
	if err := checkSetSubnets(op, vpcID, subnets); err != nil {
		return err
	}
	if err := checkFreeAddresses(op, subnets); err != nil {
		return err
	}
	if len(groups) == 0 && op.Inputs.Text("loadBalancerType") == "application" {
		vpc := op.See(view.VPCType, vpcID)
		if vpc.Account != op.Account {
			return op.Refuse("InvalidSecurityGroup", "The default security group of VPC %s belongs to account %s, which shares the VPC's subnets", vpcID, vpc.Account)
		}
		groups = []string{vpc.Properties.Text("defaultSecurityGroupId")}
	}
	addresses := map[string]string{}
	for _, r := range ec2.InterfacesOf(op, op.ID) {
		addresses[r.Properties.Text("subnetId")] = r.Properties.Text("privateIp")
		op.Remove(r)
	}
	for _, mapping := range op.Inputs.Objects("subnetMappings") {
		if address := mapping.Text("privateIpv4Address"); address != "" {
			addresses[mapping.Text("subnetId")] = address
		}
	}
	for _, subnet := range subnets {
		if _, err := ec2.Attach(op, subnet, addresses[subnet.ID], groups, "ELB "+arnSuffix(op, "loadbalancer/")); err != nil {
			return err
		}
	}
	describeLoadBalancer(op, vpcID, subnets, groups)
	return nil
}

// checkSetSubnets holds the subnets of a load balancer that exists to what
// SetSubnets takes: those of its own VPC, and for a network load balancer all that
// it has already. The provider calls SetSubnets after SetSecurityGroups.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSubnets.html
func checkSetSubnets(op *engine.Op, vpcID string, subnets []*engine.Resource) error {
	if op.Before == nil {
		return nil
	}
	var ids []string
	for _, subnet := range subnets {
		if subnet.Properties.Text("vpcId") != vpcID {
			return op.Refuse("InvalidConfigurationRequest", "The subnet '%s' is not in %s, the load balancer's VPC, which can't be changed", subnet.ID, vpcID)
		}
		ids = append(ids, subnet.ID)
	}
	for _, id := range op.Before.Properties.Texts("subnets") {
		if op.Inputs.Text("loadBalancerType") == "network" && !slices.Contains(ids, id) {
			return op.Refuse("InvalidConfigurationRequest", "The subnet '%s' can't be removed from a load balancer of type 'network'", id)
		}
	}
	return nil
}

// minFreeAddresses is what Elastic Load Balancing asks of each new subnet of a load
// balancer of either type, though a node takes one at first
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer;
// the message is as reported in https://github.com/aws/aws-rfdk/pull/621).
const minFreeAddresses = 8

func checkFreeAddresses(op *engine.Op, subnets []*engine.Resource) error {
	for _, subnet := range subnets {
		had := op.Before != nil && slices.Contains(op.Before.Properties.Texts("subnets"), subnet.ID)
		if !had && ec2.FreeAddresses(op, subnet) < minFreeAddresses {
			return op.Refuse("InvalidSubnet", "Not enough IP space available in %s. ELB requires at least %d free IP addresses in each subnet.", subnet.ID, minFreeAddresses)
		}
	}
	return nil
}

func loadBalancerSubnets(op *engine.Op) ([]*engine.Resource, error) {
	ids := op.Inputs.Texts("subnets")
	for _, mapping := range op.Inputs.Objects("subnetMappings") {
		ids = append(ids, mapping.Text("subnetId"))
	}
	zones := map[string]string{}
	var subnets []*engine.Resource
	for _, id := range slices.Sorted(slices.Values(ids)) {
		subnet := op.See(view.SubnetType, id)
		zone := subnet.Properties.Text("availabilityZone")
		if zones[zone] != "" {
			return nil, op.Refuse("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone: %s and %s in %s", zones[zone], id, zone)
		}
		zones[zone], subnets = id, append(subnets, subnet)
		if subnet.Properties.Text("vpcId") != subnets[0].Properties.Text("vpcId") {
			return nil, op.Refuse("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
		}
		if table := ec2.RouteTableOf(op, subnet); !op.Inputs.Flag("internal") && (table == nil || !ec2.LeadsToInternet(op, table)) {
			return nil, op.Refuse("InvalidSubnet", "VPC %s has no internet gateway that subnet %s routes to; an internal load balancer needs none", subnet.Properties.Text("vpcId"), id)
		}
	}
	if op.Inputs.Text("loadBalancerType") == "application" && len(zones) < 2 {
		return nil, op.Refuse("InvalidConfigurationRequest", "At least two subnets in two different Availability Zones must be specified")
	}
	return subnets, nil
}

func describeLoadBalancer(op *engine.Op, vpcID string, subnets []*engine.Resource, groups []string) {
	op.Outputs["arnSuffix"] = arnSuffix(op, "loadbalancer/")
	op.Outputs["dnsName"] = dnsName(op)
	op.Outputs["zoneId"] = op.HostedZoneOf("elb " + op.Inputs.Text("loadBalancerType"))
	op.Outputs["vpcId"], op.Outputs["internal"] = vpcID, op.Inputs.Flag("internal")
	op.Outputs["securityGroups"] = engine.List(groups...)
	var ids []string
	var mappings []any
	for _, subnet := range subnets {
		ids = append(ids, subnet.ID)
		mappings = append(mappings, map[string]any{"subnetId": subnet.ID})
	}
	op.Outputs["subnets"] = engine.List(ids...)
	for name, value := range (engine.Object{"subnetMappings": mappings, "ipAddressType": "ipv4"}) {
		if op.Outputs[name] == nil {
			op.Outputs[name] = value
		}
	}
}

// dnsName is a load balancer's name: an Application Load Balancer's has a number, a
// Network Load Balancer's the end of its ARN.
func dnsName(op *engine.Op) string {
	name := op.Outputs.Text("name")
	if op.Inputs.Text("loadBalancerType") == "network" {
		return fmt.Sprintf("%s-%s.elb.%s.%s", name, op.ARN[strings.LastIndexByte(op.ARN, '/')+1:], op.Region, op.DNSSuffix())
	}
	if op.Inputs.Flag("internal") {
		name = "internal-" + name
	}
	return fmt.Sprintf("%s-1%s.%s.elb.%s", name, op.PartOf(engine.Digits, 9), op.Region, op.DNSSuffix())
}

// arnSuffix is the part of the ARN by which CloudWatch knows the resource.
func arnSuffix(op *engine.Op, prefix string) string {
	suffix := op.ARN[strings.LastIndexByte(op.ARN, ':')+1:]
	return strings.TrimPrefix(suffix, prefix)
}

func deleteLoadBalancer(op *engine.Op) error {
	if op.Outputs.Flag("enableDeletionProtection") {
		return op.Refuse("OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", op.ID)
	}
	for _, listener := range listenersAt(op, op.ARN) { // what is theirs goes with them
		for _, token := range []string{view.ListenerRuleType, view.ListenerCertificateType} {
			for _, r := range op.Having(token, "listenerArn", listener.ARN) {
				op.Remove(r)
			}
		}
	}
	ec2.DetachAll(op, op.ID)
	return nil
}

func listenerCertificateSpec() *engine.Type {
	return &engine.Type{
		Token: view.ListenerCertificateType, Title: "ELBv2 Listener Certificate", Args: lb.ListenerCertificateArgs{}, State: lb.ListenerCertificate{},
		ID: "{listenerArn}_{certificateArn}",
		Properties: engine.Properties{
			"certificateArn": {engine.ForceNew, engine.Refers{To: view.CertificateType, Key: "arn", Code: "CertificateNotFound"}},
			"listenerArn":    {engine.ForceNew, engine.Refers{To: view.ListenerType, Key: "arn", Code: "ListenerNotFound", Holds: engine.Cascades}},
		},

		Create: []string{"elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:DescribeListenerCertificates"},
		Read:   []string{"elasticloadbalancing:DescribeListenerCertificates"},
		Delete: []string{"elasticloadbalancing:RemoveListenerCertificates"},
		OnCreate: func(op *engine.Op) error {
			listener := op.Ref("listenerArn").Properties
			if protocol := listener.Text("protocol"); protocol != "HTTPS" && protocol != "TLS" {
				return op.Refuse("InvalidConfigurationRequest", "A listener with protocol %s takes no certificates", protocol)
			}
			return checkCertificates(op, listener.Text("loadBalancerArn"))
		},
	}
}

// checkCertificates holds a further certificate of a load balancer to be
// issued and within the quota, which leaves out the listeners' default ones.
func checkCertificates(op *engine.Op, loadBalancer string) error {
	if err := issuance.CheckIssued(op, op.Inputs.Text("certificateArn")); err != nil {
		return err
	}
	count := 0
	for _, listener := range listenersAt(op, loadBalancer) {
		count += len(op.Having(view.ListenerCertificateType, "listenerArn", listener.ARN))
	}
	if limit := op.Limit(certificatesQuota, 25); count >= limit {
		return op.Refuse("TooManyCertificates", "The maximum number of certificates (%d, not counting the default) on load balancer %s has been reached", limit, loadBalancer)
	}
	return nil
}
