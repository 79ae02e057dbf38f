package timeouts

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// Idle timeouts of NGINX's neighbours.
const (
	// loadBalancerIdle is an NLB's TLS listener's, which is fixed; an ALB's
	// follows the longest TIMEOUT and is shorter.
	loadBalancerIdle = 350 * time.Second
	// endpointIdle is API Gateway's, the shorter one behind the endpoint.
	endpointIdle = 310 * time.Second
)

const row = `
APIS:
  - {CUSTOM_DOMAIN_URL: api.example.com, PRIVATE_API_URL: "https://root.execute-api.us-east-1.amazonaws.com/dev"}
`

// A load balancer sends requests on connections that it has kept, up to its
// idle timeout. If NGINX closes one a moment earlier, the request is lost.
func TestNoRequestOfTheLoadBalancerIsLostWhenNGINXClosesIdleConnections(t *testing.T) {
	// A second of the test is 50 s.
	const scale = 50
	tests := map[string]struct {
		// instead of the rendered keepalive_timeout; 0: as rendered.
		instead time.Duration
		lost    bool
	}{
		"as rendered": {},
		"with NGINX's default, as a load balancer that waits longer would find it": {instead: 75 * time.Second, lost: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
				t.Parallel()
				c := proxytest.Render(t, "row.yaml", []byte(row))
				scaleKeepalive(t, c, "nginx.conf", scale, test.instead)
				u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
				p := n.Start(t, c, nginxtest.Environment(u)...)
				b := balancer{t: t, target: relay(t, p.Address), idle: loadBalancerIdle / scale}
				lost := b.countLost()
				if !test.lost {
					require.Zero(t, lost, "requests were lost on connections that NGINX had closed")
					return
				}
				// On a busy machine none may fall into the moment of the close.
				for tries := 1; lost == 0 && tries < 5; tries++ {
					lost = b.countLost()
				}
				require.Positive(t, lost, "the test would not see a request lost")
			})
		})
	}
}

// NGINX in turn sends requests on connections to the endpoint that it has kept.
func TestNoRequestOfNGINXIsLostWhenTheEndpointClosesIdleConnections(t *testing.T) {
	// A second of the test is 620 s.
	const scale = 620
	tests := map[string]struct {
		instead time.Duration
		lost    bool
	}{
		"as rendered":                    {},
		"above the endpoint's own limit": {instead: 2 * endpointIdle, lost: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
				t.Parallel()
				c := proxytest.Render(t, "row.yaml", []byte(row))
				scaleKeepalive(t, c, "entrypoint.sh", scale, test.instead)
				u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{IdleTimeout: endpointIdle / scale})
				p := n.Start(t, c, append(nginxtest.Environment(u), "PORTICO_UPSTREAMS="+relay(t, u.Address))...)
				client := nginxtest.NewConn(t, p)
				lost := 0
				// What is sent within two latencies before the endpoint closes is
				// lost, if NGINX still has the connection; two pauses end there.
				idle := endpointIdle / scale
				for _, pause := range []time.Duration{0, idle - 2*latency + latency/2, idle - latency/2, idle + 2*latency} {
					for range 3 {
						<-time.After(pause)
						if client.Send(t, postText).Status == http.StatusBadGateway {
							lost++
						}
					}
				}
				require.Less(t, len(u.Handshakes()), len(u.Requests()), "no connection was used twice")
				if test.lost {
					require.Positive(t, lost, "the test would not see a request lost")
				} else {
					require.Zero(t, lost, "requests were lost on connections that the endpoint had closed")
				}
			})
		})
	}
}

// postText is a request that no proxy may send again on its own.
const postText = "POST /a HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 0\r\n\r\n"

var keepaliveTimeout = regexp.MustCompile(`keepalive_timeout (\d+)s;`)

// scaleKeepalive makes keepalive_timeout in one of the context's files shorter
// by the factor, or another one.
func scaleKeepalive(t *testing.T, c *nginxconf.Context, file string, factor time.Duration, instead time.Duration) {
	t.Helper()
	for i := range c.Files {
		if c.Files[i].Name != file {
			continue
		}
		match := keepaliveTimeout.FindSubmatch(c.Files[i].Data)
		require.NotNil(t, match, "%s sets keepalive_timeout in seconds", file)
		seconds, err := strconv.Atoi(string(match[1]))
		require.NoError(t, err)
		value := time.Duration(seconds) * time.Second
		if instead != 0 {
			value = instead
		}
		c.Files[i].Data = keepaliveTimeout.ReplaceAll(c.Files[i].Data, fmt.Appendf(nil, "keepalive_timeout %dms;", (value/factor).Milliseconds()))
		return
	}
	t.Fatalf("the context has no %s", file)
}

// balancer sends requests as a load balancer does: on a connection that it has
// kept unless that has been idle for too long or was closed, so far as the
// balancer knows.
type balancer struct {
	t      *testing.T
	target string
	idle   time.Duration
}

// countLost keeps connections idle for every time up to the idle timeout, uses
// each of them once more, and counts the requests that get no answer: what a
// load balancer's client sees as 502.
func (b balancer) countLost() int {
	b.t.Helper()
	var mu sync.Mutex
	var working sync.WaitGroup
	lost, reused := 0, 0
	for pause := 4 * latency; pause < b.idle; pause += latency * 3 / 4 {
		working.Go(func() {
			ok, kept := b.sendTwice(pause)
			mu.Lock()
			defer mu.Unlock()
			if !ok {
				lost++
			}
			if kept {
				reused++
			}
		})
	}
	working.Wait()
	require.Positive(b.t, reused, "no connection was used twice")
	return lost
}

// sendTwice sends two requests with a pause between them and reports whether the
// second one was answered, and whether it went where the first one had.
func (b balancer) sendTwice(pause time.Duration) (ok, kept bool) {
	conn, err := tls.Dial("tcp", b.target, &tls.Config{InsecureSkipVerify: true}) // load balancers don't verify targets
	if err != nil {
		b.t.Error(err)
		return true, false
	}
	defer conn.Close()
	answers := make(chan error)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		reader := bufio.NewReader(conn)
		for {
			err := readAnswer(reader)
			select {
			case answers <- err:
			case <-ended:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	// The pause counts from the request, so that a busy machine's delays in
	// reading the answer are no part of it.
	since := time.Now()
	if _, err := io.WriteString(conn, postText); err != nil {
		b.t.Error(err)
		return true, false
	}
	if err := <-answers; err != nil {
		b.t.Error(err)
		return true, false
	}
	select {
	case <-answers:
		return true, false // closed while it was idle: the next request goes elsewhere
	case <-time.After(time.Until(since.Add(pause))):
	}
	if time.Since(since) >= b.idle {
		return true, false // idle for too long: the same
	}
	if _, err := io.WriteString(conn, postText); err != nil {
		return false, true
	}
	return <-answers == nil, true
}

func readAnswer(r *bufio.Reader) error {
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered with %s", response.Status)
	}
	return nil
}
