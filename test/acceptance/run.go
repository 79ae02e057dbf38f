package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/portico-iac/portico/automation"
)

// Version is the version of a Record's form.
const Version = 2

// Record is what a run found. Its JSON form is what is kept of a run, and what
// the simulated accounts can be held to.
type Record struct {
	Version int `json:"version"`
	// Accounts says where the run was: "aws" or "simulated".
	Accounts string    `json:"accounts"`
	Began    time.Time `json:"began"`
	// Mapping is the text of the mapping file that was deployed.
	Mapping string `json:"mapping"`
	// Changed is the text that took its place; empty: no change was tried.
	Changed string `json:"changed,omitempty"`
	// Variables are what the questions' scripts were given.
	Variables map[string]string `json:"variables"`
	Steps     []Step            `json:"steps"`
	Answers   []Answer          `json:"answers"`
	// Unanswered are the IDs of the questions that were not answered.
	Unanswered []string `json:"unanswered"`
}

// Step is one part of a run.
type Step struct {
	Name    string  `json:"name"` // "deploy", "second up", "probe", "change", "up after the change", "destroy"
	Seconds float64 `json:"seconds"`
	// Changes are the operations on resources, of all stacks.
	Changes automation.Changes `json:"changes"`
	// Error is why the step failed; empty where it did not.
	Error string `json:"error,omitempty"`
}

// Answer is what AWS answered to a question.
type Answer struct {
	ID      string    `json:"id"`
	Answer  string    `json:"answer"`
	Assumed string    `json:"assumed"`
	At      time.Time `json:"at"`
}

// Stacks are the environment's; *automation.Environment is one.
type Stacks interface {
	Up(context.Context) (*automation.Report, error)
	Destroy(context.Context) (*automation.Report, error)
}

// Prober answers questions from inside the VPC.
type Prober interface {
	// Ask runs a question's script, with variables, and gives what it printed.
	Ask(ctx context.Context, variables map[string]string, q Question) (string, error)
}

// Options say what to run.
type Options struct {
	Stacks Stacks
	Prober Prober
	// Accounts is kept in the record: "aws" or "simulated".
	Accounts string
	// Mapping is the path of the environment's mapping file, and Changed that of
	// a changed one that takes its place for the step "change".
	Mapping, Changed string
	// API is the ID of an API that the mapping names, and Stage its stage.
	API, Stage string
	// Keep leaves the environment deployed.
	Keep bool
	// Progress is called with each step's name before it begins; nil: not.
	Progress func(step string)
}

// Run runs the steps. Whatever fails, the environment is destroyed, unless Keep
// is set, and the mapping file is as it was. The record has what was found until
// then.
func Run(ctx context.Context, o Options) (record *Record, err error) {
	r := &run{Options: o, record: &Record{Version: Version, Accounts: o.Accounts, Began: time.Now().UTC(), Steps: []Step{}, Answers: []Answer{}, Unanswered: []string{}}}
	defer func() { r.record.Unanswered = r.unanswered() }()
	if !o.Keep {
		defer func() {
			// A run that was interrupted cleans up too.
			_, failed := r.step(context.WithoutCancel(ctx), "destroy", o.Stacks.Destroy)
			err = errors.Join(err, failed)
		}()
	}
	before, err := os.ReadFile(o.Mapping)
	if err != nil {
		return r.record, fmt.Errorf("read the mapping: %w", err)
	}
	r.record.Mapping = string(before)
	deployed, err := r.step(ctx, "deploy", o.Stacks.Up)
	if err != nil {
		return r.record, err
	}
	if err := r.same(ctx, "second up"); err != nil {
		return r.record, err
	}
	if _, err := r.step(ctx, "probe", func(ctx context.Context) (*automation.Report, error) { return deployed, r.ask(ctx, deployed) }); err != nil {
		return r.record, err
	}
	if o.Changed == "" {
		return r.record, nil
	}
	changed, err := os.ReadFile(o.Changed)
	if err != nil {
		return r.record, fmt.Errorf("read the changed mapping: %w", err)
	}
	r.record.Changed = string(changed)
	if err := os.WriteFile(o.Mapping, changed, 0o644); err != nil {
		return r.record, fmt.Errorf("change the mapping: %w", err)
	}
	defer func() { err = errors.Join(err, os.WriteFile(o.Mapping, before, 0o644)) }()
	if _, err := r.step(ctx, "change", o.Stacks.Up); err != nil {
		return r.record, err
	}
	return r.record, r.same(ctx, "up after the change")
}

type run struct {
	Options
	record *Record
}

// step runs one step and notes how it went.
func (r *run) step(ctx context.Context, name string, do func(context.Context) (*automation.Report, error)) (*automation.Report, error) {
	if r.Progress != nil {
		r.Progress(name)
	}
	began := time.Now()
	report, err := do(ctx)
	step := Step{Name: name, Seconds: time.Since(began).Seconds()}
	if report != nil && name != "probe" {
		step.Changes = total(report)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
		step.Error = err.Error()
	}
	r.record.Steps = append(r.record.Steps, step)
	return report, err
}

// same is an up that has nothing to do.
func (r *run) same(ctx context.Context, name string) error {
	_, err := r.step(ctx, name, func(ctx context.Context) (*automation.Report, error) {
		report, err := r.Stacks.Up(ctx)
		if err != nil {
			return report, err
		}
		if c := total(report); c.Create+c.Update+c.Replace+c.Delete > 0 {
			return report, fmt.Errorf("nothing had changed, and there was something to do: %s: portico preview --env says what; docs/fidelity.md says what was expected", c)
		}
		return report, nil
	})
	return err
}

// ask asks every question; one that can't be asked stays unanswered.
func (r *run) ask(ctx context.Context, deployed *automation.Report) error {
	var err error
	if r.record.Variables, err = r.variables(deployed); err != nil {
		return err
	}
	var problems []error
	for _, q := range Questions {
		answer, err := r.Prober.Ask(ctx, r.record.Variables, q)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", q.ID, err))
			continue
		}
		r.record.Answers = append(r.record.Answers, Answer{q.ID, answer, q.Assumes, time.Now().UTC()})
	}
	return errors.Join(problems...)
}

// variables are what the scripts are given of what was deployed.
func (r *run) variables(deployed *automation.Report) (map[string]string, error) {
	if len(deployed.Stacks) == 0 {
		return nil, errors.New("the shared stack has no outputs: deploy it first")
	}
	outputs, err := automation.ReadSharedOutputs(deployed.Stacks[0].Outputs)
	if err != nil {
		return nil, err
	}
	if len(outputs.Hosts) == 0 {
		return nil, errors.New("no host has a name: the mapping needs a row of the front door nginx")
	}
	return map[string]string{
		"ENDPOINT": outputs.VPCEndpointDNSName, "HOST": string(outputs.Hosts[0]), "REGION": outputs.Region, "API": r.API, "STAGE": r.Stage,
	}, nil
}

func (r *run) unanswered() []string {
	missing := []string{}
	for _, q := range Questions {
		if !slices.ContainsFunc(r.record.Answers, func(a Answer) bool { return a.ID == q.ID }) {
			missing = append(missing, q.ID)
		}
	}
	return missing
}

func total(report *automation.Report) automation.Changes {
	var all automation.Changes
	for _, s := range report.Stacks {
		all.Create += s.Changes.Create
		all.Update += s.Changes.Update
		all.Replace += s.Changes.Replace
		all.Delete += s.Changes.Delete
		all.Same += s.Changes.Same
	}
	return all
}

// Write keeps a record in a file.
func (r *Record) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}
