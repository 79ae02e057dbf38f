package faults

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// balancer is a load balancer as an ALB is one: it keeps connections to its
// targets until they have been idle for idleTimeout, sends a deregistered target no new requests but lets those under way
// end, and never repeats a request. Callers speak plain HTTP to it.
type balancer struct {
	address string

	mu      sync.Mutex
	targets []*target
	next    int
}

// idleTimeout is an ALB's default. A target that keeps idle connections for longer
// never closes one on which a request is on its way.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
const idleTimeout = time.Minute

// target is a task behind the balancer.
type target struct {
	address string

	mu       sync.Mutex
	idle     []*targetConn
	closed   bool
	underWay sync.WaitGroup
}

type targetConn struct {
	net.Conn
	reader *bufio.Reader
	// since is when the connection became idle.
	since time.Time
}

func newBalancer(t testing.TB) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &balancer{address: listener.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { b.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return b
}

// register adds a target that has answered its health check.
func (b *balancer) register(address string) *target {
	target := &target{address: address}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.targets = append(b.targets, target)
	return target
}

// deregister takes the target out, waits until its requests have ended, and
// closes its connections.
func (b *balancer) deregister(out *target) {
	b.mu.Lock()
	b.targets = slices.DeleteFunc(b.targets, func(t *target) bool { return t == out })
	b.mu.Unlock()
	out.underWay.Wait()
	out.mu.Lock()
	defer out.mu.Unlock()
	out.closed = true
	for _, conn := range out.idle {
		conn.Close()
	}
}

// choose takes the targets in turn and counts the request as under way.
func (b *balancer) choose() *target {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.targets) == 0 {
		return nil
	}
	b.next++
	chosen := b.targets[b.next%len(b.targets)]
	chosen.underWay.Add(1)
	return chosen
}

// errBrokenOff says that the caller has gone, or that the answer broke off behind its
// head: its connection can't carry another.
var errBrokenOff = errors.New("the answer broke off")

// serve answers a caller's requests until the caller leaves.
func (b *balancer) serve(caller net.Conn) {
	defer caller.Close()
	reader := bufio.NewReader(caller)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if err := b.forward(caller, request); errors.Is(err, errBrokenOff) {
			return
		} else if err != nil {
			fmt.Fprintf(caller, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		}
	}
}

func (b *balancer) forward(caller io.Writer, request *http.Request) error {
	target := b.choose()
	if target == nil {
		return fmt.Errorf("forward request: no target is registered")
	}
	defer target.underWay.Done()
	conn, err := target.take()
	if err != nil {
		return err
	}
	if err := request.Write(conn); err != nil {
		conn.Close()
		return fmt.Errorf("send request to %s: %w", target.address, err)
	}
	response, err := http.ReadResponse(conn.reader, request)
	if err != nil {
		conn.Close()
		return fmt.Errorf("read answer of %s: %w", target.address, err)
	}
	defer response.Body.Close()
	keep := !response.Close
	response.Close = false
	if err := response.Write(caller); err != nil {
		conn.Close()
		return errBrokenOff
	}
	target.put(conn, keep)
	return nil
}

// take gives a kept connection or makes one.
func (t *target) take() (*targetConn, error) {
	t.mu.Lock()
	t.closeIdle()
	if last := len(t.idle) - 1; last >= 0 {
		conn := t.idle[last]
		t.idle = t.idle[:last]
		t.mu.Unlock()
		return conn, nil
	}
	t.mu.Unlock()
	conn, err := tls.Dial("tcp", t.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return nil, fmt.Errorf("connect to target: %w", err)
	}
	return &targetConn{Conn: conn, reader: bufio.NewReader(conn)}, nil
}

func (t *target) put(conn *targetConn, keep bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !keep || t.closed {
		conn.Close()
		return
	}
	conn.since = time.Now()
	t.idle = append(t.idle, conn)
	t.closeIdle()
}

// closeIdle closes what has been idle for too long; the longest idle come first. The
// caller holds t.mu.
func (t *target) closeIdle() {
	for len(t.idle) > 0 && time.Since(t.idle[0].since) > idleTimeout {
		t.idle[0].Close()
		t.idle = t.idle[1:]
	}
}
