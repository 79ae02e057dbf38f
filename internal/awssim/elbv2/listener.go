package elbv2

import (
	"fmt"
	"slices"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
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

func listenerSpec() *engine.Type {
	return &engine.Type{
		Token: view.ListenerType, Title: "ELBv2 Listener", Args: lb.ListenerArgs{}, State: lb.Listener{},
		ID: "{arn}",
		Identify: func(op *engine.Op) {
			op.ARN = op.Fill("arn:{partition}:elasticloadbalancing:{region}:{account}:listener/") +
				arnName(op.Inputs.Text("loadBalancerArn"), "loadbalancer/") + "/" + op.Hash(16)
		},
		Required:  []string{"defaultActions"},
		Immutable: []string{"loadBalancerArn"},
		Rules: map[string][]engine.Rule{
			"port":                  {engine.Between(1, 65535)},
			"protocol":              {engine.OneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP")},
			"sslPolicy":             {engine.OneOf(tlsPolicies...)},
			"certificateArn":        {engine.ARNOf("(acm|iam)")},
			"alpnPolicy":            {engine.OneOf("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None")},
			"tcpIdleTimeoutSeconds": {engine.Between(60, 6000)},
			"defaultActions[].type": {engine.OneOf("forward", "redirect", "fixed-response", "authenticate-cognito", "authenticate-oidc")},
			"defaultActions[].fixedResponse.contentType": {engine.OneOf("text/plain", "text/css", "text/html", "application/javascript", "application/json")},
			"defaultActions[].fixedResponse.statusCode":  {engine.Pattern(`[245]\d\d`, "a status 2XX, 4XX or 5XX")},
			"defaultActions[].fixedResponse.messageBody": {engine.Length(0, 1024)},
			"defaultActions[].redirect.statusCode":       {engine.OneOf("HTTP_301", "HTTP_302")},
		},
		Check: listenerProblems,
		Refs: []engine.Ref{
			{At: "loadBalancerArn", To: view.LoadBalancerType, Key: "arn", Code: "LoadBalancerNotFound", Holds: engine.Cascades},
			{At: "certificateArn", To: view.CertificateType, Key: "arn", Code: "CertificateNotFound"},
			{At: "defaultActions[].targetGroupArn", To: view.TargetGroupType, Key: "arn", Code: "TargetGroupNotFound"},
			{At: "defaultActions[].forward.targetGroups[].arn", To: view.TargetGroupType, Key: "arn", Code: "TargetGroupNotFound"},
		},
		Unique: []string{"loadBalancerArn", "port"}, Conflict: "DuplicateListener",
		Quota:  engine.Quota{Name: "Listeners per load balancer", Limit: 50, Per: "loadBalancerArn", Code: "TooManyListeners"},
		Create: []string{"elasticloadbalancing:CreateListener", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:AddTags"},
		Read:   []string{"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeTags"},
		Update: []string{"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		Delete: []string{"elasticloadbalancing:DeleteListener"},

		OnCreate: placeListener, OnUpdate: placeListener,
	}
}

// arnName is what comes after a prefix in an ARN's last part.
func arnName(arn, prefix string) string { return arnSuffix((&engine.Op{ARN: arn}), prefix) }

func listenerProblems(inputs engine.Object) []engine.Problem {
	var problems []engine.Problem
	for i, action := range inputs.Objects("defaultActions") {
		if action.Text("type") == "forward" && action["targetGroupArn"] == nil && action["forward"] == nil {
			problems = append(problems, engine.Problem{Property: fmt.Sprintf("defaultActions[%d]", i), Reason: "forwards, but names neither targetGroupArn nor forward"})
		}
	}
	if !inputs.Known("protocol") {
		return problems
	}
	secure := inputs.Text("protocol") == "HTTPS" || inputs.Text("protocol") == "TLS"
	switch {
	case secure && inputs["certificateArn"] == nil:
		problems = append(problems, engine.Problem{Property: "certificateArn", Reason: "is required with " + inputs.Text("protocol")})
	case !secure && inputs["certificateArn"] != nil:
		problems = append(problems, engine.Problem{Property: "certificateArn", Reason: "belongs to HTTPS and TLS listeners"})
	case !secure && inputs["sslPolicy"] != nil:
		problems = append(problems, engine.Problem{Property: "sslPolicy", Reason: "belongs to HTTPS and TLS listeners"})
	}
	if inputs["tcpIdleTimeoutSeconds"] != nil && inputs.Text("protocol") != "TCP" {
		problems = append(problems, engine.Problem{Property: "tcpIdleTimeoutSeconds", Reason: "belongs to TCP listeners"})
	}
	return problems
}

func placeListener(op *engine.Op) error {
	balancer := op.FindBy(view.LoadBalancerType, "arn", op.Inputs.Text("loadBalancerArn"))
	kind := balancer.Properties.Text("loadBalancerType")
	protocol := op.Inputs.Text("protocol")
	if protocol == "" && kind == "application" {
		protocol = "HTTP"
	}
	if !slices.Contains(protocols[kind], protocol) {
		return op.Refuse("InvalidConfigurationRequest", "Listener protocol '%s' is not supported with load balancers of type '%s'; supported are %v", protocol, kind, protocols[kind])
	}
	if arn := op.Inputs.Text("certificateArn"); arn != "" {
		if err := issuance.CheckIssued(op, arn); err != nil {
			return err
		}
	}
	if err := checkForwards(op, balancer, view.TargetsOf(op.Inputs)); err != nil {
		return err
	}
	op.Outputs["protocol"] = protocol
	if (protocol == "HTTPS" || protocol == "TLS") && op.Outputs["sslPolicy"] == nil {
		op.Outputs["sslPolicy"] = "ELBSecurityPolicy-2016-08"
	}
	return nil
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
	return slices.DeleteFunc(op.All(view.ListenerType), func(r *engine.Resource) bool { return r.Properties.Text("loadBalancerArn") != balancer })
}

// rulesAt is the rules of a listener.
func rulesAt(op *engine.Op, listener string) []*engine.Resource {
	return slices.DeleteFunc(op.All(view.ListenerRuleType), func(r *engine.Resource) bool { return r.Properties.Text("listenerArn") != listener })
}
