package live_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

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

// deployedAnew is the environment with other tasks at other addresses.
func deployedAnew(t *testing.T, protocol string) live.Environment {
	e := environment(t, protocol)
	var targets []netip.AddrPort
	for i, address := range []string{"10.0.0.21", "10.0.1.21"} {
		e.Tasks[i].Interface = face("new task", address, "sg-task")
		targets = append(targets, netip.AddrPortFrom(netip.MustParseAddr(address), 8443))
	}
	e.LoadBalancers[0].Listeners[0].TargetGroup.Targets = targets
	return e
}

// TestAPathReplacesTasks gives a service's tasks another environment, as a
// deployment does, and then removes them.
func TestAPathReplacesTasks(t *testing.T) {
	e := environment(t, "HTTPS")
	path := start(t, e)
	requireHealthy(t, path)
	replaced := deployedAnew(t, "HTTPS")
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

// TestALoadBalancerSendsNothingToTargetsThatItNoLongerHas has clients send requests on
// connections from before a deployment: one that was never used, and one that was.
func TestALoadBalancerSendsNothingToTargetsThatItNoLongerHas(t *testing.T) {
	const host = "api.private.example.com"
	path := start(t, environment(t, "HTTPS"))
	used, err := connect(t, path, host)
	require.NoError(t, err)
	unused, err := connect(t, path, host)
	require.NoError(t, err)
	ask := func(conn *tls.Conn) (int, live.Arrival) {
		code, body := exchange(t, conn, "GET /a HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
		var got live.Arrival
		require.NoError(t, json.Unmarshal(body, &got), "%d: %s", code, body)
		return code, got
	}
	code, _ := ask(used)
	require.Equal(t, http.StatusOK, code)

	update(t, path, deployedAnew(t, "HTTPS"))
	for _, conn := range []*tls.Conn{unused, used} {
		code, got := ask(conn)
		require.Equal(t, http.StatusOK, code)
		require.Contains(t, []string{"10.0.0.21", "10.0.1.21"}, got.SourceIP)
	}
}

// TestANetworkLoadBalancerConnectsToTheTargetsThatItHas has a client that connected before
// a deployment end its TLS handshake after it.
func TestANetworkLoadBalancerConnectsToTheTargetsThatItHas(t *testing.T) {
	const host = "api.private.example.com"
	path := start(t, environment(t, "TLS"))
	conn, err := path.Network().Dial(context.Background(), client, netip.MustParseAddrPort("10.0.0.5:443"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	secure := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: path.Authority().Pool()})
	update(t, path, deployedAnew(t, "TLS"))
	require.NoError(t, secure.Handshake())
	code, body := exchange(t, secure, "GET /a HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	require.Equal(t, http.StatusOK, code, "%s", body)
	var got live.Arrival
	require.NoError(t, json.Unmarshal(body, &got))
	require.Contains(t, []string{"10.0.0.21", "10.0.1.21"}, got.SourceIP)
}

// TestATargetIsReachedUntilItsTaskIsStopped: a request for which a target was chosen
// arrives, though the target is deregistered before the connection to it is there.
func TestATargetIsReachedUntilItsTaskIsStopped(t *testing.T) {
	e := environment(t, "HTTPS")
	path := start(t, e)
	update(t, path, deployedAnew(t, "HTTPS"))
	dial := func() error {
		conn, err := path.Network().Dial(context.Background(), e.LoadBalancers[0].Interfaces[0], netip.MustParseAddrPort("10.0.0.20:8443"))
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	require.NoError(t, dial())
	require.Eventually(t, func() bool { return dial() != nil }, 20*time.Second, 20*time.Millisecond)
	require.ErrorContains(t, dial(), "nothing answers there")
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
