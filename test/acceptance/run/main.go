// Command run is the acceptance run on real AWS accounts: test/acceptance/README.md
// says what it needs, what it costs and what it leaves.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/test/acceptance"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		stop()
		log.Fatal(err) //nolint:forbidigo // this is a main of its own
	}
}

func run(ctx context.Context, args []string, progress io.Writer) error {
	flags := flag.NewFlagSet("acceptance", flag.ContinueOnError)
	project := flags.String("project", ".", "the `DIR` of the shared stack's Pulumi.yaml")
	env := flags.String("env", "", "the environment's `NAME`; required")
	mapping := flags.String("mapping", "", "the `FILE` that portico:mapping names; required")
	changed := flags.String("changed", "", "a mapping `FILE` that takes its place for a while; empty: no change is tried")
	cluster := flags.String("cluster", "", "the `NAME` of the ECS cluster, as the console shows it; required")
	service := flags.String("service", "", "the `NAME` of its service; required")
	api := flags.String("api", "", "the `ID` of an API of the mapping; required")
	record := flags.String("record", "acceptance.json", "the `FILE` for the record")
	keep := flags.Bool("keep", false, "leave the environment deployed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for name, value := range map[string]string{"env": *env, "mapping": *mapping, "cluster": *cluster, "service": *service, "api": *api} {
		if value == "" {
			return fmt.Errorf("--%s is required", name)
		}
	}
	root, err := filepath.Abs(*project)
	if err != nil {
		return fmt.Errorf("find the project: %w", err)
	}
	stacks, err := automation.Discover(root, *env, automation.Programs{
		Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn, Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn,
	})
	if err != nil {
		return err
	}
	stacks.Progress = automation.Lines(progress)
	found, err := acceptance.Run(ctx, acceptance.Options{
		Stacks: stacks, Prober: acceptance.Task{Cluster: *cluster, Service: *service, API: *api}, Accounts: "aws",
		Mapping: *mapping, Changed: *changed, Keep: *keep,
		Progress: func(step string) { fmt.Fprintf(progress, "acceptance: %s\n", step) },
	})
	return errors.Join(err, found.Write(*record))
}
