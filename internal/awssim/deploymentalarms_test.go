package awssim

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/ecs"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// watcher answers for the tasks of deployments, and keeps what it was asked.
type watcher struct {
	stopped, began []string
	served         []ecs.Deployment
	meanwhile      func()
}

func (w *watcher) Start(ecs.Deployment) []string { return w.stopped }

func (w *watcher) Serve(d ecs.Deployment) []string {
	w.served = append(w.served, d)
	if w.meanwhile != nil {
		w.meanwhile()
	}
	if len(d.Alarms) == 0 {
		return nil // no alarm is monitored
	}
	return w.began
}

// The alarms look back for 3, 15 and 25 minutes.
const (
	errorsAlarm = "portico-dev-proxy-5xx-0a1b2c3"
	healthAlarm = "portico-dev-unhealthy-0a1b2c3"
	slowAlarm   = "portico-dev-slow-0a1b2c3"
)

// alarmed is an environment whose service goes back when an alarm begins, and the
// watcher of its deployments.
func alarmed(t *testing.T, alarms engine.Object) (*environment, *watcher) {
	t.Helper()
	e := newEnvironment(t)
	alarm := func(name string, period, periods float64) {
		e.must(view.MetricAlarmType, name, engine.Object{"name": name, "alarmDescription": "It measures.", "namespace": "Portico/portico-dev", "metricName": "Proxy5xx",
			"period": period, "statistic": "Sum", "comparisonOperator": "GreaterThanThreshold", "threshold": 5.0, "evaluationPeriods": periods})
	}
	alarm(errorsAlarm, 60, 3)
	alarm(healthAlarm, 300, 3)
	alarm(slowAlarm, 300, 5)
	e.inputs["service"] = engine.Object{
		"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true}, "alarms": map[string]any(alarms),
	}
	w := &watcher{}
	e.WatchDeployments(w)
	return e, w
}

// another registers another definition of the service's tasks.
func (e *environment) another() *engine.Resource {
	e.t.Helper()
	container := e.container()
	container["environment"] = []any{map[string]any{"name": "PORT", "value": "another"}}
	inputs := e.Catalog.Types[view.TaskDefinitionType].InputsOf(e.created["definition"].Properties, nil)
	inputs["containerDefinitions"] = containersJSON(container)
	delete(inputs, engine.DefaultsKey)
	return e.must(view.TaskDefinitionType, "definition", inputs)
}

func watched(names ...string) engine.Object {
	return engine.Object{"enable": true, "rollback": true, "alarmNames": engine.List(names...)}
}

// TestADeploymentIsTiedToItsAlarms: what begins while new tasks serve takes them back, to
// what the provider calls steady, and one that had begun before is not looked at.
func TestADeploymentIsTiedToItsAlarms(t *testing.T) {
	const stays, goes = false, true
	for sentence, test := range map[string]struct {
		alarms         engine.Object
		before         []string // alarms that have begun before
		stopped, began []string
		want           bool
		lasts          time.Duration
		says           string
	}{
		"no alarm begins":                          {alarms: watched(errorsAlarm), want: stays, lasts: 3 * time.Minute},
		"no alarm begins, and one looks back far":  {alarms: watched(errorsAlarm, healthAlarm), want: stays, lasts: 15 * time.Minute},
		"an alarm begins":                          {alarms: watched(errorsAlarm), began: []string{errorsAlarm}, want: goes, says: errorsAlarm + ": It measures"},
		"an alarm begins that had begun before":    {alarms: watched(errorsAlarm), before: []string{errorsAlarm}, began: []string{errorsAlarm}, want: stays},
		"an alarm begins and another begun before": {alarms: watched(errorsAlarm, healthAlarm), before: []string{healthAlarm}, began: []string{errorsAlarm}, want: stays},
		"alarms are off":                           {alarms: engine.Object{"enable": false, "rollback": true, "alarmNames": engine.List(errorsAlarm)}, began: []string{errorsAlarm}, want: stays},
		"an alarm begins, with no way back":        {alarms: engine.Object{"enable": true, "rollback": false, "alarmNames": engine.List(errorsAlarm)}, began: []string{errorsAlarm}, want: stays, says: errorsAlarm},
		"the tasks end":                            {alarms: watched(errorsAlarm), stopped: []string{"Essential container in task exited"}, want: goes, says: "Essential container"},
		"the tasks end, and alarms are not looked": {alarms: watched(errorsAlarm), before: []string{errorsAlarm}, stopped: []string{"Essential container in task exited"}, want: goes, says: "Essential container"},
	} {
		t.Run(sentence, func(t *testing.T) {
			e, w := alarmed(t, test.alarms)
			service, err := e.service()
			require.NoError(t, err)
			for _, name := range test.before {
				require.NoError(t, e.SetAlarm(testAccount, testRegion, name, true))
			}
			former, old := service.Properties.Text("taskDefinition"), e.tasks()
			definition := e.another()
			w.stopped, w.began = test.stopped, test.began
			w.meanwhile = func() {
				services, err := e.Services(testAccount, testRegion)
				require.NoError(t, err)
				require.Equal(t, definition.ARN, services[0].TaskDefinitionARN, "the new tasks serve meanwhile")
				require.NotSubset(t, services[0].Tasks, old)
			}
			before := e.Now()
			service, err = e.update(service, engine.Object{"taskDefinition": definition.ARN})
			require.NoError(t, err, "a provider calls a service steady that ECS has rolled back")
			require.WithinDuration(t, before.Add(test.lasts), e.Now(), time.Minute)
			services, err := e.Services(testAccount, testRegion)
			require.NoError(t, err)
			want := definition.ARN
			if test.want == goes {
				want = former
			}
			require.Equal(t, want, service.Properties.Text("taskDefinition"))
			require.Equal(t, want, services[0].TaskDefinitionARN)
			require.Len(t, services[0].Tasks, 2)
			require.Contains(t, strings.Join(e.StoppedTasks(service.ID), "\n"), test.says)
			if test.says == "" {
				require.Empty(t, e.StoppedTasks(service.ID))
			}
		})
	}
}

// TestADeploymentEndsWithItsBakeTime: the provider gives up before, after 20 minutes.
func TestADeploymentEndsWithItsBakeTime(t *testing.T) {
	e, _ := alarmed(t, watched(errorsAlarm))
	service, err := e.service()
	require.NoError(t, err)
	_, err = e.update(service, engine.Object{"taskDefinition": e.another().ARN, "alarms": map[string]any(watched(slowAlarm))})
	require.ErrorContains(t, err, "timeout while waiting for state to become 'tasksStable'")
	require.ErrorContains(t, err, "timeout: 20m0s")
}

func TestAFirstDeploymentWhoseAlarmBeginsKeepsItsTasks(t *testing.T) {
	e, w := alarmed(t, watched(errorsAlarm))
	w.began = []string{errorsAlarm}
	service, err := e.service()
	require.NoError(t, err)
	require.Contains(t, e.StoppedTasks(service.ID)[0], errorsAlarm)
	require.Len(t, e.tasks(), 2)
}

func TestAServicesAlarmsHaveToExist(t *testing.T) {
	e, _ := alarmed(t, watched("another"))
	_, err := e.service()
	require.ErrorContains(t, err, "The alarm another does not exist")
}
