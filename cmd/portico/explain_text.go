package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// writeExplanation writes an explanation as tables, for people.
func (c *cli) writeExplanation(e *explanation) error {
	header := table.Row{"ROW", "CUSTOM DOMAIN", "API", "VERBS", "ACCOUNT", "FRONT DOOR", "ZONE", "CERT"}
	const beforeTeam = 5
	teams := slices.ContainsFunc(e.Rows, func(r explainedRow) bool { return r.Team != "" })
	if teams {
		header = slices.Insert(header, beforeTeam, any("TEAM"))
	}
	rows := newTable(header)
	for _, r := range e.Rows {
		cells := table.Row{
			r.Row, r.Host + r.BasePath, r.API + "/" + r.Stage + r.Path, verbs(r.Methods), orDash(r.Account),
			frontDoor(r), orDash(r.Zone), certificateNumber(r.Certificate),
		}
		if teams {
			cells = slices.Insert(cells, beforeTeam, any(orDash(r.Team)))
		}
		rows.AppendRow(cells)
	}
	certificates := newTable(table.Row{"CERT", "NAMES"})
	for _, certificate := range e.Certificates {
		certificates.AppendRow(table.Row{certificate.Number, strings.Join(certificate.Names, " ")})
	}
	limits := newTable(table.Row{"LIMIT", "USED", "OF", "WHERE"})
	for _, l := range e.Limits {
		limits.AppendRow(table.Row{l.What, l.Used, l.Max, orDash(l.Of)})
	}
	for i, t := range []*listing{rows, certificates, limits} {
		if i > 0 {
			fmt.Fprintln(c.out)
		}
		if _, err := io.WriteString(c.out, t.text(c.screen)); err != nil {
			return fmt.Errorf("write the explanation: %w", err)
		}
	}
	return nil
}

func verbs(methods []string) string {
	if len(methods) == 0 {
		return "any"
	}
	return strings.Join(methods, ",")
}

func frontDoor(r explainedRow) string {
	if r.Retired {
		return "retired"
	}
	return r.FrontDoor
}

func certificateNumber(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// writeMermaid writes the requests' paths as a Mermaid flowchart: the shared
// account's chains once, then an arrow for each row, to its API in its account.
func (c *cli) writeMermaid(e *explanation) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	frontDoors := e.frontDoors()
	starts := map[string]string{
		"nginx":  "  client([clients]) --> lb[load balancer]\n",
		"alb":    "  client([clients]) --> alb[Application Load Balancer]\n",
		"native": "  client([clients]) --> nativeEndpoint\n",
	}
	chains := map[string]string{
		"nginx":  "    lb --> proxy[NGINX on Fargate] --> endpoint[execute-api VPC endpoint]\n",
		"alb":    "    alb --> albEndpoint[execute-api VPC endpoint of alb]\n",
		"native": "    nativeEndpoint[execute-api VPC endpoint of native]\n",
	}
	for _, frontDoor := range frontDoors {
		b.WriteString(starts[frontDoor])
	}
	b.WriteString("  subgraph shared[shared-services account]\n")
	for _, frontDoor := range frontDoors {
		b.WriteString(chains[frontDoor])
	}
	b.WriteString("  end\n")
	for _, account := range e.accounts() {
		title := "account " + account
		if account == "" {
			title = "account not named"
		}
		fmt.Fprintf(&b, "  subgraph account_%s[%q]\n", account, title)
		for _, api := range e.APIs {
			if api.Account == account {
				fmt.Fprintf(&b, "    api_%s[%q]\n", api.ID, "API "+api.ID)
			}
		}
		b.WriteString("  end\n")
	}
	from := map[string]string{"nginx": "endpoint", "alb": "albEndpoint", "native": "nativeEndpoint"}
	for _, r := range e.Rows {
		if r.Retired {
			continue
		}
		fmt.Fprintf(&b, "  %s -- %q --> api_%s\n", from[r.FrontDoor], r.Host+r.BasePath, r.API)
	}
	if _, err := io.WriteString(c.out, b.String()); err != nil {
		return fmt.Errorf("write the diagram: %w", err)
	}
	return nil
}

// frontDoors are the front doors of the rows, the proxy first.
func (e *explanation) frontDoors() []string {
	var frontDoors []string
	for _, frontDoor := range []string{"nginx", "alb", "native"} {
		if slices.ContainsFunc(e.Rows, func(r explainedRow) bool { return !r.Retired && r.FrontDoor == frontDoor }) {
			frontDoors = append(frontDoors, frontDoor)
		}
	}
	return frontDoors
}

func (e *explanation) accounts() []string {
	var accounts []string
	for _, api := range e.APIs {
		accounts = append(accounts, api.Account)
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}
