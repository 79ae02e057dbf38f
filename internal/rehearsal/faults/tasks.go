package faults

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/mapping"
)

var taskFaults = []Fault{
	{"task-killed", "stops one of the proxy's tasks, and no other starts", mapping.FrontDoorNGINX, doctor.StepTasks, func(s *scene) error { return s.stopTasks(1) }},
	{"tasks-killed", "stops all of the proxy's tasks, and no other starts", mapping.FrontDoorNGINX, doctor.StepTasks, func(s *scene) error { return s.stopTasks(-1) }},
	{"service-gone", "deletes the proxy's service", mapping.FrontDoorNGINX, doctor.StepTasks, func(s *scene) error {
		if err := s.stopTasks(-1); err != nil {
			return err
		}
		return s.shared(func(op *engine.Op) error {
			return remove(op, view.ECSServiceType, with("name", s.Shared.Service))
		})
	}},
	{"service-scaled-to-zero", "sets the service's desired count to 0", mapping.FrontDoorNGINX, doctor.StepTasks, func(s *scene) error {
		if err := s.stopTasks(-1); err != nil {
			return err
		}
		return s.shared(func(op *engine.Op) error {
			return change(op, view.ECSServiceType, with("name", s.Shared.Service), func(r *engine.Resource) { r.Properties["desiredCount"] = 0.0 })
		})
	}},
	{"deployment-failed", "has the latest deployment fail: its image can't be pulled, and the former tasks run", mapping.FrontDoorNGINX, doctor.StepTasks, func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			return change(op, view.ECSServiceType, with("name", s.Shared.Service), func(r *engine.Resource) {
				r.Hidden["events"] = engine.List("CannotPullContainerError: pull image manifest has been retried 5 time(s): not found")
			})
		})
	}},
}

// stopTasks stops so many of the service's tasks; -1: all.
func (s *scene) stopTasks(count int) error {
	return s.shared(func(op *engine.Op) error {
		for _, service := range op.All(view.ECSServiceType) {
			if service.Properties.Text("name") != s.Shared.Service {
				continue
			}
			return remove(op, view.NetworkInterfaceType, func(r *engine.Resource) bool {
				if r.Hidden.Text("owner") != service.ID || count == 0 {
					return false
				}
				count--
				return true
			})
		}
		return errNothing
	})
}
