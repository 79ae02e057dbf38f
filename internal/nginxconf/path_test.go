package nginxconf_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
)

func TestD03_RawPathArrivesUnchanged(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "root", ""), route("api.example.com", "/v1", "v1", ""))
	targets := []string{
		"/a%2Fb", "/a%2fb", "/a//b", "//", "///a", "/a/", "/a;v=1;w=2/b", "/a+b", "/a%20b", "/a%2Bb",
		"/caf%C3%A9", "/caf\xc3\xa9", "/\xff\xfe", "/%F0%9F%98%80", "/a:b@c", "/a,b'c(d)e!f*g$h&i=j", "/~user/_x-y.z",
		"/.well-known/x", "/...", "/a..b", "/..a", "/a..", "/.a/.b", "/a.", "/%2Ewell", "/a%252Fb", "/100%25", "/%25/%2525",
		"/a\\b", "/a%5Cb", "/[x]", "/{x}", "/a|b", "/a^b", "/a`b", "/a\"b", "/<x>", "/a?q=../..", "/a?q=%2e%2e/",
		"/a?a=%2F&b=+&c=%20&d=;e=/&&", "/a??", "/a?x=a|b", "/a?=", "/$portico_query", "/${host}?$host", "/%24host",
		"/" + strings.Repeat("x", 12000), "/a?" + strings.Repeat("y", 12000),
	}
	for _, target := range targets {
		t.Run(fmt.Sprintf("%.40q", target), func(t *testing.T) {
			require.Equal(t, "/dev"+target, arrived(t, p, u, "api.example.com", target).Target())
			if path, _, _ := strings.Cut(target, "?"); path != "/" {
				require.Equal(t, "/dev"+target, arrived(t, p, u, "api.example.com", "/v1"+target).Target())
			}
		})
	}
}

func TestPathsThatCouldLeadElsewhereAreRefused(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "root", ""), route("api.example.com", "/v1", "v1", ""))
	targets := []string{
		"/..", "/.", "/../", "/./", "/a/..", "/a/../b", "/v1/..", "/v1/../x", "/a/./b", "/a/.", "/..?x", "/.?x",
		"/%2e", "/%2e%2e/", "/.%2e/", "/%2E./", "/a/%2e%2E/b", "/%252e%252e/", "/%25252e./", "/%25%32%65./", "/%2%65./",
		"/a/..%2fb", "/a%2f../b", "/a%2F%2e%2e%2Fb", "/a%252f..%252fb", "/a\\..\\b", "/a/..\\b", "/a%5c..%5cb", "/a%255c../b",
		"/..;/x", "/..;a=b/x", "/.;/x", "/..%3b/x", "/..%253Bx", "/%c0%ae%c0%ae/x", "/..%c0%afx", "/%25c0%25ae./x",
		"/a%00", "/a%0a", "/a%0D%0AX: y", "/a%1f", "/a%7f", "/a%09b", "/a#b", "/a?b#c", "/#", "/a%zz", "/a%", "/a%2",
		"http://api.example.com/a/../b", "/v1%2f..%2fadmin", "/a\x01", "/a\x7f",
	}
	for _, target := range targets {
		t.Run(fmt.Sprintf("%q", target), func(t *testing.T) {
			answer := p.Get(t, "api.example.com", target)
			require.Equal(t, 400, answer.Status, "%s", answer.Body)
			message(t, answer)
		})
	}
	require.Empty(t, u.Requests())
}

// Nothing arrives that is a dot segment once it is decoded: twice where every
// character may have been encoded each time, the digits of the first encoding
// included; any number of times where only percent signs were encoded again.
func TestNoEncodingHidesADotSegment(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "root", ""))
	conn := nginxtest.NewConn(t, p)
	random := rand.New(rand.NewPCG(3, 4))
	encode := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			switch c := s[i]; random.IntN(3) {
			case 0:
				fmt.Fprintf(&b, "%%%02x", c)
			case 1:
				fmt.Fprintf(&b, "%%%02X", c)
			default:
				b.WriteByte(c)
			}
		}
		return b.String()
	}
	for range 1500 {
		path := []string{"/..", "/.", "/a/../b", "/a\\..\\b", "/../", "/x/..;y"}[random.IntN(6)][1:]
		for range 1 + random.IntN(2) {
			path = encode(path)
		}
		for range random.IntN(4) {
			path = strings.ReplaceAll(path, "%", "%25")
		}
		answer := conn.Send(t, nginxtest.RequestText("GET", "api.example.com", "/"+path))
		if answer.Status != 400 {
			decoded, err := url.PathUnescape(path)
			t.Fatalf("%q (decoded once: %q, %v) is answered with %d", path, decoded, err, answer.Status)
		}
		if answer.Close {
			conn = nginxtest.NewConn(t, p)
		}
	}
	require.Empty(t, u.Requests())
}
