package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/settings"
)

// environmentVerb is a command that runs all stacks of an environment.
type environmentVerb struct {
	name, short string
	run         func(*automation.Environment, context.Context) (*automation.Report, error)
}

var environmentVerbs = []environmentVerb{
	{"up", "Deploy an environment: the shared account's stack, then the provider accounts'", (*automation.Environment).Up},
	{"preview", "Show what up would do to an environment", (*automation.Environment).Preview},
	{"refresh", "Read an environment's real resources into its state, and adopt what an interrupted run left", (*automation.Environment).Refresh},
	{"destroy", "Delete an environment: the provider accounts' stacks, then the shared account's", (*automation.Environment).Destroy},
}

type environmentOptions struct {
	name, dir string
	parallel  int
	settle    time.Duration
	provision time.Duration
	// skipPreview is for up, all and refreshImage for up and preview.
	skipPreview, all, refreshImage, json bool
}

func (c *cli) environmentCommands() []*cobra.Command {
	var commands []*cobra.Command
	for _, verb := range environmentVerbs {
		var o environmentOptions
		cmd := &cobra.Command{
			Use:   verb.name + " --env NAME",
			Short: verb.short,
			Args:  noArguments,
		}
		environmentFlags(cmd, &o)
		cmd.Flags().IntVar(&o.parallel, "parallel", automation.DefaultParallel, "the `NUMBER` of provider accounts' stacks that run side by side")
		cmd.Flags().BoolVar(&o.json, "json", false, "print the report as JSON")
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			return c.action(func(ctx context.Context) error { return c.environment(ctx, verb, o) })(cmd, args)
		}
		switch verb.name {
		case "up":
			cmd.Long = `Deploy an environment: the shared account's stack, then the provider accounts'.

Before any stack runs, the accounts are asked what the update would meet. All that is
in the way is one report, and nothing is run.

A provider account's stack is run only if its rows, its settings, this program, what it
reads of the shared stack or a resource policy of its APIs has changed since its last
run, or if that run failed. The report lists the others as unchanged. --all runs all.

--refresh-image looks the tag of portico:image.base up in its registry. Where it leads
to another image than the proxy's image is built on, that is built anew and the tasks
are replaced. Later runs build on the same image.

Where hosts change their front door, further phases follow: names move when the
APIs' accounts have provisioned the rows, to native when API Gateway has provisioned their private
custom domains too, and the earlier front doors are removed so long after that
clients hold no old answer any more.`
			cmd.Flags().DurationVar(&o.settle, "settle", automation.DefaultSettle,
				"the `TIME` to wait after names have moved before their earlier front doors are removed, and after an account has deployed before they move")
			cmd.Flags().DurationVar(&o.provision, "provision", automation.DefaultProvision,
				"the `TIME` after private custom domains were associated names that clients use move there: AWS takes up to 15 minutes")
			allFlag(cmd, &o)
			refreshImageFlag(cmd, &o)
			cmd.Flags().BoolVar(&o.skipPreview, "skip-preview", false, "don't ask the accounts first what the update would meet")
		case "destroy":
			cmd.Long = `Delete an environment: the provider accounts' stacks, then the shared account's.

The APIs, their stages and their resource policies stay. Before an account's stack is
deleted, an update as if all rows were RETIRED takes Portico's statements out of the
policies, and deploys the stages with portico:redeploy: true; else the commands for
that are printed. pulumi destroy on a stack leaves the policies as they are.`
		case "preview":
			o.settle, o.provision = automation.DefaultSettle, automation.DefaultProvision
			allFlag(cmd, &o)
			refreshImageFlag(cmd, &o)
			c.withReview(cmd, &o)
		}
		commands = append(commands, cmd)
	}
	return append(commands, c.cancelCommand())
}

// allFlag is the flag of the commands that run only what has changed.
func allFlag(cmd *cobra.Command, o *environmentOptions) {
	cmd.Flags().BoolVar(&o.all, "all", false, "run every stack, also where nothing has changed since its last run")
}

// refreshImageFlag is the flag of the commands that may take a newer base image.
func refreshImageFlag(cmd *cobra.Command, o *environmentOptions) {
	cmd.Flags().BoolVar(&o.refreshImage, "refresh-image", false, "look the tag of portico:image.base up, and build the proxy's image on what it leads to, from now on")
}

func (c *cli) environment(ctx context.Context, verb environmentVerb, o environmentOptions) error {
	report, err := c.runStacks(ctx, verb, o)
	if report == nil {
		return err
	}
	return cmp.Or(c.writeStacksReport(report, o.json), err)
}

// runStacks runs an environment's stacks. The report is nil where none was run.
func (c *cli) runStacks(ctx context.Context, verb environmentVerb, o environmentOptions) (*automation.Report, error) {
	if o.parallel < 1 {
		return nil, usagef("--parallel %d: expected at least 1", o.parallel)
	}
	if o.settle < 0 {
		return nil, usagef("--settle %s: expected 0 or more", o.settle)
	}
	if o.provision < 0 {
		return nil, usagef("--provision %s: expected 0 or more", o.provision)
	}
	env, err := automation.Discover(o.dir, o.name, o.programs())
	if err != nil {
		return nil, err
	}
	env.Parallel = o.parallel
	env.Settle, env.Provision = o.settle, o.provision
	env.PreviewFirst = env.PreviewFirst && !o.skipPreview
	env.All = o.all
	if o.refreshImage {
		env.AgainFlags = []string{"--refresh-image"}
	}
	env.Progress = progress(c.err)
	return verb.run(env, ctx)
}

func (c *cli) writeStacksReport(report *automation.Report, asJSON bool) error {
	if asJSON {
		return c.writeJSON(stacksReportOf(report))
	}
	return c.writeStacks(report)
}

// progress writes what happens: live on a terminal, and in lines elsewhere.
func progress(w io.Writer) func(automation.Event) {
	if columns, live := liveTerminal(w); live {
		return automation.Live(w, columns)
	}
	return automation.Lines(w)
}

func stackOutcome(s automation.Result) string {
	switch {
	case s.Err != nil:
		return "failed"
	case s.Skipped != "":
		return "not run"
	case s.Unchanged:
		return "not run: nothing has changed"
	}
	return s.Changes.String()
}

// programs are the stacks' programs, as the flags want them.
func (o environmentOptions) programs() automation.Programs {
	wanted := programs
	if o.refreshImage {
		wanted.Shared = accounts.SharedRefreshedIn
	}
	return wanted
}

func phaseOutcome(p automation.Phase) string {
	if p.What == "" {
		return p.Changes.String()
	}
	return p.What + ": " + p.Changes.String()
}

// cancelCommand takes the locks of runs that died away.
func (c *cli) cancelCommand() *cobra.Command {
	var o environmentOptions
	cmd := &cobra.Command{
		Use:   "cancel --env NAME",
		Short: "Take away the locks that runs of an environment left when they died",
		Long: `Takes the locks of all stacks of an environment away, as pulumi cancel does for
one. Be sure that the runs that hold them are dead: a run that lives goes on
without its lock. Then run portico refresh, and portico up.`,
		Args: noArguments,
	}
	environmentFlags(cmd, &o)
	cmd.RunE = c.action(func(ctx context.Context) error {
		env, err := automation.Discover(o.dir, o.name, programs)
		if err != nil {
			return err
		}
		return env.Cancel(ctx)
	})
	return cmd
}

// environmentFlags are the flags by which every command finds its environment.
func environmentFlags(cmd *cobra.Command, o *environmentOptions) {
	cmd.Flags().StringVarP(&o.name, "env", "e", "", "the environment: the `NAME` of the shared account's stack")
	cmd.Flags().StringVarP(&o.dir, "dir", "C", ".", "the `DIR` of the shared account's project")
	required(cmd, "env")
	completeEnvironments(cmd, &o.dir)
}

// completeEnvironments lets shells complete --env by the settings files of a
// directory.
func completeEnvironments(cmd *cobra.Command, dir *string) {
	err := cmd.RegisterFlagCompletionFunc("env", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		names, err := settings.Project{Files: settings.Dir(*dir), Shown: *dir}.Stacks()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag was not added: a mistake in this program
	}
}

// writeStacks writes a line for each stack, below it one for each phase where it
// had several, the phases that are ahead, and the commands that are left to owners.
func (c *cli) writeStacks(report *automation.Report) error {
	t := newTable(table.Row{"STACK", "ACCOUNT", "RESOURCES", "SECONDS", "OUTCOME"})
	for _, s := range report.Stacks {
		ended := outcome{stackOutcome(s), s.Err == nil && s.Skipped == ""}
		t.AppendRow(table.Row{s.Name, orDash(s.Account), s.Resources, fmt.Sprintf("%.1f", s.Seconds), ended})
		for i, p := range s.Phases {
			if len(s.Phases) > 1 {
				t.AppendRow(table.Row{fmt.Sprintf("  phase %d", i+1), "", "", fmt.Sprintf("%.1f", p.Seconds), phaseOutcome(p)})
			}
		}
	}
	text := t.text(c.screen)
	if len(report.Ahead) > 0 {
		text += "\nahead:\n"
	}
	for _, phase := range report.Ahead {
		text += "  " + phase + "\n"
	}
	if len(report.Commands) > 0 {
		text += "\nleft to the APIs' owners, until then Portico's statements are in effect:\n"
	}
	for _, command := range report.Commands {
		text += "  " + command + "\n"
	}
	if _, err := io.WriteString(c.out, text); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
