package faults

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
)

// idleAndSlow is callers who take connections and give the proxy little to do.
type idleAndSlow struct {
	cancel  context.CancelFunc
	present sync.WaitGroup

	mu      sync.Mutex
	refused int
}

// gather connects idle callers, who keep a connection after one request, and as
// many slow ones: in thirds slow with the header, with the body, in reading.
func gather(t testing.TB, address string, idle, slow int) *idleAndSlow {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &idleAndSlow{cancel: cancel}
	t.Cleanup(c.leave)
	callers := make(chan func(context.Context, net.Conn) error)
	var arrived sync.WaitGroup
	for range 8 {
		arrived.Go(func() {
			for call := range callers {
				conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
				if err != nil {
					c.mu.Lock()
					c.refused++
					c.mu.Unlock()
					continue
				}
				c.present.Go(func() {
					defer conn.Close()
					// A caller that is sent away has had what it is due.
					_ = call(ctx, conn)
					<-ctx.Done()
				})
			}
		})
	}
	ways := []func(context.Context, net.Conn) error{slowHeader, slowBody, slowReader}
	for n := range idle + slow {
		if n < idle {
			callers <- idleAfterOne
		} else {
			callers <- ways[n%len(ways)]
		}
	}
	close(callers)
	arrived.Wait()
	return c
}

// leave ends the callers.
func (c *idleAndSlow) leave() {
	c.cancel()
	c.present.Wait()
}

func idleAfterOne(_ context.Context, conn net.Conn) error {
	_, err := fmt.Fprintf(conn, "GET /items/idle HTTP/1.1\r\nHost: %s\r\n\r\n", host)
	return err
}

func slowHeader(ctx context.Context, conn net.Conn) error {
	if _, err := fmt.Fprintf(conn, "GET /items/slow HTTP/1.1\r\nHost: %s\r\nX-Slow: ", host); err != nil {
		return err
	}
	return drip(ctx, conn)
}

func slowBody(ctx context.Context, conn net.Conn) error {
	if _, err := fmt.Fprintf(conn, "POST /items/slow HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n", host); err != nil {
		return err
	}
	return drip(ctx, conn)
}

func drip(ctx context.Context, conn net.Conn) error {
	return eachSecond(ctx, func() error {
		_, err := io.WriteString(conn, "x")
		return err
	})
}

func slowReader(ctx context.Context, conn net.Conn) error {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", largePath, host); err != nil {
		return err
	}
	return eachSecond(ctx, func() error {
		_, err := conn.Read(make([]byte, 1024))
		return err
	})
}

func eachSecond(ctx context.Context, do func() error) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := do(); err != nil {
				return err
			}
		}
	}
}

// connectionMemory is what a connection may cost a worker: OpenSSL's state and
// NGINX's buffers.
const connectionMemory = 96 << 10

func TestIdleAndSlowCallersDoNotSlowOthers(t *testing.T) {
	idle, slow, windows, window := 600, 60, 3, time.Second
	if os.Getenv("PORTICO_SLOW") != "" {
		idle, slow, windows, window = 10_000, 500, 7, 3*time.Second
	}
	a := newAuthority(t)
	first, second := newEndpoint(t, "127.0.0.1:0", a.good(t)), newEndpoint(t, "127.0.0.1:0", a.good(t))
	p := proxyFor(t, a, 30*time.Second, first, second)
	before := slices.Max(p.Memory(t))
	l := load.Start(load.Options{Address: p.Address, Host: host, Connections: 8, Rate: 300, PostEvery: 4})
	require.Eventually(t, func() bool { return l.Done() > 100 }, nginxtest.Patience, 10*time.Millisecond)

	alone := p99(l, windows, window)
	others := gather(t, p.Address, idle, slow)
	among := p99(l, windows, window)
	memory := slices.Max(p.Memory(t))
	others.leave()
	again := p99(l, windows, window)
	report := l.Stop()

	own := max(alone, again)
	t.Logf("p99 with %d idle and %d slow callers: %v; without: %v before, %v after; largest process: %d KiB, was %d KiB; %v",
		idle, slow, among, alone, again, memory>>10, before>>10, report)
	require.Zero(t, others.refused)
	require.Empty(t, report.Failed())
	require.LessOrEqual(t, among, 2*own)
	require.LessOrEqual(t, memory-before, int64(idle+slow)*connectionMemory)
}

// p99 is the median of the windows' 99th percentiles: a machine that others use
// too spoils one window, seldom most.
func p99(l *load.Load, windows int, window time.Duration) time.Duration {
	var all []time.Duration
	for range windows {
		begin := time.Now()
		<-time.After(window)
		all = append(all, l.Report().Between(begin, time.Now()).Quantile(0.99))
	}
	slices.Sort(all)
	return all[windows/2]
}
