package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scalingAim is a metric of the tasks, and the value that scaling aims at.
type scalingAim struct {
	suffix, metric string
	value          int
	// of names what the metric is of, where the service alone doesn't tell.
	of pulumi.StringPtrInput
}

// aims are those of a service, which has as many tasks as the highest of them asks for.
func (a *ServiceArgs) aims() []scalingAim {
	aims := []scalingAim{
		{suffix: "-cpu", metric: "ECSServiceAverageCPUUtilization", value: a.CPUPercent},
		{suffix: "-memory", metric: "ECSServiceAverageMemoryUtilization", value: a.MemoryPercent},
	}
	if a.RequestsPerTarget == 0 {
		return aims
	}
	for i, target := range a.Targets {
		suffix := "-requests"
		if i > 0 {
			suffix += fmt.Sprint(i + 1)
		}
		aims = append(aims, scalingAim{suffix, "ALBRequestCountPerTarget", a.RequestsPerTarget, target.RequestCount.ToStringOutput().ToStringPtrOutput()})
	}
	return aims
}

func (s *Service) scale(ctx *pulumi.Context, name string, args *ServiceArgs, service *ecs.Service) error {
	target, err := appautoscaling.NewTarget(ctx, name, &appautoscaling.TargetArgs{
		ServiceNamespace:  pulumi.String("ecs"),
		ScalableDimension: pulumi.String("ecs:service:DesiredCount"),
		ResourceId:        pulumi.Sprintf("service/%s/%s", args.Cluster.Name, service.Name),
		MinCapacity:       pulumi.Int(args.Min),
		MaxCapacity:       pulumi.Int(args.Max),
		Tags:              args.Tags.named(name),
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("create scalable target: %w", err)
	}
	for _, aim := range args.aims() {
		_, err = appautoscaling.NewPolicy(ctx, name+aim.suffix, &appautoscaling.PolicyArgs{
			PolicyType:        pulumi.String("TargetTrackingScaling"),
			ServiceNamespace:  target.ServiceNamespace,
			ScalableDimension: target.ScalableDimension,
			ResourceId:        target.ResourceId,
			TargetTrackingScalingPolicyConfiguration: appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
				PredefinedMetricSpecification: appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs{
					PredefinedMetricType: pulumi.String(aim.metric),
					ResourceLabel:        aim.of,
				},
				TargetValue: pulumi.Float64(float64(aim.value)),
				// Out fast, in slowly: a proxy that is short of CPU or memory
				// delays every API at once.
				ScaleOutCooldown: pulumi.Int(60),
				ScaleInCooldown:  pulumi.Int(300),
			},
		}, pulumi.Parent(s))
		if err != nil {
			return fmt.Errorf("create target tracking policy: %w", err)
		}
	}
	return nil
}
