package faults

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// TestADeploymentCostsNoRequest replaces both tasks, one after the other, again
// and again, in the order that ECS keeps: start, register, deregister, wait,
// stop by the image's signal.
func TestADeploymentCostsNoRequest(t *testing.T) {
	requests, replacements := int64(5_000), 2
	if os.Getenv("PORTICO_SLOW") != "" {
		requests, replacements = 100_000, 10
	}
	a := newAuthority(t)
	first, second := newEndpoint(t, "127.0.0.1:0", a.good(t)), newEndpoint(t, "127.0.0.1:0", a.good(t))
	context, n := contextOf(t, 30*time.Second), proxytest.Newest(t)
	b := newBalancer(t)
	type task struct {
		proxy  *nginxtest.Proxy
		target *target
	}
	start := func() task {
		p := n.Start(t, context, environment(a, nil, first, second)...)
		require.Equal(t, 200, p.Get(t, "10.0.0.1", "/healthz").Status)
		return task{proxy: p, target: b.register(p.Address)}
	}
	tasks := []task{start(), start()}
	l := load.Start(load.Options{Address: b.address, Plain: true, Host: host, Connections: 16, PostEvery: 4})
	began := time.Now()
	replaced := 0
	for ; replaced < replacements || l.Done() < requests; replaced++ {
		require.Less(t, time.Since(began), 10*time.Minute, "the load takes too long: %d requests", l.Done())
		done := l.Done()
		tasks = append(tasks, start())
		old := tasks[0]
		tasks = tasks[1:]
		b.deregister(old.target)
		require.NoError(t, old.proxy.Process().Signal(syscall.SIGQUIT))
		select {
		case <-old.proxy.Exited():
			require.Zero(t, old.proxy.ExitCode())
		case <-time.After(nginxtest.Patience):
			t.Fatal("a task whose requests have ended doesn't stop")
		}
		require.Eventually(t, func() bool { return l.Done() > done+requests/50 }, 3*nginxtest.Patience, 5*time.Millisecond)
	}
	report := l.Stop()
	t.Logf("%d tasks replaced in %v; %v", replaced, time.Since(began).Round(time.Millisecond), report)
	require.Empty(t, report.Failed())
	require.GreaterOrEqual(t, int64(len(report.Answers)), requests)
	requireNoPostTwice(t, report, first, second)
}
