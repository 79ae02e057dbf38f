package awssim

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
)

// protocols is what listeners and target groups of each load balancer type
// speak.
var protocols = map[string][]string{
	"application": {"HTTP", "HTTPS"},
	"network":     {"TCP", "TLS", "UDP", "TCP_UDP"},
}

// tlsPolicies is the security policies that ELB knows.
var tlsPolicies = []string{
	"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS-1-1-2017-01", "ELBSecurityPolicy-TLS-1-2-2017-01", "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
	"ELBSecurityPolicy-FS-2018-06", "ELBSecurityPolicy-FS-1-1-2019-08", "ELBSecurityPolicy-FS-1-2-2019-08",
	"ELBSecurityPolicy-FS-1-2-Res-2019-08", "ELBSecurityPolicy-FS-1-2-Res-2020-10",
	"ELBSecurityPolicy-TLS13-1-0-2021-06", "ELBSecurityPolicy-TLS13-1-1-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06",
	"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
	"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
}

func listenerSpec() *typeSpec {
	return &typeSpec{
		token: listenerType, title: "ELBv2 Listener", args: lb.ListenerArgs{}, state: lb.Listener{},
		id: "{arn}",
		identify: func(c *call) {
			c.arn = c.fill("arn:{partition}:elasticloadbalancing:{region}:{account}:listener/") +
				arnName(c.inputs.Text("loadBalancerArn"), "loadbalancer/") + "/" + c.hash(16)
		},
		required:  []string{"defaultActions"},
		immutable: []string{"loadBalancerArn"},
		rules: map[string][]rule{
			"port":                  {between(1, 65535)},
			"protocol":              {oneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP")},
			"sslPolicy":             {oneOf(tlsPolicies...)},
			"certificateArn":        {arnOf("(acm|iam)")},
			"alpnPolicy":            {oneOf("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None")},
			"tcpIdleTimeoutSeconds": {between(60, 6000)},
			"defaultActions[].type": {oneOf("forward", "redirect", "fixed-response", "authenticate-cognito", "authenticate-oidc")},
			"defaultActions[].fixedResponse.contentType": {oneOf("text/plain", "text/css", "text/html", "application/javascript", "application/json")},
			"defaultActions[].fixedResponse.statusCode":  {pattern(`[245]\d\d`, "a status 2XX, 4XX or 5XX")},
			"defaultActions[].fixedResponse.messageBody": {length(0, 1024)},
			"defaultActions[].redirect.statusCode":       {oneOf("HTTP_301", "HTTP_302")},
		},
		check: listenerProblems,
		refs: []ref{
			{at: "loadBalancerArn", to: loadBalancerType, key: "arn", code: "LoadBalancerNotFound", holds: cascades},
			{at: "certificateArn", to: certificateType, key: "arn", code: "CertificateNotFound"},
			{at: "defaultActions[].targetGroupArn", to: targetGroupType, key: "arn", code: "TargetGroupNotFound"},
			{at: "defaultActions[].forward.targetGroups[].arn", to: targetGroupType, key: "arn", code: "TargetGroupNotFound"},
		},
		unique: []string{"loadBalancerArn", "port"}, conflict: "DuplicateListener",
		quota:  quota{name: "Listeners per load balancer", limit: 50, per: "loadBalancerArn", code: "TooManyListeners"},
		create: []string{"elasticloadbalancing:CreateListener", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:AddTags"},
		read:   []string{"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeTags"},
		update: []string{"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		delete: []string{"elasticloadbalancing:DeleteListener"},

		onCreate: placeListener, onUpdate: placeListener,
	}
}

// arnName is what comes after a prefix in an ARN's last part.
func arnName(arn, prefix string) string { return (&call{arn: arn}).arnSuffix(prefix) }

func listenerProblems(inputs Object) []problem {
	var problems []problem
	for i, action := range inputs.Objects("defaultActions") {
		if action.Text("type") == "forward" && action["targetGroupArn"] == nil && action["forward"] == nil {
			problems = append(problems, problem{fmt.Sprintf("defaultActions[%d]", i), "forwards, but names neither targetGroupArn nor forward"})
		}
	}
	if !inputs.Known("protocol") {
		return problems
	}
	secure := inputs.Text("protocol") == "HTTPS" || inputs.Text("protocol") == "TLS"
	switch {
	case secure && inputs["certificateArn"] == nil:
		problems = append(problems, problem{"certificateArn", "is required with " + inputs.Text("protocol")})
	case !secure && inputs["certificateArn"] != nil:
		problems = append(problems, problem{"certificateArn", "belongs to HTTPS and TLS listeners"})
	case !secure && inputs["sslPolicy"] != nil:
		problems = append(problems, problem{"sslPolicy", "belongs to HTTPS and TLS listeners"})
	}
	if inputs["tcpIdleTimeoutSeconds"] != nil && inputs.Text("protocol") != "TCP" {
		problems = append(problems, problem{"tcpIdleTimeoutSeconds", "belongs to TCP listeners"})
	}
	return problems
}

func placeListener(c *call) error {
	balancer := c.findBy(loadBalancerType, "arn", c.inputs.Text("loadBalancerArn"))
	kind := balancer.Properties.Text("loadBalancerType")
	protocol := c.inputs.Text("protocol")
	if protocol == "" && kind == "application" {
		protocol = "HTTP"
	}
	if !slices.Contains(protocols[kind], protocol) {
		return c.refuse("InvalidConfigurationRequest", "Listener protocol '%s' is not supported with load balancers of type '%s'; supported are %v", protocol, kind, protocols[kind])
	}
	if arn := c.inputs.Text("certificateArn"); arn != "" {
		if err := c.checkIssued(arn); err != nil {
			return err
		}
	}
	if err := c.checkForwards(balancer, targetsOf(c.inputs)); err != nil {
		return err
	}
	c.outputs["protocol"] = protocol
	if (protocol == "HTTPS" || protocol == "TLS") && c.outputs["sslPolicy"] == nil {
		c.outputs["sslPolicy"] = "ELBSecurityPolicy-2016-08"
	}
	return nil
}

// listenersOf is the listeners that forward to a target group, by default or by
// a rule.
func (c *call) listenersOf(targetGroup string) []*Resource {
	var found []*Resource
	add := func(listener *Resource) {
		if listener != nil && !slices.Contains(found, listener) {
			found = append(found, listener)
		}
	}
	for _, listener := range c.all(listenerType) {
		if slices.Contains(targetsOf(listener.Properties), targetGroup) {
			add(listener)
		}
	}
	for _, rule := range c.all(listenerRuleType) {
		if slices.Contains(targetsOf(rule.Properties), targetGroup) {
			add(c.findBy(listenerType, "arn", rule.Properties.Text("listenerArn")))
		}
	}
	return found
}

// checkForwards holds the target groups that a listener or a rule of a load
// balancer is to forward to.
func (c *call) checkForwards(balancer *Resource, arns []string) error {
	for _, arn := range arns {
		if err := c.checkForward(balancer, arn); err != nil {
			return err
		}
	}
	return c.checkTargetGroups(balancer, arns)
}

func (c *call) checkForward(balancer *Resource, arn string) error {
	group, kind := c.findBy(targetGroupType, "arn", arn).Properties, balancer.Properties.Text("loadBalancerType")
	switch {
	case !slices.Contains(protocols[kind], group.Text("protocol")):
		return c.refuse("InvalidLoadBalancerAction", "The target group %s speaks %s, which load balancers of type '%s' don't forward to", arn, group.Text("protocol"), kind)
	case group.Text("vpcId") != balancer.Properties.Text("vpcId"):
		return c.refuse("InvalidConfigurationRequest", "The target group %s is in VPC %s, the load balancer in %s", arn, group.Text("vpcId"), balancer.Properties.Text("vpcId"))
	}
	for _, other := range c.listenersOf(arn) {
		if other.Properties.Text("loadBalancerArn") != balancer.ARN {
			return c.refuse("TargetGroupAssociationLimit", "The target group %s cannot be associated with more than one load balancer", arn)
		}
	}
	return nil
}

// checkTargetGroups holds an Application Load Balancer to the target groups
// that it may have over all of its listeners, each counted once.
func (c *call) checkTargetGroups(balancer *Resource, arns []string) error {
	if balancer.Properties.Text("loadBalancerType") != "application" {
		return nil
	}
	groups := slices.Clone(arns)
	for _, listener := range c.listenersAt(balancer.ARN) {
		groups = append(groups, targetsOf(listener.Properties)...)
		for _, rule := range c.rulesAt(listener.ARN) {
			groups = append(groups, targetsOf(rule.Properties)...)
		}
	}
	slices.Sort(groups)
	if limit := c.limit(targetGroupsQuota, 100); len(slices.Compact(groups)) > limit {
		return c.refuse("TooManyUniqueTargetGroupsPerLoadBalancer", "%s: the quota of %d is reached", targetGroupsQuota, limit)
	}
	return nil
}

// listenersAt is the listeners of a load balancer.
func (c *call) listenersAt(balancer string) []*Resource {
	return slices.DeleteFunc(c.all(listenerType), func(r *Resource) bool { return r.Properties.Text("loadBalancerArn") != balancer })
}

// rulesAt is the rules of a listener.
func (c *call) rulesAt(listener string) []*Resource {
	return slices.DeleteFunc(c.all(listenerRuleType), func(r *Resource) bool { return r.Properties.Text("listenerArn") != listener })
}
