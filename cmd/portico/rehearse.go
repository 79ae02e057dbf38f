package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/rehearsal/faults"
)

// programs are the two roles' programs.
var programs = automation.Programs{
	Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn,
	Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn, ProviderQuestions: accounts.ProviderQuestionsIn,
	Check:        accounts.CheckSettings,
	StoppedTasks: accounts.StoppedTasksIn,
}

type rehearseOptions struct {
	mapping, state, setup, fault string
	json, serve, doctor          bool
}

func (c *cli) rehearseCommand() *cobra.Command {
	var o rehearseOptions
	cmd := &cobra.Command{
		Use:   "rehearse --mapping FILE",
		Short: "Bring a mapping up on simulated accounts and probe it with real requests",
		Long: `Bring a mapping up with the real Pulumi engine on simulated AWS accounts, start
the real NGINX that the deployed task definition describes, and send real HTTPS
requests by custom domain. Needs pulumi, nginx and openssl on this machine, no
AWS account and no Docker. Progress is told on standard error.`,
		Args: cobra.NoArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.fault == "list" {
			return c.immediate(func() error { return c.listFaults(o.json) })(cmd, args)
		}
		if o.mapping == "" {
			return usagef(`required flag(s) "mapping" not set`)
		}
		return c.action(func(ctx context.Context) error { return c.rehearse(ctx, o) })(cmd, args)
	}
	cmd.Flags().StringVarP(&o.mapping, "mapping", "m", "", mappingUsage)
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print the report as JSON")
	f.BoolVar(&o.serve, "serve", false, "stay up until interrupted, and print curl lines that reach the custom domains")
	f.BoolVar(&o.doctor, "doctor", false, "have the doctor look at what was brought up, and add what it finds to the report")
	f.StringVar(&o.fault, "fault", "", `break one thing before the probes; "list" lists what there is`)
	f.StringVar(&o.state, "state", "", "a directory that keeps the simulated accounts from one rehearsal to the next")
	f.StringVar(&o.setup, "world", "", "a file that describes what exists in the accounts before Portico deploys")
	return cmd
}

func (c *cli) rehearse(ctx context.Context, o rehearseOptions) error {
	if o.mapping == "-" {
		return usagef(`--mapping "-": a rehearsal reads the file more than once: give its path`)
	}
	options := rehearsal.Options{
		Mapping: o.mapping, StateDir: o.state, Setup: o.setup, Programs: programs, Progress: c.err,
		Doctor: o.doctor, Fault: o.fault,
	}
	if o.fault != "" {
		if _, err := faults.Find(o.fault); err != nil {
			return usagef("--fault: %v", err)
		}
	}
	shown := false
	if o.serve {
		options.Serve = func(report *rehearsal.Report, lines []string) error {
			shown = true
			if err := c.writeReport(report, o.json); err != nil {
				return err
			}
			return c.writeServing(lines, o.json)
		}
	}
	report, err := rehearsal.Run(ctx, options)
	if err != nil {
		return err
	}
	if !shown {
		if err := c.writeReport(report, o.json); err != nil {
			return err
		}
	}
	if !report.OK {
		return errReported
	}
	return nil
}

func (c *cli) writeReport(report *rehearsal.Report, asJSON bool) error {
	if asJSON {
		return c.writeJSON(report)
	}
	stacks := newTable(table.Row{"STACK", "ACCOUNT", "RESOURCES", "SECONDS", "OUTCOME"})
	for _, s := range report.Stacks {
		outcome := s.Changes.String()
		if s.Error != "" {
			outcome = "failed"
		}
		stacks.AppendRow(table.Row{s.Name, orDash(s.Account), s.Resources, fmt.Sprintf("%.1f", s.Seconds), outcome})
	}
	text := trimLines(stacks.Render())
	passed := 0
	if len(report.Probes) > 0 {
		probes := newTable(table.Row{"", "PROBE", "VERB", "URL", "ANSWER"})
		for _, p := range report.Probes {
			mark, answer := "ok", p.Got
			if p.OK {
				passed++
			} else {
				mark = "NOT OK"
				answer = strings.TrimSpace(fmt.Sprintf("%s, not %s %s", p.Got, p.Want, p.Detail))
			}
			probes.AppendRow(table.Row{mark, p.Name, orDash(p.Method), orDash(p.URL), answer})
		}
		text += "\n" + trimLines(probes.Render())
	}
	text += fmt.Sprintf("\n%d of %d probes ok\n", passed, len(report.Probes))
	if report.Doctor != nil {
		text += "\n" + diagnosisText(report.Doctor)
	}
	if _, err := io.WriteString(c.out, text); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// writeServing says how to reach what is being served. Beside a JSON report the
// lines are no data.
func (c *cli) writeServing(lines []string, asJSON bool) error {
	w := c.out
	if asJSON {
		w = c.err
	}
	text := "\nserving until interrupted; in another terminal:\n" + strings.Join(lines, "\n") + "\n"
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the command lines: %w", err)
	}
	return nil
}
