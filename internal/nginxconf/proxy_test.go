package nginxconf_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// route is a route to the path below the API's stage dev.
func route(host mapping.Host, base mapping.BasePath, api mapping.APIID, path mapping.APIPath, methods ...mapping.Method) topology.Route {
	return topology.Route{
		Host: host, BasePath: base, Methods: methods, Timeout: 30 * time.Second,
		API: mapping.PrivateAPI{ID: api, Region: "us-east-1", DNSSuffix: "amazonaws.com", Stage: "dev", Path: path},
	}
}

// start renders the routes and runs them in front of one recording upstream.
func start(t *testing.T, routes ...topology.Route) (*nginxtest.Proxy, *nginxtest.Upstream) {
	t.Helper()
	return startAnswering(t, nil, routes...)
}

// startAnswering is start with an upstream that answers as told.
func startAnswering(t *testing.T, answer func(nginxtest.Request) []byte, routes ...topology.Route) (*nginxtest.Proxy, *nginxtest.Upstream) {
	t.Helper()
	nginxtest.Require(t)
	upstream := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: answer})
	return nginxtest.Start(t, render(t, routes...), nginxtest.Environment(upstream)), upstream
}

func render(t testing.TB, routes ...topology.Route) *nginxconf.Context {
	t.Helper()
	c, err := nginxconf.Render(routes, nginxconf.Options{})
	require.NoError(t, err)
	return c
}

// arrived sends a GET that has to be forwarded and gives what arrived.
func arrived(t *testing.T, p *nginxtest.Proxy, u *nginxtest.Upstream, host, target string, headers ...string) nginxtest.Request {
	t.Helper()
	before := len(u.Requests())
	answer := p.Get(t, host, target, headers...)
	require.Equal(t, 200, answer.Status, "GET %s%s: %s", host, target, answer.Body)
	requests := u.Requests()
	require.Len(t, requests, before+1)
	return requests[before]
}

// message is the text of a refusal, which is JSON.
func message(t *testing.T, answer nginxtest.Response) string {
	t.Helper()
	require.Equal(t, []string{"application/json"}, answer.Header["Content-Type"])
	var body struct{ Message string }
	require.NoError(t, decode(answer.Body, &body), "%s", answer.Body)
	require.NotEmpty(t, body.Message)
	return body.Message
}
