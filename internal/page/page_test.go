package page

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func written(t *testing.T, p *Page) []byte {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, Write(&text, p))
	return text.Bytes()
}

// writtenFile is a page as a file, and its URL.
func writtenFile(t *testing.T, p *Page) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(path, written(t, p), 0o644))
	return "file://" + path
}

func TestTheSamePageGivesTheSameBytes(t *testing.T) {
	require.Equal(t, string(written(t, samplePage())), string(written(t, samplePage())))
}

// The page's elements are all its own, however hostile the texts: the same page with
// plain texts has the same elements and attributes.
func TestHostileTextMakesNoElement(t *testing.T) {
	plain := hostilePage()
	hostileText := string(written(t, plain))
	require.NotContains(t, hostileText, "<img")
	require.NotContains(t, strings.ReplaceAll(hostileText, `\u003c`, ""), "<script>window")

	elements := func(text string) (names []string) {
		document, err := html.Parse(strings.NewReader(text))
		require.NoError(t, err)
		var visit func(*html.Node)
		visit = func(n *html.Node) {
			if n.Type == html.ElementNode {
				name := n.Data
				for _, a := range n.Attr {
					name += " " + a.Key
				}
				names = append(names, name)
			}
			for child := n.FirstChild; child != nil; child = child.NextSibling {
				visit(child)
			}
		}
		visit(document)
		return names
	}
	// The texts of another page of the same form, of letters alone.
	tame := regexp.MustCompile(`[^a-z]`).ReplaceAllString(hostile, "")
	require.Equal(t, elements(string(written(t, withText(hostilePage(), tame)))), elements(hostileText))
}

// withText is a hostile page with another text instead of the hostile one.
func withText(p *Page, text string) *Page {
	put := func(places ...*string) {
		for _, place := range places {
			*place = text
		}
	}
	put(&p.Kind, &p.Environment, &p.Mapping, &p.Since, &p.Verdict, &p.Version, &p.PoliciesNote, &p.BillNote, &p.Balancer)
	p.Figures = []Figure{{Name: text, Value: text}}
	p.Findings = []Finding{{Subject: text, Text: text, Fix: text}}
	p.Stacks = []Stack{{Name: text, Account: text, Outcome: text}, {Name: text, Error: text}}
	p.Ahead, p.Notes = []string{text}, []string{text}
	p.Tables = []Table{{Title: text, Note: text, Head: []string{text}, Lines: [][]string{{text}}}}
	for i := range p.Rows {
		r := &p.Rows[i]
		put(&r.Place, &r.Host, &r.BasePath, &r.API, &r.Stage, &r.Path, &r.Region, &r.Account, &r.Team, &r.Owner, &r.Description, &r.Zone, &r.Certificate, &r.Change, &r.Was)
		r.Methods, r.Differences = []string{text}, []string{text}
	}
	for i := range p.Probes {
		q := &p.Probes[i]
		put(&q.Name, &q.Method, &q.URL, &q.Want, &q.Got, &q.Detail)
	}
	p.Policies = []Policy{{Account: text, API: text, Region: text, Note: text, Lines: []string{"+" + text, text}}}
	p.Limits = []Limit{{What: text, Of: text, Max: 1}}
	p.Bill = []BillItem{{What: text, For: text}}
	return p
}

func TestTextIsFoldedIntoTheStepsOfAPicture(t *testing.T) {
	for _, one := range []struct{ text, first, second string }{
		{"short", "short", ""},
		{"orders.internal.private.example.com", "orders.internal.", "private.example.com"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaa…"},
		{"GET POST PUT PATCH DELETE, 29 s", "GET POST PUT PATCH", "DELETE, 29 s"},
	} {
		first, second := fold(one.text, 20)
		require.Equal(t, []string{one.first, one.second}, []string{first, second}, one.text)
	}
}

func TestAPolicysLinesAreGroupedByKind(t *testing.T) {
	require.Equal(t, []run{{"same", " {\n"}, {"del", "-a\n-b\n"}, {"add", "+c\n"}, {"same", " }\n"}}, runs([]string{" {", "-a", "-b", "+c", " }"}))
	require.Empty(t, runs(nil))
}

func TestAMarkOfAPictureIsThatOfItsProbes(t *testing.T) {
	shape := shapes("ALB")[0]
	marks := shape.marks([]*Probe{{Step: StepName, OK: true}, {Step: StepProxy, OK: true}, {Step: StepProxy}, {Step: StepProxy, OK: true}, {OK: false}})
	require.Equal(t, []string{"", "ok", "", "bad", "", ""}, marks)
	native := shapes("ALB")[2]
	require.Equal(t, []string{"", "", "", "ok", ""}, native.marks([]*Probe{{Step: StepBalancer, OK: true}}), "the domain has the certificate")
	require.Nil(t, native.marks(nil))
}

func TestTheEnvironmentsPictureHasEachAccountOnce(t *testing.T) {
	p := largePage(1000) // 20 accounts
	o := overviewOf(p)
	var accounts []string
	for _, b := range o.Boxes {
		if b.Class == "account" {
			accounts = append(accounts, b.Name)
		}
		require.LessOrEqual(t, b.X+b.W, o.Width)
		require.LessOrEqual(t, b.Y+b.H, o.Height)
	}
	require.Len(t, accounts, maxAccounts+1)
	require.Equal(t, "and 12 more accounts", accounts[maxAccounts])
	require.Nil(t, overviewOf(&Page{Rows: []Row{{Number: 1, Retired: true}}}), "no row is served")
}
