package accounts

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const testServiceARN = "arn:aws:ecs:us-east-1:111111111111:service/portico-dev-1a2b/portico-dev-3c4d"

// fakeECS answers the calls of ECS's JSON protocol by the last part of their
// X-Amz-Target, and keeps what was asked.
type fakeECS struct {
	answers map[string]string
	asked   map[string]map[string]any
}

func (f *fakeECS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	asked := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.asked[action] = asked
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer, known := f.answers[action]
	if !known {
		w.WriteHeader(http.StatusBadRequest)
		answer = `{"__type": "AccessDeniedException", "message": "not authorized to perform: ecs:` + action + `"}`
	}
	_, _ = w.Write([]byte(answer))
}

// noDeployments is the answer about a service without deployments, as of clusters of old.
const noDeployments = `{"serviceDeployments": []}`

// askStoppedTasks asks about a service of a stack whose emulator answers so.
func askStoppedTasks(t *testing.T, answers map[string]string) (*fakeECS, []string, error) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	fake := &fakeECS{answers: answers, asked: map[string]map[string]any{}}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	settings := strings.Replace(string(minimalShared), "{region:", `{endpoint: "`+server.URL+`", region:`, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: portico\nruntime: go\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dev.yaml"), []byte(settings), 0o600))
	reasons, err := StoppedTasksIn(dir)(t.Context(), "dev", testServiceARN)
	return fake, reasons, err
}

// The answers have the members that ECS's API reference names: Task, Container,
// ServiceEvent.
func TestStoppedTasksAreExplainedByTheirReasonsAndTheServicesEvents(t *testing.T) {
	const cannotPull = "CannotPullContainerError: pull image manifest has been retried 5 time(s): dial tcp: i/o timeout"
	fake, reasons, err := askStoppedTasks(t, map[string]string{
		"ListTasks": `{"taskArns": ["arn:aws:ecs:us-east-1:111111111111:task/portico-dev-1a2b/1", "arn:aws:ecs:us-east-1:111111111111:task/portico-dev-1a2b/2"]}`,
		"DescribeTasks": `{"tasks": [
			{"stoppedAt": 1700000000, "stoppedReason": "` + cannotPull + `", "containers": [{"name": "nginx", "reason": "` + cannotPull + `"}]},
			{"stoppedAt": 1700000060, "stoppedReason": "` + cannotPull + `"},
			{"stoppedAt": 1700000120, "stoppedReason": "Essential container in task exited", "containers": [{"name": "nginx", "exitCode": 1}]},
			{"stoppedAt": 1700000180, "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/123)"}]}`,
		"DescribeServices": `{"services": [{"events": [
			{"message": "(service portico-dev-3c4d) has started 2 tasks: (task 1) (task 2)."},
			{"message": "(service portico-dev-3c4d) deployment failed: tasks failed to start."},
			{"message": "(service portico-dev-3c4d) deployment failed: tasks failed to start."}]}]}`,
		"ListServiceDeployments": noDeployments,
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		"ECS stopped a task: Essential container in task exited; container nginx ended with exit code 1: its log says why",
		"ECS stopped 2 tasks: " + cannotPull,
		"(service portico-dev-3c4d) deployment failed: tasks failed to start.",
	}, reasons)
	require.Equal(t, map[string]any{"cluster": "portico-dev-1a2b", "serviceName": "portico-dev-3c4d", "desiredStatus": "STOPPED", "maxResults": 100.0}, fake.asked["ListTasks"])
	require.Equal(t, map[string]any{"cluster": "portico-dev-1a2b", "services": []any{"portico-dev-3c4d"}}, fake.asked["DescribeServices"])
}

func TestAHealthyServiceHasNoStoppedTasks(t *testing.T) {
	_, reasons, err := askStoppedTasks(t, map[string]string{
		"ListTasks":              `{"taskArns": []}`,
		"DescribeServices":       `{"services": [{"events": [{"message": "(service portico-dev-3c4d) has reached a steady state."}]}]}`,
		"ListServiceDeployments": noDeployments,
	})
	require.NoError(t, err)
	require.Empty(t, reasons)
}

// The answers have the members that ECS's API reference names: ServiceDeploymentBrief,
// ServiceDeployment, ServiceDeploymentAlarms.
func TestTheAlarmsThatEndedADeploymentAreNamed(t *testing.T) {
	const one, other = "arn:aws:ecs:us-east-1:111111111111:service-deployment/portico-dev-1a2b/portico-dev-3c4d/1", "arn:aws:ecs:us-east-1:111111111111:service-deployment/portico-dev-1a2b/portico-dev-3c4d/2"
	deployments := func(first, second string) string {
		return `{"serviceDeployments": [{"serviceDeploymentArn": "` + one + `", "createdAt": 1700000000, "status": "` + first + `"},
			{"serviceDeploymentArn": "` + other + `", "createdAt": 1700000600, "status": "` + second + `"}]}`
	}
	const described = `{"serviceDeployments": [{"status": "ROLLBACK_SUCCESSFUL", "alarms": {"status": "TRIGGERED", "alarmNames": ["portico-dev-proxy-5xx-0a1b2c3", "own"],
		"triggeredAlarmNames": ["portico-dev-proxy-5xx-0a1b2c3", "own"]}}]}`
	quiet := map[string]string{"ListTasks": `{"taskArns": []}`, "DescribeServices": `{"services": []}`, "DescribeServiceDeployments": described}
	for sentence, test := range map[string]struct {
		listed string
		want   []string
	}{
		"the latest was taken back":     {deployments("SUCCESSFUL", "ROLLBACK_SUCCESSFUL"), []string{"alarm portico-dev-proxy-5xx-0a1b2c3: More than 5 % of the requests, and at least 5 a minute, are answered 500 or more by the proxy itself: APIs can't be reached, or exceed their timeouts: ECS has ended the deployment", "alarm own: ECS has ended the deployment"}},
		"an earlier one was taken back": {deployments("ROLLBACK_SUCCESSFUL", "SUCCESSFUL"), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			answers := maps.Clone(quiet)
			answers["ListServiceDeployments"] = test.listed
			fake, reasons, err := askStoppedTasks(t, answers)
			require.NoError(t, err)
			require.Equal(t, test.want, reasons)
			require.Equal(t, map[string]any{"cluster": "portico-dev-1a2b", "service": "portico-dev-3c4d"}, fake.asked["ListServiceDeployments"])
			if test.want != nil {
				require.Equal(t, map[string]any{"serviceDeploymentArns": []any{other}}, fake.asked["DescribeServiceDeployments"])
			}
		})
	}
}

func TestARoleThatMayNotListTasksIsNamed(t *testing.T) {
	_, _, err := askStoppedTasks(t, nil)
	require.ErrorContains(t, err, "ecs:ListTasks")
}

func TestStoppedTasksAreNotAskedForBesideAnAttachedProvider(t *testing.T) {
	t.Setenv("PULUMI_DEBUG_PROVIDERS", "aws:1234")
	fake, reasons, err := askStoppedTasks(t, nil)
	require.NoError(t, err)
	require.Empty(t, reasons)
	require.Empty(t, fake.asked)
}
