package awssim

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
)

// appAutoScalingService is scalable targets and scaling policies of ECS
// services; no other namespace is simulated.
func appAutoScalingService() service {
	return service{types: []*typeSpec{scalableTargetSpec(), scalingPolicySpec()}}
}

var (
	ecsNamespace = oneOf("ecs")
	ecsDimension = oneOf("ecs:service:DesiredCount")
	ecsServiceID = pattern(`service/[A-Za-z0-9_-]{1,255}/[A-Za-z0-9_-]{1,255}`, "service/{cluster name}/{service name}")
)

func scalableTargetSpec() *typeSpec {
	return &typeSpec{
		token: scalableTargetType, title: "Application AutoScaling Target",
		args: appautoscaling.TargetArgs{}, state: appautoscaling.Target{},
		id:        "{resourceId}",
		upserts:   always,
		immutable: []string{"resourceId", "scalableDimension", "serviceNamespace"},
		rules: map[string][]rule{
			"serviceNamespace": {ecsNamespace}, "scalableDimension": {ecsDimension}, "resourceId": {ecsServiceID},
			"minCapacity": {between(0, 5000)}, "maxCapacity": {between(0, 5000)},
		},
		check: func(inputs Object) []problem {
			if inputs.Has("minCapacity") && inputs.Has("maxCapacity") && inputs.Number("minCapacity") > inputs.Number("maxCapacity") {
				return []problem{{"maxCapacity", fmt.Sprintf("%d is below minCapacity, %d", inputs.Number("maxCapacity"), inputs.Number("minCapacity"))}}
			}
			return nil
		},
		create: []string{"application-autoscaling:RegisterScalableTarget", "application-autoscaling:DescribeScalableTargets"},
		read:   []string{"application-autoscaling:DescribeScalableTargets"},
		update: []string{"application-autoscaling:RegisterScalableTarget"},
		delete: []string{"application-autoscaling:DeregisterScalableTarget"},
		onCreate: func(c *call) error {
			if c.serviceNamed(c.inputs.Text("resourceId")) == nil {
				return c.refuse("ValidationException", "ECS service doesn't exist: %s", c.inputs.Text("resourceId"))
			}
			c.arn = c.fill("arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/") + c.derived("target", 32)
			c.outputs["arn"] = c.arn
			if !c.outputs.Has("roleArn") {
				c.outputs["roleArn"] = c.fill("arn:{partition}:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService")
			}
			return c.scale()
		},
		onUpdate: func(c *call) error { return c.scale() },
	}
}

// scale moves the service's desired count into the target's range.
func (c *call) scale() error {
	service := c.serviceNamed(c.inputs.Text("resourceId"))
	if service == nil {
		return c.refuse("ValidationException", "ECS service doesn't exist: %s", c.inputs.Text("resourceId"))
	}
	count := service.Properties.Number("desiredCount")
	if within := min(max(count, c.inputs.Number("minCapacity")), c.inputs.Number("maxCapacity")); within != count {
		changed := service.clone()
		changed.Properties["desiredCount"] = float64(within)
		c.put(changed)
		return c.scaleTasks(service.ID, changed.Properties)
	}
	return nil
}

// serviceNamed is the ECS service that a scalable target's resourceId names.
func (c *call) serviceNamed(resourceID string) *Resource {
	parts := strings.Split(resourceID, "/")
	if len(parts) != 3 {
		return nil
	}
	for _, s := range c.all(ecsServiceType) {
		if s.Properties.Text("name") == parts[2] && clusterName(s.Properties.Text("cluster")) == parts[1] {
			return s
		}
	}
	return nil
}

func scalingPolicySpec() *typeSpec {
	const tracking = "targetTrackingScalingPolicyConfiguration"
	return &typeSpec{
		token: scalingPolicyType, title: "Application AutoScaling Policy",
		args: appautoscaling.PolicyArgs{}, state: appautoscaling.Policy{},
		id:       "{name}",
		upserts:  always,
		autoname: "name", autonameMax: 256,
		defaults:  Object{"policyType": "StepScaling"},
		immutable: []string{"name", "resourceId", "scalableDimension", "serviceNamespace"},
		rules: map[string][]rule{
			"serviceNamespace": {ecsNamespace}, "scalableDimension": {ecsDimension}, "resourceId": {ecsServiceID},
			"policyType":              {oneOf("TargetTrackingScaling", "StepScaling", "PredictiveScaling")},
			tracking + ".targetValue": {above(0)},
			tracking + ".predefinedMetricSpecification.predefinedMetricType": {
				oneOf("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")},
			tracking + ".scaleInCooldown":  {between(0, 1<<31-1)},
			tracking + ".scaleOutCooldown": {between(0, 1<<31-1)},
		},
		check: func(inputs Object) []problem {
			if inputs.Text("policyType") == "TargetTrackingScaling" && inputs[tracking] == nil {
				return []problem{{tracking, "is required by the policy type TargetTrackingScaling"}}
			}
			if inputs.Text("policyType") == "StepScaling" && inputs[tracking] != nil {
				return []problem{{"policyType", "StepScaling, the default, takes no " + tracking + "; say TargetTrackingScaling"}}
			}
			return nil
		},
		refs:   []ref{{at: "resourceId", to: scalableTargetType, key: "resourceId", code: "ObjectNotFoundException", holds: cascades}},
		create: []string{"application-autoscaling:PutScalingPolicy", "application-autoscaling:DescribeScalingPolicies"},
		read:   []string{"application-autoscaling:DescribeScalingPolicies"},
		update: []string{"application-autoscaling:PutScalingPolicy"},
		delete: []string{"application-autoscaling:DeleteScalingPolicy"},
		onCreate: func(c *call) error {
			c.arn = c.fill("arn:{partition}:autoscaling:{region}:{account}:scalingPolicy:") + c.derived("policy", 32) +
				":resource/ecs/" + c.inputs.Text("resourceId") + ":policyName/" + c.id
			c.outputs["arn"], c.outputs["alarmArns"] = c.arn, list()
			return nil
		},
	}
}

// above holds a number to what is greater than a bound.
func above(bound float64) rule {
	return func(v any) string {
		if f, _ := v.(float64); f <= bound {
			return fmt.Sprintf("%v is not above %v", f, bound)
		}
		return ""
	}
}
