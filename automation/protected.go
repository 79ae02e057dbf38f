package automation

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// refuseProtected looks for resources that a destroy would stop at, in all stacks
// before anything of any is deleted. The results are nil where there are none.
func (r *run) refuseProtected(ctx context.Context) []Result {
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

// checkDeletable is an error that names every resource of a stack that a destroy
// would stop at.
func (r *run) checkDeletable(ctx context.Context, s Stack) error {
	note := func(text string) { r.send(Event{Stack: s.Name, Kind: Note, Text: text}) }
	var found []undeletable
	err := r.readably(ctx, s, note, func() error {
		stack, err := r.open(ctx, s)
		if err == nil {
			found = stack.state.undeletable()
		}
		return err
	})
	switch {
	case errors.Is(err, errNoStack):
		return nil
	case ctx.Err() != nil:
		return &stackError{"interrupted: nothing was deleted", ctx.Err()}
	case err != nil:
		return fmt.Errorf("look for protected resources: %s", printed(err))
	case len(found) == 0:
		return nil
	}
	dir := r.projectOf(s.Name)
	if s.Name == r.Shared.Name {
		dir = "."
	}
	lines := []string{"nothing was deleted"}
	for _, u := range found {
		lines = append(lines, u.describe(r.Name, s, dir))
	}
	return errors.New(strings.Join(lines, "\n  "))
}
