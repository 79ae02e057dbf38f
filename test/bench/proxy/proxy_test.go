//go:build bench

package proxy

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
)

// plan is how much is measured.
type plan struct {
	name           string
	rounds         int
	warmup, window time.Duration
	cells          []cell
	// largest is the most hosts that a side is started with; 0: it isn't.
	largest map[side]int
	// record is set where the figures are recorded and the targets have to be reached.
	record bool
}

// promised are the loads for which something was promised.
var promised = []cell{
	{1, "small", 32}, {100, "small", 32}, {1_000, "small", 32}, {10_000, "small", 32},
	{1, "small", 1}, {1, "small", 256}, {1, "large", 32},
}

// everywhere are all sides at the sizes that they start with in seconds.
var everywhere = map[side]int{portico: 10_000, haproxy: 10_000, plain: 10_000, reference: 100, caddy: 100, floor: 10_000}

// plans are chosen by PORTICO_BENCH.
var plans = map[string]plan{
	// A minute, for seeing that it still runs.
	"quick": {name: "quick", rounds: 1, warmup: time.Second / 2, window: time.Second / 2,
		cells: []cell{{1, "small", 32}, {100, "small", 32}, {10_000, "small", 32}, {1, "large", 32}}, largest: everywhere},
	// What was promised, in five minutes.
	"targets": {name: "targets", rounds: 7, warmup: time.Second / 2, window: time.Second,
		cells: promised, largest: map[side]int{portico: 10_000, haproxy: 10_000, plain: 10_000}, record: true},
	// Fifteen minutes.
	"": {name: "default", rounds: 7, warmup: time.Second / 2, window: time.Second,
		cells: append([]cell{{10_000, "large", 32}}, promised...), largest: everywhere, record: true},
	// An hour.
	"full": {name: "full", rounds: 7, warmup: time.Second, window: 9 * time.Second,
		cells:   append([]cell{{10_000, "small", 1}, {10_000, "small", 256}, {10_000, "large", 32}, {10_000, "large", 256}}, promised...),
		largest: map[side]int{portico: 10_000, haproxy: 10_000, plain: 10_000, reference: 10_000, caddy: 100, floor: 10_000}, record: true},
}

func TestProxyBesideTheAlternatives(t *testing.T) {
	p, known := plans[os.Getenv("PORTICO_BENCH")]
	require.True(t, known, "PORTICO_BENCH is %q: set it to quick, targets or full, or not at all", os.Getenv("PORTICO_BENCH"))
	f := figures{Plan: p.name, Machine: inspect(t), Started: time.Now().UTC(), Starts: make(map[string]startFigure)}
	u := startUpstream(t)
	servers := make(map[int][]server)
	var loads []load
	for _, c := range p.cells {
		e := newWorkload(t, c.Hosts)
		loads = append(loads, newLoad(t, t.TempDir(), e, c))
		if servers[c.Hosts] != nil {
			continue
		}
		servers[c.Hosts] = startAll(t, p, e, u)
		for _, s := range servers[c.Hosts] {
			if s.reading > 0 {
				largest, _ := memory(t, s.pid)
				f.Starts[fmt.Sprintf("%s, %d hosts", s.side, c.Hosts)] = startFigure{s.reading.Seconds(), s.readingCPU.Seconds(), largest}
			}
		}
	}
	for round := range p.rounds {
		for _, l := range loads {
			// Everybody comes first once: what the machine does besides changes
			// slowly.
			sides := servers[l.Hosts]
			for i := range sides {
				r := measure(t, sides[(i+round)%len(sides)], u, l, p.warmup, p.window)
				r.Round = round
				f.Runs = append(f.Runs, r)
			}
		}
		t.Logf("round %d of %d done, %v since the start", round+1, p.rounds, time.Since(f.Started).Round(time.Second))
	}
	f.summarize()
	t.Log("\n" + f.markdown())
	if !p.record {
		return
	}
	f.record(t)
	for _, target := range f.targets() {
		if !target.reached() {
			t.Errorf("%s", target)
		}
	}
}

// startAll starts the sides that the plan has at the workload's size.
func startAll(t *testing.T, p plan, e workload, u upstream) []server {
	t.Helper()
	starts := map[side]func(*testing.T, workload, upstream) server{
		portico: startPortico, haproxy: startHAProxy, plain: startPlain, reference: startReference, caddy: startCaddy,
		floor: func(*testing.T, workload, upstream) server { return u.server },
	}
	var servers []server
	for _, s := range sides {
		if e.hosts <= p.largest[s] {
			servers = append(servers, starts[s](t, e, u))
		}
	}
	return servers
}

// TestHAProxyDoesTheSameJob keeps the comparison fair: what arrives at the
// endpoint is the same through either proxy, and so is what is refused.
func TestHAProxyDoesTheSameJob(t *testing.T) {
	e := newWorkload(t, 8)
	endpoint := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: answerOf})
	u := upstream{addresses: []string{endpoint.Address}, authority: newAuthority(t, t.TempDir())}
	u.authority.file = endpoint.CAFile
	peers := []server{startPortico(t, e, u), startHAProxy(t, e, u)}
	behind := []server{startProxy(t, behindALB, e, u, "PORTICO_CLIENT_ADDRESS=forwarded"), startHAProxyFor(t, haproxyBehindALB, e, u, true)}

	compared := []string{"Location", "Content-Location", "Refresh", "Set-Cookie"}
	if leadsLinksBack(t) {
		compared = append(compared, "Link")
	}
	const host, withPaths = "api00000.team00.private.example.com", "api00003.team03.private.example.com"
	for _, c := range []struct{ name, request string }{
		{"a path", nginxtest.RequestText("GET", host, "/orders/1?state=open")},
		{"a base path", nginxtest.RequestText("GET", withPaths, "/v1/orders")},
		{"the base path alone", nginxtest.RequestText("GET", withPaths, "/v1")},
		{"a sibling of the base path", nginxtest.RequestText("GET", withPaths, "/v10/orders")},
		{"a spoofed API", nginxtest.RequestText("GET", host, "/", "x-apigw-api-id: other", "Referer: https://a.example.com/", "X-HTTP-Method-Override: DELETE")},
		{"headers that others set", nginxtest.RequestText("GET", host, "/", "Forwarded: for=1.2.3.4;host=evil.example.net", "X-Forwarded-Prefix: /evil",
			"X_Forwarded_Host: evil.example.net", "X-Amzn_Mtls-Clientcert-Subject: CN=admin", "X-Real-IP: 1.2.3.4", "X-Forwarded-User: me", "X_Own: kept")},
		{"an answer with addresses", nginxtest.RequestText("GET", host, "/redirect")},
		{"an answer with addresses below a base path", nginxtest.RequestText("GET", withPaths, "/v1/redirect")},
		{"a caller behind a load balancer", nginxtest.RequestText("GET", host, "/", "X-Forwarded-For: 10.0.3.17")},
		{"a body", nginxtest.RequestText("POST", host, "/orders", "Content-Length: 2") + "{}"},
		{"a verb that isn't allowed", nginxtest.RequestText("DELETE", host, "/orders")},
		{"an unknown host", nginxtest.RequestText("GET", "other.example.com", "/")},
		{"the load balancer's health check", nginxtest.RequestText("GET", "127.0.0.1", "/healthz")},
		{"a dot segment", nginxtest.RequestText("GET", host, "/a/%2e%2e/b")},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, proxies := range [][]server{peers, behind} {
				var answers []nginxtest.Response
				var arrived [][]string
				for _, s := range proxies {
					before := len(endpoint.Requests())
					proxy := &nginxtest.Proxy{Address: s.address}
					answers = append(answers, proxy.Send(t, c.request))
					arrived = append(arrived, arrivals(endpoint.Requests()[before:]))
				}
				require.Equal(t, answers[0].Status, answers[1].Status)
				require.Equal(t, arrived[0], arrived[1])
				for _, name := range compared {
					require.Equal(t, answers[0].Header.Values(name), answers[1].Header.Values(name), name)
				}
			}
		})
	}
}

// leadsLinksBack reports whether the NGINX that runs rewrites Link: from 1.23 on.
func leadsLinksBack(t *testing.T) bool {
	t.Helper()
	output, err := exec.Command("nginx", "-v").CombinedOutput()
	require.NoError(t, err, string(output))
	version := regexp.MustCompile(`nginx/1\.(\d+)`).FindSubmatch(output)
	require.NotNil(t, version, string(output))
	minor, err := strconv.Atoi(string(version[1]))
	require.NoError(t, err)
	return minor >= 23
}

// answerOf is an endpoint's answer, for some paths one with addresses of the API's.
func answerOf(r nginxtest.Request) []byte {
	lines := []string{"HTTP/1.1 200 OK", "Content-Length: 2"}
	if strings.Contains(r.Line, "/redirect ") {
		own := "https://" + nginxtest.EndpointName
		lines = append(lines, "Location: "+own+"/prod/items/", "Content-Location: /prod/items/1", "Refresh: 5; url="+own+"/prod/later",
			"Link: <"+own+`/prod/items?page=2>; rel="next"`, "Set-Cookie: sid=abc; Path=/prod; Secure", "Set-Cookie: other=1; Path=/admin")
	}
	return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n{}")
}

// arrivals are request lines, headers and bodies, headers sorted and their names
// in lower case, as HAProxy writes them.
func arrivals(requests []nginxtest.Request) []string {
	var lines []string
	for _, r := range requests {
		var head []string
		for _, h := range r.Head {
			name, value, _ := strings.Cut(h, ":")
			head = append(head, strings.ToLower(name)+":"+value)
		}
		slices.Sort(head)
		lines = append(append(append(lines, r.Line), head...), string(r.Body))
	}
	return lines
}
