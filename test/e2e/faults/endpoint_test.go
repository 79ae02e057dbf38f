package faults

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// largePath is answered with so many bytes, more than sockets' buffers take.
const (
	largePath   = "/large"
	largeAnswer = 8 << 20
)

// behaviour is how an address of the endpoint answers.
type behaviour struct {
	// certificate is shown to callers; nil: the good one.
	certificate *tls.Certificate
	// silentHandshake accepts connections and says nothing.
	silentHandshake bool
	// delay passes before each answer.
	delay time.Duration
	// reset ends the connection by RST: after half an answer to GETs of even
	// turns, before the answer otherwise.
	reset bool
}

// endpoint is one address of the execute-api endpoint. It echoes each request,
// as package load wants it, and counts how often each one arrived.
type endpoint struct {
	address string
	good    tls.Certificate

	mu       sync.Mutex
	now      behaviour
	arrivals map[string]int
	turns    int
	listener net.Listener
	open     map[net.Conn]bool
	serving  sync.WaitGroup
	// deafSocket listens while the endpoint is deaf.
	deafSocket int
}

// newEndpoint listens on the address, port 0 for any, until the test ends.
func newEndpoint(t testing.TB, address string, good tls.Certificate) *endpoint {
	t.Helper()
	e := &endpoint{address: address, good: good, arrivals: make(map[string]int), open: make(map[net.Conn]bool)}
	require.NoError(t, e.listen())
	t.Cleanup(func() {
		e.refuse()
		e.serving.Wait()
	})
	return e
}

// listen begins to accept connections.
func (e *endpoint) listen() error {
	listener, err := net.Listen("tcp", e.address)
	if err != nil {
		return fmt.Errorf("listen as endpoint: %w", err)
	}
	e.mu.Lock()
	e.listener, e.address = listener, listener.Addr().String()
	e.mu.Unlock()
	e.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			e.track(conn, true)
			e.serving.Go(func() {
				defer e.track(conn, false)
				e.serve(conn)
			})
		}
	})
	return nil
}

// refuse stops listening and resets every connection.
func (e *endpoint) refuse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listener.Close()
	for conn := range e.open {
		abort(conn)
	}
}

// behave changes the behaviour. Open connections are reset where what
// shall change is how they are made.
func (e *endpoint) behave(b behaviour) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = b
	if b.certificate != nil || b.silentHandshake {
		for conn := range e.open {
			abort(conn)
		}
	}
}

// abort ends a connection by RST.
func abort(conn net.Conn) {
	// Where it can't be set, the connection has ended.
	_ = conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func (e *endpoint) track(conn net.Conn, open bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if open {
		e.open[conn] = true
		return
	}
	delete(e.open, conn)
	conn.Close()
}

func (e *endpoint) behaviour() behaviour {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// arrived counts a request and gives its turn among all.
func (e *endpoint) arrived(id string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.arrivals[id]++
	e.turns++
	return e.turns
}

// total is how many requests arrived so far.
func (e *endpoint) total() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turns
}

func (e *endpoint) serve(raw net.Conn) {
	now := e.behaviour()
	if now.silentHandshake {
		// Until the caller gives up.
		_, _ = io.Copy(io.Discard, raw)
		return
	}
	certificate := e.good
	if now.certificate != nil {
		certificate = *now.certificate
	}
	conn := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{certificate}})
	reader := bufio.NewReader(conn)
	for e.answer(raw, conn, reader) == nil {
	}
}

// answer reads one request and answers it.
func (e *endpoint) answer(raw net.Conn, conn io.Writer, reader *bufio.Reader) error {
	request, err := http.ReadRequest(reader)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return err
	}
	id := request.Header.Get("X-Request-Id")
	turn := e.arrived(id)
	now := e.behaviour()
	if now.delay > 0 {
		<-time.After(now.delay)
	}
	echo := load.Echo(request.URL.Path, id, string(body))
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(echo))
	if now.reset {
		defer abort(raw)
		if request.Method == http.MethodGet && turn%2 == 0 {
			if _, err := io.WriteString(conn, head+echo[:len(echo)/2]); err != nil {
				return err
			}
			// Time for the half to arrive before the RST, which would overtake it.
			<-time.After(20 * time.Millisecond)
		}
		return syscall.ECONNRESET
	}
	if request.Method == http.MethodHead {
		echo = ""
	}
	if strings.HasSuffix(request.URL.Path, largePath) {
		echo = strings.Repeat("x", largeAnswer)
		head = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(echo))
	}
	_, err = io.WriteString(conn, head+echo)
	return err
}

const host = "api.internal.example.com"

// contextOf is the context of a mapping with one row of that timeout.
func contextOf(t testing.TB, timeout time.Duration) *nginxconf.Context {
	t.Helper()
	return proxytest.Render(t, "faults.yaml", fmt.Appendf(nil, `APIS:
  - CUSTOM_DOMAIN_URL: %s
    PRIVATE_API_URL: https://abcdefghij.execute-api.us-east-1.amazonaws.com/dev
    TIMEOUT: %d
`, host, int(timeout/time.Second)))
}

// environment is the proxy's before those endpoints, and more.
func environment(a *authority, more []string, endpoints ...*endpoint) []string {
	var addresses []string
	for _, e := range endpoints {
		addresses = append(addresses, e.address)
	}
	return append([]string{
		"PORTICO_UPSTREAMS=" + strings.Join(addresses, ","),
		"PORTICO_ENDPOINT_NAME=" + nginxtest.EndpointName,
		"PORTICO_CA_FILE=" + a.file,
		"PORTICO_WORKERS=2",
	}, more...)
}

// proxyFor starts a proxy with one row of that timeout before the endpoints.
func proxyFor(t testing.TB, a *authority, timeout time.Duration, endpoints ...*endpoint) *nginxtest.Proxy {
	t.Helper()
	return proxytest.Newest(t).Start(t, contextOf(t, timeout), environment(a, nil, endpoints...)...)
}
