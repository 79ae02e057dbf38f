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

	"github.com/portico-iac/portico/mapping"
)

// town is an environment whose programs keep to docs/design/front-doors.md and
// make nothing.
type town struct {
	*Environment
	t *testing.T
	// wanted is what the mapping says; owners are the hosts' provider stacks.
	wanted map[mapping.Host]mapping.FrontDoor
	owners map[mapping.Host]string
	// unready are the hosts whose account doesn't get ready, and broken the
	// stacks whose next update fails.
	unready map[mapping.Host]bool
	broken  map[string]error
	// byHand has the stacks whose owners deploy their stages.
	byHand map[string]bool

	mu    sync.Mutex
	doors map[mapping.Host]Placement                  // the shared stack's last
	ready map[mapping.Host]map[mapping.FrontDoor]bool // the provider stacks' last
	seen  []string                                    // "dev: a.example.com alb nginx clients", "1m30s pass"
	texts []string                                    // of notes and starts
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{
		Environment: deployable(t), t: t,
		wanted: map[mapping.Host]mapping.FrontDoor{}, owners: map[mapping.Host]string{},
		unready: map[mapping.Host]bool{}, broken: map[string]error{}, byHand: map[string]bool{},
		doors: map[mapping.Host]Placement{}, ready: map[mapping.Host]map[mapping.FrontDoor]bool{},
	}
	w.Settle, w.Provision, w.Sleep = DefaultSettle, DefaultProvision, w.sleep
	w.Shared.Program = w.program(w.Shared.Name, w.shared)
	for i, s := range w.Providers {
		w.Providers[i].Program = w.program(s.Name, w.provider)
	}
	w.Progress = func(e Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if e.Kind == Note || e.Kind == Started {
			w.texts = append(w.texts, e.Stack+": "+e.Text)
		}
	}
	return w
}

// sleep has time pass in no time.
func (w *town) sleep(_ context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, d.Round(time.Second).String()+" pass")
	return nil
}

// host gives the town a host that stands at a front door, or nowhere.
func (w *town) host(name mapping.Host, owner string, stands, wants mapping.FrontDoor) {
	w.owners[name], w.wanted[name] = owner, wants
	w.doors[name] = Placement{Name: stands}
}

func (w *town) program(stack string, outputs func(stack string, dry bool) map[string]any) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.broken[stack]; err != nil {
			return err
		}
		for name, value := range outputs(stack, ctx.DryRun()) {
			ctx.Export(name, pulumi.ToOutput(value))
		}
		return ctx.RegisterComponentResource("portico:test:Component", stack, &component{})
	}
}

// shared places every host, and puts out where the hosts stand that nginx alone
// doesn't serve.
func (w *town) shared(stack string, dry bool) map[string]any {
	placed := map[mapping.Host]Placement{}
	doors := map[string]any{}
	var story []string
	for _, host := range slices.Sorted(maps.Keys(w.wanted)) {
		at := w.place(host)
		placed[host] = at
		if at.Name == mapping.FrontDoorNGINX && len(at.Keeps) == 0 && at.Waits == "" {
			continue
		}
		doors[string(host)] = map[string]any{"name": string(at.Name), "keeps": at.Keeps, "waits": string(at.Waits)}
		words := append([]string{string(host), string(at.Name)}, append(texts(at.Keeps), string(at.Waits))...)
		story = append(story, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	if !dry {
		w.doors = placed
		w.seen = append(w.seen, stack+": "+strings.Join(story, ", "))
	}
	if len(doors) == 0 {
		return map[string]any{"contract": Contract}
	}
	return map[string]any{"contract": Contract, "doors": doors}
}

func (w *town) place(host mapping.Host) Placement {
	at, wanted := w.doors[host], w.wanted[host]
	switch {
	case at.Name == wanted:
		return Placement{Name: wanted}
	case !w.ready[host][wanted]:
		return Placement{Name: at.Name, Waits: WaitsForProvider}
	case at.Name == "":
		return Placement{Name: wanted}
	case wanted == mapping.FrontDoorNative && !slices.Contains(at.Keeps, wanted):
		return Placement{Name: at.Name, Keeps: []mapping.FrontDoor{wanted}, Waits: WaitsForDomain}
	}
	return Placement{Name: wanted, Keeps: []mapping.FrontDoor{at.Name}, Waits: WaitsForClients}
}

// provider makes the wanted front door of its hosts ready, and admits those that
// the shared stack names.
func (w *town) provider(stack string, dry bool) map[string]any {
	ready, keeps := map[string][]string{}, []string{}
	for _, host := range slices.Sorted(maps.Keys(w.wanted)) {
		if w.owners[host] != stack {
			continue
		}
		at, wanted := w.doors[host], w.wanted[host]
		if !w.unready[host] {
			ready[string(wanted)] = append(ready[string(wanted)], string(host)+"/v1")
			if !dry {
				w.ready[host] = map[mapping.FrontDoor]bool{wanted: true}
			}
		}
		if at.Name != "" && at.Name != wanted || slices.ContainsFunc(at.Keeps, func(door mapping.FrontDoor) bool { return door != wanted }) {
			keeps = append(keeps, string(host))
		}
	}
	if !dry {
		w.seen = append(w.seen, strings.TrimSpace(stack+": "+strings.Join(keeps, " ")))
	}
	commands := []string{}
	if w.byHand[stack] {
		commands = []string{"aws apigateway create-deployment"}
	}
	return map[string]any{"ready": ready, "keeps": keeps, "redeployCommands": commands}
}

func texts[T ~string](values []T) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

// story is what was run since the last call, those side by side by their names.
func (w *town) story() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
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
