package doctor

import (
	"context"
	"fmt"
	"strings"
)

// service looks at the ECS service that runs the proxy; nil: it is unknown, or
// there is none.
func (w *walk) service() *Service {
	cluster, name := w.environment.Shared.Cluster, w.environment.Shared.Service
	if name == "" {
		w.unread(StepTasks, "the shared stack reports no ECS service: its last deployment didn't come up, or an older version of Portico made it")
		return nil
	}
	service, ok := ask(w, StepTasks, w.shared(), "service "+cluster+"/"+name, func(ctx context.Context, r Reader) (*Service, error) { return r.Service(ctx, cluster, name) })
	if !ok {
		return nil
	}
	if service == nil || service.Status != "" && service.Status != "ACTIVE" {
		w.cause(StepTasks, w.shared(), cluster+"/"+name, "the ECS service doesn't exist, or is being deleted", w.deployed())
		return nil
	}
	said := ""
	if service.RolloutReason != "" {
		said += ": " + service.RolloutReason
	}
	if len(service.Troubles) > 0 {
		said += ": " + strings.Join(service.Troubles, "; ")
	}
	const fix = "the reason names what stopped the tasks; the proxy's log group has its own last words"
	switch {
	case service.Desired == 0:
		w.cause(StepTasks, w.shared(), name, "the service is to run no task", "raise its desired count, or portico:task.min: aws ecs update-service --cluster "+cluster+" --service "+name+" --desired-count 2")
	case service.Running == 0:
		w.cause(StepTasks, w.shared(), name, fmt.Sprintf("none of %d tasks runs%s", service.Desired, said), fix)
	case service.Running < service.Desired:
		w.cause(StepTasks, w.shared(), name, fmt.Sprintf("%d of %d tasks run%s", service.Running, service.Desired, said), fix)
	case service.Rollout == "FAILED", len(service.Troubles) > 0:
		w.cause(StepTasks, w.shared(), name, "the latest deployment failed; the former tasks run"+said, fix)
	}
	return service
}
