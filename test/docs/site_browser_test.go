package docs

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/browser"
)

// live is a page of the site as a browser has it, after its scripts have run.
type live struct {
	IDs   []string `json:"ids"`
	Links []string `json:"links"`
	// Broken are the pictures that have none, and Wide says by how many pixels the page
	// is wider than its window.
	Broken []string `json:"broken"`
	Wide   int      `json:"wide"`
}

const readLive = `({
	ids: [...document.querySelectorAll('[id]')].map(e => e.id),
	links: [...document.querySelectorAll('a[href]')].map(e => e.href),
	broken: [...document.images].filter(e => e.complete && e.naturalWidth === 0).map(e => e.src),
	wide: document.documentElement.scrollWidth - innerWidth,
})`

// quick are the pages that are opened without PORTICO_SLOW: diagrams and the widest
// tables, in the root and below. TestTheSitesLinksLeadSomewhere follows the links of all
// pages.
var quick = []string{"index.html", "configuration.html", "design/data-flow.html"}

// TestTheSiteInABrowser opens the site's pages from files, without a server or a
// network, as a reader of a copy does.
func TestTheSiteInABrowser(t *testing.T) {
	b := browser.Start(t)
	if _, err := mermaid(); err != nil {
		t.Skipf("the site's diagrams can't be drawn: %v", err)
	}
	site, err := filepath.Abs(buildSite(t))
	require.NoError(t, err)
	files := "file://" + site + "/"
	pages := sitePages(t, site)
	if os.Getenv("PORTICO_SLOW") == "" {
		maps.DeleteFunc(pages, func(name string, _ sitePage) bool { return !slices.Contains(quick, name) })
		require.Len(t, pages, len(quick))
	}

	opened := map[string]live{}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			tab := b.Open(t, files+name, 1280, 900, false)
			requireDrawn(t, tab, page.drawn)
			var now live
			tab.Eval(readLive, &now)
			require.Empty(t, now.Broken, "pictures that are not there")
			require.LessOrEqual(t, now.Wide, 0, "pixels that the page is wider than its window")
			requireQuietSite(t, tab, files)
			opened[files+name] = now
		})
	}
	require.Len(t, opened, len(pages))
	for name, page := range opened {
		for _, link := range page.Links {
			requireLeadsSomewhere(t, opened, files, name, link)
		}
	}

	// Pages that answer a query, from a page in the root and from one below.
	for _, question := range []struct{ query, from, answer string }{
		{"ENDPOINT_ACCESS_MODE", "index.html", "mapping.html"},
		{"portico:redeploy", "design/data-flow.html", "configuration.html"}, // a colon is no operator
		{"resource policies", "design/data-flow.html", "design/resource-policies.html"},
	} {
		t.Run("search for "+question.query, func(t *testing.T) {
			tab := b.Open(t, files+question.from, 1280, 900, false)
			answers := searchFor(t, tab, question.query)
			leads := false
			for _, answer := range answers {
				requireLeadsSomewhere(t, opened, files, question.from, answer)
				leads = leads || strings.HasPrefix(answer, files+question.answer+"#")
			}
			require.True(t, leads, "no answer leads to %s: %v", question.answer, answers)
			requireQuietSite(t, tab, files)
			tab.Press("Enter")
			require.Eventually(t, func() bool {
				var now string
				tab.Eval("location.href", &now)
				return now == answers[0]
			}, 10*time.Second, 20*time.Millisecond, "Enter opens the first answer")
		})
	}
	t.Run("search for what is nowhere", func(t *testing.T) {
		require.Empty(t, searchFor(t, b.Open(t, files+"index.html", 1280, 900, false), "xylophone"))
	})

	server := httptest.NewServer(http.FileServer(http.Dir(site)))
	t.Cleanup(server.Close)
	for _, name := range []string{"index.html", "404.html"} {
		t.Run(name+" from a server", func(t *testing.T) {
			tab := b.Open(t, server.URL+"/"+name, 1280, 900, false)
			requireDrawn(t, tab, pages[name].drawn)
			require.NotEmpty(t, searchFor(t, tab, "redeploy"))
			requireQuietSite(t, tab, server.URL+"/")
		})
	}
}

// searchFor opens the search by its key, types a query, and returns where the answers
// lead.
func searchFor(t *testing.T, tab *browser.Tab, query string) []string {
	t.Helper()
	tab.Press("s")
	tab.Eval("new Promise(done => { const look = () => document.activeElement.id === 'mkdocs-search-query' ? done() : setTimeout(look, 20); look() })", nil)
	tab.Press(strings.Split(query, "")...)
	var now struct {
		Text  string   `json:"text"`
		Links []string `json:"links"`
	}
	require.Eventually(t, func() bool {
		tab.Eval("(e => ({text: e.textContent, links: [...e.querySelectorAll('a')].map(a => a.href)}))(document.querySelector('#mkdocs-search-results'))", &now)
		return len(now.Links) > 0 || now.Text == "No results found"
	}, 10*time.Second, 20*time.Millisecond)
	return now.Links
}

// requireDrawn wants a number of diagrams, each of which Mermaid could read.
func requireDrawn(t *testing.T, tab *browser.Tab, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var drawn int
		tab.Eval("[...document.querySelectorAll('.mermaid > svg')].filter(e => e.getBoundingClientRect().height > 50 && e.getAttribute('aria-roledescription') !== 'error').length", &drawn)
		return drawn == want
	}, 20*time.Second, 20*time.Millisecond, "%d diagrams are drawn", want)
}

// requireQuietSite wants a page that asked for nothing but the site, and no complaint.
func requireQuietSite(t *testing.T, tab *browser.Tab, site string) {
	t.Helper()
	for _, asked := range tab.Requests() {
		if !strings.HasPrefix(asked, "data:") {
			require.True(t, strings.HasPrefix(asked, site), "the page asks for %s", asked)
		}
	}
	require.Empty(t, tab.Complaints())
}

// requireLeadsSomewhere follows a link within the site, to the heading.
func requireLeadsSomewhere(t *testing.T, opened map[string]live, site, from, link string) {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	if u.Scheme == "http" || u.Scheme == "https" {
		return
	}
	fragment := u.Fragment
	u.Fragment = ""
	target := u.String()
	if strings.HasSuffix(u.Path, "/") {
		t.Errorf("%s links to the directory %s, of which a browser shows the files", from, link)
		return
	}
	require.True(t, strings.HasPrefix(target, site), "%s links to %s", from, link)
	require.FileExists(t, u.Path, "%s links to %s", from, link)
	page, found := opened[target]
	if !found {
		return
	}
	require.True(t, fragment == "" || slices.Contains(page.IDs, fragment), "%s links to %s, and there is no such heading", from, link)
}
