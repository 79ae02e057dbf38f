// Command platform is a platform team's own program with Portico embedded: it
// reads its mapping, deploys the environment that the mapping and the settings
// beside it describe, and reads what the stacks give back.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/mapping"
)

func main() {
	dir := flag.String("dir", ".", "the directory of mapping.yaml and the stacks' settings")
	previewOnly := flag.Bool("preview", false, "show what a deployment would change, and change nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *dir, *previewOnly, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "platform:", err)
		os.Exit(1)
	}
}

// result is what this program tells: the hosts with their owners, what was or
// would be done, and, after a deployment, the shared stack's outputs.
type result struct {
	Hosts   []host                        `json:"hosts"`
	Changes map[string]automation.Changes `json:"changes"`
	Shared  *sharedOutputs                `json:"shared,omitempty"`
}

type host struct {
	Name    string            `json:"name"`
	Account mapping.AccountID `json:"account"`
}

// sharedOutputs are the shared stack's outputs, contract 1.
type sharedOutputs struct {
	Contract            int      `json:"contract"`
	Region              string   `json:"region"`
	VPCID               string   `json:"vpcId"`
	VPCEndpointID       string   `json:"vpcEndpointId"`
	LoadBalancerDNSName string   `json:"loadBalancerDnsName"`
	Hosts               []string `json:"hosts"`
}

func run(ctx context.Context, dir string, previewOnly bool, out, progress io.Writer) error {
	rows, err := mapping.Load(filepath.Join(dir, "mapping.yaml"))
	if err != nil {
		return err
	}
	environment, err := automation.Discover(dir, "dev", automation.Programs{
		Shared: accounts.SharedIn, Provider: accounts.ProviderIn,
	})
	if err != nil {
		return err
	}
	environment.Progress = automation.Lines(progress)

	operation := environment.Up
	if previewOnly {
		operation = environment.Preview
	}
	report, err := operation(ctx)
	if err != nil {
		return err
	}
	answer := result{Changes: map[string]automation.Changes{}}
	for _, row := range rows.Rows {
		answer.Hosts = append(answer.Hosts, host{string(row.Host) + string(row.BasePath), row.Account})
	}
	for _, stack := range report.Stacks {
		if stack.Skipped == "" {
			answer.Changes[stack.Name] = stack.Changes
		}
		if stack.Name == environment.Shared.Name && stack.Outputs != nil {
			if answer.Shared, err = readOutputs(stack.Outputs); err != nil {
				return err
			}
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}

// readOutputs gives a stack's outputs their types.
func readOutputs(outputs auto.OutputMap) (*sharedOutputs, error) {
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	data, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %w", err)
	}
	var typed sharedOutputs
	if err := json.Unmarshal(data, &typed); err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %w", err)
	}
	if typed.Contract != accounts.Contract {
		return nil, errors.New("read the shared stack's outputs: they are of another version of Portico")
	}
	return &typed, nil
}
