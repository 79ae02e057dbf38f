package live_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// heard is what a path tells of its log and its load balancers.
type heard struct {
	mu       sync.Mutex
	lines    []string
	passages []live.Passage
}

func (h *heard) counts() (lines, passages int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.lines), len(h.passages)
}

func listen(t *testing.T, e live.Environment) (*live.Path, *heard) {
	t.Helper()
	h := &heard{}
	path, err := live.Start(t.Context(), e, live.Options{
		Dir:    t.TempDir(),
		Logged: func(_ live.Task, line string) { h.mu.Lock(); defer h.mu.Unlock(); h.lines = append(h.lines, line) },
		Passed: func(p live.Passage) { h.mu.Lock(); defer h.mu.Unlock(); h.passages = append(h.passages, p) },
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, path.Close(ctx))
	})
	return path, h
}

const plainRequest = "GET /x HTTP/1.1\r\nHost: api.private.example.com\r\n\r\n"

// TestALoadBalancersRequestsAndTheLogsLinesAreHeard: through an ALB each request is
// passed, through an NLB each connection.
func TestALoadBalancersRequestsAndTheLogsLinesAreHeard(t *testing.T) {
	for protocol, passages := range map[string]int{"HTTPS": 3, "TLS": 1} {
		path, h := listen(t, environment(t, protocol))
		conn, err := connect(t, path, "api.private.example.com")
		require.NoError(t, err)
		for range 3 {
			code, _ := exchange(t, conn, plainRequest)
			require.Equal(t, http.StatusOK, code)
		}
		require.Eventually(t, func() bool { lines, passed := h.counts(); return lines == 3 && passed == passages }, 10*time.Second, 20*time.Millisecond, protocol)
		for _, line := range h.lines {
			require.True(t, strings.HasPrefix(line, `{"time":`) && strings.HasSuffix(line, "}"), line)
		}
		require.Equal(t, live.Passage{LoadBalancer: "portico", TargetGroup: "portico"}, h.passages[0])
	}
}

// TestALostLogCostsNothing: its lines do not arrive, and requests are answered.
func TestALostLogCostsNothing(t *testing.T) {
	e := environment(t, "HTTPS")
	for i := range e.Tasks {
		e.Tasks[i].Output = live.OutputLost
	}
	path, h := listen(t, e)
	conn, err := connect(t, path, "api.private.example.com")
	require.NoError(t, err)
	for range 3 {
		code, _ := exchange(t, conn, plainRequest)
		require.Equal(t, http.StatusOK, code)
	}
	require.Eventually(t, func() bool { return strings.Count(path.TaskLog(), `"status":200`) == 3 }, 10*time.Second, 20*time.Millisecond)
	lines, _ := h.counts()
	require.Zero(t, lines)
}

// TestATaskWhoseOutputIsNotReadStopsAnswering once its pipe is full: NGINX waits until it
// can write. Its health checks fail then, and it still ends when it is stopped.
func TestATaskWhoseOutputIsNotReadStopsAnswering(t *testing.T) {
	e := environment(t, "HTTPS")
	for i := range e.Tasks {
		e.Tasks[i].Output = live.OutputUnread
	}
	path, _ := listen(t, e)
	requireHealthy(t, path)
	unhealthy := func() bool {
		for range 10 {
			conn, err := connect(t, path, "api.private.example.com")
			if err == nil {
				fmt.Fprint(conn, plainRequest)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		path.CheckHealth(ctx)
		for _, health := range path.Health() {
			if health.Reason == nil {
				return false
			}
		}
		return true
	}
	for range 30 {
		if unhealthy() {
			return
		}
	}
	t.Fatal("all targets are healthy after 300 requests whose lines nothing reads")
}

// TestASlowEndpointAnswersLate waits before it answers.
func TestASlowEndpointAnswersLate(t *testing.T) {
	e := environment(t, "HTTPS")
	e.Endpoints[0].Delay = 300 * time.Millisecond
	path, _ := listen(t, e)
	conn, err := connect(t, path, "api.private.example.com")
	require.NoError(t, err)
	began := time.Now()
	code, _ := exchange(t, conn, plainRequest)
	require.Equal(t, http.StatusOK, code)
	require.GreaterOrEqual(t, time.Since(began), e.Endpoints[0].Delay)
}
