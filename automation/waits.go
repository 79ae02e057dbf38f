package automation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/migration"
)

// waitReported is how often a wait between two phases is reported.
const waitReported = time.Second

// pause is why Up waits before it runs the shared stack again. The texts are
// parts of sentences.
type pause struct {
	lasts time.Duration
	// what has to come about, who it depends on, how things are meanwhile, and
	// what the next run does.
	what, on, meanwhile, next string
}

// pauses are the waits that are left, so long after the last run of the shared
// stack.
func pauses(waits []migration.Wait, since time.Duration) []pause {
	var due []pause
	for _, wait := range waits {
		p := wording[wait.Cause]
		p.what, p.lasts = fmt.Sprintf(p.what, list(wait.Hosts)), wait.Lasts-since
		if p.lasts > 0 {
			due = append(due, p)
		}
	}
	return due
}

// wording has the texts of each wait's pause.
var wording = map[migration.Cause]pause{
	migration.ForClients: {
		what: "clients may hold the old answer for %s", on: "clients",
		meanwhile: "both front doors are up", next: "the next run removes the earlier one",
	},
	migration.ForAssociation: {
		what: "API Gateway provisions the access association of %s", on: "API Gateway",
		meanwhile: "the name stays where it is", next: "the next run moves it",
	},
	migration.ForDeployment: {
		what: "what has just been deployed for %s comes into effect", on: "API Gateway",
		meanwhile: "no name leads there yet", next: "the next run leads it there",
	},
	migration.ForAdmission: {
		what: "what has just been deployed for %s comes into effect", on: "API Gateway",
		meanwhile: "requests go where they went", next: "the next run leads them to the new targets",
	},
	migration.ForTasks: {
		what: "the proxy's replaced tasks answer the last requests of %s", on: "the proxy",
		meanwhile: "the policies admit both targets", next: "the next run takes the former ones out",
	},
}

// wait waits as long as the longest pause, and reports the while.
func (r *run) wait(ctx context.Context, pauses []pause) error {
	if len(pauses) == 0 {
		return nil
	}
	longest := pauses[0]
	var reasons []string
	for _, p := range pauses {
		reasons = append(reasons, p.what+", and "+p.meanwhile)
		if p.lasts > longest.lasts {
			longest = p
		}
	}
	r.send(Event{Stack: r.Shared.Name, Kind: Note, Text: fmt.Sprintf("waiting %s: %s", longest.lasts.Round(time.Second), strings.Join(reasons, "; "))})
	done := make(chan error, 1)
	go func() { done <- r.sleep(ctx, longest.lasts) }()
	begin := time.Now()
	tick := time.NewTicker(waitReported)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return interruptedIn(pauses, err)
			}
			return nil
		case <-tick.C:
			r.send(Event{Stack: r.Shared.Name, Kind: Settling, Elapsed: time.Since(begin), Text: "waiting for " + longest.on})
		}
	}
}

// sleep waits as the environment does, or returns the context's error.
func (r *run) sleep(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, d)
	}
	return sleepReally(ctx, d)
}

func sleepReally(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func interruptedIn(pauses []pause, err error) error {
	var left []string
	for _, p := range pauses {
		left = append(left, fmt.Sprintf("while %s: %s, and %s", p.what, p.meanwhile, p.next))
	}
	return &stackError{"interrupted " + strings.Join(left, "; "), err}
}

// outputs are the stack's; nil where there are none.
func (d *deployment) outputs() map[string]any {
	for _, v := range d.resources() {
		resource, _ := v.(map[string]any)
		if resource["type"] == stackType {
			outputs, _ := resource["outputs"].(map[string]any)
			return outputs
		}
	}
	return nil
}
