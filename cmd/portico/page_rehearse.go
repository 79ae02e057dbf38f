package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/portico-iac/portico/internal/page"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
)

// rehearsalPage is a rehearsal's report as a page.
func rehearsalPage(report *rehearsal.Report) (*page.Page, error) {
	d := report.Deployed
	options := d.Shared.TopologyOptions()
	domains := settings.DefaultProvider().DomainQuotas()
	options.Quotas.PrivateDomains, options.Quotas.RegionalDomains = domains.PrivateDomains, domains.RegionalDomains
	t, err := topology.Derive(d.Mapping, options)
	if err != nil {
		return nil, err
	}
	p := environmentPage(d.Mapping, t, d.Shared)
	p.Kind, p.Environment, p.OK = "Rehearsal", d.Shared.App.Environment, report.OK
	usage, err := t.Usage(options)
	if err != nil {
		return nil, err
	}
	for _, u := range usage {
		p.Limits = append(p.Limits, page.Limit{What: u.What, Used: u.Used, Max: u.Max, Of: u.Of})
	}
	for _, probe := range report.Probes {
		p.Probes = append(p.Probes, page.Probe{
			Row: probe.Row, Name: probe.Name, Method: probe.Method, URL: probe.URL, Want: probe.Want, Got: probe.Got, Detail: probe.Detail,
			OK: probe.OK, Step: stepOf(probe.Name),
		})
	}
	resources, failed := 0, 0
	for _, s := range report.Stacks {
		outcome := s.Changes.String()
		if s.Unchanged {
			outcome = "not run: nothing has changed"
		}
		p.Stacks = append(p.Stacks, page.Stack{
			Name: s.Name, Account: s.Account, Resources: s.Resources, Seconds: s.Seconds, Outcome: outcome, Error: s.Error,
		})
		resources += s.Resources
		if s.Error != "" {
			failed++
		}
	}
	p.Findings = rehearsalFindings(report)
	if err := rehearsedPolicies(p, d); err != nil {
		return nil, err
	}
	wrong := len(notOK(report.Probes))
	p.Verdict = rehearsalVerdict(report, failed, wrong)
	p.Figures = []page.Figure{
		{Name: "rows", Value: fmt.Sprint(report.Rows)},
		{Name: "probes ok", Value: fmt.Sprintf("%d of %d", len(report.Probes)-wrong, len(report.Probes)), Bad: wrong > 0},
		{Name: "stacks", Value: fmt.Sprint(len(report.Stacks)), Bad: failed > 0},
		{Name: "resources", Value: fmt.Sprint(resources)},
		{Name: "USD a month, fixed", Value: usd(monthly(p.Bill))},
	}
	p.Notes = []string{"Rehearsed on simulated AWS accounts with the real Pulumi engine and the real NGINX. The page shows what was deployed there; no AWS account was asked."}
	if report.ProbedRows < report.Rows {
		p.Notes = append(p.Notes, fmt.Sprintf("%d of the %d rows were probed, evenly chosen: the mapping is too large to probe all.", report.ProbedRows, report.Rows))
	}
	return p, nil
}

func rehearsalVerdict(report *rehearsal.Report, failedStacks, wrong int) string {
	switch {
	case failedStacks > 0:
		return fmt.Sprintf("%d of %d stacks failed", failedStacks, len(report.Stacks))
	case wrong > 0:
		return fmt.Sprintf("%d of %d probes failed", wrong, len(report.Probes))
	case !report.OK:
		return "The doctor found something wrong"
	}
	return fmt.Sprintf("Every stack is deployed, and all %d probes are ok", len(report.Probes))
}

func monthly(bill []page.BillItem) float64 {
	total := 0.0
	for _, item := range bill {
		total += item.USD
	}
	return total
}

// stepOf is the step of the path that a probe shows; empty: none of them.
func stepOf(probe string) page.Step {
	switch probe {
	case "name resolves", "name resolves in another VPC":
		return page.StepName
	case "certificate covers the name", "TLS 1.1":
		return page.StepBalancer
	case "forbidden verb at the proxy":
		return page.StepProxy
	case "caller round the proxy", "consumer's endpoint":
		return page.StepEndpoint
	case "allowed verb", "spoofed API ID", "forbidden verb", "forbidden verb at the endpoint", "caller at another endpoint", "retired row at the endpoint":
		return page.StepAPI
	}
	return ""
}

// rehearsalFindings are what the doctor found, and the fault that was injected.
func rehearsalFindings(report *rehearsal.Report) []page.Finding {
	var list []page.Finding
	if report.Fault != "" {
		list = append(list, page.Finding{Subject: "fault " + report.Fault, Text: "This fault was injected on demand (--fault) after the stacks had run."})
	}
	if report.Doctor == nil {
		return list
	}
	found := groupByCause(report.Doctor)
	for _, cause := range found.Causes {
		where := string(cause.Step)
		if cause.Account != "" {
			where += ": " + cause.Resource + ", account " + cause.Account
		}
		list = append(list, page.Finding{
			Wrong: true, Subject: where, Text: cause.Problem + " (" + strings.Join(cause.Hosts, ", ") + ")", Fix: cause.Fix,
		})
	}
	for _, one := range found.Unread {
		list = append(list, page.Finding{Subject: "not read: " + string(one.Step), Text: one.Why})
	}
	return list
}

// rehearsedPolicies adds the policies in the simulated accounts, those that changed
// first.
func rehearsedPolicies(p *page.Page, d *rehearsal.Deployed) error {
	all := pagePolicies{page: p, room: maxPolicyText}
	fullest := page.Limit{}
	for _, changed := range []bool{true, false} {
		for _, policy := range d.Policies {
			if (policy.Before != policy.After) != changed {
				continue
			}
			shown := page.Policy{
				Account: accountLabel(d.Mapping, policy.Account), API: string(policy.API), Region: policy.Region,
				Before: utf8.RuneCountInString(policy.Before), Size: utf8.RuneCountInString(policy.After), Max: policy.MaxSize,
			}
			if len(policy.Undeployed) > 0 {
				shown.Note = "Stages that still serve another policy, since they have not been deployed after it: " + strings.Join(policy.Undeployed, ", ") + "."
			}
			if err := all.add(shown, []byte(policy.Before), []byte(policy.After)); err != nil {
				return err
			}
			if shown.Size*fullest.Max >= fullest.Used*shown.Max {
				fullest = page.Limit{What: "characters of an API's resource policy", Used: shown.Size, Max: shown.Max, Of: "API " + shown.API}
			}
		}
	}
	if fullest.Used > 0 {
		p.Limits = append(p.Limits, fullest)
	}
	all.note("As they are in the simulated accounts before and after the stacks ran, with the statements of the APIs’ owners.")
	return nil
}

// writeRehearsalPage writes the page of a report; without a path it does nothing.
func writeRehearsalPage(path string, report *rehearsal.Report) error {
	if path == "" || report.Deployed == nil {
		return nil
	}
	p, err := rehearsalPage(report)
	if err != nil {
		return err
	}
	return writePage(path, p)
}
