package awssim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
)

// taskDefinitionBytes is how large a task definition may be. AWS's older
// documentation says 32 KiB; what the API answers with names 65536.
const taskDefinitionBytes = 65536

var ecsName = pattern(`[A-Za-z0-9_-]{1,255}`, "1 to 255 letters, digits, - and _")

// ecsService is clusters, task definitions and services on Fargate.
func ecsService() service {
	return service{
		types: []*typeSpec{clusterSpec(), taskDefinitionSpec(), serviceSpec()},
		functions: []*functionSpec{{
			token: "aws:ecs/getService:getService", args: ecs.LookupServiceArgs{}, result: ecs.LookupServiceResult{},
			actions: []string{"ecs:DescribeServices"},
			run:     describeService,
		}},
	}
}

func clusterSpec() *typeSpec {
	return &typeSpec{
		token: clusterType, title: "ECS Cluster", args: ecs.ClusterArgs{}, state: ecs.Cluster{},
		id: "{arn}", arn: "arn:{partition}:ecs:{region}:{account}:cluster/{name}",
		autoname: "name", autonameMax: 255,
		immutable: []string{"name"},
		sets:      []string{"settings"},
		rules: map[string][]rule{
			"name": {ecsName}, "settings[].name": {oneOf("containerInsights")}, "settings[].value": {oneOf("enabled", "disabled", "enhanced")},
		},
		unique: []string{"name"},
		quota:  quota{name: "Clusters per account", limit: 10000, code: "LimitExceededException"},
		create: []string{"ecs:CreateCluster", "ecs:DescribeClusters", "ecs:TagResource"},
		read:   []string{"ecs:DescribeClusters"},
		update: []string{"ecs:UpdateCluster", "ecs:TagResource", "ecs:UntagResource"},
		delete: []string{"ecs:DeleteCluster"},
		onCreate: func(c *call) error {
			if !c.outputs.Has("settings") {
				c.outputs["settings"] = []any{map[string]any{"name": "containerInsights", "value": "disabled"}}
			}
			return nil
		},
		onDelete: func(c *call) error {
			for _, s := range c.all(ecsServiceType) {
				if clusterName(s.Properties.Text("cluster")) == c.outputs.Text("name") {
					return c.refuse("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active. (%s)", s.ID)
				}
			}
			return nil
		},
	}
}

// clusterName is the name of a cluster that is given by name or ARN.
func clusterName(cluster string) string { return cluster[strings.LastIndexByte(cluster, '/')+1:] }

// taskDefinitionSpec has a revision's ARN as its ID, so that each revision
// stands by itself; the real provider's ID is the family. Deregistering leaves
// running tasks alone, and services remember what they run.
func taskDefinitionSpec() *typeSpec {
	return &typeSpec{
		token: taskDefinitionType, title: "ECS Task Definition", args: ecs.TaskDefinitionArgs{}, state: ecs.TaskDefinition{},
		identify: identifyTaskDefinition,
		defaults: Object{"skipDestroy": false, "trackLatest": false},
		immutable: []string{"containerDefinitions", "cpu", "ephemeralStorage", "executionRoleArn", "family", "inferenceAccelerators", "ipcMode",
			"memory", "networkMode", "pidMode", "placementConstraints", "proxyConfiguration", "requiresCompatibilities", "runtimePlatform",
			"taskRoleArn", "volumes", "enableFaultInjection"},
		sets:      []string{"requiresCompatibilities", "volumes"},
		documents: []string{"containerDefinitions"},
		rules: map[string][]rule{
			"family":                                {ecsName},
			"networkMode":                           {oneOf("none", "bridge", "awsvpc", "host")},
			"requiresCompatibilities[]":             {oneOf("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")},
			"cpu":                                   {pattern(`[0-9]+`, "a number of CPU units")},
			"memory":                                {pattern(`[0-9]+`, "a number of MiB")},
			"runtimePlatform.cpuArchitecture":       {oneOf("X86_64", "ARM64")},
			"runtimePlatform.operatingSystemFamily": {pattern(`LINUX|WINDOWS_SERVER_.+`, "LINUX or a Windows Server family")},
			"executionRoleArn":                      {arnOf("iam")},
			"taskRoleArn":                           {arnOf("iam")},
			"ephemeralStorage.sizeInGib":            {between(21, 200)},
		},
		check: func(inputs Object) []problem {
			if !inputs.Has("containerDefinitions") {
				return nil
			}
			if _, err := parseContainers(inputs.Text("containerDefinitions")); err != nil {
				return []problem{{"containerDefinitions", err.Error()}}
			}
			return nil
		},
		create:   []string{"ecs:RegisterTaskDefinition", "iam:PassRole", "ecs:DescribeTaskDefinition"},
		read:     []string{"ecs:DescribeTaskDefinition"},
		update:   []string{"ecs:TagResource", "ecs:UntagResource"},
		delete:   []string{"ecs:DeregisterTaskDefinition"},
		onCreate: registerTaskDefinition,
		onDelete: func(c *call) error {
			if c.outputs.Flag("skipDestroy") {
				c.put(c.before.clone())
			}
			return nil
		},
	}
}

// identifyTaskDefinition counts revisions, which a family never uses twice.
func identifyTaskDefinition(c *call) {
	family := c.fill("arn:{partition}:ecs:{region}:{account}:task-definition/{family}")
	revision := c.number(family)
	c.outputs["revision"], c.outputs["arnWithoutRevision"] = float64(revision), family
	c.arn = family + ":" + strconv.Itoa(revision)
	c.id = c.arn
}

func registerTaskDefinition(c *call) error {
	text := c.inputs.Text("containerDefinitions")
	if len(text) > taskDefinitionBytes {
		return c.refuse("ClientException", "Actual length: '%d'. Max allowed length is '%d' bytes.", len(text), taskDefinitionBytes)
	}
	shape, err := shapeOf(c.inputs)
	if err != nil {
		return c.refuse("ClientException", "%s", err)
	}
	containers, err := parseContainers(text)
	if err != nil {
		return c.refuse("ClientException", "%s", err)
	}
	if mistakes := shape.mistakes(containers); len(mistakes) > 0 {
		return c.refuse("ClientException", "%s", strings.Join(mistakes, "; "))
	}
	for _, property := range []string{"executionRoleArn", "taskRoleArn"} {
		if arn := c.inputs.Text(property); arn != "" && c.role(arn) == nil {
			return c.refuse("ClientException", "Role is not valid (%s %s)", property, arn)
		}
	}
	if !c.outputs.Has("networkMode") {
		c.outputs["networkMode"] = "bridge"
	}
	c.outputs["enableFaultInjection"] = c.inputs.Flag("enableFaultInjection")
	return nil
}

// shapeOf is what the task definition's containers are held to, or why no task
// can have that shape.
func shapeOf(inputs Object) (taskShape, error) {
	cpu, _ := strconv.Atoi(inputs.Text("cpu"))       // held to digits by rule
	memory, _ := strconv.Atoi(inputs.Text("memory")) // likewise
	shape := taskShape{networkMode: inputs.Text("networkMode"), executionRole: inputs.Text("executionRoleArn") != "", cpu: cpu, memory: memory}
	for _, v := range inputs.Objects("volumes") {
		shape.volumes = append(shape.volumes, v.Text("name"))
	}
	for _, kind := range inputs.Texts("requiresCompatibilities") {
		shape.fargate = shape.fargate || kind == "FARGATE"
	}
	if !shape.fargate {
		return shape, nil
	}
	if !isFargateSize(cpu, memory) {
		return shape, event("No Fargate configuration exists for given values: %d CPU, %d memory. See the Amazon ECS documentation for the valid values.", cpu, memory)
	}
	if shape.networkMode != "awsvpc" {
		return shape, event("Fargate only supports network mode ‘awsvpc’.")
	}
	for _, v := range inputs.Objects("volumes") {
		if v.Has("hostPath") || v.Has("dockerVolumeConfiguration") {
			return shape, fmt.Errorf("volume %s: Fargate has neither host paths nor Docker volumes", v.Text("name"))
		}
	}
	return shape, nil
}

func serviceSpec() *typeSpec {
	return &typeSpec{
		token: ecsServiceType, title: "ECS Service", args: ecs.ServiceArgs{}, state: ecs.Service{},
		identify: func(c *call) {
			cluster := c.outputs.Text("cluster")
			if cluster == "" {
				cluster = "default"
			}
			c.arn = c.fill("arn:{partition}:ecs:{region}:{account}:service/") + clusterName(cluster) + "/" + c.outputs.Text("name")
			c.id = c.arn
		},
		autoname: "name", autonameMax: 255,
		defaults: Object{"schedulingStrategy": "REPLICA", "deploymentMaximumPercent": 200.0, "deploymentMinimumHealthyPercent": 100.0,
			"enableEcsManagedTags": false, "waitForSteadyState": false},
		immutable: []string{"name", "cluster", "launchType", "schedulingStrategy", "iamRole"},
		sets:      []string{"loadBalancers"},
		rules: map[string][]rule{
			"name":                                {ecsName},
			"launchType":                          {oneOf("EC2", "FARGATE", "EXTERNAL")},
			"schedulingStrategy":                  {oneOf("REPLICA", "DAEMON")},
			"propagateTags":                       {oneOf("SERVICE", "TASK_DEFINITION", "NONE")},
			"availabilityZoneRebalancing":         {oneOf("ENABLED", "DISABLED")},
			"platformVersion":                     {pattern(`LATEST|1\.[0-4]\.0`, "LATEST or a Fargate platform version such as 1.4.0")},
			"desiredCount":                        {between(0, 5000)},
			"healthCheckGracePeriodSeconds":       {between(0, 2147483647)},
			"loadBalancers":                       {items(0, 5)},
			"loadBalancers[].containerPort":       {between(1, 65535)},
			"loadBalancers[].targetGroupArn":      {arnOf("elasticloadbalancing")},
			"networkConfiguration.subnets":        {items(1, 16)},
			"networkConfiguration.securityGroups": {items(0, 5)},
		},
		refs: []ref{
			{at: "networkConfiguration.subnets[]", to: subnetType, code: "InvalidParameterException"},
			{at: "networkConfiguration.securityGroups[]", to: securityGroupType, code: "InvalidParameterException"},
		},
		conflict: "InvalidParameterException",
		quota:    quota{name: "Services per cluster", limit: 5000, per: "cluster", code: "LimitExceededException"},
		create:   []string{"ecs:CreateService", "iam:PassRole", "ecs:DescribeServices", "ecs:TagResource"},
		read:     []string{"ecs:DescribeServices"},
		update:   []string{"ecs:UpdateService", "iam:PassRole", "ecs:DescribeServices", "ecs:TagResource", "ecs:UntagResource"},
		delete:   []string{"ecs:DeleteService", "ecs:UpdateService", "ecs:DescribeServices"},
		onCreate: createService,
		onUpdate: updateService,
		onDelete: func(c *call) error { c.detachAll(c.id); return nil },
	}
}

func createService(c *call) error {
	definition, err := c.checkService()
	if err != nil {
		return err
	}
	for name, value := range (Object{"launchType": "EC2", "platformVersion": "LATEST", "iamRole": "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"}) {
		if !c.outputs.Has(name) {
			c.outputs[name] = value
		}
	}
	if !c.outputs.Has("triggers") {
		c.outputs["triggers"] = map[string]any{}
	}
	c.hidden["statedCount"] = c.inputs["desiredCount"]
	return c.deployService(definition)
}

func updateService(c *call) error {
	// What autoscaling made of the count stands until the program states
	// another one.
	if equalValues(c.inputs["desiredCount"], c.hidden["statedCount"], false) {
		c.outputs["desiredCount"] = c.before.Properties["desiredCount"]
	}
	c.hidden["statedCount"] = c.inputs["desiredCount"]
	definition, err := c.checkService()
	if err != nil {
		return err
	}
	if running := c.hidden.Object("running"); running.Text("taskDefinition") == definition.ARN && !c.replacesTasks() {
		return c.scaleTasks(c.arn, c.outputs)
	}
	return c.deployService(definition)
}

// replacesTasks tells whether an update starts a deployment.
func (c *call) replacesTasks() bool {
	for _, name := range []string{"networkConfiguration", "loadBalancers", "platformVersion", "capacityProviderStrategies", "triggers", "propagateTags", "enableExecuteCommand"} {
		if !equalValues(c.before.Properties[name], c.outputs[name], true) {
			return true
		}
	}
	return c.inputs.Flag("forceNewDeployment")
}

// checkService is what CreateService and UpdateService refuse at once, and the
// task definition that the service names.
func (c *call) checkService() (*Resource, error) {
	cluster := clusterName(c.inputs.Text("cluster"))
	if c.findBy(clusterType, "name", cluster) == nil {
		return nil, c.refuse("ClusterNotFoundException", "Cluster not found. (%s)", c.inputs.Text("cluster"))
	}
	definition := c.taskDefinition(c.inputs.Text("taskDefinition"))
	if definition == nil {
		return nil, c.refuse("ClientException", "TaskDefinition not found or inactive: %s", c.inputs.Text("taskDefinition"))
	}
	if definition.Properties.Text("networkMode") == "awsvpc" && c.inputs.Object("networkConfiguration") == nil {
		return nil, c.refuse("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	if c.outputs.Text("launchType") == "FARGATE" && !equalValues(definition.Properties["requiresCompatibilities"], list("FARGATE"), true) {
		return nil, c.refuse("InvalidParameterException", "Task definition does not support launch_type FARGATE.")
	}
	if _, err := c.serviceVPC(); err != nil {
		return nil, err
	}
	containers, err := parseContainers(definition.Properties.Text("containerDefinitions"))
	if err != nil {
		return nil, c.refuse("ClientException", "%s", err)
	}
	for _, binding := range c.inputs.Objects("loadBalancers") {
		if err := c.checkBinding(binding, containers); err != nil {
			return nil, err
		}
	}
	return definition, nil
}

// taskDefinition finds an active revision by ARN, family:revision, or family
// for the latest.
func (c *call) taskDefinition(name string) *Resource {
	var latest *Resource
	for _, r := range c.all(taskDefinitionType) {
		family, revision := r.Properties.Text("family"), r.Properties.Number("revision")
		if name == r.ARN || name == family+":"+strconv.Itoa(revision) {
			return r
		}
		if name == family && (latest == nil || revision > latest.Properties.Number("revision")) {
			latest = r
		}
	}
	return latest
}

// serviceVPC is the one VPC of the service's subnets and security groups.
func (c *call) serviceVPC() (string, error) {
	network := c.inputs.Object("networkConfiguration")
	vpc := ""
	for _, id := range network.Texts("subnets") {
		own := c.find(subnetType, id).Properties.Text("vpcId")
		if vpc != "" && own != vpc {
			return "", c.refuse("InvalidParameterException", "subnets are in different VPCs: %s is in %s, another in %s", id, own, vpc)
		}
		vpc = own
	}
	for _, id := range network.Texts("securityGroups") {
		if own := c.find(securityGroupType, id).Properties.Text("vpcId"); own != vpc {
			return "", c.refuse("InvalidParameterException", "Security group %s does not appear to belong to the same VPC as the input subnets.", id)
		}
	}
	return vpc, nil
}

// checkBinding holds a target group to the container that it sends to.
func (c *call) checkBinding(binding Object, containers []containerDefinition) error {
	arn := binding.Text("targetGroupArn")
	group := c.findBy(targetGroupType, "arn", arn)
	if group == nil {
		return c.refuse("InvalidParameterException", "Unable to describe the target group %s: it does not exist in account %s, region %s", arn, c.account, c.region)
	}
	if kind := group.Properties.Text("targetType"); kind != "ip" {
		return c.refuse("InvalidParameterException", "The provided target group %s has target type %s, which is incompatible with the awsvpc network mode specified in the task definition.", arn, kind)
	}
	if len(c.listenersOf(arn)) == 0 {
		return c.refuse("InvalidParameterException", "The target group with targetGroupArn %s does not have an associated load balancer.", arn)
	}
	for _, container := range containers {
		if container.Name != binding.Text("containerName") {
			continue
		}
		for _, p := range container.PortMappings {
			if p.ContainerPort == binding.Number("containerPort") {
				return nil
			}
		}
		return c.refuse("InvalidParameterException", "The container %s did not have a container port %d defined.", container.Name, binding.Number("containerPort"))
	}
	return c.refuse("InvalidParameterException", "The container %s does not exist in the task definition.", binding.Text("containerName"))
}

func describeService(c *call) (Object, error) {
	cluster := clusterName(c.inputs.Text("clusterArn"))
	for _, s := range c.all(ecsServiceType) {
		p := s.Properties
		if clusterName(p.Text("cluster")) != cluster || (p.Text("name") != c.inputs.Text("serviceName") && s.ARN != c.inputs.Text("serviceName")) {
			continue
		}
		return Object{
			"id": s.ARN, "arn": s.ARN, "clusterArn": c.inputs["clusterArn"], "serviceName": p["name"], "desiredCount": p["desiredCount"],
			"launchType": p["launchType"], "schedulingStrategy": p["schedulingStrategy"], "taskDefinition": p["taskDefinition"],
			"availabilityZoneRebalancing": p.Text("availabilityZoneRebalancing"), "tags": map[string]any(p.Object("tagsAll")),
		}, nil
	}
	return nil, c.fail("service with name %q in cluster %q not found", c.inputs.Text("serviceName"), c.inputs.Text("clusterArn"))
}
