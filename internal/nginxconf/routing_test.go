package nginxconf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func TestPathsLeadToTheRowWithTheLongestBasePath(t *testing.T) {
	p, u := start(t,
		route("root.example.com", "", "root", ""),
		route("below.example.com", "", "below", "/p"),
		route("base.example.com", "/base", "base", "/p"),
		route("many.example.com", "", "all", ""),
		route("many.example.com", "/v1", "v1", "/one"),
		route("many.example.com", "/v1/orders", "orders", ""),
		route("many.example.com", "/a/b/c/d", "deep", ""),
		route("case.example.com", "/v1", "lower", ""),
		route("case.example.com", "/V1", "upper", ""),
		route("case.example.com", "/camelCase", "camel", ""),
		route("case.example.com", "", "rest", ""),
		route("*.wild.example.com", "", "wild", ""),
		route("exact.wild.example.com", "/only", "exact", ""),
		route("*.paths.example.com", "/v1", "wildv1", ""),
	)
	// API and path, or nothing where 404 is due.
	tests := map[string]struct{ host, target, api, want string }{
		"the root row gets the root as sent":                       {"root.example.com", "/", "root", "/dev/"},
		"the root row gets a path below the stage":                 {"root.example.com", "/pets", "root", "/dev/pets"},
		"the root row gets the query":                              {"root.example.com", "/pets?a=1&b", "root", "/dev/pets?a=1&b"},
		"an empty query keeps its question mark":                   {"root.example.com", "/pets?", "root", "/dev/pets?"},
		"a row with an API path puts it in front":                  {"below.example.com", "/x", "below", "/dev/p/x"},
		"a row with an API path keeps the root's slash":            {"below.example.com", "/", "below", "/dev/p/"},
		"the base path itself leads to the API path itself":        {"base.example.com", "/base", "base", "/dev/p"},
		"the base path's slash is kept as sent":                    {"base.example.com", "/base/", "base", "/dev/p/"},
		"a query may follow the base path at once":                 {"base.example.com", "/base?x=/base", "base", "/dev/p?x=/base"},
		"what follows the base path follows the API path":          {"base.example.com", "/base/x/", "base", "/dev/p/x/"},
		"a longer segment is another segment":                      {"base.example.com", "/based", "", ""},
		"a segment with parameters is another segment":             {"base.example.com", "/base;v=1/x", "", ""},
		"a base path is not looked for further down":               {"base.example.com", "/x/base", "", ""},
		"a host without a root row answers its base path only":     {"base.example.com", "/", "", ""},
		"an empty segment in front is a segment":                   {"base.example.com", "//base", "", ""},
		"an empty segment behind is kept":                          {"base.example.com", "/base//x", "base", "/dev/p//x"},
		"the longest base path wins":                               {"many.example.com", "/v1/orders/7", "orders", "/dev/7"},
		"a border cuts the longest base path":                      {"many.example.com", "/v1/orders7", "v1", "/dev/one/orders7"},
		"the middle row takes the rest":                            {"many.example.com", "/v1/pets", "v1", "/dev/one/pets"},
		"the root row takes what is left":                          {"many.example.com", "/v2", "all", "/dev/v2"},
		"a path of four segments matches":                          {"many.example.com", "/a/b/c/d", "deep", "/dev"},
		"three of four segments are not enough":                    {"many.example.com", "/a/b/c", "all", "/dev/a/b/c"},
		"base paths that differ in case are two: lower":            {"case.example.com", "/v1/x", "lower", "/dev/x"},
		"base paths that differ in case are two: upper":            {"case.example.com", "/V1/x", "upper", "/dev/x"},
		"a base path in another case is not the row's":             {"case.example.com", "/CamelCase/x", "rest", "/dev/CamelCase/x"},
		"a base path in its own case is":                           {"case.example.com", "/camelCase/x", "camel", "/dev/x"},
		"a wildcard covers one label":                              {"a.wild.example.com", "/x", "wild", "/dev/x"},
		"a wildcard covers no two labels":                          {"a.b.wild.example.com", "/x", "", ""},
		"a wildcard doesn't cover its parent":                      {"wild.example.com", "/x", "", ""},
		"an exact host is its own rows'":                           {"exact.wild.example.com", "/only/x", "exact", "/dev/x"},
		"an exact host doesn't fall to the wildcard":               {"exact.wild.example.com", "/x", "", ""},
		"a wildcard may have base paths":                           {"a.paths.example.com", "/v1/x", "wildv1", "/dev/x"},
		"a wildcard without a root row answers its base path only": {"a.paths.example.com", "/v2", "", ""},
		"a host in capitals is the same host":                      {"ROOT.Example.COM", "/x", "root", "/dev/x"},
		"a host's port is no part of it":                           {"root.example.com:8443", "/x", "root", "/dev/x"},
		"a host's trailing dot is no part of it":                   {"root.example.com.", "/x", "root", "/dev/x"},
		"a target in absolute form says the host again":            {"root.example.com", "http://root.example.com/x?y", "root", "/dev/x?y"},
		"a target in absolute form may be https and have a port":   {"root.example.com", "https://ROOT.example.com:443/x", "root", "/dev/x"},
		"a target in absolute form may have no path":               {"root.example.com", "http://root.example.com", "root", "/dev/"},
		"a target in absolute form may have a query only":          {"root.example.com", "http://root.example.com?y", "root", "/dev/?y"},
		"a host that no row names has no route":                    {"other.example.com", "/", "", ""},
		"a host that looks like a route has none":                  {"|x|/dev|", "/", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.api == "" {
				answer := p.Get(t, test.host, test.target)
				if strings.HasPrefix(test.host, "|") && answer.Status == 400 {
					return // as good: no host name at all
				}
				require.Equal(t, 404, answer.Status, "%s", answer.Body)
				require.Contains(t, message(t, answer), "No API")
				return
			}
			r := arrived(t, p, u, test.host, test.target)
			require.Equal(t, test.want, r.Target())
			require.Equal(t, []string{test.api}, r.Values("x-apigw-api-id"))
		})
	}
}

// The maps and topology.Resolve state the same rule.
func TestMapsAgreeWithTheRuleInGo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	host := func() string {
		return pick("a.", "b.", "*.", "c.") + pick("", "x.", "y.") + pick("one.test.example", "two.example.com")
	}
	path := func(most int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteString("/" + pick("a", "A", "b", "b1", "aa", "~x", "a.b", "-"))
		}
		return b.String()
	}
	m := &mapping.Mapping{Source: "random.yaml"}
	seen := map[string]bool{}
	for i := range 300 {
		h, b := host(), path(3)
		if seen[h+b] {
			continue
		}
		seen[h+b] = true
		m.Rows = append(m.Rows, mapping.Row{
			Index: i, Host: mapping.Host(h), BasePath: mapping.BasePath(b), Timeout: 30 * time.Second, FrontDoor: mapping.FrontDoorNGINX,
			API: mapping.PrivateAPI{ID: mapping.APIID(fmt.Sprintf("api%d", i)), Region: "us-east-1", DNSSuffix: "amazonaws.com", Stage: "dev"},
		})
	}
	top, err := topology.Derive(m, topology.Options{})
	require.NoError(t, err)
	p, u := start(t, top.Routes...)
	conn := nginxtest.NewConn(t, p)
	found := 0
	for range 2000 {
		h, target := strings.Replace(host(), "*", pick("z", "a"), 1), path(5)+pick("", "/")
		if random.IntN(3) == 0 {
			target = encodeSome(random, target)
		}
		if target == "" {
			target = "/"
		}
		want, ok := top.Resolve(h, target)
		before := len(u.Requests())
		answer := conn.Send(t, nginxtest.RequestText("GET", h, target))
		if !ok {
			require.Equal(t, 404, answer.Status, "%s%s", h, target)
			continue
		}
		found++
		require.Equal(t, 200, answer.Status, "%s%s should lead to %s%s", h, target, want.Host, want.BasePath)
		r := u.Requests()[before]
		require.Equal(t, []string{string(want.API.ID)}, r.Values("x-apigw-api-id"), "%s%s", h, target)
		require.Equal(t, "/dev"+behind(target, len(want.BasePath.Segments())), r.Target())
		require.Equal(t, []string{string(want.Host)}, r.Values("Referer"))
	}
	require.Greater(t, found, 500, "too few requests were anybody's to show anything")
}

// encodeSome encodes some characters of a path's segments, unreserved ones as
// they all are.
func encodeSome(random *rand.Rand, path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c != '/' && random.IntN(3) == 0 {
			fmt.Fprintf(&b, []string{"%%%02x", "%%%02X"}[random.IntN(2)], c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// behind is what follows the first segments of a path.
func behind(path string, segments int) string {
	var b strings.Builder
	for _, segment := range strings.Split(path, "/")[segments+1:] {
		b.WriteString("/" + segment)
	}
	return b.String()
}

func TestVerbsOutsideTheRowsAreRefused(t *testing.T) {
	cors := route("cors.example.com", "", "cors", "", "GET", "OPTIONS")
	cors.CORS = true
	p, u := start(t, route("some.example.com", "", "some", "", "GET", "POST"), route("all.example.com", "", "all", ""), cors)
	tests := map[string]struct {
		host, verb, allow, origin string
		status                    int
	}{
		"a listed verb passes":                         {host: "some.example.com", verb: "GET", status: 200},
		"another listed verb passes":                   {host: "some.example.com", verb: "POST", status: 200},
		"HEAD is a verb of its own":                    {host: "some.example.com", verb: "HEAD", status: 405, allow: "GET, POST"},
		"an unlisted verb is refused":                  {host: "some.example.com", verb: "DELETE", status: 405, allow: "GET, POST"},
		"a part of a listed verb is another":           {host: "some.example.com", verb: "POS", status: 405, allow: "GET, POST"},
		"verbs are case-sensitive":                     {host: "some.example.com", verb: "G-ET", status: 405, allow: "GET, POST"},
		"a row without verbs takes all":                {host: "all.example.com", verb: "PATCH", status: 200},
		"TRACE is NGINX's to refuse":                   {host: "all.example.com", verb: "TRACE", status: 405, allow: "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"},
		"a refusal on a CORS row can be read by pages": {host: "cors.example.com", verb: "PUT", status: 405, allow: "GET, OPTIONS", origin: "*"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := len(u.Requests())
			answer := p.Send(t, nginxtest.RequestText(test.verb, test.host, "/x", "Content-Length: 0"))
			require.Equal(t, test.status, answer.Status, "%s", answer.Body)
			require.Equal(t, test.allow, answer.Header.Get("Allow"))
			require.Equal(t, test.origin, answer.Header.Get("Access-Control-Allow-Origin"))
			if test.status == 200 {
				require.Equal(t, test.verb, u.Requests()[before].Method())
				return
			}
			require.Len(t, u.Requests(), before)
			if test.verb != "HEAD" {
				message(t, answer)
			}
		})
	}
}

func TestHealthIsAnsweredOnlyForHostsThatNoRowNames(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "root", ""), route("base.example.com", "/v1", "base", ""), route("*.wild.example.com", "/healthz", "wild", ""))
	require.Equal(t, 200, p.Get(t, "10.0.0.7", "/healthz").Status)
	require.Equal(t, 200, p.Get(t, "10.0.0.7:8443", "/healthz?x").Status)
	require.Equal(t, 404, p.Get(t, "10.0.0.7", "/healthz/").Status)
	require.Equal(t, 404, p.Get(t, "10.0.0.7", "/").Status)
	require.Equal(t, 404, p.Get(t, "base.example.com", "/healthz").Status)
	require.Empty(t, u.Requests())
	require.Equal(t, "/dev/healthz", arrived(t, p, u, "api.example.com", "/healthz").Target())
	require.Equal(t, "/dev", arrived(t, p, u, "a.wild.example.com", "/healthz").Target())
}

func TestD01_DocumentedURLKeepsTheSlashBetweenStageAndPath(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "abc123", ""))
	require.Equal(t, "/dev/pets", arrived(t, p, u, "api.example.com", "/pets").Target())
}

func TestD02_PathAndQueryAreNotDropped(t *testing.T) {
	p, u := start(t, route("api.example.com", "/v1", "abc123", "/base"))
	require.Equal(t, "/dev/base/pets/1?a=1&a=2", arrived(t, p, u, "api.example.com", "/v1/pets/1?a=1&a=2").Target())
}

func TestD07_UnknownHostsGet404(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "abc123", ""))
	for _, host := range []string{"apii.example.com", "example.com", "localhost", "127.0.0.1", "[::1]"} {
		answer := p.Get(t, host, "/")
		require.Equal(t, 404, answer.Status, host)
		message(t, answer)
	}
	require.Equal(t, 404, p.Send(t, "GET / HTTP/1.0\r\n\r\n").Status)
	require.Empty(t, u.Requests())
}
