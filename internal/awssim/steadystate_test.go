package awssim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/ecs"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func TestServiceBecomesSteady(t *testing.T) {
	e := newEnvironment(t)
	service, err := e.service()
	require.NoError(t, err)

	services, err := e.Services(testAccount, testRegion)
	require.NoError(t, err)
	require.Len(t, services, 1)
	running := services[0]
	require.Equal(t, e.created["definition"].ARN, running.TaskDefinitionARN)
	require.Empty(t, running.Events)
	require.Equal(t, map[string]string{"PORT": "8443"}, running.Containers[0].Environment)
	require.Len(t, running.Tasks, 2)
	require.NotEqual(t, running.Tasks[0].SubnetID, running.Tasks[1].SubnetID)

	described, err := e.describeService("service")
	require.NoError(t, err)
	require.Equal(t, running.TaskDefinitionARN, described.Text("taskDefinition"))
	_, err = e.describeService("other")
	require.ErrorContains(t, err, "not found")

	require.Error(t, e.delete(e.created["cluster"]), "a cluster with a service")
	require.NoError(t, e.delete(service))
	require.Empty(t, e.Resources(engine.Filter{Type: view.NetworkInterfaceType, ID: running.Tasks[0].ID}))
	require.NoError(t, e.delete(e.created["cluster"]))
}

func TestServiceRunsAPrebuiltImage(t *testing.T) {
	e := newEnvironment(t)
	e.pulled = proxyImage + ":prebuilt"
	e.inputs["image"] = nil
	_, err := e.service()
	require.NoError(t, err)
}

// A Network Load Balancer need not have security groups; the tasks' own must
// then admit its addresses.
func TestNetworkLoadBalancerWithoutSecurityGroups(t *testing.T) {
	for sentence, test := range map[string]struct {
		admitted string
		want     string
	}{
		"whose addresses the tasks admit":       {"10.0.0.0/16", ""},
		"whose addresses the tasks don't admit": {"10.1.0.0/16", "Task failed ELB health checks"},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			e.inputs["balancer-lb"] = engine.Object{"loadBalancerType": "network", "securityGroups": nil}
			e.inputs["listener"] = engine.Object{"protocol": "TCP"}
			e.inputs["group"] = engine.Object{"protocol": "TCP"}
			e.inputs["tasks from balancer"] = engine.Object{"referencedSecurityGroupId": nil, "cidrIpv4": test.admitted}
			_, err := e.service()
			if test.want == "" {
				require.NoError(t, err)
			} else {
				e.requireUnsteady(err, test.want)
			}
		})
	}
}

func TestServiceDoesNotBecomeSteady(t *testing.T) {
	const denied = "AccessDeniedException"
	for sentence, test := range map[string]struct {
		change func(e *environment)
		want   string
	}{
		"the subnets reach no ecr.api":        {without("ecr.api"), "does not reach ecr.api"},
		"the subnets reach no ecr.dkr":        {without("ecr.dkr"), "does not reach ecr.dkr"},
		"the subnets reach no logs":           {without("logs"), "does not reach logs"},
		"the subnets reach no S3":             {without("s3"), "does not reach s3"},
		"the tasks may not open S3's port":    {without("tasks to s3"), "egress"},
		"the image was not pushed":            {without("image"), "CannotPullContainerError"},
		"the log group is missing":            {without("/proxy"), "The specified log group does not exist"},
		"the role has no policy":              {without("execution-policy"), denied},
		"the balancer may not send to tasks":  {without("balancer to tasks"), "balancer"},
		"the tasks don't admit the balancer":  {without("tasks from balancer"), "Task failed ELB health checks"},
		"the tasks may not send to the APIs":  {without("tasks to apis"), "execute-api"},
		"the APIs don't admit the tasks":      {without("apis from tasks"), "execute-api"},
		"the endpoints don't admit the tasks": {without("services from tasks"), "i/o timeout"},
		"the role can't write logs": {changed("execution-policy", engine.Object{"policy": `{"Version":"2012-10-17","Statement":
			{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}`}), "not authorized to perform: logs:CreateLogStream"},
		"the role can't pull": {changed("execution-policy", engine.Object{"policy": `{"Version":"2012-10-17","Statement":
			{"Effect":"Allow","Action":["logs:*","ecr:GetAuthorizationToken"],"Resource":"*"}}`}), "not authorized to perform: ecr:BatchGetImage"},
		"the role doesn't trust ECS": {changed("execution", engine.Object{"assumeRolePolicy": `{"Version":"2012-10-17","Statement":
			{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`}), "unable to assume the role"},
		"the image is for another architecture":                       {forAMD64, "linux/arm64"},
		"the image lies in a public registry and there is no way out": {func(e *environment) { e.pulled = "public.ecr.aws/team/proxy:1" }, "does not reach public.ecr.aws"},
		"the image is not in the public registry":                     {func(e *environment) { e.pulled = "public.ecr.aws/team/proxy:2" }, "not found in registry"},
		"the target group has another port":                           {changed("group", engine.Object{"port": 443.0}), "is not the port of target group"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			test.change(e)
			before := e.Now()
			_, err := e.service()
			e.requireUnsteady(err, test.want)
			require.WithinDuration(t, before.Add(20*time.Minute), e.Now(), time.Minute, "the provider waits its whole timeout: nothing was ever steady to roll back to")
		})
	}
}

func TestServiceBehindSeveralLoadBalancers(t *testing.T) {
	for sentence, test := range map[string]struct {
		admitted bool // whether the tasks admit the second one
		want     string
	}{
		"which all reach the tasks":            {true, ""},
		"one of which doesn't reach the tasks": {false, "Task failed ELB health checks"},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			_, err := e.service()
			require.NoError(t, err)
			vpc, subnets := e.created["vpc"].ID, engine.List(e.created["subnet-a"].ID, e.created["subnet-b"].ID)
			groups := e.created["balancer"].ID
			if !test.admitted {
				groups = e.must(view.SecurityGroupType, "strangers", engine.Object{"vpcId": vpc}).ID
			}
			second := e.must(view.LoadBalancerType, "second", engine.Object{"internal": true, "subnets": subnets, "securityGroups": engine.List(groups)})
			group := e.must(view.TargetGroupType, "second", engine.Object{"vpcId": vpc, "port": 8443.0, "protocol": "HTTPS", "targetType": "ip"})
			e.must(view.ListenerType, "second", engine.Object{"loadBalancerArn": second.ARN, "port": 80.0, "protocol": "HTTP",
				"defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": group.ARN}}})
			service := e.Resources(engine.Filter{Type: view.ECSServiceType})[0]
			bindings, _ := service.Properties["loadBalancers"].([]any)
			_, err = e.update(&service, engine.Object{"loadBalancers": append(bindings, map[string]any{"targetGroupArn": group.ARN, "containerName": "nginx", "containerPort": 8443.0})})
			if test.want != "" {
				e.requireUnsteady(err, test.want)
				return
			}
			require.NoError(t, err)
			running, err := e.Services(testAccount, testRegion)
			require.NoError(t, err)
			require.Len(t, running[0].Targets, 2)
		})
	}
	e := newEnvironment(t)
	binding := map[string]any{"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/a/1", "containerName": "nginx", "containerPort": 8443.0}
	e.inputs["service"] = engine.Object{"loadBalancers": []any{binding, binding, binding, binding, binding, binding}}
	_, err := e.service()
	require.ErrorContains(t, err, "has 6 elements; AWS takes 0 to 5")
}

// requireUnsteady requires the error of a service that didn't become steady, which
// names no cause, and that the service's events name it.
func (e *environment) requireUnsteady(err error, cause string) {
	e.t.Helper()
	require.ErrorContains(e.t, err, "timeout while waiting for state to become 'tasksStable'")
	require.NotContains(e.t, err.Error(), cause)
	var unfinished engine.Unfinished
	require.ErrorAs(e.t, err, &unfinished, "the service exists and is kept in Pulumi's state")
	services, readErr := e.Services(testAccount, testRegion)
	require.NoError(e.t, readErr)
	require.Contains(e.t, strings.Join(services[0].Events, "\n"), cause)
}

func without(part string) func(*environment) { return func(e *environment) { e.inputs[part] = nil } }

func changed(part string, changes engine.Object) func(*environment) {
	return func(e *environment) { e.inputs[part] = changes }
}

func forAMD64(e *environment) {
	e.inputs["image"] = engine.Object{"build": map[string]any{"context": e.context, "platform": "linux/amd64"}}
}

func TestServiceIsRefused(t *testing.T) {
	for sentence, test := range map[string]struct {
		change func(e *environment)
		want   string
	}{
		"the target group has no listener":   {without("listener"), "does not have an associated load balancer"},
		"the container has no such port":     {func(e *environment) { e.port = 8080 }, "did not have a container port 8080 defined"},
		"the target group takes instances":   {changed("group", engine.Object{"targetType": "instance"}), "incompatible with the awsvpc network mode"},
		"the task definition does not exist": {changed("service", engine.Object{"taskDefinition": "proxy:7"}), "TaskDefinition not found"},
		"the cluster does not exist":         {changed("service", engine.Object{"cluster": "other"}), "ClusterNotFoundException"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			test.change(e)
			_, err := e.service()
			require.ErrorContains(t, err, test.want)
			require.Empty(t, e.Resources(engine.Filter{Type: view.ECSServiceType}))
		})
	}
}

// A deployment that the circuit breaker rolls back is steady as far as a
// provider can see; only the running task definition tells.
func TestRollbackLooksSteady(t *testing.T) {
	for sentence, test := range map[string]struct {
		rollback bool
		check    func(t *testing.T, service *engine.Resource, err error, old, broken string)
	}{
		"with rollback the old definition runs and no error tells": {true, func(t *testing.T, service *engine.Resource, err error, old, _ string) {
			require.NoError(t, err)
			require.Equal(t, old, service.Properties.Text("taskDefinition"))
		}},
		"without rollback the wait fails": {false, func(t *testing.T, service *engine.Resource, err error, _, broken string) {
			require.ErrorContains(t, err, "timeout while waiting for state to become 'tasksStable'")
			require.Equal(t, broken, service.Properties.Text("taskDefinition"))
		}},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			e.inputs["service"] = engine.Object{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": test.rollback}}
			service, err := e.service()
			require.NoError(t, err)
			old := service.Properties.Text("taskDefinition")

			container := e.container()
			container["image"] = proxyImage + ":2"
			inputs := e.Catalog.Types[view.TaskDefinitionType].InputsOf(e.created["definition"].Properties, nil)
			inputs["containerDefinitions"] = containersJSON(container)
			delete(inputs, engine.DefaultsKey)
			broken := e.must(view.TaskDefinitionType, "definition", inputs)
			require.Equal(t, 2, broken.Properties.Number("revision"))

			service, err = e.update(service, engine.Object{"taskDefinition": broken.ARN})
			test.check(t, service, err, old, broken.ARN)
			services, err := e.Services(testAccount, testRegion)
			require.NoError(t, err)
			require.Equal(t, old, services[0].TaskDefinitionARN, "the old tasks keep running")
			require.NotEmpty(t, services[0].Events)
		})
	}
}

func TestAutoscalingOwnsTheCount(t *testing.T) {
	e := newEnvironment(t)
	service, err := e.service()
	require.NoError(t, err)
	target := engine.Object{"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount", "resourceId": "service/cluster/service",
		"minCapacity": 3.0, "maxCapacity": 5.0}
	scaled := e.must(view.ScalableTargetType, "target", target)
	require.Equal(t, "service/cluster/service", scaled.ID)
	service = e.read(service)
	require.Equal(t, 3, service.Properties.Number("desiredCount"))
	require.Len(t, e.tasks(), 3)

	before := e.tasks()
	service, err = e.update(service, engine.Object{"desiredCount": 2.0, "tags": map[string]any{"app": "proxy"}})
	require.NoError(t, err)
	require.Equal(t, 3, service.Properties.Number("desiredCount"), "the program did not state another count than before")
	require.Equal(t, before, e.tasks(), "tags start no deployment")

	service, err = e.update(service, engine.Object{"desiredCount": 1.0})
	require.NoError(t, err)
	require.Equal(t, 1, service.Properties.Number("desiredCount"))
	require.Subset(t, before, e.tasks())
	require.Len(t, e.tasks(), 1)

	_, err = e.update(service, engine.Object{"desiredCount": 1.0, "forceNewDeployment": true})
	require.NoError(t, err)
	require.NotSubset(t, before, e.tasks(), "a deployment starts new tasks")

	target["resourceId"] = "service/cluster/other"
	_, err = e.create(view.ScalableTargetType, "other", target)
	require.ErrorContains(t, err, "ECS service doesn't exist")
	target["minCapacity"] = 6.0
	_, err = e.create(view.ScalableTargetType, "other", target)
	require.ErrorContains(t, err, "below minCapacity")
}

// tasks is the tasks that the environment's one service runs.
func (e *environment) tasks() []ecs.TaskInterface {
	e.t.Helper()
	services, err := e.Services(testAccount, testRegion)
	require.NoError(e.t, err)
	require.Len(e.t, services, 1)
	return services[0].Tasks
}

func (e *environment) describeService(name string) (engine.Object, error) {
	spec := e.Catalog.Functions["aws:ecs/getService:getService"]
	op := &engine.Op{Session: e.caller, Token: spec.Token, Inputs: engine.Object{"clusterArn": e.created["cluster"].ARN, "serviceName": name}, Operation: "invoking " + spec.Token}
	return op.Invoke(spec)
}

func TestContainerInsightsCreatesItsLogGroupUnlessItExists(t *testing.T) {
	const name = "/aws/ecs/containerinsights/cluster/performance"
	insights := engine.Object{"settings": []any{map[string]any{"name": "containerInsights", "value": "enabled"}}}
	for sentence, test := range map[string]struct {
		cluster   engine.Object
		own       bool
		retention int
		left      int // log groups after all else is deleted
	}{
		"without Container Insights":   {engine.Object{}, false, 0, 0},
		"where there is none":          {insights, false, 0, 1},
		"where the program's is there": {insights, true, 14, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			e.inputs["cluster"] = test.cluster
			var own *engine.Resource
			if test.own {
				own = e.must(view.LogGroupType, "insights", engine.Object{"name": name, "retentionInDays": 14.0})
			}
			service, err := e.service()
			require.NoError(t, err)
			groups := e.Resources(Filter{Type: view.LogGroupType})
			for _, group := range groups {
				if group.ID == name {
					require.Equal(t, test.retention, group.Properties.Number("retentionInDays"))
				}
			}
			require.NoError(t, e.delete(service))
			require.NoError(t, e.delete(e.created["cluster"]))
			if own != nil {
				require.NoError(t, e.delete(own))
			}
			require.Len(t, e.Resources(Filter{Type: view.LogGroupType}), 2+test.left, "the service's own, the network's, and what no resource takes along")
		})
	}
}

// TestAServiceTakesAnotherTargetGroupOfAnotherPort registers its tasks with a second
// target group, in place, whose port they open to the load balancer or do not: then
// ECS goes back to the former target groups with the former definition.
func TestAServiceTakesAnotherTargetGroupOfAnotherPort(t *testing.T) {
	for sentence, opened := range map[string]bool{"which the tasks open": true, "which the tasks do not open": false} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			e.inputs["service"] = engine.Object{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true}}
			service, err := e.service()
			require.NoError(t, err)
			former := service.Properties

			container := e.container()
			container["portMappings"] = append(container["portMappings"].([]any), map[string]any{"containerPort": 8444, "hostPort": 8444, "protocol": "tcp"})
			inputs := e.Catalog.Types[view.TaskDefinitionType].InputsOf(e.created["definition"].Properties, nil)
			inputs["containerDefinitions"] = containersJSON(container)
			delete(inputs, engine.DefaultsKey)
			definition := e.must(view.TaskDefinitionType, "definition", inputs)
			group := e.must(view.TargetGroupType, "second", engine.Object{"vpcId": e.created["vpc"].ID, "port": 8444.0, "protocol": "HTTPS", "targetType": "ip"})
			bindings, _ := former["loadBalancers"].([]any)
			changes := engine.Object{"taskDefinition": definition.ARN,
				"loadBalancers": append(slices.Clone(bindings), map[string]any{"targetGroupArn": group.ARN, "containerName": "nginx", "containerPort": 8444.0})}
			_, err = e.update(service, changes)
			require.ErrorContains(t, err, "does not have an associated load balancer", "no listener forwards to it")

			e.must(view.ListenerType, "second", engine.Object{"loadBalancerArn": e.created["balancer-lb"].ARN, "port": 81.0, "protocol": "HTTP",
				"defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": group.ARN}}})
			if opened {
				for _, rule := range [][3]string{{view.EgressRuleType, "balancer", "tasks"}, {view.IngressRuleType, "tasks", "balancer"}} {
					e.must(rule[0], "another "+rule[1], engine.Object{"securityGroupId": e.created[rule[1]].ID, "referencedSecurityGroupId": e.created[rule[2]].ID,
						"ipProtocol": "tcp", "fromPort": 8444.0, "toPort": 8444.0})
				}
			}
			service, err = e.update(service, changes)
			require.NoError(t, err)
			services, err := e.Services(testAccount, testRegion)
			require.NoError(t, err)
			if !opened {
				require.Contains(t, strings.Join(services[0].Events, "\n"), "tcp/8444")
				require.Equal(t, former["loadBalancers"], service.Properties["loadBalancers"])
				require.Equal(t, former["taskDefinition"], service.Properties["taskDefinition"])
				return
			}
			require.Equal(t, []int{8443, 8444}, services[0].Containers[0].Ports)
			var ports []int
			for _, target := range services[0].Targets {
				ports = append(ports, target.ContainerPort)
			}
			require.ElementsMatch(t, []int{8443, 8444}, ports)
		})
	}
}
