package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Team is an entry of TEAMS: who may write which rows in a file of their own.
type Team struct {
	// Name is a letter, then up to 62 letters, digits, "_" and "-".
	Name string
	// File is the name of the team's file in the directory: letters, digits, ".",
	// "_" and "-", with .yaml or .yml at its end. Default: Name and ".yaml".
	File string
	// Accounts are those that the team's rows may name; there is at least one.
	Accounts []AccountID
	// Hosts are the custom domains that the team's rows may have; there is at
	// least one.
	Hosts []Grant
	// Contact is a single line of at most 256 characters that print.
	Contact string
	// Pos is the name's place in portico.yaml.
	Pos Position
}

// Path leads to the team from the top of portico.yaml: "TEAMS.orders".
func (t *Team) Path() string { return "TEAMS." + t.Name }

// Allows reports whether the team's rows may name the account.
func (t *Team) Allows(account AccountID) bool { return slices.Contains(t.Accounts, account) }

// Covers reports whether the team's rows may have the host and base path.
func (t *Team) Covers(host Host, base BasePath) bool {
	return slices.ContainsFunc(t.Hosts, func(g Grant) bool { return g.Covers(host, base) })
}

// directoryFields are the keys of portico.yaml. A field without a schema is one
// that belongs in another file.
var directoryFields = []field[Mapping]{
	mappingFields[0],
	{
		key:      "TEAMS",
		required: true,
		doc:      "The teams, each with the accounts and the hosts that the rows of its file may have.",
		schema: schema{
			"type":                 "object",
			"minProperties":        1,
			"propertyNames":        schema{"pattern": accountName.String()},
			"additionalProperties": fieldsSchema(teamFields),
		},
		read: readTeams,
	},
	{
		key: "APIS",
		read: func(r *reader, v value, _ *Mapping) {
			r.report(v, wrong("rows belong in the teams' files", "move them to the file of a team of TEAMS"))
		},
	},
}

// teamFileFields are the keys of a team's file.
var teamFileFields = []field[Mapping]{
	mappingFields[1],
	{
		key: "ACCOUNTS",
		read: func(r *reader, v value, _ *Mapping) {
			r.report(v, wrong("accounts are named in "+DirectoryFile+" alone", "delete the key, and name the accounts there"))
		},
	},
}

// teamFields are the keys of an entry of TEAMS.
var teamFields = []field[Team]{
	{
		key:    "FILE",
		doc:    "The team's file in the same directory. Default: the team's name and .yaml.",
		schema: schema{"type": "string", "pattern": teamFile.String()},
		read: func(r *reader, v value, into *Team) {
			into.File = ""
			text, ok := r.text(v)
			if !ok {
				return
			}
			if !teamFile.MatchString(text) || strings.EqualFold(text, DirectoryFile) {
				r.report(v, wrong(quote(text)+" is no file of a team", "write the name of a .yaml file in this directory other than "+DirectoryFile))
				return
			}
			into.File = text
		},
	},
	{
		key:      "ACCOUNTS",
		required: true,
		doc:      "The accounts that the team's rows may name: names of ACCOUNTS or 12 digits.",
		schema:   schema{"type": "array", "minItems": 1, "items": rowAccountSchema},
		read:     readTeamAccounts,
	},
	{
		key:      "HOSTS",
		required: true,
		doc: "The custom domains that the team's rows may have: host[/base/path]. *.example.com grants every host below example.com at any depth, " +
			"and a base path also what is below it.",
		schema: schema{"type": "array", "minItems": 1, "items": schema{"type": "string"}},
		read:   readGrants,
	},
	{
		key:    "CONTACT",
		doc:    "Whom to ask: GitHub users, GitHub teams or e-mail addresses, which `portico codeowners` takes, and other text.",
		schema: textSchema,
		read:   func(r *reader, v value, into *Team) { into.Contact = r.line(v) },
	},
}

var teamFile = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,250}\.ya?ml$`)

func readTeams(r *reader, v value, m *Mapping) {
	if v.Kind != yaml.MappingNode || len(v.Content) == 0 {
		r.report(v, wrong("is "+kindName(v.Node)+" without a team", `write a line such as orders: {ACCOUNTS: [orders], HOSTS: ["*.orders.example.com"]}`))
		return
	}
	lines := map[string]int{}
	files := map[string]*Team{}
	overlaps := grantIndex{}
	for _, p := range r.pairs(v) {
		name := value{p.key, v.path}
		if text, ok := r.text(name); !ok {
			continue
		} else if err := parseAccountName(text); err != nil {
			r.report(name, wrong(quote(text)+" is no name for a team", err.fix))
			continue
		}
		if line, twice := lines[p.key.Value]; twice {
			r.report(v.child(p.key.Value, p.key), duplicateKey(line))
			continue
		}
		lines[p.key.Value] = p.key.Line
		team := r.readTeam(v.child(p.key.Value, p.value), p.key, overlaps)
		if first := files[strings.ToLower(team.File)]; first != nil && team.File != "" {
			r.report(name, wrong(fmt.Sprintf("team %s on line %d has the file %s already", first.Name, first.Pos.Line, team.File), "write another FILE"))
			continue
		}
		files[strings.ToLower(team.File)] = team
		m.Teams = append(m.Teams, *team)
	}
}

func (r *reader) readTeam(entry value, key *yaml.Node, overlaps grantIndex) *Team {
	team := &Team{Name: key.Value, File: key.Value + ".yaml", Pos: Position{r.source, key.Line, key.Column}}
	if entry.Kind != yaml.MappingNode {
		r.report(entry, wrong("is "+kindName(entry.Node)+" where a map belongs", "write {ACCOUNTS: [...], HOSTS: [...]}"))
		return team
	}
	readFields(r, entry, teamFields, team)
	if strings.EqualFold(team.File, DirectoryFile) {
		team.File = ""
		r.report(value{key, entry.path}, wrong("the team's file would be "+DirectoryFile, "write another FILE"))
	}
	for _, g := range team.Hosts {
		if earlier := overlaps.add(g, team); earlier != nil {
			r.reportAt(g.Pos.Line, g.Pos.Column, team.Path()+".HOSTS", wrong(
				fmt.Sprintf("%s overlaps %s, which %s has on line %d", g, earlier.grant, earlier.team.Path(), earlier.grant.Pos.Line),
				"grant each host and base path to one team"))
		}
	}
	return team
}

// items are the values of a list with at least one.
func (r *reader) items(v value, what string) []value {
	if v.Kind != yaml.SequenceNode || len(v.Content) == 0 {
		r.report(v, wrong("is no list of "+what, "write a list with at least one"))
		return nil
	}
	items := make([]value, len(v.Content))
	for i := range v.Content {
		items[i] = v.item(i)
	}
	return items
}

func readTeamAccounts(r *reader, v value, into *Team) {
	for _, item := range r.items(v, "accounts") {
		if id, ok := r.namedAccount(item); ok && id != "" {
			into.Accounts = append(into.Accounts, id)
		}
	}
}

func readGrants(r *reader, v value, into *Team) {
	for _, item := range r.items(v, "hosts") {
		text, ok := r.text(item)
		if !ok {
			continue
		}
		if strings.Contains(text, "://") {
			r.report(item, wrong(quote(text)+" is a URL", "write host or host/base/path"))
			continue
		}
		host, base, err := parseCustomDomain(text)
		if err != nil {
			r.report(item, err)
			continue
		}
		into.Hosts = append(into.Hosts, Grant{host, base, Position{r.source, item.Line, item.Column}})
	}
}

// teamName is the name of the team whose file is read; empty: of none.
func (r *reader) teamName() string {
	if r.team == nil {
		return ""
	}
	return r.team.Name
}

// checkGrant holds a row to what its team may write.
func (r *reader) checkGrant(w *row) {
	team := r.team
	if team == nil {
		return
	}
	if w.Host != "" && !team.Covers(w.Host, w.BasePath) {
		r.refuse(w, "CUSTOM_DOMAIN_URL", wrong(w.URL()+" is none of the team's hosts",
			fmt.Sprintf("write one of %s, or have it added to %s.HOSTS in %s", grantList(team.Hosts), team.Path(), DirectoryFile)))
	}
	switch {
	case !w.named("ACCOUNT"):
		r.refuse(w, "ACCOUNT", wrong("ACCOUNT is missing", "write the account that owns the API, one of "+team.Path()+".ACCOUNTS"))
	case w.Account != "" && !team.Allows(w.Account):
		r.refuse(w, "ACCOUNT", wrong(fmt.Sprintf("account %s is none of the team's", w.Account),
			fmt.Sprintf("write another, or have it added to %s.ACCOUNTS in %s", team.Path(), DirectoryFile)))
	}
}
