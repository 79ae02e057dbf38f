package awssim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// deployService replaces the service's tasks with those of a task definition.
// If they don't come up, the old ones keep running; with a circuit breaker
// that rolls back, the service then says it runs the old definition and is
// steady, which is all that a provider waiting for a steady state sees.
func (c *call) deployService(definition *Resource) error {
	reasons := c.unsteady(definition)
	c.hidden["events"] = list(reasons...)
	if len(reasons) == 0 {
		return c.runTasks(definition)
	}
	breaker := c.inputs.Object("deploymentCircuitBreaker")
	if running := c.hidden.Object("running"); running != nil && breaker.Flag("enable") && breaker.Flag("rollback") {
		c.outputs["taskDefinition"] = running.Text("taskDefinition")
		return nil
	}
	if !c.inputs.Flag("waitForSteadyState") {
		return nil
	}
	return unfinished{c.fail("waiting for ECS Service (%s): timeout while waiting for state to become 'tasksStable' (last state: 'tasksPending', timeout: 20m0s): "+
		"(service %s) %s", c.arn, c.outputs.Text("name"), strings.Join(reasons, "; "))}
}

// runTasks starts the service's tasks anew and remembers what they run:
// deregistering the definition changes nothing about it.
func (c *call) runTasks(definition *Resource) error {
	c.detachAll(c.id)
	for i := range c.outputs.Number("desiredCount") {
		if err := c.startTask(c.id, c.outputs, i); err != nil {
			return err
		}
	}
	c.hidden["running"] = map[string]any{
		"taskDefinition": definition.ARN, "containerDefinitions": definition.Properties["containerDefinitions"],
		"runtimePlatform": definition.Properties["runtimePlatform"],
	}
	return nil
}

// startTask gives a task its network interface. Tasks are spread over the
// service's subnets in turn.
func (c *call) startTask(serviceARN string, service Object, number int) error {
	network := service.Object("networkConfiguration")
	subnets := network.Texts("subnets")
	if len(subnets) == 0 {
		return nil // not in awsvpc network mode
	}
	own := c.id
	defer func() { c.id = own }()
	c.id = serviceARN // an interface is its owner's, also if autoscaling asks for it
	_, err := c.attach(c.find(subnetType, subnets[number%len(subnets)]), "", network.Texts("securityGroups"), "task of "+service.Text("name"))
	return err
}

// scaleTasks starts or stops as many tasks as the desired count wants.
func (c *call) scaleTasks(serviceARN string, service Object) error {
	standing, count := c.interfacesOf(serviceARN), service.Number("desiredCount")
	for _, surplus := range standing[min(count, len(standing)):] {
		c.remove(surplus)
	}
	for i := len(standing); i < count; i++ {
		if err := c.startTask(serviceARN, service, i); err != nil {
			return err
		}
	}
	return nil
}

// unsteady is why tasks of a definition would not stay up, as the service's
// events and the tasks' stopped reasons would say; empty when they do.
func (c *call) unsteady(definition *Resource) []string {
	containers, err := parseContainers(definition.Properties.Text("containerDefinitions"))
	if err != nil {
		return []string{err.Error()}
	}
	role, err := c.executionRole(definition)
	if err != nil {
		return []string{err.Error()}
	}
	var found []error
	for _, container := range containers {
		found = append(found, c.pulls(container, definition, role)...)
		found = append(found, c.logs(container, role)...)
	}
	for _, task := range c.tasks() {
		for _, container := range containers {
			found = append(found, c.connects(task, container)...)
		}
		found = append(found, c.reachesAPIs(task))
	}
	for _, binding := range c.inputs.Objects("loadBalancers") {
		found = append(found, c.healthy(binding)...)
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
func (c *call) executionRole(definition *Resource) (*Resource, error) {
	for _, property := range []string{"taskRoleArn", "executionRoleArn"} {
		arn := definition.Properties.Text(property)
		if arn == "" {
			continue
		}
		role := c.role(arn)
		if role == nil || !roleTrusts(role, "ecs-tasks.amazonaws.com") {
			return nil, event("ECS was unable to assume the role '%s' that was provided for this task. "+
				"Please verify that the role being passed has the proper trust relationship and permissions", arn)
		}
	}
	return c.role(definition.Properties.Text("executionRoleArn")), nil
}

// pulls is what keeps Fargate from the container's image.
func (c *call) pulls(container containerDefinition, definition, role *Resource) []error {
	image, err := c.image(container.Image)
	if err != nil {
		return []error{event("CannotPullContainerError: pull image manifest: %w", err)}
	}
	var found []error
	architecture := definition.Properties.Object("runtimePlatform").Text("cpuArchitecture")
	if want := platformOf(architecture); image.Platform != "" && image.Platform != want {
		found = append(found, event("CannotPullContainerError: image Manifest does not contain descriptor matching platform '%s' (%s is for %s)",
			want, container.Image, image.Platform))
	}
	ref, err := parseImageReference(container.Image)
	if err != nil {
		return append(found, err)
	}
	account, region, private := registryOf(ref.host)
	if !private {
		return found
	}
	repository := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", c.partition(), region, account, ref.name)
	found = append(found, c.permitted(role, "ResourceInitializationError: unable to pull registry auth", "*", "ecr:GetAuthorizationToken"))
	for _, action := range []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"} {
		found = append(found, c.permitted(role, "CannotPullContainerError: pull image "+container.Image, repository, action))
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

func (c *call) permitted(role *Resource, what, resource, action string) error {
	if role != nil && c.roleMay(role, action, resource) {
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
func (c *call) logs(container containerDefinition, role *Resource) []error {
	l := container.LogConfiguration
	if l == nil || l.LogDriver != "awslogs" {
		return nil
	}
	const what = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times"
	group, region := l.Options["awslogs-group"], l.Options["awslogs-region"]
	arn := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", c.partition(), region, c.account, group)
	if l.Options["awslogs-create-group"] == "true" {
		if err := c.permitted(role, what, arn, "logs:CreateLogGroup"); err != nil {
			return []error{err}
		}
	} else if region != c.region || c.findBy(logGroupType, "name", group) == nil {
		return []error{event("%s: ResourceNotFoundException: The specified log group does not exist: %s in %s", what, group, region)}
	}
	stream := arn + ":log-stream:" + l.Options["awslogs-stream-prefix"] + "/" + container.Name + "/task"
	return []error{c.permitted(role, what, stream, "logs:CreateLogStream"), c.permitted(role, what, stream, "logs:PutLogEvents")}
}

// tasks is one end of a connection for each subnet that tasks start in.
func (c *call) tasks() []Party {
	network := c.inputs.Object("networkConfiguration")
	var parties []Party
	for _, id := range network.Texts("subnets") {
		address := networkOf(c.find(subnetType, id)).Addr()
		for range 5 { // past the addresses that AWS keeps for itself
			address = address.Next()
		}
		parties = append(parties, Party{
			Name: "task of service " + c.outputs.Text("name") + " in " + id, SubnetID: id, Address: address,
			Groups: network.Texts("securityGroups"), PublicIP: network.Flag("assignPublicIp"),
		})
	}
	return parties
}

// connects is what keeps a task from the services that it needs to start: the
// registry's API and its layers, which lie in S3, and the logs.
func (c *call) connects(task Party, container containerDefinition) []error {
	var found []error
	reach := func(what string, services ...string) {
		for _, service := range services {
			if err := c.network().reachesService(task, service); err != nil {
				found = append(found, fmt.Errorf("%s: dial tcp %s.%s.%s: i/o timeout: %w", what, service, c.region, c.dnsSuffix(), err))
			}
		}
	}
	if ref, err := parseImageReference(container.Image); err == nil {
		if _, _, private := registryOf(ref.host); private {
			reach("ResourceInitializationError: unable to pull secrets or registry auth", "ecr.api")
			reach("CannotPullContainerError: pull image "+container.Image, "ecr.dkr", "s3")
		} else {
			reach("CannotPullContainerError: pull image "+container.Image, cmp.Or(ref.host, "registry-1.docker.io"))
		}
	}
	if l := container.LogConfiguration; l != nil && l.LogDriver == "awslogs" {
		reach("ResourceInitializationError: failed to validate logger args", "logs")
	}
	return found
}

// reachesAPIs tells whether a task reaches an execute-api endpoint of its VPC,
// if there is one. ECS itself would not notice; a proxy that cannot reach what
// it is for is not up.
func (c *call) reachesAPIs(task Party) error {
	vpc := c.find(subnetType, task.SubnetID).Properties.Text("vpcId")
	var refusals []error
	for _, endpoint := range c.all(vpcEndpointType) {
		if endpoint.Properties.Text("vpcId") != vpc || serviceOf(endpoint.Properties.Text("serviceName"), c.region) != "execute-api" {
			continue
		}
		err := c.network().reachesEndpoint(task, endpoint, 443)
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
func (c *call) healthy(binding Object) []error {
	arn := binding.Text("targetGroupArn")
	group := c.findBy(targetGroupType, "arn", arn).Properties
	port := binding.Number("containerPort")
	var found []error
	if group.Number("port") != port {
		found = append(found, fmt.Errorf("the container's port %d is not the port of target group %s, %d", port, arn, group.Number("port")))
	}
	ports := []int{port}
	if check, err := strconv.Atoi(group.Object("healthCheck").Text("port")); err == nil && check != port {
		ports = append(ports, check)
	}
	for _, task := range c.tasks() {
		subnet := c.find(subnetType, task.SubnetID)
		if subnet.Properties.Text("vpcId") != group.Text("vpcId") {
			found = append(found, fmt.Errorf("unable to register targets in (target-group %s): the IP address is not within the VPC of the target group, %s", arn, group.Text("vpcId")))
			continue
		}
		for _, listener := range c.listenersOf(arn) {
			for _, err := range c.nodesReach(listener.Properties.Text("loadBalancerArn"), task, ports) {
				found = append(found, event("Task failed ELB health checks (Request timed out): %w", err))
			}
		}
	}
	return found
}
