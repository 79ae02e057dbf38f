package lifecycle

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "what the points of the crashes are drawn from")

// slow reports whether the tests that take minutes are asked for.
func slow() bool { return os.Getenv("PORTICO_SLOW") == "1" }

// slowly skips a test of many updates, so that make test stays short.
func slowly(t *testing.T) {
	t.Helper()
	if !slow() {
		t.Skip("takes a minute: run make test-slow, which sets PORTICO_SLOW=1")
	}
}

// point is where an engine dies: after an API call took effect, and so long
// after; without a delay before the engine hears of the call.
type point struct {
	call  int
	delay time.Duration
}

func (p point) String() string {
	if p.delay == 0 {
		return fmt.Sprintf("before it hears of call %d", p.call)
	}
	return fmt.Sprintf("%s after call %d", p.delay, p.call)
}

// after is the point where so much of the work is left to do, from 0 to 1.
func (p point) after(left float64) point {
	p.call = max(1, int(float64(p.call)*left))
	return p
}

// points draws n points among so many calls; every third is between two calls.
func points(n, calls int) []point {
	random := rand.New(rand.NewPCG(*seed, 0))
	var drawn []point
	for i := range n {
		// One in each of n equal parts, so that the points are spread.
		p := point{call: 1 + (i*calls+random.IntN(calls))/n}
		if i%3 == 2 {
			p.delay = time.Duration(1+random.IntN(40)) * time.Millisecond
		}
		drawn = append(drawn, p)
	}
	return drawn
}

// killAt has the engine killed at a point, once. The function it returns
// reports whether it was killed.
func (e *simulatedEnvironment) killAt(p point) (killed func() bool) {
	var calls atomic.Int64
	var done atomic.Bool
	var later = make(chan struct{}, 1)
	e.OnCall(func(awssim.Call) {
		if int(calls.Add(1)) != p.call {
			return
		}
		done.Store(true)
		if p.delay == 0 {
			e.engine.kill()
			return
		}
		time.AfterFunc(p.delay, func() { e.engine.kill(); later <- struct{}{} })
	})
	return func() bool {
		if done.Load() && p.delay > 0 {
			<-later
		}
		e.OnCall(nil)
		return done.Load()
	}
}

// initialStates are the directories of environments to copy: one whose stacks are
// created and empty, and one that is up.
type initialStates struct {
	setup       func() *awssim.Setup
	project     string
	empty, full string
	before      []thing       // what existed before Portico
	whole       int           // how many things an up makes
	upCalls     []awssim.Call // of an up from the empty one
	downCalls   []awssim.Call // of a destroy of the full one
}

func newInitialStates(t *testing.T, files map[string]string, setup func() *awssim.Setup) initialStates {
	t.Helper()
	b := initialStates{setup: setup, project: t.TempDir(), empty: t.TempDir(), full: t.TempDir()}
	write(t, b.project, files)
	e := b.open(t, b.empty)
	b.before = e.things()
	_, err := e.env.Preview(t.Context()) // makes the shared stack
	require.NoError(t, err)
	e = b.open(t, b.copy(t, b.empty, b.full))
	e.up()
	require.Empty(t, e.disagreements(b.before), "after an undisturbed up")
	b.upCalls, b.whole = e.Calls(), len(e.things())-len(b.before)
	e = b.start(t, b.full)
	_, err = e.env.Destroy(t.Context())
	require.NoError(t, err)
	require.Empty(t, e.disagreements(b.before), "after an undisturbed destroy")
	b.downCalls = e.Calls()
	t.Logf("%d calls of up, %d of destroy; -seed=%d", len(b.upCalls), len(b.downCalls), *seed)
	return b
}

// built is the share of the environment that exists, from 0 to 1.
func (b initialStates) built(e *simulatedEnvironment) float64 {
	return float64(len(e.things())-len(b.before)) / float64(b.whole)
}

// copy copies an environment's directory to another.
func (b initialStates) copy(t *testing.T, from, to string) string {
	t.Helper()
	for _, part := range []string{"accounts", "pulumi", "home"} {
		source := filepath.Join(from, part)
		if _, err := os.Stat(source); err == nil {
			out, err := exec.Command("cp", "-a", source, to).CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
	return to
}

// start opens a copy of an initial state.
func (b initialStates) start(t *testing.T, from string) *simulatedEnvironment {
	t.Helper()
	return b.open(t, b.copy(t, from, t.TempDir()))
}

func (b initialStates) open(t *testing.T, dir string) *simulatedEnvironment {
	t.Helper()
	e := open(t, dir, b.project, b.setup())
	e.env.Settle = 0
	return e
}

// requireRecovery demands that what a user does after a disturbance leaves accounts and
// state in agreement, and the owner's belongings as they were.
func (b initialStates) requireRecovery(e *simulatedEnvironment) {
	e.t.Helper()
	e.log.say("mending")
	report, err := e.env.Refresh(e.t.Context())
	require.NoError(e.t, err, "refresh: %s", e.log)
	for _, s := range report.Stacks {
		require.NoError(e.t, s.Err)
	}
	_, err = e.env.Up(e.t.Context())
	require.NoError(e.t, err, "up: %s", e.log)
	require.Empty(e.t, e.disagreements(b.before), e.log)
	requireOwnersResources(e)
}

// requireOwnersResources demands that the owner's API, stage and statements exist.
func requireOwnersResources(e *simulatedEnvironment) {
	e.t.Helper()
	apis := e.RESTAPIs(region)
	api, ok := apis[ordersAPI]
	if !ok {
		api, ok = apis[ownedAPI]
	}
	require.True(e.t, ok)
	require.Contains(e.t, api.Stages, "dev")
	require.Contains(e.t, sids(e.t, api.SavedPolicy), "Ours")
	require.Contains(e.t, sids(e.t, api.Stages["dev"].Policy), "Ours")
}

type verb func(*automation.Environment, context.Context) (*automation.Report, error)

// TestKilledAnywhereAnEnvironmentIsMendedByRefreshAndUp kills the engine of an
// environment again and again, with a refresh after each death, and brings it
// up at the end: three deaths of one environment, or with PORTICO_SLOW=1 24 in
// ups and 24 in destroys, two environments at a time. PORTICO_CHAINS is the number
// of environments that die six times, instead of four each.
func TestKilledAnywhereAnEnvironmentIsMendedByRefreshAndUp(t *testing.T) {
	t.Parallel()
	if !slow() {
		killedThrice(t)
		return
	}
	b := newInitialStates(t, frontDoorsProject(), frontDoorsSetup)
	const lives = 6
	chains, err := strconv.Atoi(cmp.Or(os.Getenv("PORTICO_CHAINS"), "4"))
	require.NoError(t, err, "PORTICO_CHAINS")
	for _, c := range []struct {
		name  string
		run   verb
		from  string
		calls int
		toGo  func(built float64) float64 // how much is to be done
	}{
		{"up", (*automation.Environment).Up, b.empty, len(b.upCalls), func(built float64) float64 { return 1 - built }},
		{"destroy", (*automation.Environment).Destroy, b.full, len(b.downCalls), func(built float64) float64 { return built }},
	} {
		deaths := points(chains*lives, c.calls)
		for i := range chains {
			t.Run(fmt.Sprintf("%s, chain %d", c.name, i+1), func(t *testing.T) {
				t.Parallel()
				e := b.start(t, c.from)
				for life := range lives {
					at := deaths[life*chains+i]
					// What earlier lives have done makes the point come sooner.
					for !e.crashes(c.run, at.after(c.toGo(b.built(e)))) {
						// It didn't come: the operation got to its end first.
						require.Empty(t, e.disagreements(b.before), e.log)
						e, at = b.start(t, c.from), at.after(0.9)
					}
				}
				b.requireRecovery(e)
			})
		}
	}
}

// killedThrice has an environment die twice on its way up and once on its way
// down. The points are drawn from fewer calls than the operations make.
func killedThrice(t *testing.T) {
	e := newEnvironment(t, smallProject(), ordersSetup())
	b := initialStates{before: e.things()}
	t.Logf("-seed=%d", *seed)
	for _, at := range points(2, 90) {
		require.True(t, e.crashes((*automation.Environment).Up, at))
	}
	b.requireRecovery(e)
	require.True(t, e.crashes((*automation.Environment).Destroy, points(1, 40)[0]))
	_, err := e.env.Destroy(t.Context())
	require.NoError(t, err)
	require.Empty(t, e.disagreements(b.before), e.log)
}

// crashes runs an operation whose engine is killed at a point, and refreshes what
// is left. It reports whether the engine was killed.
func (e *simulatedEnvironment) crashes(run verb, at point) bool {
	e.t.Helper()
	e.log.say("killed " + at.String())
	killed := e.killAt(at)
	_, err := run(e.env, e.t.Context())
	if !killed() || err == nil { // a kill may hit the moment after the engine's last process
		require.NoError(e.t, err, "%s", e.log)
		return false
	}
	e.t.Logf("killed %s", at)
	e.unlock()
	_, err = e.env.Refresh(e.t.Context())
	require.NoError(e.t, err, "refresh: %s", e.log)
	requireOwnersResources(e)
	return true
}
