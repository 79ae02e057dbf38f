package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// shownPage is a page that was written, parsed.
type shownPage struct {
	document *html.Node
	data     struct {
		Rows []struct {
			Host, Account, Team, Target, Zone, Cover, Owner, About, Probed, State, Change, Was, Differs, Place, Door string
			Marks                                                                                                    []string
		}
		Probes []struct{ Name, State, Wanted string }
	}
}

func readPage(t *testing.T, path string) *shownPage {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	p := new(shownPage)
	p.document, err = html.Parse(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(p.text("data")), &p.data))
	return p
}

// text is the text of the element with an ID; an ID that the page lacks has none.
func (p *shownPage) text(id string) string {
	var text strings.Builder
	var visit func(n *html.Node, inside bool)
	visit = func(n *html.Node, inside bool) {
		for _, a := range n.Attr {
			inside = inside || a.Key == "id" && a.Val == id
		}
		if inside && n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			visit(child, inside)
		}
	}
	visit(p.document, false)
	return text.String()
}

// rehearsed is a report on the example mapping, with a probe that failed.
func rehearsed(t *testing.T) *rehearsal.Report {
	t.Helper()
	m, err := mapping.Load("../../examples/mapping.dev.yaml")
	require.NoError(t, err)
	shared := settings.DefaultShared()
	shared.App.Environment = "dev"
	created := 69
	return &rehearsal.Report{
		Rows: 14, ProbedRows: 14,
		Stacks: []rehearsal.Stack{{Name: "dev", Account: "111111111111", Resources: 69, Changes: automation.Changes{Create: created}}},
		Probes: []rehearsal.Probe{
			{Row: 1, Name: "name resolves", URL: "orders.internal.dev.example.com", Want: "x", Got: "x", OK: true},
			{Row: 1, Name: "allowed verb", Method: "GET", Want: "200", Got: "403", Detail: "denied"},
			{Name: "unknown host", Want: "404", Got: "404", OK: true},
		},
		Doctor: []*doctor.Report{{Host: "orders.internal.dev.example.com", Causes: []doctor.Cause{{
			Step: doctor.StepPolicy, Account: "222222222222", Resource: "k3v9x2m7qa", Problem: "the owner denies GET", Fix: "ask the owner",
		}}}},
		Deployed: &rehearsal.Deployed{Mapping: m, Shared: shared, Policies: []rehearsal.Policy{
			{Account: "222222222222", API: "k3v9x2m7qa", Region: "us-east-1", Before: `{"a":1}`, After: `{"a":2}`, MaxSize: 8192, Undeployed: []string{"dev"}},
			{Account: "333333333333", API: "9e1z6a3kvr", Region: "us-east-1", Before: `{"b":1}`, After: `{"b":1}`, MaxSize: 8192},
		}},
	}
}

func TestARehearsalsPageHasWhatTheReportHas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, writeRehearsalPage(path, rehearsed(t)))
	p := readPage(t, path)
	require.Len(t, p.data.Rows, 14)
	row := p.data.Rows[0]
	require.Equal(t, "orders.internal.dev.example.com", row.Host)
	require.Equal(t, "orders 222222222222", row.Account)
	require.Equal(t, "*.internal.dev.example.com", row.Cover)
	require.Equal(t, "1 of 2 failed", row.Probed)
	require.Equal(t, []string{"", "ok", "", "", "", "bad"}, row.Marks)
	require.Equal(t, "../../examples/mapping.dev.yaml:14", row.Place)
	require.Len(t, p.data.Probes, 3)
	require.Equal(t, "wanted 200. denied", p.data.Probes[0].Wanted, "failed probes come first")

	require.Contains(t, p.text("findings"), "the owner denies GET (orders.internal.dev.example.com)")
	require.Contains(t, p.text("findings"), "ask the owner")
	require.Contains(t, p.text("changes"), "69 created")
	policies := p.text("policies")
	require.Contains(t, policies, `-  "a": 1`)
	require.Contains(t, policies, `+  "a": 2`)
	require.Contains(t, policies, ` {`+"\n"+`   "b": 1`, "a policy that stays is shown too")
	require.Contains(t, policies, "not been deployed after it: dev.")
	require.Contains(t, p.text("limits"), "characters of an API's resource policy")
	require.Contains(t, p.text("limits"), "private hosted zones")
	require.Contains(t, p.text("cost"), "load balancers")
	require.Contains(t, p.text("main"), "1 of 3 probes failed")
}

// What a mapping's authors write is text, whatever it is.
func TestAMappingsTextsAreTextInAPage(t *testing.T) {
	hostile := `</script><img src=x onerror=alert(1)><script>alert(1)</script>`
	m, err := mapping.Parse("m.yaml", []byte(`APIS:
  - CUSTOM_DOMAIN_URL: orders.private.example.com
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod
    ACCOUNT: "222222222222"
    OWNER: '`+hostile+`'
    DESCRIPTION: '`+hostile+`'
`))
	require.NoError(t, err)
	report := rehearsed(t)
	report.Deployed.Mapping = m
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, writeRehearsalPage(path, report))
	p := readPage(t, path)
	require.Equal(t, hostile, p.data.Rows[0].Owner)
	require.Equal(t, hostile, p.data.Rows[0].About)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(written), "<img")
	require.Equal(t, 2, strings.Count(string(written), "<script"))
}

func TestAPageIsOfItsTeams(t *testing.T) {
	m, err := mapping.Load("../../examples/teams")
	require.NoError(t, err)
	report := rehearsed(t)
	report.Deployed.Mapping, report.Probes = m, nil
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, writeRehearsalPage(path, report))
	for i, row := range readPage(t, path).data.Rows {
		require.Equal(t, m.Rows[i].Team, row.Team)
		require.NotEmpty(t, row.Team)
	}
}

func TestAPageThatCannotBeWrittenIsRefusedFirst(t *testing.T) {
	dir := t.TempDir()
	paths := []string{dir, filepath.Join(dir, "absent", "page.html"), "-"}
	if runtime.GOOS == "linux" {
		paths = append(paths, "/proc/page.html") // a directory in which not even root makes files
	}
	for _, path := range paths {
		got := portico(t, "", "rehearse", "--mapping", "../../examples/mapping.dev.yaml", "--html", path)
		require.Equal(t, 2, got.code)
		require.Contains(t, got.err, "--html "+path)
	}
	// What a file held stays when the page can't be written.
	path := filepath.Join(dir, "page.html")
	require.NoError(t, os.WriteFile(path, []byte("before"), 0o644))
	report := rehearsed(t)
	report.Deployed.Policies[0].After = "no JSON"
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		c := &cli{streams: streams{out: &out, err: io.Discard}}
		require.Error(t, c.writeRehearsed(report, rehearseOptions{html: path, json: asJSON}))
		require.Contains(t, out.String(), "orders.internal.dev.example.com", "the report is written without its page")
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "the page alone")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "before", string(data))
}
