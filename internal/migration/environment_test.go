package migration_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// pace is what the simulated driver waits.
var pace = migration.Pace{Settle: 90 * time.Second, Provision: 20 * time.Minute}

// environment is a simulated one: its stacks run as the programs of package
// accounts do, and its driver as package automation does. Each knows only what
// the others have reported.
type environment struct {
	t      *rapid.T
	now    time.Duration
	up     int // counts the driver's operations
	wanted map[mapping.Host]mapping.FrontDoor
	bases  map[mapping.Host][]mapping.BasePath
	// account is the index of each host's provider stack.
	account map[mapping.Host]int
	shared  *outputs.Shared
	stacks  []*providerStack

	// movedAt is when a host's name last moved, and associatedAt when its domain
	// was last associated.
	movedAt, associatedAt map[mapping.Host]time.Duration
}

// providerStack is a provider account's stack.
type providerStack struct {
	name   string
	byHand bool
	// fails has the next run fail, and blind are the rows that it doesn't
	// provision.
	fails bool
	blind map[string]bool

	last     *outputs.Provider
	changed  bool // by the operation under way
	admitted map[mapping.Host][]mapping.FrontDoor
	// deployed is the operation after which a host's front door was deployed,
	// by "host frontDoor".
	deployed map[string]int
}

func newEnvironment(t *rapid.T) *environment {
	e := &environment{
		t: t, wanted: map[mapping.Host]mapping.FrontDoor{}, bases: map[mapping.Host][]mapping.BasePath{}, account: map[mapping.Host]int{},
		movedAt: map[mapping.Host]time.Duration{}, associatedAt: map[mapping.Host]time.Duration{},
	}
	for i := range 2 {
		e.stacks = append(e.stacks, &providerStack{
			name: fmt.Sprintf("dev-%d", i), blind: map[string]bool{}, admitted: map[mapping.Host][]mapping.FrontDoor{}, deployed: map[string]int{},
		})
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "hosts") {
		name := mapping.Host(fmt.Sprintf("h%d.x.example.com", i))
		e.account[name] = rapid.IntRange(0, 1).Draw(t, "account")
		e.bases[name] = [][]mapping.BasePath{{""}, {"/v1", "/v2"}}[rapid.IntRange(0, 1).Draw(t, "rows")]
	}
	return e
}

// edit changes what some hosts want; some go, some come.
func (e *environment) edit() {
	for _, name := range slices.Sorted(maps.Keys(e.account)) {
		switch rapid.IntRange(0, 5).Draw(e.t, "edit") {
		case 0:
			delete(e.wanted, name)
		case 1, 2, 3:
			e.wanted[name] = rapid.SampledFrom(all).Draw(e.t, "front door")
		}
	}
}

// trouble has stacks fail, leave rows out, or leave deployments to owners.
func (e *environment) trouble(some bool) {
	for _, stack := range e.stacks {
		stack.fails = some && rapid.IntRange(0, 4).Draw(e.t, "fails") == 0
		stack.byHand = some && rapid.IntRange(0, 2).Draw(e.t, "by hand") == 0
		stack.blind = map[string]bool{}
		for _, row := range e.rows(nil) {
			stack.blind[outputs.Address(&row)] = some && rapid.IntRange(0, 4).Draw(e.t, "blind") == 0
		}
	}
}

// rows are the mapping's, or those of one stack.
func (e *environment) rows(of *providerStack) []mapping.Row {
	var rows []mapping.Row
	for _, name := range slices.Sorted(maps.Keys(e.wanted)) {
		if of != nil && e.stacks[e.account[name]] != of {
			continue
		}
		for _, base := range e.bases[name] {
			rows = append(rows, row(e.wanted[name], name, base))
		}
	}
	return rows
}

func (e *environment) providers() []migration.Provider {
	var providers []migration.Provider
	for _, stack := range e.stacks {
		providers = append(providers, migration.Provider{Stack: stack.name, Outputs: stack.last, Changed: stack.changed})
	}
	return providers
}

// runShared is a run of the shared stack's program. It returns what has changed,
// found by comparing the states and not by asking for the steps.
func (e *environment) runShared() migration.Run {
	state := migration.New(migration.WantedBy(e.rows(nil)), e.shared, e.providers())
	before, after := state.Reported(), state.Plan()
	var did migration.Run
	for _, name := range slices.Sorted(maps.Keys(after)) {
		was, is := before[name], after[name]
		e.checkStep(name, was, is)
		switch {
		case was.Current == "" && is.Current != "":
			did.Creates = append(did.Creates, name)
		case was.Current != is.Current:
			did.Moves = append(did.Moves, name)
			e.movedAt[name] = e.now
		case len(is.Retains) > 0 && !slices.Equal(was.Retains, is.Retains):
			did.Associates = append(did.Associates, name)
			e.associatedAt[name] = e.now
		case len(is.Retains) < len(was.Retains) && is.Settled():
			did.Removes = append(did.Removes, name)
		}
	}
	e.shared = &outputs.Shared{Contract: outputs.Contract, Endpoints: endpoints(), FrontDoors: after.FrontDoors()}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if after[name].Current != "" {
			e.shared.Hosts = append(e.shared.Hosts, name)
		}
	}
	e.shared = reread(e.t, e.shared, outputs.DecodeShared)
	return did
}

// reread is what the next reader gets of outputs.
func reread[T any](t require.TestingT, value *T, decode func(map[string]any) (*T, error)) *T {
	encoded, err := outputs.Encode(value)
	require.NoError(t, err)
	read, err := decode(encoded.(map[string]any))
	require.NoError(t, err)
	return read
}

// checkStep holds a step to what clients rely on.
func (e *environment) checkStep(name mapping.Host, was, is outputs.HostState) {
	t, stack := e.t, e.stacks[e.account[name]]
	for _, frontDoor := range is.Retains {
		require.NotEqual(t, is.Current, frontDoor)
	}
	if was.Current == "" {
		require.True(t, is.Current == "" || is.Current == nginx || e.isProvisioned(name, is.Current), "%s gets a name at %s", name, is.Current)
		return
	}
	require.NotEmpty(t, is.Current, "%s had a name", name)
	if is.Current != was.Current {
		require.True(t, e.isProvisioned(name, is.Current), "%s moves to %s, which isn't provisioned", name, is.Current)
		require.Contains(t, stack.admitted[name], is.Current, "%s moves to %s, which its policy doesn't admit", name, is.Current)
		require.Less(t, stack.deployed[key(name, is.Current)], e.up+1, "%s moves to %s, which was not deployed", name, is.Current)
		require.Equal(t, list(was.Current), is.Retains, "what the name left is retained")
		require.Equal(t, outputs.PendingClients, is.Pending)
		if is.Current == native && was.Pending != outputs.PendingClients {
			require.Equal(t, list(native), was.Retains, "the association comes before the name")
			require.GreaterOrEqual(t, e.now-e.associatedAt[name], pace.Provision, "API Gateway had the time to provision it")
		}
	}
	if was.Pending == outputs.PendingClients && !is.Serves(was.Retains[0]) {
		require.GreaterOrEqual(t, e.now-e.movedAt[name], pace.Settle, "clients of %s may use %s", name, was.Retains[0])
	}
	if is.Settled() {
		require.Equal(t, e.wanted[name], is.Current)
	} else {
		require.Equal(t, e.wanted[name], is.Wanted())
	}
}

func key(name mapping.Host, frontDoor mapping.FrontDoor) string {
	return string(name) + " " + string(frontDoor)
}

// isProvisioned reports whether all rows of a host are, by what its stack has
// reported.
func (e *environment) isProvisioned(name mapping.Host, frontDoor mapping.FrontDoor) bool {
	last := e.stacks[e.account[name]].last
	for _, base := range e.bases[name] {
		if last == nil || !slices.Contains(last.Provisioned[frontDoor], string(name)+string(base)) {
			return false
		}
	}
	return true
}

// runProvider is a run of a provider stack's program. It returns the advice with
// which it ends.
func (e *environment) runProvider(stack *providerStack) []migration.Advised {
	if stack.fails {
		return nil
	}
	rows := e.rows(stack)
	state := migration.New(migration.WantedBy(rows), e.shared, nil)
	next := &outputs.Provider{
		Contract: outputs.Contract, Provisioned: map[mapping.FrontDoor][]string{}, ProvisionedFor: map[mapping.FrontDoor]string{},
		Retains: state.Retained(),
	}
	if stack.byHand {
		next.RedeployCommands = []string{"aws apigateway create-deployment"}
	}
	admitted := map[mapping.Host][]mapping.FrontDoor{}
	for _, r := range rows {
		admitted[r.Host] = state.Admitted(r.Host)
		for _, frontDoor := range admitted[r.Host] {
			if stack.byHand && !slices.Contains(stack.admitted[r.Host], frontDoor) {
				stack.deployed[key(r.Host, frontDoor)] = e.up + 1
			}
		}
		if state.Awaited(r.Host) && !stack.blind[outputs.Address(&r)] {
			next.Provisioned[r.FrontDoor] = append(next.Provisioned[r.FrontDoor], outputs.Address(&r))
			next.ProvisionedFor[r.FrontDoor] = e.shared.Endpoints[r.FrontDoor]
		}
	}
	for name, before := range e.shared.FrontDoors {
		if e.stacks[e.account[name]] == stack && e.wanted[name] != "" {
			for _, frontDoor := range all {
				require.True(e.t, !before.Serves(frontDoor) || slices.Contains(admitted[name], frontDoor), "%s is served by %s", name, frontDoor)
			}
		}
	}
	next = reread(e.t, next, outputs.DecodeProvider)
	stack.changed = stack.changed || !maps.EqualFunc(stack.admitted, admitted, slices.Equal[[]mapping.FrontDoor]) || stack.last == nil
	stack.last, stack.admitted = next, admitted
	return migration.New(migration.WantedBy(rows), e.shared, []migration.Provider{{Outputs: next}}).Advice()
}

func longest(waits []migration.Wait) (most time.Duration) {
	for _, wait := range waits {
		most = max(most, wait.Lasts)
	}
	return most
}

// drive is an Up: a pass over all stacks, and the phases after it. It demands that
// each run of the shared stack does what was announced from the outputs alone. It
// returns the runs after the first pass and those that were forecast before them.
func (e *environment) drive() (runs, forecast []migration.Run) {
	e.up++
	if e.shared != nil {
		reported := migration.New(nil, e.shared, nil).Reported()
		e.now += longest(reported.WaitsLeft(pace))
	}
	e.runShared()
	for _, phase := range migration.New(migration.ReportedBy(e.shared.FrontDoors), e.shared, nil).Forecast(pace) {
		forecast = append(forecast, phase.Run)
	}
	for _, stack := range e.stacks {
		stack.changed = false
		e.runProvider(stack)
	}
	for {
		state := migration.New(migration.ReportedBy(e.shared.FrontDoors), e.shared, e.providers())
		next := state.NextRun()
		if next.Empty() || len(state.Held().Hosts) > 0 {
			e.runOutdated(state)
			return runs, forecast
		}
		require.Less(e.t, len(runs), 5, "it ends")
		e.now += longest(state.Waits(pace))
		require.Equal(e.t, next, e.runShared(), "what was announced is what the run does")
		runs = append(runs, next)
	}
}

// runOutdated runs the stacks that admit what hosts have left.
func (e *environment) runOutdated(state *migration.State) {
	for _, name := range state.Outdated(state.Reported()) {
		stack := e.stacks[slices.IndexFunc(e.stacks, func(s *providerStack) bool { return s.name == name })]
		e.runProvider(stack)
		if stack.fails {
			continue
		}
		for _, host := range stack.last.Retains {
			require.False(e.t, e.shared.FrontDoors[host].Settled(), "%s has left its earlier front door, and is retained", host)
		}
	}
}

func TestWhatIsAnnouncedIsWhatIsDeployed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := newEnvironment(t)
		for range rapid.IntRange(1, 6).Draw(t, "ups") {
			e.edit()
			e.trouble(true)
			e.drive()
		}
		e.trouble(false)
		e.drive() // what owners had to deploy, they have
		runs, _ := e.drive()
		require.LessOrEqual(t, len(runs), 3)
		e.requireSettled()
		runs, forecast := e.drive()
		require.Empty(t, runs)
		require.Empty(t, forecast)
	})
}

// requireSettled demands that every host is where it wants to be, and that its
// policies admit nothing else.
func (e *environment) requireSettled() {
	for name, wanted := range e.wanted {
		state := migration.New(nil, e.shared, nil).Reported()[name]
		require.Equal(e.t, outputs.HostState{Current: wanted}, state, name)
		require.Equal(e.t, list(wanted), e.stacks[e.account[name]].admitted[name])
	}
}

func TestTheForecastIsWhatHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := newEnvironment(t)
		for range rapid.IntRange(1, 5).Draw(t, "ups") {
			e.edit()
			runs, forecast := e.drive()
			require.Equal(t, forecast, runs)
			e.requireSettled()
		}
	})
}

// TestTheAdviceIsWhatHappens drives an environment by the advice of its stacks
// alone, as with plain Pulumi: each run of the shared stack that is advised does
// what the advice says.
func TestTheAdviceIsWhatHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := newEnvironment(t)
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			e.edit()
			e.up++
			e.runShared()
			for runs := 0; ; runs++ {
				require.Less(t, runs, 5, "it ends")
				var advised []migration.Advised
				for _, stack := range e.stacks {
					stack.changed = false
					advised = append(advised, e.runProvider(stack)...)
				}
				if len(advised) == 0 {
					break
				}
				e.now += pace.Provision
				did := e.runShared()
				for _, advice := range advised {
					for _, name := range advice.Names {
						require.Contains(t, doneBy(did, advice.Advice), mapping.Host(name), "advice %d: %+v", advice.Advice, did)
					}
				}
			}
			e.requireSettled()
		}
	})
}

// doneBy are the hosts for which a run did what was advised.
func doneBy(did migration.Run, advice migration.Advice) []mapping.Host {
	switch advice {
	case migration.RunToAssociate:
		return did.Associates
	case migration.RunToMove, migration.RunWhenProvisioned:
		return slices.Concat(did.Moves, did.Creates)
	case migration.RunToRemove:
		return did.Removes
	}
	return nil
}

func TestTheProxyAloneWaitsForNoAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := newEnvironment(t)
		for range rapid.IntRange(1, 5).Draw(t, "ups") {
			e.edit()
			for name := range e.wanted {
				e.wanted[name] = nginx
			}
			e.trouble(true)
			runs, _ := e.drive()
			require.Empty(t, runs)
			require.Empty(t, e.shared.FrontDoors)
			require.Equal(t, slices.Sorted(maps.Keys(e.wanted)), e.shared.Hosts)
		}
	})
}
