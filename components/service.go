package components

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ContainerName is the proxy's container in the task definition.
const ContainerName = "nginx"

// maxStopTimeout is the longest that Fargate waits between SIGQUIT and SIGKILL.
const maxStopTimeout = 120 * time.Second

// ServiceArgs describes the proxy's Fargate service.
type ServiceArgs struct {
	Region  string
	Cluster *Cluster
	// Image is the image's reference. RepositoryARN is the ECR repository that
	// the task execution role may pull it from; nil: a registry that needs no
	// rights.
	Image         pulumi.StringInput
	RepositoryARN pulumi.StringInput
	// CPU is in CPU units (1024 a vCPU), Memory in MiB.
	CPU, Memory int
	// Architecture is ARM64 or X86_64.
	Architecture string
	// Min and Max bound the number of tasks; CPUPercent is the average CPU use
	// that autoscaling aims at.
	Min, Max, CPUPercent int
	// Environment is the container's.
	Environment     map[string]pulumi.StringInput
	SubnetIDs       []pulumi.StringInput
	SecurityGroupID pulumi.StringInput
	// TargetGroupARNs are the target groups that the tasks are registered with:
	// one for each load balancer, five at most (Amazon ECS developer guide,
	// registering multiple target groups with a service).
	TargetGroupARNs  []pulumi.StringInput
	LongestTimeout   time.Duration
	LogRetentionDays int
	Tags             Tags
}

// Service is the proxy on Fargate.
type Service struct {
	pulumi.ResourceState

	Name pulumi.StringOutput `pulumi:"name"`
	// TaskDefinitionARN is the task definition that the service runs. It fails
	// when that isn't the one of this program.
	TaskDefinitionARN pulumi.StringOutput `pulumi:"taskDefinitionArn"`
}

// NewService creates the service, its roles, log group and autoscaling. What
// its tasks need to start (listener, endpoints, rules) the caller names with
// dependencies.
func NewService(ctx *pulumi.Context, name string, args *ServiceArgs, dependencies []pulumi.Resource, opts ...pulumi.ResourceOption) (*Service, error) {
	service := &Service{}
	if err := ctx.RegisterComponentResource("portico:index:Service", name, service, opts...); err != nil {
		return nil, fmt.Errorf("register service %q: %w", name, err)
	}
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(args.LogRetentionDays),
		Tags:            args.Tags.named(name + "-logs"),
	}, pulumi.Parent(service))
	if err != nil {
		return nil, fmt.Errorf("create log group: %w", err)
	}
	execution, executionPolicy, err := service.executionRole(ctx, name, args, logs)
	if err != nil {
		return nil, err
	}
	definition, err := service.taskDefinition(ctx, name, args, logs, execution)
	if err != nil {
		return nil, err
	}
	running, err := service.run(ctx, name, args, definition, append(dependencies, executionPolicy))
	if err != nil {
		return nil, err
	}
	if err := service.scale(ctx, name, args, running); err != nil {
		return nil, err
	}
	service.Name = running.Name
	service.TaskDefinitionARN = service.runningTaskDefinition(ctx, args, running, definition)
	outputs := pulumi.Map{"name": service.Name, "taskDefinitionArn": service.TaskDefinitionARN}
	if err := ctx.RegisterResourceOutputs(service, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of service %q: %w", name, err)
	}
	return service, nil
}

// executionRole is what the Fargate agent pulls the image and writes the logs
// with. The proxy's own role has no rights at all.
func (s *Service) executionRole(ctx *pulumi.Context, name string, args *ServiceArgs, logs *cloudwatch.LogGroup) (*iam.Role, *iam.RolePolicy, error) {
	role, err := s.role(ctx, name+"-execution", args)
	if err != nil {
		return nil, nil, err
	}
	repository := args.RepositoryARN
	if repository == nil {
		repository = pulumi.String("")
	}
	policy := pulumi.All(logs.Arn, repository).ApplyT(func(arns []any) (string, error) {
		return executionPolicy(arns[0].(string), arns[1].(string))
	}).(pulumi.StringOutput)
	attached, err := iam.NewRolePolicy(ctx, name+"-execution", &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: policy,
	}, pulumi.Parent(s))
	if err != nil {
		return nil, nil, fmt.Errorf("create policy of the task execution role: %w", err)
	}
	return role, attached, nil
}

func (s *Service) role(ctx *pulumi.Context, name string, args *ServiceArgs) (*iam.Role, error) {
	trust, err := json.Marshal(policyDocument{Version: policyVersion, Statement: []policyStatement{{
		Effect:    "Allow",
		Principal: map[string]string{"Service": "ecs-tasks.amazonaws.com"},
		Action:    []string{"sts:AssumeRole"},
	}}})
	if err != nil {
		return nil, fmt.Errorf("write trust policy: %w", err)
	}
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             args.Tags.named(name),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, fmt.Errorf("create role %s: %w", name, err)
	}
	return role, nil
}

func (s *Service) taskDefinition(ctx *pulumi.Context, name string, args *ServiceArgs, logs *cloudwatch.LogGroup, execution *iam.Role) (*ecs.TaskDefinition, error) {
	task, err := s.role(ctx, name+"-task", args)
	if err != nil {
		return nil, err
	}
	containers := pulumi.All(args.Image, logs.Name, pulumi.ToStringMapOutput(outputs(args.Environment))).ApplyT(
		func(values []any) (string, error) {
			container := newContainer(values[0].(string), values[2].(map[string]string))
			container.StopTimeout = seconds(min(maxStopTimeout, args.LongestTimeout+timeoutMargin))
			container.LogConfiguration = awslogs(values[1].(string), args.Region)
			text, err := json.Marshal([]containerDefinition{container})
			return string(text), err
		}).(pulumi.StringOutput)
	definition, err := ecs.NewTaskDefinition(ctx, name, &ecs.TaskDefinitionArgs{
		Family:                  pulumi.String(name),
		NetworkMode:             pulumi.String("awsvpc"),
		RequiresCompatibilities: pulumi.StringArray{pulumi.String("FARGATE")},
		Cpu:                     text(args.CPU),
		Memory:                  text(args.Memory),
		RuntimePlatform: ecs.TaskDefinitionRuntimePlatformArgs{
			CpuArchitecture:       pulumi.String(args.Architecture),
			OperatingSystemFamily: pulumi.String("LINUX"),
		},
		ExecutionRoleArn:     execution.Arn,
		TaskRoleArn:          task.Arn,
		ContainerDefinitions: containers,
		// The root file system is read-only; this is where the proxy writes.
		Volumes: ecs.TaskDefinitionVolumeArray{ecs.TaskDefinitionVolumeArgs{Name: pulumi.String(scratchVolume)}},
		Tags:    args.Tags.named(name),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, fmt.Errorf("create task definition: %w", err)
	}
	return definition, nil
}

// targets registers the tasks with every load balancer's target group.
func (a *ServiceArgs) targets() ecs.ServiceLoadBalancerArray {
	var all ecs.ServiceLoadBalancerArray
	for _, arn := range a.TargetGroupARNs {
		all = append(all, ecs.ServiceLoadBalancerArgs{
			TargetGroupArn: arn.ToStringOutput().ToStringPtrOutput(),
			ContainerName:  pulumi.String(ContainerName),
			ContainerPort:  pulumi.Int(ProxyPort),
		})
	}
	return all
}

func (s *Service) run(ctx *pulumi.Context, name string, args *ServiceArgs, definition *ecs.TaskDefinition, dependencies []pulumi.Resource) (*ecs.Service, error) {
	service, err := ecs.NewService(ctx, name, &ecs.ServiceArgs{
		Cluster:         args.Cluster.ARN.ToStringPtrOutput(),
		TaskDefinition:  definition.Arn,
		LaunchType:      pulumi.String("FARGATE"),
		PlatformVersion: pulumi.String("1.4.0"),
		DesiredCount:    pulumi.Int(args.Min),
		// A deployment starts new tasks before it stops old ones.
		DeploymentMinimumHealthyPercent: pulumi.Int(100),
		DeploymentMaximumPercent:        pulumi.Int(200),
		DeploymentCircuitBreaker: ecs.ServiceDeploymentCircuitBreakerArgs{
			Enable:   pulumi.Bool(true),
			Rollback: pulumi.Bool(true),
		},
		// The SDK's documentation and ECS's API state different defaults.
		AvailabilityZoneRebalancing:   pulumi.String("ENABLED"),
		HealthCheckGracePeriodSeconds: pulumi.Int(30),
		WaitForSteadyState:            pulumi.Bool(true),
		EnableEcsManagedTags:          pulumi.Bool(true),
		PropagateTags:                 pulumi.String("SERVICE"),
		NetworkConfiguration: ecs.ServiceNetworkConfigurationArgs{
			Subnets:        stringArray(args.SubnetIDs),
			SecurityGroups: pulumi.StringArray{args.SecurityGroupID},
			AssignPublicIp: pulumi.Bool(false),
		},
		LoadBalancers: args.targets(),
		Tags:          args.Tags.named(name),
	},
		pulumi.Parent(s),
		pulumi.DependsOn(dependencies),
		// Autoscaling owns the count: a deployment must not scale a busy
		// service in.
		pulumi.IgnoreChanges([]string{"desiredCount"}))
	if err != nil {
		return nil, fmt.Errorf("create ECS service: %w", err)
	}
	return service, nil
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
	_, err = appautoscaling.NewPolicy(ctx, name+"-cpu", &appautoscaling.PolicyArgs{
		PolicyType:        pulumi.String("TargetTrackingScaling"),
		ServiceNamespace:  target.ServiceNamespace,
		ScalableDimension: target.ScalableDimension,
		ResourceId:        target.ResourceId,
		TargetTrackingScalingPolicyConfiguration: appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
			PredefinedMetricSpecification: appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ECSServiceAverageCPUUtilization"),
			},
			TargetValue: pulumi.Float64(float64(args.CPUPercent)),
			// Out fast, in slowly: a proxy that is short of CPU delays every
			// API at once.
			ScaleOutCooldown: pulumi.Int(60),
			ScaleInCooldown:  pulumi.Int(300),
		},
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("create target tracking policy: %w", err)
	}
	return nil
}

// runningTaskDefinition is the task definition that the service runs after the
// deployment. ECS calls a deployment that its circuit breaker rolled back
// steady, and so does the provider; only the running definition tells.
func (s *Service) runningTaskDefinition(ctx *pulumi.Context, args *ServiceArgs, service *ecs.Service, definition *ecs.TaskDefinition) pulumi.StringOutput {
	if ctx.DryRun() {
		return definition.Arn
	}
	running := ecs.LookupServiceOutput(ctx, ecs.LookupServiceOutputArgs{
		ClusterArn:  args.Cluster.ARN,
		ServiceName: service.Name,
	}, pulumi.Parent(s)).TaskDefinition()
	// Among the inputs, the service's own reference to the definition makes the
	// look-up wait for the deployment.
	return pulumi.All(running, definition.Arn, service.Name).ApplyT(func(values []any) (string, error) {
		if values[0] != values[1] {
			return "", fmt.Errorf("deploy %s: ECS rolled the deployment back, the service %s runs %s: look at the stopped tasks' reasons and the log group, correct what is wrong, then run `pulumi refresh` and `pulumi up`",
				values[1], values[2], values[0])
		}
		return values[0].(string), nil
	}).(pulumi.StringOutput)
}

func outputs(inputs map[string]pulumi.StringInput) map[string]pulumi.StringOutput {
	all := make(map[string]pulumi.StringOutput, len(inputs))
	for name, input := range inputs {
		all[name] = input.ToStringOutput()
	}
	return all
}

var privateRegistry = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/([a-z0-9._/-]+?)(:[^/@]+)?(@.+)?$`)

// ECRRepositoryARN is the ARN of the ECR repository that an image's reference
// names; empty when the image lies in another registry.
func ECRRepositoryARN(partition, reference string) string {
	match := privateRegistry.FindStringSubmatch(reference)
	if match == nil {
		return ""
	}
	return strings.Join([]string{"arn", partition, "ecr", match[2], match[1], "repository/" + match[4]}, ":")
}
