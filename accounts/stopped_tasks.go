package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// StoppedTasksIn makes a function that says why an ECS service of a shared stack
// doesn't run its tasks: the reasons with which ECS stopped them, each once, the
// latest first, what the service's events say, and the alarms for which ECS took the
// latest deployment back. It is empty where ECS stopped none but those that it replaced. The settings of the stack, in the project's
// directory dir, say in which account and region to ask.
//
// The AWS provider waits for a service that doesn't come up and names no cause;
// ECS keeps the reasons for an hour. It needs ecs:DescribeServices, ecs:ListTasks,
// ecs:DescribeTasks, ecs:ListServiceDeployments and ecs:DescribeServiceDeployments. Beside a provider that Pulumi attaches to
// (PULUMI_DEBUG_PROVIDERS) it asks nothing.
func StoppedTasksIn(dir string) func(ctx context.Context, stack, serviceARN string) ([]string, error) {
	return func(ctx context.Context, stack, serviceARN string) ([]string, error) {
		if attached() {
			return nil, nil
		}
		config, err := filesOf(dir, stack).Shared()
		if err != nil {
			return nil, err
		}
		client, err := sdkConfig(ctx, config.AWS)
		if err != nil {
			return nil, err
		}
		return stoppedTasks(ctx, ecs.NewFromConfig(client), serviceARN)
	}
}

// At most these many of the stopped tasks are read, and of the events told.
const (
	stoppedTasksRead = 100 // what DescribeTasks takes at a time
	eventsTold       = 3
)

// replaced begins the reason of tasks that ECS stopped because a deployment or
// autoscaling needs them no more.
const replaced = "Scaling activity initiated by"

func stoppedTasks(ctx context.Context, client *ecs.Client, serviceARN string) ([]string, error) {
	parts := strings.Split(serviceARN, "/")
	if len(parts) != 3 {
		return nil, fmt.Errorf("find the cluster of ECS service %s: the ARN has no cluster's name", serviceARN)
	}
	cluster, name := &parts[1], parts[2]
	listed, err := client.ListTasks(ctx, &ecs.ListTasksInput{
		Cluster: cluster, ServiceName: &name, DesiredStatus: types.DesiredStatusStopped, MaxResults: awssdk.Int32(stoppedTasksRead),
	})
	if err != nil {
		return nil, fmt.Errorf("list the stopped tasks of ECS service %s: %w", name, err)
	}
	var found []string
	if len(listed.TaskArns) > 0 {
		described, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: cluster, Tasks: listed.TaskArns})
		if err != nil {
			return nil, fmt.Errorf("describe the stopped tasks of ECS service %s: %w", name, err)
		}
		found = stoppedReasons(described.Tasks)
	}
	services, err := client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: cluster, Services: []string{name}})
	if err != nil {
		return found, fmt.Errorf("describe ECS service %s: %w", name, err)
	}
	for _, service := range services.Services {
		found = append(found, troubles(service.Events)...)
	}
	alarms, err := alarmsOfDeployment(ctx, client, *cluster, name)
	return append(found, alarms...), err
}

// stoppedReasons says why tasks were stopped, the latest reason first.
func stoppedReasons(tasks []types.Task) []string {
	slices.SortFunc(tasks, func(a, b types.Task) int { return stoppedAt(b).Compare(stoppedAt(a)) })
	count := map[string]int{}
	var reasons []string
	for _, task := range tasks {
		reason := reasonOf(task)
		if reason == "" || strings.HasPrefix(reason, replaced) {
			continue
		}
		if count[reason]++; count[reason] == 1 {
			reasons = append(reasons, reason)
		}
	}
	for i, reason := range reasons {
		if n := count[reason]; n > 1 {
			reasons[i] = fmt.Sprintf("ECS stopped %d tasks: %s", n, reason)
		} else {
			reasons[i] = "ECS stopped a task: " + reason
		}
	}
	return reasons
}

func stoppedAt(task types.Task) time.Time { return awssdk.ToTime(task.StoppedAt) }

// reasonOf is why ECS stopped a task, and what its containers ended with where
// that says more.
func reasonOf(task types.Task) string {
	reason := awssdk.ToString(task.StoppedReason)
	for _, container := range task.Containers {
		if container.ExitCode != nil {
			reason += fmt.Sprintf("; container %s ended with exit code %d: its log says why", awssdk.ToString(container.Name), *container.ExitCode)
		}
		if own := awssdk.ToString(container.Reason); own != "" && !strings.Contains(reason, own) {
			reason += fmt.Sprintf("; container %s: %s", awssdk.ToString(container.Name), own)
		}
	}
	return reason
}

// troubles are the latest events that tell of something that didn't work. ECS
// gives them the latest first, and says the same again and again.
func troubles(events []types.ServiceEvent) []string {
	var found []string
	for _, event := range events {
		text := awssdk.ToString(event.Message)
		lower := strings.ToLower(text)
		told := strings.Contains(lower, "unable") || strings.Contains(lower, "fail") || strings.Contains(lower, "unhealthy")
		if told && len(found) < eventsTold && !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	return found
}
