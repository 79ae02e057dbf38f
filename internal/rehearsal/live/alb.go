package live

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// idleTimeout is an Application Load Balancer's default.
const idleTimeout = 60 * time.Second

// exchange is a client's connection to an Application Load Balancer with the
// connection to the target that serves it.
type exchange struct {
	listener *listener
	from     Interface
	client   net.Conn
	requests *bufio.Reader
	answers  *bufio.Writer

	// group is the target group of the target's connection.
	group     string
	target    net.Conn
	toTarget  *bufio.Writer
	responses *bufio.Reader
}

// passHTTP is an Application Load Balancer's HTTPS listener: HTTP/1.1, one
// request after another, message bytes kept but for the header fields that the
// service documents.
func (l *listener) passHTTP(client net.Conn, from Interface) {
	e := &exchange{
		listener: l,
		from:     from,
		client:   client,
		requests: bufio.NewReaderSize(client, maxHead+1),
		answers:  bufio.NewWriter(client),
	}
	defer e.closeTarget()
	for e.serveOne() {
	}
}

// serveOne serves a request and reports whether the connection can carry another.
func (e *exchange) serveOne() bool {
	// A deadline that can't be set is a connection that is gone; reading says so.
	_ = e.client.SetDeadline(time.Now().Add(idleTimeout))
	request, err := readHead(e.requests)
	if err != nil {
		if !errors.Is(err, io.EOF) && !isNetError(err) {
			e.refuse(http.StatusBadRequest)
		}
		return false
	}
	method, _, version, err := request.requestLine()
	if err != nil || (len(request.values("Host")) != 1 && version != "HTTP/1.0") {
		e.refuse(http.StatusBadRequest)
		return false
	}
	body, err := request.bodyFraming(0)
	if err != nil {
		e.refuse(http.StatusBadRequest)
		return false
	}
	e.follow()
	keep := version != "HTTP/1.0" && !request.has("Connection", "close")
	var host string
	if hosts := request.values("Host"); len(hosts) > 0 {
		host = hosts[0]
	}
	act := e.listener.action(host)
	if act.fixed != nil {
		e.respond(act.fixed.StatusCode, act.fixed.ContentType, act.fixed.Body)
		return false
	}
	if err := e.prepare(request); err != nil {
		e.refuse(http.StatusInternalServerError)
		return false
	}
	return e.forward(act.group, method, request, body) && keep
}

// follow has a request be served by what the listener is now. A connection that is kept
// from before may lead to a target that it no longer has, or to a task that another one
// has replaced at its address.
func (e *exchange) follow() {
	if now := e.listener.now(e.from); now != e.listener {
		e.closeTarget()
		e.listener = now
	}
}

// validHeaderName is what routing.http.drop_invalid_header_fields lets through.
var validHeaderName = regexp.MustCompile(`^[-A-Za-z0-9]+$`)

// prepare makes a request what the load balancer sends to targets.
func (e *exchange) prepare(request *head) error {
	if e.listener.balancer.DropInvalidHeaderFields {
		kept := request.fields[:0]
		for _, f := range request.fields {
			if validHeaderName.MatchString(f.name) {
				kept = append(kept, f)
			}
		}
		request.fields = kept
	}
	request.remove("Connection")
	request.remove("Keep-Alive")
	source, _, err := net.SplitHostPort(e.client.RemoteAddr().String())
	if err != nil {
		return fmt.Errorf("read the client's address: %w", err)
	}
	request.set("X-Forwarded-For", strings.Join(append(request.values("X-Forwarded-For"), source), ", "))
	request.set("X-Forwarded-Proto", "https")
	request.set("X-Forwarded-Port", strconv.Itoa(int(e.listener.Port)))
	if len(request.values("X-Amzn-Trace-Id")) == 0 {
		trace, err := traceID()
		if err != nil {
			return err
		}
		request.set("X-Amzn-Trace-Id", trace)
	}
	return nil
}

func traceID() (string, error) {
	var random [12]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("draw a trace ID: %w", err)
	}
	return fmt.Sprintf("Root=1-%08x-%s", time.Now().Unix(), hex.EncodeToString(random[:])), nil
}

// forward sends a request to a target and its response to the client, and reports
// whether the client's connection is in order after it.
func (e *exchange) forward(group TargetGroup, method string, request *head, body framing) bool {
	err := e.openTarget(group)
	e.listener.count(group, err)
	if err != nil {
		if errors.Is(err, errNoHealthyTarget) {
			e.refuse(http.StatusServiceUnavailable)
		} else {
			e.refuse(http.StatusBadGateway)
		}
		return false
	}
	// The request's body goes on its way while the response is awaited: a
	// target may refuse a body before its end.
	sent := make(chan error, 1)
	toTarget, requests := e.toTarget, e.requests
	go func() {
		if err := request.writeTo(toTarget); err != nil {
			sent <- err
			return
		}
		if err := toTarget.Flush(); err != nil {
			sent <- err
			return
		}
		sent <- body.pass(toTarget, requests)
	}()
	started, keep, err := e.answer(method)
	if err != nil && !started {
		e.closeTarget()
		e.refuse(http.StatusBadGateway)
	}
	if err != nil || !keep {
		e.closeTarget()
	}
	if err != nil {
		e.client.Close()
	}
	select {
	case failure := <-sent:
		return err == nil && failure == nil
	default:
		// Part of the body is still to come, but the target has answered already.
		e.closeTarget()
		e.client.Close()
		<-sent
		return false
	}
}

// answer passes a response to the client, interim ones before it. It reports
// whether anything reached the client, and whether the target's connection can
// carry another request.
func (e *exchange) answer(method string) (started, keep bool, err error) {
	for {
		response, err := readHead(e.responses)
		if err != nil {
			return started, false, fmt.Errorf("read the target's response: %w", err)
		}
		code, err := response.statusCode()
		if err != nil {
			return started, false, err
		}
		body := framing{}
		if hasBody(method, code) {
			if body, err = response.bodyFraming(-1); err != nil {
				return started, false, err
			}
		}
		keep := !response.has("Connection", "close") && body.length >= 0
		if body.length >= 0 {
			// The connection to the client outlives the target's.
			response.remove("Connection")
			response.remove("Keep-Alive")
		}
		started = true
		if err := response.writeTo(e.answers); err != nil {
			return started, false, err
		}
		if err := body.pass(e.answers, e.responses); err != nil {
			return started, false, err
		}
		if code >= http.StatusOK {
			if body.length < 0 {
				e.client.Close()
			}
			return started, keep, nil
		}
	}
}

// openTarget connects to a target of the group, unless the connection is there.
func (e *exchange) openTarget(group TargetGroup) error {
	if e.target != nil && e.group == group.Name {
		return nil
	}
	e.closeTarget()
	target, err := e.listener.target(group, e.client, e.from)
	if err != nil {
		return err
	}
	e.group = group.Name
	e.target = target
	e.toTarget = bufio.NewWriter(target)
	e.responses = bufio.NewReaderSize(target, maxHead+1)
	return nil
}

func (e *exchange) closeTarget() {
	if e.target != nil {
		e.target.Close()
		e.target = nil
	}
}

// refuse answers an error in the load balancer's own name.
func (e *exchange) refuse(code int) {
	e.respond(code, "text/html", fmt.Sprintf("<html><head><title>%d %[2]s</title></head><body><center><h1>%[1]d %[2]s</h1></center></body></html>\r\n",
		code, http.StatusText(code)))
}

// respond answers in the load balancer's own name and ends the connection.
func (e *exchange) respond(code int, contentType, body string) {
	response := &head{start: fmt.Sprintf("HTTP/1.1 %d %s", code, http.StatusText(code))}
	response.set("Server", "awselb/2.0")
	response.set("Content-Type", contentType)
	response.set("Content-Length", strconv.Itoa(len(body)))
	response.set("Connection", "close")
	// A client that is gone has no use for the answer.
	if err := response.writeTo(e.answers); err != nil {
		return
	}
	if _, err := e.answers.WriteString(body); err != nil {
		return
	}
	_ = e.answers.Flush()
}

func isNetError(err error) bool {
	var failure net.Error
	return errors.As(err, &failure)
}
