package rehearsal

import (
	"fmt"
	"maps"
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

// edited are the mappings that an edit of one to three changes makes of a mapping.
func editsOf(rows []drawnRow) *rapid.Generator[[]drawnRow] {
	return rapid.Custom(func(t *rapid.T) []drawnRow {
		if rapid.IntRange(0, 9).Draw(t, "anew") == 0 {
			return drawnMappings.Draw(t, "mapping")
		}
		after := slices.Clone(rows)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			after = change(t, after)
		}
		return after
	}).Filter(func(after []drawnRow) bool { return valid(after) && !slices.Equal(after, rows) })
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

// smaller are edits that are a little smaller than one: without one of the rows, or with
// a row that is simpler, in one mapping or both.
func smaller(before, after []drawnRow) [][2][]drawnRow {
	var all [][2][]drawnRow
	try := func(b, a []drawnRow) {
		if valid(b) && valid(a) && !slices.Equal(b, a) {
			all = append(all, [2][]drawnRow{b, a})
		}
	}
	without := func(rows []drawnRow, drop func(drawnRow) bool) []drawnRow {
		return slices.DeleteFunc(slices.Clone(rows), drop)
	}
	for _, row := range slices.Concat(before, after) {
		same := func(other drawnRow) bool { return other.Host == row.Host && other.Base == row.Base }
		try(without(before, same), without(after, same))
	}
	for i := range before {
		try(slices.Delete(slices.Clone(before), i, i+1), after)
	}
	for i := range after {
		try(before, slices.Delete(slices.Clone(after), i, i+1))
	}
	for _, simplify := range []func(*drawnRow){
		func(r *drawnRow) { r.Verbs = "" }, func(r *drawnRow) { r.Path = "" }, func(r *drawnRow) { r.Stage = "dev" },
		func(r *drawnRow) { r.FrontDoor = mapping.FrontDoorNGINX },
	} {
		all = append(all, simpler(before, after, simplify, try)...)
	}
	return all
}

// simpler tries a simplification on all rows of both mappings.
func simpler(before, after []drawnRow, simplify func(*drawnRow), try func(b, a []drawnRow)) [][2][]drawnRow {
	b, a := slices.Clone(before), slices.Clone(after)
	for i := range b {
		simplify(&b[i])
	}
	for i := range a {
		simplify(&a[i])
	}
	if !slices.Equal(b, before) || !slices.Equal(a, after) {
		try(b, a)
	}
	return nil
}
