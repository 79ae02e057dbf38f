package automation

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

const aHost, bHost = mapping.Host("a.example.com"), mapping.Host("b.example.com")

func TestAHostChangesItsFrontDoorInOneUp(t *testing.T) {
	w := newTown(t)
	w.host(aHost, "dev-orders", "nginx", "alb")
	w.host(bHost, "dev-payments", "nginx", "nginx")

	t.Run("a preview tells the phases", func(t *testing.T) {
		report, err := w.Preview(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{
			"dev again, when the provider accounts are ready: moves a.example.com; names that clients use move to native 20m0s later than elsewhere, in a run of their own",
			"dev again, 1m30s after names have moved: takes down the earlier ways of a.example.com",
			"the provider accounts of these hosts again: takes the earlier front door out of the policies",
		}, report.Ahead)
		require.Empty(t, w.story())
	})
	report, err := w.Up(t.Context())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]string{
		"dev: a.example.com nginx provider", "dev-orders: a.example.com", "dev-payments:",
		"1m30s pass", "dev: a.example.com alb nginx clients",
		"1m30s pass", "dev: a.example.com alb", "dev-orders:",
	}, w.story()))
	require.Contains(t, w.texts, "dev: waiting 1m30s: what has just been deployed for a.example.com comes into effect, and the name stays where it is")
	require.Contains(t, w.texts, "dev: waiting 1m30s: clients may hold the old answer for a.example.com, and both ways are up")

	t.Run("the report has one entry for each stack", func(t *testing.T) {
		require.Equal(t, []string{"dev", "dev-orders", "dev-payments"}, names(report))
		what := func(r Result) []string {
			var all []string
			for _, p := range r.Phases {
				all = append(all, p.What)
			}
			return all
		}
		require.Equal(t, []string{"", "moves a.example.com", "takes down the earlier way of a.example.com, 1m30s after the move"}, what(report.Stacks[0]))
		require.Equal(t, []string{"", "takes the earlier front door of hosts that moved out of the policies"}, what(report.Stacks[1]))
		require.Equal(t, []string{""}, what(report.Stacks[2]))
		require.Equal(t, Changes{Create: 2}, report.Stacks[0].Changes)
		require.Equal(t, 2, report.Stacks[0].Resources)
		var seconds float64
		for _, p := range report.Stacks[0].Phases {
			seconds += p.Seconds
		}
		require.InDelta(t, seconds, report.Stacks[0].Seconds, 0.001)
		shared, err := ReadSharedOutputs(report.Stacks[0].Outputs)
		require.NoError(t, err)
		require.Equal(t, map[mapping.Host]Placement{aHost: {Name: "alb", Keeps: []mapping.FrontDoor{}}}, shared.Doors)
	})
	t.Run("the next up has one pass", func(t *testing.T) {
		report, err := w.Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"dev: a.example.com alb", "dev-orders:", "dev-payments:"}, w.story())
		require.Len(t, report.Stacks[0].Phases, 1)
	})
	t.Run("and nothing is ahead of it", func(t *testing.T) {
		report, err := w.Preview(t.Context())
		require.NoError(t, err)
		require.Empty(t, report.Ahead)
	})
}

func TestPhasesOfAnUp(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*town)
		story   []string
		fails   string
		again   []string
		// slow cases take many updates: the slow tests run them.
		slow bool
	}{
		"an account that fails: its host stays, as does one that isn't ready; another's moves, and a new one has no earlier way": {
			prepare: func(w *town) {
				w.host(aHost, "dev-orders", "nginx", "alb")
				w.host(bHost, "dev-payments", "alb", "nginx")
				w.host("c.example.com", "dev-payments", "", "native")
				w.host("d.example.com", "dev-payments", "nginx", "alb")
				w.broken["dev-orders"] = errors.New("access denied")
				w.unready["d.example.com"] = true
			},
			story: []string{
				"dev: a.example.com nginx provider, b.example.com alb provider, c.example.com provider, d.example.com nginx provider",
				"dev-payments: b.example.com d.example.com",
				"1m30s pass", "dev: a.example.com nginx provider, b.example.com nginx alb clients, c.example.com native, d.example.com nginx provider",
				"1m30s pass", "dev: a.example.com nginx provider, c.example.com native, d.example.com nginx provider", "dev-payments: d.example.com",
			},
			fails: "access denied", again: []string{"pulumi -C accounts/provider up -s dev-orders"},
		},
		"a host that was ready before another: each has its own wait": {
			prepare: func(w *town) {
				w.host(aHost, "dev-orders", "nginx", "alb")
				w.host(bHost, "dev-payments", "native", "nginx")
				w.ready[aHost] = map[mapping.FrontDoor]bool{"alb": true}
			},
			story: []string{
				"dev: a.example.com alb nginx clients, b.example.com native provider", "dev-orders: a.example.com", "dev-payments: b.example.com",
				"1m30s pass", "dev: a.example.com alb, b.example.com nginx native clients",
				"1m30s pass", "dev: a.example.com alb", "dev-orders:", "dev-payments:",
			},
			slow: true,
		},
		"to native a name that clients use moves when its association has been provisioned": {
			prepare: func(w *town) { w.host(aHost, "dev-orders", "nginx", "native") },
			story: []string{
				"dev: a.example.com nginx provider", "dev-orders: a.example.com", "dev-payments:",
				"dev: a.example.com nginx native domain",
				"20m0s pass", "dev: a.example.com native nginx clients",
				"1m30s pass", "dev: a.example.com native", "dev-orders:",
			},
		},
		"and of two waits the longer one is enough": {
			prepare: func(w *town) {
				w.host(aHost, "dev-orders", "alb", "native")
				w.host(bHost, "dev-payments", "nginx", "alb")
			},
			story: []string{
				"dev: a.example.com alb provider, b.example.com nginx provider", "dev-orders: a.example.com", "dev-payments: b.example.com",
				"1m30s pass", "dev: a.example.com alb native domain, b.example.com alb nginx clients",
				"20m0s pass", "dev: a.example.com native alb clients, b.example.com alb",
				"1m30s pass", "dev: a.example.com native, b.example.com alb", "dev-orders:", "dev-payments:",
			},
			slow: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.slow && os.Getenv("PORTICO_SLOW") != "1" {
				t.Skip("takes many updates: run make test-slow, which sets PORTICO_SLOW=1")
			}
			w := newTown(t)
			c.prepare(w)
			report, err := w.Up(t.Context())
			require.Empty(t, cmp.Diff(c.story, w.story()))
			require.Equal(t, []string{"dev", "dev-orders", "dev-payments"}, names(report))
			if c.fails == "" {
				require.NoError(t, err)
				return
			}
			var failure *OperationError
			require.ErrorAs(t, err, &failure)
			require.ErrorContains(t, err, c.fails)
			require.Equal(t, c.again, failure.Again)
		})
	}
}

// TestNamesDoNotMoveToWhatOwnersHaveToDeploy has one of two accounts' stages
// deployed by hand.
func TestNamesDoNotMoveToWhatOwnersHaveToDeploy(t *testing.T) {
	w := newTown(t)
	w.host(aHost, "dev-orders", "nginx", "native")
	w.host(bHost, "dev-payments", "nginx", "alb")
	w.byHand["dev-orders"] = true
	report, err := w.Up(t.Context())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]string{
		"dev: a.example.com nginx provider, b.example.com nginx provider", "dev-orders: a.example.com", "dev-payments: b.example.com",
		"1m30s pass", "dev: a.example.com nginx native domain, b.example.com alb nginx clients",
	}, w.story()), "nothing of the owner's is relied on")
	require.Equal(t, []string{"dev again, when the commands of output redeployCommands of dev-orders were run: moves a.example.com"}, report.Ahead)

	report, err = w.Up(t.Context())
	require.NoError(t, err)
	story := w.story()
	require.Equal(t, "dev: a.example.com native nginx clients, b.example.com alb", story[1], "%s", story)
	require.Equal(t, "dev: a.example.com native, b.example.com alb", story[5], "%s", story)
	require.Empty(t, report.Ahead)
}

// TestWhatDoesNotMoveEndsAnUp has a provider stack say that it is ready, and a
// shared stack that moves nothing all the same.
func TestWhatDoesNotMoveEndsAnUp(t *testing.T) {
	w := newTown(t)
	runs := 0
	w.Shared.Program = w.program("dev", func(string, bool) map[string]any {
		runs++
		return map[string]any{"contract": Contract, "doors": map[string]any{string(aHost): map[string]any{"name": "nginx", "waits": "provider"}}}
	})
	w.host(aHost, "dev-orders", "nginx", "alb")
	w.Providers = w.Providers[:1]
	_, err := w.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, runs)
}

func TestALaterPhaseThatFailsIsTheStacksFailure(t *testing.T) {
	w := newTown(t)
	w.host(aHost, "dev-orders", "nginx", "alb")
	place := w.Shared.Program
	runs := 0
	w.Shared.Program = func(ctx *pulumi.Context) error {
		if runs++; runs == 2 {
			return errors.New("no certificate was issued")
		}
		return place(ctx)
	}
	w.Providers = w.Providers[:1]
	report, err := w.Up(t.Context())
	var failure *OperationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, []string{"portico up --env dev"}, failure.Again)
	require.ErrorContains(t, report.Stacks[0].Err, "no certificate was issued")
	require.Equal(t, Changes{Create: 2}, report.Stacks[0].Changes, "what the first phase did")
	require.Equal(t, []string{"dev: a.example.com nginx provider", "dev-orders: a.example.com", "1m30s pass"}, w.story())
}

// interrupted runs an up until it waits for the last thing that it waits for,
// and returns how long it would.
func (w *town) interrupted(because string) time.Duration {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var wait time.Duration
	w.Sleep = func(ctx context.Context, d time.Duration) error {
		if wait == 0 {
			return w.sleep(ctx, d)
		}
		return sleepReally(ctx, d)
	}
	w.Progress = func(e Event) {
		text, found := strings.CutPrefix(e.Text, "waiting ")
		text, why, _ := strings.Cut(text, ": ")
		if !found || e.Kind != Note || why != because {
			return
		}
		var err error
		wait, err = time.ParseDuration(text)
		require.NoError(w.t, err)
		cancel()
	}
	report, err := w.Up(ctx)
	require.ErrorIs(w.t, err, context.Canceled)
	require.ErrorContains(w.t, err, "interrupted while "+strings.Replace(because, ", and ", ": ", 1)+", and the next run ")
	require.Equal(w.t, []string{"dev", "dev-orders"}, names(report))
	w.Sleep = w.sleep
	return wait
}

func TestAnInterruptedWaitLeavesThingsAsTheyAreAndTheNextUpWaitsTheRest(t *testing.T) {
	nginx, native := []mapping.FrontDoor{"nginx"}, []mapping.FrontDoor{"native"}
	for name, c := range map[string]struct {
		wants   mapping.FrontDoor
		because string
		leaves  Placement
		story   []string
	}{
		"clients": {
			"alb", "clients may hold the old answer for a.example.com, and both ways are up",
			Placement{Name: "alb", Keeps: nginx, Waits: WaitsForClients}, []string{"dev: a.example.com alb", "dev-orders:"},
		},
		"a private custom domain": {
			"native", "API Gateway provisions the access association of a.example.com, and the name stays where it is",
			Placement{Name: "nginx", Keeps: native, Waits: WaitsForDomain},
			[]string{"dev: a.example.com native nginx clients", "dev-orders: a.example.com", "dev: a.example.com native", "dev-orders:"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			w.host(aHost, "dev-orders", "nginx", c.wants)
			w.Providers, w.Settle, w.Provision = w.Providers[:1], time.Hour, time.Hour
			require.Equal(t, time.Hour, w.interrupted(c.because))
			require.Equal(t, c.leaves, w.doors[aHost])
			rest := w.interrupted(c.because)
			require.Less(t, rest, time.Hour, "the time since the first up counts")
			require.Greater(t, rest, 50*time.Minute)
			require.Equal(t, c.leaves, w.doors[aHost])
			w.story()

			w.Settle, w.Provision = 0, 0
			_, err := w.Up(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.story, w.story())
		})
	}
}
