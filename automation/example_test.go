package automation_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
)

// Bring up the environment dev, whose settings files are in the working
// directory, and print what each stack did.
func ExampleEnvironment_Up() {
	environment, err := automation.Discover(".", "dev", automation.Programs{
		Shared: accounts.SharedIn, Provider: accounts.ProviderIn,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	report, err := environment.Up(context.Background())
	if failed := new(automation.OperationError); errors.As(err, &failed) {
		fmt.Fprintln(os.Stderr, "run again:", failed.Again)
		report = failed.Report
	}
	for _, stack := range report.Stacks {
		fmt.Println(stack.Name, stack.Account, stack.Changes)
	}
}

// Read the outputs of the shared stack, for instance those of Result.Outputs.
func ExampleReadSharedOutputs() {
	outputs := auto.OutputMap{
		"contract":            {Value: 2.0},
		"region":              {Value: "eu-west-1"},
		"hosts":               {Value: []any{"orders.private.example.com"}},
		"loadBalancerDnsName": {Value: "internal-portico-dev-1.eu-west-1.elb.amazonaws.com"},
		"frontDoors": {Value: map[string]any{
			"orders.private.example.com": map[string]any{"current": "nginx", "target": "native", "pending": "provider"},
		}},
	}
	shared, err := automation.ReadSharedOutputs(outputs)
	if err != nil {
		fmt.Println(err)
		return
	}
	state := shared.FrontDoors["orders.private.example.com"]
	fmt.Println(shared.Region, shared.Hosts)
	fmt.Println(state.Current, "to", state.Target, "waits for the", state.Pending)
	if state.Pending == automation.PendingProvider {
		fmt.Println("bring the provider account's stack up")
	}
	// Output:
	// eu-west-1 [orders.private.example.com]
	// nginx to native waits for the provider
	// bring the provider account's stack up
}

// Outputs of another version of Portico are an error that names both versions.
func ExampleReadSharedOutputs_contract() {
	_, err := automation.ReadSharedOutputs(auto.OutputMap{"contract": {Value: 1.0}})
	fmt.Println(err != nil)
	// Output:
	// true
}
