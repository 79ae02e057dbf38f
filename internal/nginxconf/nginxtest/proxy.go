// Package nginxtest runs a rendered proxy on loopback for tests: the real
// NGINX, started by the image's own entrypoint, in front of an upstream that
// records every byte that arrives.
package nginxtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portico-iac/portico/internal/nginxconf"
)

// Patience is how long tests wait for something that has to happen.
const Patience = 10 * time.Second

// Proxy is a running proxy.
type Proxy struct {
	// Address is address:port of the TLS listener.
	Address string
	// RunDir is the entrypoint's PORTICO_RUN_DIR.
	RunDir string

	command *exec.Cmd
	stdout  *buffer
	stderr  *buffer
	exited  chan struct{}
}

// Require skips the test where NGINX or openssl is not installed.
func Require(t testing.TB) {
	t.Helper()
	for _, name := range []string{"nginx", "openssl", "sh"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not on PATH: install the package of that name", name)
		}
	}
}

// Environment is what the entrypoint needs to reach the upstreams, as it is
// for a Command's Env.
func Environment(upstreams ...*Upstream) []string {
	addresses := make([]string, 0, len(upstreams))
	for _, u := range upstreams {
		addresses = append(addresses, u.Address)
	}
	environment := []string{
		"PATH=" + os.Getenv("PATH"),
		"PORTICO_UPSTREAMS=" + strings.Join(addresses, ","),
		"PORTICO_ENDPOINT_NAME=" + EndpointName,
		"PORTICO_WORKERS=1",
	}
	if len(upstreams) > 0 {
		environment = append(environment, "PORTICO_CA_FILE="+upstreams[0].CAFile)
	}
	return environment
}

// Start runs the context until the test ends and waits until it listens. Of
// variables given twice the last counts, so that more can override.
func Start(t testing.TB, c *nginxconf.Context, environment []string, more ...string) *Proxy {
	t.Helper()
	return StartWriting(t, nil, c, environment, more...)
}

// StartWriting is Start with another standard output, which Stdout then
// doesn't give; nil: none.
func StartWriting(t testing.TB, stdout *os.File, c *nginxconf.Context, environment []string, more ...string) *Proxy {
	t.Helper()
	Require(t)
	home := t.TempDir()
	check(t, c.WriteTo(home))
	p := &Proxy{
		Address: FreeAddress(t),
		RunDir:  filepath.Join(t.TempDir(), "run"),
		stdout:  new(buffer), stderr: new(buffer),
		exited: make(chan struct{}),
	}
	p.command = exec.Command("sh", filepath.Join(home, "entrypoint.sh"))
	p.command.Env = append(append(environment,
		"PORTICO_HOME="+home, "PORTICO_RUN_DIR="+p.RunDir, "PORTICO_LISTEN="+p.Address), more...)
	p.command.Stdout, p.command.Stderr = p.stdout, p.stderr
	if stdout != nil {
		p.command.Stdout = stdout
	}
	// A group of its own: the workers must not outlive a killed master.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	check(t, p.command.Start())
	go func() {
		defer close(p.exited)
		_ = p.command.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) // gone already is as good
		<-p.exited
		if t.Failed() && p.Stderr() != "" {
			t.Logf("nginx said: %s", p.Stderr())
		}
	})
	p.waitUntilListening(t)
	return p
}

func (p *Proxy) waitUntilListening(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for time.Now().Before(deadline) {
		conn, err := net.DialTimeout("tcp", p.Address, Patience)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-p.exited:
			t.Fatalf("the entrypoint ended with %v: %s", p.command.ProcessState, p.Stderr())
		case <-time.After(2 * time.Millisecond):
		}
	}
	t.Fatalf("nothing listens on %s after %v: %s", p.Address, Patience, p.Stderr())
}

// Process is the process that the entrypoint was started as.
func (p *Proxy) Process() *os.Process { return p.command.Process }

// Memory is what the process and each of its workers have had in memory at
// most, in bytes: VmHWM of proc(5).
func (p *Proxy) Memory(t testing.TB) []int64 {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", p.Process().Pid))
	check(t, err)
	var memory []int64
	for _, pid := range append(strings.Fields(string(children)), strconv.Itoa(p.Process().Pid)) {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		check(t, err)
		_, after, found := strings.Cut(string(status), "VmHWM:")
		var kib int64
		if _, err := fmt.Sscan(after, &kib); err != nil || !found {
			t.Fatalf("read VmHWM of process %s: %v", pid, err)
		}
		memory = append(memory, kib<<10)
	}
	return memory
}

// Exited is closed when the process has ended.
func (p *Proxy) Exited() <-chan struct{} { return p.exited }

// ExitCode is the ended process's.
func (p *Proxy) ExitCode() int { return p.command.ProcessState.ExitCode() }

// Stdout is what the proxy wrote to its standard output so far: its log.
func (p *Proxy) Stdout() string { return p.stdout.String() }

// Stderr is what the proxy wrote to its standard error so far.
func (p *Proxy) Stderr() string { return p.stderr.String() }

// Response is the proxy's answer to a raw request.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Close says that the proxy closes the connection after the answer.
	Close bool
}

// Send writes the bytes of one request as they are and reads one answer.
func (p *Proxy) Send(t testing.TB, request string) Response {
	t.Helper()
	return NewConn(t, p).Send(t, request)
}

// Get sends a GET for a host and a raw target, with more header lines.
func (p *Proxy) Get(t testing.TB, host, target string, headers ...string) Response {
	t.Helper()
	return p.Send(t, RequestText("GET", host, target, headers...))
}

// RequestText is the text of a request without a body.
func RequestText(method, host, target string, headers ...string) string {
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: " + host}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// Conn is a client's TLS connection to the proxy.
type Conn struct {
	*tls.Conn
	reader *bufio.Reader
}

// NewConn connects to the proxy until the test ends.
func NewConn(t testing.TB, p *Proxy) *Conn {
	t.Helper()
	// The load balancer doesn't verify its targets either.
	conn, err := tls.Dial("tcp", p.Address, &tls.Config{InsecureSkipVerify: true})
	check(t, err)
	check(t, conn.SetDeadline(time.Now().Add(6*Patience)))
	t.Cleanup(func() { conn.Close() })
	return &Conn{Conn: conn, reader: bufio.NewReader(conn)}
}

// Send writes the bytes of one request as they are and reads one answer.
func (c *Conn) Send(t testing.TB, request string) Response {
	t.Helper()
	return exchange(t, c, c.reader, request)
}

func exchange(t testing.TB, w io.Writer, r *bufio.Reader, request string) Response {
	t.Helper()
	// What can't be written any more has been answered: the proxy refuses a
	// body that is too large without reading it.
	_, writeErr := io.WriteString(w, request)
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("read the answer to %.80q: %v (written: %v)", request, err, writeErr)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(t, err)
	return Response{Status: response.StatusCode, Header: response.Header, Body: body, Close: response.Close}
}

// FreeAddress is a loopback address on which nothing listens, nor on the next
// port, where the entrypoint listens by proxy protocol.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		next, err := net.Listen("tcp", nextPort(listener.Addr().String()))
		if err == nil {
			next.Close()
		}
		listener.Close()
		if err == nil {
			return listener.Addr().String()
		}
	}
	t.Fatal("find two free ports in a row: none in 100 attempts")
	return ""
}

func nextPort(address string) string {
	a := netip.MustParseAddrPort(address)
	return netip.AddrPortFrom(a.Addr(), a.Port()+1).String()
}

// ProxyProtocolAddress is where the proxy listens by proxy protocol, if its
// PORTICO_CLIENT_ADDRESS says so.
func (p *Proxy) ProxyProtocolAddress() string { return nextPort(p.Address) }

// Verdict is what nginx -t made of a configuration.
type Verdict struct {
	Output string
	// CPU is the processor time that it took.
	CPU time.Duration
	Err error
}

// Test runs nginx -t on the context with the files that the entrypoint writes.
func Test(t testing.TB, c *nginxconf.Context) Verdict {
	t.Helper()
	Require(t)
	dir := t.TempDir()
	home, run, bin := filepath.Join(dir, "context"), filepath.Join(dir, "run"), filepath.Join(dir, "bin")
	check(t, c.WriteTo(home))
	// Of the entrypoint only its files are wanted: what it becomes in the end
	// does nothing.
	check(t, os.Mkdir(bin, 0o755))
	check(t, os.WriteFile(filepath.Join(bin, "nginx"), []byte("#!/bin/sh\n"), 0o755))
	prepare := exec.Command("sh", filepath.Join(home, "entrypoint.sh"))
	prepare.Env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "PORTICO_HOME=" + home, "PORTICO_RUN_DIR=" + run,
		"PORTICO_UPSTREAMS=127.0.0.1:443,127.0.0.2:443", "PORTICO_ENDPOINT_NAME=" + EndpointName,
	}
	if output, err := prepare.CombinedOutput(); err != nil {
		return Verdict{Output: string(output), Err: err}
	}
	test := exec.Command("nginx", "-t", "-p", run+"/", "-c", filepath.Join(run, "nginx.conf"))
	output, err := test.CombinedOutput()
	v := Verdict{Output: string(output), Err: err}
	if state := test.ProcessState; state != nil {
		v.CPU = state.UserTime() + state.SystemTime()
	}
	return v
}

// buffer is a bytes.Buffer for one writer and any number of readers.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// SendPlain is Send without TLS.
func (p *Proxy) SendPlain(t testing.TB, request string) Response {
	t.Helper()
	conn, err := net.DialTimeout("tcp", p.Address, Patience)
	check(t, err)
	defer conn.Close()
	check(t, conn.SetDeadline(time.Now().Add(Patience)))
	return exchange(t, conn, bufio.NewReader(conn), request)
}

// Accepts reports whether the proxy accepts connections.
func (p *Proxy) Accepts() bool {
	conn, err := net.DialTimeout("tcp", p.Address, Patience)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
