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
		"elasticloadbalancing:CreateListener": engine.Its("loadBalancerArn"),
		"elasticloadbalancing:CreateRule":     engine.Its("listenerArn"),
	}
	a.Each(engine.Created, "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup")
	a.Each(engine.Its("listenerArn"), "elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:RemoveListenerCertificates")
	a.Each(engine.Its("targetGroupArn"), "elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets")
	for _, action := range []string{
		"DeleteListener", "DeleteLoadBalancer", "DeleteRule", "DeleteTargetGroup", "ModifyListener", "ModifyListenerAttributes", "ModifyLoadBalancerAttributes",
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
