package components

import (
	"maps"
	"slices"
)

// scratchVolume is the task's ephemeral storage for the proxy's run directory
// and buffers. Fargate gives it the permissions of the image's VOLUME.
const scratchVolume = "tmp"

// containerDefinition is an ECS container definition, as far as the proxy needs
// it, in the form in which ECS returns it. The AWS provider compares the
// definitions that it sends with those that it reads, and replaces the task
// definition where they differ: a field that ECS adds would roll the service out
// anew on every update. The provider itself evens out some of the differences
// (containerDefinitions.reduce in internal/service/ecs/container_definitions.go
// of hashicorp/terraform-provider-aws), and empty lists inside linuxParameters
// aren't among them. So this type has every field that ECS adds, and none is
// left out when it is empty.
type containerDefinition struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	// CPU is the container's share in CPU units; 0: the task's are all its own.
	CPU                    int               `json:"cpu"`
	Essential              bool              `json:"essential"`
	User                   string            `json:"user"`
	ReadonlyRootFilesystem bool              `json:"readonlyRootFilesystem"`
	PortMappings           []portMapping     `json:"portMappings"`
	Environment            []nameValue       `json:"environment"`
	MountPoints            []mountPoint      `json:"mountPoints"`
	VolumesFrom            []any             `json:"volumesFrom"`
	LinuxParameters        linuxParameters   `json:"linuxParameters"`
	Ulimits                []ulimit          `json:"ulimits"`
	SystemControls         []systemControl   `json:"systemControls"`
	StopTimeout            int               `json:"stopTimeout"`
	LogConfiguration       *logConfiguration `json:"logConfiguration"`
}

// portMapping has the same port twice: a task of network mode awsvpc has an
// address of its own.
type portMapping struct {
	ContainerPort int    `json:"containerPort"`
	HostPort      int    `json:"hostPort"`
	Protocol      string `json:"protocol"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type mountPoint struct {
	SourceVolume  string `json:"sourceVolume"`
	ContainerPath string `json:"containerPath"`
	ReadOnly      bool   `json:"readOnly"`
}

type linuxParameters struct {
	Capabilities capabilities `json:"capabilities"`
}

// capabilities has both lists: ECS stores {"add":[],"drop":["ALL"]} for a
// definition that leaves add out.
type capabilities struct {
	Add  []string `json:"add"`
	Drop []string `json:"drop"`
}

type ulimit struct {
	Name      string `json:"name"`
	SoftLimit int    `json:"softLimit"`
	HardLimit int    `json:"hardLimit"`
}

type systemControl struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
}

type logConfiguration struct {
	LogDriver string            `json:"logDriver"`
	Options   map[string]string `json:"options"`
}

// newContainer is the proxy's container. It has no health check of its own: the
// image holds no tool that could ask, and the load balancer asks /healthz.
func newContainer(image string, environment map[string]string, ports []int) containerDefinition {
	container := containerDefinition{
		Name:                   ContainerName,
		Image:                  image,
		Essential:              true,
		User:                   "101", // the NGINX image's unprivileged user
		ReadonlyRootFilesystem: true,
		Environment:            []nameValue{},
		MountPoints:            []mountPoint{{SourceVolume: scratchVolume, ContainerPath: "/tmp"}},
		VolumesFrom:            []any{},
		LinuxParameters:        linuxParameters{Capabilities: capabilities{Add: []string{}, Drop: []string{"ALL"}}},
		// Two descriptors a request, one on each side of the proxy.
		Ulimits: []ulimit{{Name: "nofile", SoftLimit: 65536, HardLimit: 65536}},
		// An address of the endpoint that falls silent acknowledges nothing. By
		// default the kernel sends again for a quarter of an hour, and NGINX
		// waits for the row's timeout; this makes it give up after 3 s,
		// so that NGINX takes another address while it still may. Fargate 1.4.0
		// sets it for the whole task.
		SystemControls: []systemControl{{Namespace: "net.ipv4.tcp_retries2", Value: "2"}},
	}
	for _, port := range ports {
		container.PortMappings = append(container.PortMappings, portMapping{ContainerPort: port, HostPort: port, Protocol: "tcp"})
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		container.Environment = append(container.Environment, nameValue{Name: name, Value: environment[name]})
	}
	return container
}

// awslogs sends the container's output to a log group. When CloudWatch is slow,
// log lines are lost rather than requests.
func awslogs(group, region string) *logConfiguration {
	return &logConfiguration{
		LogDriver: "awslogs",
		Options: map[string]string{
			"awslogs-group":         group,
			"awslogs-region":        region,
			"awslogs-stream-prefix": ContainerName,
			"mode":                  "non-blocking",
			"max-buffer-size":       "25m",
		},
	}
}
