package rehearsal

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// requestTimeout bounds a probe's request. It is longer than a load balancer
// waits for a target, so that the load balancer's answer arrives.
const requestTimeout = 15 * time.Second

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// request is an HTTP request as it goes over the wire; net/http's client would
// clean the raw path.
type request struct {
	method string
	// target is the raw path and query.
	target string
	host   string
	// fields are further header fields, "Name: value".
	fields []string
}

// response is what came back.
type response struct {
	code   int
	header http.Header
	body   []byte
	// arrival is the API's answer; nil where something else answered.
	arrival *live.Arrival
}

// String is such as "403 Forbidden".
func (r *response) String() string {
	return fmt.Sprintf("%d %s", r.code, http.StatusText(r.code))
}

// reason says why the answer isn't the wanted one: the statements of the API's
// resource policy that denied the request, or else what the answer says.
func (r *response) reason() string {
	names := r.header.Get(live.DeniedByHeader)
	if names == "" {
		return excerpt(r.body)
	}
	var owners, ours []string
	for name := range strings.SplitSeq(names, ", ") {
		if strings.HasPrefix(name, "Portico") {
			ours = append(ours, name)
		} else {
			owners = append(owners, name)
		}
	}
	var reasons []string
	if len(owners) > 0 {
		reasons = append(reasons, "the API's resource policy denies it by the owner's "+strings.Join(owners, ", "))
	}
	if len(ours) > 0 {
		reasons = append(reasons, "the API's resource policy denies it by "+strings.Join(ours, ", "))
	}
	return strings.Join(reasons, "; ")
}

// call connects as a network interface and sends one request over TLS, in which
// the server must prove the server name.
func call(ctx context.Context, path *live.Path, from live.Interface, to netip.AddrPort, serverName string, r request) (*response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	conn, err := handshake(ctx, path, from, to, &tls.Config{ServerName: serverName})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("send %s %s: %w", r.method, r.target, err)
	}
	if _, err := io.WriteString(conn, r.text()); err != nil {
		return nil, fmt.Errorf("send %s %s: %w", r.method, r.target, err)
	}
	return read(conn, r.method)
}

// text is the request as it is sent.
func (r request) text() string {
	lines := append([]string{r.method + " " + r.target + " HTTP/1.1", "Host: " + r.host, "Connection: close"}, r.fields...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// handshake connects and starts TLS, trusting what clients trust.
func handshake(ctx context.Context, path *live.Path, from live.Interface, to netip.AddrPort, config *tls.Config) (*tls.Conn, error) {
	conn, err := path.Network().Dial(ctx, from, to)
	if err != nil {
		return nil, err
	}
	config.RootCAs = path.Roots()
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start TLS with %s as %s: %w", to, config.ServerName, err), conn.Close())
	}
	return secure, nil
}

func read(conn io.Reader, method string) (*response, error) {
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the response's body: %w", err)
	}
	r := &response{code: answer.StatusCode, header: answer.Header, body: body}
	var arrival live.Arrival
	if r.code == http.StatusOK && json.Unmarshal(body, &arrival) == nil && arrival.API != "" {
		r.arrival = &arrival
	}
	return r, nil
}
