package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// maxDiagramRows is how many changed rows a diagram shows: more can't be read,
// and GitHub draws none of more than 500 edges (Mermaid's maxEdges).
const maxDiagramRows = 40

func (r *Review) diagramSection() *section {
	diagram := r.Mermaid()
	if diagram == "" {
		return &section{}
	}
	return &section{
		head:   "\n#### What changes\n\nThick arrows are new, dotted ones go, thin ones change their conditions.\n",
		items:  []string{"\n```mermaid\n" + diagram + "```\n"},
		things: "diagram", rank: 5,
	}
}

// Mermaid draws the rows that change as a flowchart: custom domains on the
// left, the accounts with their APIs' stages on the right. It is empty where
// no row leads somewhere else, or under other conditions, than before.
func (r *Review) Mermaid() string {
	d := &diagram{hosts: map[string]string{}, endpoints: map[string]string{}}
	left := 0
	for _, c := range r.Rows {
		switch {
		case c.Kind == RowForgotten:
		case len(d.edges) >= maxDiagramRows:
			left++
		default:
			d.add(c)
		}
	}
	if len(d.edges) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, line := range d.hostLines {
		b.WriteString("  " + line + "\n")
	}
	for i, account := range d.accounts {
		fmt.Fprintf(&b, "  subgraph account%d[\"%s\"]\n", i, r.accountLabel(account))
		for _, e := range d.endpointLines {
			if e.account == account {
				b.WriteString("    " + e.line + "\n")
			}
		}
		b.WriteString("  end\n")
	}
	for _, edge := range d.edges {
		b.WriteString("  " + edge + "\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "  more[\"and %d rows more\"]\n", left)
	}
	return b.String()
}

func (r *Review) accountLabel(id mapping.AccountID) string {
	if id == "" {
		return "account unnamed"
	}
	for _, a := range r.Head.Mapping.Accounts {
		if a.ID == id {
			return fmt.Sprintf("account %s %s", a.Name, id)
		}
	}
	return "account " + string(id)
}

// diagram collects nodes and edges. Labels are of hosts, base paths, API IDs,
// stages, paths and verbs, none of whose grammars has a quote or a bracket.
type diagram struct {
	hosts, endpoints map[string]string
	hostLines        []string
	endpointLines    []endpointLine
	accounts         []mapping.AccountID
	edges            []string
}

type endpointLine struct {
	account mapping.AccountID
	line    string
}

func (d *diagram) add(c RowChange) {
	host := d.host(c.Row())
	switch {
	case c.Before == nil:
		d.edge(host, "==>", newLabel(c.After), c.After)
	case c.After == nil:
		d.edge(host, "-.->", string(c.Kind), c.Before)
	case c.Kind == RowRepointed:
		d.edge(host, "-.->", "before", c.Before)
		d.edge(host, "==>", newLabel(c.After), c.After)
	default:
		d.edge(host, "-->", changeLabel(c), c.After)
	}
}

// newLabel is what a row allows, and its front door where that isn't the proxy.
func newLabel(row *mapping.Row) string {
	if row.FrontDoor == mapping.FrontDoorNGINX {
		return verbList(row)
	}
	return verbList(row) + " by " + string(row.FrontDoor)
}

func changeLabel(c RowChange) string {
	var parts []string
	for _, m := range c.Widened {
		parts = append(parts, "+"+string(m))
	}
	for _, m := range c.Narrowed {
		parts = append(parts, "-"+string(m))
	}
	for _, f := range c.Fields {
		if f.Name == frontDoorField {
			parts = append(parts, f.After+" instead of "+f.Before)
			continue
		}
		parts = append(parts, f.Name)
	}
	return strings.Join(parts, " ")
}

func (d *diagram) edge(from, arrow, label string, row *mapping.Row) {
	d.edges = append(d.edges, fmt.Sprintf("%s %s|\"%s\"| %s", from, arrow, label, d.endpoint(row)))
}

func (d *diagram) host(row *mapping.Row) string {
	label := row.URL()
	id, known := d.hosts[label]
	if !known {
		id = fmt.Sprintf("host%d", len(d.hosts))
		d.hosts[label] = id
		d.hostLines = append(d.hostLines, fmt.Sprintf("%s([\"%s\"])", id, label))
	}
	return id
}

func (d *diagram) endpoint(row *mapping.Row) string {
	label := string(row.API.ID) + "/" + string(row.API.Stage) + string(row.API.Path)
	key := string(row.Account) + " " + row.API.Region + " " + label
	id, known := d.endpoints[key]
	if !known {
		id = fmt.Sprintf("api%d", len(d.endpoints))
		d.endpoints[key] = id
		d.endpointLines = append(d.endpointLines, endpointLine{row.Account, fmt.Sprintf("%s[\"%s\"]", id, label)})
		if !slices.Contains(d.accounts, row.Account) {
			d.accounts = append(d.accounts, row.Account)
		}
	}
	return id
}
