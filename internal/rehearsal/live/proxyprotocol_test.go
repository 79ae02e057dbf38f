package live_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// byProxyProtocol is the fixture behind a Network Load Balancer whose target group
// speaks proxy protocol to port 8444.
func byProxyProtocol(t *testing.T) (live.Environment, *live.TargetGroup) {
	e := environment(t, "TLS")
	for i := range e.Tasks {
		e.Tasks[i].Ports = []uint16{8443, 8444}
		e.Tasks[i].Environment["PORTICO_CLIENT_ADDRESS"] = "proxy-protocol"
	}
	group := &e.LoadBalancers[0].Listeners[0].TargetGroup
	group.ProxyProtocol = true
	group.Targets = []netip.AddrPort{netip.MustParseAddrPort("10.0.0.20:8444"), netip.MustParseAddrPort("10.0.1.20:8444")}
	open := openHops()
	open["sg-lb>sg-task:8444"] = true
	e.Reach = open.reach
	return e, group
}

func TestAProxyProtocolTargetGroupTellsTasksWhoTheClientIs(t *testing.T) {
	e, _ := byProxyProtocol(t)
	path := start(t, e)
	requireHealthy(t, path)
	for _, address := range []string{"10.0.0.201", "10.0.0.202"} {
		conn, err := connectFrom(t, path, face("client "+address, address, "sg-client"), "api.private.example.com")
		require.NoError(t, err)
		code, body := exchange(t, conn, "GET / HTTP/1.1\r\nHost: api.private.example.com\r\n\r\n")
		require.Equal(t, http.StatusOK, code, string(body))
		var arrival live.Arrival
		require.NoError(t, json.Unmarshal(body, &arrival))
		require.Equal(t, []string{address}, arrival.Headers["X-Client"])
	}
}

// Network Load Balancers send their header to a health check's own port as well.
func TestProxyProtocolAndThePortsOfATask(t *testing.T) {
	for sentence, test := range map[string]struct {
		change func(group *live.TargetGroup)
		works  bool
	}{
		"the port that speaks it":                        {func(*live.TargetGroup) {}, true},
		"the port that speaks it, checked by its number": {func(g *live.TargetGroup) { g.HealthCheck.Port = 8444 }, true},
		"checked at the other port":                      {func(g *live.TargetGroup) { g.HealthCheck.Port = 8443 }, false},
		"not spoken to the port that wants it":           {func(g *live.TargetGroup) { g.ProxyProtocol = false }, false},
		"spoken to the other port": {func(g *live.TargetGroup) {
			g.Targets = []netip.AddrPort{netip.MustParseAddrPort("10.0.0.20:8443")}
		}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			e, group := byProxyProtocol(t)
			test.change(group)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			if !test.works {
				ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
			}
			defer cancel()
			path, err := live.Start(ctx, e, live.Options{Dir: t.TempDir()})
			require.NoError(t, err)
			defer func() { require.NoError(t, path.Close(context.Background())) }()
			require.NotEmpty(t, path.Health())
			for _, health := range path.Health() {
				require.Equal(t, test.works, health.Reason == nil, "%v", health.Reason)
			}
		})
	}
}
