package outputs

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// ContractError reports outputs of another contract than this program's.
type ContractError struct {
	// Version is the output contract as it was read; nil where there is none.
	Version any
}

// Error says what was found and what this program reads.
func (e *ContractError) Error() string {
	if e.Version == nil {
		return fmt.Sprintf("they have no output contract, and this program reads contract %d", Contract)
	}
	version, err := json.Marshal(e.Version)
	if err != nil {
		version = []byte(fmt.Sprint(e.Version))
	}
	return fmt.Sprintf("they are of contract %s, and this program reads contract %d", version, Contract)
}

// ValueError reports an output whose value has another type than the contract
// gives it.
type ValueError struct {
	// Output is the output's name.
	Output string
	// Err says what the value is and what it should be.
	Err error
}

// Error names the output.
func (e *ValueError) Error() string { return "output " + e.Output + ": " + e.Err.Error() }

// Unwrap is the decoder's error.
func (e *ValueError) Unwrap() error { return e.Err }

// DecodeShared reads the outputs of a shared stack. Outputs of another contract,
// or of none, are a *ContractError; each output of the wrong type is a
// *ValueError, all of them joined. Outputs that the contract doesn't know are
// left out.
func DecodeShared(values map[string]any) (*Shared, error) {
	var shared Shared
	if err := checkContract(values["contract"]); err != nil {
		return nil, err
	}
	if err := decode(values, &shared); err != nil {
		return nil, err
	}
	if shared.Endpoints == nil && shared.VPCEndpointID != "" {
		// A stack that isn't Portico's plays the part, and has a proxy's endpoint.
		shared.Endpoints = map[mapping.FrontDoor]string{mapping.FrontDoorNGINX: shared.VPCEndpointID}
	}
	return &shared, nil
}

// DecodeProvider reads the outputs of a provider account's stack, as DecodeShared
// does. Outputs without a contract are taken for those of a stack that has
// reported nothing yet.
func DecodeProvider(values map[string]any) (*Provider, error) {
	var provider Provider
	version, found := values["contract"]
	if !found {
		return &provider, nil
	}
	if err := checkContract(version); err != nil {
		return nil, err
	}
	if err := decode(values, &provider); err != nil {
		return nil, err
	}
	return &provider, nil
}

// DecodeFrontDoors reads the output frontDoors alone, for readers of outputs of
// which not all are known; nil where there is none. It checks no contract.
func DecodeFrontDoors(value any) (map[mapping.Host]HostState, error) {
	var shared Shared
	if err := decode(map[string]any{"frontDoors": value}, &shared); err != nil {
		return nil, err
	}
	return shared.FrontDoors, nil
}

// DecodeStates reads the outputs frontDoors and served alone, for readers of outputs of
// which not all are known. It checks no contract.
func DecodeStates(values map[string]any) (*Shared, error) {
	var shared Shared
	if err := decode(map[string]any{"frontDoors": values["frontDoors"], "served": values["served"], "widePolicies": values["widePolicies"]}, &shared); err != nil {
		return nil, err
	}
	return &shared, nil
}

// checkContract compares a contract as JSON has it, or as the program wrote it.
func checkContract(version any) error {
	switch v := version.(type) {
	case float64:
		if v == Contract {
			return nil
		}
	case int:
		if v == Contract {
			return nil
		}
	case json.Number:
		if v.String() == fmt.Sprint(Contract) {
			return nil
		}
	}
	return &ContractError{version}
}

// decode reads each output into the field that has its name.
func decode(values map[string]any, typed any) error {
	target := reflect.ValueOf(typed).Elem()
	var wrong []error
	for i, name := range names(target.Type()) {
		value, found := values[name]
		if !found || value == nil {
			continue
		}
		data, err := json.Marshal(value)
		if err == nil {
			err = json.Unmarshal(data, target.Field(i).Addr().Interface())
		}
		if err != nil {
			wrong = append(wrong, &ValueError{name, err})
		}
	}
	return errors.Join(wrong...)
}

// Encode is a value as plain maps, lists, texts and numbers: *Shared and
// *Provider as maps of outputs by name, which leave out what is empty.
func Encode(value any) (any, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write outputs: %w", err)
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		return nil, fmt.Errorf("write outputs: %w", err)
	}
	return plain, nil
}

// SharedNames are the names of a shared stack's outputs, in the order of the
// fields.
func SharedNames() []string { return names(reflect.TypeFor[Shared]()) }

// ProviderNames are the names of a provider stack's outputs, in the order of the
// fields.
func ProviderNames() []string { return names(reflect.TypeFor[Provider]()) }

func names(t reflect.Type) []string {
	all := make([]string, t.NumField())
	for i := range all {
		all[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return all
}
