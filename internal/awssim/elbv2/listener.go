package elbv2

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
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

func listenerSpec() *engine.Type {
	return &engine.Type{
		Token: view.ListenerType, Title: "ELBv2 Listener", Args: lb.ListenerArgs{}, State: lb.Listener{},
		ID: "{arn}",
		Identify: func(op *engine.Op) {
			op.ARN = op.Fill("arn:{partition}:elasticloadbalancing:{region}:{account}:listener/") +
				arnName(op.Inputs.Text("loadBalancerArn"), "loadbalancer/") + "/" + op.Own(engine.HexDigits, "", 16)
		},
		Properties: withActions("defaultActions[]", engine.Properties{
			"alpnPolicy":                         {engine.OneOf("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None")},
			"certificateArn":                     {engine.RequiredWhen(secure), onSecure, engine.ARNOf("(acm|iam)"), issued, engine.Refers{To: view.CertificateType, Key: "arn", Code: "CertificateNotFound"}},
			"defaultActions":                     {engine.Required},
			"loadBalancerArn":                    {engine.ForceNew, engine.Refers{To: view.LoadBalancerType, Key: "arn", Code: "LoadBalancerNotFound", Holds: engine.Cascades}},
			"mutualAuthentication":               {engine.Kept, engine.OnlyWhen(engine.Is("protocol", "HTTPS"), "HTTPS listeners")},
			"mutualAuthentication.mode":          {engine.Required, engine.OneOf("off", "verify", "passthrough")},
			"mutualAuthentication.trustStoreArn": {engine.RequiredWhen(engine.Is("mode", "verify")), engine.OnlyWhen(engine.Is("mode", "verify"), "the mode verify"), engine.ARNOf("elasticloadbalancing")},
			"port":                               {engine.Required, engine.Between(1, 65535)},
			"protocol":                           {engine.OneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"), engine.Otherwise("HTTP")},
			"sslPolicy":                          {onSecure, engine.OneOf(tlsPolicies...), engine.OtherwiseWhen(secure, "ELBSecurityPolicy-2016-08")},
			"tcpIdleTimeoutSeconds":              {engine.OnlyWhen(engine.Is("protocol", "TCP"), "TCP listeners"), engine.Between(60, 6000)},
		}),
		Unique: []string{"loadBalancerArn", "port"}, Conflict: "DuplicateListener",
		Quota:  engine.Quota{Name: "Listeners per load balancer", Limit: 50, Per: "loadBalancerArn", Code: "TooManyListeners"},
		Create: []string{"elasticloadbalancing:CreateListener", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:AddTags"},
		Read:   []string{"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeTags"},
		Update: []string{"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		Delete: []string{"elasticloadbalancing:DeleteListener"},
		When:   map[string][]string{"elasticloadbalancing:ModifyListenerAttributes": {"tcpIdleTimeoutSeconds"}},

		Check:    func(inputs engine.Object) []engine.Problem { return actionProblems("defaultActions", inputs) },
		OnCreate: placeListener, OnUpdate: placeListener,
	}
}

// arnName is what comes after a prefix in an ARN's last part.
func arnName(arn, prefix string) string { return arnSuffix(&engine.Op{ARN: arn}, prefix) }

// secure is when a listener ends TLS.
var (
	secure   = engine.Is("protocol", "HTTPS", "TLS")
	onSecure = engine.OnlyWhen(secure, "HTTPS and TLS listeners")
)

// issued holds a certificate to be issued.
var issued = engine.Against(func(op *engine.Op, _ string, arn any) error { return issuance.CheckIssued(op, arn.(string)) })

// withActions adds the rules of a listener's or a rule's actions, which are at a
// path.
func withActions(at string, properties engine.Properties) engine.Properties {
	forwards := engine.Refers{To: view.TargetGroupType, Key: "arn", Code: "TargetGroupNotFound"}
	maps.Copy(properties, engine.Properties{
		at + ".fixedResponse":              {engine.RequiredWhen(engine.Is("type", "fixed-response"))},
		at + ".fixedResponse.contentType":  {engine.OneOf("text/plain", "text/css", "text/html", "application/javascript", "application/json")},
		at + ".fixedResponse.messageBody":  {engine.Length(0, 1024)},
		at + ".fixedResponse.statusCode":   {engine.Required, engine.Pattern(`[245]\d\d`, "a status 2XX, 4XX or 5XX")},
		at + ".forward.targetGroups":       {engine.Items(1, 5)},
		at + ".forward.targetGroups[].arn": {forwards},
		at + ".order":                      {engine.Between(1, 50000)},
		at + ".redirect":                   {engine.RequiredWhen(engine.Is("type", "redirect"))},
		at + ".redirect.statusCode":        {engine.OneOf("HTTP_301", "HTTP_302")},
		at + ".targetGroupArn":             {engine.RequiredOr("forward", engine.Is("type", "forward"), "the action"), forwards},
		at + ".type":                       {engine.OneOf("forward", "redirect", "fixed-response", "authenticate-cognito", "authenticate-oidc")},
	})
	return properties
}

func placeListener(op *engine.Op) error {
	balancer, protocol := op.Ref("loadBalancerArn"), op.Outputs.Text("protocol")
	if kind := balancer.Properties.Text("loadBalancerType"); !slices.Contains(protocols[kind], protocol) {
		return op.Refuse("InvalidConfigurationRequest", "Listener protocol '%s' is not supported with load balancers of type '%s'; supported are %v", protocol, kind, protocols[kind])
	}
	return checkForwards(op, balancer, view.TargetsOf(op.Inputs))
}

// ListenersOf is the listeners that forward to a target group, by default or by
// a rule.
func ListenersOf(op *engine.Op, targetGroup string) []*engine.Resource {
	var found []*engine.Resource
	add := func(listener *engine.Resource) {
		if listener != nil && !slices.Contains(found, listener) {
			found = append(found, listener)
		}
	}
	for _, listener := range op.All(view.ListenerType) {
		if slices.Contains(view.TargetsOf(listener.Properties), targetGroup) {
			add(listener)
		}
	}
	for _, rule := range op.All(view.ListenerRuleType) {
		if slices.Contains(view.TargetsOf(rule.Properties), targetGroup) {
			add(op.FindBy(view.ListenerType, "arn", rule.Properties.Text("listenerArn")))
		}
	}
	return found
}

// checkForwards holds the target groups that a listener or a rule of a load
// balancer is to forward to.
func checkForwards(op *engine.Op, balancer *engine.Resource, arns []string) error {
	for _, arn := range arns {
		if err := checkForward(op, balancer, arn); err != nil {
			return err
		}
	}
	return checkTargetGroups(op, balancer, arns)
}

func checkForward(op *engine.Op, balancer *engine.Resource, arn string) error {
	group, kind := op.FindBy(view.TargetGroupType, "arn", arn).Properties, balancer.Properties.Text("loadBalancerType")
	switch {
	case !slices.Contains(protocols[kind], group.Text("protocol")):
		return op.Refuse("InvalidLoadBalancerAction", "The target group %s speaks %s, which load balancers of type '%s' don't forward to", arn, group.Text("protocol"), kind)
	case group.Text("vpcId") != balancer.Properties.Text("vpcId"):
		return op.Refuse("InvalidConfigurationRequest", "The target group %s is in VPC %s, the load balancer in %s", arn, group.Text("vpcId"), balancer.Properties.Text("vpcId"))
	}
	for _, other := range ListenersOf(op, arn) {
		if other.Properties.Text("loadBalancerArn") != balancer.ARN {
			return op.Refuse("TargetGroupAssociationLimit", "The target group %s cannot be associated with more than one load balancer", arn)
		}
	}
	return nil
}

// checkTargetGroups holds an Application Load Balancer to the target groups
// that it may have over all of its listeners, each counted once.
func checkTargetGroups(op *engine.Op, balancer *engine.Resource, arns []string) error {
	if balancer.Properties.Text("loadBalancerType") != "application" {
		return nil
	}
	groups := slices.Clone(arns)
	for _, listener := range listenersAt(op, balancer.ARN) {
		groups = append(groups, view.TargetsOf(listener.Properties)...)
		for _, rule := range rulesAt(op, listener.ARN) {
			groups = append(groups, view.TargetsOf(rule.Properties)...)
		}
	}
	slices.Sort(groups)
	if limit := op.Limit(targetGroupsQuota, 100); len(slices.Compact(groups)) > limit {
		return op.Refuse("TooManyUniqueTargetGroupsPerLoadBalancer", "%s: the quota of %d is reached", targetGroupsQuota, limit)
	}
	return nil
}

// listenersAt is the listeners of a load balancer.
func listenersAt(op *engine.Op, balancer string) []*engine.Resource {
	return op.Having(view.ListenerType, "loadBalancerArn", balancer)
}

// rulesAt is the rules of a listener.
func rulesAt(op *engine.Op, listener string) []*engine.Resource {
	return op.Having(view.ListenerRuleType, "listenerArn", listener)
}
