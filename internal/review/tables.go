package review

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// Table is a part of a review as plain text, for those that lay it out themselves.
type Table struct {
	Title, Note string
	Head        []string
	// Lines have a cell for each of Head.
	Lines [][]string
}

// Tables are the parts of the review beside its rows, policies, limits and warnings:
// those of the comment in its order. Parts without a line are left out.
func (r *Review) Tables() []Table {
	all := []Table{
		{Title: "Settings", Note: "Secrets are never shown.", Head: []string{"stack", "setting", "before", "after"}, Lines: r.settingLines()},
		{Title: "Accounts", Head: []string{"", "name", "number", "role"}, Lines: r.accountLines()},
		{Title: "Other files", Head: []string{"file", "what differs"}, Lines: r.fileLines()},
		{Title: "Front doors", Head: []string{"custom domain", "from", "to", "in the account"}, Lines: r.moveLines()},
		{
			Title: "Who redeploys",
			Note:  "A policy takes effect when its stages are deployed, and a deployment also publishes the owner's other unpublished changes.",
			Head:  []string{"account", "API", "stages", "owner", "deployed"}, Lines: r.redeployLines(),
		},
		{Title: "Certificates", Head: []string{"", "names"}, Lines: r.plainCertificates()},
		{Title: "Private hosted zones", Head: []string{"", "zone", "alias records added", "removed"}, Lines: r.zoneLines()},
		{Title: "Cost", Note: unmarked(r.Cost.sentence(r.Base.Mapping == nil)) + ".", Head: []string{"part", "for", "before", "after", "a month"}, Lines: r.costLines()},
	}
	var tables []Table
	for _, t := range all {
		if len(t.Lines) > 0 {
			tables = append(tables, t)
		}
	}
	return tables
}

// Summary counts what changes, in one line; for a review that is empty it says so.
func (r *Review) Summary() string {
	if r.Empty() {
		return "nothing changes for clients, policies or cloud resources"
	}
	return unmarked(r.summary())
}

// PoliciesNote says what the review's policies are, and what is not known of them.
func (r *Review) PoliciesNote() string { return unmarked(r.policiesNote()) }

// ProxyText says what becomes of the proxy; empty: nothing does.
func (r *Review) ProxyText() string { return r.Proxy.text() }

// asItIs writes text of no grammar where nothing is taken for markup.
func asItIs(text string) string { return text }

// unmarked takes the marks of Markdown from text whose values are all of a grammar
// that has none of them.
func unmarked(text string) string {
	return strings.NewReplacer("`", "", "**", "", "~~", "").Replace(text)
}

func (r *Review) settingLines() (lines [][]string) {
	for _, c := range r.Settings {
		before, after := settingCells(c, asItIs)
		lines = append(lines, []string{c.place(asItIs), c.Key, before, after})
	}
	return lines
}

func (r *Review) accountLines() (lines [][]string) {
	for _, c := range r.Accounts {
		lines = append(lines, []string{c.kind(), c.Name, unmarked(change(numberOf(c.Before), numberOf(c.After))), unmarked(change(roleOf(c.Before), roleOf(c.After)))})
	}
	return lines
}

func (r *Review) fileLines() (lines [][]string) {
	for _, c := range r.Files {
		lines = append(lines, []string{c.Path, c.what(asItIs)})
	}
	return lines
}

func (r *Review) moveLines() (lines [][]string) {
	for _, m := range r.Moves {
		lines = append(lines, []string{string(m.Host), unmarked(frontDoorText(m.From)), unmarked(frontDoorText(m.To)), unmarked(r.inAccount(m))})
	}
	return lines
}

func (r *Review) redeployLines() (lines [][]string) {
	for _, p := range r.Policies {
		lines = append(lines, []string{
			unmarked(r.accountName(p.Account)), string(p.API), joined(p.Stages), strings.Join(p.Owners, ", "),
			// A stack's name is of a grammar without marks.
			unmarked(p.deployedBy(asItIs)),
		})
	}
	return lines
}

func (r *Review) plainCertificates() (lines [][]string) {
	for _, c := range r.certificateLines() {
		lines = append(lines, []string{unmarked(c.how), joined(c.names)})
	}
	return lines
}

func (r *Review) zoneLines() (lines [][]string) {
	for _, z := range r.Zones {
		lines = append(lines, []string{z.kind(), string(z.Name), unmarked(recordNames(z.RecordsAdded)), unmarked(recordNames(z.RecordsRemoved))})
	}
	return lines
}

func (r *Review) costLines() (lines [][]string) {
	for _, change := range r.Cost.Changes {
		lines = append(lines, []string{
			change.What, cmp.Or(string(change.FrontDoor), "all"), fmt.Sprint(change.Before.Count), fmt.Sprint(change.After.Count), signed(change.USD()),
		})
	}
	return lines
}

func joined[T mapping.Host | mapping.Stage](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
