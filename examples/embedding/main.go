// Command platform is a platform team's own program with Portico embedded: it
// reads its mapping, deploys the environment that the mapping and the settings
// beside it describe, and reads what the stacks give back.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

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
	Shared  *automation.SharedOutputs     `json:"shared,omitempty"`
}

type host struct {
	Name    string            `json:"name"`
	Account mapping.AccountID `json:"account"`
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
		answer.Hosts = append(answer.Hosts, host{row.URL(), row.Account})
	}
	for _, stack := range report.Stacks {
		if stack.Skipped == "" {
			answer.Changes[stack.Name] = stack.Changes
		}
		if stack.Name == environment.Shared.Name && stack.Outputs != nil {
			if answer.Shared, err = automation.ReadSharedOutputs(stack.Outputs); err != nil {
				return err
			}
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}
