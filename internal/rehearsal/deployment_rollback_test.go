package rehearsal

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestABadDeploymentIsTakenBack deploys a mapping whose image can't start, or answers every
// request by 502, while clients call: without a human the former tasks serve again, up
// fails and names why, and a mended mapping goes through while the alarm has not ended.
func TestABadDeploymentIsTakenBack(t *testing.T) {
	slowly(t)
	for sentence, test := range map[string]struct {
		fault *imageFault
		// says is in the failed update's words.
		says []string
		// lost says that requests fail while the new tasks serve.
		lost bool
	}{
		"its image can't start":        {cannotStart, []string{"Essential container in task exited", `invalid value "perhaps"`}, false},
		"it answers every request 502": {answers502, []string{"-proxy-5xx", "answered 500 or more by the proxy itself", "ECS has ended the deployment"}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			first := []string{"a aaaaaaaaaa/dev", "b bbbbbbbbbb/dev"}
			second, third := append(slices.Clone(first), "c cccccccccc/dev"), append(slices.Clone(first), "d cccccccccc/dev")
			var d *liveDeployments
			m := newRepointed(t, func(m *frontDoorChange, document string) {
				d = watchDeployments(m)
				require.NoError(t, m.tryUp(document))
			}, first, second, third)
			former, _ := d.running()

			d.fault = test.fault
			err := m.tryUp(repointedRows(second...))
			require.ErrorContains(t, err, "ECS rolled the deployment back")
			for _, words := range test.says {
				require.ErrorContains(t, err, words)
			}
			require.ErrorContains(t, err, "log group portico-dev-logs-")
			definition, tasks := d.running()
			require.Equal(t, former, definition, "the former tasks are back")
			require.Len(t, tasks, 2)
			m.update(t.Context())
			t.Logf("%d of %d requests failed while the new tasks served", d.failed, d.sent)
			m.counting.Lock()
			if failures := len(m.failures); test.lost {
				require.Positive(t, d.failed)
				require.GreaterOrEqual(t, d.sent, d.failed)
			} else {
				require.Zero(t, failures, "the former tasks serve all the time: %v", m.failures)
			}
			m.failures = nil
			m.counting.Unlock()
			m.requireAnswers()

			d.fault = nil
			served := len(d.served)
			require.NoError(t, m.tryUp(repointedRows(third...)), "a mended mapping goes through")
			require.Len(t, d.served, served+1)
			require.Equal(t, test.lost, len(d.served[served].Alarms) == 0, "ECS looks at no alarm if one has begun before")
			mended, _ := d.running()
			require.NotEqual(t, former, mended)
			m.update(t.Context())
			m.requireAnswers()
			m.leads(third...)
			m.callAnew("d.moving.example.com")
			m.end()
		})
	}
}

// tryUp brings the environment to a mapping, as `portico up` does. Its error has all that
// up says.
func (m *frontDoorChange) tryUp(document string) error {
	m.t.Helper()
	environment := m.byEngine(document)
	environment.Shared.StoppedTasks = func(_ context.Context, serviceARN string) ([]string, error) {
		return m.accounts.StoppedTasks(serviceARN), nil
	}
	_, err := environment.Up(m.t.Context())
	return err
}
