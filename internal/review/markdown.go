package review

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// Style is how a comment is written.
type Style struct {
	// Links is what a path of the repository is appended to, as
	// "https://github.com/owner/name/blob/SHA"; empty: no links.
	Links string
	// Path is the path in the repository of the mapping, for links.
	Path string
	// Directory says that the mapping is a directory: lines are those of its files.
	Directory bool
	// MaxBytes bounds the comment; 0: no bound.
	MaxBytes int
	// Whole is the command that writes the comment without a bound.
	Whole string
}

// Marker is the hidden first line by which a comment is found again.
func Marker(environment string) string { return "<!-- portico-preview " + environment + " -->" }

// Markdown writes the review as a comment. The same review gives the same
// bytes.
func (r *Review) Markdown(style Style) (string, error) {
	if r.Empty() {
		return fmt.Sprintf("%s\n**Portico, environment %s**: nothing changes for clients, policies or cloud resources since %s.\n",
			Marker(r.Environment), verbatim(r.Environment), verbatim(r.Base.Revision)), nil
	}
	policies, err := r.policySection()
	if err != nil {
		return "", err
	}
	sections := []*section{
		r.opening(), r.warningSection(), r.settingsSection(), r.accountSection(), r.filesSection(),
		r.rowSection(style), r.moveSection(), r.diagramSection(), r.redeploySection(),
		policies, r.certificateSection(), r.zoneSection(), r.costSection(), r.limitSection(), r.closing(),
	}
	return assemble(sections, style.MaxBytes, "`"+style.Whole+"` prints all."), nil
}

// single is a section that can't be cut.
func single(text string) *section { return &section{items: []string{text}, things: "paragraph"} }

func (r *Review) opening() *section {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n### Portico, environment %s\n\n", Marker(r.Environment), verbatim(r.Environment))
	fmt.Fprintf(&b, "Since %s: %s.\n", verbatim(r.Base.Revision), r.summary())
	if r.Base.Mapping == nil && r.Base.Absent != "" {
		fmt.Fprintf(&b, "\n%s %s, so everything is listed as new.\n", verbatim(r.Base.Revision), r.Base.Absent)
	}
	if text := r.Proxy.text(); text != "" {
		b.WriteString("\n" + text + "\n")
	}
	return single(b.String())
}

func (c ProxyChange) text() string {
	switch c {
	case ProxyStays:
	case ProxyChanges:
		return "The proxy's routes change: a new image is built, and new tasks take over from the old ones."
	case ProxyComes:
		return "The proxy gets its first route: an image is built, and a service runs it."
	case ProxyGoes:
		return "No row needs the proxy any more: it is removed once its hosts have their new front doors."
	}
	return ""
}

// summary counts what changes, in one line.
func (r *Review) summary() string {
	var parts []string
	add := func(n int, what, how string) {
		if n > 0 {
			parts = append(parts, count(n, what)+" "+how)
		}
	}
	add(len(r.HostsAdded), "host", "added")
	add(len(r.HostsRemoved), "host", "removed")
	add(len(r.HostsRepointed), "host", "re-pointed")
	add(r.moving(), "host", "to another front door")
	wider, narrower := 0, 0
	for _, c := range r.Rows {
		if c.Before == nil || c.After == nil {
			continue
		}
		if len(c.Widened) > 0 {
			wider++
		}
		if len(c.Narrowed) > 0 {
			narrower++
		}
	}
	if wider > 0 {
		parts = append(parts, "**verbs widened in "+count(wider, "row")+"**")
	}
	if narrower > 0 {
		parts = append(parts, "verbs narrowed in "+count(narrower, "row"))
	}
	add(len(r.Policies), "resource policy", "changed")
	add(len(r.Certificates.Added)+len(r.Certificates.AccountsAdded), "certificate", "added")
	add(len(r.Certificates.Removed)+len(r.Certificates.AccountsRemoved), "certificate", "removed")
	add(len(r.Certificates.Attached), "supplied certificate", "attached")
	add(len(r.Certificates.Detached), "supplied certificate", "detached")
	add(len(r.Settings), "setting", "changed")
	add(len(r.Accounts), "entry", "of ACCOUNTS changed")
	add(len(r.otherContents()), "file", "that the settings name changed")
	if amount := r.Cost.amount(); amount != "" && r.Base.Mapping != nil {
		parts = append(parts, amount)
	}
	if len(parts) == 0 && len(r.Rows) > 0 {
		return count(len(r.Rows), "row") + " changed"
	}
	if len(parts) == 0 {
		return "no value changes"
	}
	return strings.Join(parts, ", ")
}

func (r *Review) warningSection() *section {
	s := &section{head: "\n#### To watch\n\n", things: "warnings"}
	for _, w := range r.Warnings {
		s.items = append(s.items, fmt.Sprintf("- %s: %s.\n", named(w.Subject), w.Text))
	}
	return s
}

func (r *Review) rowSection(style Style) *section {
	// The teams have a column in a mapping of teams alone.
	team := func(RowChange) []string { return nil }
	heads, line := []string{"", "custom domain", "leads to", "verbs", "else"}, "|---|---|---|---|---|"
	if slices.ContainsFunc(r.Rows, func(c RowChange) bool { return c.Row().Team != "" }) {
		team = func(c RowChange) []string { return []string{named(c.Row().Team)} }
		heads, line = slices.Insert(heads, 2, "team"), line+"---|"
	}
	s := &section{
		head:   "\n#### Hosts and rows\n\nBold verbs are those that clients could not use before.\n\n" + tableRow(heads...) + line + "\n",
		things: "rows", rank: 1,
	}
	for _, c := range r.Rows {
		cells := []string{string(c.Kind), rowLink(c, style), leadsTo(c), verbChange(c), otherFields(c)}
		s.items = append(s.items, tableRow(slices.Insert(cells, 2, team(c)...)...))
	}
	return s
}

func rowLink(c RowChange, style Style) string {
	row := c.Row()
	name := code(row.URL())
	if c.After == nil || style.Links == "" {
		return name
	}
	return fmt.Sprintf("[%s](%s)", name, lineLink(style, row.Pos.File, row.Pos.Line))
}

func leadsTo(c RowChange) string {
	switch {
	case c.Before == nil:
		return endpoint(c.After)
	case c.After == nil:
		return "~~" + endpoint(c.Before) + "~~"
	case c.Kind == RowRepointed && c.Before.API != c.After.API:
		return "~~" + endpoint(c.Before) + "~~ → " + endpoint(c.After)
	}
	return endpoint(c.After)
}

// endpoint is the API, stage and path of a row, and the region, which tells
// apart APIs that look alike.
func endpoint(row *mapping.Row) string {
	account := "no account"
	if row.Account != "" {
		account = "account " + string(row.Account)
	}
	return fmt.Sprintf("%s (%s, %s)", code(string(row.API.ID)+"/"+string(row.API.Stage)+string(row.API.Path)),
		account, row.API.Region)
}

// verbChange has what is won in bold and what is lost plain.
func verbChange(c RowChange) string {
	switch {
	case c.Kind == RowForgotten:
		return ""
	case c.Before == nil:
		return "**" + verbList(c.After) + "**"
	case c.After == nil:
		return "−" + verbList(c.Before)
	case len(c.Widened)+len(c.Narrowed) == 0:
		return "as before: " + verbList(c.After)
	}
	var parts []string
	for _, m := range c.Widened {
		parts = append(parts, "**+"+string(m)+"**")
	}
	for _, m := range c.Narrowed {
		parts = append(parts, "−"+string(m))
	}
	return strings.Join(parts, " ")
}

func verbList(row *mapping.Row) string {
	if row.Methods == nil {
		return "every verb"
	}
	names := make([]string, len(row.Methods))
	for i, m := range row.Methods {
		names[i] = string(m)
	}
	return strings.Join(names, " ")
}

func otherFields(c RowChange) string {
	if c.Before == nil {
		return newFields(c.After)
	}
	var parts []string
	for _, f := range c.Fields {
		parts = append(parts, fmt.Sprintf("%s: %s → %s", f.Name, fieldValue(f.Before, f.FreeText), fieldValue(f.After, f.FreeText)))
	}
	if c.Kind == RowRetired {
		parts = append(parts, "the name is gone; the policy is cleared by the account's stack")
	}
	if c.Kind == RowForgotten {
		parts = append(parts, "was retired already")
	}
	return strings.Join(parts, "; ")
}

// newFields are what a new row says beside what has columns of its own.
func newFields(row *mapping.Row) string {
	var parts []string
	if row.CORS {
		parts = append(parts, "CORS")
	}
	if row.Timeout != mapping.DefaultTimeout {
		parts = append(parts, "timeout: "+code(seconds(row.Timeout)))
	}
	if row.AccessMode == mapping.AccessModeStrict {
		parts = append(parts, "endpoint access mode: "+code(row.AccessMode))
	}
	if row.Stream {
		parts = append(parts, "stream")
	}
	if row.NoRewrite {
		parts = append(parts, "answers not rewritten")
	}
	if row.FrontDoor != mapping.FrontDoorNGINX {
		parts = append(parts, "front door: "+code(row.FrontDoor))
	}
	if row.Description != "" {
		parts = append(parts, "description: "+verbatim(row.Description))
	}
	if row.Owner != "" {
		parts = append(parts, "owner: "+verbatim(row.Owner))
	}
	return strings.Join(parts, "; ")
}

func fieldValue(value string, freeText bool) string {
	switch {
	case value == "":
		return "none"
	case freeText:
		return verbatim(value)
	}
	return code(value)
}

// lineLink leads to a line of a mapping's file.
func lineLink(style Style, file string, line int) string {
	inRepository := style.Path
	if style.Directory {
		inRepository = path.Join(style.Path, filepath.Base(file))
	}
	return fmt.Sprintf("%s/%s#L%d", style.Links, urlPath(inRepository), line)
}
