package accounts_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/mapping"
)

// orders is a mapping that a program makes of its own data.
func orders() *mapping.Mapping {
	host, base, err := mapping.ParseCustomDomain("orders.internal.example.com/v1")
	if err != nil {
		log.Fatal(err)
	}
	api, err := mapping.ParsePrivateAPI("https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod")
	if err != nil {
		log.Fatal(err)
	}
	m, err := mapping.New([]mapping.Row{{Host: host, BasePath: base, API: api, Account: "222222222222"}})
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// The program of a shared-services account's stack, without a settings file and
// without a mapping file. Where pulumi.RunErr has mocks here, a platform's
// program gives it to pulumi.Run, or to the Automation API.
func ExampleSharedWith() {
	program := accounts.SharedWith(accounts.SharedSettings{
		AWS:     accounts.AWS{Region: "eu-west-1", AccountID: "111111111111"},
		Network: accounts.Network{VPCID: "vpc-0a1b2c3d", SubnetIDs: []string{"subnet-0a1b2c3d"}},
		Task:    accounts.Task{CPU: 256, Memory: 4096},
	}, orders())

	err := pulumi.RunErr(program, pulumi.WithMocks("platform", "dev", noResources{}))
	var mistakes accounts.SettingsErrors
	if errors.As(err, &mistakes) {
		for _, mistake := range mistakes {
			fmt.Printf("%s: %s\n", mistake.Key, mistake.Problem)
		}
	}
	// Output:
	// portico:network.subnetIds: it names 1, and two or more are needed
	// portico:task.memory: Fargate doesn't pair 4096 MiB with 256 CPU units
}

// noResources are mocks for a program that registers nothing.
type noResources struct{}

func (noResources) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return "", nil, fmt.Errorf("register %s: not expected", args.Name)
}

func (noResources) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("call %s: not expected", args.Token)
}
