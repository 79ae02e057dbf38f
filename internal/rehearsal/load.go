package rehearsal

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// minuteLoad calls rows as clients of the VPC do, minute by minute.
type minuteLoad struct {
	path   *live.Path
	client live.Interface
	rows   []mapping.Row
	// aMinute is how many requests a minute has.
	aMinute int
	// patience is how long a minute waits for its requests.
	patience time.Duration

	http    *http.Client
	running sync.WaitGroup
	sent    int

	mu       sync.Mutex
	answered int
}

// atOnce bounds the requests of a minute that are under way.
const atOnce = 16

// A minute waits so long for its requests; once one has not had all its answers, the
// next wait less. The others' answers may still come.
const (
	firstPatience = 2 * time.Second
	laterPatience = 100 * time.Millisecond
)

// longestAnswer is longer than the longest TIMEOUT of a row.
const longestAnswer = 65 * time.Second

func newMinuteLoad(path *live.Path, client live.Interface, rows []mapping.Row, aMinute int) *minuteLoad {
	l := &minuteLoad{path: path, client: client, rows: rows, aMinute: aMinute, patience: firstPatience}
	l.http = &http.Client{
		Timeout:       longestAnswer,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialTLSContext: l.dial, MaxIdleConnsPerHost: atOnce, DisableCompression: true},
	}
	return l
}

// dial resolves a host and connects, as a client of the VPC does.
func (l *minuteLoad) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p := prober{resolve: l.path.Resolve}
	to, err := p.address(ctx, host)
	if err != nil {
		return nil, err
	}
	return handshake(ctx, l.path, l.client, to, &tls.Config{ServerName: host})
}

// minute sends a minute's requests over connections of its own.
func (l *minuteLoad) minute(ctx context.Context, at time.Time) {
	l.http.CloseIdleConnections()
	turns := make(chan struct{}, atOnce)
	done := make(chan struct{})
	var own sync.WaitGroup
	for range l.aMinute {
		row := l.rows[l.sent%len(l.rows)]
		l.sent++
		request, err := l.request(ctx, row, at, l.sent)
		if err != nil {
			continue // no answer comes
		}
		own.Add(1)
		l.running.Go(func() {
			defer own.Done()
			turns <- struct{}{}
			l.ask(request)
			<-turns
		})
	}
	go func() {
		own.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(l.patience):
		l.patience = laterPatience
	}
}

func (l *minuteLoad) request(ctx context.Context, row mapping.Row, at time.Time, n int) (*http.Request, error) {
	url := "https://" + sampleHost(row) + string(row.BasePath) + "/" + sampleLabel
	request, err := http.NewRequestWithContext(ctx, string(allowed(row)), url, nil)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", url, err)
	}
	request.Header = traceField(at, n)
	name, value, _ := strings.Cut(credentials, ": ")
	request.Header.Set(name, value)
	return request, nil
}

// ask sends a request and counts its answer, whatever it is.
func (l *minuteLoad) ask(request *http.Request) {
	answer, err := l.http.Do(request)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered++
}

// wait waits for the answers that are still to come, for at most so long.
func (l *minuteLoad) wait(longest time.Duration) {
	done := make(chan struct{})
	go func() {
		l.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
}

// answers is how many requests were answered.
func (l *minuteLoad) answers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered
}
