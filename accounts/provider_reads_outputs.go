package accounts

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// readSharedOutputs reads the outputs of the shared stack that a provider stack
// needs, through a stack reference. Any stack may play the part that reports a
// region and an endpoint under the contract.
func readSharedOutputs(ctx *pulumi.Context, stack string) (*outputs.Shared, error) {
	if _, found, err := readStackOutputs(ctx, stack); err == nil && !found {
		return nil, fmt.Errorf("read stack %s (portico:shared.stack): the state's backend has no such stack: bring the shared stack up first, with `pulumi up` in its project's directory, or correct the name", stack)
	}
	reference, err := pulumi.NewStackReference(ctx, stack, nil)
	if err != nil {
		return nil, fmt.Errorf("read stack %s (portico:shared.stack): %w", stack, err)
	}
	values := map[string]any{}
	for _, name := range outputs.SharedNames() {
		output, err := reference.GetOutputDetails(name)
		if err != nil {
			return nil, fmt.Errorf("read stack %s (portico:shared.stack): bring the shared stack up first, or correct its name: %w", stack, err)
		}
		if output.Value != nil {
			values[name] = output.Value
		}
	}
	shared, err := outputs.DecodeShared(values)
	if err != nil {
		return nil, fmt.Errorf("read the outputs of stack %s (portico:shared.stack): %w: bring the shared stack up with this version of Portico first", stack, err)
	}
	missing := func(name string) error {
		return fmt.Errorf("read output %s of stack %s: it is nothing: run `pulumi up` on that stack", name, stack)
	}
	var wrong []error
	if shared.Region == "" {
		wrong = append(wrong, missing("region"))
	}
	if len(shared.Endpoints) == 0 {
		wrong = append(wrong, missing("vpcEndpointId"))
	}
	return shared, errors.Join(wrong...)
}

// readOwnProvider reads the provider stack's own outputs; the zero value before its
// first run.
func readOwnProvider(ctx *pulumi.Context) (*outputs.Provider, error) {
	name := strings.Join([]string{ctx.Organization(), ctx.Project(), ctx.Stack()}, "/")
	values, _, err := readStackOutputs(ctx, name)
	if err != nil {
		return nil, err
	}
	own, err := outputs.DecodeProvider(values)
	if err != nil {
		return nil, readError(name, err)
	}
	return own, nil
}

// endpoint is the shared stack's execute-api endpoint for a front door; empty
// where there is none yet.
func (s *providerStack) endpoint(frontDoor mapping.FrontDoor) string {
	return s.shared.Endpoints[frontDoor]
}
