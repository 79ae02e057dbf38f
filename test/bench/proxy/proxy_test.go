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
	hosts          []int
	connections    []int
	answers        []string
	// referenceHosts is the largest workload that the reference is started with:
	// ten thousand server blocks take 20 s of a processor and 600 MB.
	referenceHosts int
	// record is set where the figures are recorded and the targets have to be reached.
	record bool
}

// plans are chosen by PORTICO_BENCH.
var plans = map[string]plan{
	// A minute, for seeing that it still runs.
	"quick": {name: "quick", rounds: 1, warmup: time.Second, window: time.Second,
		hosts: []int{1, 10_000}, connections: []int{32}, answers: []string{"small", "large"}, referenceHosts: 1},
	// What was promised, in four minutes.
	"targets": {name: "targets", rounds: 9, warmup: time.Second / 2, window: 2 * time.Second,
		hosts: []int{1, 10_000}, connections: []int{32}, answers: []string{"small"}, referenceHosts: 10_000, record: true},
	// Ten minutes.
	"": {name: "default", rounds: 5, warmup: time.Second / 2, window: time.Second,
		hosts: []int{1, 10_000}, connections: []int{1, 32, 256}, answers: []string{"small", "large"}, referenceHosts: 10_000, record: true},
	// An hour.
	"full": {name: "full", rounds: 7, warmup: time.Second, window: 9 * time.Second,
		hosts: []int{1, 10_000}, connections: []int{1, 32, 256}, answers: []string{"small", "large"}, referenceHosts: 10_000, record: true},
}

func TestProxyBesideTheAlternatives(t *testing.T) {
	p, known := plans[os.Getenv("PORTICO_BENCH")]
	require.True(t, known, "PORTICO_BENCH is %q: set it to quick, targets or full, or not at all", os.Getenv("PORTICO_BENCH"))
	for _, name := range []string{"nginx", "openssl", "haproxy", "wrk"} {
		_, err := exec.LookPath(name)
		require.NoError(t, err, "install the package of that name")
	}

	f := figures{Plan: p.name, Machine: inspect(t), Started: time.Now().UTC(), Starts: make(map[string]startFigure)}
	u := startUpstream(t)
	servers := make(map[int][]server)
	loads := make([]load, 0, len(p.hosts)*len(p.connections)*len(p.answers))
	for _, hosts := range p.hosts {
		e := newWorkload(t, hosts)
		servers[hosts] = startAll(t, e, u, hosts <= p.referenceHosts)
		for _, s := range servers[hosts] {
			if s.reading > 0 {
				largest, _ := memory(t, s.pid)
				f.Starts[fmt.Sprintf("%s, %d hosts", s.side, hosts)] = startFigure{Seconds: s.reading.Seconds(), MB: largest}
			}
		}
		for _, answer := range p.answers {
			for _, connections := range p.connections {
				loads = append(loads, newLoad(t, t.TempDir(), e, cell{Hosts: hosts, Answer: answer, Connections: connections}))
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

func startAll(t *testing.T, e workload, u upstream, withReference bool) []server {
	t.Helper()
	servers := []server{startPortico(t, e, u), startHAProxy(t, e, u), u.server}
	if withReference {
		servers = append(servers, startReference(t, e, u))
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
