package faults

import (
	"crypto/tls"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// Operators have to see why the endpoint is not trusted, and must not see what
// callers sent.
func TestAnEndpointThatIsNotTrustedIsNamedWithTheReason(t *testing.T) {
	a := newAuthority(t)
	tests := map[string]struct {
		certificate tls.Certificate
		reason      string
	}{
		"an expired certificate":     {a.expired(t), "certificate has expired"},
		"a self-signed certificate":  {selfSigned(t), "self-signed certificate"},
		"another name's certificate": {a.wrongName(t), "upstream SSL certificate does not match \"" + nginxtest.EndpointName + "\""},
		"another authority's":        {newAuthority(t).good(t), "unable to verify the first certificate"},
	}
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				e := newEndpoint(t, "127.0.0.1:0", test.certificate)
				p := n.Start(t, contextOf(t, 30*time.Second), environment(a, nil, e)...)
				for _, method := range []string{"GET", "POST"} {
					answer := p.Send(t, method+" /orders?token=secret HTTP/1.1\r\nHost: "+host+
						"\r\nX-Request-Id: secret\r\nReferer: https://secret/\r\nContent-Length: 6\r\n\r\nsecret")
					require.Equal(t, 502, answer.Status)
					require.True(t, json.Valid(answer.Body), "%s", answer.Body)
				}
				require.Zero(t, e.total(), "nothing is sent to whom the proxy doesn't trust")
				require.Eventually(t, func() bool { return strings.Contains(p.Stderr(), test.reason) },
					nginxtest.Patience, 10*time.Millisecond, "the log doesn't say why: %s", p.Stderr())
				require.NotContains(t, p.Stderr(), "secret")
			})
		}
	})
}
