package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// note is a difference between the reference and Portico.
type note struct {
	// defects are the numbers of what it comes from: "D1", "D4, D5"; empty
	// where the reference was not at fault.
	defects string
	text    string
}

// rowNote is a difference that concerns a key of a row.
type rowNote struct {
	key string
	note
}

// width is how long a comment's lines may be.
const width = 96

// comment writes notes as YAML comments, each beginning on a line of its own.
func comment(notes ...note) string {
	var lines []string
	for _, n := range notes {
		text := strings.ToUpper(n.text[:1]) + n.text[1:]
		if n.defects != "" {
			text = n.defects + ": " + n.text
		}
		line := "#"
		for word := range strings.FieldsSeq(text) {
			if len(line)+1+len(word) > width {
				lines = append(lines, line)
				line = "#  "
			}
			line += " " + word
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// mappingNotes concern every row.
func mappingNotes(m *mapping.Mapping, v *variables) []note {
	notes := []note{
		{"D2, D3", "path and query arrive as the client sent them. The CDK proxy decoded %2F and joined //; the Terraform proxy sent every request to the URL itself, without the client's path and query."},
		{"D6", "bodies of up to 10 MB pass, API Gateway's limit; the reference answered 413 above 1 MB."},
		{"D7", "hosts that no row names get 404, where the reference answered 200 with a page."},
		{"D10", "the client's Referer arrives as X-Original-Referer, its Host as X-Forwarded-Host, its address in X-Forwarded-For; the reference dropped them. Requests signed with SigV4 still can't pass: mark the rows of such APIs AUTH: iam."},
		{"D11", "an answer may take 30 seconds, where the reference waited 60. Write TIMEOUT: 60 into the rows of APIs whose quota was raised above 29 seconds."},
	}
	if names := zones(m); len(names) > 0 {
		notes = append(notes, note{"D30", "one private hosted zone for each parent domain (" + strings.Join(names, ", ") +
			"), with a wildcard record: every name in it leads to the proxy, also those that no row has. The CDK made a zone for each host; Terraform's zones have these very names, and Route 53 takes no second zone of a name for one VPC: see docs/migration.md. portico:dns: {records: host} makes a record for each host instead."})
	}
	if slices.ContainsFunc(m.Rows, func(row mapping.Row) bool { return row.Account == "" }) {
		notes = append(notes, note{"", "rows have no ACCOUNT in the reference: write the account's number into them, or leave the APIs in portico:apis of that account's stack."})
	}
	if v.has("PROXY_CONFIG_PATH") {
		notes = append(notes, note{"D43", "this file is read wherever portico:mapping says it is; parts of the reference read config/proxy-config.yaml whatever PROXY_CONFIG_PATH said."})
	}
	return notes
}

// zones are the parent domains of the hosts, sorted.
func zones(m *mapping.Mapping) []string {
	var names []string
	for _, row := range m.Rows {
		names = append(names, string(row.Host.Parent()))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// rowNotes concern one row, whose PRIVATE_API_URL is written as url.
func rowNotes(m *mapping.Mapping, row mapping.Row, url string) []rowNote {
	var notes []rowNote
	add := func(key, defects, format string, args ...any) {
		notes = append(notes, rowNote{key, note{defects, fmt.Sprintf(format, args...)}})
	}
	base := "/" + string(row.API.Stage) + string(row.API.Path)
	if !strings.HasSuffix(url, "/") {
		add("PRIVATE_API_URL", "D1", "/pets arrives as %s/pets. The CDK proxy made %spets of it, for want of a slash at the URL's end: a client that wrote a second one to make up for it now sends //pets.", base, base)
	}
	if row.API.Path != "" {
		add("PRIVATE_API_URL", "D34, D39", "the resource policy allows what lies below %s too; in the CDK's that was 403, and Terraform's allowed every path of the stage.", base)
	}
	if others := otherHosts(m, row); len(others) > 0 {
		add("PRIVATE_API_URL", "D33, D39", "the API has further rows (%s): one policy holds them all, where the reference wrote a policy that AWS refuses, or one for the last row.", strings.Join(others, ", "))
	}
	if row.Methods != nil {
		add("VERBS", "D32", "the proxy answers other verbs with 405 and Allow, and the policy denies them whatever authorizer the API has; with the reference they got 403 from the API, and any caller that sent the Referer passed.")
		if !slices.Contains(row.Methods, "OPTIONS") {
			add("VERBS", "D35", "OPTIONS is not among them: CORS preflights are refused, as in the reference. CORS: true lets them pass.")
		}
	}
	if row.PublicZone != "" {
		add("ROUTE53_PUBLIC_DOMAIN", "D42", "the public hosted zone in which the row's certificate is validated. The CDK did not use the value, and Terraform took it for the private zone's name; without it the nearest public parent zone is found.")
	}
	return notes
}

// otherHosts are the hosts of the API's other rows.
func otherHosts(m *mapping.Mapping, row mapping.Row) []string {
	var hosts []string
	for _, other := range m.Rows {
		if other.Index != row.Index && other.API.ID == row.API.ID {
			hosts = append(hosts, other.URL())
		}
	}
	slices.Sort(hosts)
	return hosts
}
