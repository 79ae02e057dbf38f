package automation

import (
	"context"
	"errors"
	"fmt"
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
	// run runs the operation, closes the channel after the last event, and
	// returns the stack's outputs where the operation reads them.
	run func(context.Context, *auto.Stack, chan<- events.EngineEvent) (auto.OutputMap, error)
}

// userAgent names the driver in the backend's history of updates.
const userAgent = "portico"

var (
	up = operation{verb: "up", creates: true, run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) (auto.OutputMap, error) {
		r, err := s.Up(ctx, optup.EventStreams(ch), optup.UserAgent(userAgent), optup.SuppressProgress())
		return r.Outputs, err
	}}
	preview = operation{verb: "preview", creates: true, run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) (auto.OutputMap, error) {
		_, err := s.Preview(ctx, optpreview.EventStreams(ch), optpreview.UserAgent(userAgent), optpreview.SuppressProgress())
		return nil, err
	}}
	refresh = operation{verb: "refresh", run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) (auto.OutputMap, error) {
		_, err := s.Refresh(ctx, optrefresh.EventStreams(ch), optrefresh.UserAgent(userAgent), optrefresh.SuppressProgress(), optrefresh.ClearPendingCreates())
		return nil, err
	}}
	destroy = operation{verb: "destroy", run: func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) (auto.OutputMap, error) {
		_, err := s.Destroy(ctx, optdestroy.EventStreams(ch), optdestroy.UserAgent(userAgent), optdestroy.SuppressProgress())
		return nil, err
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

// stack runs the operation on one stack and reports how it went.
func (r *run) stack(ctx context.Context, s Stack) Result {
	w := &watch{stack: s.Name, begin: time.Now(), send: r.send, done: map[string]bool{}, refused: map[string]bool{}}
	result := Result{Name: s.Name, Account: s.Account}
	r.send(Event{Stack: s.Name, Kind: Started, Text: r.op.title()})

	var stack *auto.Stack
	err := r.readably(ctx, s, w.note, func() (err error) {
		stack, result.Outputs, err = r.operate(ctx, s, w)
		return err
	})
	if errors.Is(err, errNoStack) {
		return r.skip(s, "the stack does not exist, so there is nothing to "+r.op.verb)
	}
	if err != nil && stack != nil && r.op.verb == up.verb {
		// Also when the run was cancelled.
		if err := r.adoptUnanswered(context.WithoutCancel(ctx), stack, s, w); err != nil {
			w.note("creates that got no answer may have taken effect; a refresh names what they left: " + err.Error())
		}
		w.explainServices(context.WithoutCancel(ctx), stack, s)
	}
	elapsed := time.Since(w.begin)
	result.Seconds = elapsed.Round(time.Millisecond).Seconds()
	result.Changes = changesOf(w.counts)
	if r.op.verb == up.verb {
		result.reported = valuesOf(result.Outputs)
		if err != nil && stack != nil && ctx.Err() == nil {
			result.reported = lastOutputs(ctx, stack)
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
		r.send(Event{Stack: s.Name, Kind: Failed, Elapsed: elapsed, Text: r.op.verb + " failed"})
		return result
	}
	text := result.Changes.String()
	if r.op.verb == preview.verb {
		text = "would be: " + text
	}
	r.send(Event{Stack: s.Name, Kind: Finished, Elapsed: elapsed, Text: text})
	return result
}

// lastOutputs are what other stacks read of a stack whose run has failed: the
// outputs of its last successful run. Nil where they can't be read.
func lastOutputs(ctx context.Context, stack *auto.Stack) map[string]any {
	last, err := stack.Outputs(ctx)
	if err != nil || len(last) == 0 {
		return nil
	}
	return valuesOf(last)
}

// operate opens the stack, reconciles what an earlier run left pending, and runs
// the operation; the stack is nil if it couldn't be opened.
func (r *run) operate(ctx context.Context, s Stack, w *watch) (*auto.Stack, auto.OutputMap, error) {
	stack, err := r.open(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	if r.op.verb != preview.verb {
		if err := r.reconcileFirst(ctx, stack, s, w); err != nil {
			return stack, nil, err
		}
	}
	if r.op.verb == up.verb && r.op.why == "" && s.Name == r.Shared.Name {
		if err := r.awaitEarlier(ctx, stack); err != nil {
			return stack, nil, err
		}
	}
	outputs, err := w.follow(func(ch chan<- events.EngineEvent) (auto.OutputMap, error) {
		return r.op.run(ctx, stack, ch)
	})
	return stack, outputs, err
}

// open selects the stack in its project's directory, so that its own settings
// file is the one that counts, and creates it where the operation does.
func (r *run) open(ctx context.Context, s Stack) (*auto.Stack, error) {
	workspace, err := r.workspace(ctx, s)
	if err != nil {
		return nil, err
	}
	stack, err := r.existing(ctx, s, workspace)
	if !errors.Is(err, errNoStack) || !r.op.creates {
		return stack, err
	}
	r.opening.Lock()
	defer r.opening.Unlock()
	created, err := auto.NewStack(ctx, s.Name, workspace)
	if err != nil {
		return nil, err
	}
	return &created, nil
}

// existing selects a stack that exists; the error is errNoStack if it doesn't.
func (r *run) existing(ctx context.Context, s Stack, workspace auto.Workspace) (*auto.Stack, error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	stack, err := auto.SelectStack(ctx, s.Name, workspace)
	switch {
	case err != nil && auto.IsSelectStack404Error(err):
		return nil, errNoStack
	case err != nil:
		return nil, err
	}
	return &stack, nil
}

// workspace opens a stack's project with its program.
func (r *run) workspace(ctx context.Context, s Stack) (auto.Workspace, error) {
	opts := []auto.LocalWorkspaceOption{
		auto.WorkDir(s.Dir), auto.Program(s.Program), auto.Pulumi(r.command),
	}
	if r.Env != nil {
		opts = append(opts, auto.EnvVars(r.Env))
	}
	workspace, err := auto.NewLocalWorkspace(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("open the project in %s: %w", s.Dir, err)
	}
	return workspace, nil
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
