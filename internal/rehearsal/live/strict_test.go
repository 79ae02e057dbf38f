package live_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHowAnAPIInStrictModeIsNamed has an API in STRICT mode and one in BASIC mode
// behind one endpoint.
func TestHowAnAPIInStrictModeIsNamed(t *testing.T) {
	environment := endpointEnvironment()
	strict := environment.APIs[0]
	strict.ID, strict.Strict, strict.TLS13 = "strict1", true, true
	environment.APIs = append(environment.APIs, strict)
	path := start(t, environment)
	const own, basic = "strict1.execute-api.us-east-1.amazonaws.com", "abc123.execute-api.us-east-1.amazonaws.com"
	for sentence, c := range map[string]struct {
		server, host, more string
		want               int
	}{
		"by its own name in TLS and Host":            {own, own, "", 200},
		"with its own ID beside its name":            {own, own, "x-apigw-api-id: strict1\r\n", 200},
		"not by Host alone":                          {endpointName, own, "", 403},
		"not by TLS alone":                           {own, endpointName, "x-apigw-api-id: strict1\r\n", 403},
		"not by header beside the endpoint's name":   {endpointName, endpointName, "x-apigw-api-id: strict1\r\n", 403},
		"not by header beside another API's name":    {basic, basic, "x-apigw-api-id: strict1\r\n", 403},
		"another API is not held to it":              {endpointName, basic, "", 200},
		"nor is one that is asked on its connection": {own, basic, "", 200},
	} {
		t.Run(sentence, func(t *testing.T) {
			conn, err := atEndpoint(t, path, c.server)
			require.NoError(t, err)
			code, body := exchange(t, conn, "GET /v1/a HTTP/1.1\r\nHost: "+c.host+"\r\n"+c.more+"\r\n")
			require.Equal(t, c.want, code, string(body))
		})
	}

	t.Run("a connection is not for two APIs", func(t *testing.T) {
		conn, err := atEndpoint(t, path, basic)
		require.NoError(t, err)
		code, _ := exchange(t, conn, "GET /v1/a HTTP/1.1\r\nHost: "+basic+"\r\n\r\n")
		require.Equal(t, http.StatusOK, code)
		code, _ = exchange(t, conn, "GET /v1/a HTTP/1.1\r\nHost: "+own+"\r\n\r\n")
		require.Equal(t, http.StatusForbidden, code)
	})
	t.Run("its security policy takes TLS 1.3 alone", func(t *testing.T) {
		for name, newer := range map[string]bool{own: true, basic: false} {
			conn, err := path.Network().Dial(context.Background(), client, netip.MustParseAddrPort("10.0.0.10:443"))
			require.NoError(t, err)
			older := tls.Client(conn, &tls.Config{ServerName: name, RootCAs: path.Authority().Pool(), MaxVersion: tls.VersionTLS12})
			if err := older.Handshake(); newer {
				require.ErrorContains(t, err, "protocol version")
			} else {
				require.NoError(t, err)
			}
			require.NoError(t, conn.Close())
		}
	})
}
