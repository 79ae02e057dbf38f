package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

// faultKinds are the ways in which calls fail, and how many faults make one call
// fail: a throttled call is retried 25 times.
var faultKinds = []struct {
	name  string
	kind  awssim.FaultKind
	times int
}{
	{"throttling", awssim.Throttling, 25},
	{"denial", awssim.Denial, 1},
	{"a timeout", awssim.Timeout, 1},
	{"a lost response", awssim.LostResponse, 1},
}

// TestEveryCallMayFail has the API calls of an up and of a destroy fail: each resource's
// first call of each action, in two of the ways, which -seed draws, or with
// PORTICO_CALLS=all in each. The operation is repeated with nothing in between until it
// succeeds.
func TestEveryCallMayFail(t *testing.T) {
	slowly(t)
	t.Parallel()
	b := newInitialStates(t, smallProject(), ordersSetup)
	for way, fault := range faultKinds {
		t.Run("up with "+fault.name, func(t *testing.T) {
			t.Parallel()
			e := b.start(t, b.empty)
			e.inject(fault.kind, fault.times, actionsFailing(way, b.upCalls))
			e.until((*automation.Environment).Up)
			require.Empty(t, e.disagreements(b.before), e.log)
			requireOwnersResources(e)
		})
		t.Run("destroy with "+fault.name, func(t *testing.T) {
			t.Parallel()
			e := b.start(t, b.full)
			e.inject(fault.kind, fault.times, actionsFailing(way, b.downCalls))
			e.until((*automation.Environment).Destroy)
			require.Empty(t, e.disagreements(b.before), e.log)
			requireOwnersResources(e)
		})
	}
}

// TestWhatWasCreatedWithoutAnAnswerIsAdopted loses the answers of creates that
// begin at once and are found again in different ways, and runs up again with
// nothing in between.
func TestWhatWasCreatedWithoutAnAnswerIsAdopted(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, smallProject(), ordersSetup())
	before := e.things()
	for _, action := range []string{
		"ec2:CreateVpc", "acm:RequestCertificate", "ecr:CreateRepository", "iam:CreateRole",
	} {
		e.Inject(awssim.Fault{Action: action, Kind: awssim.LostResponse})
	}
	_, err := e.env.Up(t.Context())
	require.ErrorContains(t, err, "connection reset by peer")
	for range 6 { // the engine stops early; what it hasn't begun may yet fail
		if _, err = e.env.Up(t.Context()); err == nil {
			break
		}
	}
	require.NoError(t, err, "%s", e.log)
	require.Empty(t, e.disagreements(before), e.log)
}

// actionsFailing are the actions of the calls that fail in a way: every other one of
// them all, in an order that is drawn, and the rest in the next way.
func actionsFailing(way int, calls []awssim.Call) []string {
	var actions []string
	for _, call := range calls {
		actions = append(actions, call.Action)
	}
	slices.Sort(actions)
	actions = slices.Compact(actions)
	if os.Getenv("PORTICO_CALLS") == "all" {
		return actions
	}
	var drawn []string
	for i, at := range rand.New(rand.NewPCG(*seed, 0)).Perm(len(actions)) {
		if i%2 == way%2 {
			drawn = append(drawn, actions[at])
		}
	}
	return drawn
}

func TestEachCallFailsInTwoWaysOrInAll(t *testing.T) {
	calls := []awssim.Call{{Action: "ec2:CreateVpc"}, {Action: "iam:CreateRole"}, {Action: "ec2:CreateVpc"}, {Action: "acm:RequestCertificate"}}
	for asked, want := range map[string]int{"": 2, "all": len(faultKinds)} {
		t.Setenv("PORTICO_CALLS", asked)
		ways := map[string]int{}
		for way := range faultKinds {
			for _, action := range actionsFailing(way, calls) {
				ways[action]++
			}
		}
		require.Equal(t, map[string]int{"acm:RequestCertificate": want, "ec2:CreateVpc": want, "iam:CreateRole": want}, ways, asked)
	}
}

// inject has each resource's first call of each of the actions fail.
func (e *simulatedEnvironment) inject(kind awssim.FaultKind, times int, actions []string) {
	for _, action := range actions {
		e.Inject(awssim.Fault{Action: action, Kind: kind, Times: times, Each: true})
	}
}

// until repeats an operation until it succeeds, as a patient user does.
func (e *simulatedEnvironment) until(run verb) {
	e.t.Helper()
	const patience = 120
	for round := 1; ; round++ {
		e.log.say(fmt.Sprintf("round %d", round))
		_, err := run(e.env, e.t.Context())
		if err == nil {
			e.t.Logf("done in round %d", round)
			return
		}
		e.log.say(err.Error())
		require.Less(e.t, round, patience, "no end of failures: %v%s", err, e.log)
	}
}
