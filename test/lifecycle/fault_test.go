package lifecycle

import (
	"fmt"
	"regexp"
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
// way: as often as an undisturbed run makes a call that has an effect, so often
// it fails before it succeeds. Calls that only read fail once.
func TestEveryCallMayFail(t *testing.T) {
	if !slow() {
		t.Skip("takes half an hour: run make test-slow, which sets PORTICO_SLOW=1")
	}
	t.Parallel()
	b := begun(t)
	for _, fault := range faultKinds {
		t.Run("up with "+fault.name, func(t *testing.T) {
			t.Parallel()
			e := b.start(t, b.empty)
			e.inject(fault.kind, fault.times, b.upCalls)
			e.until((*automation.Environment).Up)
			require.Empty(t, e.disagreements(b.before), e.log)
			ownersKeep(e)
		})
		t.Run("destroy with "+fault.name, func(t *testing.T) {
			t.Parallel()
			e := b.start(t, b.full)
			e.inject(fault.kind, fault.times, b.downCalls)
			e.until((*automation.Environment).Destroy)
			require.Empty(t, e.disagreements(b.before), e.log)
			ownersKeep(e)
		})
	}
}

var reads = regexp.MustCompile(`:(Describe|Get|List|GET)`)

// TestWhatWasCreatedWithoutAnAnswerIsTakenUp loses the answers of creates that
// begin at once and are found again in different ways, and runs up again with
// nothing in between.
func TestWhatWasCreatedWithoutAnAnswerIsTakenUp(t *testing.T) {
	t.Parallel()
	e := begin(t, smallProject(), ordersWorld())
	before := e.things()
	for _, action := range []string{
		"ec2:CreateVpc", "acm:RequestCertificate", "ecr:CreateRepository", "ecs:CreateCluster", "iam:CreateRole", "logs:CreateLogGroup",
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

// inject has each of the calls fail.
func (e *estate) inject(kind awssim.FaultKind, times int, calls []awssim.Call) {
	count := map[string]int{}
	for _, call := range calls {
		count[call.Action]++
	}
	for action, n := range count {
		if reads.MatchString(action) {
			n = 1
		}
		e.Inject(awssim.Fault{Action: action, Kind: kind, Times: n * times})
	}
}

// until repeats refresh and an operation until the operation succeeds, as a
// patient user does; a refresh that fails is as good as none.
func (e *estate) until(run verb) {
	e.t.Helper()
	const patience = 60
	for round := 1; ; round++ {
		e.log.say(fmt.Sprintf("round %d", round))
		if _, err := e.env.Refresh(e.t.Context()); err != nil {
			e.log.say("refresh: " + err.Error())
		}
		_, err := run(e.env, e.t.Context())
		if err == nil {
			e.t.Logf("done in round %d", round)
			return
		}
		e.log.say(err.Error())
		require.Less(e.t, round, patience, "no end of failures: %v%s", err, e.log)
	}
}
