package proxytest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

func TestEveryVersionRunsTheProxy(t *testing.T) {
	c := proxytest.Render(t, "one.yaml", []byte(`
APIS:
  - {CUSTOM_DOMAIN_URL: api.private.example.com, PRIVATE_API_URL: "https://abc123.execute-api.us-east-1.amazonaws.com/dev"}
`))
	versions := make(map[string]bool)
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		versions[n.Version] = true
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
		p := n.Start(t, c, nginxtest.Environment(u)...)
		require.Equal(t, 200, p.Get(t, "api.private.example.com", "/").Status)
		server := p.Get(t, "unknown.example.com", "/").Header.Get("Server")
		require.True(t, strings.HasPrefix(server, "nginx"), server)
	})
	require.Len(t, versions, 2, "two versions, not one twice")
}
