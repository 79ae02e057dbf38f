package requests

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/requestheaders"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

const oneStrictRow = `
APIS:
  - {CUSTOM_DOMAIN_URL: api.corp.example.com/v1, PRIVATE_API_URL: "https://abase.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: strict.corp.example.com/v1, PRIVATE_API_URL: "https://astrict.execute-api.us-east-1.amazonaws.com/prod", ENDPOINT_ACCESS_MODE: STRICT}
`

// identityNames are the names by which DESIGN's contract lets no caller speak
// for the proxy or the load balancer, written down apart from the program's list.
var identityNames = strings.Fields(`Forwarded
X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Forwarded-Protocol X-Forwarded-Scheme X-Forwarded-Ssl X-Forwarded-Prefix
X-Forwarded-Path X-Forwarded-Uri X-Forwarded-Server X-Forwarded-Client-Cert X-Original-Host X-Original-URL X-Original-URI
X-Rewrite-URL X-Real-IP X-Script-Name Front-End-Https X-Amzn-Mtls-Clientcert X-Amzn-Mtls-Clientcert-Serial-Number
X-Amzn-Mtls-Clientcert-Issuer X-Amzn-Mtls-Clientcert-Subject X-Amzn-Mtls-Clientcert-Validity X-Amzn-Mtls-Clientcert-Leaf
x-amzn-oidc-data x-amzn-oidc-identity x-amzn-oidc-accesstoken`)

func startOnBothRows(t *testing.T, n proxytest.NGINX, environment ...string) (*nginxtest.Proxy, *nginxtest.Upstream) {
	t.Helper()
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{OtherNames: []string{"*.execute-api.us-east-1.amazonaws.com"}})
	return n.Start(t, proxytest.Render(t, "rows.yaml", []byte(oneStrictRow)), append(nginxtest.Environment(u), environment...)...), u
}

// spoofed are the lines of a caller who sends every name in every spelling.
func spoofed() []string {
	var lines []string
	for _, name := range identityNames {
		for _, spelling := range requestheaders.Spellings(name) {
			lines = append(lines, spelling+": spoofed", strings.ToUpper(spelling)+": spoofed")
		}
	}
	return lines
}

func TestHeadersOfTheListDoNotPass(t *testing.T) {
	lines := spoofed()
	require.Greater(t, len(lines), 400)
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		p, u := startOnBothRows(t, n)
		c := nginxtest.NewConn(t, p)
		for _, host := range []string{"api.corp.example.com", "strict.corp.example.com"} {
			require.Equal(t, 200, c.Send(t, nginxtest.RequestText("GET", host, "/v1/x", append(lines, "X-Forwarded-User: jane", "X_Forwarded_User: joe", "X-Amzn-Oidc: x")...)).Status)
			requests := u.Requests()
			arrived := requests[len(requests)-1]
			require.NotContains(t, strings.Join(arrived.Head, "\n"), "spoofed")
			for _, line := range []string{
				"X-Forwarded-Host: " + host, "X-Forwarded-Port: 443", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /v1",
				"X-Forwarded-User: jane", "X_Forwarded_User: joe", "X-Amzn-Oidc: x",
			} {
				require.Contains(t, arrived.Head, line)
			}
		}
	})
}

func TestNamedHeadersPass(t *testing.T) {
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		p, u := startOnBothRows(t, n, "PORTICO_PASS_HEADERS=x-real-ip,X-AMZN-MTLS-Clientcert-Subject,X-Forwarded-Prefix")
		c := nginxtest.NewConn(t, p)
		for _, host := range []string{"api.corp.example.com", "strict.corp.example.com"} {
			c.Send(t, nginxtest.RequestText("GET", host, "/v1/x", spoofed()...))
			c.Send(t, nginxtest.RequestText("GET", host, "/v1/x", "X-Real-IP: 192.0.2.7"))
			requests := u.Requests()
			all, one := requests[len(requests)-2], requests[len(requests)-1]
			var passed []string
			for _, line := range all.Head {
				if name, value, _ := strings.Cut(line, ": "); strings.Contains(value, "spoofed") {
					passed = append(passed, strings.ToLower(name))
				}
			}
			slices.Sort(passed)
			require.Equal(t, []string{"x-amzn-mtls-clientcert-subject", "x-forwarded-prefix", "x-real-ip"}, slices.Compact(passed),
				"named headers pass, in the spelling with hyphens alone")
			require.Equal(t, []string{"192.0.2.7"}, one.Values("X-Real-IP"))
			require.Equal(t, []string{"/v1"}, one.Values("X-Forwarded-Prefix"), "without the header the proxy's own value is sent")
		}
	})
}
