package ecs

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/awssim/cloudwatch"
	"github.com/portico-iac/portico/internal/awssim/engine"
)

// Deployment is a deployment of a service whose tasks can start, as far as the accounts
// tell.
type Deployment struct {
	Account, Region, ServiceARN string

	TaskDefinitionARN string
	Containers        []RunningContainer // of the new tasks
	// Alarms are the names of those that ECS watches; empty: it watches none.
	Alarms []string
	// Bake is how long it goes on watching them once the former tasks are gone.
	Bake time.Duration
}

// Watcher finds out what becomes of deployments' tasks, which the simulator doesn't run.
type Watcher interface {
	// Start is why new tasks don't stay up or fail their health checks; empty: they are
	// healthy. The former ones run meanwhile.
	Start(Deployment) []string
	// Serve has the new tasks serve in the former ones' place, for as long as Bake. It
	// returns the first of the alarms that began; empty: none did.
	Serve(Deployment) []string
}

// watching is the watcher of the accounts' deployments.
type watching struct{ Watcher }

// Watch has a watcher find out what becomes of deployments; nil: all tasks stay up, and no
// alarm begins.
func Watch(s *engine.Simulator, w Watcher) {
	engine.ChangeFact(s, func(watching) watching { return watching{w} })
}

// newDeployment is the deployment that an operation starts. "If an alarm is in the ALARM
// state at the beginning of a deployment, Amazon ECS will not monitor alarms for the
// duration of that deployment (Amazon ECS ignores the alarm configuration)", since it may
// be the one that corrects the cause. How ECS computes the bake time from the alarms isn't
// said; here it is as long as the slowest of them looks back.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
func newDeployment(op *engine.Op, definition *engine.Resource) (Deployment, error) {
	d := Deployment{Account: op.Account, Region: op.Region, ServiceARN: op.ARN, TaskDefinitionARN: definition.ARN}
	containers, err := parseContainers(definition.Properties.Text("containerDefinitions"))
	if err != nil {
		return d, err
	}
	for _, c := range containers {
		d.Containers = append(d.Containers, runningContainer(c))
	}
	alarms := op.Inputs.Object("alarms")
	names := alarms.Texts("alarmNames")
	if !alarms.Flag("enable") || len(cloudwatch.Begun(op, names)) > 0 {
		return d, nil
	}
	d.Alarms = names
	for _, name := range names {
		d.Bake = max(d.Bake, time.Duration(cloudwatch.LooksBack(op, name))*time.Second)
	}
	return d, nil
}

// start is why the deployment's tasks don't come up.
func (d Deployment) start(op *engine.Op) (reasons []string, err error) {
	w := engine.Fact[watching](op.Simulator).Watcher
	if w == nil {
		return nil, nil
	}
	return reasons, op.Meanwhile(func() { reasons = w.Start(d) })
}

// serve is why the deployment fails once its tasks run in the former ones' place.
func (d Deployment) serve(op *engine.Op) (reasons []string, err error) {
	op.Put(*op.Staged())
	w := engine.Fact[watching](op.Simulator).Watcher
	var began []string
	err = op.Meanwhile(func() {
		if w != nil {
			began = w.Serve(d)
		}
	})
	if len(began) == 0 && d.Bake <= cmp.Or(op.Timeout, steadyWait) {
		op.Pass(d.Bake)
	}
	for _, name := range began {
		reasons = append(reasons, fmt.Sprintf("alarm %s: ECS has ended the deployment", strings.TrimSuffix(cloudwatch.Described(op, name), ".")))
	}
	return reasons, err
}

// checkAlarms holds the alarms of a service to those that exist.
func checkAlarms(op *engine.Op) error {
	for _, name := range op.Inputs.Object("alarms").Texts("alarmNames") {
		if cloudwatch.Described(op, name) == name {
			return op.Refuse("InvalidParameterException", "The alarm %s does not exist.", name)
		}
	}
	return nil
}
