package lifecycle

import (
	"fmt"
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

// TestEveryCallMayFail has the API calls of an up and of a destroy fail, in each
// way: each resource's first call of each action. The operation is repeated with
// nothing in between until it succeeds.
func TestEveryCallMayFail(t *testing.T) {
	slowly(t)
	t.Parallel()
	b := newInitialStates(t, smallProject(), ordersSetup)
	for _, fault := range faultKinds {
		t.Run("up with "+fault.name, func(t *testing.T) {
			t.Parallel()
			e := b.start(t, b.empty)
			e.inject(fault.kind, fault.times, b.upCalls)
			e.until((*automation.Environment).Up)
			require.Empty(t, e.disagreements(b.before), e.log)
			requireOwnersResources(e)
		})
		t.Run("destroy with "+fault.name, func(t *testing.T) {
			t.Parallel()
			e := b.start(t, b.full)
			e.inject(fault.kind, fault.times, b.downCalls)
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

// inject has each resource's first call of each of the calls' actions fail.
func (e *simulatedEnvironment) inject(kind awssim.FaultKind, times int, calls []awssim.Call) {
	injected := map[string]bool{}
	for _, call := range calls {
		if !injected[call.Action] {
			injected[call.Action] = true
			e.Inject(awssim.Fault{Action: call.Action, Kind: kind, Times: times, Each: true})
		}
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
