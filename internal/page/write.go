package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

var (
	//go:embed assets/page.html
	markup string
	//go:embed assets/page.css
	style string
	//go:embed assets/page.js
	script string
)

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"thousands": thousands, "count": count, "usd": usd, "bar": bar, "runs": runs, "rest": rest,
}).Parse(markup))

// shownAtOnce is how many rows and probes are in the page's markup, and how many
// more the script shows at a time.
const shownAtOnce = 50

// Write writes the page. The same page gives the same bytes.
func Write(w io.Writer, p *Page) error {
	buffered := bufio.NewWriter(w)
	if err := pageTemplate.Execute(buffered, viewOf(p)); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// view is what the template shows.
type view struct {
	*Page
	// SecurityPolicy is the content security policy: nothing but the page's own
	// style and script, by their digests.
	SecurityPolicy string
	Style          template.CSS
	Script         template.JS
	Overview       *overview
	// FirstRows and FirstProbes are those in the markup.
	FirstRows   []*rowView
	FirstProbes []*probeView
	// Blank are empty rows, one for each front door, and BlankProbe an empty probe:
	// the script fills copies of them.
	Blank      []*rowView
	BlankProbe *probeView
	// Data is what the script shows.
	Data data
	// Changed, Failed and Teams say which filters have a use.
	Changed, Failed bool
	Teams           []string
	Total           float64
}

// data is what the script searches and shows.
type data struct {
	AtOnce int          `json:"atOnce"`
	Rows   []*rowView   `json:"rows"`
	Probes []*probeView `json:"probes"`
}

// rowView is a row as texts for the places of its template. The names of JSON are
// those of the places.
type rowView struct {
	shape shape

	Door    string   `json:"door"`
	State   string   `json:"state,omitempty"`
	Change  string   `json:"change,omitempty"`
	Host    string   `json:"host"`
	Base    string   `json:"base,omitempty"`
	Target  string   `json:"target"`
	Account string   `json:"account,omitempty"`
	Team    string   `json:"team,omitempty"`
	Verbs   string   `json:"verbs"`
	Probed  string   `json:"probed,omitempty"`
	Place   string   `json:"place,omitempty"`
	Zone    string   `json:"zone,omitempty"`
	Cover   string   `json:"cover,omitempty"`
	Region  string   `json:"region,omitempty"`
	Timeout string   `json:"timeout,omitempty"`
	Was     string   `json:"was,omitempty"`
	Differs string   `json:"differs,omitempty"`
	Owner   string   `json:"owner,omitempty"`
	About   string   `json:"about,omitempty"`
	Way     []string `json:"way"`
	Marks   []string `json:"marks,omitempty"`
	// Asked are the row's probes, as places in the list of probes.
	Asked []int `json:"asked,omitempty"`
}

// Steps are the steps of the row's picture.
func (r *rowView) Steps() []wayStep { return r.shape.picture(r.Way, r.Marks) }

// probeView is a probe as texts.
type probeView struct {
	State  string `json:"state"`
	Name   string `json:"name"`
	Verb   string `json:"verb,omitempty"`
	URL    string `json:"url,omitempty"`
	Answer string `json:"answer"`
	// Wanted says what was wanted, where the answer is another.
	Wanted string `json:"wanted,omitempty"`
}

func viewOf(p *Page) *view {
	v := &view{
		Page: p, Style: template.CSS(style), Script: template.JS(script),
		SecurityPolicy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'",
			digest(style), digest(script)),
		Overview: overviewOf(p), BlankProbe: &probeView{},
		Data: data{AtOnce: shownAtOnce, Rows: []*rowView{}, Probes: []*probeView{}},
	}
	// Failed probes come first.
	probes := slices.Clone(p.Probes)
	slices.SortStableFunc(probes, func(a, b Probe) int { return rank(a) - rank(b) })
	ofRow := map[int][]int{}
	for i := range probes {
		probe := &probes[i]
		v.Data.Probes = append(v.Data.Probes, viewOfProbe(probe))
		v.Failed = v.Failed || !probe.OK
		if probe.Row > 0 {
			ofRow[probe.Row] = append(ofRow[probe.Row], i)
		}
	}
	byDoor := map[string]shape{}
	for _, s := range shapes(p.Balancer) {
		byDoor[s.door] = s
		v.Blank = append(v.Blank, &rowView{shape: s, Door: s.door})
	}
	teams := map[string]bool{}
	for i := range p.Rows {
		row := &p.Rows[i]
		v.Data.Rows = append(v.Data.Rows, viewOfRow(row, byDoor[row.FrontDoor], probes, ofRow[row.Number]))
		v.Changed = v.Changed || row.Change != ""
		if row.Team != "" && !teams[row.Team] {
			teams[row.Team] = true
			v.Teams = append(v.Teams, row.Team)
		}
	}
	v.FirstRows = v.Data.Rows[:min(shownAtOnce, len(v.Data.Rows))]
	v.FirstProbes = v.Data.Probes[:min(shownAtOnce, len(v.Data.Probes))]
	for _, item := range p.Bill {
		v.Total += item.USD
	}
	return v
}

// rank orders probes.
func rank(probe Probe) int {
	if probe.OK {
		return 1
	}
	return 0
}

func viewOfProbe(probe *Probe) *probeView {
	v := &probeView{State: "ok", Name: probe.Name, Verb: probe.Method, URL: probe.URL, Answer: probe.Got}
	if !probe.OK {
		v.State = "failed"
		v.Wanted = strings.TrimSpace("wanted " + probe.Want + ". " + probe.Detail)
	}
	return v
}

func viewOfRow(row *Row, s shape, probes []Probe, asked []int) *rowView {
	v := &rowView{
		shape: s, Door: row.FrontDoor, Change: row.Change, Host: row.Host, Base: row.BasePath,
		Target: row.API + "/" + row.Stage + row.Path, Account: row.Account, Team: row.Team, Verbs: verbs(row.Methods),
		Place: row.Place, Zone: row.Zone, Cover: row.Certificate, Region: row.Region, Timeout: fmt.Sprintf("%d s", row.Seconds),
		Was: row.Was, Differs: strings.Join(row.Differences, "; "), Owner: row.Owner, About: row.Description,
		Way: s.lines(row), Asked: asked,
	}
	if row.Retired && row.Change == "" {
		v.Change = "retired"
	}
	wrong := 0
	own := make([]*Probe, len(asked))
	for i, n := range asked {
		own[i] = &probes[n]
		if !probes[n].OK {
			wrong++
		}
	}
	v.Marks = s.marks(own)
	switch {
	case wrong > 0:
		v.State, v.Probed = "failed", fmt.Sprintf("%d of %d failed", wrong, len(own))
	case len(own) > 0:
		v.State, v.Probed = "ok", fmt.Sprintf("%d of %d ok", len(own), len(own))
	}
	return v
}

// digest names an inline style or script in a content security policy.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func usd(amount float64) string {
	whole, rest, _ := strings.Cut(fmt.Sprintf("%.2f", amount), ".")
	var n int
	if _, err := fmt.Sscan(whole, &n); err != nil {
		return whole + "." + rest
	}
	return thousands(n) + "." + rest
}

// bar is the length of a limit's bar, of 100.
func bar(l Limit) int {
	if l.Max <= 0 || l.Used <= 0 {
		return 0
	}
	return max(1, min(100, 100*l.Used/l.Max))
}

// run is a policy's lines of one kind that follow each other: one element for all of
// them keeps large pages quick.
type run struct{ Kind, Text string }

func runs(lines []string) []run {
	var all []run
	for _, line := range lines {
		kind := "same"
		switch {
		case strings.HasPrefix(line, "+"):
			kind = "add"
		case strings.HasPrefix(line, "-"):
			kind = "del"
		}
		if n := len(all); n > 0 && all[n-1].Kind == kind {
			all[n-1].Text += line + "\n"
			continue
		}
		all = append(all, run{kind, line + "\n"})
	}
	return all
}

// rest is how many of a list's elements the markup leaves out.
func rest(all int) int { return max(0, all-shownAtOnce) }
