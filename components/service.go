package components

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/mapping"
)

// ContainerName is the proxy's container in the task definition.
const ContainerName = "nginx"

// maxStopTimeout is the longest that Fargate waits between SIGQUIT and SIGKILL.
const maxStopTimeout = mapping.MaxStopTimeout

// MaxTargetGroups is how many target groups a service may be registered with
// (Amazon ECS developer guide, "Registering multiple target groups with a
// service").
const MaxTargetGroups = 5

// ServiceArgs describes the proxy's Fargate service.
type ServiceArgs struct {
	// Region is the AWS region's code, for the logs. Required.
	Region string
	// Cluster is the ECS cluster that runs the tasks. Required.
	Cluster *Cluster
	// Roles are the tasks' roles and their log group. Required.
	Roles *TaskRoles
	// Image is the reference of the proxy's image, by tag or digest. Required.
	Image pulumi.StringInput
	// CPU is a task's share in CPU units, 1024 a vCPU. Required: 256, 512, 1024,
	// 2048, 4096, 8192 or 16384.
	CPU int
	// Memory is a task's memory in MiB. Required. Its bounds depend on CPU: twice
	// to eight times as many MiB as CPU units fit always (512 MiB too with 256).
	Memory int
	// Architecture is the image's CPU architecture. Required: ARM64 or X86_64.
	Architecture string
	// Min is the least number of tasks. Required: 1 or more; two or more keep the
	// proxy up when a zone fails.
	Min int
	// Max is the largest number of tasks that autoscaling starts. Required: Min or
	// more. ECS allows 5,000 tasks a service.
	Max int
	// MemoryPercent is the average memory use that autoscaling aims at, in percent:
	// requests that callers leave unfinished take memory and no CPU. The service
	// has as many tasks as the higher of the two aims asks for.
	// Required: 1 to 100.
	MemoryPercent int
	// CPUPercent is the average CPU use that autoscaling aims at, in percent.
	// Required: 1 to 100.
	CPUPercent int
	// RequestsPerTarget is how many requests a minute of each load balancer scaling
	// aims at for a task, beside the CPU and memory use. Each of Targets has to be an
	// Application Load Balancer's then. Default: 0, and requests aren't counted.
	RequestsPerTarget int
	// Environment is the container's environment, by name. Default: none.
	Environment map[string]pulumi.StringInput
	// SubnetIDs are the subnets that the tasks run in. Required: 1 to 16, one of
	// each zone.
	SubnetIDs []pulumi.StringInput
	// SecurityGroupID is the tasks' security group. Required.
	SecurityGroupID pulumi.StringInput
	// Targets are the target groups that the tasks are registered with: those of
	// each load balancer. Required: 1 to 5. The service has to depend on
	// their load balancers: ECS refuses a target group without a listener.
	Targets []Target
	// LongestTimeout is the longest that a request may take, in whole seconds. A
	// task that is stopped has 10 s more than that to finish, 120 s at most.
	// Default: 0.
	LongestTimeout time.Duration
	// LongestAnswer is the longest that an answer may last, in whole seconds. A
	// deployment waits until the tasks that it replaces have finished theirs, so
	// the timeouts of later deployments are 25 minutes longer than that. Default: 0,
	// and the AWS provider's timeouts, 20 minutes, hold. 0 to 3,590.
	LongestAnswer time.Duration
	// Alarms are the names of CloudWatch alarms. ECS takes a deployment back when one
	// begins while the new tasks run, or within a bake time after the old ones are gone
	// that ECS computes from the alarms; the deployment ends after that. It looks at none
	// if one has begun before:
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html.
	// Default: none.
	Alarms []pulumi.StringInput
	// Running says that a deployment of the service has come up before. One that
	// hasn't has nothing that ECS could roll back to: a deployment whose tasks don't
	// start then lasts until the provider gives up. It does so after
	// [StartTimeout], also in an update. Default: false.
	Running bool
	// Tags are those of the task definition, the service, its tasks and the
	// scalable target.
	Tags Tags
}

func (a *ServiceArgs) check(name string) error {
	m := arguments{component: "Service", name: name}
	m.given(a.Region != "", "Region")
	m.given(a.Cluster != nil, "Cluster")
	m.given(a.Roles != nil, "Roles")
	m.given(a.Image != nil, "Image")
	m.given(a.CPU > 0, "CPU")
	m.given(a.Memory > 0, "Memory")
	m.require(platforms[a.Architecture] != "", "Architecture", fmt.Sprintf("%q is not an architecture of Fargate", a.Architecture), "write ARM64 or X86_64")
	m.require(a.Min >= 1, "Min", fmt.Sprintf("%d tasks answer no requests", a.Min), "write 1 or more")
	m.require(a.Max >= a.Min, "Max", fmt.Sprintf("%d is less than Min, %d", a.Max, a.Min), "write Min or more")
	m.require(a.MemoryPercent >= 1 && a.MemoryPercent <= 100, "MemoryPercent", fmt.Sprintf("%d is not a percentage to aim at", a.MemoryPercent), "write 1 to 100")
	m.require(a.CPUPercent >= 1 && a.CPUPercent <= 100, "CPUPercent", fmt.Sprintf("%d is not a percentage to aim at", a.CPUPercent), "write 1 to 100")
	m.require(a.RequestsPerTarget >= 0, "RequestsPerTarget", fmt.Sprintf("%d is no number of requests to aim at", a.RequestsPerTarget), "write 1 or more, or 0 for none")
	m.require(a.RequestsPerTarget == 0 || !slices.ContainsFunc(a.Targets, func(t Target) bool { return t.RequestCount == nil }), "RequestsPerTarget",
		"AWS counts the requests of Application Load Balancers alone", "take it out")
	m.given(len(a.SubnetIDs) > 0, "SubnetIDs")
	m.given(a.SecurityGroupID != nil, "SecurityGroupID")
	m.given(len(a.Targets) > 0, "Targets")
	m.require(len(a.Targets) <= MaxTargetGroups, "Targets",
		fmt.Sprintf("%d exceed the %d that a service may have", len(a.Targets), MaxTargetGroups), "use fewer load balancers")
	return m.err()
}

// Service is the proxy on Fargate: a task definition, an ECS service and its
// autoscaling.
type Service struct {
	pulumi.ResourceState
	children

	// Cluster is the name in AWS of the cluster that runs the service.
	Cluster pulumi.StringOutput `pulumi:"cluster"`
	// Name is the ECS service's name in AWS.
	Name pulumi.StringOutput `pulumi:"name"`
	// TaskDefinitionARN is the task definition that the service runs. It fails
	// with a [RollbackError] when that isn't the one of this program.
	TaskDefinitionARN pulumi.StringOutput `pulumi:"taskDefinitionArn"`
	// LogGroupName is the name of the tasks' log group in CloudWatch Logs.
	LogGroupName pulumi.StringOutput `pulumi:"logGroupName"`
}

// NewService creates the service. Let it depend (pulumi.DependsOn) on what its
// tasks need to start: the load balancers, the VPC endpoints and the security
// groups with their rules. Some of these take minutes, which the roles need to
// become known: see [TaskRoles].
func NewService(ctx *pulumi.Context, name string, args *ServiceArgs, opts ...pulumi.ResourceOption) (*Service, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	service := &Service{}
	if err := register(ctx, "Service", name, service, opts); err != nil {
		return nil, err
	}
	prerequisites, err := dependsOn(opts, args.Roles.Resources()...)
	if err != nil {
		return nil, err
	}
	definition, err := service.taskDefinition(ctx, name, args, prerequisites)
	if err != nil {
		return nil, err
	}
	running, err := service.run(ctx, name, args, definition, prerequisites)
	if err != nil {
		return nil, err
	}
	if err := service.scale(ctx, name, args, running); err != nil {
		return nil, err
	}
	service.Cluster, service.Name, service.LogGroupName = args.Cluster.Name, running.Name, args.Roles.LogGroupName
	service.TaskDefinitionARN = service.runningTaskDefinition(ctx, args, running, definition)
	outputs := pulumi.Map{"cluster": service.Cluster, "name": service.Name, "taskDefinitionArn": service.TaskDefinitionARN,
		"logGroupName": service.LogGroupName}
	if err := complete(ctx, "Service", name, service, outputs); err != nil {
		return nil, err
	}
	return service, nil
}

func (s *Service) taskDefinition(ctx *pulumi.Context, name string, args *ServiceArgs, prerequisites pulumi.ResourceOption) (*ecs.TaskDefinition, error) {
	containers := pulumi.All(args.Image, args.Roles.LogGroupName, pulumi.ToStringMapOutput(outputs(args.Environment))).ApplyT(
		func(values []any) (string, error) {
			container := newContainer(values[0].(string), values[2].(map[string]string), args.ports())
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
		ExecutionRoleArn:     args.Roles.ExecutionRoleARN,
		TaskRoleArn:          args.Roles.TaskRoleARN,
		ContainerDefinitions: containers,
		// The root file system is read-only; this is where the proxy writes.
		Volumes: ecs.TaskDefinitionVolumeArray{ecs.TaskDefinitionVolumeArgs{Name: pulumi.String(scratchVolume)}},
		Tags:    args.Tags.named(name),
	}, pulumi.Parent(s), prerequisites)
	if err != nil {
		return nil, fmt.Errorf("create task definition: %w", err)
	}
	return definition, nil
}

// targets registers the tasks with every load balancer's target group.
func (a *ServiceArgs) targets() ecs.ServiceLoadBalancerArray {
	var all ecs.ServiceLoadBalancerArray
	for _, target := range a.Targets {
		all = append(all, ecs.ServiceLoadBalancerArgs{
			TargetGroupArn: target.TargetGroupARN.ToStringOutput().ToStringPtrOutput(),
			ContainerName:  pulumi.String(ContainerName),
			ContainerPort:  pulumi.Int(target.Port),
		})
	}
	return all
}

// ports are those that the container maps: ProxyPort, and what else the tasks are
// registered with. They stay the same while proxy protocol is turned on, so that the
// task definition does.
func (a *ServiceArgs) ports() []int {
	ports := []int{ProxyPort}
	for _, target := range a.Targets {
		ports = append(ports, target.Port)
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// deploymentMargin is what a deployment takes beside the answers that it waits
// for: its tasks' start, alarms' bake time, and 10 minutes.
const deploymentMargin = 25 * time.Minute

// StartTimeout is how long a service's first deployment may take. A task starts
// within two minutes, and a load balancer takes up to three to find it healthy; one with
// alarms has their bake time more, three minutes for those of [DeploymentAlarms], and one
// to spare.
const StartTimeout = 10 * time.Minute

// timeouts bound a deployment that replaces nothing, and let a later one wait for
// the longest answer.
func (a *ServiceArgs) timeouts() pulumi.ResourceOption {
	timeouts := &pulumi.CustomTimeouts{Create: timeout(StartTimeout)}
	if a.LongestAnswer > 0 {
		timeouts.Update = timeout(a.LongestAnswer + deploymentMargin)
		timeouts.Delete = timeouts.Update
	}
	if !a.Running {
		timeouts.Update = timeouts.Create
	}
	return pulumi.Timeouts(timeouts)
}

// alarms tie deployments to the alarms; nil: to none.
func (a *ServiceArgs) alarms() ecs.ServiceAlarmsPtrInput {
	if len(a.Alarms) == 0 {
		return nil
	}
	return ecs.ServiceAlarmsArgs{Enable: pulumi.Bool(true), Rollback: pulumi.Bool(true), AlarmNames: stringArray(a.Alarms)}
}

func timeout(d time.Duration) string { return fmt.Sprintf("%ds", seconds(d)) }

func (s *Service) run(ctx *pulumi.Context, name string, args *ServiceArgs, definition *ecs.TaskDefinition, prerequisites pulumi.ResourceOption) (*ecs.Service, error) {
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
		Alarms:        args.alarms(),
		Tags:          args.Tags.named(name),
	},
		pulumi.Parent(s),
		prerequisites,
		args.timeouts(),
		// Autoscaling owns the count: a deployment must not scale a busy
		// service in.
		pulumi.IgnoreChanges([]string{"desiredCount"}))
	if err != nil {
		return nil, fmt.Errorf("create ECS service: %w", err)
	}
	return service, nil
}

// runningTaskDefinition is the task definition that the service runs after the
// deployment. ECS calls a service steady whose deployment it has rolled back, and so
// does the provider; only the running definition tells.
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
	return pulumi.All(running, definition.Arn, service.Name, args.Roles.LogGroupName).ApplyT(func(values []any) (string, error) {
		if values[0] != values[1] {
			return "", &RollbackError{Service: values[2].(string), Wanted: values[1].(string), Running: values[0].(string), LogGroup: values[3].(string)}
		}
		return values[0].(string), nil
	}).(pulumi.StringOutput)
}

// outputs are inputs whose values are to be waited for.
func outputs(inputs map[string]pulumi.StringInput) map[string]pulumi.StringOutput {
	all := make(map[string]pulumi.StringOutput, len(inputs))
	for name, input := range inputs {
		all[name] = input.ToStringOutput()
	}
	return all
}
