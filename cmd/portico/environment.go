package main

import (
	"context"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/automation"
)

// environmentVerb is a command that runs all stacks of an environment.
type environmentVerb struct {
	name, short string
	run         func(*automation.Environment, context.Context) (*automation.Report, error)
}

var environmentVerbs = []environmentVerb{
	{"up", "Deploy an environment: the shared account's stack, then the provider accounts'", (*automation.Environment).Up},
	{"preview", "Show what up would do to an environment", (*automation.Environment).Preview},
	{"refresh", "Read the state of an environment's real resources", (*automation.Environment).Refresh},
	{"destroy", "Delete an environment: the provider accounts' stacks, then the shared account's", (*automation.Environment).Destroy},
}

type environmentOptions struct {
	name, dir string
	parallel  int
}

func (c *cli) environmentCommands() []*cobra.Command {
	var commands []*cobra.Command
	for _, verb := range environmentVerbs {
		var o environmentOptions
		cmd := &cobra.Command{
			Use:   verb.name + " --env NAME",
			Short: verb.short,
			Args:  cobra.NoArgs,
		}
		cmd.Flags().StringVarP(&o.name, "env", "e", "", "the environment: the name of the shared account's stack")
		cmd.Flags().StringVarP(&o.dir, "dir", "C", ".", "the shared account's project directory")
		cmd.Flags().IntVar(&o.parallel, "parallel", automation.DefaultParallel, "provider accounts' stacks to run side by side")
		required(cmd, "env")
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			return c.action(func(ctx context.Context) error { return c.environment(ctx, verb, o) })(cmd, args)
		}
		if verb.name == "preview" {
			c.withReview(cmd, &o)
		}
		commands = append(commands, cmd)
	}
	return commands
}

func (c *cli) environment(ctx context.Context, verb environmentVerb, o environmentOptions) error {
	if o.parallel < 1 {
		return usagef("--parallel %d: expected at least 1", o.parallel)
	}
	env, err := automation.Discover(o.dir, o.name, programs)
	if err != nil {
		return err
	}
	env.Parallel = o.parallel
	env.Progress = automation.Lines(c.err)
	report, err := verb.run(env, ctx)
	if report != nil {
		if err := writeStacks(c.out, report); err != nil {
			return err
		}
	}
	return err
}

// writeStacks writes a line for each stack.
func writeStacks(w io.Writer, report *automation.Report) error {
	t := newTable(table.Row{"STACK", "ACCOUNT", "RESOURCES", "SECONDS", "OUTCOME"})
	for _, s := range report.Stacks {
		outcome := s.Changes.String()
		switch {
		case s.Err != nil:
			outcome = "failed"
		case s.Skipped != "":
			outcome = "not run"
		}
		t.AppendRow(table.Row{s.Name, orDash(s.Account), s.Resources, fmt.Sprintf("%.1f", s.Seconds), outcome})
	}
	if _, err := io.WriteString(w, trimLines(t.Render())); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
