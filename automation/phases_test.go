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
	f := newFake(t)
	f.host(aHost, "dev-orders", "nginx", "alb")
	f.host(bHost, "dev-payments", "nginx", "nginx")

	t.Run("a preview names the phases", func(t *testing.T) {
		report, err := f.Preview(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{
			"dev again, 1m30s after the provider accounts have provisioned the rows: moves a.example.com",
			"dev again, 1m30s later: removes the earlier front door of a.example.com",
			"the provider accounts of these hosts again: takes the earlier front door of hosts that moved out of the policies",
		}, report.Ahead)
		require.Empty(t, f.story())
	})
	report, err := f.Up(t.Context())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]string{
		"dev: a.example.com nginx provider", "dev-orders: a.example.com", "dev-payments:",
		"1m30s pass", "dev: a.example.com alb nginx clients",
		"1m30s pass", "dev: a.example.com alb", "dev-orders:",
	}, f.story()))
	require.Contains(t, f.texts, "dev: waiting 1m30s: what has just been deployed for a.example.com comes into effect, and no name leads there yet")
	require.Contains(t, f.texts, "dev: waiting 1m30s: clients may hold the old answer for a.example.com, and both front doors are up")

	t.Run("the report has one entry for each stack", func(t *testing.T) {
		require.Equal(t, []string{"dev", "dev-orders", "dev-payments"}, names(report))
		what := func(r Result) []string {
			var all []string
			for _, p := range r.Phases {
				all = append(all, p.What)
			}
			return all
		}
		require.Equal(t, []string{"", "moves a.example.com", "removes the earlier front door of a.example.com"}, what(report.Stacks[0]))
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
		require.Equal(t, map[mapping.Host]HostState{aHost: {Current: "alb"}}, shared.FrontDoors)
	})
	t.Run("the next up has one pass", func(t *testing.T) {
		report, err := f.Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"dev: a.example.com alb", "dev-orders:", "dev-payments:"}, f.story())
		require.Len(t, report.Stacks[0].Phases, 1)
	})
	t.Run("and nothing is ahead of it", func(t *testing.T) {
		report, err := f.Preview(t.Context())
		require.NoError(t, err)
		require.Empty(t, report.Ahead)
	})
}

func TestPhasesOfAnUp(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*fakeEnvironment)
		story   []string
		fails   string
		again   []string
		// slow cases take many updates: the slow tests run them.
		slow bool
	}{
		"an account that fails: its host stays, as does one that isn't ready; another's moves, and a new one has no earlier front door": {
			prepare: func(f *fakeEnvironment) {
				f.host(aHost, "dev-orders", "nginx", "alb")
				f.host(bHost, "dev-payments", "alb", "nginx")
				f.host("c.example.com", "dev-payments", "", "native")
				f.host("d.example.com", "dev-payments", "nginx", "alb")
				f.broken["dev-orders"] = errors.New("access denied")
				f.unready["d.example.com"] = true
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
			prepare: func(f *fakeEnvironment) {
				f.host(aHost, "dev-orders", "nginx", "alb")
				f.host(bHost, "dev-payments", "native", "nginx")
				f.provisioned[aHost] = map[mapping.FrontDoor]bool{"alb": true}
			},
			story: []string{
				"dev: a.example.com alb nginx clients, b.example.com native provider", "dev-orders: a.example.com", "dev-payments: b.example.com",
				"1m30s pass", "dev: a.example.com alb, b.example.com nginx native clients",
				"1m30s pass", "dev: a.example.com alb", "dev-orders:", "dev-payments:",
			},
			slow: true,
		},
		"to native a name that clients use moves when its association has been provisioned": {
			prepare: func(f *fakeEnvironment) { f.host(aHost, "dev-orders", "nginx", "native") },
			story: []string{
				"dev: a.example.com nginx provider", "dev-orders: a.example.com", "dev-payments:",
				"dev: a.example.com nginx native association",
				"20m0s pass", "dev: a.example.com native nginx clients",
				"1m30s pass", "dev: a.example.com native", "dev-orders:",
			},
		},
		"and of two waits the longer one is enough": {
			prepare: func(f *fakeEnvironment) {
				f.host(aHost, "dev-orders", "alb", "native")
				f.host(bHost, "dev-payments", "nginx", "alb")
			},
			story: []string{
				"dev: a.example.com alb provider, b.example.com nginx provider", "dev-orders: a.example.com", "dev-payments: b.example.com",
				"1m30s pass", "dev: a.example.com alb native association, b.example.com alb nginx clients",
				"20m0s pass", "dev: a.example.com native alb clients, b.example.com alb",
				"1m30s pass", "dev: a.example.com native, b.example.com alb", "dev-orders:", "dev-payments:",
			},
			slow: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.slow {
				slowly(t)
			}
			f := newFake(t)
			c.prepare(f)
			report, err := f.Up(t.Context())
			require.Empty(t, cmp.Diff(c.story, f.story()))
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

// slowly leaves a test that takes many updates to the slow tests.
func slowly(t *testing.T) {
	t.Helper()
	if os.Getenv("PORTICO_SLOW") != "1" {
		t.Skip("takes many updates: run make test-slow, which sets PORTICO_SLOW=1")
	}
}

// TestNamesDoNotMoveToWhatOwnersHaveToDeploy has one of two accounts' stages
// deployed by hand.
func TestNamesDoNotMoveToWhatOwnersHaveToDeploy(t *testing.T) {
	f := newFake(t)
	f.host(aHost, "dev-orders", "nginx", "native")
	f.host(bHost, "dev-payments", "nginx", "alb")
	f.byHand["dev-orders"] = true
	report, err := f.Up(t.Context())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]string{
		"dev: a.example.com nginx provider, b.example.com nginx provider", "dev-orders: a.example.com", "dev-payments: b.example.com",
		"1m30s pass", "dev: a.example.com nginx native association, b.example.com alb nginx clients",
	}, f.story()), "nothing of the owner's is relied on")
	require.Equal(t, []string{"dev again, when the commands of output redeployCommands of dev-orders were run: moves a.example.com"}, report.Ahead)

	report, err = f.Up(t.Context())
	require.NoError(t, err)
	story := f.story()
	require.Equal(t, "dev: a.example.com native nginx clients, b.example.com alb", story[1], "%s", story)
	require.Equal(t, "dev: a.example.com native, b.example.com alb", story[5], "%s", story)
	require.Empty(t, report.Ahead)
}

// TestAHostWaitsForAllOfItsRows has an account that provisions one of a host's two
// rows: no notice says that the host moves, and the shared stack isn't run for it.
func TestAHostWaitsForAllOfItsRows(t *testing.T) {
	f := newFake(t)
	f.host(aHost, "dev-orders", "nginx", "native")
	f.bases[aHost], f.unready[aHost] = []string{"/v1", "/v2"}, true
	f.Providers = f.Providers[:1]
	report, err := f.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"dev: a.example.com nginx provider", "dev-orders: a.example.com"}, f.story())
	require.Len(t, report.Stacks[0].Phases, 1)
	require.Empty(t, report.Ahead)
}

// TestAFailedAccountCountsAsItWas: the shared stack reads the outputs of the
// account's last successful run, and so does Up.
func TestAFailedAccountCountsAsItWas(t *testing.T) {
	slowly(t)
	f := newFake(t)
	f.host(aHost, "dev-orders", "nginx", "native")
	f.Providers = f.Providers[:1]
	working, runs := f.Shared.Program, 0
	f.Shared.Program = func(ctx *pulumi.Context) error {
		if runs++; runs == 2 {
			return errors.New("throttled")
		}
		return working(ctx)
	}
	_, err := f.Up(t.Context())
	require.ErrorContains(t, err, "throttled")
	f.story()
	f.broken["dev-orders"] = errors.New("access denied")
	_, err = f.Up(t.Context())
	require.ErrorContains(t, err, "access denied")
	require.Equal(t, []string{
		"dev: a.example.com nginx native association", "20m0s pass", "dev: a.example.com native nginx clients", "1m30s pass", "dev: a.example.com native",
	}, f.story())
}

// TestWhatDoesNotMoveEndsAnUp has a provider stack say that it is ready, and a
// shared stack that moves nothing all the same.
func TestWhatDoesNotMoveEndsAnUp(t *testing.T) {
	f := newFake(t)
	runs := 0
	f.Shared.Program = f.program("dev", func(string, bool) map[string]any {
		runs++
		return map[string]any{"contract": Contract, "endpoints": endpoints, "frontDoors": map[string]any{
			string(aHost): map[string]any{"current": "nginx", "target": "alb", "pending": "provider", "rows": []any{"a.example.com/v1"}},
		}}
	})
	f.host(aHost, "dev-orders", "nginx", "alb")
	f.Providers = f.Providers[:1]
	_, err := f.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, runs)
}

func TestALaterPhaseThatFailsIsTheStacksFailure(t *testing.T) {
	f := newFake(t)
	f.host(aHost, "dev-orders", "nginx", "alb")
	place := f.Shared.Program
	runs := 0
	f.Shared.Program = func(ctx *pulumi.Context) error {
		if runs++; runs == 2 {
			return errors.New("no certificate was issued")
		}
		return place(ctx)
	}
	f.Providers = f.Providers[:1]
	report, err := f.Up(t.Context())
	var failure *OperationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, []string{"portico up --env dev"}, failure.Again)
	require.ErrorContains(t, report.Stacks[0].Err, "no certificate was issued")
	require.Equal(t, Changes{Create: 2}, report.Stacks[0].Changes, "what the first phase did")
	require.Equal(t, []string{"dev: a.example.com nginx provider", "dev-orders: a.example.com", "1m30s pass"}, f.story())
}

// interrupted runs an up until it waits for the last thing that it waits for,
// and returns how long it would.
func (f *fakeEnvironment) interrupted(because string) time.Duration {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	defer cancel()
	var wait time.Duration
	reached := false
	f.Sleep = func(ctx context.Context, d time.Duration) error {
		if !reached {
			return f.sleep(ctx, d)
		}
		wait = d
		return sleepReally(ctx, d)
	}
	f.Progress = func(e Event) {
		text, found := strings.CutPrefix(e.Text, "waiting ")
		_, why, _ := strings.Cut(text, ": ")
		if found && e.Kind == Note && why == because {
			reached = true
			cancel()
		}
	}
	report, err := f.Up(ctx)
	require.ErrorIs(f.t, err, context.Canceled)
	require.ErrorContains(f.t, err, "interrupted while "+strings.Replace(because, ", and ", ": ", 1)+", and the next run ")
	require.Equal(f.t, []string{"dev", "dev-orders"}, names(report))
	f.Sleep = f.sleep
	return wait
}

func TestAnInterruptedWaitLeavesThingsAsTheyAreAndTheNextUpWaitsTheRest(t *testing.T) {
	nginx, native := []mapping.FrontDoor{"nginx"}, []mapping.FrontDoor{"native"}
	for name, c := range map[string]struct {
		wants   mapping.FrontDoor
		because string
		leaves  HostState
		story   []string
	}{
		"clients": {
			"alb", "clients may hold the old answer for a.example.com, and both front doors are up",
			HostState{Current: "alb", Retains: nginx, Pending: PendingClients}, []string{"dev: a.example.com alb", "dev-orders:"},
		},
		"a private custom domain": {
			"native", "API Gateway provisions the access association of a.example.com, and the name stays where it is",
			HostState{Current: "nginx", Target: "native", Retains: native, Pending: PendingAssociation, Rows: []string{"a.example.com/v1"}},
			[]string{"dev: a.example.com native nginx clients", "dev-orders: a.example.com", "dev: a.example.com native", "dev-orders:"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.host(aHost, "dev-orders", "nginx", c.wants)
			f.Providers, f.Settle, f.Provision = f.Providers[:1], time.Hour, time.Hour
			require.Equal(t, time.Hour, f.interrupted(c.because))
			require.Equal(t, c.leaves, f.states[aHost])
			rest := f.interrupted(c.because)
			require.Less(t, rest, time.Hour, "the time since the first up counts")
			require.Greater(t, rest, 50*time.Minute)
			require.Equal(t, c.leaves, f.states[aHost])
			f.story()

			f.Settle, f.Provision = 0, 0
			_, err := f.Up(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.story, f.story())
		})
	}
}
