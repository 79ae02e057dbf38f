package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// Task asks by one-off ECS tasks in the subnets and the security groups of the
// proxy's service, with its image. Each has a task definition of its own, which is
// deregistered afterwards. It calls the AWS CLI, version 2, with the
// credentials of the shared account that the CLI finds.
type Task struct {
	// CLI is the AWS CLI's program; empty: "aws".
	CLI string
	// Cluster and Service are the names of the proxy's; the stack's names begin
	// with portico:app's name and environment.
	Cluster, Service string
	// ClientGroup is the ID of a security group that lets out to the load balancer,
	// such as the VPC's default one. Tasks that ask as clients have it besides.
	ClientGroup string
}

var _ Prober = Task{}

// Ask runs the script in a task, waits until it has stopped, and reads its log.
func (k Task) Ask(ctx context.Context, variables map[string]string, q Question) (string, error) {
	var services struct {
		Services []struct {
			TaskDefinition       string
			NetworkConfiguration struct{ AwsvpcConfiguration awsvpc }
		}
	}
	if err := k.aws(ctx, &services, "ecs", "describe-services", "--cluster", k.Cluster, "--services", k.Service); err != nil {
		return "", err
	}
	if len(services.Services) == 0 {
		return "", fmt.Errorf("cluster %s has no service %s: give its name by --service", k.Cluster, k.Service)
	}
	service := services.Services[0]
	probe, err := k.define(ctx, service.TaskDefinition, q, variables)
	if err != nil {
		return "", err
	}
	network := service.NetworkConfiguration.AwsvpcConfiguration
	if q.AsClient {
		network.SecurityGroups = append(network.SecurityGroups, k.ClientGroup)
	}
	answer, err := k.run(ctx, probe, network)
	// An interrupted run takes its definition away too.
	return answer, errors.Join(err, k.aws(context.WithoutCancel(ctx), nil, "ecs", "deregister-task-definition", "--task-definition", probe.arn))
}

// awsvpc is where tasks run.
type awsvpc struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	AssignPublicIP string   `json:"assignPublicIp,omitempty"`
}

// probe is a task definition made for one question.
type probe struct {
	arn, container string
	log            map[string]string // the options of the log driver
}

// define registers the proxy's task definition with the question's script in the
// place of the image's entry point, which a run-task can't override.
func (k Task) define(ctx context.Context, proxy string, q Question, variables map[string]string) (*probe, error) {
	var described struct{ TaskDefinition map[string]any }
	if err := k.aws(ctx, &described, "ecs", "describe-task-definition", "--task-definition", proxy); err != nil {
		return nil, err
	}
	definition := map[string]any{}
	for _, name := range []string{"executionRoleArn", "networkMode", "requiresCompatibilities", "cpu", "memory", "runtimePlatform"} {
		if value := described.TaskDefinition[name]; value != nil {
			definition[name] = value
		}
	}
	family, _ := described.TaskDefinition["family"].(string)
	containers, _ := described.TaskDefinition["containerDefinitions"].([]any)
	if len(containers) == 0 {
		return nil, fmt.Errorf("task definition %s has no container", proxy)
	}
	proxyContainer, _ := containers[0].(map[string]any)
	var environment []any
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		environment = append(environment, map[string]string{"name": name, "value": variables[name]})
	}
	definition["family"] = family + "-acceptance"
	definition["containerDefinitions"] = []any{map[string]any{
		"name": "acceptance", "image": proxyContainer["image"], "entryPoint": []string{"sh", "-c"}, "command": []string{q.Script},
		"environment": environment, "logConfiguration": proxyContainer["logConfiguration"], "essential": true,
	}}
	input, err := json.Marshal(definition)
	if err != nil {
		return nil, fmt.Errorf("write the task definition: %w", err)
	}
	var registered struct {
		TaskDefinition struct{ TaskDefinitionArn string }
	}
	if err := k.aws(ctx, &registered, "ecs", "register-task-definition", "--cli-input-json", string(input)); err != nil {
		return nil, err
	}
	var log struct {
		LogConfiguration struct{ Options map[string]string }
	}
	data, err := json.Marshal(proxyContainer)
	if err == nil {
		err = json.Unmarshal(data, &log)
	}
	if err != nil {
		return nil, fmt.Errorf("read the log options of %s: %w", proxy, err)
	}
	return &probe{registered.TaskDefinition.TaskDefinitionArn, "acceptance", log.LogConfiguration.Options}, nil
}

// run runs the task until it stops, and reads its log.
func (k Task) run(ctx context.Context, p *probe, network awsvpc) (string, error) {
	configuration, err := json.Marshal(map[string]awsvpc{"awsvpcConfiguration": network})
	if err != nil {
		return "", fmt.Errorf("write the network of the task: %w", err)
	}
	var started struct {
		Tasks    []struct{ TaskArn string }
		Failures []struct{ Reason string }
	}
	if err := k.aws(ctx, &started, "ecs", "run-task", "--cluster", k.Cluster, "--launch-type", "FARGATE", "--task-definition", p.arn,
		"--network-configuration", string(configuration)); err != nil {
		return "", err
	}
	if len(started.Tasks) == 0 {
		return "", fmt.Errorf("the task did not start: %v", started.Failures)
	}
	task := started.Tasks[0].TaskArn
	if err := k.aws(ctx, nil, "ecs", "wait", "tasks-stopped", "--cluster", k.Cluster, "--tasks", task); err != nil {
		return "", err
	}
	stream := strings.Join([]string{p.log["awslogs-stream-prefix"], p.container, task[strings.LastIndexByte(task, '/')+1:]}, "/")
	var log struct{ Events []struct{ Message string } }
	if err := k.aws(ctx, &log, "logs", "get-log-events", "--start-from-head", "--log-group-name", p.log["awslogs-group"], "--log-stream-name", stream); err != nil {
		return "", err
	}
	var lines []string
	for _, event := range log.Events {
		lines = append(lines, event.Message)
	}
	return strings.Join(lines, "\n"), nil
}

// aws runs the CLI and reads its JSON answer.
func (k Task) aws(ctx context.Context, answer any, args ...string) error {
	program := k.CLI
	if program == "" {
		program = "aws"
	}
	output, err := exec.CommandContext(ctx, program, append(args, "--output", "json")...).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return fmt.Errorf("aws %s %s: %w: %s", args[0], args[1], err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return fmt.Errorf("run the AWS CLI: %w", err)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(output, answer); err != nil {
		return fmt.Errorf("read the answer of aws %s %s: %w", args[0], args[1], err)
	}
	return nil
}
