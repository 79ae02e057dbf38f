package components

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	taskDefinitionToken = "aws:ecs/taskDefinition:TaskDefinition"
	ecsServiceToken     = "aws:ecs/service:Service"
)

// serviceProgram runs a service that depends on a load balancer's listener.
func serviceProgram(change func(*ServiceArgs)) func(*pulumi.Context, pulumi.ResourceOption) error {
	return serviceBehind(nil, change)
}

// serviceBehind is serviceProgram with another load balancer, whose listener comes
// after the service where it has to.
func serviceBehind(of func(*LoadBalancerArgs), change func(*ServiceArgs)) func(*pulumi.Context, pulumi.ResourceOption) error {
	return func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		cluster, err := NewCluster(ctx, "portico", &ClusterArgs{UniqueName: pulumi.String("portico-1a2b3c4"), Tags: tags}, opts)
		if err != nil {
			return err
		}
		roles, err := NewTaskRoles(ctx, "portico", &TaskRolesArgs{RepositoryARN: pulumi.String("arn:repository"), LogRetentionDays: 30, Tags: tags}, opts)
		if err != nil {
			return err
		}
		behind := balancerArgs()
		if of != nil {
			of(behind)
		}
		balancer, err := NewLoadBalancer(ctx, "portico-lb", behind, opts)
		if err != nil {
			return err
		}
		args := &ServiceArgs{
			Region: "us-east-1", Cluster: cluster, Roles: roles, Image: pulumi.String("registry/portico@sha256:0"),
			CPU: 512, Memory: 1024, Architecture: "ARM64", Min: 2, Max: 4, CPUPercent: 60, MemoryPercent: 70,
			Environment: map[string]pulumi.StringInput{"B": pulumi.String("2"), "A": pulumi.String("1")},
			SubnetIDs:   inputs("subnet-1", "subnet-2"), SecurityGroupID: pulumi.String("sg-tasks"),
			Targets:        balancer.Targets,
			LongestTimeout: 30 * time.Second, Tags: tags,
		}
		if change != nil {
			change(args)
		}
		service, err := NewService(ctx, "portico", args, opts, pulumi.DependsOn(balancer.Resources()))
		if err != nil {
			return err
		}
		ctx.Export("running", service.TaskDefinitionARN)
		if behind.turns() {
			return balancer.ListenAfter(service)
		}
		return nil
	}
}

func TestTheServiceComesAfterItsListenerAndItsRoles(t *testing.T) {
	m := (&monitor{}).deploy(t, serviceProgram(nil))
	service, definition := m.only(t, ecsServiceToken), m.only(t, taskDefinitionToken)
	listener := m.only(t, "aws:lb/listener:Listener")
	for _, late := range []registered{service, definition} {
		requireOrder(t, listener, late)
		requireOrder(t, m.only(t, "aws:iam/rolePolicy:RolePolicy"), late)
		requireOrder(t, m.named(t, "aws:iam/role:Role", "portico-execution"), late)
		requireOrder(t, m.named(t, "aws:iam/role:Role", "portico-task"), late)
	}
	for _, role := range m.of("aws:iam/role:Role") {
		require.Empty(t, role.Dependencies, "IAM makes the roles known while the load balancer is created")
	}
	require.Equal(t, []any{map[string]any{"targetGroupArn": arnOf("aws:lb/targetGroup:TargetGroup", "portico-lb"), "containerName": "nginx", "containerPort": 8443.0}},
		service.Inputs["loadBalancers"])
	require.Equal(t, []string{"desiredCount"}, service.IgnoreChanges, "which autoscaling sets")
	require.Equal(t, map[string]any{"enable": true, "rollback": true}, service.Inputs["deploymentCircuitBreaker"])
	require.Equal(t, true, service.Inputs["waitForSteadyState"])
	require.Equal(t, map[string]any{"assignPublicIp": false, "securityGroups": []any{"sg-tasks"}, "subnets": []any{"subnet-1", "subnet-2"}},
		service.Inputs["networkConfiguration"])
}

func TestTheTaskDefinitionRunsTheProxyWithoutRights(t *testing.T) {
	m := (&monitor{}).deploy(t, serviceProgram(nil))
	definition := m.only(t, taskDefinitionToken).Inputs
	require.Equal(t, []any{"512", "1024", "awsvpc"}, []any{definition["cpu"], definition["memory"], definition["networkMode"]})
	require.Equal(t, map[string]any{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, definition["runtimePlatform"])
	require.Equal(t, arnOf("aws:iam/role:Role", "portico-execution"), definition["executionRoleArn"])
	require.Equal(t, arnOf("aws:iam/role:Role", "portico-task"), definition["taskRoleArn"])
	container := containerOf(t, m)
	require.Equal(t, []nameValue{{"A", "1"}, {"B", "2"}}, container.Environment)
	require.Equal(t, "portico-logs", container.LogConfiguration.Options["awslogs-group"])
	for _, policy := range m.of("aws:iam/rolePolicy:RolePolicy") {
		require.Equal(t, "portico-execution", policy.Inputs["role"])
	}
}

func containerOf(t *testing.T, m *monitor) containerDefinition {
	t.Helper()
	var containers []containerDefinition
	require.NoError(t, json.Unmarshal([]byte(m.only(t, taskDefinitionToken).Inputs["containerDefinitions"].(string)), &containers))
	require.Len(t, containers, 1)
	return containers[0]
}

func TestAStoppedTaskHasTheLongestRequestsTimeAndTenSecondsUpToFargatesLimit(t *testing.T) {
	for longest, want := range map[time.Duration]int{
		0:                 10,
		30 * time.Second:  40,
		109 * time.Second: 119,
		110 * time.Second: 120,
		111 * time.Second: 120,
		300 * time.Second: 120,
	} {
		m := (&monitor{}).deploy(t, serviceProgram(func(a *ServiceArgs) { a.LongestTimeout = longest }))
		require.Equal(t, want, containerOf(t, m).StopTimeout, "%s", longest)
	}
}

func TestADeploymentWaitsForTheLongestAnswerUnlessThereIsNoneYet(t *testing.T) {
	const never = "600s" // a first deployment has nothing to roll back to
	for sentence, test := range map[string]struct {
		running bool
		longest time.Duration
		want    [3]string
	}{
		"nothing has run yet":                     {false, 0, [3]string{never, never, ""}},
		"nothing has run yet, and answers stream": {false, 15 * time.Minute, [3]string{never, never, "2400s"}},
		"the service runs":                        {true, 0, [3]string{never, "", ""}},
		"the service runs, and answers stream":    {true, 15 * time.Minute, [3]string{never, "2400s", "2400s"}},
	} {
		m := (&monitor{}).deploy(t, serviceProgram(func(a *ServiceArgs) { a.Running, a.LongestAnswer = test.running, test.longest }))
		require.Equal(t, test.want, m.only(t, ecsServiceToken).Timeouts, sentence)
	}
	require.Equal(t, 40*time.Minute, 15*time.Minute+deploymentMargin, "start, 15 minutes, bake time and 10 minutes")
}

func TestAutoscalingBoundsTheTasks(t *testing.T) {
	m := (&monitor{}).deploy(t, serviceProgram(nil))
	target := m.only(t, "aws:appautoscaling/target:Target").Inputs
	require.Equal(t, []any{2.0, 4.0, "service/portico/portico"}, []any{target["minCapacity"], target["maxCapacity"], target["resourceId"]})
	aims := map[string]any{}
	for _, policy := range m.of("aws:appautoscaling/policy:Policy") {
		require.Equal(t, "TargetTrackingScaling", policy.Inputs["policyType"])
		tracking := policy.Inputs["targetTrackingScalingPolicyConfiguration"].(map[string]any)
		aims[tracking["predefinedMetricSpecification"].(map[string]any)["predefinedMetricType"].(string)] = tracking["targetValue"]
	}
	require.Equal(t, map[string]any{"ECSServiceAverageCPUUtilization": 60.0, "ECSServiceAverageMemoryUtilization": 70.0}, aims)
}

func TestARolledBackDeploymentIsAnError(t *testing.T) {
	running := "arn:aws:ecs:us-east-1:111111111111:task-definition/portico:1"
	m := &monitor{answers: map[string]func(map[string]any) (map[string]any, error){
		"aws:ecs/getService:getService": func(map[string]any) (map[string]any, error) {
			return map[string]any{"taskDefinition": running}, nil
		},
	}}
	err := m.run(serviceProgram(nil))
	var rollback *RollbackError
	require.ErrorAs(t, err, &rollback)
	require.Equal(t, &RollbackError{Service: "portico", Wanted: arnOf(taskDefinitionToken, "portico"), Running: running, LogGroup: "portico-logs"}, rollback)

	preview := (&monitor{preview: true, answers: m.answers}).run(serviceProgram(nil))
	require.NoError(t, preview, "a preview deploys nothing that could have been rolled back")
}

func TestAServiceSaysEachArgumentThatItLacks(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, _ pulumi.ResourceOption) error {
		_, err := NewService(ctx, "portico", &ServiceArgs{Max: -1}, nil...)
		return err
	})
	requireArguments(t, m, err, "Region", "Cluster", "Roles", "Image", "CPU", "Memory", "Architecture", "Min", "Max", "MemoryPercent", "CPUPercent", "SubnetIDs", "SecurityGroupID", "Targets")

	m = &monitor{}
	err = m.run(serviceProgram(func(a *ServiceArgs) { a.Targets = make([]Target, MaxTargetGroups+1) }))
	var argument *ArgumentError
	require.ErrorAs(t, err, &argument)
	require.Equal(t, "Targets", argument.Argument)
}

// Each load balancer's requests are an aim of their own.
func TestScalingAimsAtRequestsOfEachApplicationLoadBalancer(t *testing.T) {
	m := (&monitor{}).deploy(t, serviceProgram(func(args *ServiceArgs) { args.RequestsPerTarget = 900 }))
	policy := m.named(t, "aws:appautoscaling/policy:Policy", "portico-requests").Inputs["targetTrackingScalingPolicyConfiguration"].(map[string]any)
	require.Equal(t, 900.0, policy["targetValue"])
	require.Equal(t, "ALBRequestCountPerTarget", policy["predefinedMetricSpecification"].(map[string]any)["predefinedMetricType"])
	require.Len(t, m.of("aws:appautoscaling/policy:Policy"), 3)

	err := (&monitor{}).run(serviceProgram(func(args *ServiceArgs) {
		args.RequestsPerTarget = 900
		args.Targets = []Target{{TargetGroupARN: pulumi.String("arn"), Port: ProxyProtocolPort}}
	}))
	require.ErrorContains(t, err, "RequestsPerTarget: AWS counts the requests of Application Load Balancers alone")
}
