package ecs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/elbv2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iam"
	"github.com/portico-iac/portico/internal/awssim/reachability"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// steadyWait is how long the provider waits for a service to become steady where
// the program sets no timeout (hashicorp/terraform-provider-aws,
// internal/service/ecs/service.go, Timeouts).
const steadyWait = 20 * time.Minute

// deployService replaces the service's tasks with those of a task definition.
// If they don't come up, the old ones keep running; with a circuit breaker
// that rolls back, the service then says it runs the old revision, its task
// definition and its load balancers, and is steady, which is all that a provider
// waiting for a steady state sees: one deployment, with as many tasks as are desired
// (hashicorp/terraform-provider-aws v5.100, statusServiceWaitForStable). The same
// becomes of one whose alarms begin. It has two deployments until the bake time is over.
//
// A first deployment has nothing to roll back to (Amazon ECS developer guide,
// "How the Amazon ECS deployment circuit breaker detects failures"): the provider
// waits its whole timeout and knows no cause. That is in the service's events and
// in the stopped reasons of its tasks. One whose alarm begins keeps its tasks.
func deployService(op *engine.Op, definition *engine.Resource) error {
	former := op.Hidden.Object("running")
	reasons, err := unhealthy(op, definition)
	if err != nil {
		return err
	}
	if len(reasons) > 0 {
		op.Hidden["events"] = engine.List(reasons...)
		if former != nil && goesBack(op, "deploymentCircuitBreaker") {
			return goBack(op, former)
		}
		return neverSteady(op)
	}
	deployment, err := newDeployment(op, definition)
	if err != nil {
		return err
	}
	if err := runTasks(op, map[string]any{
		"taskDefinition": definition.ARN, "containerDefinitions": definition.Properties["containerDefinitions"],
		"runtimePlatform": definition.Properties["runtimePlatform"],
	}); err != nil {
		return err
	}
	if reasons, err = deployment.serve(op); err != nil {
		return err
	}
	op.Hidden["events"] = engine.List(reasons...)
	if len(reasons) == 0 && deployment.Bake > cmp.Or(op.Timeout, steadyWait) {
		return neverSteady(op)
	}
	if len(reasons) == 0 || former == nil || !goesBack(op, "alarms") {
		return nil
	}
	if err := runTasks(op, former); err != nil {
		return err
	}
	return goBack(op, former)
}

// unhealthy is why the tasks of a definition don't come up: because of what the accounts
// have, or of what the tasks do.
func unhealthy(op *engine.Op, definition *engine.Resource) ([]string, error) {
	if reasons := unsteady(op, definition); len(reasons) > 0 {
		return reasons, nil
	}
	deployment, err := newDeployment(op, definition)
	if err != nil {
		return nil, err
	}
	return deployment.start(op)
}

// goesBack reports whether a method of finding failed deployments rolls them back.
func goesBack(op *engine.Op, method string) bool {
	return op.Inputs.Object(method).Flag("enable") && op.Inputs.Object(method).Flag("rollback")
}

// goBack has the service say that it is what it was before.
func goBack(op *engine.Op, former engine.Object) error {
	op.Outputs["taskDefinition"] = former.Text("taskDefinition")
	for _, name := range revised {
		if before, ok := op.Before.Properties[name]; ok {
			op.Outputs[name] = before
		} else {
			delete(op.Outputs, name)
		}
	}
	return nil
}

// neverSteady is the provider's wait for a service that doesn't become steady.
func neverSteady(op *engine.Op) error {
	if !op.Inputs.Flag("waitForSteadyState") {
		return nil
	}
	timeout := cmp.Or(op.Timeout, steadyWait)
	op.Pass(timeout)
	return engine.LeaveUnfinished(op.Fail("waiting for ECS Service (%s): timeout while waiting for state to become 'tasksStable' (last state: 'tasksPending', timeout: %s)", op.ARN, timeout))
}

// runTasks starts the service's tasks anew and remembers what they run:
// deregistering the definition changes nothing about it.
func runTasks(op *engine.Op, running engine.Object) error {
	ec2.DetachAll(op, op.ID)
	for i := range op.Outputs.Number("desiredCount") {
		if err := startTask(op, op.ID, op.Outputs, i); err != nil {
			return err
		}
	}
	op.Hidden["running"] = map[string]any(running)
	writeInsights(op)
	return nil
}

// writeInsights has Container Insights write the performance of a cluster that runs
// tasks. It creates the log group that it writes to unless that exists. Its own has
// no retention, and no resource's deletion takes it along.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference-performance-logs-ECS.html
func writeInsights(op *engine.Op) {
	cluster := op.FindBy(view.ClusterType, "name", ClusterName(op.Inputs.Text("cluster")))
	name := "/aws/ecs/containerinsights/" + cluster.Properties.Text("name") + "/performance"
	writes := slices.ContainsFunc(cluster.Properties.Objects("settings"), func(o engine.Object) bool {
		return o.Text("name") == "containerInsights" && o.Text("value") != "disabled"
	})
	if !writes || op.FindBy(view.LogGroupType, "name", name) != nil {
		return
	}
	arn := "arn:" + op.Partition() + ":logs:" + op.Region + ":" + op.Account + ":log-group:" + name
	op.Put(engine.Resource{Account: op.Account, Region: op.Region, Type: view.LogGroupType, ID: name, ARN: arn,
		Properties: engine.Object{"arn": arn, "name": name, "retentionInDays": 0.0, "skipDestroy": false, "logGroupClass": "STANDARD"}})
}

// startTask gives a task its network interface. Tasks are spread over the
// service's subnets in turn.
func startTask(op *engine.Op, serviceARN string, service engine.Object, number int) error {
	network := service.Object("networkConfiguration")
	subnets := network.Texts("subnets")
	if len(subnets) == 0 {
		return nil // not in awsvpc network mode
	}
	own := op.ID
	defer func() { op.ID = own }()
	op.ID = serviceARN // an interface is its owner's, also if autoscaling asks for it
	_, err := ec2.Attach(op, op.See(view.SubnetType, subnets[number%len(subnets)]), "", network.Texts("securityGroups"), "task of "+service.Text("name"))
	return err
}

// ScaleTasks starts or stops as many tasks as the desired count wants.
func ScaleTasks(op *engine.Op, serviceARN string, service engine.Object) error {
	running, count := ec2.InterfacesOf(op, serviceARN), service.Number("desiredCount")
	for _, surplus := range running[min(count, len(running)):] {
		op.Remove(surplus)
	}
	for i := len(running); i < count; i++ {
		if err := startTask(op, serviceARN, service, i); err != nil {
			return err
		}
	}
	return nil
}

// unsteady is why tasks of a definition would not stay up, as the service's
// events and the tasks' stopped reasons would say; empty when they do.
func unsteady(op *engine.Op, definition *engine.Resource) []string {
	containers, err := parseContainers(definition.Properties.Text("containerDefinitions"))
	if err != nil {
		return []string{err.Error()}
	}
	role, err := executionRole(op, definition)
	if err != nil {
		return []string{err.Error()}
	}
	var found []error
	for _, container := range containers {
		found = append(found, pulls(op, container, definition, role)...)
		found = append(found, logs(op, container, role)...)
	}
	for _, task := range tasks(op) {
		for _, container := range containers {
			found = append(found, connects(op, task, container)...)
		}
		found = append(found, reachesAPIs(op, task))
	}
	for _, binding := range op.Inputs.Objects("loadBalancers") {
		found = append(found, healthy(op, binding)...)
	}
	var reasons []string
	for _, err := range found {
		if err != nil && !slices.Contains(reasons, err.Error()) {
			reasons = append(reasons, err.Error())
		}
	}
	return reasons
}

// event is a service event or a task's stopped reason, in ECS's own words.
func event(format string, args ...any) error { return fmt.Errorf(format, args...) }

// executionRole is the role with which ECS pulls and logs, nil if there is
// none, or why it cannot be assumed.
func executionRole(op *engine.Op, definition *engine.Resource) (*engine.Resource, error) {
	for _, property := range []string{"taskRoleArn", "executionRoleArn"} {
		arn := definition.Properties.Text(property)
		if arn == "" {
			continue
		}
		role := iam.Role(op, arn)
		if role == nil || !iam.RoleTrusts(role, "ecs-tasks.amazonaws.com", nil) {
			return nil, event("ECS was unable to assume the role '%s' that was provided for this task. "+
				"Please verify that the role being passed has the proper trust relationship and permissions", arn)
		}
	}
	return iam.Role(op, definition.Properties.Text("executionRoleArn")), nil
}

// pulls is what keeps Fargate from the container's image.
func pulls(op *engine.Op, container types.ContainerDefinition, definition, role *engine.Resource) []error {
	image, err := ecr.FindImage(op, aws.ToString(container.Image))
	if err != nil {
		return []error{event("CannotPullContainerError: pull image manifest: %w", err)}
	}
	var found []error
	architecture := definition.Properties.Object("runtimePlatform").Text("cpuArchitecture")
	if want := platformOf(architecture); image.Platform != "" && image.Platform != want {
		found = append(found, event("CannotPullContainerError: image Manifest does not contain descriptor matching platform '%s' (%s is for %s)",
			want, aws.ToString(container.Image), image.Platform))
	}
	ref, err := ecr.ParseReference(aws.ToString(container.Image))
	if err != nil {
		return append(found, err)
	}
	account, region, private := ecr.RegistryOf(ref.Host)
	if !private {
		return found
	}
	repository := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", op.Partition(), region, account, ref.Name)
	found = append(found, permitted(op, role, "ResourceInitializationError: unable to pull registry auth", "*", "ecr:GetAuthorizationToken"))
	for _, action := range []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"} {
		found = append(found, permitted(op, role, "CannotPullContainerError: pull image "+aws.ToString(container.Image), repository, action))
	}
	return found
}

// platformOf is Docker's name of a runtime platform; Fargate runs X86_64
// unless told otherwise.
func platformOf(architecture string) string {
	if architecture == "ARM64" {
		return "linux/arm64"
	}
	return "linux/amd64"
}

func permitted(op *engine.Op, role *engine.Resource, what, resource, action string) error {
	if role != nil && iam.RoleMay(op, role, action, resource) {
		return nil
	}
	name := "no execution role"
	if role != nil {
		name = role.ARN
	}
	return event("%s: AccessDeniedException: %s is not authorized to perform: %s on resource: %s "+
		"because no identity-based policy allows the %s action", what, name, action, resource, action)
}

// logs is what keeps the container's output from its log group.
func logs(op *engine.Op, container types.ContainerDefinition, role *engine.Resource) []error {
	l := container.LogConfiguration
	if l == nil || l.LogDriver != "awslogs" {
		return nil
	}
	const what = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times"
	group, region := l.Options["awslogs-group"], l.Options["awslogs-region"]
	arn := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", op.Partition(), region, op.Account, group)
	if l.Options["awslogs-create-group"] == "true" {
		if err := permitted(op, role, what, arn, "logs:CreateLogGroup"); err != nil {
			return []error{err}
		}
	} else if region != op.Region || op.FindBy(view.LogGroupType, "name", group) == nil {
		return []error{event("%s: ResourceNotFoundException: The specified log group does not exist: %s in %s", what, group, region)}
	}
	stream := arn + ":log-stream:" + l.Options["awslogs-stream-prefix"] + "/" + aws.ToString(container.Name) + "/task"
	return []error{permitted(op, role, what, stream, "logs:CreateLogStream"), permitted(op, role, what, stream, "logs:PutLogEvents")}
}

// tasks is one end of a connection for each subnet that tasks start in.
func tasks(op *engine.Op) []reachability.Endpoint {
	network := op.Inputs.Object("networkConfiguration")
	var endpoints []reachability.Endpoint
	for _, id := range network.Texts("subnets") {
		address := ec2.NetworkOf(op.See(view.SubnetType, id)).Addr()
		for range 5 { // past the addresses that AWS keeps for itself
			address = address.Next()
		}
		endpoints = append(endpoints, reachability.Endpoint{
			Name: "task of service " + op.Outputs.Text("name") + " in " + id, SubnetID: id, Address: address,
			Groups: network.Texts("securityGroups"), PublicIP: network.Flag("assignPublicIp"),
		})
	}
	return endpoints
}

// connects is what keeps a task from the services that it needs to start: the
// registry's API and its layers, which lie in S3, and the logs.
func connects(op *engine.Op, task reachability.Endpoint, container types.ContainerDefinition) []error {
	var found []error
	reach := func(what string, services ...string) {
		for _, service := range services {
			if err := reachability.Of(op).ReachesService(task, service); err != nil {
				found = append(found, fmt.Errorf("%s: dial tcp %s.%s.%s: i/o timeout: %w", what, service, op.Region, op.DNSSuffix(), err))
			}
		}
	}
	if ref, err := ecr.ParseReference(aws.ToString(container.Image)); err == nil {
		if _, _, private := ecr.RegistryOf(ref.Host); private {
			reach("ResourceInitializationError: unable to pull secrets or registry auth", "ecr.api")
			reach("CannotPullContainerError: pull image "+aws.ToString(container.Image), "ecr.dkr", "s3")
		} else {
			reach("CannotPullContainerError: pull image "+aws.ToString(container.Image), cmp.Or(ref.Host, "registry-1.docker.io"))
		}
	}
	if l := container.LogConfiguration; l != nil && l.LogDriver == "awslogs" {
		reach("ResourceInitializationError: failed to validate logger args", "logs")
	}
	return found
}

// reachesAPIs returns nil if a task reaches an execute-api endpoint of its VPC,
// or the VPC has none. ECS itself would not notice; a proxy that cannot reach
// what it is for is not up.
func reachesAPIs(op *engine.Op, task reachability.Endpoint) error {
	subnet := op.See(view.SubnetType, task.SubnetID)
	var refusals []error
	for _, endpoint := range op.In(subnet.Account, op.Region).All(view.VPCEndpointType) {
		if endpoint.Properties["vpcId"] != subnet.Properties["vpcId"] || ec2.ServiceOf(endpoint.Properties.Text("serviceName"), op.Region) != "execute-api" {
			continue
		}
		err := reachability.Of(op).ReachesEndpoint(task, endpoint, 443)
		if err == nil {
			return nil
		}
		refusals = append(refusals, fmt.Errorf("the task reaches no execute-api endpoint: %w", err))
	}
	return errors.Join(refusals...)
}

// healthy is what makes the tasks fail the health checks of a target group.
//
// AWS registers tasks with the container's port, whatever the target group's
// own is, so that a difference goes unnoticed there; here it is a mistake,
// since the port of a health check and of rules is read off the target group.
func healthy(op *engine.Op, binding engine.Object) []error {
	arn := binding.Text("targetGroupArn")
	group := op.FindBy(view.TargetGroupType, "arn", arn).Properties
	port := binding.Number("containerPort")
	var found []error
	if group.Number("port") != port {
		found = append(found, fmt.Errorf("the container's port %d is not the port of target group %s, %d", port, arn, group.Number("port")))
	}
	ports := []int{port}
	if check, err := strconv.Atoi(group.Object("healthCheck").Text("port")); err == nil && check != port {
		ports = append(ports, check)
	}
	for _, task := range tasks(op) {
		subnet := op.See(view.SubnetType, task.SubnetID)
		if subnet.Properties.Text("vpcId") != group.Text("vpcId") {
			found = append(found, fmt.Errorf("unable to register targets in (target-group %s): the IP address is not within the VPC of the target group, %s", arn, group.Text("vpcId")))
			continue
		}
		for _, listener := range elbv2.ListenersOf(op, arn) {
			for _, err := range reachability.NodesReach(op, listener.Properties.Text("loadBalancerArn"), task, ports) {
				found = append(found, event("Task failed ELB health checks (Request timed out): %w", err))
			}
		}
	}
	return found
}
