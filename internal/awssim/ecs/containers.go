package ecs

import (
	"fmt"
	"slices"

	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
)

// ofContainers is what RegisterTaskDefinition says of every container.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
var ofContainers = engine.NewDocument(engine.Properties{
	"dependsOn[].condition":                    {engine.Required, engine.OneOf("START", "COMPLETE", "SUCCESS", "HEALTHY")},
	"environment[].name":                       {engine.Required, someText},
	"healthCheck.command":                      {engine.Required, beginsWithCMD},
	"healthCheck.interval":                     {engine.Between(5, 300)},
	"healthCheck.retries":                      {engine.Between(1, 10)},
	"healthCheck.startPeriod":                  {engine.Between(0, 300)},
	"healthCheck.timeout":                      {engine.Between(2, 120)},
	"image":                                    {engine.Required, isImage},
	"linuxParameters.capabilities.add[]":       {isCapability},
	"logConfiguration.logDriver":               {engine.Required},
	"linuxParameters.capabilities.drop[]":      {isCapability},
	"mountPoints[].containerPath":              {engine.Required, engine.Pattern(`(?s)/.*`, "an absolute path")},
	"name":                                     {engine.Required, engine.Pattern(`[A-Za-z0-9_-]{1,255}`, "1 to 255 letters, digits, - and _")},
	"portMappings[].appProtocol":               {engine.OrEmpty(engine.OneOf("http", "http2", "grpc"))},
	"portMappings[].containerPort":             {engine.RequiredWhen(engine.Not(engine.Given("containerPortRange"))), engine.Between(1, 65535)},
	"portMappings[].protocol":                  {engine.OrEmpty(engine.OneOf("tcp", "udp"))},
	"secrets[].name":                           {engine.Required, someText},
	"secrets[].valueFrom":                      {engine.Required, someText},
	"ulimits[].softLimit":                      {engine.AtMostUnless("hardLimit", engine.Condition{})},
	"logConfiguration.options.mode":            {engine.Pattern(`blocking|non-blocking`, "it is neither blocking nor non-blocking")},
	"logConfiguration.options.max-buffer-size": {engine.Pattern(`[1-9][0-9]*[kmg]?`, "a size such as 25m")},
})

// ofFargate is what it says besides of containers that Fargate runs.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
var ofFargate = engine.NewDocument(engine.Properties{
	"dnsSearchDomains":                   {notInAWSVPC},
	"dnsServers":                         {notInAWSVPC},
	"extraHosts":                         {notInAWSVPC},
	"hostname":                           {notInAWSVPC},
	"linuxParameters.capabilities.add[]": {engine.OneOf("SYS_PTRACE")},
	"links":                              {notInAWSVPC},
	"logConfiguration.logDriver":         {hasFargate},
	"privileged":                         {notPrivileged},
	"stopTimeout":                        {withinTwoMinutes},
	"ulimits[].name":                     {engine.OneOf("nofile")},
})

var (
	someText = engine.Length(1, 65536)

	beginsWithCMD = engine.Never(func(v any) bool {
		command, _ := v.([]any)
		return len(command) == 0 || !slices.Contains([]any{"CMD", "CMD-SHELL", "NONE"}, command[0])
	}, "begins with CMD, CMD-SHELL or NONE")
	isImage engine.Value = func(v any) string {
		image, _ := v.(string)
		if _, err := ecr.ParseReference(image); err != nil {
			return "should not be null, empty or malformed: " + err.Error()
		}
		return ""
	}
	isCapability engine.Value = func(v any) string {
		if name, _ := v.(string); !slices.Contains(linuxCapabilities, name) {
			return fmt.Sprintf("%q is no Linux capability", name)
		}
		return ""
	}
	notInAWSVPC                   = engine.Never(func(v any) bool { return v != "" && !engine.IsEmpty(v) }, "is not supported in awsvpc network mode")
	notPrivileged                 = engine.Never(func(v any) bool { return v == true }, "is not supported by Fargate compatible task definitions")
	withinTwoMinutes engine.Value = func(v any) string {
		if seconds, _ := v.(float64); seconds < 0 || seconds > 120 {
			return fmt.Sprintf("%v: Fargate takes 0 to 120 seconds", v)
		}
		return ""
	}
	hasFargate engine.Value = func(v any) string {
		if !slices.Contains([]any{"awslogs", "splunk", "awsfirelens"}, v) {
			return fmt.Sprintf("Log driver %q is not one of awslogs, splunk, awsfirelens", v)
		}
		return ""
	}
)

// taskShape is what of a task definition its containers are held to.
type taskShape struct {
	fargate       bool
	networkMode   string
	volumes       []string
	executionRole bool
	cpu, memory   int // 0: not stated
}

// mistakes is what RegisterTaskDefinition refuses in the containers, in order.
func (t taskShape) mistakes(containers []engine.Object) []string {
	var found []string
	complain := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if len(containers) == 0 || len(containers) > 10 {
		complain("a task definition takes 1 to 10 containers, not %d", len(containers))
	}
	names, ports := map[string]bool{}, map[int]bool{}
	essential, cpu, memory := false, 0, 0
	for _, c := range containers {
		if name := c.Text("name"); names[name] {
			complain("Container names must be unique: %s", name)
		}
		names[c.Text("name")] = true
		for _, p := range c.Objects("portMappings") {
			if port := p.Number("containerPort"); ports[port] {
				complain("The container port %d is mapped twice", port)
			}
			ports[p.Number("containerPort")] = true
		}
		essential = essential || c["essential"] != false
		cpu, memory = cpu+c.Number("cpu"), memory+max(c.Number("memory"), c.Number("memoryReservation"))
	}
	if !essential {
		complain("A task definition must have at least one essential container.")
	}
	if (t.cpu > 0 && cpu > t.cpu) || (t.memory > 0 && memory > t.memory) {
		complain("The containers ask for %d CPU units and %d MiB; the task has %d and %d", cpu, memory, t.cpu, t.memory)
	}
	for _, c := range containers {
		problems := ofContainers.Problems(c)
		if t.fargate {
			problems = append(problems, ofFargate.Problems(c)...)
		}
		for _, p := range problems {
			complain("container %q: %s %s", c.Text("name"), p.Property, p.Reason)
		}
		for _, mistake := range slices.Concat(t.ports(c), t.references(c, names), t.logs(c)) {
			complain("container %q: %s", c.Text("name"), mistake)
		}
	}
	return found
}

func (t taskShape) ports(c engine.Object) []string {
	var found []string
	for _, p := range c.Objects("portMappings") {
		if host := p.Number("hostPort"); t.networkMode == "awsvpc" && host != 0 && host != p.Number("containerPort") {
			found = append(found, "When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		}
	}
	return found
}

// references holds what a container names beside itself to what is there.
func (t taskShape) references(c engine.Object, names map[string]bool) []string {
	var found []string
	for _, m := range c.Objects("mountPoints") {
		if !slices.Contains(t.volumes, m.Text("sourceVolume")) {
			found = append(found, fmt.Sprintf("Unknown volume '%s'.", m.Text("sourceVolume")))
		}
	}
	for _, d := range c.Objects("dependsOn") {
		if other := d.Text("containerName"); !names[other] || other == c.Text("name") {
			found = append(found, fmt.Sprintf("dependsOn names no other container: %q", other))
		}
	}
	if !engine.IsEmpty(c["secrets"]) && !t.executionRole {
		found = append(found, "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	}
	if ref, err := ecr.ParseReference(c.Text("image")); err == nil && t.fargate && !t.executionRole {
		if _, _, private := ecr.RegistryOf(ref.Host); private {
			found = append(found, "Fargate requires task definition to have execution role ARN to support ECR images.")
		}
	}
	return found
}

// awslogsOptions is the options of the log driver awslogs.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
var awslogsOptions = []string{
	"awslogs-create-group", "awslogs-datetime-format", "awslogs-group", "awslogs-multiline-pattern", "awslogs-region",
	"awslogs-stream-prefix", "max-buffer-size", "mode",
}

func (t taskShape) logs(c engine.Object) []string {
	configuration := c.Object("logConfiguration")
	if configuration.Text("logDriver") != "awslogs" {
		return nil
	}
	var found []string
	options := configuration.Object("options")
	for _, name := range options.SortedNames() {
		if !slices.Contains(awslogsOptions, name) {
			found = append(found, "Log driver awslogs disallows options: "+name)
		}
	}
	required := []string{"awslogs-group", "awslogs-region"}
	if t.fargate {
		required = append(required, "awslogs-stream-prefix")
	}
	for _, name := range required {
		if options.Text(name) == "" {
			found = append(found, "Log driver awslogs requires options: "+name)
		}
	}
	if t.fargate && !t.executionRole {
		found = append(found, "Fargate requires task definition to have execution role ARN to support log driver awslogs.")
	}
	return found
}

// fargateMemory is the memory in MiB that Fargate offers with a number of CPU
// units: the least, the most and the step.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
var fargateMemory = map[int][3]int{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

// IsFargateSize reports whether Fargate has tasks of that size.
func IsFargateSize(cpu, memory int) bool {
	if cpu == 256 && memory == 1536 {
		return false // 0.5, 1 and 2 GB only
	}
	m, ok := fargateMemory[cpu]
	return ok && memory >= m[0] && memory <= m[1] && (memory-m[0])%m[2] == 0
}
