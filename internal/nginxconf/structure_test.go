package nginxconf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	crossplane "github.com/nginxinc/nginx-go-crossplane"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// parse reads the context's configuration files as NGINX would.
func parse(t testing.TB, c *nginxconf.Context) map[string]crossplane.Directives {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, c.WriteTo(dir))
	parsed := make(map[string]crossplane.Directives)
	for _, f := range c.Files {
		if !strings.HasSuffix(f.Name, ".conf") {
			continue
		}
		payload, err := crossplane.Parse(filepath.Join(dir, f.Name), &crossplane.ParseOptions{
			SingleFile: true, SkipDirectiveContextCheck: true, StopParsingOnError: true, ParseComments: false,
		})
		require.NoError(t, err)
		require.Equal(t, "ok", payload.Status)
		parsed[f.Name] = payload.Config[0].Parsed
	}
	return parsed
}

// skeleton lists the directives with their arguments, those of blocks indented.
func skeleton(directives crossplane.Directives, indent string) []string {
	var lines []string
	for _, d := range directives {
		lines = append(lines, indent+d.Directive+" "+strings.Join(d.Args, " "))
		lines = append(lines, skeleton(d.Block, indent+"  ")...)
	}
	return lines
}

// find gives the directives of that name and first arguments below a block.
func find(directives crossplane.Directives, name string, args ...string) crossplane.Directives {
	var found crossplane.Directives
	for _, d := range directives {
		if d.Directive == name && len(d.Args) >= len(args) && slices.Equal(d.Args[:len(args)], args) {
			found = append(found, d)
		}
		found = append(found, find(d.Block, name, args...)...)
	}
	return found
}

// requireOnlyTheTemplates shows that the routes brought nothing into the
// configuration but locations for their ways of forwarding, one entry each in
// the maps of routes.conf, and an upstream for each API in STRICT mode.
func requireOnlyTheTemplates(t testing.TB, c *nginxconf.Context, routes []topology.Route) {
	t.Helper()
	parsed := parse(t, c)
	reference := parse(t, render(t, route("a.example.com", "", "abc123", "")))
	require.Equal(t, skeleton(reference["headers.conf"], ""), skeleton(parsed["headers.conf"], ""))

	// nginx.conf: the same directives, but for hash sizes and locations.
	wanted := make(map[string][]string)
	for _, r := range routes {
		directives := []string{"internal", "proxy_connect_timeout", "proxy_next_upstream_timeout", "proxy_read_timeout"}
		name := "/"
		if r.Strict {
			name += "/strict"
		}
		if r.NoRewrite {
			name += "/as-written"
			directives = append(directives, "proxy_redirect", "proxy_cookie_path", "proxy_cookie_domain", "add_header")
			for range 10 {
				directives = append(directives, "proxy_pass_header")
			}
		}
		if r.Strict {
			directives = append(directives, "include", "proxy_set_header", "proxy_ssl_name")
		}
		if r.Timeout != 30*time.Second {
			name += fmt.Sprintf("/timeout/%d", int(r.Timeout.Seconds()))
		}
		if name != "/" {
			wanted[name] = append(directives, "proxy_pass")
		}
	}
	found := make(map[string][]string)
	for _, location := range find(parsed["nginx.conf"], "location", "=") {
		if !forwards(location.Args[1]) {
			continue
		}
		for _, d := range location.Block {
			found[location.Args[1]] = append(found[location.Args[1]], d.Directive)
		}
	}
	require.Equal(t, wanted, found)
	// The row is found before NGINX turns to a page, which has another $uri.
	pages := find(parsed["nginx.conf"], "error_page")
	require.NotEmpty(t, pages)
	for _, page := range pages {
		require.Regexp(t, `^//[0-9]{3}\$portico_row_is_known$`, page.Args[len(page.Args)-1])
	}
	require.Empty(t, cmp.Diff(
		withoutVariations(skeleton(reference["nginx.conf"], "")),
		withoutVariations(skeleton(parsed["nginx.conf"], ""))))

	// strict.conf: an upstream for each API in STRICT mode.
	names := make(map[string]bool)
	for _, r := range routes {
		if r.Strict {
			names[string(r.API.ID)+".execute-api."+r.API.Region+"."+r.API.DNSSuffix] = true
		}
	}
	require.Len(t, parsed["strict.conf"], len(names))
	for _, upstream := range parsed["strict.conf"] {
		require.Equal(t, "upstream", upstream.Directive)
		require.Contains(t, names, upstream.Args[0])
		require.Equal(t, []string{"include addresses.conf", "keepalive 4", "keepalive_requests 1000000", "keepalive_timeout 60s"}, skeleton(upstream.Block, ""))
	}

	// routing.conf: maps only, their sources and variables known, whose regular
	// expressions hold no more than digits of the routes.
	for _, d := range parsed["routing.conf"] {
		require.Equal(t, "map", d.Directive)
	}

	// routes.conf: maps only; every entry has one match and one value, and
	// together they are as many as the routes and the hosts with several.
	entries := 0
	for _, d := range parsed["routes.conf"] {
		require.Equal(t, "map", d.Directive)
		require.Len(t, d.Args, 2)
		for _, entry := range d.Block {
			require.Len(t, entry.Args, 1)
			require.Empty(t, entry.Block)
			if entry.Directive != "default" {
				require.NotContains(t, entry.Args[0], "$")
				entries++
			}
		}
	}
	perHost := make(map[mapping.Host]int)
	looksAtPath := make(map[mapping.Host]bool)
	for _, r := range routes {
		perHost[r.Host]++
		looksAtPath[r.Host] = looksAtPath[r.Host] || r.BasePath != "" || perHost[r.Host] > 1
	}
	want := len(perHost)
	for host, several := range looksAtPath {
		if several {
			want += perHost[host]
		}
	}
	require.Equal(t, want, entries)
}

// forwards reports whether a location is one of those that forward, besides /.
func forwards(location string) bool {
	for _, beginning := range []string{"//strict", "//as-written", "//timeout/"} {
		if strings.HasPrefix(location, beginning) {
			return true
		}
	}
	return false
}

func withoutVariations(lines []string) []string {
	var kept []string
	skipping := false
	for _, line := range lines {
		if skipping && strings.HasPrefix(line, "      ") {
			continue
		}
		name, isLocation := strings.CutPrefix(line, "    location = ")
		skipping = isLocation && forwards(name)
		if !skipping && !strings.Contains(line, "map_hash_") {
			kept = append(kept, line)
		}
	}
	return kept
}

func TestOneServerBlockAnswersForEveryHost(t *testing.T) {
	odd := route("*.b.example.com", "/x", "odd", "/y", "GET")
	odd.Timeout = 7 * time.Second
	strict, written := odd, odd
	strict.BasePath, strict.Strict, strict.API.ID = "/strict", true, "strict"
	written.BasePath, written.NoRewrite = "/written", true
	both := strict
	both.BasePath, both.NoRewrite, both.Timeout = "/both", true, 30*time.Second
	routes := []topology.Route{route("a.example.com", "", "abc123", ""), odd, route("*.b.example.com", "/X", "upper", ""), strict, written, both}
	c := render(t, routes...)
	requireOnlyTheTemplates(t, c, routes)
	main := parse(t, c)["nginx.conf"]
	require.Len(t, find(main, "server"), 1)
	require.Empty(t, find(main, "server_name"))
	require.Equal(t, []string{"7000ms"}, find(find(main, "location", "=", "//timeout/7"), "proxy_read_timeout")[0].Args)
	for _, directive := range []string{"proxy_ssl_verify", "proxy_ssl_server_name", "proxy_request_buffering", "proxy_ssl_session_reuse", "underscores_in_headers"} {
		require.Equal(t, []string{"on"}, find(main, directive)[0].Args, directive)
	}
	require.Equal(t, []string{"360s"}, find(main, "keepalive_timeout")[0].Args, "above an NLB's fixed 350 s")
}

func TestD26_OnlyTLS12AndAbove(t *testing.T) {
	main := parse(t, render(t, route("a.example.com", "", "abc123", "")))["nginx.conf"]
	require.Equal(t, []string{"TLSv1.2", "TLSv1.3"}, find(main, "ssl_protocols")[0].Args)
	require.Equal(t, []string{"TLSv1.2", "TLSv1.3"}, find(main, "proxy_ssl_protocols")[0].Args)
}

func TestNGINXAcceptsAnyNumberOfRows(t *testing.T) {
	for _, rows := range []int{0, 1, 100, 1000, 10000} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			const within = 100 * time.Millisecond
			c := render(t, manyRoutes(rows)...)
			v := nginxtest.Test(t, c)
			require.NoError(t, v.Err, v.Output)
			require.NotContains(t, v.Output, "warn", "NGINX should have nothing to remark")
			// Also the time on a processor grows on a machine that does other
			// work too.
			for attempt := 0; attempt < 9 && v.CPU >= within; attempt++ {
				v = nginxtest.Test(t, c)
				require.NoError(t, v.Err, v.Output)
			}
			require.Less(t, v.CPU, within)
		})
	}
}

func TestTenThousandHostsTakeLittleMemory(t *testing.T) {
	routes := manyRoutes(10000)
	for i := range routes {
		routes[i].Timeout = time.Duration(25+i%12) * time.Second
	}
	p, _ := start(t, routes...)
	for _, bytes := range p.Memory(t) {
		require.Less(t, bytes, int64(16<<20))
	}
}

func TestNGINXAcceptsTheLongestAndDeepestRows(t *testing.T) {
	label := strings.Repeat("l", 63) + "."
	host := mapping.Host(label + label + label + strings.Repeat("m", 49) + ".example.com")
	longest := "/" + strings.Repeat("p", 511)
	routes := []topology.Route{
		route(host, mapping.BasePath(longest), "abc123", mapping.APIPath("/"+strings.Repeat("q", 1023))),
		route("case.example.com", mapping.BasePath(longest), "lower", ""),
		route("case.example.com", mapping.BasePath(strings.ToUpper(longest)), "upper", ""),
	}
	for depth := 1; depth <= 16; depth++ {
		deep := route("deep.example.com", mapping.BasePath(strings.Repeat("/s", depth)), "deep", mapping.APIPath("/"+strconv.Itoa(depth)))
		deep.Timeout = time.Duration(depth) * time.Second
		routes = append(routes, deep)
	}
	v := nginxtest.Test(t, render(t, routes...))
	require.NoError(t, v.Err, v.Output)
	require.NotContains(t, v.Output, "warn")

	p, u := start(t, routes...)
	require.Equal(t, "/dev/"+strings.Repeat("q", 1023)+"/x", arrived(t, p, u, string(host), longest+"/x").Target())
	require.Equal(t, []string{"upper"}, arrived(t, p, u, "case.example.com", strings.ToUpper(longest)).Values("x-apigw-api-id"))
	require.Equal(t, "/dev/16/s", arrived(t, p, u, "deep.example.com", strings.Repeat("/s", 17)).Target())
	require.Equal(t, "/dev/9/x", arrived(t, p, u, "deep.example.com", strings.Repeat("/s", 9)+"/x").Target())
}

// manyRoutes are n routes under 50 domains: every tenth host has base paths,
// every hundredth is a wildcard.
func manyRoutes(n int) []topology.Route {
	routes := make([]topology.Route, 0, n)
	for i := range n {
		host := fmt.Sprintf("api-%05d.team-%02d.private.example.com", i, i%50)
		base := ""
		switch {
		case i%100 == 7:
			host = fmt.Sprintf("*.w%d.team-%02d.private.example.com", i, i%50)
		case i%10 == 3:
			base = fmt.Sprintf("/orders/v%d", i%3)
		}
		r := route(mapping.Host(host), mapping.BasePath(base), mapping.APIID(fmt.Sprintf("a%09d", i)), "", "GET", "POST")
		routes = append(routes, r)
	}
	return routes
}

func TestD17_RoutesAreFilesNotEnvironment(t *testing.T) {
	few, many := render(t, manyRoutes(1)...), render(t, manyRoutes(10000)...)
	for i, f := range many.Files {
		if f.Name == "entrypoint.sh" || f.Name == "Dockerfile" {
			require.Equal(t, few.Files[i], f, "%s holds routes", f.Name)
		}
	}
}

func TestNothingButMappingsGrammarsReachesTheConfiguration(t *testing.T) {
	tests := map[string]func(*topology.Route){
		"a quote in the host":              func(r *topology.Route) { r.Host = `a".example.com` },
		"a semicolon in the host":          func(r *topology.Route) { r.Host = "a;b.example.com" },
		"a line feed in the host":          func(r *topology.Route) { r.Host = "a.example.com\n" },
		"a wildcard inside the host":       func(r *topology.Route) { r.Host = "a.*.example.com" },
		"no host":                          func(r *topology.Route) { r.Host = "" },
		"a variable in the base path":      func(r *topology.Route) { r.BasePath = "/$host" },
		"a brace in the base path":         func(r *topology.Route) { r.BasePath = "/a{" },
		"a dot segment in the base path":   func(r *topology.Route) { r.BasePath = "/a/../b" },
		"a slash behind the base path":     func(r *topology.Route) { r.BasePath = "/a/" },
		"a base path without a slash":      func(r *topology.Route) { r.BasePath = "a" },
		"a base path that is far too long": func(r *topology.Route) { r.BasePath = mapping.BasePath("/" + strings.Repeat("a", 600)) },
		"a semicolon in the region":        func(r *topology.Route) { r.API.Region = "us;east-1" },
		"a variable in the DNS suffix":     func(r *topology.Route) { r.API.DNSSuffix = "$host" },
		"no DNS suffix":                    func(r *topology.Route) { r.API.DNSSuffix = "" },
		"the separator in the API path":    func(r *topology.Route) { r.API.Path = "/a|b" },
		"a query in the API path":          func(r *topology.Route) { r.API.Path = "/a?b" },
		"a backslash in the stage":         func(r *topology.Route) { r.API.Stage = `dev\` },
		"no stage":                         func(r *topology.Route) { r.API.Stage = "" },
		"a space in the API ID":            func(r *topology.Route) { r.API.ID = "a b" },
		"a comma in a verb":                func(r *topology.Route) { r.Methods = []mapping.Method{"GET, PUT"} },
		"no verb":                          func(r *topology.Route) { r.Methods = []mapping.Method{} },
		"no timeout":                       func(r *topology.Route) { r.Timeout = 0 },
		"half a second":                    func(r *topology.Route) { r.Timeout = 1500 * time.Millisecond },
		"a timeout that is too long":       func(r *topology.Route) { r.Timeout = 301 * time.Second },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			r := route("a.example.com", "", "abc123", "")
			r.Row = 3
			change(&r)
			_, err := nginxconf.Render([]topology.Route{r}, nginxconf.Options{})
			require.ErrorContains(t, err, "APIS[3]")
		})
	}
	t.Run("every mistake is named", func(t *testing.T) {
		bad := route("A.example.com", "/", "X", "")
		bad.Row = 4
		_, err := nginxconf.Render([]topology.Route{bad, bad}, nginxconf.Options{})
		require.ErrorContains(t, err, "host is")
		require.ErrorContains(t, err, "base path is")
		require.ErrorContains(t, err, "API ID is")
		require.ErrorContains(t, err, "no two routes")
	})
	t.Run("a base image that is more than a name", func(t *testing.T) {
		_, err := nginxconf.Render(nil, nginxconf.Options{BaseImage: "nginx\nRUN rm -rf /"})
		require.ErrorContains(t, err, "no image reference")
	})
}

func TestTheSameRoutesGiveTheSameDigest(t *testing.T) {
	routes := manyRoutes(500)
	shuffled := slices.Clone(routes)
	slices.Reverse(shuffled)
	require.Equal(t, render(t, routes...).Digest(), render(t, shuffled...).Digest())
	require.NotEqual(t, render(t, routes...).Digest(), render(t, routes[1:]...).Digest())
	other, err := nginxconf.Render(routes, nginxconf.Options{BaseImage: "registry.example.com:5000/nginx@sha256:" + strings.Repeat("0", 64)})
	require.NoError(t, err)
	require.NotEqual(t, render(t, routes...).Digest(), other.Digest())
}

func TestModesDoNotDependOnTheUmask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "context")
	withUmask(t, 0o077, func() { require.NoError(t, render(t, manyRoutes(1)...).WriteTo(dir)) })
	for name, mode := range map[string]os.FileMode{"entrypoint.sh": 0o755, "Dockerfile": 0o644, "nginx.conf": 0o644, "routes.conf": 0o644, "routing.conf": 0o644, "headers.conf": 0o644, "log.conf": 0o644, "strict.conf": 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode(), name)
	}
}

func TestTheReferencesSampleIsAccepted(t *testing.T) {
	sample := filepath.Join("..", "..", "..", "shared", "samples", "reference-proxy-config.yaml")
	data, err := os.ReadFile(sample)
	if err != nil {
		t.Skipf("the reference's sample is not here: %v", err)
	}
	m, err := mapping.Parse(sample, data)
	require.NoError(t, err)
	top, err := topology.Derive(m, topology.Options{})
	require.NoError(t, err)
	v := nginxtest.Test(t, render(t, top.Routes...))
	require.NoError(t, v.Err, v.Output)
}
