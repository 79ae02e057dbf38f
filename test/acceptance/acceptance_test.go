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

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
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

func (p prober) Ask(_ context.Context, _ *automation.Report, q acceptance.Question) (string, error) {
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
	record, err := acceptance.Run(t.Context(), acceptance.Options{Stacks: s, Prober: prober{}, Accounts: "simulated", Mapping: mapping, Changed: changed})
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
"ecs describe-services") echo '{"services":[{"taskDefinition":"arn:td/proxy:1","networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"]}}}]}' ;;
"ecs describe-task-definition") echo '{"taskDefinition":{"family":"proxy","cpu":"512","containerDefinitions":[{"name":"nginx","image":"proxy@sha256:1","entryPoint":["sh","/x"],"logConfiguration":{"options":{"awslogs-group":"/proxy","awslogs-stream-prefix":"p"}}}]}}' ;;
"ecs run-task") echo '{"tasks":[{"taskArn":"arn:aws:ecs:us-east-1:1:task/c/abc"}]}' ;;
"ecs register-task-definition") echo '{"taskDefinition":{"taskDefinitionArn":"arn:td/proxy-acceptance:1"}}' ;;
"ecs wait" | "ecs deregister-task-definition") echo '{}' ;;
"logs get-log-events") echo '{"events":[{"message":"200"},{"message":"done"}]}' ;;
esac
`), 0o700))
	deployed := &automation.Report{Stacks: []automation.Result{{Name: "dev", Outputs: outputs}}}
	answer, err := acceptance.Task{CLI: cli, Cluster: "c", Service: "s", API: "a1b2c3d4e5"}.Ask(t.Context(), deployed, acceptance.Questions[0])
	require.NoError(t, err)
	require.Equal(t, "200\ndone", answer)
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	require.NoError(t, err)
	for _, part := range []string{`"subnets":["subnet-1"]`, `"name":"ENDPOINT","value":"vpce-1.execute-api`, `"name":"API","value":"a1b2c3d4e5"`, "--log-stream-name p/acceptance/abc", `"family":"proxy-acceptance"`, `"image":"proxy@sha256:1"`, `"entryPoint":["sh","-c"]`,
		"--task-definition arn:td/proxy-acceptance:1 --network-configuration", "deregister-task-definition --task-definition arn:td/proxy-acceptance:1",
		"tasks-stopped --cluster c --tasks arn:aws:ecs:us-east-1:1:task/c/abc"} {
		require.Contains(t, string(calls), part)
	}
}

// TestTheRunOnSimulatedAccounts deploys, changes and deletes the example in
// simulated accounts with the real engine. What they can't answer, the prober
// answers as the simulator assumes.
func TestTheRunOnSimulatedAccounts(t *testing.T) {
	if os.Getenv("PORTICO_SLOW") != "1" {
		t.Skip("takes a minute: run make test-slow, which sets PORTICO_SLOW=1")
	}
	command, err := automation.FindCommand(filepath.Join("..", "..", "bin"))
	require.NoError(t, err)
	document := func(verbs string) []byte {
		return []byte(`APIS: [{CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [` + verbs + `]}]`)
	}
	mapping, changed := files(t)
	require.NoError(t, os.WriteFile(mapping, document("GET"), 0o600))
	p, err := rehearsal.Prepare(t.Context(), rehearsal.Options{Mapping: mapping, StateDir: t.TempDir(), Command: command, Programs: automation.Programs{
		Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn, Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn,
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	require.NoError(t, os.WriteFile(changed, document("GET, POST"), 0o600))
	record, err := acceptance.Run(t.Context(), acceptance.Options{
		Stacks: both{p}, Prober: prober{}, Accounts: "simulated", Mapping: filepath.Join(p.Dir, "project", "mapping.yaml"), Changed: changed,
	})
	require.NoError(t, err)
	require.Positive(t, record.Steps[0].Changes.Create)
	require.Positive(t, record.Steps[3].Changes.Update+record.Steps[3].Changes.Replace)
	require.Positive(t, record.Steps[5].Changes.Delete)
}

// both is an environment whose provider project has a mapping file of its own.
type both struct{ *rehearsal.Prepared }

func (b both) Up(ctx context.Context) (*automation.Report, error) {
	data, err := os.ReadFile(filepath.Join(b.Dir, "project", "mapping.yaml"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "project", "accounts", "provider", "mapping.yaml"), data, 0o600); err != nil {
		return nil, err
	}
	return b.Environment.Up(ctx)
}

func (b both) Destroy(ctx context.Context) (*automation.Report, error) {
	return b.Environment.Destroy(ctx)
}
