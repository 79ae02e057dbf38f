package migration

import (
	"context"
	"errors"
	"maps"
	"reflect"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// Stacks are an environment's stacks, as its driver runs them.
type Stacks interface {
	// State is the state by what the stacks have last reported.
	State() (*State, error)
	// Wait waits as long as the longest of the waits, each of which is from the last run
	// of the shared stack on.
	Wait(waits []Wait) error
	// RunShared runs the shared stack again, for what is next. It reports whether the run
	// succeeded.
	RunShared(next Run) bool
	// RunProviders runs some of the provider stacks once more, but for those that have
	// failed.
	RunProviders(stacks []string, because Reasons)
}

// Reasons are why provider stacks run once more.
type Reasons struct {
	// Moved: hosts have left a front door that the policies still admit.
	Moved bool
	// Wide: the policies admit targets to which the proxy leads no requests any more.
	Wide bool
	// LettingGo: they keep APIs to which no row leads any more.
	LettingGo bool
}

// mostSharedRuns bounds how often the shared stack runs again. A host needs three
// runs, and hosts that were provisioned in different runs one more.
const mostSharedRuns = 5

// GoOn runs the phases of an update that follow its first pass over all stacks, until
// no host and no row waits for a step but for those that owners have to take. It
// returns the state after the last run of the shared stack; nil if that has failed.
func GoOn(ctx context.Context, stacks Stacks, pace Pace) (*State, error) {
	state, err := stacks.State()
	if err != nil {
		return nil, err
	}
	var switched []mapping.Host
	for range mostSharedRuns {
		next := state.NextRun()
		if next.Empty() || ctx.Err() != nil || len(state.Held().Hosts) > 0 {
			break
		}
		if err := stacks.Wait(state.Waits(pace)); err != nil {
			return nil, err
		}
		if !stacks.RunShared(next) {
			return nil, nil
		}
		switched = append(switched, next.Switches...)
		before, served := state.Reported(), state.Served()
		if state, err = stacks.State(); err != nil {
			return nil, err
		}
		if maps.EqualFunc(before, state.Reported(), outputs.HostState.Equal) && reflect.DeepEqual(served, state.Served()) {
			break
		}
	}
	return state, errors.Join(runOutdated(ctx, stacks, pace, state, switched), narrowEndpoints(ctx, stacks))
}

// narrowEndpoints runs the shared stack once more where policies of its endpoints have APIs
// to which no row leads any more. It comes last: tasks that were replaced send to these for
// as long as the policies of the APIs admit it.
func narrowEndpoints(ctx context.Context, stacks Stacks) error {
	state, err := stacks.State()
	if err != nil || !state.wide || ctx.Err() != nil {
		return err
	}
	stacks.RunShared(Run{Narrows: true})
	return nil
}

// runOutdated runs the provider stacks once more that still admit a front door which a
// host has left, or a target to which the proxy leads no requests any more; and then
// those that keep APIs without rows. The hosts are those whose requests have just been
// led elsewhere.
func runOutdated(ctx context.Context, stacks Stacks, pace Pace, state *State, switched []mapping.Host) error {
	moved, wide := state.Outdated(state.Reported()), state.Wide(state.Served())
	if len(wide) > 0 {
		if err := stacks.Wait(WaitToNarrow(pace, switched)); err != nil {
			return err
		}
	}
	if ctx.Err() == nil {
		stacks.RunProviders(append(moved, wide...), Reasons{Moved: len(moved) > 0, Wide: len(wide) > 0})
	}
	last, err := stacks.State()
	if err != nil {
		return err
	}
	if ctx.Err() == nil {
		stacks.RunProviders(last.LettingGo(), Reasons{LettingGo: true})
	}
	return nil
}
