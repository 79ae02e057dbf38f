package automation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/portico-iac/portico/internal/outputs"
)

// takesBack is what the update before a destroy does.
const takesBack = "takes Portico's statements out of the APIs' policies"

// destroyRetired destroys a provider stack, when an update as if all rows were
// RETIRED has taken Portico's statements out of the policies: a destroy alone keeps
// the policies as they are. If the update fails, the stack is kept. The commands are
// those with which the APIs' owners deploy the policies, where the stack may not.
func (r *run) destroyRetired(ctx context.Context, s Stack) (Result, []string) {
	retired, commands := r.retire(ctx, s)
	if retired.Err != nil {
		return retired, nil
	}
	return retired.and(r.stack(ctx, s)), commands
}

// retire runs the stack's program Retired, if its state has policies.
func (r *run) retire(ctx context.Context, s Stack) (Result, []string) {
	nothing := Result{Name: s.Name, Account: s.Account}
	if s.Retired == nil {
		return nothing, nil
	}
	hasPolicies := false
	note := func(text string) { r.send(Event{Stack: s.Name, Kind: Note, Text: text}) }
	err := r.readably(ctx, s, note, func() error {
		stack, err := r.open(ctx, s)
		if err == nil {
			hasPolicies = slices.ContainsFunc(stack.state.resources(), func(v any) bool {
				resource, _ := v.(map[string]any)
				return resource["type"] == apiPolicyType
			})
		}
		return err
	})
	switch {
	case err != nil && !errors.Is(err, errNoStack):
		return r.fail(nothing, fmt.Errorf("look for resource policies: %s", printed(err))), nil
	case !hasPolicies:
		return nothing, nil
	}
	op := up
	op.why, op.creates = takesBack, false
	s.Program = s.Retired
	result := r.with(op).stack(ctx, s)
	if result.Err != nil {
		result.Err = &stackError{fmt.Sprintf("%v\n  the stack is kept: pulumi -C %s destroy -s %s destroys it and leaves the policies as they are",
			result.Err, r.projectOf(s.Name), s.Name), result.Err}
		return result, nil
	}
	result.Outputs = nil // they go with the stack
	reported, err := outputs.DecodeProvider(result.reported)
	if err != nil {
		return r.fail(result, fmt.Errorf("read the outputs: %w", err)), nil
	}
	return result, reported.RedeployCommands
}

// destroyProviders destroys the provider stacks side by side.
func (r *run) destroyProviders(ctx context.Context) (results []Result, commands []string) {
	left := make([][]string, len(r.Providers))
	results = r.eachSideBySide(r.Providers, func(i int, s Stack) (result Result) {
		result, left[i] = r.destroyRetired(ctx, s)
		return result
	})
	return results, slices.Concat(left...)
}
