package rehearsal

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/portico-iac/portico/mapping"
)

// drawnRow is a row of a mapping that was drawn, or of a corpus file.
type drawnRow struct {
	Host      string            `yaml:"host"`
	Base      string            `yaml:"base,omitempty"`
	API       string            `yaml:"api"`
	Stage     string            `yaml:"stage"`
	Path      string            `yaml:"path,omitempty"`
	Verbs     string            `yaml:"verbs,omitempty"`
	FrontDoor mapping.FrontDoor `yaml:"frontDoor"`
	Retired   bool              `yaml:"retired,omitempty"`
}

// drawnState is a mapping and settings of the shared stack that were drawn, or of a
// corpus file.
type drawnState struct {
	Rows []drawnRow `yaml:"rows"`
	// Settings are by key, without "portico:".
	Settings map[string]any `yaml:"settings,omitempty"`
}

func (s drawnState) String() string {
	if len(s.Settings) == 0 {
		return documentOf(s.Rows)
	}
	return fmt.Sprintf("%vsettings: %v\n", documentOf(s.Rows), s.Settings)
}

func (s drawnState) clone() drawnState {
	return drawnState{slices.Clone(s.Rows), maps.Clone(s.Settings)}
}

func (s drawnState) equal(other drawnState) bool {
	return slices.Equal(s.Rows, other.Rows) && maps.EqualFunc(s.Settings, other.Settings, func(a, b any) bool { return reflect.DeepEqual(a, b) })
}

// config is the settings as the stack's file has them.
func (s drawnState) config() map[string]any {
	all := map[string]any{}
	for key, value := range s.Settings {
		object, name, _ := strings.Cut(key, ".")
		values, _ := all["portico:"+object].(map[string]any)
		if values == nil {
			values = map[string]any{}
			all["portico:"+object] = values
		}
		values[name] = value
	}
	return all
}

// drawnEdit is a change from one state to another.
type drawnEdit struct {
	Before drawnState `yaml:"before"`
	After  drawnState `yaml:"after"`
}

// documentOf is the mapping file with the rows.
func documentOf(rows []drawnRow) string {
	var b strings.Builder
	b.WriteString("APIS:\n")
	for _, row := range rows {
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: %q, PRIVATE_API_URL: 'https://%s.execute-api.us-east-1.amazonaws.com/%s%s', ACCOUNT: %q, FRONT_DOOR: %s",
			row.Host+row.Base, row.API, row.Stage, row.Path, apiOwners[row.API], row.FrontDoor)
		if row.Verbs != "" {
			fmt.Fprintf(&b, ", VERBS: %q", row.Verbs)
		}
		if row.Retired {
			b.WriteString(", RETIRED: true")
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// valid reports whether the rows are a mapping that can be deployed: one that loads, and
// in which a row is not retired.
func valid(rows []drawnRow) bool {
	if !slices.ContainsFunc(rows, func(row drawnRow) bool { return !row.Retired }) {
		return false
	}
	_, err := mapping.Parse("mapping.yaml", []byte(documentOf(rows)))
	return err == nil
}

// What rows are drawn from: hosts of several zones, one below another, wildcards and an
// apex; base paths one below another.
var (
	drawnHosts = []string{
		"a.x.example.com", "a.x.example.com", "b.x.example.com", "*.x.example.com", "c.y.example.com", "*.y.example.com", "x.example.com", "d.a.x.example.com",
	}
	drawnBases  = []string{"", "", "", "/v1", "/v1", "/v1/p", "/v2"}
	drawnStages = []string{"dev", "prod"}
	drawnPaths  = []string{"", "", "", "/p"}
	drawnVerbs  = []string{"", "", "GET", "GET,POST", "POST"}
	// drawnFrontDoors has the proxy often: its rows have the most kinds of changes.
	drawnFrontDoors = []mapping.FrontDoor{
		mapping.FrontDoorNGINX, mapping.FrontDoorNGINX, mapping.FrontDoorNGINX, mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative,
	}
)

// drawnOptions are settings that may change while the environment serves, and what they
// are beside their defaults.
var drawnOptions = []struct {
	key    string
	values []any
}{
	{"certificates.namesPerCertificate", []any{1, 2}},
	{"loadBalancer.accessLogs", []any{map[string]any{"create": true}}},
	{"loadBalancer.allowedCidrs", []any{[]any{"10.99.0.0/16"}}},
	{"loadBalancer.sslPolicy", []any{"ELBSecurityPolicy-TLS13-1-2-Res-2021-06"}},
	{"network.flowLogs", []any{false}},
	{"network.publicSubnets", []any{true}},
	{"network.zones", []any{3}},
	{"proxy.clientRequests", []any{100}},
	{"task.architecture", []any{"X86_64"}},
	{"task.cpu", []any{256}},
	{"task.min", []any{3}},
}

// mostRows is how many rows a drawn mapping has at most.
const mostRows = 4

// retarget draws where a row leads.
func (r drawnRow) retarget(t *rapid.T) drawnRow {
	r.API = rapid.SampledFrom(slices.Sorted(maps.Keys(apiOwners))).Draw(t, "api")
	r.Stage = rapid.SampledFrom(drawnStages).Draw(t, "stage")
	r.Path = ""
	if r.FrontDoor == mapping.FrontDoorNGINX {
		r.Path = rapid.SampledFrom(drawnPaths).Draw(t, "path")
	}
	return r
}

func (r drawnRow) withVerbs(t *rapid.T) drawnRow {
	r.Verbs = rapid.SampledFrom(drawnVerbs).Draw(t, "verbs")
	return r
}

// drawRow draws a row at the front door that its host has among the rows.
func drawRow(t *rapid.T, rows []drawnRow) drawnRow {
	row := drawnRow{Host: rapid.SampledFrom(drawnHosts).Draw(t, "host"), Base: rapid.SampledFrom(drawnBases).Draw(t, "base")}
	row.FrontDoor = rapid.SampledFrom(drawnFrontDoors).Draw(t, "front door")
	for _, other := range rows {
		if other.Host == row.Host {
			row.FrontDoor = other.FrontDoor
		}
	}
	return row.retarget(t).withVerbs(t)
}

// drawnMappings are mappings of two to four rows.
var drawnMappings = rapid.Custom(func(t *rapid.T) []drawnRow {
	var rows []drawnRow
	for range rapid.IntRange(2, mostRows).Draw(t, "rows") {
		rows = append(rows, drawRow(t, rows))
	}
	return rows
}).Filter(valid)

// drawnStates are mappings with up to two settings.
var drawnStates = rapid.Custom(func(t *rapid.T) drawnState {
	state := drawnState{Rows: drawnMappings.Draw(t, "mapping")}
	for range rapid.IntRange(0, 2).Draw(t, "settings") {
		state = state.withOption(t)
	}
	return state
})

// withOption draws one setting anew.
func (s drawnState) withOption(t *rapid.T) drawnState {
	option := rapid.SampledFrom(drawnOptions).Draw(t, "option")
	s.Settings = maps.Clone(s.Settings)
	delete(s.Settings, option.key)
	if value := rapid.SampledFrom(append([]any{nil}, option.values...)).Draw(t, "value"); value != nil {
		if s.Settings == nil {
			s.Settings = map[string]any{}
		}
		s.Settings[option.key] = value
	}
	return s
}

// editsOf are the states that an edit of one to three changes makes of a state.
func editsOf(before drawnState) *rapid.Generator[drawnState] {
	return rapid.Custom(func(t *rapid.T) drawnState {
		if rapid.IntRange(0, 9).Draw(t, "anew") == 0 {
			return drawnState{drawnMappings.Draw(t, "mapping"), before.Settings}
		}
		after := before.clone()
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			if rapid.IntRange(0, 5).Draw(t, "of settings") == 0 {
				after = after.withOption(t)
			} else {
				after.Rows = change(t, after.Rows)
			}
		}
		return after
	}).Filter(func(after drawnState) bool { return valid(after.Rows) && !after.equal(before) })
}

// change draws one change of a mapping.
func change(t *rapid.T, rows []drawnRow) []drawnRow {
	i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
	row := rows[i]
	switch rapid.SampledFrom([]string{"retarget", "retarget", "retarget", "verbs", "verbs", "remove", "add", "add", "base", "host", "retire", "exchange", "split", "front door", "front door"}).Draw(t, "change") {
	case "retarget":
		rows[i] = row.retarget(t)
	case "verbs":
		rows[i] = row.withVerbs(t)
	case "remove":
		if len(rows) > 1 {
			return slices.Delete(rows, i, i+1)
		}
	case "add":
		if len(rows) < mostRows {
			return append(rows, drawRow(t, rows))
		}
	case "base":
		rows[i].Base = rapid.SampledFrom(drawnBases).Draw(t, "base")
	case "host":
		rows[i].Host = rapid.SampledFrom(drawnHosts).Draw(t, "host")
	case "retire":
		rows[i].Retired = !row.Retired
	case "exchange":
		j := rapid.IntRange(0, len(rows)-1).Draw(t, "other row")
		other := rows[j]
		rows[i].API, rows[i].Stage, rows[i].Path = other.API, other.Stage, other.Path
		rows[j].API, rows[j].Stage, rows[j].Path = row.API, row.Stage, row.Path
	case "split":
		if len(rows) < mostRows && row.Base == "" {
			rows[i].Base = "/v1"
			row.Base = "/v2"
			return append(rows, row.retarget(t))
		}
	case "front door":
		frontDoor := rapid.SampledFrom(drawnFrontDoors).Draw(t, "front door")
		for k := range rows {
			if rows[k].Host == row.Host {
				rows[k].FrontDoor = frontDoor
			}
		}
	}
	return rows
}
