package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// edited is an environment whose mapping is edited while clients call it. Its time
// passes in waits alone: what the stacks do takes none, so that nothing comes into effect
// by itself meanwhile.
type edited struct {
	t        *testing.T
	dir      string
	accounts *awssim.Simulator
	programs *inProcess
	// env is the environment of the real engine, which brings the stacks up; nil: their
	// programs run in this process.
	env     map[string]string
	config  map[string]any
	effects *effects
	load    *judgedLoad
	// beforeWait and afterCall are called before a wait of the real engine's update, and
	// after each of its calls that changes something; nil: nothing is.
	beforeWait func() error
	afterCall  func()

	// updating is held while the path becomes what the accounts are.
	updating sync.Mutex
	path     *live.Path
	now      *live.Environment
	tasks    []live.Task
}

// everyTarget is a mapping with every API and stage that a drawn row may lead to.
func everyTarget() string {
	var rows []drawnRow
	for i, api := range slices.Sorted(maps.Keys(apiOwners)) {
		for _, stage := range drawnStages {
			rows = append(rows, drawnRow{Host: fmt.Sprintf("%s%d.x.example.com", stage, i), API: api, Stage: stage, FrontDoor: mapping.FrontDoorALB})
		}
	}
	return documentOf(rows)
}

// policiesOfRows has every execute-api endpoint let through what the rows need and no
// more, so that each edit shows that the endpoints' policies cost no request either.
func policiesOfRows() map[string]any {
	rows := map[string]any{"policy": "rows"}
	return map[string]any{"portico:endpoints": map[string]any{"executeApi": rows, "alb": rows, "native": rows}}
}

// newEdited is an environment with the APIs of every drawn row, which was never brought
// up. The seed decides how long changes take to come into effect.
func newEdited(t *testing.T, seed int, engine bool) *edited {
	t.Helper()
	w, err := initialState{mapping: parse(t, everyTarget()), shared: sharedAccount, region: "us-east-1"}.setup()
	require.NoError(t, err)
	e := &edited{t: t, dir: t.TempDir(), effects: newEffects(seed), config: policiesOfRows()}
	e.accounts, err = awssim.New(w)
	require.NoError(t, err)
	closeAll := e.accounts.Close
	if engine {
		server, err := e.accounts.Serve(context.Background())
		require.NoError(t, err)
		closeAll = func() error { return errors.Join(server.Close(), e.accounts.Close()) }
		require.NoError(t, os.MkdirAll(backendDir(e.dir), 0o755))
		e.env = engineEnv(e.dir, server.DebugProviders(), "us-east-1")
	}
	t.Cleanup(func() { require.NoError(t, closeAll()) })
	e.programs = newInProcess(e.accounts, filepath.Join(e.dir, "project"), "dev")
	e.load = newLoad(e)
	return e
}

// write writes the projects of a state, and returns their stacks.
func (e *edited) write(to drawnState) *automation.Environment {
	e.t.Helper()
	text := documentOf(to.Rows)
	p := project{dir: filepath.Join(e.dir, "project"), environment: "dev"}
	initial := initialState{mapping: parse(e.t, text), shared: sharedAccount, region: "us-east-1"}
	config := to.config()
	maps.Copy(config, e.config)
	require.NoError(e.t, p.write(initial, []byte(text), config, nil))
	environment, err := automation.Discover(p.dir, "dev", automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn})
	require.NoError(e.t, err)
	e.accounts.BuildIn(p.dir)
	return environment
}

// up brings the environment to a state by the steps of `portico up`. Its error is the
// stacks'.
func (e *edited) up(to drawnState, stop interruption) error {
	e.t.Helper()
	environment := e.write(to)
	environment.Sleep = e.sleep
	if e.env != nil {
		environment.Command, environment.Env, environment.Progress = cli(e.t), e.env, automation.Lines(testLog{e.t})
		return e.upByEngine(environment, stop)
	}
	return (&editedStacks{edited: e, environment: environment, stop: stop, failed: map[string]error{}, changed: map[string]bool{}}).up()
}

// begin makes the environment live once it is up, and has clients call it from then on.
func (e *edited) begin() {
	e.t.Helper()
	require.NoError(e.t, e.accounts.Pass(provisioning(e.accounts, "us-east-1")))
	deployed := e.accounts.RESTAPIs("us-east-1")
	environment, clients, err := environmentOf(e.accounts, string(sharedAccount), "us-east-1")
	require.NoError(e.t, err)
	e.effects.apply(deployed, environment)
	e.path, err = live.Start(e.t.Context(), *environment, live.Options{Dir: e.t.TempDir()})
	require.NoError(e.t, err)
	e.now, e.tasks = environment, environment.Tasks
	e.load.begin(e.path, clients[environment.VPCID])
	e.t.Cleanup(func() {
		e.load.end()
		e.programs.changed = nil
		e.accounts.OnCall(nil)
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		require.NoError(e.t, e.path.Close(ctx))
	})
	if e.env == nil {
		e.programs.changed = e.follow
	} else {
		onChange(e.accounts, e.follow)
	}
}

// follow has the path follow a change of the accounts, and some clients call before the
// next.
func (e *edited) follow() {
	e.update(context.Background())
	e.load.callSome()
	if e.afterCall != nil {
		e.afterCall()
	}
}

// update makes the path what the accounts are, as far as it is in effect. Tasks are
// replaced one after another, and new clients call in between.
func (e *edited) update(ctx context.Context) {
	if e.path == nil {
		return
	}
	e.updating.Lock()
	defer e.updating.Unlock()
	// Before the environment: a deployment in between is seen the next time.
	deployed := e.accounts.RESTAPIs("us-east-1")
	environment, _, err := environmentOf(e.accounts, string(sharedAccount), "us-east-1")
	if err != nil {
		e.load.fail(fmt.Errorf("follow the accounts: %w", err))
		return
	}
	e.effects.apply(deployed, environment)
	for i := 1; i < len(environment.Tasks) && replaces(e.tasks, environment.Tasks); i++ {
		mixed := *environment
		mixed.Tasks = slices.Concat(environment.Tasks[:i], e.tasks[i:])
		if err := e.path.Update(ctx, mixed); err != nil {
			e.load.fail(fmt.Errorf("replace a task: %w", err))
		}
		e.load.callAllowed()
	}
	if err := e.path.Update(ctx, *environment); err != nil {
		e.load.fail(fmt.Errorf("follow the accounts: %w", err))
	}
	e.now, e.tasks = environment, environment.Tasks
}

// replaces reports whether tasks take the places of others, with another image or other
// settings.
func replaces(before, after []live.Task) bool {
	if len(before) != len(after) {
		return false
	}
	replaced := false
	for i := range after {
		if before[i].Interface.Address != after[i].Interface.Address {
			return false
		}
		replaced = replaced || !reflect.DeepEqual(before[i], after[i])
	}
	return replaced
}

// sleepStep is how long the simulated time stands still between two steps of a wait.
const sleepStep = 10 * time.Second

// mostSleepSteps bounds the steps of a wait.
const mostSleepSteps = 12

// sleep has the time of a wait pass, in steps between which clients call.
func (e *edited) sleep(ctx context.Context, d time.Duration) error {
	if e.beforeWait != nil {
		if err := e.beforeWait(); err != nil {
			return err
		}
	}
	step := max(sleepStep, d/mostSleepSteps)
	for left := d; left > 0; left -= step {
		if err := e.accounts.Pass(min(step, left)); err != nil {
			return err
		}
		e.load.tick(min(step, left))
		e.update(ctx)
		e.load.callSome()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(callEvery):
		}
	}
	return nil
}

// removeNewStacks removes the settings of stacks that were never brought up, as one does
// who takes an edit back.
func (e *edited) removeNewStacks() {
	e.t.Helper()
	p := project{dir: filepath.Join(e.dir, "project"), environment: "dev"}
	names, err := settings.Project{Files: settings.Dir(p.providerDir())}.Stacks()
	require.NoError(e.t, err)
	for _, name := range names {
		if e.env == nil && e.programs.stacks["organization/"+providerProject+"/"+name] == nil {
			require.NoError(e.t, os.Remove(p.settingsFile(p.providerDir(), name)))
		}
	}
}

// editedStacks are the stacks of one update that runs in this process.
type editedStacks struct {
	*edited
	environment *automation.Environment
	failed      map[string]error
	changed     map[string]bool
	// stop is where the update ends, and steps how many runs and waits have begun.
	stop        interruption
	steps       int
	interrupted bool
}

var _ migration.Stacks = (*editedStacks)(nil)

func (s *editedStacks) up() error {
	pace := migration.Pace{Settle: s.environment.Settle, Provision: s.environment.Provision}
	if err := s.waitFor(func(state *migration.State) []migration.Wait { return state.Waits(pace) }); err != nil {
		return err
	}
	s.run(sharedProject, s.environment.Shared, "first run")
	if s.failed[s.environment.Shared.Name] == nil {
		if err := s.waitFor(func(state *migration.State) []migration.Wait { return state.WaitsToNarrow(pace) }); err != nil {
			return err
		}
		for _, stack := range s.environment.Providers {
			s.run(providerProject, stack, "first run")
		}
		ctx := s.t.Context()
		if _, err := migration.GoOn(ctx, s, pace); err != nil {
			return err
		}
	}
	if s.interrupted {
		return errInterrupted
	}
	var all []error
	for _, name := range slices.Sorted(maps.Keys(s.failed)) {
		all = append(all, fmt.Errorf("%s: %w", name, s.failed[name]))
	}
	return errors.Join(all...)
}

// run brings one stack up.
func (s *editedStacks) run(project string, stack automation.Stack, why string) {
	if s.interrupts() {
		s.failed[stack.Name] = errInterrupted
		return
	}
	s.load.doing(stack.Name + ": " + why)
	m, err := s.programs.try(s.t, project, stack.Name, stack.Dir, stack.Program)
	if err != nil {
		s.failed[stack.Name] = fmt.Errorf("%w: %s", err, strings.Join(m.said, "\n"))
	} else {
		s.failed[stack.Name] = m.tryToDeleteUnseen()
		if s.failed[stack.Name] == nil {
			delete(s.failed, stack.Name)
		}
	}
	c := m.stack.changes
	s.changed[stack.Name] = s.changed[stack.Name] || c.Create+c.Update+c.Replace+c.Delete > 0
	m.stack.changes = automation.Changes{}
	s.load.callAllowed()
}

func (s *editedStacks) outputsOf(project, stack string) map[string]any {
	known := s.programs.stacks["organization/"+project+"/"+stack]
	if known == nil || known.outputs == nil {
		return nil
	}
	return known.outputs.Mappable()
}

// State is the state by the stacks' outputs.
func (s *editedStacks) State() (*migration.State, error) {
	shared, err := outputs.DecodeShared(s.outputsOf(sharedProject, s.environment.Shared.Name))
	if err != nil {
		return nil, err
	}
	var providers []migration.Provider
	for _, stack := range s.environment.Providers {
		provider := migration.Provider{Stack: stack.Name, Changed: s.changed[stack.Name]}
		if reported := s.outputsOf(providerProject, stack.Name); reported != nil {
			if provider.Outputs, err = outputs.DecodeProvider(reported); err != nil {
				return nil, err
			}
		}
		providers = append(providers, provider)
	}
	return migration.New(migration.ReportedBy(shared.FrontDoors), shared, providers), nil
}

// waitFor waits for what an earlier update has left, by what the stacks have reported.
func (s *editedStacks) waitFor(waits func(*migration.State) []migration.Wait) error {
	if s.outputsOf(sharedProject, s.environment.Shared.Name) == nil {
		return nil
	}
	state, err := s.State()
	if err != nil {
		return err
	}
	if due := waits(state); len(due) > 0 {
		return s.Wait(due)
	}
	return nil
}

// Wait has the longest of the waits pass.
func (s *editedStacks) Wait(waits []migration.Wait) error {
	if s.interrupts() || s.interrupted {
		return errInterrupted
	}
	var longest time.Duration
	for _, wait := range waits {
		longest = max(longest, wait.Lasts)
	}
	s.load.doing(fmt.Sprintf("wait of %s", longest))
	return s.sleep(s.t.Context(), longest)
}

// RunShared runs the shared stack again.
func (s *editedStacks) RunShared(next migration.Run) bool {
	s.run(sharedProject, s.environment.Shared, fmt.Sprintf("again: %+v", next))
	return s.failed[s.environment.Shared.Name] == nil
}

// RunProviders runs some of the provider stacks once more.
func (s *editedStacks) RunProviders(stacks []string, because migration.Reasons) {
	for _, stack := range s.environment.Providers {
		if slices.Contains(stacks, stack.Name) && s.failed[stack.Name] == nil {
			s.run(providerProject, stack, fmt.Sprintf("once more: %+v", because))
		}
	}
}

// effects are what changes of APIs and custom domains have come to. A deployment and a
// base path mapping take effect some time after the call that makes them.
type effects struct {
	mu     sync.Mutex
	random *rand.Rand
	// shortest and longest are how long a change takes.
	shortest, longest time.Duration
	// since is how much time has passed.
	since   time.Duration
	stages  map[string][]stageVersion
	domains map[string][]domainVersion
}

type stageVersion struct {
	from   time.Duration
	policy string
	admit  func(live.Invocation) (bool, error)
}

type domainVersion struct {
	from     time.Duration
	mappings []live.Mapping
}

// longestEffect is the longest that a change takes to come into effect; up waits for
// automation.DefaultSettle.
const longestEffect = 75 * time.Second

func newEffects(seed int) *effects {
	return &effects{
		random: rand.New(rand.NewPCG(uint64(seed), 14)), longest: longestEffect,
		stages: map[string][]stageVersion{}, domains: map[string][]domainVersion{},
	}
}

func (x *effects) pass(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.since += d
}

// delay is when a change comes into effect that was just made; at first everything has.
func (x *effects) delay(first bool) time.Duration {
	if first {
		return 0
	}
	return x.since + x.shortest + time.Duration(x.random.Int64N(int64(x.longest-x.shortest)))
}

// apply has an environment answer by what is in effect. The APIs are as they were when the
// environment was read, or before.
func (x *effects) apply(deployed map[string]awssim.DeployedAPI, environment *live.Environment) {
	x.mu.Lock()
	defer x.mu.Unlock()
	first := len(x.stages) == 0
	for i := range environment.APIs {
		api := &environment.APIs[i]
		for stage, snapshot := range deployed[api.ID].Stages {
			key := api.ID + "/" + stage
			known := x.stages[key]
			if len(known) == 0 || known[len(known)-1].policy != snapshot.Policy {
				x.stages[key] = append(known, stageVersion{x.delay(first), snapshot.Policy, api.Admit})
			}
		}
		id := api.ID
		api.Admit = func(call live.Invocation) (bool, error) { return x.admit(id+"/"+call.Stage, call) }
	}
	present := map[string]bool{}
	for i := range environment.Domains {
		domain := &environment.Domains[i]
		present[domain.ARN] = true
		known := x.domains[domain.ARN]
		if len(known) == 0 || !slices.Equal(known[len(known)-1].mappings, domain.Mappings) {
			known = append(known, domainVersion{x.delay(first), domain.Mappings})
			x.domains[domain.ARN] = known
		}
		domain.Mappings = nil
		for _, version := range known {
			if version.from <= x.since {
				domain.Mappings = version.mappings
			}
		}
	}
	maps.DeleteFunc(x.domains, func(arn string, _ []domainVersion) bool { return !present[arn] })
}

// admit asks the policy that is in effect on a stage.
func (x *effects) admit(stage string, call live.Invocation) (bool, error) {
	x.mu.Lock()
	var inEffect func(live.Invocation) (bool, error)
	for _, version := range x.stages[stage] {
		if version.from <= x.since {
			inEffect = version.admit
		}
	}
	x.mu.Unlock()
	if inEffect == nil {
		return false, nil
	}
	return inEffect(call)
}
