package docs

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// sitePage is a page of the built site: the IDs that links can lead to, its links,
// and what a browser fetches with it.
type sitePage struct {
	ids     map[string]bool
	links   []string
	fetched []string
	drawn   int
}

func readPage(t *testing.T, file string) sitePage {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	root, err := html.Parse(f)
	require.NoError(t, err)
	p := sitePage{ids: map[string]bool{}}
	for n := range root.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		if id := attributes["id"]; id != "" {
			p.ids[id] = true
		}
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case n.Data == "a" && attributes["href"] != "":
			p.links = append(p.links, attributes["href"])
		case n.Data == "link" && attributes["href"] != "" && attributes["rel"] != "canonical":
			p.fetched = append(p.fetched, attributes["href"])
		case attributes["src"] != "":
			p.fetched = append(p.fetched, attributes["src"])
		case n.Data == "code" && attributes["class"] == "language-mermaid":
			p.drawn++
		}
	}
	return p
}

// buildSite builds the site, and returns its directory.
func buildSite(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("mkdocs"); err != nil {
		t.Skip("mkdocs, which builds the site, is not installed: apt-get install mkdocs")
	}
	library, err := mermaid()
	if err != nil {
		// What draws the diagrams comes from a registry, and the links don't need it.
		library = filepath.Join(t.TempDir(), "mermaid.min.js")
		require.NoError(t, os.WriteFile(library, nil, 0o600))
	}
	out, err := exec.Command(filepath.Join(root, "tools/site/build"), library).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))
	return filepath.Join(root, ".portico/site/html")
}

// mermaid is the path of the library that draws the diagrams.
var mermaid = sync.OnceValues(func() (string, error) {
	fetch := exec.Command(filepath.Join(root, "tools/site/mermaid"))
	fetch.Env = append(os.Environ(), "npm_config_fetch_retries=0")
	out, err := fetch.Output()
	if err != nil {
		return "", fmt.Errorf("fetch mermaid from the npm registry: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
})

// sitePages are the pages of a built site, by their paths.
func sitePages(t *testing.T, site string) map[string]sitePage {
	t.Helper()
	pages := map[string]sitePage{}
	require.NoError(t, filepath.WalkDir(site, func(file string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".html" {
			return err
		}
		name, err := filepath.Rel(site, file)
		pages[filepath.ToSlash(name)] = readPage(t, file)
		return err
	}))
	delete(pages, "404.html") // its links begin at a server's root
	return pages
}

// TestTheSitesLinksLeadSomewhere builds the site of the documents, whose menu has
// every page, and follows each link of it, to the heading.
func TestTheSitesLinksLeadSomewhere(t *testing.T) {
	site := buildSite(t)
	pages := sitePages(t, site)

	drawn := 0
	for name, page := range pages {
		drawn += page.drawn
		for _, link := range page.fetched {
			u, err := url.Parse(link)
			require.NoError(t, err, name)
			require.Empty(t, u.Host, "%s is fetched from another host", link)
			require.FileExists(t, filepath.Join(site, filepath.FromSlash(path.Join(path.Dir(name), u.Path))), name)
		}
		for _, link := range page.links {
			u, err := url.Parse(link)
			require.NoError(t, err, name)
			if u.Host != "" || u.Scheme == "mailto" {
				continue
			}
			target := name
			if u.Path != "" {
				target = path.Join(path.Dir(name), u.Path)
			}
			linked, ok := pages[target]
			if !ok {
				require.FileExists(t, filepath.Join(site, filepath.FromSlash(target)), "%s links to %s", name, link)
				continue
			}
			if u.Fragment != "" && !linked.ids[u.Fragment] {
				t.Errorf("%s links to %s, and there is no such heading", name, link)
			}
		}
	}
	require.Positive(t, drawn)
	for _, document := range documents(t) {
		inside, found := strings.CutPrefix(filepath.ToSlash(document), "docs/")
		if found {
			page := strings.TrimSuffix(inside, ".md") + ".html"
			if strings.HasSuffix(inside, "README.md") {
				page = path.Join(path.Dir(inside), "index.html")
			}
			require.Contains(t, pages, page)
		}
	}
}
