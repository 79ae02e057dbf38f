package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
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
	ProviderRetired: accounts.ProviderRetiredIn,
	Check:           accounts.CheckSettings,
	ProviderDigests: accounts.ProviderDigestsIn, SavedPolicies: accounts.SavedPoliciesIn,
	StoppedTasks: accounts.StoppedTasksIn, ProfileEntries: accounts.ProfileEntriesIn, OthersAssociations: accounts.OthersAssociationsIn,
}

type rehearseOptions struct {
	mapping, state, setup, fault, html string

	json, serve, watch, doctor bool
	pace                       float64
}

func (c *cli) rehearseCommand() *cobra.Command {
	var o rehearseOptions
	cmd := &cobra.Command{
		Use:   "rehearse --mapping FILE",
		Short: "Bring a mapping up on simulated accounts and probe it with real requests",
		Long: `Bring a mapping up with the real Pulumi engine on simulated AWS accounts, start
the real NGINX that the deployed task definition describes, and send real HTTPS
requests by custom domain. Needs pulumi, nginx and openssl on this machine, no
AWS account and no Docker. Progress is told on standard error.

With --html, the report is a page too: the path of each row's requests as a
picture, every probe, policies before and after, limits and cost.

With --serve --watch, each edit of the mapping is deployed as portico up would,
while the custom domains answer. A mapping with mistakes is reported, and the
former one stays. With --json each report is one line, and the page of --html is
written anew.`,
		Args: noArguments,
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
	f.StringVar(&o.html, "html", "", htmlUsage)
	f.BoolVar(&o.serve, "serve", false, "stay up until interrupted, and print curl lines that reach the custom domains")
	f.BoolVar(&o.doctor, "doctor", false, "have the doctor look at what was brought up, and add what it finds to the report")
	f.StringVar(&o.fault, "fault", "", "break one thing by its `NAME` before the probes; \"list\" lists what there is")
	f.BoolVar(&o.watch, "watch", false, "with --serve: deploy each edit of the mapping while it serves")
	f.Float64Var(&o.pace, "pace", rehearsal.DefaultPace, "with --watch: the `PART` of AWS's waits to wait, 1 for all of it")
	f.StringVar(&o.state, "state", "", "the `DIR` that keeps the simulated accounts from one rehearsal to the next")
	f.StringVar(&o.setup, "world", "", "the `FILE` that describes what exists in the accounts before Portico deploys")
	return cmd
}

func (c *cli) rehearse(ctx context.Context, o rehearseOptions) error {
	if o.mapping == "-" {
		return usagef(`--mapping "-": a rehearsal reads the file more than once: give its path`)
	}
	if o.watch && !o.serve {
		return usagef("--watch goes with --serve")
	}
	if !(o.pace > 0 && o.pace <= 1) {
		return usagef("--pace %v: expected a number above 0, up to 1", o.pace)
	}
	if err := checkHTML(o.html); err != nil {
		return err
	}
	options := rehearsal.Options{
		Mapping: o.mapping, StateDir: o.state, Setup: o.setup, Programs: programs, Progress: c.err, Events: progress(c.err),
		Doctor: o.doctor, Fault: o.fault, Pace: o.pace,
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
			if err := c.writeRehearsed(report, o); err != nil {
				return err
			}
			return c.writeServing(lines, o.json)
		}
	}
	if o.watch {
		options.Edited = func(report *rehearsal.Report, wrong error) error { return c.writeEdit(report, wrong, o) }
	}
	report, err := rehearsal.Run(ctx, options)
	if err != nil {
		return err
	}
	if !shown {
		if err := c.writeRehearsed(report, o); err != nil {
			return err
		}
	}
	if !report.OK {
		return errReported
	}
	return nil
}

// writeRehearsed writes the report on the mapping that the rehearsal began with: also
// where the page of it can't be written.
func (c *cli) writeRehearsed(report *rehearsal.Report, o rehearseOptions) error {
	page := writeRehearsalPage(o.html, report)
	if o.json && o.watch {
		return cmp.Or(c.writeLine(editReport{Report: report}), page)
	}
	return cmp.Or(c.writeReport(report, o.json), page)
}

// editReport is a line of --watch --json: a report, with the mistakes of a mapping
// that was not deployed.
type editReport struct {
	*rehearsal.Report
	Errors []mistake `json:"errors,omitempty"`
}

// writeEdit writes what became of an edit of the mapping.
func (c *cli) writeEdit(report *rehearsal.Report, wrong error, o rehearseOptions) error {
	if wrong == nil {
		if err := writeRehearsalPage(o.html, report); err != nil {
			return err
		}
	}
	if o.json {
		if wrong != nil {
			report = &rehearsal.Report{Stacks: []rehearsal.Stack{}, Probes: []rehearsal.Probe{}}
			return c.writeLine(editReport{report, mistakesOf(o.mapping, wrong)})
		}
		return c.writeLine(editReport{Report: report})
	}
	if wrong != nil {
		_, err := fmt.Fprintf(c.out, "\n%s\nthe edit is not deployed: the former mapping stays\n", problem(wrong))
		return err
	}
	_, err := fmt.Fprintf(c.out, "\nthe edit is deployed:\n%s", c.tables(report, notOK(report.Probes)))
	return err
}

// writeLine writes a value as JSON on one line.
func (c *cli) writeLine(value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = fmt.Fprintf(c.out, "%s\n", data)
	return err
}

func (c *cli) writeReport(report *rehearsal.Report, asJSON bool) error {
	if asJSON {
		return c.writeJSON(report)
	}
	if _, err := io.WriteString(c.out, c.tables(report, report.Probes)); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// tables are a report's stacks, some of its probes, how many were right, and what the
// doctor found.
func (c *cli) tables(report *rehearsal.Report, shown []rehearsal.Probe) string {
	stacks := newTable(table.Row{"STACK", "ACCOUNT", "RESOURCES", "SECONDS", "OUTCOME"})
	for _, s := range report.Stacks {
		ended := outcome{s.Changes.String(), true}
		if s.Error != "" {
			ended = outcome{"failed", false}
		}
		stacks.AppendRow(table.Row{s.Name, orDash(s.Account), s.Resources, fmt.Sprintf("%.1f", s.Seconds), ended})
	}
	text := stacks.text(c.screen)
	if len(shown) > 0 {
		probes := newTable(table.Row{"", "PROBE", "VERB", "URL", "ANSWER"})
		for _, p := range shown {
			mark, answer := outcome{"ok", true}, p.Got
			if !p.OK {
				mark = outcome{"NOT OK", false}
				answer = strings.TrimSpace(fmt.Sprintf("%s, not %s %s", p.Got, p.Want, p.Detail))
			}
			probes.AppendRow(table.Row{mark, p.Name, orDash(p.Method), orDash(p.URL), answer})
		}
		text += "\n" + probes.text(c.screen)
	}
	wrong := len(notOK(report.Probes))
	text += fmt.Sprintf("\n%d of %d probes ok\n", len(report.Probes)-wrong, len(report.Probes))
	if report.Alarms != nil {
		text += "\n" + alarmsText(report.Alarms)
	}
	if report.Doctor != nil {
		text += "\n" + diagnosisText(groupByCause(report.Doctor))
	}
	return text
}

// notOK are the probes that did not find what they wanted.
func notOK(probes []rehearsal.Probe) []rehearsal.Probe {
	return slices.DeleteFunc(slices.Clone(probes), func(p rehearsal.Probe) bool { return p.OK })
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
