package appautoscaling

import "github.com/portico-iac/portico/internal/awssim/engine"

// authorization is what Application Auto Scaling's actions are checked against.
// The service never shows IAM one target's ARN, nor its tags: denials name
// scalable-target/*, and of the conditions service-namespace alone is honoured.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
func authorization() engine.Authorization {
	anyTarget := engine.At("arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/*")
	a := engine.Authorization{}
	a.Each(engine.WithKey("application-autoscaling:service-namespace", engine.Constant("ecs"), anyTarget),
		"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget",
		"application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget")
	a.Each(anyTarget, "application-autoscaling:ListTagsForResource", "application-autoscaling:TagResource", "application-autoscaling:UntagResource")
	a.Each(engine.NoResource, "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies")
	return a
}
