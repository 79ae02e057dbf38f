package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/page"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// previewPage runs the engine's preview and writes it as a page, with what changes
// since the base revision.
func (c *cli) previewPage(ctx context.Context, env environmentOptions, o reviewOptions) error {
	found, err := compare(ctx, env, o)
	if err != nil {
		return err
	}
	if found.review == nil {
		if err := found.writePage(o.html, env, nil); err != nil {
			return err
		}
	}
	verb := environmentVerb{name: "preview", run: (*automation.Environment).Preview}
	report, err := c.runStacks(ctx, verb, env)
	if report == nil {
		return err
	}
	var unwritten error
	if found.review != nil {
		unwritten = found.writePage(o.html, env, report)
	}
	return cmp.Or(c.writeStacksReport(report, env.json), unwritten, err)
}

// writePage writes a comparison as a page; report is that of the engine's preview, nil
// without one. Without a path it does nothing.
func (found *comparison) writePage(path string, env environmentOptions, report *automation.Report) error {
	switch {
	case path == "":
		return nil
	case found.review == nil:
		return writePage(path, mistakesPage(env.name, found.mistakes))
	}
	source := settings.Source{Project: settings.Project{Files: settings.Dir(env.dir), Shown: env.dir}, Stack: env.name}
	shared, err := source.Shared()
	if shared == nil {
		return err
	}
	p, err := reviewPage(found.review, shared)
	if err != nil {
		return err
	}
	if report != nil {
		addStacks(p, report)
	} else {
		p.Notes = append(p.Notes, review.NotAsked+" portico preview --html without --markdown asks.")
	}
	return writePage(path, p)
}

// mistakesPage is the page about files that nothing can be made of.
func mistakesPage(environment string, mistakes []review.Mistake) *page.Page {
	p := &page.Page{Kind: "Preview", Environment: environment}
	p.Verdict = fmt.Sprintf("%d mistakes to correct before anything can be previewed", len(mistakes))
	if len(mistakes) == 1 {
		p.Verdict = "1 mistake to correct before anything can be previewed"
	}
	for _, m := range mistakes {
		place := m.Path
		if m.Line > 0 {
			place = strings.TrimSpace(fmt.Sprintf("%s:%d %s", m.File, m.Line, m.Path))
		}
		if m.Team != "" {
			place += ", team " + m.Team
		}
		p.Findings = append(p.Findings, page.Finding{Wrong: true, Subject: place, Text: m.Message, Fix: m.Fix})
	}
	return p
}

// reviewPage is a review as a page.
func reviewPage(r *review.Review, shared *settings.Shared) (*page.Page, error) {
	p := environmentPage(r.Head.Mapping, r.Topology, shared)
	p.Kind, p.Environment, p.OK, p.Since = "Preview", r.Environment, true, r.Base.Revision
	p.Verdict = capitalized(r.Summary())
	p.Rows = changedFirst(p.Rows, r)
	for _, w := range r.Warnings {
		p.Findings = append(p.Findings, page.Finding{Subject: w.Subject, Text: capitalized(w.Text) + "."})
	}
	for _, t := range r.Tables() {
		p.Tables = append(p.Tables, page.Table(t))
	}
	for _, l := range r.Limits {
		p.Limits = append(p.Limits, page.Limit{What: l.What, Compared: true, Before: l.Before, Used: l.After, Max: l.Max, Of: l.Of})
	}
	if text := r.ProxyText(); text != "" {
		p.Ahead = append(p.Ahead, text)
	}
	if r.Base.Mapping == nil && r.Base.Absent != "" {
		p.Notes = append(p.Notes, fmt.Sprintf("%s %s, so everything is listed as new.", r.Base.Revision, r.Base.Absent))
	}
	all := pagePolicies{page: p, room: maxPolicyText}
	for _, policy := range r.Policies {
		shown := page.Policy{
			Account: accountLabel(r.Head.Mapping, policy.Account), API: string(policy.API), Region: policy.Region,
			Before: policy.BeforeSize, Size: policy.AfterSize, Max: policy.MaxSize,
		}
		if policy.Account == review.UnknownAccount {
			shown.Account = "account unknown"
		}
		if err := all.add(shown, policy.Before, policy.After); err != nil {
			return nil, err
		}
	}
	all.note(r.PoliciesNote())
	p.Figures = []page.Figure{
		{Name: "rows", Value: fmt.Sprint(len(r.Head.Mapping.Rows))},
		{Name: "rows that change", Value: fmt.Sprint(len(r.Rows))},
		{Name: "policies that change", Value: fmt.Sprint(len(r.Policies))},
		{Name: "to watch", Value: fmt.Sprint(len(r.Warnings))},
		{Name: "USD a month, fixed", Value: usd(monthly(p.Bill))},
	}
	return p, nil
}

// changedFirst are the rows with what becomes of them: those that change in the
// review's order, then the others in the file's.
func changedFirst(rows []page.Row, r *review.Review) []page.Row {
	m := r.Head.Mapping
	byPlace := map[string]int{}
	for i := range m.Rows {
		if m.Rows[i].Retired {
			byPlace[retiredPlace(&m.Rows[i])] = i
		}
	}
	var first []page.Row
	used := map[int]bool{}
	for _, c := range r.Rows {
		row, at := page.Row{}, -1
		if c.After != nil {
			at = c.After.Index
		} else if i, known := byPlace[retiredPlace(c.Before)]; known && c.Kind == review.RowRetired {
			at = i
		}
		if at >= 0 {
			row, used[at] = rows[at], true
		} else {
			row = pageRow(r.Base.Mapping, c.Before)
			row.Number = 0 // its number is another row's now
		}
		row.Change, row.Differences = string(c.Kind), differences(&c)
		if c.Kind == review.RowRepointed && c.Before.API != c.After.API {
			row.Was = string(c.Before.API.ID) + "/" + string(c.Before.API.Stage) + string(c.Before.API.Path)
		}
		first = append(first, row)
	}
	for i := range rows {
		if !used[i] {
			first = append(first, rows[i])
		}
	}
	return first
}

// retiredPlace tells a mapping's retired rows apart.
func retiredPlace(row *mapping.Row) string { return row.URL() + " " + fmt.Sprint(row.API) }

// differences are what differs in a row that both revisions have.
func differences(c *review.RowChange) []string {
	var list []string
	if c.Before == nil || c.After == nil {
		return nil
	}
	for _, verb := range c.Widened {
		list = append(list, "+"+string(verb))
	}
	for _, verb := range c.Narrowed {
		list = append(list, "−"+string(verb))
	}
	for _, f := range c.Fields {
		list = append(list, fmt.Sprintf("%s: %s → %s", f.Name, cmp.Or(f.Before, "none"), cmp.Or(f.After, "none")))
	}
	return list
}

// addStacks adds what the engine's preview said.
func addStacks(p *page.Page, report *automation.Report) {
	failed := 0
	for _, s := range report.Stacks {
		one := page.Stack{Name: s.Name, Account: s.Account, Resources: s.Resources, Seconds: s.Seconds, Outcome: stackOutcome(s)}
		if s.Err != nil {
			one.Error = s.Err.Error()
			failed++
		} else if s.Skipped != "" {
			one.Outcome += ": " + s.Skipped
		}
		p.Stacks = append(p.Stacks, one)
	}
	if failed > 0 {
		p.OK = false
		p.Verdict = fmt.Sprintf("The preview of %d of %d stacks failed", failed, len(report.Stacks))
	}
	p.Ahead = append(p.Ahead, report.Ahead...)
}

// capitalized is a text that begins a sentence.
func capitalized(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
