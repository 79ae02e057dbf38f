package faults

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// soak is a load that goes on, and what is done meanwhile.
type soak struct {
	// duration is how long the load lasts, every how long it takes until the tasks are
	// replaced, and minute until the next line of the report.
	duration, every, minute time.Duration
	rate                    float64
	connections             int
}

// soakHosts is how many hosts are called in turn; every fourth has a base path.
const soakHosts = 100

// soakOf reads PORTICO_SOAK, such as 30m, as `make soak` sets it. Without it the test
// takes 20 s, with one replacement.
func soakOf(t *testing.T) soak {
	t.Helper()
	s := soak{duration: 20 * time.Second, every: 10 * time.Second, minute: 2 * time.Second, rate: 1000, connections: 32}
	if given := os.Getenv("PORTICO_SOAK"); given != "" {
		duration, err := time.ParseDuration(given)
		require.NoError(t, err, "PORTICO_SOAK is how long the load lasts, such as 30m")
		require.GreaterOrEqual(t, duration, 12*time.Minute, "PORTICO_SOAK: memory is compared between the beginning and the end of the load")
		s.duration, s.every, s.minute = duration, 5*time.Minute, time.Minute
	}
	return s
}

// soakContext is the proxy's context for the hosts.
func soakContext(t *testing.T) []byte {
	t.Helper()
	var b strings.Builder
	b.WriteString("APIS:\n")
	for i := range soakHosts {
		base := ""
		if i%4 == 3 {
			base = "/items"
		}
		fmt.Fprintf(&b, "- {CUSTOM_DOMAIN_URL: soak%d.corp.example.com%s, PRIVATE_API_URL: \"https://asoak%d.execute-api.us-east-1.amazonaws.com/prod\"}\n", i, base, i)
	}
	return []byte(b.String())
}

// vary gives each request a host, and a caller as an ALB names it.
func vary(number int64) (host, head string) {
	return fmt.Sprintf("soak%d.corp.example.com", number%soakHosts),
		fmt.Sprintf("X-Forwarded-For: 10.0.%d.%d\r\nX-Forwarded-Proto: https\r\nX-Amzn-Trace-Id: Root=1-67891233-%024x\r\n", number/256%256, number%256, number)
}

// task is a running task behind the balancer.
type task struct {
	name   string
	proxy  *nginxtest.Proxy
	target *target
}

// TestTheProxyLastsUnderLoad keeps a constant rate of requests up, while tasks are
// replaced in the order that ECS keeps. One task stays all the time: its workers'
// memory and descriptors don't grow. No request fails, none is repeated, and each has
// its line in the log.
func TestTheProxyLastsUnderLoad(t *testing.T) {
	if os.Getenv("PORTICO_SOAK") == "" {
		proxytest.RequireSlow(t)
	}
	s, n, a, b := soakOf(t), proxytest.Newest(t), newAuthority(t), newBalancer(t)
	context := proxytest.Render(t, "soak.yaml", soakContext(t))
	endpoints := []*endpoint{newEndpoint(t, "127.0.0.1:0", a.good(t)), newEndpoint(t, "127.0.0.1:0", a.good(t))}
	log := countLines(t)
	started := 0
	start := func() task {
		p := nginxtest.StartWriting(t, log.writer, context, environment(a, []string{n.Path(), "PORTICO_CLIENT_ADDRESS=forwarded"}, endpoints...))
		require.Equal(t, 200, p.Get(t, "10.0.0.1", "/healthz").Status)
		started++
		return task{name: fmt.Sprintf("task %d", started), proxy: p, target: b.register(p.Address)}
	}
	stop := func(old task) {
		b.deregister(old.target)
		require.NoError(t, old.proxy.Process().Signal(syscall.SIGQUIT))
		select {
		case <-old.proxy.Exited():
			require.Zero(t, old.proxy.ExitCode())
		case <-time.After(nginxtest.Patience):
			t.Fatalf("%s doesn't stop, though its requests have ended", old.name)
		}
	}

	stays, others := start(), []task{start(), start()}
	r := newSoakReport(t, s, n)
	r.look(0, stays)
	l := load.Start(load.Options{Address: b.address, Plain: true, Connections: s.connections, Rate: s.rate, PostEvery: 4, Vary: vary})
	began, replacements := time.Now(), 0
	pending := make(map[string]int)
	for at := time.Duration(0); at < s.duration; {
		<-time.After(time.Until(began.Add(at + s.minute)))
		// A minute more than one, where replacements took it.
		at = time.Since(began).Truncate(s.minute)
		if at >= s.duration {
			l.Stop()
		}
		report := l.Take()
		takeArrivals(pending, endpoints...)
		requirePostsOnce(t, report, pending)
		for _, a := range report.Answers {
			delete(pending, a.ID)
		}
		r.add(at, report, append([]task{stays}, others...))
		// None at the end, so that what a replacement brings about is seen.
		if due := at / s.every; at < s.duration && replacements < len(others)*int(due) {
			for j, old := range others {
				others[j] = start()
				stop(old)
			}
			replacements += len(others)
		}
	}
	for _, old := range append(others, stays) {
		stop(old)
	}
	takeArrivals(pending, endpoints...)
	require.Empty(t, pending, "requests that arrived again after they were answered")
	r.end(replacements, log.lines(t))
}

// takeArrivals adds how often each request has arrived since this was last taken. One
// that is under way is answered later.
func takeArrivals(pending map[string]int, endpoints ...*endpoint) {
	for _, e := range endpoints {
		e.mu.Lock()
		for id, n := range e.arrivals {
			pending[id] += n
		}
		e.arrivals = make(map[string]int)
		e.mu.Unlock()
	}
}
