package faults

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/mapping"
)

var taskFaults = []Fault{
	{Name: "task-killed", Breaks: "stops one of the proxy's tasks, and no other starts", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets}, Cause: doctor.StepTasks, inject: func(s *scene) error { return s.stopTasks(1) }},
	{Name: "tasks-killed", Breaks: "stops all of the proxy's tasks, and no other starts", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets}, Cause: doctor.StepTasks, inject: func(s *scene) error { return s.stopTasks(-1) }},
	{Name: "service-gone", Breaks: "deletes the proxy's service", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets}, Cause: doctor.StepTasks, inject: func(s *scene) error {
		if err := s.stopTasks(-1); err != nil {
			return err
		}
		return s.shared(func(op *engine.Op) error {
			return remove(op, view.ECSServiceType, with("name", s.Shared.Service))
		})
	}},
	{Name: "service-scaled-to-zero", Breaks: "sets the service's desired count to 0", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets}, Cause: doctor.StepTasks, inject: func(s *scene) error {
		if err := s.stopTasks(-1); err != nil {
			return err
		}
		return s.shared(func(op *engine.Op) error {
			return change(op, view.ECSServiceType, with("name", s.Shared.Service), func(r *engine.Resource) { r.Properties["desiredCount"] = 0.0 })
		})
	}},
	{Name: "deployment-failed", Breaks: "has the latest deployment fail: its image can't be pulled, and the former tasks run", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepTasks, inject: func(s *scene) error {
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
