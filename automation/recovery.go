package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/portico-iac/portico/internal/aws"
)

// An engine that dies while AWS creates a resource leaves a pending create in
// the stack's state: the resource may exist, and no state has its ID. The
// engine itself either retains such an entry and creates the resource a second
// time, or drops it and leaves an orphan. Portico reconciles it instead: a
// resource that can be found, by a name that the inputs hold or by its tags, is
// adopted into the state; the rest is dropped and created anew.

// pendingCreate is a create whose outcome is unknown, as the state's JSON has the
// resource.
type pendingCreate map[string]any

func (d pendingCreate) text(name string) string { text, _ := d[name].(string); return text }

func (d pendingCreate) inputs() map[string]any {
	inputs, _ := d["inputs"].(map[string]any)
	return inputs
}

// hasTags reports whether the resource is of a type that is found by its tags.
func (d pendingCreate) hasTags() bool { return kinds[d.text("type")] != "" }

func (d pendingCreate) input(name string) string { text, _ := d.inputs()[name].(string); return text }

// reconcile adopts what an earlier run left pending and reports whether there was
// anything. In a refresh it also names orphans, and before a destroy it clears the
// outputs that other stacks rely on.
func (r *run) reconcile(ctx context.Context, stack *openStack, s Stack, w *watch) (bool, error) {
	state := stack.state
	creates := state.pendingCreates()
	cleared := false
	if r.op.verb == destroy.verb {
		forgot := state.forgetRun()
		cleared = state.clearOutputs() || forgot
	}
	if len(creates) == 0 && r.op.verb != refresh.verb {
		if cleared {
			if err := state.write(ctx, stack.Stack); err != nil {
				return false, err
			}
		}
		// What was adopted may be unread yet: its refresh may have failed.
		return state.unread(), nil
	}
	var found []taggedResource
	var err error
	if r.asksForTags(s, state, creates) {
		found, err = r.tagged(ctx, stack.Stack, s)
	}
	switch {
	case err != nil && len(creates) > 0:
		return false, fmt.Errorf("find what an interrupted run has created: %w", err)
	case err != nil:
		w.note("cannot tell whether anything was left behind: " + err.Error())
	}
	state.findEntries(ctx, s, creates, w)
	for _, d := range creates {
		w.note(state.resolve(d, found))
	}
	for _, arn := range state.orphans(found) {
		w.note(fmt.Sprintf("%s carries this environment's tags, and the stack does not know it: delete it if nothing uses it", arn))
	}
	if len(creates) == 0 {
		return false, nil
	}
	return true, state.write(ctx, stack.Stack)
}

// reconcileFirst reconciles pending creates before an operation that would create
// them a second time, or leave them behind.
func (r *run) reconcileFirst(ctx context.Context, stack *openStack, s Stack, w *watch) error {
	adopted, err := r.reconcile(ctx, stack, s, w)
	if err != nil || !adopted || r.op.verb == refresh.verb {
		return err
	}
	err = retainDeployments(ctx, stack, w, func() error {
		_, err := stack.Refresh(ctx, optrefresh.UserAgent(userAgent), optrefresh.SuppressProgress())
		return err
	})
	if err != nil {
		return fmt.Errorf("refresh what an interrupted run left: %w", err)
	}
	return nil
}

// adoptUnanswered reconciles the creates of this run that failed without an answer
// of AWS's: they may have taken effect, and the engine forgets them. It has to be
// done at once, since a state that is imported retains no pending operations.
func (r *run) adoptUnanswered(ctx context.Context, stack *auto.Stack, s Stack, w *watch) error {
	if len(w.unanswered) == 0 {
		return nil
	}
	state, err := readState(ctx, stack)
	if err != nil {
		return err
	}
	creates := append(state.pendingCreates(), w.unanswered...)
	var found []taggedResource
	if slices.ContainsFunc(creates, pendingCreate.hasTags) {
		if found, err = r.tagged(ctx, stack, s); err != nil {
			return fmt.Errorf("find what was created without an answer: %w", err)
		}
	}
	state.findEntries(ctx, s, creates, w)
	var urns []string
	for _, create := range creates {
		if !state.unfinished(create.text("urn")) {
			w.note(state.resolve(create, found))
			urns = append(urns, create.text("urn"))
		}
	}
	if len(urns) == 0 {
		return nil
	}
	if err := state.write(ctx, stack); err != nil {
		return err
	}
	_, err = stack.Refresh(ctx, optrefresh.Target(urns), optrefresh.UserAgent(userAgent), optrefresh.SuppressProgress())
	return err
}

// asksForTags reports whether to look for resources by their tags: for pending
// creates, and in a refresh for orphans. In a provider account, whose owner need
// not let Portico list tags, orphans are looked for only where the stack has what
// may become one.
func (r *run) asksForTags(s Stack, state *deployment, creates []pendingCreate) bool {
	if slices.ContainsFunc(creates, pendingCreate.hasTags) {
		return true
	}
	return r.op.verb == refresh.verb && (s.Name == r.Shared.Name || slices.ContainsFunc(state.resources(), func(v any) bool {
		resource, _ := v.(map[string]any)
		return pendingCreate(resource).hasTags()
	}))
}

// tagged runs the stack's program that finds resources by their tags, as a
// preview, which changes nothing. It leaves out what other stacks of the account
// know.
func (r *run) tagged(ctx context.Context, stack *auto.Stack, s Stack) ([]taggedResource, error) {
	if s.Tagged == nil {
		return nil, nil
	}
	var found []taggedResource
	stack.Workspace().SetProgram(s.Tagged(func(arn string, tags map[string]string) {
		found = append(found, taggedResource{arn, tags})
	}))
	defer stack.Workspace().SetProgram(s.Program)
	if _, err := stack.Preview(ctx, optpreview.UserAgent(userAgent), optpreview.SuppressProgress()); err != nil {
		return nil, err
	}
	for _, other := range append([]Stack{r.Shared}, r.Providers...) {
		if other.Name == s.Name || !mayShareAccount(s, other) {
			continue
		}
		beside, err := r.stateOf(ctx, other)
		if errors.Is(err, errNoStack) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read what %s has: %w", other.Name, err)
		}
		found = slices.DeleteFunc(found, beside.knows)
	}
	return found, nil
}

// mayShareAccount reports whether two stacks may be of one account: settings may
// name an account by what the mapping calls it.
func mayShareAccount(a, b Stack) bool {
	return a.Account == b.Account || !aws.IsAccountID(a.Account) || !aws.IsAccountID(b.Account)
}

func (r *run) stateOf(ctx context.Context, s Stack) (*deployment, error) {
	workspace, err := r.workspace(ctx, s)
	if err != nil {
		return nil, err
	}
	stack, err := r.existing(ctx, s, workspace)
	if err != nil {
		return nil, err
	}
	return stack.state, nil
}

// deployment is a stack's state. It is edited as the JSON that it is, so that
// what a newer engine wrote survives.
type deployment struct {
	exported apitype.UntypedDeployment
	whole    map[string]any
	known    map[string]bool // IDs and ARNs
	// entries are the IDs of the associations of Route 53 Profiles that the accounts
	// were asked about, by profile and resource.
	entries map[profileEntry]string
}

func readState(ctx context.Context, stack *auto.Stack) (*deployment, error) {
	exported, err := stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return stateOf(exported)
}

func stateOf(exported apitype.UntypedDeployment) (*deployment, error) {
	state, err := readDeployment(exported.Deployment)
	if err != nil {
		return nil, err
	}
	state.exported = exported
	return state, nil
}

func (d *deployment) write(ctx context.Context, stack *auto.Stack) error {
	var err error
	if d.exported.Deployment, err = json.Marshal(d.whole); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return stack.Import(ctx, d.exported)
}

func readDeployment(data json.RawMessage) (*deployment, error) {
	d := &deployment{known: map[string]bool{}}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber() // numbers stay as they were written
	if err := decoder.Decode(&d.whole); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	for _, r := range d.resources() {
		r, _ := r.(map[string]any)
		outputs, _ := r["outputs"].(map[string]any)
		for _, v := range []any{r["id"], outputs["arn"]} {
			if text, ok := v.(string); ok {
				d.known[text] = true
			}
		}
	}
	return d, nil
}

func (d *deployment) resources() []any {
	resources, _ := d.whole["resources"].([]any)
	return resources
}

// pendingCreates takes the pending creates out of the state. Whatever else is
// pending is of resources whose IDs are known, and the refresh reads those.
func (d *deployment) pendingCreates() []pendingCreate {
	operations, _ := d.whole["pending_operations"].([]any)
	var creates []pendingCreate
	d.whole["pending_operations"] = slices.DeleteFunc(operations, func(v any) bool {
		operation, _ := v.(map[string]any)
		resource, ok := operation["resource"].(map[string]any)
		if !ok || operation["type"] != string(apitype.OperationTypeCreating) {
			return false
		}
		creates = append(creates, resource)
		return true
	})
	return creates
}

// resolve takes the resource into the state if it can be found, and says what
// became of it. A resource that turns out not to exist is taken out again by
// the refresh that follows.
func (d *deployment) resolve(create pendingCreate, found []taggedResource) string {
	name := resourceName(create.text("urn"))
	id, outputs := identify(create, found, d.known)
	if entry := d.entries[entryOf(create)]; id == "" && entry != "" {
		id, outputs = entry, map[string]any{}
	}
	if id == "" {
		return name + ": an interrupted run may have begun to create it: it is created anew"
	}
	create["id"], create["outputs"], create["initErrors"] = id, outputs, []any{notRead}
	d.known[id] = true
	d.retire(create.text("urn"))
	d.whole["resources"] = append(d.resources(), map[string]any(create))
	return fmt.Sprintf("%s: an interrupted run may have created it: looking at %s", name, id)
}

// notRead marks what was adopted and not refreshed yet: it may not exist, and its
// outputs, which other resources may need, are unknown. The engine clears the
// mark in the refresh, and takes the resource for unfinished until then.
const notRead = "adopted after an interrupted run; portico refresh reads it"

// unread reports whether something was adopted and not refreshed yet.
func (d *deployment) unread() bool {
	return slices.ContainsFunc(d.resources(), func(v any) bool {
		r, _ := v.(map[string]any)
		problems, _ := r["initErrors"].([]any)
		return slices.Contains(problems, any(notRead))
	})
}

// retire marks what the create was to replace: it goes with the next update.
func (d *deployment) retire(urn string) {
	for _, r := range d.resources() {
		if r, ok := r.(map[string]any); ok && r["urn"] == urn {
			r["delete"] = true
		}
	}
}

// orphans are what carries the environment's tags and is not in the state.
func (d *deployment) orphans(found []taggedResource) []string {
	var arns []string
	for _, f := range found {
		if f.adoptable() && !d.knows(f) {
			arns = append(arns, f.arn)
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

func (d *deployment) knows(t taggedResource) bool { return d.known[t.arn] || d.known[t.id()] }

// unfinished reports whether the state has the resource as one that exists and
// didn't come up: such a create failed, but its ID is known.
func (d *deployment) unfinished(urn string) bool {
	return slices.ContainsFunc(d.resources(), func(v any) bool {
		r, _ := v.(map[string]any)
		problems, _ := r["initErrors"].([]any)
		return r["urn"] == urn && len(problems) > 0
	})
}

// createOf is the resource of a create that failed, as a state has it; nil for
// other operations, and where the inputs hold what the event keeps secret.
func createOf(e apitype.ResOpFailedEvent) pendingCreate {
	m := e.Metadata
	if m.New == nil || !m.New.Custom || m.Op != apitype.OpCreate && m.Op != apitype.OpCreateReplacement {
		return nil
	}
	inputs, err := json.Marshal(m.New.Inputs)
	if err != nil || strings.Contains(string(inputs), resource.SecretSig) || strings.Contains(string(inputs), `"[secret]"`) {
		return nil
	}
	create := pendingCreate{"urn": m.New.URN, "custom": true, "type": m.New.Type, "inputs": m.New.Inputs}
	for name, value := range map[string]string{"parent": m.New.Parent, "provider": m.New.Provider} {
		if value != "" {
			create[name] = value
		}
	}
	return create
}
