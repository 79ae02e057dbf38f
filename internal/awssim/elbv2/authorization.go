package elbv2

import "github.com/portico-iac/portico/internal/awssim/engine"

// forwards are the actions of EC2 that callers of Elastic Load Balancing have to be
// allowed: with an account's first load balancer IAM refuses a caller without them
// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/748).
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html
var forwards = engine.Forwards{
	"elasticloadbalancing:CreateLoadBalancer": {"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways",
		"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"},
	"elasticloadbalancing:CreateTargetGroup": {"ec2:DescribeInternetGateways", "ec2:DescribeVpcs"},
	"elasticloadbalancing:RegisterTargets":   {"ec2:DescribeInstances", "ec2:DescribeInternetGateways", "ec2:DescribeSubnets", "ec2:DescribeVpcs"},
	"elasticloadbalancing:SetSubnets":        {"ec2:DescribeSubnets"},
}

// authorization is what Elastic Load Balancing's actions are checked against.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"elasticloadbalancing:AddTags":        engine.Tagged("elasticloadbalancing:CreateAction"),
		"elasticloadbalancing:RemoveTags":     engine.Self,
		"elasticloadbalancing:CreateListener": spoken(engine.Its("loadBalancerArn")),
		"elasticloadbalancing:ModifyListener": spoken(engine.Self),
		"elasticloadbalancing:CreateRule":     engine.Its("listenerArn"),
	}
	a["elasticloadbalancing:CreateLoadBalancer"] = engine.WithKey("elasticloadbalancing:Scheme", scheme, engine.Created)
	a["elasticloadbalancing:CreateTargetGroup"] = engine.Created
	a.Each(engine.Its("listenerArn"), "elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:RemoveListenerCertificates")
	a.Each(engine.Its("targetGroupArn"), "elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets")
	for _, action := range []string{
		"DeleteListener", "DeleteLoadBalancer", "DeleteRule", "DeleteTargetGroup", "ModifyListenerAttributes", "ModifyLoadBalancerAttributes",
		"ModifyRule", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "SetRulePriorities", "SetSecurityGroups", "SetSubnets",
	} {
		a["elasticloadbalancing:"+action] = engine.Self
	}
	for _, what := range []string{
		"ListenerAttributes", "ListenerCertificates", "Listeners", "LoadBalancerAttributes", "LoadBalancers", "Rules", "Tags", "TargetGroupAttributes",
		"TargetGroups", "TargetHealth",
	} {
		a["elasticloadbalancing:Describe"+what] = engine.NoResource
	}
	return a
}

// spoken adds what a listener is to speak: the provider names both with each change.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/security_iam_service-with-iam.html
func spoken(targets engine.Targets) engine.Targets {
	return engine.WithKey("elasticloadbalancing:ListenerProtocol", requested("protocol"),
		engine.WithKey("elasticloadbalancing:SecurityPolicy", requested("sslPolicy"), targets))
}

// requested is a property's value in the request; none: the request doesn't name it. An
// update names what the listener has where the program doesn't state another value
// (resourceListenerUpdate in internal/service/elbv2/listener.go of the AWS provider).
func requested(property string) func(*engine.Op) []string {
	return func(op *engine.Op) []string {
		value := op.Inputs.Text(property)
		if value == "" && op.Before != nil {
			value = op.Before.Properties.Text(property)
		}
		if value == "" {
			return nil
		}
		return []string{value}
	}
}

func scheme(op *engine.Op) []string {
	if op.Inputs.Flag("internal") {
		return []string{"internal"}
	}
	return []string{"internet-facing"}
}
