package resourcepolicy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// narrowRows are shop/v1, all methods of a stage, and shop/v1/admin below it,
// GET alone.
var narrowRows = []Grant{
	{Host: "shop.example.com", BasePath: "/v1", Stage: "prod", Source: "APIS[0]"},
	{Host: "shop.example.com", BasePath: "/v1/admin", Stage: "prod", Path: "/admin", Methods: []string{"GET"}, Source: "APIS[1]"},
	{Host: "back.example.com", BasePath: "", Stage: "prod", Source: "APIS[2]"},
}

func TestANarrowerRowNarrowsThePolicy(t *testing.T) {
	for _, form := range []DenyForm{DenyNotResource, DenyVerbs} {
		r := request(narrowRows...)
		r.Form = form
		policy := parsed(t, mergeAs(t, r, AllowExact).Policy)
		at := func(host, method, path string) bool {
			c := call{endpoint: ours, referer: host, method: method, stage: "prod", path: path, authorizer: iampolicy.LambdaAuthorizer, identity: iampolicy.Allowed}
			return iampolicy.Authorize(&policy, c.authorizer, c.identity, c.request())
		}
		for _, path := range []string{
			"/admin", "/admin/", "/admin/x", "//admin/x", "/admin//x", "/admin%2Fx", "/admin%2fx", "/admin;/x", "/admin;v=1", "/Admin/x", "/ADMIN",
		} {
			require.False(t, at("shop.example.com", "DELETE", path), "%s %s", form, path)
			require.False(t, at("shop.example.com", "OPTIONS", path), "%s %s", form, path)
			require.True(t, at("shop.example.com", "GET", path), "%s %s", form, path)
			require.True(t, at("back.example.com", "DELETE", path), "another host has no narrower row: %s", path)
		}
		for _, path := range []string{"/", "/administrators", "/x/admin", "/adm", "/admin-x", "/x/admin%2Fy", "/admin%20x"} {
			require.True(t, at("shop.example.com", "DELETE", path), "%s %s", form, path)
		}
	}
}

func TestWhatNoRowNarrowsStaysWithTheWiderRow(t *testing.T) {
	row := func(base, path string, methods ...string) Grant {
		return Grant{Host: "shop.example.com", BasePath: base, Stage: "prod", Path: path, Methods: methods}
	}
	wide := row("/v1", "")
	for name, test := range map[string]struct {
		rows []Grant
		want []narrowPath
	}{
		"a path that another base path leads to": {[]Grant{wide, row("/public", "/admin", "GET")}, nil},
		"a path of another name":                 {[]Grant{wide, row("/v1/admin", "/other", "GET")}, nil},
		"a row of more methods below":            {[]Grant{row("/v1", "", "GET"), row("/v1/admin", "/admin")}, nil},
		"the same methods":                       {[]Grant{row("/v1", "", "GET"), row("/v1/admin", "/admin", "GET")}, nil},
		"another stage":                          {[]Grant{wide, {Host: "shop.example.com", BasePath: "/v1/admin", Stage: "dev", Path: "/admin", Methods: []string{"GET"}}}, nil},
		"another way in with all methods":        {[]Grant{wide, row("/v1/admin", "/admin", "GET"), row("/v2", "")}, nil},
		"methods of the wider row only": {[]Grant{row("/v1", "", "GET", "PUT"), row("/v1/admin", "/admin", "GET")},
			[]narrowPath{{"prod", "/admin", []string{"PUT"}, nil}}},
		"a path below a path": {[]Grant{row("", "/a", "GET", "PUT"), row("/b/c", "/a/b/c", "GET")},
			[]narrowPath{{"prod", "/a/b/c", []string{"PUT"}, nil}}},
		"a row that widens again": {[]Grant{row("/v1", "", "GET", "PUT", "POST"), row("/v1/admin", "/admin", "GET"), row("/v1/admin/public", "/admin/public", "PUT")},
			[]narrowPath{{"prod", "/admin", []string{"POST"}, nil}, {"prod", "/admin/public", []string{"GET", "POST"}, nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			found := narrowPaths(test.rows)
			for i := range found {
				found[i].spelled = nil
			}
			require.Equal(t, test.want, found)
		})
	}
}

func TestASpellingThatARowHasAsItsPathIsThatRows(t *testing.T) {
	rows := append(slices.Clone(narrowRows), Grant{Host: "shop.example.com", BasePath: "/v1/Admin", Stage: "prod", Path: "/Admin", Source: "APIS[3]"})
	r := request(rows...)
	require.Equal(t, iampolicy.Allowed, decide(t, r, call{endpoint: ours, referer: "shop.example.com", method: "DELETE", stage: "prod", path: "/Admin/x"}))
	require.Equal(t, iampolicy.ExplicitDeny, decide(t, r, call{endpoint: ours, referer: "shop.example.com", method: "DELETE", stage: "prod", path: "/ADMIN/x"}))
}

func TestWhatTheProxyStillServesIsNotDenied(t *testing.T) {
	r := request(narrowRows...)
	r.ServedGrants = narrowRows[:1]
	deleteAdmin := call{endpoint: ours, referer: "shop.example.com", method: "DELETE", stage: "prod", path: "/admin/x"}
	require.Equal(t, iampolicy.Allowed, decide(t, r, deleteAdmin), "the mapping of before had the wider row alone")
	r.Grants, r.ServedGrants = narrowRows[:1], narrowRows
	require.Equal(t, iampolicy.Allowed, decide(t, r, deleteAdmin), "the mapping of now has")
	r.Grants = narrowRows
	require.Equal(t, iampolicy.ExplicitDeny, decide(t, r, deleteAdmin))
	r.Grants, r.ServedGrants = nil, narrowRows
	require.Equal(t, iampolicy.Allowed, decide(t, r, call{endpoint: ours, referer: "shop.example.com", method: "GET", stage: "prod", path: "/admin/x"}), "rows that only the proxy still has")
}

func TestSpellingsAreLeftOutWithANoticeWhereTheyDoNotFit(t *testing.T) {
	r := request(narrowRows...)
	whole, err := Merge(r)
	require.NoError(t, err)
	require.Empty(t, whole.Notices)
	r.MaxSize = mergeAs(t, r, AllowCompact).Size - 1
	smaller, err := Merge(r)
	require.NoError(t, err)
	require.Equal(t, []string{unspelled}, smaller.Notices)
	policy := parsed(t, smaller.Policy)
	for path, want := range map[string]iampolicy.Outcome{"/admin/x": iampolicy.ExplicitDeny, "/Admin/x": iampolicy.Allowed} {
		c := call{endpoint: ours, referer: "shop.example.com", method: "DELETE", stage: "prod", path: path}
		require.Equal(t, want, iampolicy.Evaluate(policy, c.request()).Outcome, path)
	}
}

// routedRows draws the rows of one host with base paths and paths of few names.
func routedRows() *rapid.Generator[[]Grant] {
	paths := []string{"", "/a", "/a/b", "/a/b/c", "/b", "/x", "/x/a", "/x/a/b"}
	row := rapid.Custom(func(t *rapid.T) Grant {
		g := Grant{
			Host:     "shop.example.com",
			BasePath: rapid.SampledFrom(paths).Draw(t, "base path"),
			Stage:    rapid.SampledFrom([]string{"prod", "prod", "dev"}).Draw(t, "stage"),
			Path:     rapid.SampledFrom(paths).Draw(t, "path"),
		}
		if rapid.Bool().Draw(t, "some methods") {
			g.Methods = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"GET", "PUT", "POST"}), 1, 3, rapid.ID[string]).Draw(t, "methods")
		}
		return g
	})
	return rapid.SliceOfNDistinct(row, 1, 6, func(g Grant) string { return g.BasePath })
}

// route is what the proxy does with a request: the row of the longest base path,
// and the path at the API.
func route(rows []Grant, target string) (row Grant, path string, ok bool) {
	longest := -1
	for _, g := range rows {
		if (target == g.BasePath || strings.HasPrefix(target, g.BasePath+"/")) && len(g.BasePath) > longest {
			longest, row, ok = len(g.BasePath), g, true
		}
	}
	if !ok {
		return Grant{}, "", false
	}
	return row, row.Path + target[len(row.BasePath):], true
}

// TestNoRoutedRequestIsDeniedAndNarrowPathsAre sends requests through rows as the
// proxy routes them: what a row allows has to pass, and what a narrower row
// alone leads to with another method must not.
func TestNoRoutedRequestIsDeniedAndNarrowPathsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := routedRows().Draw(t, "rows")
		for i := range rows {
			rows[i].Source = fmt.Sprintf("APIS[%d]", i)
		}
		r := request(rows...)
		r.MaxSize = 1 << 20
		result, err := Merge(r)
		require.NoError(t, err)
		policy := parsed(t, result.Policy)
		admitted := map[string]bool{} // stage METHOD path
		targets := []string{}
		for _, base := range []string{"", "/a", "/a/b", "/a/b/c", "/b", "/x", "/x/a", "/x/a/b"} {
			for _, below := range []string{"", "/", "/a", "/b", "/b/c", "/a/b/c/d", "/q", "/A", "/a;v", "/a%2Fb", "//a"} {
				targets = append(targets, base+below)
			}
		}
		for _, target := range targets {
			row, path, ok := route(rows, target)
			if !ok {
				continue
			}
			for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
				if row.has(method) {
					admitted[row.Stage+" "+method+" "+path] = true
				}
			}
		}
		decide := func(stage, method, path string) iampolicy.Outcome {
			if path == "" {
				path = "/"
			}
			c := call{endpoint: ours, referer: "shop.example.com", method: method, stage: stage, path: path}
			return iampolicy.Evaluate(policy, c.request()).Outcome
		}
		for key := range admitted {
			parts := strings.SplitN(key, " ", 3)
			spelled := strings.ContainsAny(parts[2], "A;%") || strings.Contains(parts[2], "//")
			if !spelled {
				require.Equal(t, iampolicy.Allowed, decide(parts[0], parts[1], parts[2]), key)
			}
		}
		for _, n := range narrowPaths(rows) {
			for _, method := range n.methods {
				for _, below := range []string{"", "/", "/q", ";v"} {
					require.Equal(t, iampolicy.ExplicitDeny, decide(n.stage, method, n.path+below), "%s %s", method, n.path+below)
				}
			}
		}
	})
}
