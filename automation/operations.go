package automation

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"golang.org/x/sync/errgroup"
)

// Up creates and updates what the stacks describe: the shared stack, then the
// provider accounts' side by side, but for those of which nothing has changed. If the
// shared stack fails, the provider stacks are not run, since they read its outputs. Where hosts change their
// front door, further phases follow, until no host waits for one. Between them
// lie Settle and Provision, so that no request fails.
func (e *Environment) Up(ctx context.Context) (*Report, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	r, err := e.prepare(up)
	if err != nil {
		return nil, err
	}
	if refused := r.previewFirst(ctx); refused != nil {
		return r.report(refused)
	}
	results := r.sharedFirst(ctx, func(shared Result) []Result {
		if interrupted := r.awaitTasks(ctx, shared); interrupted != nil {
			return interrupted
		}
		return r.changedOnly(ctx, shared.reported)
	})
	if results[0].Err == nil {
		results = r.goOn(ctx, results)
	}
	report, err := r.report(results)
	report.Ahead = results[0].ahead
	return report, err
}

// Preview reports what Up would do in its first pass, and what other phases it
// would have. It goes on after a stack's failure, and the error has what all stacks
// would meet. Provider stacks of an environment that was never deployed can't be
// previewed, since they read the shared stack's outputs: their Questions are asked.
func (e *Environment) Preview(ctx context.Context) (*Report, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	r, err := e.prepare(preview)
	if err != nil {
		return nil, err
	}
	results := []Result{r.stack(ctx, r.reading(r.Shared))}
	if r.wasDeployed(ctx, results[0]) {
		results = append(results, r.changedOnly(ctx, known(results[0].previewed))...)
	} else {
		asked := r.ask(ctx, nil)
		r.skipOthers(asked, fmt.Sprintf("%s was never deployed to its end, and this stack reads its outputs", r.Shared.Name))
		results = append(results, asked...)
	}
	report, err := r.report(onlyOnce(results))
	report.Ahead = r.ahead(results[0].previewed)
	return report, err
}

// Refresh reads the real resources' state into the stacks' state.
func (e *Environment) Refresh(ctx context.Context) (*Report, error) {
	r, err := e.prepare(refresh)
	if err != nil {
		return nil, err
	}
	return r.report(r.sharedFirst(ctx, func(Result) []Result { return r.sideBySide(ctx, r.Providers) }))
}

// Destroy deletes what the stacks hold: the provider accounts' side by side,
// then the shared stack's. If a provider stack fails, the shared stack is kept:
// the account still relies on it. Before all that the shared stack lets go of
// the provider accounts' private custom domains, which couldn't be deleted
// otherwise; if it can't, nothing more is destroyed. Where a resource of any stack
// is protected, or a load balancer has deletion protection, nothing is deleted.
// Before a provider stack is destroyed, its program Retired takes Portico's
// statements out of the policies, which outlast the stack.
func (e *Environment) Destroy(ctx context.Context) (*Report, error) {
	r, err := e.prepare(destroy)
	if err != nil {
		return nil, err
	}
	if refused := r.refuseUndeletable(ctx); refused != nil {
		return r.report(refused)
	}
	released := r.release(ctx)
	if released.Err != nil {
		var results []Result
		for _, s := range r.Providers {
			results = append(results, r.skip(s, fmt.Sprintf("%s could not let go of the custom domains", r.Shared.Name)))
		}
		return r.report(append(results, released))
	}
	results, commands := r.destroyProviders(ctx)
	var shared Result
	if n := failures(results); n > 0 {
		shared = r.skip(e.Shared, fmt.Sprintf("%d of the provider accounts' stacks could not be destroyed and still rely on it", n))
	} else {
		shared = r.stack(ctx, e.Shared)
	}
	report, err := r.report(append(results, released.and(shared)))
	report.Commands = commands
	return report, err
}

// Cancel takes the locks of all stacks away, as `pulumi cancel` does: of runs
// that died, for it stops no run that lives, on a self-managed backend.
func (e *Environment) Cancel(ctx context.Context) error {
	r, err := e.prepare(operation{verb: "cancel"})
	if err != nil {
		return err
	}
	var wrong []error
	for _, s := range append([]Stack{e.Shared}, e.Providers...) {
		note := func(text string) { r.send(Event{Stack: s.Name, Kind: Note, Text: text}) }
		err := r.readably(ctx, s, note, func() error {
			workspace, err := r.workspace(ctx, s)
			if err != nil {
				return err
			}
			stack, err := auto.SelectStack(ctx, s.Name, workspace)
			if err == nil {
				err = stack.Cancel(ctx)
			}
			return orNoStack(err)
		})
		if err != nil && !errors.Is(err, errNoStack) {
			wrong = append(wrong, fmt.Errorf("cancel %s: %s", s.Name, printed(err)))
		}
	}
	return errors.Join(wrong...)
}

// sharedFirst runs the shared stack and, unless that fails, the provider stacks.
func (r *run) sharedFirst(ctx context.Context, providers func(shared Result) []Result) []Result {
	shared := r.stack(ctx, r.reading(r.Shared))
	if shared.Err == nil {
		return append([]Result{shared}, providers(shared)...)
	}
	results := []Result{shared}
	for _, s := range r.Providers {
		results = append(results, r.skip(s, fmt.Sprintf("%s %s failed, and this stack reads its outputs", r.op.verb, shared.Name)))
	}
	return results
}

// run is one operation on an environment.
type run struct {
	*Environment
	op      operation
	command auto.PulumiCommand

	// last are the provider stacks' last runs; nil where nothing asks for them.
	last *lastRuns
	// earlier is what an up knows of the one before.
	earlier earlier

	// projects has *workspace.Project by path.
	projects *sync.Map

	telling *sync.Mutex
	// opening serialises what writes the user's workspace files: creating stacks of
	// one project from several goroutines would race.
	opening sync.Mutex
}

// check reports mistakes in the settings of all stacks at once. The stacks' own
// programs would report them one stack after another, when others are deployed.
func (e *Environment) check() error {
	if e.Check == nil {
		return nil
	}
	if err := e.Check(); err != nil {
		return fmt.Errorf("environment %s has mistakes, and nothing was run:\n%w", e.Name, err)
	}
	return nil
}

func (e *Environment) prepare(op operation) (*run, error) {
	r := &run{Environment: e, op: op, command: e.Command, projects: new(sync.Map), telling: new(sync.Mutex)}
	if e.Digests != nil && (op.verb == up.verb || op.verb == preview.verb) {
		r.last = new(lastRuns)
	}
	if r.command == nil {
		command, err := FindCommand(besideExecutable(), filepath.Join(e.Shared.Dir, "bin"))
		if err != nil {
			return nil, err
		}
		r.command = command
	}
	return r, nil
}

// sideBySide runs provider stacks, a bounded number at a time. Every one is
// run, whatever becomes of the others.
func (r *run) sideBySide(ctx context.Context, stacks []Stack) []Result {
	return r.eachSideBySide(stacks, func(_ int, s Stack) Result { return r.stack(ctx, s) })
}

func (r *run) eachSideBySide(stacks []Stack, run func(int, Stack) Result) []Result {
	results := make([]Result, len(stacks))
	var group errgroup.Group
	if group.SetLimit(DefaultParallel); r.Parallel > 0 {
		group.SetLimit(r.Parallel)
	}
	for i, s := range stacks {
		group.Go(func() error {
			results[i] = run(i, s)
			return nil
		})
	}
	_ = group.Wait() // always nil: results holds the errors
	return results
}

func (r *run) skip(s Stack, reason string) Result {
	r.send(Event{Stack: s.Name, Kind: Skipped, Text: "not run: " + reason})
	return Result{Name: s.Name, Account: s.Account, Skipped: reason}
}

// send passes an event on, one at a time.
func (r *run) send(e Event) {
	if r.Progress == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.Progress(e)
}

// report puts the results together; the error is a *OperationError if a stack failed.
func (r *run) report(results []Result) (*Report, error) {
	report := &Report{Stacks: results}
	if failures(results) == 0 {
		return report, nil
	}
	return report, &OperationError{Operation: r.op.verb, Report: report, Again: r.again(results)}
}

// again are the commands that run what failed, and what waited for it.
func (r *run) again(results []Result) []string {
	var commands []string
	for _, s := range results {
		switch {
		case s.Name == r.Shared.Name && (s.Err != nil || s.Skipped != ""):
			// Every stack has to be run: the shared one takes part.
			return []string{strings.Join(append([]string{"portico", r.op.verb, "--env", r.Name}, r.AgainFlags...), " ")}
		case s.Err != nil:
			commands = append(commands, fmt.Sprintf("pulumi -C %s %s -s %s", r.projectOf(s.Name), r.op.verb, s.Name))
		}
	}
	return commands
}

// projectOf is the directory of a provider stack's project, as one would type
// it in the shared project's directory.
func (r *run) projectOf(name string) string {
	for _, s := range r.Providers {
		if s.Name != name {
			continue
		}
		if rel, err := filepath.Rel(r.Shared.Dir, s.Dir); err == nil {
			return filepath.ToSlash(rel)
		}
		return s.Dir
	}
	return ProviderProject
}

func failures(results []Result) int {
	n := 0
	for _, s := range results {
		if s.Err != nil {
			n++
		}
	}
	return n
}
