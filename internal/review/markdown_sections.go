package review

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/mapping"
)

// urlPath is a file's path as a URL has it, also within Markdown's
// parentheses.
func urlPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = strings.NewReplacer("(", "%28", ")", "%29").Replace(url.PathEscape(s))
	}
	return strings.Join(segments, "/")
}

func (r *Review) redeploySection() *section {
	s := &section{
		head: "\n#### Who redeploys\n\nA policy takes effect when its stages are deployed, and a deployment also publishes the owner's other unpublished changes.\n\n" +
			tableRow("account", "API", "stages", "owner", "deployed") + "|---|---|---|---|---|\n",
		things: "APIs", rank: 2,
	}
	for _, p := range r.Policies {
		owners := make([]string, len(p.Owners))
		for i, o := range p.Owners {
			owners[i] = verbatim(o)
		}
		s.items = append(s.items, tableRow(
			r.accountName(p.Account), code(p.API), codes(p.Stages), strings.Join(owners, ", "), p.deployedBy(verbatim)))
	}
	return s
}

// accountName is an account's number, with its name in ACCOUNTS.
func (r *Review) accountName(id mapping.AccountID) string {
	if id == UnknownAccount {
		return "unknown"
	}
	for _, a := range r.Head.Mapping.Accounts {
		if a.ID == id {
			return code(id) + " " + code(a.Name)
		}
	}
	return code(id)
}

func (p *PolicyChange) deployedBy(literal func(string) string) string {
	if p.Stack == nil {
		return "not deployed: no stack takes the API"
	}
	name := literal(p.Stack.Name)
	switch p.Stack.Redeploy {
	case RedeployAutomatic:
		return "automatically, by stack " + name
	case RedeployByHand:
		return "**by hand**: output `redeployCommands` of stack " + name
	case RedeployUnset:
	}
	return "stack " + name + " **does not say**: set `portico:redeploy`"
}

// policiesNote says what the policies are, and what is not known of them.
func (r *Review) policiesNote() string {
	note := "Portico's statements only. The statements of the APIs' owners are not known here; they stay as they are." + r.standIns()
	if r.moving() > 0 {
		note += " While a host moves, they admit both front doors."
	}
	return note
}

func (r *Review) policySection() (*section, error) {
	s := &section{head: "\n#### Resource policies\n\n" + r.policiesNote() + "\n", things: "policies", rank: 4}
	for _, p := range r.Policies {
		item, err := r.policyItem(p)
		if err != nil {
			return nil, err
		}
		s.items = append(s.items, item)
	}
	return s, nil
}

// standIns explains the values in the policies that stand for unknown ones.
func (r *Review) standIns() string {
	var text strings.Builder
	written := func(value string) bool {
		return slices.ContainsFunc(r.Policies, func(p PolicyChange) bool {
			return bytes.Contains(p.Before, []byte(value)) || bytes.Contains(p.After, []byte(value))
		})
	}
	if r.Endpoints[mapping.FrontDoorNGINX] == UnknownVPCEndpointID && (written(UnknownVPCEndpointID) || r.onlyProxied()) {
		fmt.Fprintf(&text, " %s stands for the VPC endpoint, whose ID is not known here.", code(UnknownVPCEndpointID))
	}
	for _, frontDoor := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
		if id := UnknownEndpoints[frontDoor]; r.Endpoints[frontDoor] == id && written(id) {
			fmt.Fprintf(&text, " %s stands for the VPC endpoint of front door %s, whose ID is not known here.", code(id), code(frontDoor))
		}
	}
	if written("+" + apipolicy.AnyDomainID) {
		fmt.Fprintf(&text, " %s stands for the identifiers of custom domains, which API Gateway makes.", code(apipolicy.AnyDomainID))
	}
	return text.String()
}

// onlyProxied reports whether every row that changes has the front door nginx.
func (r *Review) onlyProxied() bool {
	return !slices.ContainsFunc(r.Rows, func(c RowChange) bool { return c.Row().FrontDoor != mapping.FrontDoorNGINX })
}

// policyItem is a policy before and after, folded.
func (r *Review) policyItem(p PolicyChange) (string, error) {
	before, err := prettyJSON(p.Before)
	if err != nil {
		return "", err
	}
	after, err := prettyJSON(p.After)
	if err != nil {
		return "", err
	}
	lines := diffLines(before, after)
	var b strings.Builder
	fmt.Fprintf(&b, "\n<details><summary>account %s, API <code>%s</code> in %s: %d → %d of %d characters</summary>\n\n",
		accountText(p.Account), p.API, p.Region, p.BeforeSize, p.AfterSize, p.MaxSize)
	switch {
	case len(p.After) == 0:
		b.WriteString("Portico's statements are taken out. If the owner has none, the API then refuses every caller.\n\n")
	case len(p.Before) == 0:
		b.WriteString("Portico had no statement here.\n\n")
	case len(lines) == 0:
		b.WriteString("The statements are the same; another account's stack writes them.\n\n")
	}
	if len(lines) > 0 {
		b.WriteString("```diff\n" + strings.Join(lines, "\n") + "\n```\n\n")
	}
	b.WriteString("</details>\n")
	return b.String(), nil
}

func accountText(id mapping.AccountID) string {
	if id == UnknownAccount {
		return "unknown"
	}
	return string(id)
}

func (r *Review) certificateSection() *section {
	s := &section{
		head: "\n#### Certificates\n\nACM can't change a certificate's names: a name more or less is another certificate.\n\n" +
			tableRow("", "names") + "|---|---|\n",
		things: "certificates", rank: 3,
	}
	for _, c := range r.certificateLines() {
		s.items = append(s.items, tableRow(c.how, codes(c.names)))
	}
	return s
}

// certificateLine is what becomes of a certificate with names.
type certificateLine struct {
	how   string
	names []mapping.Host
}

func (r *Review) certificateLines() []certificateLine {
	var lines []certificateLine
	for _, change := range []struct {
		how  string
		sets [][]mapping.Host
	}{
		{"added", r.Certificates.Added}, {"removed", r.Certificates.Removed},
		{"attached, supplied", r.Certificates.Attached}, {"detached, supplied", r.Certificates.Detached},
	} {
		for _, names := range change.sets {
			lines = append(lines, certificateLine{change.how, names})
		}
	}
	for _, c := range r.Certificates.AccountsAdded {
		lines = append(lines, certificateLine{"added in account " + r.accountName(c.Account), []mapping.Host{c.Name}})
	}
	for _, c := range r.Certificates.AccountsRemoved {
		lines = append(lines, certificateLine{"removed in account " + r.accountName(c.Account), []mapping.Host{c.Name}})
	}
	return lines
}

func (r *Review) zoneSection() *section {
	s := &section{
		head: "\n#### Private hosted zones\n\n" +
			tableRow("", "zone", "alias records added", "removed") + "|---|---|---|---|\n",
		things: "zones", rank: 3,
	}
	for _, z := range r.Zones {
		s.items = append(s.items, tableRow(z.kind(), code(z.Name), recordNames(z.RecordsAdded), recordNames(z.RecordsRemoved)))
	}
	return s
}

func (z ZoneChange) kind() string {
	switch {
	case z.Added:
		return "added"
	case z.Removed:
		return "removed"
	}
	return "changed"
}

// recordNames lists names, as many as a table's cell shows well.
func recordNames(names []mapping.Host) string {
	const most = 10
	if len(names) <= most {
		return codes(names)
	}
	return fmt.Sprintf("%s and %d more", codes(names[:most]), len(names)-most)
}

func (r *Review) limitSection() *section {
	s := &section{
		head:   "\n#### Limits used\n\n" + tableRow("limit", "before", "after", "of", "where") + "|---|--:|--:|--:|---|\n",
		things: "limits",
	}
	for _, l := range r.Limits {
		after := fmt.Sprint(l.After)
		if l.Near() {
			after = "**" + after + "**"
		}
		where := ""
		if l.Of != "" {
			where = code(l.Of)
		}
		s.items = append(s.items, tableRow(l.What, fmt.Sprint(l.Before), after, fmt.Sprint(l.Max), where))
	}
	return s
}

// NotAsked are the questions that take credentials, which a review has none of.
const NotAsked = "Not asked, for want of credentials: whether the APIs and stages exist and their owners' policies admit the rows; " +
	"whether public zones validate the certificates; what an existing VPC has in the way (zones and free addresses of subnets, endpoints, private zones); " +
	"how much of the accounts' quotas others use."

func (r *Review) closing() *section {
	near := ""
	if slices.ContainsFunc(r.Limits, Limit.Near) {
		near = "\nBold figures use four fifths of their limit or more.\n"
	}
	return single(near + "\n" + NotAsked + " `portico preview` asks.\n")
}
