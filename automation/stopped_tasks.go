package automation

import (
	"context"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

const (
	ecsServiceType = "aws:ecs/service:Service"
	// stoppedTasksTimeout bounds the questions about a service's tasks.
	stoppedTasksTimeout = 30 * time.Second
)

// explainServices adds to the problems of a failed update why the stack's ECS
// services don't run their tasks. The AWS provider names no cause: it waits for a
// service to become steady, and calls one steady that ECS has rolled back.
func (w *watch) explainServices(ctx context.Context, stack *auto.Stack, s Stack) {
	if s.StoppedTasks == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stoppedTasksTimeout)
	defer cancel()
	state, err := readState(ctx, stack)
	if err != nil {
		w.note("cannot tell whether ECS stopped tasks: " + err.Error())
		return
	}
	for _, arn := range state.idsOf(ecsServiceType) {
		reasons, err := s.StoppedTasks(ctx, arn)
		for _, reason := range reasons {
			w.problem(reason)
		}
		if err != nil {
			w.note("cannot tell why ECS stopped tasks of " + arn + ": " + err.Error())
		}
	}
}

// idsOf are the IDs of the stack's resources of a type.
func (d *deployment) idsOf(token string) []string {
	var ids []string
	for _, v := range d.resources() {
		resource, _ := v.(map[string]any)
		if id, _ := resource["id"].(string); resource["type"] == token && id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// problem reports an error of the driver's own finding.
func (w *watch) problem(text string) {
	w.problems = append(w.problems, text)
	w.send(Event{Stack: w.stack, Kind: Problem, Elapsed: time.Since(w.begin), Text: text})
}
