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
	a.Each(scaledService, "ecs:DescribeServices scaled", "ecs:UpdateService scaled")
	a.Each(trackingAlarms, "cloudwatch:DeleteAlarms tracking", "cloudwatch:PutMetricAlarm tracking")
	a.Each(engine.NoResource, "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies")
	return a
}

// validations are what the service holds a caller's rights to before it goes on.
// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
var validations = engine.Forwards{
	"application-autoscaling:RegisterScalableTarget": {"ecs:DescribeServices scaled", "ecs:UpdateService scaled"},
	"application-autoscaling:PutScalingPolicy":       {"cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm tracking", "cloudwatch:DeleteAlarms tracking"},
	"application-autoscaling:DeleteScalingPolicy":    {"cloudwatch:DeleteAlarms tracking"},
}

// scaledService is the ECS service of a target.
func scaledService(op *engine.Op) []engine.Checked {
	service := serviceNamed(op, op.Properties().Text("resourceId"))
	if service == nil {
		return nil
	}
	return []engine.Checked{{ARN: service.ARN, Context: engine.ResourceTags(service)}}
}

// trackingAlarms are those that the service makes for a policy. It asks whether the caller
// may by requests that name no alarm; that IAM sees an ARN without a name then is an
// assumption.
func trackingAlarms(op *engine.Op) []engine.Checked {
	properties := op.Properties()
	if properties.Text("policyType") != "TargetTrackingScaling" {
		return nil
	}
	alarm := op.Fill("arn:{partition}:cloudwatch:{region}:{account}:alarm:")
	return []engine.Checked{
		{ARN: alarm, Context: map[string][]string{}},
		{ARN: alarm + "TargetTracking-" + properties.Text("resourceId") + "-AlarmHigh-0", Context: map[string][]string{}},
	}
}
