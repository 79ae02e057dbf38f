package automation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
)

// An up may begin where an earlier one was interrupted, or left the rest to the next. Its
// first pass then does what would have come after a wait, so it waits the rest first.

// earlier is what an up knows of the one before.
type earlier struct {
	// ran is when the shared stack's state was written.
	ran time.Time
	// switches reports that the first run of the shared stack leads requests to other
	// targets.
	switches bool
	// providers are what the provider stacks reported; nil: nothing asked for it.
	providers []migration.Provider
}

// awaitEarlier waits, before a first run of the shared stack, for what the run depends
// on: it moves the names of hosts that were associated, removes the earlier front door of
// those that moved, and leads requests to targets that an account has just admitted.
func (r *run) awaitEarlier(ctx context.Context, state *deployment) error {
	if r.Settle <= 0 && r.Provision <= 0 {
		return nil
	}
	shared, ran := state.reported()
	r.earlier.ran = ran
	plan := migration.New(nil, shared, nil).Reported()
	left := pauses(plan.WaitsLeft(r.pace()), time.Since(ran))
	if shared != nil && len(migration.Unsettled(shared.Served))+len(plan.Hosts(outputs.PendingProvider)) > 0 {
		providers, deployed, err := r.readProviders(ctx)
		if err != nil {
			return err
		}
		before := migration.New(migration.ReportedBy(shared.FrontDoors), shared, providers)
		r.earlier.providers, r.earlier.switches = providers, len(before.NextRun().Switches) > 0
		ofDeployments := slices.DeleteFunc(before.Waits(r.pace()), func(wait migration.Wait) bool {
			return wait.Cause != migration.ForDeployment && wait.Cause != migration.ForAdmission
		})
		left = append(left, pauses(ofDeployments, time.Since(deployed))...)
	}
	return r.wait(ctx, left)
}

// awaitTasks waits, before a first run of the provider stacks, until the tasks that the
// shared stack has replaced answer no more: their policies cease to admit the former
// targets. The results are the provider stacks', if the wait is interrupted.
func (r *run) awaitTasks(ctx context.Context, shared Result) []Result {
	since := time.Since(r.earlier.ran)
	if r.earlier.switches {
		since = 0
	} else if since >= r.Settle {
		return nil
	}
	reported, err := outputs.DecodeShared(shared.reported)
	if err != nil || reported.Served == nil {
		return nil // the stacks' own runs report an error
	}
	providers := r.earlier.providers
	if providers == nil {
		if providers, err = r.lastProviders(ctx); err != nil {
			return r.failProviders(err)
		}
	}
	waits := migration.New(migration.ReportedBy(reported.FrontDoors), reported, providers).WaitsToNarrow(r.pace())
	if err := r.wait(ctx, pauses(waits, since)); err != nil {
		return r.failProviders(err)
	}
	return nil
}

func (r *run) failProviders(err error) []Result {
	var results []Result
	for _, s := range r.Providers {
		results = append(results, r.fail(Result{Name: s.Name, Account: s.Account}, err))
	}
	return results
}

// lastProviders are what the provider stacks reported last, without their states where
// those are known already.
func (r *run) lastProviders(ctx context.Context) ([]migration.Provider, error) {
	if r.last == nil || !r.last.read {
		providers, _, err := r.readProviders(ctx)
		return providers, err
	}
	var providers []migration.Provider
	for _, s := range r.Providers {
		if last := r.last.of[s.Name]; last != nil {
			providers = append(providers, migration.Provider{Stack: s.Name, Outputs: last.reported})
		}
	}
	return providers, nil
}

// readProviders reads the states of the provider stacks: what they reported last, and when
// the last of them was written that admits a row or has provisioned one. A stack that
// doesn't exist has reported nothing.
func (r *run) readProviders(ctx context.Context) (providers []migration.Provider, written time.Time, err error) {
	found := make([]migration.Provider, len(r.Providers))
	var latest sync.Mutex
	var group errgroup.Group
	group.SetLimit(DefaultParallel)
	for i, s := range r.Providers {
		found[i].Stack = s.Name
		group.Go(func() error {
			state, err := r.stateOf(ctx, s)
			if errors.Is(err, errNoStack) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read the state of stack %s: %w", s.Name, err)
			}
			if found[i].Outputs, err = outputs.DecodeProvider(state.outputs()); err != nil {
				found[i].Outputs = nil // the stack's own run reports it
				return nil
			}
			latest.Lock()
			defer latest.Unlock()
			if at := state.written(); at.After(written) {
				written = at
			}
			return nil
		})
	}
	err = group.Wait()
	return found, written, err
}

// reported is what the shared stack's last update reported, and when the state was
// written; nil: nothing, or outputs of another contract, which are the program's to check.
func (d *deployment) reported() (*outputs.Shared, time.Time) {
	values := d.outputs()
	shared, err := outputs.DecodeShared(values)
	if err != nil {
		if shared, err = outputs.DecodeStates(values); err != nil {
			shared = nil
		}
	}
	return shared, d.written()
}

// written is when the state was; now, if it doesn't say.
func (d *deployment) written() time.Time {
	manifest, _ := d.whole["manifest"].(map[string]any)
	text, _ := manifest["time"].(string)
	written, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Now()
	}
	return written
}
