package acceptance_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/test/acceptance"
)

// stacks are an environment that reports given changes, in turn.
type stacks struct {
	ups       []automation.Changes
	mapping   string
	deployed  []string // the mapping at each up
	destroyed int
}

func (s *stacks) Up(context.Context) (*automation.Report, error) {
	data, err := os.ReadFile(s.mapping)
	s.deployed = append(s.deployed, string(data))
	next := s.ups[0]
	s.ups = s.ups[1:]
	return &automation.Report{Stacks: []automation.Result{{Name: "dev", Changes: next, Outputs: outputs}}}, err
}

func (s *stacks) Destroy(context.Context) (*automation.Report, error) {
	s.destroyed++
	return &automation.Report{}, nil
}

var outputs = auto.OutputMap{
	"contract": {Value: 2.0}, "region": {Value: "us-east-1"}, "accountId": {Value: "111111111111"}, "vpcId": {Value: "vpc-1"},
	"vpcEndpointDnsName": {Value: "vpce-1.execute-api.us-east-1.vpce.amazonaws.com"}, "hosts": {Value: []any{"a.example.com"}},
}

// prober answers all but one question.
type prober struct{ refuses string }

func (p prober) Ask(_ context.Context, _ map[string]string, q acceptance.Question) (string, error) {
	if q.ID == p.refuses {
		return "", errors.New("the task did not start")
	}
	return "answer of " + q.ID, nil
}

func files(t *testing.T) (mapping, changed string) {
	t.Helper()
	dir := t.TempDir()
	mapping, changed = filepath.Join(dir, "mapping.yaml"), filepath.Join(dir, "changed.yaml")
	require.NoError(t, os.WriteFile(mapping, []byte("before"), 0o600))
	require.NoError(t, os.WriteFile(changed, []byte("after"), 0o600))
	return mapping, changed
}

func TestARunGoesThroughEveryStepAndAnswersEveryQuestion(t *testing.T) {
	mapping, changed := files(t)
	s := &stacks{mapping: mapping, ups: []automation.Changes{{Create: 9}, {Same: 9}, {Update: 1, Same: 8}, {Same: 9}}}
	record, err := acceptance.Run(t.Context(), acceptance.Options{Stacks: s, Prober: prober{}, Accounts: "simulated", Mapping: mapping, Changed: changed, API: "a1b2c3d4e5", Stage: "dev"})
	require.NoError(t, err)
	var steps []string
	for _, step := range record.Steps {
		steps = append(steps, step.Name)
	}
	require.Equal(t, []string{"deploy", "second up", "probe", "change", "up after the change", "destroy"}, steps)
	require.Len(t, record.Answers, len(acceptance.Questions))
	require.Empty(t, record.Unanswered)
	require.Equal(t, []string{"before", "before", "after", "after"}, s.deployed)
	data, err := os.ReadFile(mapping)
	require.NoError(t, err)
	require.Equal(t, "before", string(data), "the mapping file is as it was")

	path := filepath.Join(t.TempDir(), "record.json")
	require.NoError(t, record.Write(path))
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	var form struct {
		Version int
		Steps   []struct{ Changes struct{ Create *int } }
		Answers []struct{ ID, Answer, Assumed string }
	}
	require.NoError(t, json.Unmarshal(data, &form))
	require.Equal(t, acceptance.Version, form.Version)
	require.Equal(t, 9, *form.Steps[0].Changes.Create)
	require.Equal(t, "answer of endpoint-certificate", form.Answers[0].Answer)
	require.Equal(t, "before", record.Mapping)
	require.Equal(t, map[string]string{
		"ENDPOINT": "vpce-1.execute-api.us-east-1.vpce.amazonaws.com", "HOST": "a.example.com", "REGION": "us-east-1", "API": "a1b2c3d4e5", "STAGE": "dev",
	}, record.Variables)
	again, err := acceptance.ReadRecord(path)
	require.NoError(t, err)
	require.Equal(t, record, again)
}

func TestARunThatFailsCleansUpAndKeepsWhatItFound(t *testing.T) {
	for sentence, c := range map[string]struct {
		ups    []automation.Changes
		prober prober
		want   string
	}{
		"a second up that changes something": {[]automation.Changes{{Create: 9}, {Update: 1}}, prober{}, "second up: nothing had changed"},
		"a question that can't be asked":     {[]automation.Changes{{Create: 9}, {Same: 9}}, prober{"method-override"}, "method-override: the task did not start"},
	} {
		t.Run(sentence, func(t *testing.T) {
			mapping, _ := files(t)
			s := &stacks{mapping: mapping, ups: c.ups}
			record, err := acceptance.Run(t.Context(), acceptance.Options{Stacks: s, Prober: c.prober, Mapping: mapping})
			require.ErrorContains(t, err, c.want)
			require.Equal(t, 1, s.destroyed)
			require.NotEmpty(t, record.Unanswered)
			require.Equal(t, "destroy", record.Steps[len(record.Steps)-1].Name)
		})
	}
}

// TestATaskAsksInsideTheVPC has a program in the AWS CLI's place, which answers
// as the CLI does and notes what it was asked.
func TestATaskAsksInsideTheVPC(t *testing.T) {
	dir := t.TempDir()
	cli := filepath.Join(dir, "aws")
	require.NoError(t, os.WriteFile(cli, []byte(`#!/bin/sh
printf '%s\n' "$*" >>"`+dir+`/calls"
case "$1 $2" in
"ecs describe-services") echo '{"services":[{"taskDefinition":"arn:td/proxy:1","networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"],"securityGroups":["sg-1"]}}}]}' ;;
"ecs describe-task-definition") echo '{"taskDefinition":{"family":"proxy","cpu":"512","containerDefinitions":[{"name":"nginx","image":"proxy@sha256:1","entryPoint":["sh","/x"],"logConfiguration":{"options":{"awslogs-group":"/proxy","awslogs-stream-prefix":"p"}}}]}}' ;;
"ecs run-task") echo '{"tasks":[{"taskArn":"arn:aws:ecs:us-east-1:1:task/c/abc"}]}' ;;
"ecs register-task-definition") echo '{"taskDefinition":{"taskDefinitionArn":"arn:td/proxy-acceptance:1"}}' ;;
"ecs wait" | "ecs deregister-task-definition") echo '{}' ;;
"logs get-log-events") echo '{"events":[{"message":"200"},{"message":"done"}]}' ;;
esac
`), 0o700))
	variables := map[string]string{"ENDPOINT": "vpce-1.execute-api.us-east-1.vpce.amazonaws.com", "API": "a1b2c3d4e5"}
	answer, err := acceptance.Task{CLI: cli, Cluster: "c", Service: "s"}.Ask(t.Context(), variables, acceptance.Questions[0])
	require.NoError(t, err)
	require.Equal(t, "200\ndone", answer)
	client := acceptance.Questions[len(acceptance.Questions)-1]
	require.True(t, client.AsClient)
	_, err = acceptance.Task{CLI: cli, Cluster: "c", Service: "s", ClientGroup: "sg-2"}.Ask(t.Context(), variables, client)
	require.NoError(t, err)
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	require.NoError(t, err)
	for _, part := range []string{`"subnets":["subnet-1"],"securityGroups":["sg-1"]}`, `"subnets":["subnet-1"],"securityGroups":["sg-1","sg-2"]}`, `"name":"ENDPOINT","value":"vpce-1.execute-api`, `"name":"API","value":"a1b2c3d4e5"`, "--log-stream-name p/acceptance/abc", `"family":"proxy-acceptance"`, `"image":"proxy@sha256:1"`, `"entryPoint":["sh","-c"]`,
		"--task-definition arn:td/proxy-acceptance:1 --network-configuration", "deregister-task-definition --task-definition arn:td/proxy-acceptance:1",
		"tasks-stopped --cluster c --tasks arn:aws:ecs:us-east-1:1:task/c/abc"} {
		require.Contains(t, string(calls), part)
	}
}
