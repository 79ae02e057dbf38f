package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// verdict is what validate --json prints.
type verdict struct {
	OK bool `json:"ok"`
	// Rows is the number of rows; 0 where the mapping has mistakes.
	Rows   int       `json:"rows"`
	Errors []mistake `json:"errors"`
	// Warnings don't make a mapping wrong; left out where there are none.
	Warnings []mistake `json:"warnings,omitempty"`
}

type mistake struct {
	File string `json:"file"`
	// Line and Column count from 1; both are 0 where the file can't be read.
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
	// Team is the team whose file of a mapping directory the mistake is in.
	Team string `json:"team,omitempty"`
}

func (c *cli) validateCommand() *cobra.Command {
	var path, environment string
	var form validateForm
	cmd := &cobra.Command{
		Use:   "validate --mapping FILE | --env NAME",
		Short: "Report every mistake of a mapping file, with its place and what to write instead",
		Long: `Report every mistake of a mapping file, with its place and what to write instead.

With --env, the mapping is the one that the environment's settings name. The
settings of all its stacks are checked too, and the mapping against them: the
roles in ACCOUNTS have to be among those that the stacks allow.`,
		Args: noArguments,
		RunE: c.immediate(func() error {
			switch {
			case environment != "":
				return c.validateEnvironment(environment, form)
			case path == "":
				return usagef(`required flag(s) "mapping" or "env" not set`)
			}
			return c.validate(path, form)
		}),
	}
	cmd.Flags().StringVarP(&path, "mapping", "m", "", mappingUsage)
	cmd.Flags().StringVarP(&environment, "env", "e", "", "the environment: the `NAME` of the shared account's stack")
	cmd.Flags().StringVarP(&form.dir, "dir", "C", ".", "the `DIR` of the shared account's project: with --env, and for the stacks that a warning names")
	cmd.MarkFlagsMutuallyExclusive("mapping", "env")
	completeEnvironments(cmd, &form.dir)
	cmd.Flags().BoolVar(&form.json, "json", false, "print the result as JSON on standard output")
	cmd.Flags().BoolVar(&form.github, "github", false, "print mistakes and warnings as annotations of GitHub Actions on standard output")
	cmd.MarkFlagsMutuallyExclusive("json", "github")
	return cmd
}

// validateForm is how validate prints.
type validateForm struct {
	// json and github ask for a verdict and for annotations; neither: for people.
	json, github bool
	// dir is the project's directory, whose stacks warnings name.
	dir string
}

func (c *cli) validate(path string, form validateForm) error {
	m, err := c.load(path)
	return c.writeValidated(path, m, err, form)
}

// validateEnvironment checks an environment's settings and its mapping against
// each other.
func (c *cli) validateEnvironment(environment string, form validateForm) error {
	dir := form.dir
	state, path, err := described(workingTree(dir), environment, dir, everyMistake)
	// What is wrong between stacks is found as before a run.
	if found, unknown := automation.Discover(dir, environment, programs); unknown == nil {
		if wrong := found.Check(); wrong != nil {
			err = wrong
		}
	}
	return c.writeValidated(filepath.Join(dir, path), state.Mapping, err, form)
}

func (c *cli) writeValidated(path string, m *mapping.Mapping, err error, form validateForm) error {
	switch {
	case form.json:
		return c.writeVerdict(path, m, err, form.dir)
	case form.github && err != nil:
		if err := writeAnnotations(c.out, "error", mistakesOf(path, err)); err != nil {
			return err
		}
		return errReported
	case err != nil:
		return err
	case form.github:
		if err := writeAnnotations(c.out, "warning", warningsOf(m, path, form.dir)); err != nil {
			return err
		}
	default:
		for _, w := range warningsOf(m, path, form.dir) {
			fmt.Fprintf(c.err, "%s:%d:%d: %s: warning: %s: %s\n", w.File, w.Line, w.Column, w.Path, w.Message, w.Fix)
		}
	}
	fmt.Fprintf(c.out, "%s: ok: %s\n", m.Source, summary(m))
	return nil
}

func (c *cli) writeVerdict(path string, m *mapping.Mapping, err error, dir string) error {
	v := verdict{OK: err == nil, Errors: mistakesOf(path, err)}
	if err == nil {
		v.Rows, v.Warnings = len(m.Rows), warningsOf(m, path, dir)
	}
	if err := c.writeJSON(v); err != nil {
		return err
	}
	if !v.OK {
		return errReported
	}
	return nil
}

// mistakesOf lists what is wrong with a mapping, an unreadable file included;
// it is never nil, so that it is a list in JSON too.
func mistakesOf(path string, err error) []mistake {
	list := []mistake{}
	if err == nil {
		return list
	}
	var errs mapping.Errors
	var wrong settings.Errors
	if errors.As(err, &wrong) {
		for _, e := range wrong {
			list = append(list, mistake{e.File, e.Line, e.Column, e.Key, e.Problem, e.Fix, ""})
		}
	}
	if errors.As(err, &errs) {
		list = append(list, mappingMistakes(errs)...)
	}
	if len(list) == 0 {
		list = append(list, mistake{
			File:    path,
			Message: err.Error(),
			Fix:     "name a file that exists and can be read",
		})
	}
	return list
}

func mappingMistakes(errs mapping.Errors) []mistake {
	list := []mistake{}
	for _, e := range errs {
		list = append(list, mistake{
			File: e.File, Line: e.Line, Column: e.Column, Path: e.Path, Message: e.Message, Fix: e.Fix, Team: e.Team,
		})
	}
	return list
}

// summary is such as "14 rows, 6 hosts, 9 APIs in 3 accounts", and what a deployment
// cuts.
func summary(m *mapping.Mapping) string {
	hosts := map[mapping.Host]bool{}
	apis := map[mapping.PrivateAPI]bool{}
	accounts := map[mapping.AccountID]bool{}
	for _, row := range m.Rows {
		hosts[row.Host] = true
		apis[mapping.PrivateAPI{ID: row.API.ID, Region: row.API.Region}] = true
		if row.Account != "" {
			accounts[row.Account] = true
		}
	}
	text := fmt.Sprintf("%s, %s, %s", count(len(m.Rows), "row"), count(len(hosts), "host"), count(len(apis), "API"))
	if len(accounts) > 0 {
		text += " in " + count(len(accounts), "account")
	}
	if after, cut := m.CutAfter(); cut {
		text += fmt.Sprintf("; a deployment cuts answers that still run %.0f s after it takes their task away, unless a row has STREAM: true", after.Seconds())
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
