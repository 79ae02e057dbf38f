package ecs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
)

// parseContainers reads the containers of a task definition. A member that
// ECS's API model does not have is a mistake; the real provider drops it
// silently, which no program means.
func parseContainers(text string) ([]containerDefinition, error) {
	var raw []any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("parse container definitions: %w", err)
	}
	unknown, missing := strangeMembers(raw, reflect.TypeFor[[]containerDefinition](), "")
	if len(unknown) > 0 {
		return nil, fmt.Errorf("parse container definitions: ECS has no %s", strings.Join(unknown, ", "))
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("parse container definitions: ECS requires %s", strings.Join(missing, ", "))
	}
	var containers []containerDefinition
	if err := json.Unmarshal([]byte(text), &containers); err != nil {
		return nil, fmt.Errorf("parse container definitions: %w", err)
	}
	return containers, nil
}

// strangeMembers is the paths of the members that a type does not have, their
// case included, and of those that it requires and the value does not have.
func strangeMembers(v any, t reflect.Type, at string) (unknown, missing []string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	descend := func(v any, t reflect.Type, at string) {
		more, less := strangeMembers(v, t, at)
		unknown, missing = append(unknown, more...), append(missing, less...)
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			if t.Kind() == reflect.Slice {
				descend(v[i], t.Elem(), fmt.Sprintf("%s[%d]", at, i))
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return nil, nil
		}
		members := map[string]reflect.Type{}
		for i := range t.NumField() {
			name := t.Field(i).Tag.Get("json")
			members[name] = t.Field(i).Type
			if t.Field(i).Tag.Get("required") != "" && v[name] == nil {
				missing = append(missing, strings.TrimPrefix(at+"."+name, "."))
			}
		}
		for _, name := range engine.Object(v).SortedNames() {
			path := strings.TrimPrefix(at+"."+name, ".")
			if member, ok := members[name]; ok {
				descend(v[name], member, path)
			} else {
				unknown = append(unknown, path+engine.Suggestion(members, name))
			}
		}
	}
	return unknown, missing
}

// taskShape is what of a task definition its containers are held to.
type taskShape struct {
	fargate       bool
	networkMode   string
	volumes       []string
	executionRole bool
	cpu, memory   int // 0: not stated
}

// mistakes is what RegisterTaskDefinition refuses in the containers, in order.
func (t taskShape) mistakes(containers []containerDefinition) []string {
	var found []string
	complain := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if len(containers) == 0 || len(containers) > 10 {
		complain("a task definition takes 1 to 10 containers, not %d", len(containers))
	}
	names, ports := map[string]bool{}, map[int]bool{}
	essential, cpu, memory := false, 0, 0
	for _, c := range containers {
		if names[c.Name] {
			complain("Container names must be unique: %s", c.Name)
		}
		names[c.Name] = true
		for _, p := range c.PortMappings {
			if ports[p.ContainerPort] {
				complain("The container port %d is mapped twice", p.ContainerPort)
			}
			ports[p.ContainerPort] = true
		}
		essential = essential || c.Essential == nil || *c.Essential
		cpu, memory = cpu+c.CPU, memory+max(c.Memory, c.MemoryReservation)
	}
	if !essential {
		complain("A task definition must have at least one essential container.")
	}
	if (t.cpu > 0 && cpu > t.cpu) || (t.memory > 0 && memory > t.memory) {
		complain("The containers ask for %d CPU units and %d MiB; the task has %d and %d", cpu, memory, t.cpu, t.memory)
	}
	for _, c := range containers {
		for _, mistake := range slices.Concat(t.basics(c), t.linux(c), t.ports(c), t.references(c, names), t.logs(c), c.health()) {
			complain("container %q: %s", c.Name, mistake)
		}
	}
	return found
}

func (t taskShape) basics(c containerDefinition) []string {
	var found []string
	if reason := engine.Pattern(`[A-Za-z0-9_-]{1,255}`, "1 to 255 letters, digits, - and _")(c.Name); reason != "" {
		found = append(found, "name "+reason)
	}
	if _, err := ecr.ParseReference(c.Image); err != nil {
		found = append(found, "Container.image should not be null, empty or malformed: "+err.Error())
	}
	for _, v := range c.Environment {
		if v.Name == "" {
			found = append(found, "Container.environment: a variable has no name")
		}
	}
	if t.fargate && c.StopTimeout != nil && (*c.StopTimeout < 0 || *c.StopTimeout > 120) {
		found = append(found, fmt.Sprintf("stopTimeout %d: Fargate takes 0 to 120 seconds", *c.StopTimeout))
	}
	if t.fargate && c.Privileged {
		found = append(found, "Fargate compatible task definitions do not support privileged")
	}
	if t.fargate && len(c.Links)+len(c.DNSServers)+len(c.DNSSearchDomains)+len(c.ExtraHosts) > 0 || t.fargate && c.Hostname != "" {
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
func (t taskShape) linux(c containerDefinition) []string {
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

func (t taskShape) ports(c containerDefinition) []string {
	var found []string
	for _, p := range c.PortMappings {
		if p.ContainerPortRange == "" && (p.ContainerPort < 1 || p.ContainerPort > 65535) {
			found = append(found, fmt.Sprintf("containerPort %d is not between 1 and 65535", p.ContainerPort))
		}
		if t.networkMode == "awsvpc" && p.HostPort != 0 && p.HostPort != p.ContainerPort {
			found = append(found, "When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		}
		if p.Protocol != "" && p.Protocol != "tcp" && p.Protocol != "udp" {
			found = append(found, fmt.Sprintf("protocol %q is neither tcp nor udp", p.Protocol))
		}
		if p.AppProtocol != "" && !slices.Contains([]string{"http", "http2", "grpc"}, p.AppProtocol) {
			found = append(found, fmt.Sprintf("appProtocol %q is not http, http2 or grpc", p.AppProtocol))
		}
	}
	return found
}

// references holds what a container names beside itself to what is there.
func (t taskShape) references(c containerDefinition, names map[string]bool) []string {
	var found []string
	for _, m := range c.MountPoints {
		if !slices.Contains(t.volumes, m.SourceVolume) {
			found = append(found, fmt.Sprintf("Unknown volume '%s'.", m.SourceVolume))
		}
		if !strings.HasPrefix(m.ContainerPath, "/") {
			found = append(found, fmt.Sprintf("containerPath %q of a mount point is not absolute", m.ContainerPath))
		}
	}
	for _, d := range c.DependsOn {
		if !names[d.ContainerName] || d.ContainerName == c.Name {
			found = append(found, fmt.Sprintf("dependsOn names no other container: %q", d.ContainerName))
		}
		if reason := engine.OneOf("START", "COMPLETE", "SUCCESS", "HEALTHY")(d.Condition); reason != "" {
			found = append(found, "dependsOn condition "+reason)
		}
	}
	for _, s := range c.Secrets {
		if s.Name == "" || s.ValueFrom == "" {
			found = append(found, "a secret has both name and valueFrom")
		}
	}
	if len(c.Secrets) > 0 && !t.executionRole {
		found = append(found, "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	}
	if ref, err := ecr.ParseReference(c.Image); err == nil && t.fargate && !t.executionRole {
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

func (t taskShape) logs(c containerDefinition) []string {
	l := c.LogConfiguration
	if l == nil {
		return nil
	}
	if t.fargate && !slices.Contains([]string{"awslogs", "splunk", "awsfirelens"}, l.LogDriver) {
		return []string{fmt.Sprintf("Log driver %q is not one of awslogs, splunk, awsfirelens", l.LogDriver)}
	}
	if l.LogDriver != "awslogs" {
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

func (c containerDefinition) health() []string {
	h := c.HealthCheck
	if h == nil {
		return nil
	}
	var found []string
	if len(h.Command) == 0 || !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, h.Command[0]) {
		found = append(found, "healthCheck.command begins with CMD, CMD-SHELL or NONE")
	}
	for _, n := range []struct {
		name      string
		value     *int
		low, high int
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
