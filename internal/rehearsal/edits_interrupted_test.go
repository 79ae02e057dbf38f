package rehearsal

import (
	"context"
	"errors"
	"sync/atomic"

	"pgregory.net/rapid"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

// interruption is where an update ends that is interrupted.
type interruption struct {
	// Step is the number of the run of a stack, or of the wait, at which it ends: 1 is the
	// first; 0: it comes to its end. The real engine's update ends at a wait.
	Step int `yaml:"step,omitempty"`
	// Call is the API call of that run which fails; 0: the run doesn't begin. The real
	// engine is told to end after a call of the whole update: the calls that change
	// something count.
	Call int `yaml:"call,omitempty"`
}

// errInterrupted is what an update returns that was interrupted.
var errInterrupted = errors.New("interrupted")

// drawnInterruptions end one of three updates.
var drawnInterruptions = rapid.Custom(func(t *rapid.T) interruption {
	if rapid.IntRange(0, 2).Draw(t, "interrupted") != 0 {
		return interruption{}
	}
	const mostSteps, mostCalls = 9, 80
	return interruption{
		Step: rapid.IntRange(1, mostSteps).Draw(t, "step"),
		Call: rapid.SampledFrom([]int{0, 1, mostCalls / 4, mostCalls / 2, mostCalls}).Draw(t, "call"),
	}
})

// interrupts counts a step of the update, and reports whether it ends here. A run of which
// a call is to fail begins, and nothing after it.
func (s *editedStacks) interrupts() bool {
	s.steps++
	switch {
	case s.stop.Step == 0 || s.steps < s.stop.Step:
		return false
	case s.steps == s.stop.Step && s.stop.Call > 0:
		s.accounts.Inject(awssim.Fault{Action: "*", Kind: awssim.Denial, Nth: s.stop.Call})
		s.interrupted = true
		return false
	}
	s.interrupted = true
	return true
}

// upByEngine has the real engine bring the environment up, and interrupts it as a signal
// does.
func (e *edited) upByEngine(environment *automation.Environment, stop interruption) error {
	ctx, cancel := context.WithCancel(e.t.Context())
	defer cancel()
	var waits, calls atomic.Int64
	e.beforeWait = func() error {
		if int(waits.Add(1)) == stop.Step {
			cancel()
		}
		return ctx.Err()
	}
	e.afterCall = func() {
		if int(calls.Add(1)) == stop.Call {
			cancel()
		}
	}
	defer func() { e.beforeWait, e.afterCall = nil, nil }()
	_, err := environment.Up(ctx)
	if ctx.Err() != nil && err != nil {
		return errInterrupted
	}
	return err
}
