// Package load is a client for tests that have to know what became of every
// request. It keeps connections, never repeats a request, and looks into each
// answer for the mark of the request that it answers.
//
// A request carries its mark in its path, in the header X-Request-Id and, if it
// has a body, at the body's beginning. An upstream answers 200 with what Echo
// says of the request as it arrived.
package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Outcome says what became of a request; statuses other than 200 are outcomes
// by their number.
type Outcome string

const (
	// OK is 200 with the request's own mark.
	OK Outcome = "200"
	// Foreign is 200 with another mark, or none.
	Foreign Outcome = "an answer that belongs to another request"
	// CutOff is an answer whose head arrived and whose body didn't.
	CutOff Outcome = "cut off in mid-answer"
	// Closed is a connection that ended before an answer began.
	Closed Outcome = "closed without an answer"
	// Late is a request that got no answer within Options.Patience.
	Late Outcome = "no answer in time"
	// Unconnected is a request for which no connection could be had.
	Unconnected Outcome = "no connection"
)

// Echo is the body by which an upstream shows which request it answers.
func Echo(path, id, body string) string {
	return path[strings.LastIndexByte(path, '/')+1:] + " " + id + " " + body
}

// Options describe a load.
type Options struct {
	// Address is the proxy's, address:port.
	Address string
	// Plain is set where the address doesn't speak TLS.
	Plain bool
	Host  string
	// Vary gives a request's host, in place of Host, and more header lines, each with
	// its line end, by the request's number; nil: all are alike.
	Vary func(number int64) (host, head string)
	// Connections is how many requests are under way at most.
	Connections int
	// Rate is how many requests a second begin, on all connections; 0: each as
	// soon as its connection is free.
	Rate float64
	// PostEvery makes every n-th request a POST, the others are GETs; 0: none.
	PostEvery int
	// Requests ends the load after so many; 0: not before Stop.
	Requests int64
	// Patience is how long an answer may take; 0: a minute.
	Patience time.Duration
}

// Answer is what became of one request.
type Answer struct {
	ID, Method string
	Outcome    Outcome
	// Sent is when the request was written, Took until its answer had arrived.
	Sent time.Time
	Took time.Duration
}

// Load is a running load.
type Load struct {
	options Options
	begun   atomic.Int64
	done    atomic.Int64
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	answers []Answer
}

// Start begins a load, which ends by Stop, or by itself after its Requests.
func Start(o Options) *Load {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Load{options: o, cancel: cancel}
	began := time.Now()
	for n := range o.Connections {
		l.running.Go(func() { l.run(ctx, began, n) })
	}
	return l
}

// Done is how many requests have been answered, or given up, so far.
func (l *Load) Done() int64 { return l.done.Load() }

// Stop lets the requests that are under way end, and reports.
func (l *Load) Stop() Report {
	l.cancel()
	return l.Wait()
}

// Wait waits until the Requests are done, and reports.
func (l *Load) Wait() Report {
	l.running.Wait()
	l.cancel()
	return l.Report()
}

// Report reports what has been answered so far.
func (l *Load) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Report{Answers: slices.Clone(l.answers)}
}

// Take reports what has been answered since the last Take, and forgets it: for loads
// of more answers than memory should hold.
func (l *Load) Take() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := Report{Answers: l.answers}
	l.answers = nil
	return taken
}

// run is one connection's worker. Times of starts are fixed in advance, so that
// a slow answer delays no other connection's requests.
func (l *Load) run(ctx context.Context, began time.Time, n int) {
	c := &connection{options: l.options}
	defer c.close()
	for turn := 0; ; turn++ {
		if !l.waitForTurn(ctx, began, n, turn) {
			return
		}
		number := l.begun.Add(1)
		if l.options.Requests > 0 && number > l.options.Requests {
			return
		}
		method := http.MethodGet
		if l.options.PostEvery > 0 && number%int64(l.options.PostEvery) == 0 {
			method = http.MethodPost
		}
		host, head := l.options.Host, ""
		if l.options.Vary != nil {
			host, head = l.options.Vary(number)
		}
		answer := c.exchange(request{id: fmt.Sprintf("r%d-%d", n, number), method: method, host: host, head: head})
		l.mu.Lock()
		l.answers = append(l.answers, answer)
		l.mu.Unlock()
		l.done.Add(1)
	}
}

func (l *Load) waitForTurn(ctx context.Context, began time.Time, n, turn int) bool {
	if l.options.Rate == 0 {
		return ctx.Err() == nil
	}
	every := float64(l.options.Connections) / l.options.Rate
	due := (float64(turn) + float64(n)/float64(l.options.Connections)) * every
	timer := time.NewTimer(time.Until(began.Add(time.Duration(due * float64(time.Second)))))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// connection is a client's kept connection, made anew when it has ended.
type connection struct {
	options Options
	conn    net.Conn
	reader  *bufio.Reader
}

func (c *connection) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *connection) open() error {
	if c.conn != nil {
		return nil
	}
	dialer := &net.Dialer{Timeout: c.options.Patience}
	conn, err := dialer.Dial("tcp", c.options.Address)
	if err != nil {
		return err
	}
	if !c.options.Plain {
		// As load balancers, which don't verify their targets.
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	c.conn, c.reader = conn, bufio.NewReader(conn)
	return nil
}

// request is what one request consists of; head is more header lines.
type request struct {
	id, method, host, head string
}

func (c *connection) exchange(r request) Answer {
	a := Answer{ID: r.id, Method: r.method, Sent: time.Now()}
	a.Outcome = c.try(r)
	a.Took = time.Since(a.Sent)
	if a.Outcome == CutOff || a.Outcome == Closed || a.Outcome == Late {
		c.close()
	}
	return a
}

func (c *connection) try(r request) Outcome {
	if c.open() != nil {
		return Unconnected
	}
	// A deadline that can't be set shows in what follows.
	_ = c.conn.SetDeadline(time.Now().Add(c.options.Patience))
	body := ""
	if r.method == http.MethodPost {
		body = r.id
	}
	path := "/items/" + r.id
	_, err := fmt.Fprintf(c.conn, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Request-Id: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		r.method, path, r.host, r.id, r.head, len(body), body)
	if err != nil {
		return unanswered(err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return unanswered(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Late
	case err != nil:
		return CutOff
	}
	if response.Close {
		c.close()
	}
	switch {
	case response.StatusCode != http.StatusOK:
		return Outcome(fmt.Sprint(response.StatusCode))
	case string(got) != Echo(path, r.id, body):
		return Foreign
	}
	return OK
}

func unanswered(err error) Outcome {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Late
	case errors.Is(err, syscall.ECONNREFUSED):
		return Unconnected
	}
	return Closed
}
