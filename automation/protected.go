package automation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"golang.org/x/sync/errgroup"
)

// loadBalancerType is the type of what AWS refuses to delete while it has deletion
// protection. The engine learns that when it has deleted everything that uses it.
const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer"

// undeletable is a resource that a destroy would stop at.
type undeletable struct {
	urn string
	// byAWS reports that it has deletion protection; else the stack's state
	// protects it.
	byAWS bool
}

// undeletable are the resources of a state that a destroy would stop at, in the
// state's order.
func (d *deployment) undeletable() []undeletable {
	var found []undeletable
	for _, v := range d.resources() {
		r, _ := v.(map[string]any)
		urn, _ := r["urn"].(string)
		protected, _ := r["protect"].(bool)
		outputs, _ := r["outputs"].(map[string]any)
		byAWS, _ := outputs["enableDeletionProtection"].(bool)
		switch {
		case protected:
			found = append(found, undeletable{urn: urn})
		case byAWS && r["type"] == loadBalancerType:
			found = append(found, undeletable{urn: urn, byAWS: true})
		}
	}
	return found
}

// describe says why the resource can't be deleted, and what to do.
func (u undeletable) describe(environment string, s Stack, dir string) string {
	name := resourceName(u.urn)
	if name == "" {
		name = "the stack"
	}
	if u.byAWS {
		return fmt.Sprintf("%s has deletion protection: set portico:loadBalancer.deletionProtection: false, run portico up --env %s, and destroy then", name, environment)
	}
	return fmt.Sprintf("%s is protected: to let it go, run pulumi -C %s state unprotect '%s' -s %s", name, dir, u.urn, s.Name)
}

// refuseUndeletable previews the destroy of all stacks before anything of any is
// deleted. The results are nil where nothing is in the way.
func (r *run) refuseUndeletable(ctx context.Context) []Result {
	stacks := append(append([]Stack{}, r.Providers...), r.Shared)
	results := make([]Result, len(stacks))
	var group errgroup.Group
	if group.SetLimit(DefaultParallel); r.Parallel > 0 {
		group.SetLimit(r.Parallel)
	}
	for i, s := range stacks {
		results[i] = Result{Name: s.Name, Account: s.Account}
		group.Go(func() error {
			if err := r.checkDeletable(ctx, s); err != nil {
				results[i] = r.fail(results[i], err)
			}
			return nil
		})
	}
	_ = group.Wait() // always nil: results holds the errors
	if failures(results) == 0 {
		return nil
	}
	for i, s := range stacks {
		if results[i].Err == nil {
			results[i] = r.skip(s, "another stack can't be destroyed, and nothing was deleted")
		}
	}
	return results
}

// checkDeletable is an error that names everything that a destroy of the stack would
// stop at: what the engine's preview of it reports, the load balancers that AWS
// would refuse to delete, of which the engine knows nothing, and associations of other
// accounts with custom domains. The engine says of a protected resource no more than
// that, and the state what to run.
func (r *run) checkDeletable(ctx context.Context, s Stack) error {
	note := func(text string) { r.send(Event{Stack: s.Name, Kind: Note, Text: text}) }
	var found []undeletable
	var domains map[string]string
	var problems []string
	err := r.readably(ctx, s, note, func() error {
		stack, err := r.open(ctx, s)
		if err != nil {
			return err
		}
		found, domains = stack.state.undeletable(), stack.state.domains()
		problems, err = r.previewDestroy(ctx, stack, s, found)
		return err
	})
	switch {
	case errors.Is(err, errNoStack):
		return nil
	case ctx.Err() != nil:
		return &stackError{"interrupted: nothing was deleted", ctx.Err()}
	case err != nil:
		return fmt.Errorf("preview the destroy: %s", printed(err))
	}
	associated := r.checkAssociations(ctx, s, domains, note)
	if len(found)+len(problems) == 0 && associated == nil {
		return nil
	}
	dir := r.projectOf(s.Name)
	if s.Name == r.Shared.Name {
		dir = "."
	}
	lines := append([]string{"nothing was deleted"}, problems...)
	for _, u := range found {
		lines = append(lines, u.describe(r.Name, s, dir))
	}
	if associated != nil {
		lines = append(lines, associated.Error())
	}
	return errors.New(strings.Join(lines, "\n  "))
}

// previewsDestroy is the first version of the CLI that previews a destroy
// (https://github.com/pulumi/pulumi/releases/tag/v3.105.0).
var previewsDestroy = semver.Version{Major: 3, Minor: 105}

// previewDestroy has the engine preview the destroy of a stack, and returns what it
// reports beside the resources that were found already.
func (r *run) previewDestroy(ctx context.Context, stack *openStack, s Stack, found []undeletable) ([]string, error) {
	if r.command.Version().LT(previewsDestroy) {
		return nil, nil
	}
	var errorsOf []apitype.DiagnosticEvent
	w := &watch{stack: s.Name, begin: time.Now(), done: map[string]bool{}, refused: map[string]bool{}}
	w.send = func(e Event) {
		if e.Kind == Working {
			r.send(e)
		}
	}
	w.onError = func(d apitype.DiagnosticEvent) { errorsOf = append(errorsOf, d) }
	err := w.follow(func(ch chan<- events.EngineEvent) error {
		_, err := stack.PreviewDestroy(ctx, optdestroy.EventStreams(ch), optdestroy.UserAgent(userAgent), optdestroy.SuppressProgress())
		return err
	})
	var problems []string
	for i, d := range errorsOf {
		known := slices.ContainsFunc(found, func(u undeletable) bool { return u.urn == d.URN || strings.Contains(d.Message, u.urn) })
		if !known && !ended.MatchString(w.problems[i]) {
			problems = append(problems, w.problems[i])
		}
	}
	if len(problems)+len(found) > 0 {
		err = nil // they are the error
	}
	return problems, err
}
