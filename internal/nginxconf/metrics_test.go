package nginxconf_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/filterpattern"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/mapping"
)

// countersOf are the metrics that count each line of a proxy's log, but for those that
// count every line, by the line's host and status. NGINX writes a line when it is done
// with the request's connection, so that lines have an order of their own.
func countersOf(t *testing.T, p *nginxtest.Proxy, lines int) map[string][]string {
	t.Helper()
	patterns := map[string]*filterpattern.Pattern{}
	for _, metric := range nginxconf.Metrics(false) {
		pattern, err := filterpattern.Parse(metric.Pattern)
		require.NoError(t, err)
		patterns[metric.Name] = pattern
	}
	var written []string
	require.Eventually(t, func() bool {
		written = strings.FieldsFunc(p.Stdout(), func(r rune) bool { return r == '\n' })
		return len(written) == lines
	}, nginxtest.Patience, 10*time.Millisecond, "%d lines", lines)
	counted := map[string][]string{}
	for _, line := range written {
		event := filterpattern.Event(line)
		require.NotNil(t, event, line)
		about := fmt.Sprint(event["host"], " ", event["status"])
		counted[about] = nil
		for name, pattern := range patterns {
			switch name {
			case nginxconf.MetricRequests, nginxconf.MetricLatency:
				require.True(t, pattern.Matches(event), "%s: %s", name, line)
			default:
				if pattern.Matches(event) {
					counted[about] = append(counted[about], name)
				}
			}
		}
		seconds, err := filterpattern.ParseSelector("$.seconds")
		require.NoError(t, err)
		_, isNumber := seconds.Number(event)
		require.True(t, isNumber, line)
	}
	return counted
}

// TestMetricsTellTheProxysErrorsFromTheAPIs sends a request of each kind, one after
// another, and has the filters count the lines that NGINX writes.
func TestMetricsTellTheProxysErrorsFromTheAPIs(t *testing.T) {
	const id = "x-amzn-RequestId: 0f9e2b1c-7c1a-4a53-9d3f-1a2b3c4d5e6f"
	short := route("slow.example.com", "", "aaa", "")
	short.Timeout = time.Second
	slow := make(chan struct{})
	nginxtest.Require(t)
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: func(r nginxtest.Request) []byte {
		_, kind, _ := strings.Cut(r.Target(), "/dev/")
		switch kind {
		case "slow":
			<-slow
			return nil
		case "404":
			return nginxtest.Answer(404, "{}", id)
		case "503":
			return nginxtest.Answer(503, "{}", id)
		case "malformed":
			return []byte("HTTP/1.1 200 OK\r\nno field\r\n\r\n")
		default:
			return nginxtest.OK("{}", id)
		}
	}})
	p := nginxtest.Start(t, render(t, route("a.example.com", "", "aaa", "", mapping.Method("GET")), route("c.example.com", "", "aaa", ""), short), nginxtest.Environment(u))
	defer close(slow)
	requests := []struct {
		method, host, target string
		status               int
		counted              []string
	}{
		{"GET", "a.example.com", "/fine", 200, nil},
		{"GET", "a.example.com", "/404", 404, []string{nginxconf.MetricAPIClientErrors}},
		{"GET", "a.example.com", "/503", 503, []string{nginxconf.MetricAPIServerErrors}},
		{"GET", "b.example.com", "/", 404, []string{nginxconf.MetricProxyClientErrors}},
		{"PUT", "a.example.com", "/", 405, []string{nginxconf.MetricProxyClientErrors}},
		{"GET", "a.example.com", "/x/../y", 400, []string{nginxconf.MetricProxyClientErrors}},
		{"GET", "c.example.com", "/malformed", 502, []string{nginxconf.MetricProxyServerErrors}},
		{"GET", "slow.example.com", "/slow", 504, []string{nginxconf.MetricProxyServerErrors}},
	}
	for _, r := range requests {
		require.Equal(t, r.status, p.Send(t, nginxtest.RequestText(r.method, r.host, r.target)).Status, "%s %s%s", r.method, r.host, r.target)
	}
	u.Close()
	require.Equal(t, 502, p.Get(t, "a.example.com", "/fine").Status, "an API that can't be reached")
	counted := countersOf(t, p, len(requests)+1)
	require.Equal(t, []string{nginxconf.MetricProxyServerErrors}, counted["a.example.com 502"])
	for _, r := range requests {
		about := fmt.Sprint(r.host, " ", r.status)
		require.Contains(t, counted, about)
		require.Equal(t, r.counted, counted[about], "%s %s%s", r.method, r.host, r.target)
	}
}

// TestMetricsOfStrictAPIs: an upstream of its own changes nothing about it.
func TestMetricsOfStrictAPIs(t *testing.T) {
	strict := route("a.example.com", "", "aaa", "")
	strict.Strict = true
	p, u := startAnswering(t, nil, strict)
	u.Close()
	require.Equal(t, 502, p.Get(t, "a.example.com", "/").Status)
	require.Equal(t, map[string][]string{"a.example.com 502": {nginxconf.MetricProxyServerErrors}}, countersOf(t, p, 1))
}
