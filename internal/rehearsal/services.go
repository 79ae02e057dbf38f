package rehearsal

import (
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
	// targetGroups are the ARNs of those.
	targetGroups map[string]bool
}

// services are the account's ECS services that stand behind a load balancer.
func (a *account) services() ([]service, error) {
	var services []service
	for _, r := range a.all("aws:ecs/service:Service") {
		balancers := r.Properties.Objects("loadBalancers")
		if len(balancers) == 0 {
			continue
		}
		s := service{targetGroups: make(map[string]bool)}
		for _, one := range balancers {
			s.targetGroups[one.Text("targetGroupArn")] = true
		}
		var err error
		if s.tasks, err = a.tasks(r, balancers[0]); err != nil {
			return nil, fmt.Errorf("read service %s: %w", r.Properties.Text("name"), err)
		}
		services = append(services, s)
	}
	return services, nil
}

// containerDefinition is what a task definition's JSON document says of a
// container, as far as it decides how the container answers.
type containerDefinition struct {
	Name        string
	Image       string
	EntryPoint  []string
	Command     []string
	Environment []struct{ Name, Value string }
}

// tasks are a service's, spread over its subnets as ECS spreads them.
func (a *account) tasks(r awssim.Resource, balanced awssim.Object) ([]live.Task, error) {
	definition, err := a.byARN("aws:ecs/taskDefinition:TaskDefinition", r.Properties.Text("taskDefinition"))
	if err != nil {
		return nil, err
	}
	var containers []containerDefinition
	if err := decode(definition, "containerDefinitions", &containers); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(containers, func(c containerDefinition) bool { return c.Name == balanced.Text("containerName") })
	if i < 0 {
		return nil, fmt.Errorf("its task definition has no container %q", balanced.Text("containerName"))
	}
	image, err := a.image(containers[i])
	if err != nil {
		return nil, err
	}
	network := r.Properties.Object("networkConfiguration")
	subnets := network.Texts("subnets")
	if len(subnets) == 0 {
		return nil, fmt.Errorf("it has no subnets")
	}
	environment := make(map[string]string)
	for _, variable := range containers[i].Environment {
		environment[variable.Name] = variable.Value
	}
	var tasks []live.Task
	for n := range min(r.Properties.Number("desiredCount"), maxTasks) {
		one, err := a.attach(fmt.Sprintf("task %d", n+1), subnets[n%len(subnets)], network.Texts("securityGroups"))
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, live.Task{
			Interface: one, Port: uint16(balanced.Number("containerPort")), Image: image, Environment: environment,
		})
	}
	return tasks, nil
}

// image is the image that a container runs, out of the registry that it names.
func (a *account) image(c containerDefinition) (live.Image, error) {
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
