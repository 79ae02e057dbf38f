package automation

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
)

// operation is one of the engine's verbs.
type operation struct {
	// verb names the operation: "up".
	verb string
	// why says what a phase does that is not the pass over all stacks, as the
	// end of a sentence that begins with the stack; empty for that pass.
	why string
	// creates is set where the operation makes a stack that doesn't exist yet;
	// for the others such a stack is nothing to do.
	creates bool
	// run runs the operation and closes the channel after the last event.
	run func(context.Context, *auto.Stack, chan<- events.EngineEvent) error
}

// userAgent names the driver in the backend's history of updates.
const userAgent = "portico"

var (
	up = operation{verb: "up", creates: true, run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) error {
		_, err := s.Up(ctx, optup.EventStreams(ch), optup.UserAgent(userAgent), optup.SuppressProgress())
		return err
	}}
	preview = operation{verb: "preview", creates: true, run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) error {
		_, err := s.Preview(ctx, optpreview.EventStreams(ch), optpreview.UserAgent(userAgent), optpreview.SuppressProgress())
		return err
	}}
	refresh = operation{verb: "refresh", run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) error {
		_, err := s.Refresh(ctx, optrefresh.EventStreams(ch), optrefresh.UserAgent(userAgent), optrefresh.SuppressProgress(), optrefresh.ClearPendingCreates())
		return err
	}}
	// asking previews programs that ask an account and register nothing. The engine
	// previews the deletion of whatever the stack has too, which counts for nothing.
	asking  = operation{verb: "preview", why: "asks the account what up would meet", creates: true, run: preview.run}
	destroy = operation{verb: "destroy", run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) error {
		_, err := s.Destroy(ctx, optdestroy.EventStreams(ch), optdestroy.UserAgent(userAgent), optdestroy.SuppressProgress())
		return err
	}}
)

// title names the operation, and what its phase does.
func (o operation) title() string {
	if o.why == "" {
		return o.verb
	}
	return o.verb + ": " + o.why
}

// errNoStack says that the backend holds no stack of that name.
var errNoStack = errors.New("the stack does not exist")

// once runs the operation on one stack, once, and reports how it went.
func (r *run) once(ctx context.Context, s Stack) Result {
	w := &watch{stack: s.Name, asks: s.asked != nil, begin: time.Now(), send: r.send, done: map[string]bool{}, refused: map[string]bool{}}
	result := Result{Name: s.Name, Account: s.Account}
	r.send(Event{Stack: s.Name, Kind: Started, Text: r.op.title()})

	var stack *openStack
	err := r.readably(ctx, s, w.note, func() (err error) {
		stack, result.Outputs, err = r.operate(ctx, s, w)
		return err
	})
	if err == nil && r.op.verb == preview.verb && !w.asks {
		for _, notice := range append(w.publications.notices(), s.notices()...) {
			w.note(notice)
		}
		err = r.checkAssociations(ctx, s, w.deletedDomains, w.note)
	}
	if errors.Is(err, errNoStack) {
		return r.skip(s, "the stack does not exist, so there is nothing to "+r.op.verb)
	}
	if s.asked != nil && s.asked() {
		err = nil
	}
	if err != nil && stack != nil && r.op.verb == up.verb {
		// Also when the run was cancelled.
		if err := r.adoptUnanswered(context.WithoutCancel(ctx), stack.Stack, s, w); err != nil {
			w.note("creates that got no answer may have taken effect; a refresh names what they left: " + err.Error())
		}
		w.explainServices(context.WithoutCancel(ctx), stack.Stack, s)
		if !isLocked(err) {
			r.forgetFailed(context.WithoutCancel(ctx), stack, w)
		}
	}
	elapsed := time.Since(w.begin)
	result.Seconds = elapsed.Round(time.Millisecond).Seconds()
	result.Changes = changesOf(w.counts)
	if r.op.verb == up.verb {
		result.reported = valuesOf(result.Outputs)
		if err != nil && stack != nil && ctx.Err() == nil {
			result.reported = stack.lastOutputs(ctx)
		}
	}
	if r.op.verb == preview.verb {
		result.previewed = w.outputs
	}
	result.Phases = []Phase{{What: r.op.why, Changes: result.Changes, Seconds: result.Seconds}}
	if r.op.verb != destroy.verb {
		result.Resources = result.Changes.remaining()
	}
	if err != nil {
		result.Err = w.explain(ctx, s, err)
		if result.waits, result.advice = held(w.problems); len(result.waits) > 0 {
			others := r.checkAssociations(ctx, s, w.deletedDomains, w.note)
			if others == nil && ctx.Err() == nil {
				return result
			}
			result.waits = nil
			result.Err = errors.Join(result.Err, others)
		}
		r.send(Event{Stack: s.Name, Kind: Failed, Elapsed: elapsed, Text: r.op.verb + " failed"})
		return result
	}
	text := result.Changes.String()
	switch {
	case r.op.why == asking.why:
		text = "nothing is in the way"
	case r.op.verb == preview.verb:
		text = "would be: " + text
	}
	r.send(Event{Stack: s.Name, Kind: Finished, Elapsed: elapsed, Text: text})
	return result
}

// operate opens the stack, reconciles what an earlier run left pending, and runs
// the operation; the stack is nil if it couldn't be opened. The outputs are those
// of an up.
func (r *run) operate(ctx context.Context, s Stack, w *watch) (*openStack, auto.OutputMap, error) {
	stack, err := r.open(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	if r.op.verb != preview.verb {
		if err := r.reconcileFirst(ctx, stack, s, w); err != nil {
			return stack, nil, err
		}
	}
	if r.op.verb == up.verb {
		if err := r.readmit(ctx, stack, s, w); err != nil {
			return stack, nil, err
		}
	}
	if r.op.verb == up.verb && r.op.why == "" && s.Name == r.Shared.Name {
		if err := r.awaitEarlier(ctx, stack.state); err != nil {
			return stack, nil, err
		}
	}
	followOf := func(stack *auto.Stack) error {
		return w.follow(func(ch chan<- events.EngineEvent) error { return r.op.run(ctx, stack, ch) })
	}
	follow := func() error { return followOf(stack.Stack) }
	if r.op.verb == refresh.verb {
		return stack, nil, retainDeployments(ctx, stack, w, follow)
	}
	err = follow()
	if r.op.verb == preview.verb && errors.Is(orNoStack(err), errNoStack) {
		created, refused := r.create(ctx, s, stack.cli)
		if refused != nil && ctx.Err() == nil {
			return stack, nil, r.previewAside(ctx, s, w, refused, followOf)
		}
		if stack, err = created, refused; err == nil {
			err = follow()
		}
	}
	if err != nil || r.op.verb != up.verb {
		return stack, nil, err
	}
	outputs, err := stack.outputsAfter(ctx, w)
	return stack, outputs, err
}

// besideExecutable is the directory of the running program: `make build` puts
// portico and the Pulumi CLI side by side.
func besideExecutable() string {
	path, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(path)
}
