package elbv2

import "github.com/portico-iac/portico/internal/awssim/engine"

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
