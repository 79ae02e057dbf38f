package automation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// fakeEnvironment is an environment whose programs keep to
// docs/design/front-doors.md and make nothing.
type fakeEnvironment struct {
	*Environment
	t *testing.T
	// wanted is what the mapping says; owners are the hosts' provider stacks.
	wanted map[mapping.Host]mapping.FrontDoor
	owners map[mapping.Host]string
	// bases are the base paths of a host's rows; nil: one, "/v1".
	bases map[mapping.Host][]string
	// unready are the hosts of which an account doesn't provision the last row,
	// and broken the stacks whose next update fails.
	unready map[mapping.Host]bool
	broken  map[string]error
	// byHand has the stacks whose owners deploy their stages.
	byHand map[string]bool

	mu          sync.Mutex
	states      map[mapping.Host]HostState                  // the shared stack's last
	provisioned map[mapping.Host]map[mapping.FrontDoor]bool // the provider stacks' last
	seen        []string                                    // "dev: a.example.com alb nginx clients", "1m30s pass"
	texts       []string                                    // of notes and starts
}

func newFake(t *testing.T) *fakeEnvironment {
	t.Helper()
	f := &fakeEnvironment{
		Environment: created(t), t: t,
		wanted: map[mapping.Host]mapping.FrontDoor{}, owners: map[mapping.Host]string{}, bases: map[mapping.Host][]string{},
		unready: map[mapping.Host]bool{}, broken: map[string]error{}, byHand: map[string]bool{},
		states: map[mapping.Host]HostState{}, provisioned: map[mapping.Host]map[mapping.FrontDoor]bool{},
	}
	f.Settle, f.Provision, f.Sleep = DefaultSettle, DefaultProvision, f.sleep
	f.Shared.Program = f.program(f.Shared.Name, f.shared)
	for i, s := range f.Providers {
		f.Providers[i].Program = f.program(s.Name, f.provider)
	}
	f.Progress = func(e Event) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if e.Kind == Note || e.Kind == Started {
			f.texts = append(f.texts, e.Stack+": "+e.Text)
		}
	}
	return f
}

// sleep has time pass in no time.
func (f *fakeEnvironment) sleep(_ context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, d.Round(time.Second).String()+" pass")
	return nil
}

// host gives the environment a host that is at a front door, or at none.
func (f *fakeEnvironment) host(name mapping.Host, owner string, current, wants mapping.FrontDoor) {
	f.owners[name], f.wanted[name] = owner, wants
	f.states[name] = HostState{Current: current}
}

// rows are the addresses of a host's rows.
func (f *fakeEnvironment) rows(host mapping.Host) []string {
	bases := f.bases[host]
	if bases == nil {
		bases = []string{"/v1"}
	}
	var rows []string
	for _, base := range bases {
		rows = append(rows, string(host)+base)
	}
	return rows
}

func (f *fakeEnvironment) program(stack string, export func(stack string, dry bool) map[string]any) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if err := f.broken[stack]; err != nil {
			return err
		}
		for name, value := range export(stack, ctx.DryRun()) {
			ctx.Export(name, pulumi.ToOutput(value))
		}
		return ctx.RegisterComponentResource("portico:test:Component", stack, &component{})
	}
}

// shared takes every host one step further, and reports the hosts that nginx
// alone doesn't serve.
func (f *fakeEnvironment) shared(stack string, dry bool) map[string]any {
	states := map[mapping.Host]HostState{}
	frontDoors := map[string]any{}
	var story []string
	for _, host := range slices.Sorted(maps.Keys(f.wanted)) {
		state := f.step(host)
		states[host] = state
		if state.Current == mapping.FrontDoorNGINX && len(state.Retains) == 0 && state.Pending == "" {
			continue
		}
		encoded, err := outputs.Encode(state)
		if err != nil {
			panic(err)
		}
		frontDoors[string(host)] = encoded
		words := append([]string{string(host), string(state.Current)}, append(texts(state.Retains), string(state.Pending))...)
		story = append(story, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	if !dry {
		f.states = states
		f.seen = append(f.seen, stack+": "+strings.Join(story, ", "))
	}
	exported := map[string]any{"contract": Contract, "endpoints": endpoints}
	if len(frontDoors) > 0 {
		exported["frontDoors"] = frontDoors
	}
	return exported
}

// endpoints are the endpoints of all front doors.
var endpoints = map[string]any{"nginx": "vpce-1", "alb": "vpce-2", "native": "vpce-3"}

func (f *fakeEnvironment) step(host mapping.Host) HostState {
	before, wanted := f.states[host], f.wanted[host]
	switch {
	case before.Current == wanted:
		return HostState{Current: wanted}
	case !f.provisioned[host][wanted]:
		return HostState{Current: before.Current, Target: wanted, Pending: PendingProvider, Rows: f.rows(host)}
	case before.Current == "":
		return HostState{Current: wanted}
	case wanted == mapping.FrontDoorNative && !slices.Contains(before.Retains, wanted):
		return HostState{
			Current: before.Current, Target: wanted, Retains: []mapping.FrontDoor{wanted}, Pending: PendingAssociation, Rows: f.rows(host),
		}
	}
	return HostState{Current: wanted, Retains: []mapping.FrontDoor{before.Current}, Pending: PendingClients}
}

// provider provisions the wanted front door of its hosts, and admits those that
// the shared stack names.
func (f *fakeEnvironment) provider(stack string, dry bool) map[string]any {
	provisioned, retains := map[string][]string{}, []string{}
	for _, host := range slices.Sorted(maps.Keys(f.wanted)) {
		if f.owners[host] != stack {
			continue
		}
		state, wanted := f.states[host], f.wanted[host]
		rows := f.rows(host)
		if f.unready[host] {
			rows = rows[:len(rows)-1]
		}
		if len(rows) > 0 {
			provisioned[string(wanted)] = append(provisioned[string(wanted)], rows...)
		}
		if !f.unready[host] && !dry {
			f.provisioned[host] = map[mapping.FrontDoor]bool{wanted: true}
		}
		leaves := func(frontDoor mapping.FrontDoor) bool { return frontDoor != wanted }
		if state.Current != "" && state.Current != wanted || slices.ContainsFunc(state.Retains, leaves) {
			retains = append(retains, string(host))
		}
	}
	if !dry {
		f.seen = append(f.seen, strings.TrimSpace(stack+": "+strings.Join(retains, " ")))
	}
	commands := []string{}
	if f.byHand[stack] {
		commands = []string{"aws apigateway create-deployment"}
	}
	return map[string]any{
		"contract": Contract, "provisioned": provisioned, "provisionedFor": endpoints, "retains": retains, "redeployCommands": commands,
	}
}

func texts[T ~string](values []T) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

// story is what was run since the last call, those side by side by their names.
func (f *fakeEnvironment) story() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	for begin := 0; begin < len(seen); begin++ {
		end := begin
		for end < len(seen) && strings.HasPrefix(seen[end], "dev-") {
			end++
		}
		slices.Sort(seen[begin:end])
		begin = max(begin, end)
	}
	return seen
}
