package ecs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/elbv2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iam"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// taskDefinitionBytes is how large a task definition may be. AWS's older
// documentation says 32 KiB; what the API answers with names 65536.
const taskDefinitionBytes = 65536

var ecsName = engine.Pattern(`[A-Za-z0-9_-]{1,255}`, "1 to 255 letters, digits, - and _")

// Service is clusters, task definitions and services on Fargate.
func Service() engine.Service {
	return engine.Service{
		Authorization: authorization(),
		Types:         []*engine.Type{clusterSpec(), taskDefinitionSpec(), serviceSpec()},
		Functions: []*engine.Function{{
			Token: "aws:ecs/getService:getService", Args: ecs.LookupServiceArgs{}, Result: ecs.LookupServiceResult{},
			Actions: []string{"ecs:DescribeServices"},
			Run:     describeService,
		}},
	}
}

func clusterSpec() *engine.Type {
	return &engine.Type{
		Token: view.ClusterType, Title: "ECS Cluster", Args: ecs.ClusterArgs{}, State: ecs.Cluster{},
		ID: "{arn}", ARN: "arn:{partition}:ecs:{region}:{account}:cluster/{name}",
		Properties: engine.Properties{
			"name":             {engine.Autonamed(255), engine.ForceNew, ecsName},
			"settings":         {engine.Set, engine.Kept, engine.Otherwise([]any{map[string]any{"name": "containerInsights", "value": "disabled"}})},
			"settings[].name":  {engine.OneOf("containerInsights")},
			"settings[].value": {engine.OneOf("enabled", "disabled", "enhanced")},
		},

		Unique: []string{"name"},
		Quota:  engine.Quota{Name: "Clusters per account", Limit: 10000, Code: "LimitExceededException"},
		Create: []string{"ecs:CreateCluster", "ecs:DescribeClusters", "ecs:TagResource"},
		Read:   []string{"ecs:DescribeClusters"},
		Update: []string{"ecs:UpdateCluster", "ecs:TagResource", "ecs:UntagResource"},
		Delete: []string{"ecs:DeleteCluster", "ecs:DescribeClusters"},

		ServiceLinkedRole: "ecs.amazonaws.com",
		OnDelete: func(op *engine.Op) error {
			for _, s := range op.All(view.ECSServiceType) {
				if ClusterName(s.Properties.Text("cluster")) == op.Outputs.Text("name") {
					return op.Refuse("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active. (%s)", s.ID)
				}
			}
			return nil
		},
	}
}

// ClusterName is the name of a cluster that is given by name or ARN.
func ClusterName(cluster string) string { return cluster[strings.LastIndexByte(cluster, '/')+1:] }

// taskDefinitionSpec has a revision's ARN as its ID, so that each revision
// is a resource of its own; the real provider's ID is the family. Deregistering
// leaves running tasks alone, and services remember what they run.
func taskDefinitionSpec() *engine.Type {
	return &engine.Type{
		Token: view.TaskDefinitionType, Title: "ECS Task Definition", Args: ecs.TaskDefinitionArgs{}, State: ecs.TaskDefinition{},
		Identify: identifyTaskDefinition,
		Properties: engine.Properties{
			"containerDefinitions":                  {engine.ForceNew, engine.JSON, engine.Parsed(parseContainers), engine.ReadBack(storedContainers), engine.EqualWhen(equivalentContainers)},
			"cpu":                                   {engine.ForceNew, engine.Pattern(`[0-9]+`, "a number of CPU units")},
			"enableFaultInjection":                  {engine.ForceNew, engine.Otherwise(false)},
			"ephemeralStorage":                      {engine.ForceNew},
			"ephemeralStorage.sizeInGib":            {engine.Between(21, 200)},
			"executionRoleArn":                      {engine.ForceNew, engine.ARNOf("iam"), engine.Against(isRole)},
			"family":                                {engine.ForceNew, ecsName},
			"inferenceAccelerators":                 {engine.ForceNew},
			"ipcMode":                               {engine.ForceNew},
			"memory":                                {engine.ForceNew, engine.Pattern(`[0-9]+`, "a number of MiB")},
			"networkMode":                           {engine.ForceNew, engine.OneOf("none", "bridge", "awsvpc", "host"), engine.Otherwise("bridge")},
			"pidMode":                               {engine.ForceNew},
			"placementConstraints":                  {engine.ForceNew},
			"proxyConfiguration":                    {engine.ForceNew},
			"requiresCompatibilities":               {engine.ForceNew, engine.Set},
			"requiresCompatibilities[]":             {engine.OneOf("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")},
			"runtimePlatform":                       {engine.ForceNew},
			"runtimePlatform.cpuArchitecture":       {engine.OneOf("X86_64", "ARM64")},
			"runtimePlatform.operatingSystemFamily": {engine.Pattern(`LINUX|WINDOWS_SERVER_.+`, "LINUX or a Windows Server family")},
			"skipDestroy":                           {engine.Default(false)},
			"taskRoleArn":                           {engine.ForceNew, engine.ARNOf("iam"), engine.Against(isRole)},
			"trackLatest":                           {engine.Default(false)},
			"volumes":                               {engine.ForceNew, engine.Set},
		},

		Create:   []string{"ecs:RegisterTaskDefinition", "iam:PassRole", "ecs:DescribeTaskDefinition", "ecs:TagResource"},
		Read:     []string{"ecs:DescribeTaskDefinition"},
		Update:   []string{"ecs:TagResource", "ecs:UntagResource"},
		Delete:   []string{"ecs:DeregisterTaskDefinition"},
		OnCreate: registerTaskDefinition,
		KeepWhen: engine.Is("skipDestroy", true),
	}
}

func isRole(op *engine.Op, path string, arn any) error {
	if iam.Role(op, arn.(string)) == nil {
		return op.Refuse("ClientException", "Role is not valid (%s %s)", path, arn)
	}
	return nil
}

// identifyTaskDefinition counts revisions, which a family never uses twice.
func identifyTaskDefinition(op *engine.Op) {
	family := op.Fill("arn:{partition}:ecs:{region}:{account}:task-definition/{family}")
	revision := op.Number(family)
	op.Outputs["revision"], op.Outputs["arnWithoutRevision"] = float64(revision), family
	op.ARN = family + ":" + strconv.Itoa(revision)
	op.ID = op.ARN
}

func registerTaskDefinition(op *engine.Op) error {
	text := op.Inputs.Text("containerDefinitions")
	if len(text) > taskDefinitionBytes {
		return op.Refuse("ClientException", "Actual length: '%d'. Max allowed length is '%d' bytes.", len(text), taskDefinitionBytes)
	}
	shape, err := shapeOf(op.Inputs)
	if err != nil {
		return op.Refuse("ClientException", "%s", err)
	}
	_, containers, err := readContainers(text)
	if err != nil {
		return op.Refuse("ClientException", "%s", err)
	}
	if mistakes := shape.mistakes(containers); len(mistakes) > 0 {
		return op.Refuse("ClientException", "%s", strings.Join(mistakes, "; "))
	}
	return nil
}

// shapeOf is what the task definition's containers are held to, or why no task
// can have that shape.
func shapeOf(inputs engine.Object) (taskShape, error) {
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
	if !IsFargateSize(cpu, memory) {
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

func serviceSpec() *engine.Type {
	return &engine.Type{
		Token: view.ECSServiceType, Title: "ECS Service", Args: ecs.ServiceArgs{}, State: ecs.Service{},
		Identify: func(op *engine.Op) {
			cluster := op.Outputs.Text("cluster")
			if cluster == "" {
				cluster = "default"
			}
			op.ARN = op.Fill("arn:{partition}:ecs:{region}:{account}:service/") + ClusterName(cluster) + "/" + op.Outputs.Text("name")
			op.ID = op.ARN
		},
		Properties: engine.Properties{
			"availabilityZoneRebalancing":           {engine.OneOf("ENABLED", "DISABLED")},
			"cluster":                               {engine.ForceNew},
			"deploymentMaximumPercent":              {engine.Default(200.0), engine.Between(0, 2147483647), engine.AtLeast("deploymentMinimumHealthyPercent")},
			"deploymentMinimumHealthyPercent":       {engine.Default(100.0), engine.Between(0, 2147483647)},
			"desiredCount":                          {engine.Between(0, 5000)},
			"enableEcsManagedTags":                  {engine.Default(false)},
			"healthCheckGracePeriodSeconds":         {engine.Between(0, 2147483647)},
			"iamRole":                               {engine.ForceNew, engine.Otherwise("/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")},
			"launchType":                            {engine.ForceNew, engine.OneOf("EC2", "FARGATE", "EXTERNAL"), engine.Otherwise("EC2")},
			"loadBalancers":                         {engine.Set, engine.Items(0, 5)},
			"loadBalancers[].containerPort":         {engine.Between(1, 65535)},
			"loadBalancers[].targetGroupArn":        {engine.ARNOf("elasticloadbalancing")},
			"name":                                  {engine.Autonamed(255), engine.ForceNew, ecsName},
			"networkConfiguration.securityGroups":   {engine.Items(0, 5)},
			"networkConfiguration.securityGroups[]": {engine.Refers{To: view.SecurityGroupType, Code: "InvalidParameterException", SameVPCAs: "networkConfiguration.subnets[]", VPCCode: "InvalidParameterException"}},
			"networkConfiguration.subnets":          {engine.Required, engine.Items(1, 16)},
			"networkConfiguration.subnets[]":        {engine.Refers{To: view.SubnetType, Code: "InvalidParameterException", Shared: true, SameVPCAs: "networkConfiguration.subnets[]", VPCCode: "InvalidParameterException"}},
			"platformVersion":                       {engine.Pattern(`LATEST|1\.[0-4]\.0`, "LATEST or a Fargate platform version such as 1.4.0"), engine.Otherwise("LATEST")},
			"propagateTags":                         {engine.OneOf("SERVICE", "TASK_DEFINITION", "NONE")},
			"schedulingStrategy":                    {engine.ForceNew, engine.Default("REPLICA"), engine.OneOf("REPLICA", "DAEMON")},
			"triggers":                              {engine.Kept, engine.Otherwise(map[string]any{})},
			"waitForSteadyState":                    {engine.Default(false)},
		},

		Conflict: "InvalidParameterException",
		Quota:    engine.Quota{Name: "Services per cluster", Limit: 5000, Per: "cluster", Code: "LimitExceededException"},
		Create:   []string{"ecs:CreateService", "iam:PassRole", "ecs:DescribeServices", "ecs:TagResource"},
		Read:     []string{"ecs:DescribeServices"},
		Update:   []string{"ecs:UpdateService", "iam:PassRole", "ecs:DescribeServices", "ecs:TagResource", "ecs:UntagResource"},
		Delete:   []string{"ecs:DeleteService", "ecs:UpdateService", "ecs:DescribeServices"},
		When:     map[string][]string{"iam:PassRole": {"taskDefinition"}},
		OnCreate: createService,
		OnUpdate: updateService,
		OnDelete: func(op *engine.Op) error { ec2.DetachAll(op, op.ID); return nil },
	}
}

func createService(op *engine.Op) error {
	definition, err := checkService(op)
	if err != nil {
		return err
	}
	op.Hidden["statedCount"] = op.Inputs["desiredCount"]
	return deployService(op, definition)
}

func updateService(op *engine.Op) error {
	// What autoscaling made of the count is kept until the program
	// states another one.
	if engine.EqualValues(op.Inputs["desiredCount"], op.Hidden["statedCount"], false) {
		op.Outputs["desiredCount"] = op.Before.Properties["desiredCount"]
	}
	op.Hidden["statedCount"] = op.Inputs["desiredCount"]
	definition, err := checkService(op)
	if err != nil {
		return err
	}
	if running := op.Hidden.Object("running"); running.Text("taskDefinition") == definition.ARN && !replacesTasks(op) {
		return ScaleTasks(op, op.ARN, op.Outputs)
	}
	return deployService(op, definition)
}

// revised are the properties whose change starts a deployment, beside the task
// definition. What tasks run with belongs to the service's revision.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html
var revised = []string{"networkConfiguration", "loadBalancers", "platformVersion", "capacityProviderStrategies", "triggers", "propagateTags", "enableExecuteCommand"}

// replacesTasks reports whether an update starts a deployment.
func replacesTasks(op *engine.Op) bool {
	for _, name := range revised {
		if !engine.EqualValues(op.Before.Properties[name], op.Outputs[name], true) {
			return true
		}
	}
	return op.Inputs.Flag("forceNewDeployment")
}

// checkService is what CreateService and UpdateService refuse at once, and the
// task definition that the service names.
func checkService(op *engine.Op) (*engine.Resource, error) {
	named := op.Inputs.Text("cluster")
	cluster := op.FindBy(view.ClusterType, "name", ClusterName(named))
	if cluster == nil || named != cluster.ARN && named != cluster.Properties.Text("name") {
		return nil, op.Refuse("ClusterNotFoundException", "Cluster not found. (%s)", op.Inputs.Text("cluster"))
	}
	definition := taskDefinition(op, op.Inputs.Text("taskDefinition"))
	if definition == nil {
		return nil, op.Refuse("ClientException", "TaskDefinition not found or inactive: %s", op.Inputs.Text("taskDefinition"))
	}
	if definition.Properties.Text("networkMode") == "awsvpc" && op.Inputs.Object("networkConfiguration") == nil {
		return nil, op.Refuse("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	if op.Outputs.Text("launchType") == "FARGATE" && !engine.EqualValues(definition.Properties["requiresCompatibilities"], engine.List("FARGATE"), true) {
		return nil, op.Refuse("InvalidParameterException", "Task definition does not support launch_type FARGATE.")
	}
	containers, err := parseContainers(definition.Properties.Text("containerDefinitions"))
	if err != nil {
		return nil, op.Refuse("ClientException", "%s", err)
	}
	for _, binding := range op.Inputs.Objects("loadBalancers") {
		if err := checkBinding(op, binding, containers); err != nil {
			return nil, err
		}
	}
	return definition, checkAlarms(op)
}

// taskDefinition finds an active revision by ARN, family:revision, or family
// for the latest.
func taskDefinition(op *engine.Op, name string) *engine.Resource {
	var latest *engine.Resource
	for _, r := range op.All(view.TaskDefinitionType) {
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

// checkBinding holds a target group to the container that it sends to.
func checkBinding(op *engine.Op, binding engine.Object, containers []types.ContainerDefinition) error {
	arn := binding.Text("targetGroupArn")
	group := op.FindBy(view.TargetGroupType, "arn", arn)
	if group == nil {
		return op.Refuse("InvalidParameterException", "Unable to describe the target group %s: it does not exist in account %s, region %s", arn, op.Account, op.Region)
	}
	if kind := group.Properties.Text("targetType"); kind != "ip" {
		return op.Refuse("InvalidParameterException", "The provided target group %s has target type %s, which is incompatible with the awsvpc network mode specified in the task definition.", arn, kind)
	}
	if len(elbv2.ListenersOf(op, arn)) == 0 {
		return op.Refuse("InvalidParameterException", "The target group with targetGroupArn %s does not have an associated load balancer.", arn)
	}
	for _, container := range containers {
		if aws.ToString(container.Name) != binding.Text("containerName") {
			continue
		}
		for _, p := range container.PortMappings {
			if int(aws.ToInt32(p.ContainerPort)) == binding.Number("containerPort") {
				return nil
			}
		}
		return op.Refuse("InvalidParameterException", "The container %s did not have a container port %d defined.", aws.ToString(container.Name), binding.Number("containerPort"))
	}
	return op.Refuse("InvalidParameterException", "The container %s does not exist in the task definition.", binding.Text("containerName"))
}

func describeService(op *engine.Op) (engine.Object, error) {
	cluster := ClusterName(op.Inputs.Text("clusterArn"))
	for _, s := range op.All(view.ECSServiceType) {
		p := s.Properties
		if ClusterName(p.Text("cluster")) != cluster || (p.Text("name") != op.Inputs.Text("serviceName") && s.ARN != op.Inputs.Text("serviceName")) {
			continue
		}
		return engine.Object{
			"id": s.ARN, "arn": s.ARN, "clusterArn": op.Inputs["clusterArn"], "serviceName": p["name"], "desiredCount": p["desiredCount"],
			"launchType": p["launchType"], "schedulingStrategy": p["schedulingStrategy"], "taskDefinition": p["taskDefinition"],
			"availabilityZoneRebalancing": p.Text("availabilityZoneRebalancing"), "tags": map[string]any(p.Object("tagsAll")),
		}, nil
	}
	return nil, op.Fail("service with name %q in cluster %q not found", op.Inputs.Text("serviceName"), op.Inputs.Text("clusterArn"))
}
