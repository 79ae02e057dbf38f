package faults

import (
	"slices"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

var logFaults = []Fault{
	{Name: "log-delivery-stuck", Breaks: "has the tasks' log driver lose the log's lines, as it does while its buffer is full", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{logDelivery},
		Unseen: "the accounts say where a log goes, not whether it arrives", live: output(live.OutputLost)},
	{Name: "log-reader-stuck", Breaks: "has nothing read what the tasks write, so that NGINX waits once the pipe is full", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets, unhealthyTargets},
		Unseen: "simulated targets are as healthy as the accounts are set up; on AWS the doctor finds targets that don't answer their health check", live: output(live.OutputUnread)},
}

// output changes what becomes of what the proxy's tasks write.
func output(to live.Output) func(*scene, *live.Environment) {
	return func(_ *scene, environment *live.Environment) {
		environment.Tasks = slices.Clone(environment.Tasks)
		for i := range environment.Tasks {
			environment.Tasks[i].Output = to
		}
	}
}
