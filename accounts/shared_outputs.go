package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// sharedOutputs are the outputs of the shared stack that a provider stack needs.
type sharedOutputs struct {
	// stack is the shared stack's full name.
	stack  string
	region string
	// accountID is empty where a stack that isn't Portico's plays the part.
	accountID string
	// endpoints are the execute-api endpoints that stand, by front door.
	endpoints map[mapping.FrontDoor]string
	// at tells where the custom domains stood after the stack's last run.
	at map[mapping.Host]topology.Placement
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
	r := &outputReader{stack: stack, reference: reference}
	outputs := &sharedOutputs{
		stack:     stack,
		region:    r.text("region"),
		endpoints: r.endpoints(),
		at:        r.placements(),
	}
	r.read("accountId", &outputs.accountID)
	return outputs, errors.Join(r.wrong...)
}

// outputReader reads a stack's outputs and collects what is wrong with them.
type outputReader struct {
	stack     string
	reference *pulumi.StackReference
	wrong     []error
}

// value is an output's value, nil where there is no such output.
func (r *outputReader) value(name string) any {
	output, err := r.reference.GetOutputDetails(name)
	if err != nil {
		r.wrong = append(r.wrong, fmt.Errorf("read output %s of stack %s: %w", name, r.stack, err))
		return nil
	}
	return output.Value
}

// text is an output that has to be there.
func (r *outputReader) text(name string) string {
	value := r.value(name)
	text, _ := value.(string)
	if text == "" {
		r.wrong = append(r.wrong, fmt.Errorf("read output %s of stack %s: it is %s: run `pulumi up` on that stack", name, r.stack, describe(value)))
	}
	return text
}

// read reads an output that need not be there into target, and tells whether it
// is.
func (r *outputReader) read(name string, target any) bool {
	value := r.value(name)
	if value == nil {
		return false
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, target)
	}
	if err != nil {
		r.wrong = append(r.wrong, fmt.Errorf("read output %s of stack %s: bring the stack up with this version of Portico: %w", name, r.stack, err))
	}
	return true
}

// endpoints are those of the output of that name; a stack of an earlier version
// has the proxy's only, under another.
func (r *outputReader) endpoints() map[mapping.FrontDoor]string {
	endpoints := map[mapping.FrontDoor]string{}
	if !r.read("endpoints", &endpoints) {
		endpoints[mapping.FrontDoorNGINX] = r.text("vpcEndpointId")
	}
	return endpoints
}

// placements are those of the output doors; other hosts that the stack serves
// are nginx's.
func (r *outputReader) placements() map[mapping.Host]topology.Placement {
	var hosts []mapping.Host
	r.read("hosts", &hosts)
	at := map[mapping.Host]topology.Placement{}
	for _, host := range hosts {
		at[host] = topology.Placement{Name: mapping.FrontDoorNGINX}
	}
	var doors map[mapping.Host]struct {
		Name  mapping.FrontDoor
		Keeps []mapping.FrontDoor
		Waits topology.Wait
	}
	r.read("doors", &doors)
	for host, door := range doors {
		at[host] = topology.Placement{Name: door.Name, Keeps: door.Keeps, Waits: door.Waits}
	}
	return at
}

// describe is an output's value for messages.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return strconv.Quote(v)
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	default:
		return fmt.Sprint(v)
	}
}
