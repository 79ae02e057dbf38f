package rehearsal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// maxTasks bounds the tasks of a service that are run as processes: two show
// that any of them may be asked.
const maxTasks = 2

// service is an ECS service whose tasks are registered with target groups.
type service struct {
	tasks []live.Task
	// targetGroups are the container's ports by the ARNs of those.
	targetGroups map[string]uint16
}

// services are the account's ECS services that are targets of a load balancer,
// with the tasks that they run.
func (a *account) services() ([]service, error) {
	running, err := a.simulator.Services(a.id, a.region)
	if err != nil {
		return nil, err
	}
	var services []service
	var errs []error
	for _, one := range running {
		if len(one.Targets) == 0 {
			continue
		}
		s := service{targetGroups: make(map[string]uint16)}
		for _, target := range one.Targets {
			s.targetGroups[target.TargetGroupARN] = uint16(target.ContainerPort)
		}
		if s.tasks, err = a.tasks(one); err != nil {
			errs = append(errs, fmt.Errorf("read service %s: %w", one.Name, err))
		}
		services = append(services, s)
	}
	return services, errors.Join(errs...)
}

// tasks are a service's, by the container that is registered with its target
// group.
func (a *account) tasks(s awssim.RunningService) ([]live.Task, error) {
	target := s.Targets[0]
	i := slices.IndexFunc(s.Containers, func(c awssim.RunningContainer) bool { return c.Name == target.ContainerName })
	if i < 0 {
		return nil, fmt.Errorf("its task definition has no container %q", target.ContainerName)
	}
	image, err := a.image(s.Containers[i])
	if err != nil {
		return nil, err
	}
	var ports []uint16
	for _, port := range s.Containers[i].Ports {
		ports = append(ports, uint16(port))
	}
	var tasks []live.Task
	for n, one := range s.Tasks[:min(len(s.Tasks), maxTasks)] {
		subnet, err := a.subnet(one.SubnetID)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, live.Task{
			Interface: live.Interface{
				Name: fmt.Sprintf("task %d of %s", n+1, s.Name), VPCID: subnet.VPCID, Address: one.Address,
				SubnetID: one.SubnetID, SecurityGroupIDs: one.SecurityGroupIDs,
			},
			Ports: ports, Image: image, Environment: s.Containers[i].Environment,
		})
	}
	return tasks, nil
}

// image is the image that a container runs, out of the registry that it names.
func (a *account) image(c awssim.RunningContainer) (live.Image, error) {
	stored, err := a.simulator.Image(c.Image)
	if err != nil {
		return live.Image{}, err
	}
	image := live.Image{
		Entrypoint: stored.Entrypoint, Command: stored.Command,
		Environment: stored.Environment, StopSignal: stored.StopSignal,
	}
	if len(c.EntryPoint) > 0 {
		// An entrypoint of the task definition takes the image's command along.
		image.Entrypoint, image.Command = c.EntryPoint, nil
	}
	if len(c.Command) > 0 {
		image.Command = c.Command
	}
	for _, file := range stored.Files {
		image.Files = append(image.Files, live.File{Name: file.Path, Mode: file.Mode, Data: file.Data})
	}
	return image, nil
}
