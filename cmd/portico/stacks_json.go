package main

import "github.com/portico-iac/portico/automation"

// stacksReport is what up and preview print with --json. Fields are added, never renamed
// or removed.
type stacksReport struct {
	OK     bool          `json:"ok"`
	Stacks []stackReport `json:"stacks"`
	// Ahead are the phases that follow, a sentence for each.
	Ahead []string `json:"ahead,omitempty"`
}

// stackReport is one stack, in the order of the text.
type stackReport struct {
	Name      string             `json:"name"`
	Account   string             `json:"account"`
	Resources int                `json:"resources"`
	Changes   automation.Changes `json:"changes"`
	Seconds   float64            `json:"seconds"`
	Phases    []phaseReport      `json:"phases,omitempty"`
	// Unchanged reports that the stack was not run, since nothing has changed.
	Unchanged bool `json:"unchanged,omitempty"`
	// Skipped is why the stack was not run otherwise, and Error why its run failed.
	Skipped string `json:"skipped,omitempty"`
	Error   string `json:"error,omitempty"`
}

type phaseReport struct {
	What    string             `json:"what,omitempty"`
	Changes automation.Changes `json:"changes"`
	Seconds float64            `json:"seconds"`
}

func stacksReportOf(report *automation.Report) stacksReport {
	all := stacksReport{OK: true, Stacks: []stackReport{}, Ahead: report.Ahead}
	for _, s := range report.Stacks {
		one := stackReport{
			Name: s.Name, Account: s.Account, Resources: s.Resources, Changes: s.Changes, Seconds: s.Seconds,
			Unchanged: s.Unchanged, Skipped: s.Skipped,
		}
		for _, p := range s.Phases {
			one.Phases = append(one.Phases, phaseReport{p.What, p.Changes, p.Seconds})
		}
		if s.Err != nil {
			one.Error = s.Err.Error()
			all.OK = false
		}
		all.Stacks = append(all.Stacks, one)
	}
	return all
}
