package requests

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// sampledLine is the part of a line that says how many requests it stands for.
type sampledLine struct {
	Status  int
	Seconds float64
	Weight  float64
	Sampled int
}

// ask sends requests for targets of a host over a few connections, and closes them, since
// NGINX writes a line when it is done with the connection's request.
func ask(t *testing.T, p *nginxtest.Proxy, host string, targets []string) {
	t.Helper()
	var clients sync.WaitGroup
	const connections = 8
	for c := range connections {
		conn := nginxtest.NewConn(t, p)
		clients.Go(func() {
			for i := c; i < len(targets); i += connections {
				conn.Send(t, nginxtest.RequestText("GET", host, targets[i]))
			}
			conn.Close()
		})
	}
	clients.Wait()
}

// TestASampledLogStandsForAllRequests sends requests of each kind to a proxy that logs 10 %
// of the fast ones. The number of requests by the lines' weights is the true one but for
// eight standard deviations, which no run exceeds (1 in 10^15). What failed or was slow has
// a line each.
func TestASampledLogStandsForAllRequests(t *testing.T) {
	const (
		fine, errors, slow = 4000, 60, 24
		weight             = 10.0
		// A line is kept with p = 0.1: the standard deviation of the lines is
		// sqrt(4000 * 0.1 * 0.9) = 19, and 8 of them are 152.
		margin = 152
	)
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: func(r nginxtest.Request) []byte {
			switch {
			case strings.HasSuffix(r.Target(), "/slow"):
				time.Sleep(1100 * time.Millisecond)
			case strings.HasSuffix(r.Target(), "/503"):
				return nginxtest.Answer(503, "{}")
			case strings.HasSuffix(r.Target(), "/304"):
				return nginxtest.Answer(304, "")
			}
			return nginxtest.OK("{}")
		}})
		p := n.Start(t, proxytest.Render(t, "log.yaml", []byte(loggedRows)), append(nginxtest.Environment(u), "PORTICO_LOG_SAMPLE=10")...)
		var targets []string
		for i := range fine {
			targets = append(targets, []string{"/v1/x", "/v1/304"}[i%2])
		}
		for range errors {
			targets = append(targets, "/v1/503", "/unknown")
		}
		ask(t, p, "api.corp.example.com", targets)
		var sleeping []string
		for range slow {
			sleeping = append(sleeping, "/v1/slow")
		}
		ask(t, p, "api.corp.example.com", sleeping)

		lines := map[string][]sampledLine{}
		kept := func() int {
			clear(lines)
			for line := range strings.Lines(p.Stdout()) {
				var l sampledLine
				if json.Unmarshal([]byte(line), &l) != nil {
					return -1 // its end is still to come
				}
				kind := fmt.Sprint(l.Status)
				if l.Status < 400 && l.Seconds >= 1 {
					kind = "slow"
				}
				lines[kind] = append(lines[kind], l)
			}
			return len(lines["503"]) + len(lines["404"])
		}
		require.Eventually(t, func() bool { return kept() == 2*errors && len(lines["slow"]) >= slow }, nginxtest.Patience, 50*time.Millisecond, "each error and each slow answer")

		var requests, good float64
		drawn := 0
		for kind, all := range lines {
			for _, l := range all {
				requests += l.Weight
				if kind != "200" && kind != "304" {
					require.Equal(t, 1.0, l.Weight, kind)
					drawn += l.Sampled
					continue
				}
				require.Equal(t, sampledLine{Status: l.Status, Seconds: l.Seconds, Weight: weight, Sampled: 1}, l)
				good++
			}
		}
		// On a busy machine a fast answer may be slow.
		fast := float64(fine - (len(lines["slow"]) - slow))
		t.Logf("%g lines of %d fast answers; the lines' weights are %g requests of %d", good, int(fast), requests, fine+2*errors+slow)
		require.InDelta(t, fast/weight, good, margin)
		require.InDelta(t, fine+2*errors+slow, requests, weight*margin)
		require.Less(t, drawn, errors, "errors are drawn as all other requests are")
	})
}
