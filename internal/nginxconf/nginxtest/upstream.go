package nginxtest

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-iac/portico/mapping"
)

// EndpointName is the DNS name that upstreams are verified by.
const EndpointName = "vpce-0a1b2c3d.execute-api.us-east-1.vpce.amazonaws.com"

// Request is a request as it arrived at an Upstream, byte for byte.
type Request struct {
	// Line is the request line without its line end.
	Line string
	// Head are the header lines without their line ends, in order.
	Head []string
	Body []byte
	// Raw is all of it, line ends included.
	Raw []byte
	// Connection counts the upstream's connections from 0.
	Connection int
	// ServerName is the name that the connection's TLS asked for.
	ServerName string
}

// Method is the first word of the request line.
func (r Request) Method() string {
	method, _, _ := strings.Cut(r.Line, " ")
	return method
}

// Target is the second word of the request line.
func (r Request) Target() string {
	_, rest, _ := strings.Cut(r.Line, " ")
	target, _, _ := strings.Cut(rest, " ")
	return target
}

// Values are the values of the header lines of that name, case ignored.
func (r Request) Values(name string) []string {
	var values []string
	for _, line := range r.Head {
		key, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(key, name) {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// Upstream stands in for the execute-api endpoint: it speaks TLS, records
// every request and every handshake, and answers what Answer says.
type Upstream struct {
	// Address is address:port.
	Address string
	// CAFile is the PEM file of the authority that the upstream's certificate
	// is from.
	CAFile string

	listener net.Listener
	answer   func(w io.Writer, r Request) error
	idle     time.Duration

	mu         sync.Mutex
	requests   []Request
	handshakes []tls.ConnectionState
	open       map[net.Conn]bool
}

// UpstreamOptions vary an Upstream.
type UpstreamOptions struct {
	// Listen is the address to listen on; empty: 127.0.0.1:0.
	Listen string
	// CertificateName is the name in the certificate; empty: EndpointName.
	CertificateName string
	// OtherNames are further names in it.
	OtherNames []string
	// Answer gives the raw bytes of an answer; nil: 200 with a small JSON
	// object. An answer of no bytes closes the connection.
	Answer func(Request) []byte
	// Stream writes an answer bit by bit, instead of Answer. An error closes
	// the connection.
	Stream func(w io.Writer, r Request) error
	// Authority signs the upstream's certificate; nil: one of its own.
	Authority *Authority
	// IdleTimeout is when a connection on which nothing comes is closed; 0:
	// never.
	IdleTimeout time.Duration
}

// errNoAnswer is how an upstream closes the connection instead of answering.
var errNoAnswer = errors.New("no answer")

func (o UpstreamOptions) writer() func(io.Writer, Request) error {
	switch {
	case o.Stream != nil:
		return o.Stream
	case o.Answer == nil:
		o.Answer = func(Request) []byte { return OK(`{"ok":true}`, "Content-Type: application/json") }
	}
	return func(w io.Writer, r Request) error {
		answer := o.Answer(r)
		if len(answer) == 0 {
			return errNoAnswer
		}
		_, err := w.Write(answer)
		return err
	}
}

// OK is an answer of 200 with the body and the additional header lines.
func OK(body string, headers ...string) []byte {
	return Answer(http.StatusOK, body, headers...)
}

// Answer is an answer with the status, the body and the header lines.
func Answer(status int, body string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}

// Authority signs upstreams' certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	// File is the authority's own certificate, PEM.
	File string
}

// NewAuthority makes a certificate authority for one test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nginxtest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	certificate, err := x509.ParseCertificate(der)
	check(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	return &Authority{certificate: certificate, key: key, File: file}
}

func (a *Authority) issue(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	check(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// NewUpstream starts an upstream that lives as long as the test.
func NewUpstream(t testing.TB, o UpstreamOptions) *Upstream {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.CertificateName == "" {
		o.CertificateName = EndpointName
	}
	if o.Authority == nil {
		o.Authority = NewAuthority(t)
	}
	listener, err := net.Listen("tcp", o.Listen)
	check(t, err)
	u := &Upstream{
		Address: listener.Addr().String(), CAFile: o.Authority.File,
		listener: listener, answer: o.writer(), idle: o.IdleTimeout, open: make(map[net.Conn]bool),
	}
	config := &tls.Config{Certificates: []tls.Certificate{o.Authority.issue(t, append([]string{o.CertificateName}, o.OtherNames...)...)}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			u.track(conn, true)
			serving.Go(func() {
				defer u.track(conn, false)
				u.serve(tls.Server(conn, config), n)
			})
		}
	})
	t.Cleanup(func() {
		u.Close()
		serving.Wait()
	})
	return u
}

// Close stops listening and cuts every connection.
func (u *Upstream) Close() {
	u.listener.Close()
	u.CloseConnections()
}

// CloseConnections cuts every connection and goes on listening.
func (u *Upstream) CloseConnections() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.open {
		conn.Close()
	}
}

// Requests are what has arrived so far.
func (u *Upstream) Requests() []Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]Request(nil), u.requests...)
}

// Handshakes are the TLS states of the connections so far.
func (u *Upstream) Handshakes() []tls.ConnectionState {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]tls.ConnectionState(nil), u.handshakes...)
}

func (u *Upstream) track(conn net.Conn, open bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if open {
		u.open[conn] = true
		return
	}
	delete(u.open, conn)
	conn.Close()
}

func (u *Upstream) serve(conn *tls.Conn, n int) {
	defer conn.Close()
	if conn.Handshake() != nil {
		return
	}
	u.mu.Lock()
	u.handshakes = append(u.handshakes, conn.ConnectionState())
	u.mu.Unlock()
	r := bufio.NewReader(conn)
	for {
		if u.idle > 0 && conn.SetReadDeadline(time.Now().Add(u.idle)) != nil {
			return
		}
		request, err := readRequest(r)
		if err != nil {
			return
		}
		request.Connection, request.ServerName = n, conn.ConnectionState().ServerName
		u.mu.Lock()
		u.requests = append(u.requests, request)
		u.mu.Unlock()
		if u.answer(conn, request) != nil {
			return
		}
	}
}

// readRequest reads a request whose body, if any, has a Content-Length, which
// is what the proxy turns every body into.
func readRequest(r *bufio.Reader) (Request, error) {
	var request Request
	line, err := request.readLine(r)
	if err != nil {
		return request, err
	}
	request.Line = line
	length := 0
	for {
		line, err := request.readLine(r)
		if err != nil {
			return request, err
		}
		if line == "" {
			break
		}
		request.Head = append(request.Head, line)
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			if _, err := fmt.Sscan(value, &length); err != nil {
				return request, fmt.Errorf("read content length %q: %w", value, err)
			}
		}
	}
	request.Body = make([]byte, length)
	_, err = io.ReadFull(r, request.Body)
	request.Raw = append(request.Raw, request.Body...)
	return request, err
}

func (r *Request) readLine(from *bufio.Reader) (string, error) {
	line, err := from.ReadString('\n')
	r.Raw = append(r.Raw, line...)
	return strings.TrimRight(line, "\r\n"), err
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// APIName is an API's own name, by which an API in STRICT mode is asked.
func APIName(api mapping.PrivateAPI) string {
	return string(api.ID) + ".execute-api." + api.Region + "." + api.DNSSuffix
}
