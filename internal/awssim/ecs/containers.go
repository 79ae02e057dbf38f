package ecs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
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
func (t taskShape) mistakes(containers []types.ContainerDefinition) []string {
	var found []string
	complain := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if len(containers) == 0 || len(containers) > 10 {
		complain("a task definition takes 1 to 10 containers, not %d", len(containers))
	}
	names, ports := map[string]bool{}, map[int32]bool{}
	essential, cpu, memory := false, 0, 0
	for _, c := range containers {
		name := aws.ToString(c.Name)
		if names[name] {
			complain("Container names must be unique: %s", name)
		}
		names[name] = true
		for _, p := range c.PortMappings {
			port := aws.ToInt32(p.ContainerPort)
			if ports[port] {
				complain("The container port %d is mapped twice", port)
			}
			ports[port] = true
		}
		essential = essential || c.Essential == nil || *c.Essential
		cpu, memory = cpu+int(c.Cpu), memory+int(max(aws.ToInt32(c.Memory), aws.ToInt32(c.MemoryReservation)))
	}
	if !essential {
		complain("A task definition must have at least one essential container.")
	}
	if (t.cpu > 0 && cpu > t.cpu) || (t.memory > 0 && memory > t.memory) {
		complain("The containers ask for %d CPU units and %d MiB; the task has %d and %d", cpu, memory, t.cpu, t.memory)
	}
	for _, c := range containers {
		for _, mistake := range slices.Concat(t.basics(c), t.linux(c), t.ports(c), t.references(c, names), t.logs(c), health(c.HealthCheck)) {
			complain("container %q: %s", aws.ToString(c.Name), mistake)
		}
	}
	return found
}

func (t taskShape) basics(c types.ContainerDefinition) []string {
	var found []string
	if reason := engine.Pattern(`[A-Za-z0-9_-]{1,255}`, "1 to 255 letters, digits, - and _")(aws.ToString(c.Name)); reason != "" {
		found = append(found, "name "+reason)
	}
	if _, err := ecr.ParseReference(aws.ToString(c.Image)); err != nil {
		found = append(found, "Container.image should not be null, empty or malformed: "+err.Error())
	}
	for _, v := range c.Environment {
		if aws.ToString(v.Name) == "" {
			found = append(found, "Container.environment: a variable has no name")
		}
	}
	if t.fargate && c.StopTimeout != nil && (*c.StopTimeout < 0 || *c.StopTimeout > 120) {
		found = append(found, fmt.Sprintf("stopTimeout %d: Fargate takes 0 to 120 seconds", *c.StopTimeout))
	}
	if t.fargate && aws.ToBool(c.Privileged) {
		found = append(found, "Fargate compatible task definitions do not support privileged")
	}
	if t.fargate && len(c.Links)+len(c.DnsServers)+len(c.DnsSearchDomains)+len(c.ExtraHosts) > 0 || t.fargate && aws.ToString(c.Hostname) != "" {
		found = append(found, "links, dnsServers, dnsSearchDomains, extraHosts and hostname are not supported in awsvpc network mode")
	}
	for _, limit := range c.Ulimits {
		if limit.SoftLimit > limit.HardLimit || (t.fargate && limit.Name != "nofile") {
			found = append(found, fmt.Sprintf("ulimit %s (%d, %d): Fargate takes nofile only, the soft limit within the hard one", limit.Name, limit.SoftLimit, limit.HardLimit))
		}
	}
	return found
}

// linux is what of a container's Linux settings is refused.
func (t taskShape) linux(c types.ContainerDefinition) []string {
	if c.LinuxParameters == nil || c.LinuxParameters.Capabilities == nil {
		return nil
	}
	var found []string
	for _, name := range slices.Concat(c.LinuxParameters.Capabilities.Add, c.LinuxParameters.Capabilities.Drop) {
		if !slices.Contains(linuxCapabilities, name) {
			found = append(found, fmt.Sprintf("linuxParameters.capabilities: %q is no Linux capability", name))
		}
	}
	if t.fargate {
		for _, name := range c.LinuxParameters.Capabilities.Add {
			if name != "SYS_PTRACE" {
				found = append(found, fmt.Sprintf("linuxParameters.capabilities.add: Fargate adds SYS_PTRACE only, not %s", name))
			}
		}
	}
	return found
}

func (t taskShape) ports(c types.ContainerDefinition) []string {
	var found []string
	for _, p := range c.PortMappings {
		port, hostPort := aws.ToInt32(p.ContainerPort), aws.ToInt32(p.HostPort)
		if aws.ToString(p.ContainerPortRange) == "" && (port < 1 || port > 65535) {
			found = append(found, fmt.Sprintf("containerPort %d is not between 1 and 65535", port))
		}
		if t.networkMode == "awsvpc" && hostPort != 0 && hostPort != port {
			found = append(found, "When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		}
		if p.Protocol != "" && p.Protocol != "tcp" && p.Protocol != "udp" {
			found = append(found, fmt.Sprintf("protocol %q is neither tcp nor udp", p.Protocol))
		}
		if p.AppProtocol != "" && !slices.Contains(p.AppProtocol.Values(), p.AppProtocol) {
			found = append(found, fmt.Sprintf("appProtocol %q is not http, http2 or grpc", p.AppProtocol))
		}
	}
	return found
}

// references holds what a container names beside itself to what is there.
func (t taskShape) references(c types.ContainerDefinition, names map[string]bool) []string {
	var found []string
	for _, m := range c.MountPoints {
		if !slices.Contains(t.volumes, aws.ToString(m.SourceVolume)) {
			found = append(found, fmt.Sprintf("Unknown volume '%s'.", aws.ToString(m.SourceVolume)))
		}
		if !strings.HasPrefix(aws.ToString(m.ContainerPath), "/") {
			found = append(found, fmt.Sprintf("containerPath %q of a mount point is not absolute", aws.ToString(m.ContainerPath)))
		}
	}
	for _, d := range c.DependsOn {
		if other := aws.ToString(d.ContainerName); !names[other] || other == aws.ToString(c.Name) {
			found = append(found, fmt.Sprintf("dependsOn names no other container: %q", other))
		}
		if reason := engine.OneOf("START", "COMPLETE", "SUCCESS", "HEALTHY")(string(d.Condition)); reason != "" {
			found = append(found, "dependsOn condition "+reason)
		}
	}
	for _, s := range c.Secrets {
		if aws.ToString(s.Name) == "" || aws.ToString(s.ValueFrom) == "" {
			found = append(found, "a secret has both name and valueFrom")
		}
	}
	if len(c.Secrets) > 0 && !t.executionRole {
		found = append(found, "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	}
	if ref, err := ecr.ParseReference(aws.ToString(c.Image)); err == nil && t.fargate && !t.executionRole {
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

func (t taskShape) logs(c types.ContainerDefinition) []string {
	l := c.LogConfiguration
	if l == nil {
		return nil
	}
	if t.fargate && !slices.Contains([]types.LogDriver{types.LogDriverAwslogs, types.LogDriverSplunk, types.LogDriverAwsfirelens}, l.LogDriver) {
		return []string{fmt.Sprintf("Log driver %q is not one of awslogs, splunk, awsfirelens", l.LogDriver)}
	}
	if l.LogDriver != types.LogDriverAwslogs {
		return nil
	}
	var found []string
	options := engine.Object{}
	for name, value := range l.Options {
		options[name] = value
	}
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
	if mode, ok := l.Options["mode"]; ok && mode != "blocking" && mode != "non-blocking" {
		found = append(found, fmt.Sprintf("log option mode %q is neither blocking nor non-blocking", mode))
	}
	if size, ok := l.Options["max-buffer-size"]; ok {
		if reason := engine.Pattern(`[1-9][0-9]*[kmg]?`, "a size such as 25m")(size); reason != "" {
			found = append(found, "log option max-buffer-size "+reason)
		}
	}
	if t.fargate && !t.executionRole {
		found = append(found, "Fargate requires task definition to have execution role ARN to support log driver awslogs.")
	}
	return found
}

func health(h *types.HealthCheck) []string {
	if h == nil {
		return nil
	}
	var found []string
	if len(h.Command) == 0 || !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, h.Command[0]) {
		found = append(found, "healthCheck.command begins with CMD, CMD-SHELL or NONE")
	}
	for _, n := range []struct {
		name      string
		value     *int32
		low, high int32
	}{{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 120}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300}} {
		if n.value != nil && (*n.value < n.low || *n.value > n.high) {
			found = append(found, fmt.Sprintf("healthCheck.%s %d is not between %d and %d", n.name, *n.value, n.low, n.high))
		}
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
