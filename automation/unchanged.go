package automation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"golang.org/x/sync/errgroup"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

// Up and Preview run a provider stack only if something has changed since its last run:
// its rows, its settings, the program, what it takes from the shared stack's outputs, or
// the policies of its APIs. docs/design/changes.md, "Which stacks run".

// accountsAtOnce is how many accounts are asked for policies at a time. Each has its own
// limit of calls, and ten APIs take more than a second: with 16 at a time, 200 such
// accounts would take 16 s.
const accountsAtOnce = 64

// comparison is what is known of a provider stack before it is run.
type comparison struct {
	last *lastRun
	// unchanged reports that the stack needn't run.
	unchanged bool
	// rewritten are the policies that others have saved since the last run, by API.
	rewritten map[string]string
}

// compare compares the provider stacks with what the shared stack reports. Without its
// outputs every stack has changed.
func (r *run) compare(ctx context.Context, shared map[string]any) []comparison {
	compared := make([]comparison, len(r.Providers))
	if r.last == nil || !r.last.read || shared == nil {
		return compared
	}
	same := r.sameDigests(shared)
	region, _ := shared["region"].(string)
	var group errgroup.Group
	group.SetLimit(accountsAtOnce)
	for i, s := range r.Providers {
		c := &compared[i]
		c.last = r.last.of[s.Name]
		if c.last == nil {
			continue
		}
		group.Go(func() error {
			rewritten, err := r.rewritten(ctx, s, c.last, region)
			if err != nil && ctx.Err() == nil {
				r.send(Event{Stack: s.Name, Kind: Note, Text: "whether policies have changed is not known: " + err.Error()})
			}
			c.rewritten = rewritten
			c.unchanged = err == nil && same[s.Name] && len(rewritten) == 0 && !r.All
			return nil
		})
	}
	_ = group.Wait() // always nil
	return compared
}

// sameDigests are the provider stacks whose last run was for what the next would be for,
// and came to its end.
func (r *run) sameDigests(shared map[string]any) map[string]bool {
	same := map[string]bool{}
	if r.last == nil || shared == nil || r.All {
		return same
	}
	var names []string
	for _, s := range r.Providers {
		if r.last.of[s.Name] != nil {
			names = append(names, s.Name)
		}
	}
	for name, digest := range r.Digests(names, shared, r.last.outputsOf()) {
		same[name] = r.last.of[name].finished(digest)
	}
	return same
}

// rewritten are the policies of a stack's APIs that aren't those that its last run has
// saved, by API. An API that is gone has the policy "".
func (r *run) rewritten(ctx context.Context, s Stack, last *lastRun, region string) (map[string]string, error) {
	ids := last.policies()
	if len(ids) == 0 {
		return nil, nil
	}
	if s.SavedPolicies == nil {
		return nil, fmt.Errorf("read the policies of %s: nothing is there to read them", s.Name)
	}
	saved, err := s.SavedPolicies(ctx, ids)
	if err != nil {
		return nil, err
	}
	partition, _ := aws.PartitionOf(region)
	rewritten := map[string]string{}
	for _, id := range ids {
		api := resourcepolicy.API{Partition: partition.ID, Region: region, AccountID: string(last.reported.AccountID), APIID: id}
		policy := []byte(saved[id])
		if canonical, err := resourcepolicy.Canonical(policy, api); err == nil {
			policy = canonical
		}
		if !resourcepolicy.HasDigest(policy, last.reported.Policies[mapping.APIID(id)]) {
			rewritten[id] = saved[id]
		}
	}
	return rewritten, nil
}

// changedOnly runs the provider stacks of which something has changed, side by side.
// shared are the shared stack's outputs, which they are to read.
func (r *run) changedOnly(ctx context.Context, shared map[string]any) []Result {
	compared := r.compare(ctx, shared)
	results := make([]Result, len(r.Providers))
	var stacks []Stack
	var at []int
	for i, s := range r.Providers {
		if compared[i].unchanged {
			results[i] = r.leave(s, compared[i].last)
			continue
		}
		s.rewritten = compared[i].rewritten
		stacks, at = append(stacks, s), append(at, i)
	}
	for i, result := range r.sideBySide(ctx, stacks) {
		results[at[i]] = result
	}
	return results
}

// leave is the result of a stack that isn't run, since nothing has changed.
func (r *run) leave(s Stack, last *lastRun) Result {
	r.send(Event{Stack: s.Name, Kind: Skipped, Text: "nothing has changed since its last run"})
	result := Result{Name: s.Name, Account: s.Account, Unchanged: true, Resources: last.resources, reported: last.values}
	if r.op.verb == up.verb {
		result.Outputs = auto.OutputMap{}
		for name, value := range last.values {
			result.Outputs[name] = auto.OutputValue{Value: value}
		}
	}
	return result
}

// known are the outputs that the shared stack would have, by its preview, if all that
// provider stacks take from them are known; else nil.
func known(previewed map[string]any) map[string]any {
	for _, name := range outputs.ReadByProviders() {
		if unknown(previewed[name]) {
			return nil
		}
	}
	return previewed
}

// unknown reports whether a value of an event, or a part of it, is only known after an
// update.
func unknown(value any) bool {
	switch v := value.(type) {
	case string:
		return v == plugin.UnknownStringValue
	case []any:
		return slices.ContainsFunc(v, unknown)
	case map[string]any:
		for _, member := range v {
			if unknown(member) {
				return true
			}
		}
	}
	return false
}

// notices say which policies an update would write again.
func (s Stack) notices() []string {
	var notices []string
	for id := range s.rewritten {
		notices = append(notices, fmt.Sprintf("REST API %s: what its owner and this environment have in its resource policy isn't what the last update saved "+
			"(the owner, or another environment's update at the same time, has written it): an update writes Portico's statements again", id))
	}
	slices.SortFunc(notices, strings.Compare)
	return notices
}
