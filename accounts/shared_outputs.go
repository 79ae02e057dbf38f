package accounts

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// sharedOutputs are the outputs of the shared stack that a provider stack needs.
type sharedOutputs struct {
	region        string
	vpcEndpointID string
}

// readSharedOutputs reads the shared stack's outputs and checks that they are of
// the contract that this program knows.
func readSharedOutputs(ctx *pulumi.Context, stack string) (*sharedOutputs, error) {
	reference, err := pulumi.NewStackReference(ctx, stack, nil)
	if err != nil {
		return nil, fmt.Errorf("read stack %s (portico:shared.stack): %w", stack, err)
	}
	contract, err := reference.GetOutputDetails("contract")
	if err != nil {
		return nil, fmt.Errorf("read stack %s (portico:shared.stack): bring the shared stack up first, or correct its name: %w", stack, err)
	}
	if version, _ := contract.Value.(float64); version != Contract {
		return nil, fmt.Errorf("read stack %s (portico:shared.stack): its outputs are of contract %v, and this program knows %d: bring the shared stack up with this version of Portico first",
			stack, describe(contract.Value), Contract)
	}
	var missing []error
	text := func(name string) string {
		output, err := reference.GetOutputDetails(name)
		if err != nil {
			missing = append(missing, fmt.Errorf("read output %s of stack %s: %w", name, stack, err))
			return ""
		}
		value, _ := output.Value.(string)
		if value == "" {
			missing = append(missing, fmt.Errorf("read output %s of stack %s: it is %s: run `pulumi up` on that stack", name, stack, describe(output.Value)))
		}
		return value
	}
	outputs := &sharedOutputs{region: text("region"), vpcEndpointID: text("vpcEndpointId")}
	return outputs, errors.Join(missing...)
}
