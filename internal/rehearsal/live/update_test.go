package live_test

import (
	"context"
	"net/http"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

func update(t *testing.T, path *live.Path, e live.Environment) {
	t.Helper()
	require.NoError(t, path.Update(context.Background(), e))
}

// TestAPathFollowsItsEnvironment moves a host from the load balancer to a PRIVATE
// domain and then takes the load balancer and its endpoint away, while one
// connection to the load balancer stays open.
func TestAPathFollowsItsEnvironment(t *testing.T) {
	e := domainEnvironment()
	path := start(t, e)
	existing, err := connect(t, path, regionalHost)
	require.NoError(t, err)
	_, _, got := get(t, path, regionalHost, "/orders/1")
	require.Equal(t, "vpce-alb", got.SourceVPCE)

	moved := domainEnvironment()
	private := moved.Domains[1]
	private.Name, private.ARN = regionalHost, "arn:aws:execute-api:us-east-1:222222222222:/domainnames/"+regionalHost+"+a1b2c3"
	private.Certificate = live.Certificate{ARN: "arn:aws:acm:3", Names: []string{regionalHost}}
	moved.Domains = append(moved.Domains, private)
	moved.Zones[0].Records[0].AliasTarget = "vpce-native.aws"
	update(t, path, moved)
	_, _, got = get(t, path, regionalHost, "/orders/1")
	require.Equal(t, "vpce-native", got.SourceVPCE)
	code, body := exchange(t, existing, "GET /a HTTP/1.1\r\nHost: "+regionalHost+"\r\n\r\n")
	require.Equal(t, http.StatusOK, code, "the load balancer that the name left still answers: %s", body)

	left := moved
	left.LoadBalancers, left.Endpoints, left.Domains = nil, moved.Endpoints[1:], moved.Domains[1:]
	update(t, path, left)
	_, _, got = get(t, path, regionalHost, "/orders/1")
	require.Equal(t, "vpce-native", got.SourceVPCE)
	require.Empty(t, path.Health())
	for _, gone := range []string{"10.0.0.5:443", "10.0.0.17:443"} {
		_, err := path.Network().Dial(context.Background(), client, netip.MustParseAddrPort(gone))
		require.ErrorContains(t, err, "nothing answers there")
	}
}

// TestAPathReplacesTasks gives a service's tasks another environment, as a
// deployment does, and then removes them.
func TestAPathReplacesTasks(t *testing.T) {
	e := environment(t, "HTTPS")
	path := start(t, e)
	requireHealthy(t, path)
	replaced := environment(t, "HTTPS")
	var targets []netip.AddrPort
	for i, address := range []string{"10.0.0.21", "10.0.1.21"} {
		replaced.Tasks[i].Interface = face("new task", address, "sg-task")
		targets = append(targets, netip.AddrPortFrom(netip.MustParseAddr(address), 8443))
	}
	replaced.LoadBalancers[0].Listeners[0].TargetGroup.Targets = targets
	update(t, path, replaced)
	requireHealthy(t, path)
	code, _, got := get(t, path, "api.private.example.com", "/a")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, []string{"10.0.0.21", "10.0.1.21"}, got.SourceIP)
	require.Len(t, path.Health(), 2)

	replaced.Tasks, replaced.LoadBalancers[0].Listeners[0].TargetGroup.Targets = nil, nil
	update(t, path, replaced)
	code, _, _ = get(t, path, "api.private.example.com", "/a")
	require.Equal(t, http.StatusServiceUnavailable, code)
}

// TestClientsAlwaysFindWhatTheyTrust: curl reads the file anew for each request, also
// while the path changes.
func TestClientsAlwaysFindWhatTheyTrust(t *testing.T) {
	e := domainEnvironment()
	path := start(t, e)
	want, err := os.ReadFile(path.CAFile())
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			if err := path.Update(context.Background(), e); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		got, err := os.ReadFile(path.CAFile())
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}
