package route53resolver

import "github.com/portico-iac/portico/internal/awssim/engine"

// authorization is what Route 53 Resolver's actions, and those that EC2 is asked for
// on the caller's behalf, are checked against.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53resolver.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"route53resolver:CreateResolverEndpoint": created,
		"route53resolver:TagResource":            engine.Tagged(""),

		"ec2:CreateNetworkInterface":           onBehalf(engine.All(interfaces, engine.Its("ipAddresses[].subnetId", "securityGroupIds[]"))),
		"ec2:CreateNetworkInterfacePermission": onBehalf(interfaces),
		"ec2:DeleteNetworkInterface":           onBehalf(interfaces),
		// The reference has no resource for it that a policy could name before it exists.
		"ec2:DescribeNetworkInterfaceAttribute": engine.NoResource,
	}
	a.Each(engine.Self, "route53resolver:AssociateResolverEndpointIpAddress", "route53resolver:DeleteResolverEndpoint", "route53resolver:DisassociateResolverEndpointIpAddress",
		"route53resolver:GetResolverEndpoint", "route53resolver:ListResolverEndpointIpAddresses", "route53resolver:ListTagsForResource",
		"route53resolver:UntagResource", "route53resolver:UpdateResolverEndpoint")
	return a
}

// created is the ARN of an endpoint that has no ID yet, which ends in a slash:
// https://github.com/ministryofjustice/modernisation-platform/pull/8322 has AWS's answer.
func created(op *engine.Op) []engine.Checked {
	on := engine.Created(op)
	on[0].ARN = op.Fill("arn:{partition}:route53resolver:{region}:{account}:resolver-endpoint/")
	return on
}

// interfaces are the endpoint's, which Route 53 Resolver makes without tags.
func interfaces(op *engine.Op) []engine.Checked {
	return []engine.Checked{{ARN: op.Fill("arn:{partition}:ec2:{region}:{account}:network-interface/*"), Context: map[string][]string{}}}
}

// onBehalf is for calls that a service makes by the caller's rights.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
func onBehalf(targets engine.Targets) engine.Targets {
	return engine.WithKey("aws:ViaAWSService", engine.Constant("true"), targets)
}
