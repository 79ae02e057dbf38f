package appautoscaling

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"

	"github.com/portico-iac/portico/internal/awssim/ecs"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Service is scalable targets and scaling policies of ECS
// services; no other namespace is simulated.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Forwards: validations, Types: []*engine.Type{target(), scalingPolicySpec()}}
}

var (
	ecsNamespace = engine.OneOf("ecs")
	ecsDimension = engine.OneOf("ecs:service:DesiredCount")
	ecsServiceID = engine.Pattern(`service/[A-Za-z0-9_-]{1,255}/[A-Za-z0-9_-]{1,255}`, "service/{cluster name}/{service name}")
)

func target() *engine.Type {
	return &engine.Type{
		Token: view.ScalableTargetType, Title: "Application AutoScaling Target",
		Args: appautoscaling.TargetArgs{}, State: appautoscaling.Target{},
		ID: "{resourceId}", ARN: "arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/0{alphanumeric3}{hex32}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"maxCapacity":       {engine.Between(0, 5000), engine.AtLeast("minCapacity")},
			"minCapacity":       {engine.Between(0, 5000)},
			"resourceId":        {engine.ForceNew, ecsServiceID},
			"roleArn":           {engine.Otherwise("arn:{partition}:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService")},
			"scalableDimension": {engine.ForceNew, ecsDimension},
			"serviceNamespace":  {engine.ForceNew, ecsNamespace},
		},

		Create: []string{"application-autoscaling:RegisterScalableTarget", "application-autoscaling:DescribeScalableTargets", "application-autoscaling:TagResource"},
		Read:   []string{"application-autoscaling:DescribeScalableTargets", "application-autoscaling:ListTagsForResource"},
		Update: []string{"application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource", "application-autoscaling:UntagResource"},
		Delete: []string{"application-autoscaling:DeregisterScalableTarget", "application-autoscaling:DescribeScalableTargets"},

		ServiceLinkedRole: "ecs.application-autoscaling.amazonaws.com",
		OnCreate:          scale, OnUpdate: scale,
		OnDelete: func(op *engine.Op) error { removeAlarms(op, "resourceId", op.ID); return nil },
	}
}

// scale moves the service's desired count into the target's range.
func scale(op *engine.Op) error {
	service := serviceNamed(op, op.Inputs.Text("resourceId"))
	if service == nil {
		return op.Refuse("ValidationException", "ECS service doesn't exist: %s", op.Inputs.Text("resourceId"))
	}
	count := service.Properties.Number("desiredCount")
	if within := min(max(count, op.Inputs.Number("minCapacity")), op.Inputs.Number("maxCapacity")); within != count {
		changed := service.Clone()
		changed.Properties["desiredCount"] = float64(within)
		op.Put(changed)
		return ecs.ScaleTasks(op, service.ID, changed.Properties)
	}
	return nil
}

// serviceNamed is the ECS service that a scalable target's resourceId names.
func serviceNamed(op *engine.Op, resourceID string) *engine.Resource {
	parts := strings.Split(resourceID, "/")
	if len(parts) != 3 {
		return nil
	}
	for _, s := range op.All(view.ECSServiceType) {
		if s.Properties.Text("name") == parts[2] && ecs.ClusterName(s.Properties.Text("cluster")) == parts[1] {
			return s
		}
	}
	return nil
}

func scalingPolicySpec() *engine.Type {
	const tracking = "targetTrackingScalingPolicyConfiguration"
	return &engine.Type{
		Token: view.ScalingPolicyType, Title: "Application AutoScaling Policy",
		Args: appautoscaling.PolicyArgs{}, State: appautoscaling.Policy{},
		ID: "{name}", ARN: "arn:{partition}:autoscaling:{region}:{account}:scalingPolicy:{uuid}:resource/ecs/{resourceId}:policyName/{name}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"name":              {engine.Autonamed(256), engine.ForceNew, engine.Length(1, 256)},
			"policyType":        {engine.Default("StepScaling"), engine.OneOf("TargetTrackingScaling", "StepScaling", "PredictiveScaling")},
			"resourceId":        {engine.ForceNew, ecsServiceID, engine.Refers{To: view.ScalableTargetType, Key: "resourceId", Code: "ObjectNotFoundException", Holds: engine.Cascades}},
			"scalableDimension": {engine.ForceNew, ecsDimension},
			"serviceNamespace":  {engine.ForceNew, ecsNamespace},
			tracking:            {engine.RequiredWhen(engine.Is("policyType", "TargetTrackingScaling")), engine.OnlyWhen(engine.Is("policyType", "TargetTrackingScaling"), "the policy type TargetTrackingScaling; StepScaling is the default")},
			tracking + ".predefinedMetricSpecification.predefinedMetricType": {engine.OneOf("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")},
			tracking + ".predefinedMetricSpecification.resourceLabel":        {requestLabel},
			tracking + ".scaleInCooldown":                                    {engine.Between(0, 1<<31-1)},
			tracking + ".scaleOutCooldown":                                   {engine.Between(0, 1<<31-1)},
			tracking + ".targetValue":                                        {above(0)},
		},

		Create:   []string{"application-autoscaling:PutScalingPolicy", "application-autoscaling:DescribeScalingPolicies"},
		Read:     []string{"application-autoscaling:DescribeScalingPolicies"},
		Update:   []string{"application-autoscaling:PutScalingPolicy"},
		Delete:   []string{"application-autoscaling:DeleteScalingPolicy"},
		OnCreate: setPolicy, OnUpdate: setPolicy,
		OnDelete: func(op *engine.Op) error { removeAlarms(op, "policy", op.ID); return nil },
	}
}

var requestLabel = engine.Pattern(`app/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}/targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}`,
	"the ends of the ARNs of a load balancer and a target group, app/NAME/ID/targetgroup/NAME/ID")

// setPolicy checks what a policy counts the requests of, and makes its alarms.
func setPolicy(op *engine.Op) error {
	if err := checkRequestLabel(op); err != nil {
		return err
	}
	return setAlarms(op)
}

// checkRequestLabel holds a policy's resource label to the metric that takes one, and to
// a target group of the service behind the load balancer that the label names.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
func checkRequestLabel(op *engine.Op) error {
	metric := op.Inputs.Object("targetTrackingScalingPolicyConfiguration").Object("predefinedMetricSpecification")
	label := metric.Text("resourceLabel")
	if metric.Text("predefinedMetricType") != "ALBRequestCountPerTarget" {
		if label != "" {
			return op.Refuse("ValidationException", "Resource label is only valid for predefined metric type ALBRequestCountPerTarget")
		}
		return nil
	}
	balancer, group, _ := strings.Cut(label, "/targetgroup/")
	service := serviceNamed(op, op.Inputs.Text("resourceId"))
	for _, bound := range service.Properties.Objects("loadBalancers") {
		arn := bound.Text("targetGroupArn")
		if strings.HasSuffix(arn, ":targetgroup/"+group) && forwards(op, ":loadbalancer/"+balancer, arn) {
			return nil
		}
	}
	return op.Refuse("ValidationException", "Invalid resource label: %q names no target group of the service behind its load balancer", label)
}

// forwards reports whether a listener of a load balancer, by the end of its ARN, leads to
// a target group by its default action.
func forwards(op *engine.Op, balancer, targetGroup string) bool {
	for _, listener := range op.All(view.ListenerType) {
		for _, action := range listener.Properties.Objects("defaultActions") {
			if strings.HasSuffix(listener.Properties.Text("loadBalancerArn"), balancer) && action.Text("targetGroupArn") == targetGroup {
				return true
			}
		}
	}
	return false
}

// setAlarms makes the alarms by which a target tracking policy scales out and in.
// They are the policy's and go with it.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
func setAlarms(op *engine.Op) error {
	removeAlarms(op, "policy", op.ID)
	configuration := op.Inputs.Object("targetTrackingScalingPolicyConfiguration")
	var arns []string
	for _, direction := range []string{"AlarmHigh", "AlarmLow"} {
		if configuration == nil || direction == "AlarmLow" && configuration.Flag("disableScaleIn") {
			continue
		}
		name := op.Fill("TargetTracking-{resourceId}-" + direction + "-" + op.UUID(direction))
		arn := op.Fill("arn:{partition}:cloudwatch:{region}:{account}:alarm:" + name)
		arns = append(arns, arn)
		op.Put(engine.Resource{Account: op.Account, Region: op.Region, Type: view.MetricAlarmType, ID: name, ARN: arn,
			Properties: engine.Object{"name": name, "arn": arn, "alarmActions": engine.List(op.ARN), "threshold": configuration["targetValue"],
				"alarmDescription": "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + op.ARN + "."},
			Hidden: engine.Object{"policy": op.ID, "resourceId": op.Inputs["resourceId"]}})
	}
	op.Outputs["alarmArns"] = engine.List(arns...)
	return nil
}

// removeAlarms removes the alarms of a policy, or of all policies of a target.
func removeAlarms(op *engine.Op, of, id string) {
	for _, alarm := range op.All(view.MetricAlarmType) {
		if alarm.Hidden.Text(of) == id {
			op.Remove(alarm)
		}
	}
}

// above holds a number to what is greater than a bound.
func above(bound float64) engine.Value {
	return func(v any) string {
		if f, _ := v.(float64); f <= bound {
			return fmt.Sprintf("%v is not above %v", f, bound)
		}
		return ""
	}
}
