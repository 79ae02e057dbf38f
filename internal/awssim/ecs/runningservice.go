package ecs

import (
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// RunningService is an ECS service and the tasks that it runs now, which after
// a rollback are not those of the task definition that was asked for.
type RunningService struct {
	Account, Region string
	ARN, Name       string

	TaskDefinitionARN string
	Architecture      string // X86_64 or ARM64
	Containers        []RunningContainer
	Tasks             []TaskInterface
	Targets           []TargetBinding

	// Events is why the latest deployment did not come up; empty when it did.
	Events []string
}

// RunningContainer is a container of each task.
type RunningContainer struct {
	Name        string
	Image       string // see [Simulator.Image]
	Environment map[string]string
	EntryPoint  []string // of the task definition; empty: the image's
	Command     []string // likewise
	User        string   // likewise
	Ports       []int
	// LogGroup is the name of the log group of the log driver awslogs; empty: another
	// driver has the log.
	LogGroup string
}

// TaskInterface is a task's network interface.
type TaskInterface struct {
	ID               string
	Address          netip.Addr
	SubnetID         string
	AvailabilityZone string
	SecurityGroupIDs []string
}

// TargetBinding is a target group in which each task is registered.
type TargetBinding struct {
	TargetGroupARN string
	ContainerName  string
	ContainerPort  int
}

// Services is the ECS services of an account and region, by ARN.
func Services(s *engine.Simulator, account, region string) ([]RunningService, error) {
	interfaces := s.Resources(engine.Filter{Account: account, Region: region, Type: view.NetworkInterfaceType})
	var services []RunningService
	for _, r := range s.Resources(engine.Filter{Account: account, Region: region, Type: view.ECSServiceType}) {
		running := r.Hidden.Object("running")
		service := RunningService{
			Account: account, Region: region, ARN: r.ARN, Name: r.Properties.Text("name"),
			TaskDefinitionARN: running.Text("taskDefinition"),
			Architecture:      running.Object("runtimePlatform").Text("cpuArchitecture"),
			Events:            r.Hidden.Texts("events"),
		}
		for _, eni := range interfaces {
			if eni.Hidden.Text("owner") == r.ID {
				service.Tasks = append(service.Tasks, taskInterface(eni))
			}
		}
		for _, b := range r.Properties.Objects("loadBalancers") {
			service.Targets = append(service.Targets, TargetBinding{b.Text("targetGroupArn"), b.Text("containerName"), b.Number("containerPort")})
		}
		if running != nil {
			containers, err := parseContainers(running.Text("containerDefinitions"))
			if err != nil {
				return nil, err
			}
			for _, c := range containers {
				service.Containers = append(service.Containers, runningContainer(c))
			}
		}
		services = append(services, service)
	}
	return services, nil
}

// StoppedTasks is why ECS stopped the tasks of a service's latest deployment,
// with what its events say; empty where they run.
func StoppedTasks(s *engine.Simulator, serviceARN string) []string {
	for _, r := range s.Resources(engine.Filter{Type: view.ECSServiceType, ID: serviceARN}) {
		return r.Hidden.Texts("events")
	}
	return nil
}

func taskInterface(eni engine.Resource) TaskInterface {
	return TaskInterface{
		ID: eni.ID, Address: ec2.ParseAddress(eni.Properties.Text("privateIp")), SubnetID: eni.Properties.Text("subnetId"),
		AvailabilityZone: eni.Hidden.Text("availabilityZone"), SecurityGroupIDs: eni.Properties.Texts("securityGroups"),
	}
}

func runningContainer(c types.ContainerDefinition) RunningContainer {
	r := RunningContainer{Name: aws.ToString(c.Name), Image: aws.ToString(c.Image), Environment: map[string]string{},
		EntryPoint: c.EntryPoint, Command: c.Command, User: aws.ToString(c.User)}
	for _, v := range c.Environment {
		r.Environment[aws.ToString(v.Name)] = aws.ToString(v.Value)
	}
	if c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs {
		r.LogGroup = c.LogConfiguration.Options["awslogs-group"]
	}
	for _, p := range c.PortMappings {
		r.Ports = append(r.Ports, int(aws.ToInt32(p.ContainerPort)))
	}
	return r
}
