package rehearsal

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/rehearsal/accountreader"
	"github.com/portico-iac/portico/internal/rehearsal/faults"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// broughtUp is an environment in simulated accounts, deployed, and what the doctor
// knows of it.
func broughtUp(t *testing.T, o Options) (*awssim.Simulator, *doctor.Environment) {
	t.Helper()
	run := begin(t, o, nil)
	run.bringUp(t)
	m, err := mapping.Load(o.Mapping)
	require.NoError(t, err)
	initial := initialState{mapping: m, shared: sharedAccount, region: regionOf(m)}
	reported := map[string]map[string]any{}
	for name, stack := range run.stacks {
		data, err := json.Marshal(stack.outputs.Mappable())
		require.NoError(t, err)
		var values map[string]any
		require.NoError(t, json.Unmarshal(data, &values))
		reported[name] = values
	}
	environment := &doctor.Environment{
		Name: DefaultEnvironment, Mapping: m, Owners: map[mapping.APIID]mapping.AccountID{}, Providers: map[mapping.AccountID]*outputs.Provider{},
	}
	environment.Shared, err = outputs.DecodeShared(reported["organization/"+sharedProject+"/"+DefaultEnvironment])
	require.NoError(t, err)
	for account := range initial.owned() {
		environment.Providers[account], err = outputs.DecodeProvider(reported["organization/"+providerProject+"/"+initial.stackName(DefaultEnvironment, account)])
		require.NoError(t, err)
	}
	for _, row := range m.Rows {
		environment.Owners[row.API.ID] = initial.accountOf(row)
	}
	return run.simulator, environment
}

func diagnose(simulator *awssim.Simulator, environment *doctor.Environment, host mapping.Host) *doctor.Report {
	d := doctor.New(*environment, accountreader.Accounts(simulator, environment.Shared.Region), simulator.Now)
	return d.Diagnose(context.Background(), string(host))
}

// TestTheDoctorNamesTheFirstCauseOfEachFault breaks one thing at a time in copies of
// an environment of all three front doors. The first cause is the fault's own. In the
// environment as it is the doctor finds nothing, and reads everything.
func TestTheDoctorNamesTheFirstCauseOfEachFault(t *testing.T) {
	simulator, environment := broughtUp(t, Options{Mapping: frontDoorsMapping})
	for _, host := range environment.Hosts() {
		report := diagnose(simulator, environment, host)
		require.Equal(t, &doctor.Report{OK: true, Host: string(host), Causes: []doctor.Cause{}, Unread: []doctor.Unread{}}, report)
	}
	seen, nameable := map[string]bool{}, 0
	for _, fault := range faults.All() {
		t.Run(fault.Name, func(t *testing.T) {
			require.False(t, seen[fault.Name], "another fault has the name")
			seen[fault.Name] = true
			broken := &awssim.Simulator{Simulator: simulator.Fork()}
			injected, err := fault.Inject(broken, environment)
			require.NoError(t, err)
			report := diagnose(broken, environment, injected.Host)
			if fault.Cause == "" {
				require.True(t, report.OK, "%+v", report.Causes)
				require.NotEmpty(t, fault.Unseen)
				actsOnThePath(t, injected, broken)
				return
			}
			nameable++
			require.False(t, report.OK)
			first := report.Causes[0]
			require.Equal(t, fault.Cause, first.Step, "%+v", report.Causes)
			require.NotEmpty(t, first.Problem)
			require.NotEmpty(t, first.Fix)
			require.NotEmpty(t, first.Resource)
			require.Len(t, first.Account, 12)
		})
	}
	require.GreaterOrEqual(t, nameable, 30)
}

// actsOnThePath reports a fault that the accounts don't show and that changes nothing
// of what is made of them.
func actsOnThePath(t *testing.T, injected *faults.Injected, simulator *awssim.Simulator) {
	t.Helper()
	environment, _, err := environmentOf(simulator, string(sharedAccount), "us-east-1")
	require.NoError(t, err)
	injected.ActOn(environment)
	require.True(t, slices.ContainsFunc(environment.APIs, func(api live.API) bool { return api.Fails >= 500 }) ||
		slices.ContainsFunc(environment.Endpoints, func(e live.Endpoint) bool { return e.Delay > 0 }) ||
		slices.ContainsFunc(environment.Tasks, func(task live.Task) bool { return task.Output != live.OutputLogged }))
}

// TestAFaultIsProbedAndDiagnosed rehearses one fault whole: the requests fail, and the
// report says why.
func TestAFaultIsProbedAndDiagnosed(t *testing.T) {
	report := rehearse(t, Options{Mapping: writeFile(t, "mapping.yaml", smallMapping), Doctor: true, Fault: "owner-denies"})
	require.False(t, report.OK)
	require.Equal(t, "owner-denies", report.Fault)
	require.Len(t, report.Doctor, 1)
	require.Equal(t, "a.private.example.com", report.Doctor[0].Host)
	require.Equal(t, doctor.StepPolicy, report.Doctor[0].Causes[0].Step)
	require.Contains(t, report.Doctor[0].Causes[0].Problem, "FreezeForAudit")
	require.Equal(t, []RaisedAlarm{}, report.Alarms.Raised)
	require.Equal(t, []string{"400 times 200 of the API", "400 times 403 of the API"}, report.Alarms.Log)
	for _, probe := range probesOf(report)["allowed verb"] {
		require.Equal(t, !strings.HasPrefix(probe.URL, "https://a.private.example.com"), probe.OK, probe)
	}
}

// TestAFaultThatLeavesNothingLiveIsDiagnosed takes away what the data path is made of.
func TestAFaultThatLeavesNothingLiveIsDiagnosed(t *testing.T) {
	slowly(t)
	report := rehearse(t, Options{Mapping: writeFile(t, "mapping.yaml", smallMapping), Doctor: true, Fault: "target-group-gone"})
	require.Equal(t, doctor.StepRule, report.Doctor[0].Causes[0].Step)
	require.Len(t, report.Probes, 1)
	require.Equal(t, "data path", report.Probes[0].Name)
	require.False(t, report.OK)
}

// TestTheDoctorFindsNothingInHealthyEnvironments asks about every host of environments
// with other options: networks, load balancers, certificates and zones of every kind.
func TestTheDoctorFindsNothingInHealthyEnvironments(t *testing.T) {
	options := map[string]Options{
		"a Network Load Balancer and an API in STRICT mode": {
			Mapping: writeFile(t, "strict.yaml", smallMapping+strictRow), Config: map[string]any{"portico:loadBalancer": map[string]any{"type": "NLB"}},
		},
		"a shared load balancer": {Mapping: frontDoorsMapping, Config: map[string]any{"portico:alb": map[string]any{"loadBalancer": "shared"}}},
		"a record for each host": {Mapping: frontDoorsMapping, Config: map[string]any{"portico:dns": map[string]any{"records": "host"}}},
		"a zone for each host":   {Mapping: frontDoorsMapping, Config: map[string]any{"portico:dns": map[string]any{"scope": "host"}}},
	}
	for name, run := range optionRuns(t) {
		options[name] = run.options
	}
	for name, o := range options {
		t.Run(name, func(t *testing.T) {
			simulator, environment := broughtUp(t, o)
			for _, host := range environment.Hosts() {
				report := diagnose(simulator, environment, host)
				require.Empty(t, report.Causes, host)
				for _, one := range report.Unread {
					t.Log(host, one)
				}
			}
		})
	}
}

// TestTheDoctorNamesFaultsBehindOtherLoadBalancers breaks what there is of the
// registry behind a Network Load Balancer, and behind one that both front doors share.
func TestTheDoctorNamesFaultsBehindOtherLoadBalancers(t *testing.T) {
	for name, o := range map[string]Options{
		"a Network Load Balancer": {Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{"portico:loadBalancer": map[string]any{"type": "NLB"}}},
		"a shared load balancer":  {Mapping: frontDoorsMapping, Config: map[string]any{"portico:alb": map[string]any{"loadBalancer": "shared"}}},
	} {
		simulator, environment := broughtUp(t, o)
		injected := 0
		for _, fault := range faults.All() {
			broken := &awssim.Simulator{Simulator: simulator.Fork()}
			one, err := fault.Inject(broken, environment)
			if err != nil || fault.Cause == "" {
				continue // nothing of the kind exists here
			}
			injected++
			report := diagnose(broken, environment, one.Host)
			require.NotEmpty(t, report.Causes, "%s: %s", name, fault.Name)
			require.Equal(t, fault.Cause, report.Causes[0].Step, "%s: %s: %+v", name, fault.Name, report.Causes)
		}
		require.Greater(t, injected, 25, name)
	}
}
