package nginxconf_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/requestheaders"
)

func TestHeadersArriveUnmodified(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "abc123", ""))
	sent := []string{
		"Authorization: Bearer a.b.c", "Cookie: a=1; b=2", "Cookie: c=3", "Accept: */*", "Accept-Encoding: br, gzip", "User-Agent: x/1 (y; z)",
		"X_Under_Score: 1", "X.Dotted.Name: 2", "x-api-key: secret", "X-Amzn-Trace-Id: Root=1-2-3",
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate: vendor=t61rcWkgMzE,other=1", "X-Long: " + strings.Repeat("v", 9000),
		"X-UTF8: caf\xc3\xa9", "X-Twice: a", "X-Twice: b", "X-Method-Override: PUT", "Content-Type: a/b; charset=x", "If-None-Match: \"x\"",
		"Range: bytes=0-1", "Via: 1.1 x", "Origin: https://o.example.com", "X-Forwarded-User: jane", "X_Forwarded_User: jane",
	}
	r := arrived(t, p, u, "api.example.com", "/", sent...)
	for _, line := range sent {
		require.Contains(t, r.Head, line)
	}
	added := slices.DeleteFunc(slices.Clone(r.Head), func(line string) bool { return slices.Contains(sent, line) })
	slices.Sort(added)
	require.Equal(t, []string{
		"Host: " + nginxtest.EndpointName,
		"Referer: api.example.com",
		"X-Forwarded-For: 127.0.0.1",
		"X-Forwarded-Host: api.example.com",
		"X-Forwarded-Port: 443",
		"X-Forwarded-Proto: https",
		"x-apigw-api-id: abc123",
	}, added)
}

func TestCallersCanNotSpeakForTheProxy(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "abc123", ""), route("*.wild.example.com", "", "wild", ""))
	tests := map[string]struct {
		send string
		name string
		want []string
	}{
		"another API's ID":                          {"X-Apigw-Api-Id: evil", "x-apigw-api-id", []string{"abc123"}},
		"another API's ID in two lines":             {"x-apigw-api-id: a\r\nX-APIGW-API-ID: b", "x-apigw-api-id", []string{"abc123"}},
		"a Referer, which is kept aside":            {"Referer: https://admin.example.com/", "Referer", []string{"api.example.com"}},
		"the place where the Referer is kept":       {"X-Original-Referer: admin", "X-Original-Referer", nil},
		"a verb under another verb":                 {"X-HTTP-Method-Override: DELETE", "X-HTTP-Method-Override", nil},
		"the first addresses of X-Forwarded-For":    {"X-Forwarded-For: 1.2.3.4", "X-Forwarded-For", []string{"1.2.3.4, 127.0.0.1"}},
		"X-Forwarded-Host":                          {"X-Forwarded-Host: admin.example.com", "X-Forwarded-Host", []string{"api.example.com"}},
		"X-Forwarded-Proto":                         {"X-Forwarded-Proto: http", "X-Forwarded-Proto", []string{"https"}},
		"Connection":                                {"Connection: keep-alive, X-Foo", "Connection", nil},
		"Keep-Alive":                                {"Keep-Alive: timeout=5", "Keep-Alive", nil},
		"Proxy-Connection":                          {"Proxy-Connection: keep-alive", "Proxy-Connection", nil},
		"Proxy-Authorization":                       {"Proxy-Authorization: Basic x", "Proxy-Authorization", nil},
		"TE":                                        {"TE: trailers", "TE", nil},
		"Trailer":                                   {"Trailer: X-T", "Trailer", nil},
		"Upgrade":                                   {"Connection: upgrade\r\nUpgrade: websocket", "Upgrade", nil},
		"Expect, which the proxy answers by itself": {"Expect: x", "Expect", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, arrived(t, p, u, "api.example.com", "/", test.send).Values(test.name))
		})
	}
	t.Run("the client's Referer is kept in X-Original-Referer", func(t *testing.T) {
		r := arrived(t, p, u, "api.example.com", "/", "Referer: https://a.example.com/x?y", "X-Original-Referer: spoofed")
		require.Equal(t, []string{"https://a.example.com/x?y"}, r.Values("X-Original-Referer"))
	})
	t.Run("a wildcard row's Referer is the row's host", func(t *testing.T) {
		r := arrived(t, p, u, "a.wild.example.com", "/")
		require.Equal(t, []string{"*.wild.example.com"}, r.Values("Referer"))
		require.Equal(t, []string{"a.wild.example.com"}, r.Values("X-Forwarded-Host"))
	})
}

func TestAnswersPassUnmodified(t *testing.T) {
	headers := []string{
		"Server: api", "Date: Thu, 01 Jan 1970 00:00:00 GMT", "X-Accel-Redirect: //404", "X-Accel-Expires: 5", "X-Accel-Limit-Rate: 1",
		"X-Accel-Buffering: no", "X-Accel-Charset: x", "Location: https://elsewhere.example.com/dev/x", "Refresh: 5; url=/other/x",
		"Set-Cookie: a=1;Path=/;Secure", "Set-Cookie: b=2", "Cache-Control: no-store", "Expires: 0", "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT",
		"Etag: \"x\"", "X-Pad: 1", "X_under: 1", "Vary: *", "Www-Authenticate: Bearer", "X-Long: " + strings.Repeat("v", 9000),
		"Access-Control-Allow-Origin: https://o.example.com",
	}
	status := 200
	p, _ := startAnswering(t, func(nginxtest.Request) []byte { return nginxtest.Answer(status, "their own words", headers...) },
		route("api.example.com", "", "abc123", ""))
	for _, status = range []int{200, 201, 301, 400, 403, 404, 405, 413, 429, 500, 502, 503, 504} {
		answer := p.Get(t, "api.example.com", "/", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "Accept-Encoding: gzip", "Range: bytes=0-1")
		require.Equal(t, status, answer.Status)
		require.Equal(t, "their own words", string(answer.Body))
		var got []string
		for name, values := range answer.Header {
			for _, value := range values {
				got = append(got, name+": "+value)
			}
		}
		want := append([]string{"Content-Length: 15", "Connection: keep-alive"}, headers...)
		slices.Sort(want)
		slices.Sort(got)
		require.Empty(t, cmp.Diff(want, got))
	}
}

var update = flag.Bool("update", false, "write the document's list of headers anew")

// TestTheDocumentListsTheHeaders holds the table of docs/data-path.md to the one
// list that the proxy is made from.
func TestTheDocumentListsTheHeaders(t *testing.T) {
	const document, begin, end = "../../docs/data-path.md", "<!-- request headers: written by a test -->\n", "<!-- end of request headers -->"
	data, err := os.ReadFile(document)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(data), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	var table strings.Builder
	table.WriteString("| header | the proxy sends | says | read by | may pass |\n|---|---|---|---|---|\n")
	for _, h := range requestheaders.List() {
		name, value, passes := "`"+h.Name+"`", "nothing", "no"
		if h.Exact {
			name += " (exact)"
		}
		if h.Value != "" {
			value = map[string]string{
				"$portico_api": "the row's API", "$portico_row_host": "the row's host", "$http_referer": "the caller's `Referer`", "$host": "the request's host",
				"$proxy_add_x_forwarded_for": "the caller's, and the address that the request came from", "$portico_base": "the row's base path, if it has one",
				"https": "`https`", "443": "`443`",
			}[h.Value]
			require.NotEmpty(t, value, h.Value)
		}
		if h.Passable {
			passes = "yes"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", name, value, h.Meaning, h.ReadBy, passes)
	}
	want := before + begin + table.String() + end + after
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(want), 0o644))
	}
	require.Equal(t, want, string(data), "run the test with -update")
}
