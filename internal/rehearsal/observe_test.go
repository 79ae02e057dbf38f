package rehearsal

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/rehearsal/faults"
	"github.com/portico-iac/portico/mapping"
)

// alarmedMapping has rows of all front doors. Those of nginx give up soon, so that slow
// APIs are soon seen.
const alarmedMapping = `
APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET, POST], ACCOUNT: "222222222222", TIMEOUT: 1}
  - {CUSTOM_DOMAIN_URL: b.private.example.com/base, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/v1", VERBS: [GET], ACCOUNT: "222222222222", TIMEOUT: 1}
  - {CUSTOM_DOMAIN_URL: c.alb.example.com, PRIVATE_API_URL: "https://cccccccccc.execute-api.us-east-1.amazonaws.com/v1", VERBS: [GET], ACCOUNT: "222222222222", FRONT_DOOR: alb}
  - {CUSTOM_DOMAIN_URL: d.native.example.com, PRIVATE_API_URL: "https://dddddddddd.execute-api.us-east-1.amazonaws.com/v1", VERBS: [GET], ACCOUNT: "222222222222", FRONT_DOOR: native}
`

// watchedEnvironment is an environment with alarms that is live and observed.
type watchedEnvironment struct {
	*observed
	whole  *awssim.Simulator
	doctor *doctor.Environment
}

func watchEnvironment(t *testing.T, requests int) *watchedEnvironment {
	t.Helper()
	return watchConfigured(t, requests, map[string]any{})
}

// watchConfigured is watchEnvironment with more settings of the shared stack.
func watchConfigured(t *testing.T, requests int, config map[string]any) *watchedEnvironment {
	t.Helper()
	nginxtest.Require(t)
	config[alarmsKey] = map[string]any{"topicArn": "arn:aws:sns:us-east-1:111111111111:on-call"}
	simulator, environment := broughtUp(t, Options{Mapping: writeFile(t, "mapping.yaml", alarmedMapping), Config: config})
	require.NoError(t, simulator.Pass(provisioning(simulator, "us-east-1")))
	x, err := observeAccounts(t.Context(), simulator, string(sharedAccount), "us-east-1", environment.Mapping.Rows, requests)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.close(context.Background())) })
	return &watchedEnvironment{x, simulator, environment}
}

// meets has the environment meet a fault, and mends it.
func (w *watchedEnvironment) meets(t *testing.T, fault faults.Fault) *Observation {
	t.Helper()
	broken := &awssim.Simulator{Simulator: w.whole.Fork()}
	injected, err := fault.Inject(broken, w.doctor)
	require.NoError(t, err)
	found, err := w.fault(t.Context(), broken, fault, injected)
	require.NoError(t, err)
	require.NoError(t, w.change(t.Context(), w.whole, nil))
	return found
}

func requireExpected(t *testing.T, found *Observation) {
	t.Helper()
	t.Log(found.Raised, strings.Join(found.Log, ", "), found.Answered, "of", found.Requests, "answered")
	require.True(t, found.AsExpected(), "%v, and not %v: %v", found.Raised, found.Expected, found.Log)
}

// TestEachFaultRaisesItsAlarmAndNoOther has requests meet each fault of the registry.
func TestEachFaultRaisesItsAlarmAndNoOther(t *testing.T) {
	slowly(t)
	w := watchEnvironment(t, aMinute)
	raised, met := map[string]bool{}, 0
	for _, fault := range faults.All() {
		t.Run(fault.Name, func(t *testing.T) {
			met++
			found := w.meets(t, fault)
			requireExpected(t, found)
			for _, alarm := range found.Raised {
				raised[kindOf(alarm.Name)] = true
			}
		})
	}
	if !t.Failed() && met == len(faults.All()) {
		require.Len(t, raised, 5)
	}
}

// TestAlarmsTellFaultsFromHealthyRequests has clients call a healthy environment, 600
// times and with PORTICO_SLOW 100,000 times, and then has it meet faults.
func TestAlarmsTellFaultsFromHealthyRequests(t *testing.T) {
	requests, minutes := aMinute, 15
	if slow() {
		requests, minutes = 4000, 25
	}
	w := watchEnvironment(t, requests)
	began := w.began
	w.load.patience = time.Minute // one minute's requests must not meet the next one's
	w.pass(t.Context(), minutes)
	w.settle()
	log := w.seen(began)
	require.NoError(t, w.publish())
	raised, err := w.raised(began)
	require.NoError(t, err)
	require.Empty(t, raised)
	require.Equal(t, requests*minutes, w.load.answers())
	require.Equal(t, map[string]int{"200 of the API": nginxRequests(w.load, requests*minutes)}, log)

	w.load.aMinute = aMinute
	type raises struct {
		alarms []RaisedAlarm
		log    string
	}
	met := map[string]raises{"endpoint-ingress-gone": {[]RaisedAlarm{{"proxy-5xx", 2}}, "400 times 502 of the proxy"}}
	if slow() {
		met["task-killed"] = raises{[]RaisedAlarm{{"healthy-targets", 3}}, "400 times 200 of the API"}
	}
	for name, test := range met {
		fault, err := faults.Find(name)
		require.NoError(t, err)
		found := w.meets(t, fault)
		requireExpected(t, found)
		require.Equal(t, test.alarms, found.Raised, name)
		require.Contains(t, found.Log, test.log, name)
	}
}

// TestASampledLogRaisesTheSameAlarms has clients call an environment that logs 10 % of the
// fast answers. The metric of requests is right but for six standard deviations, no alarm
// begins, and those begin that faults have to raise: by errors, which all have lines, and
// by requests of the load balancer that the weights do not account for.
func TestASampledLogRaisesTheSameAlarms(t *testing.T) {
	requests, minutes := 300, 4
	if slow() {
		requests, minutes = 600, 16
	}
	w := watchConfigured(t, requests, map[string]any{"portico:logs": map[string]any{"samplePercent": 10}})
	began := w.began
	w.load.patience = time.Minute
	w.pass(t.Context(), minutes)
	w.settle()
	lines := w.seen(began)["200 of the API"]
	data, err := logs.Extract(logs.FiltersOf(w.simulator, w.account, w.region, w.group), w.events)
	require.NoError(t, err)
	counted := 0.0
	for _, datum := range data {
		if datum.Name == nginxconf.MetricRequests {
			counted += datum.Value
		}
	}
	require.NoError(t, w.publish())
	raised, err := w.raised(began)
	require.NoError(t, err)
	require.Empty(t, raised)
	whole := nginxRequests(w.load, requests*minutes)
	t.Log(lines, "lines and", counted, "by weight of", whole, "requests")
	require.Less(t, lines, whole/5)
	require.InDelta(t, whole, counted, 10*6*math.Sqrt(float64(whole)*0.1*0.9))

	met := map[string]int{"endpoint-ingress-gone": aMinute}
	if slow() {
		met["log-delivery-stuck"] = requests
	}
	for name, requests := range met {
		w.load.aMinute = requests
		fault, err := faults.Find(name)
		require.NoError(t, err)
		requireExpected(t, w.meets(t, fault))
	}
}

// nginxRequests is how many of so many requests are to rows of nginx.
func nginxRequests(load *minuteLoad, requests int) int {
	count := 0
	for i := range requests {
		if load.rows[i%len(load.rows)].FrontDoor == mapping.FrontDoorNGINX {
			count++
		}
	}
	return count
}
