package rehearsal

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// ageEvery is how often a follower lets time pass in the accounts.
const ageEvery = 100 * time.Millisecond

// follower keeps a live path as the simulated accounts are, and lets their time
// pass.
type follower struct {
	simulator      *awssim.Simulator
	shared, region string
	path           *live.Path
	// pace is how long a second of the accounts is in real time, in seconds: 0.01.
	pace float64
	// failed is told why the path could not become what the accounts are.
	failed func(error)

	// following is held while the path becomes what the accounts are.
	following   sync.Mutex
	environment *live.Environment
	clients     workloads
}

// follow lets the path take each step that the accounts take, before the engine
// hears of it, and lets time pass, until the context ends and wait has been called.
func (f *follower) follow(ctx context.Context) (wait func()) {
	f.simulator.OnCall(func(call awssim.Call) {
		if changes(call.Action) {
			f.update(ctx)
		}
	})
	var aging sync.WaitGroup
	aging.Go(func() { f.age(ctx) })
	return func() {
		aging.Wait()
		f.simulator.OnCall(nil)
	}
}

// changes reports whether an API action may change anything.
func changes(action string) bool {
	_, verb, _ := strings.Cut(action, ":")
	for _, reading := range []string{"Get", "List", "Describe", "GET"} {
		if strings.HasPrefix(verb, reading) {
			return false
		}
	}
	return true
}

// update makes the path what the accounts are now.
func (f *follower) update(ctx context.Context) {
	f.following.Lock()
	defer f.following.Unlock()
	environment, clients, err := environmentOf(f.simulator, f.shared, f.region)
	if err == nil {
		f.environment, f.clients = environment, clients
		err = f.path.Update(ctx, *environment)
	}
	if err != nil && ctx.Err() == nil {
		f.failed(fmt.Errorf("follow the accounts: %w", err))
	}
}

// now is what the path was last made.
func (f *follower) now() (*live.Environment, workloads) {
	f.following.Lock()
	defer f.following.Unlock()
	return f.environment, f.clients
}

// simulated is how much time passes in the accounts in a real one.
func (f *follower) simulated(d time.Duration) time.Duration {
	return time.Duration(float64(d) / f.pace)
}

// age lets time pass in the accounts, for what API Gateway provisions over time.
func (f *follower) age(ctx context.Context) {
	ticker := time.NewTicker(ageEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		waiting := provisioning(f.simulator, f.region) > 0
		if err := f.simulator.Pass(f.simulated(ageEvery)); err != nil {
			f.failed(err)
		}
		if waiting {
			f.update(ctx)
		}
	}
}

// sleep waits until a time has passed in the accounts, or returns the context's
// error.
func (f *follower) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(time.Duration(float64(d) * f.pace))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
