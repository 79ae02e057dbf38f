package requests

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/mapping"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// fewest is how many cases the corpus promises to have.
const fewest = 150

func TestRequestsArriveAsTheContractSays(t *testing.T) {
	families, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join("testdata", "mapping.yaml"))
	require.NoError(t, err)
	rows, err := mapping.Parse("mapping.yaml", text)
	require.NoError(t, err)
	corpus := make([][]*scenario, len(families))
	count := 0
	for i, name := range families {
		corpus[i], err = parseFile(name)
		require.NoError(t, err)
		require.NotEmpty(t, corpus[i], name)
		count += len(corpus[i])
	}
	require.GreaterOrEqual(t, count, fewest)

	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		b := newBench(t, n, text, rows)
		for i, scenarios := range corpus {
			t.Run(strings.TrimSuffix(filepath.Base(families[i]), ".txt"), func(t *testing.T) {
				for _, s := range scenarios {
					if !strings.HasPrefix(n.Version, s.version) {
						continue
					}
					t.Run(s.name, func(t *testing.T) { b.run(t, s) })
				}
			})
		}
	})
}

// bench is a running proxy in front of a recording endpoint.
type bench struct {
	proxy    *nginxtest.Proxy
	upstream *nginxtest.Upstream
	// rows are the mapping's by the API that they lead to, each to its own.
	rows map[string]mapping.Row

	mu     sync.Mutex
	answer []byte
}

func newBench(t *testing.T, n proxytest.NGINX, text []byte, m *mapping.Mapping) *bench {
	t.Helper()
	b := &bench{rows: make(map[string]mapping.Row)}
	for _, row := range m.Rows {
		require.NotContains(t, b.rows, string(row.API.ID), "every row has an API of its own")
		b.rows[string(row.API.ID)] = row
	}
	b.upstream = nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: b.answerTo, OtherNames: []string{"*.execute-api.us-east-1.amazonaws.com"}})
	b.proxy = n.Start(t, proxytest.Render(t, "mapping.yaml", text), nginxtest.Environment(b.upstream)...)
	return b
}

const usualBody = `{"ok":true}`

func (b *bench) answerTo(r nginxtest.Request) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answer != nil {
		return b.answer
	}
	usual := nginxtest.OK(usualBody, "Content-Type: application/json")
	if r.Method() == http.MethodHead {
		return bytes.TrimSuffix(usual, []byte(usualBody))
	}
	return usual
}

func (b *bench) answerWith(answer []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// run holds one scenario.
func (b *bench) run(t *testing.T, s *scenario) {
	t.Helper()
	where := fmt.Sprintf("testdata/%s:%d", s.file, s.line)
	b.answerWith(s.upstream)
	defer b.answerWith(nil)
	before := len(b.upstream.Requests())
	c := dial(t, b.proxy)
	open := true
	refused := len(s.arrivals) == 0
	for _, step := range s.steps {
		if step.answer == nil {
			c.send(step.send, step.slowly)
			continue
		}
		require.True(t, open, "%s: nothing can follow an answer that closes the connection", where)
		got, err := c.read()
		if len(step.answer.statuses) == 0 {
			require.Error(t, err, "%s: answered with %d", where, got.status)
		} else {
			require.NoError(t, err, where)
			own := refused || s.upstream != nil && !bytes.HasPrefix(s.upstream, fmt.Appendf(nil, "HTTP/1.1 %d", got.status))
			requireAnswer(t, where, step.answer, got, own, s.upstream != nil)
		}
		open = !step.answer.closes
	}
	if open {
		c.send([]byte("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), false)
		got, err := c.read()
		require.NoError(t, err, "%s: read the answer to what follows the case", where)
		require.Equal(t, `{"status":"ok"}`, string(got.body), "%s: the answer to what follows the case", where)
	} else {
		requireClosed(t, where, c)
	}
	arrived := b.upstream.Requests()[before:]
	require.Len(t, arrived, len(s.arrivals), "%s: %.300q", where, arrived)
	for i, want := range s.arrivals {
		b.requireArrival(t, where, want, arrived[i])
	}
}

func requireAnswer(t *testing.T, where string, want *answer, got *received, own, told bool) {
	t.Helper()
	require.Contains(t, want.statuses, got.status, "%s: %.300s", where, got.body)
	require.Equal(t, want.closes, got.closes, "%s: whether the proxy closes the connection after %d", where, got.status)
	for _, name := range want.absent {
		require.Empty(t, got.header.Values(name), "%s: %s", where, name)
	}
	names := make(map[string][]string)
	for _, line := range want.headers {
		name, value, _ := strings.Cut(line, ":")
		names[http.CanonicalHeaderKey(name)] = append(names[http.CanonicalHeaderKey(name)], strings.TrimSpace(value))
	}
	for name, values := range names {
		require.Equal(t, values, got.header.Values(name), "%s: %s", where, name)
	}
	if want.hasBody {
		requireSameBytes(t, where+": body of the answer", want.body, got.body)
	}
	if told && !own && got.status >= 200 {
		// Of an answer that the case tells, nothing may be added but what HTTP
		// asks of NGINX itself.
		for name := range got.header {
			require.Contains(t, append(slices.Clone(hopHeaders), mapKeys(names)...), name, "%s: the answer has a header that the endpoint didn't send", where)
		}
	}
	if own && got.status >= 400 && got.method != http.MethodHead {
		var body struct{ Message string }
		require.Equal(t, []string{"application/json"}, got.header.Values("Content-Type"), where)
		require.NoError(t, json.Unmarshal(got.body, &body), "%s: %s", where, got.body)
		require.NotEmpty(t, body.Message, where)
	}
}

// hopHeaders are what an answer may have besides the endpoint's headers: those
// of the connection, and the two that NGINX adds where there are none.
var hopHeaders = []string{"Connection", "Date", "Server"}

func mapKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

func requireClosed(t *testing.T, where string, c *client) {
	t.Helper()
	// NGINX waits some seconds for what a refused client may still be sending
	// (lingering_timeout), unless it hears that nothing will come.
	_ = c.conn.CloseWrite()
	rest, err := io.ReadAll(c.reader)
	require.Empty(t, rest, "%s: behind the last answer", where)
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) {
		require.False(t, timeout.Timeout(), "%s: the proxy doesn't close the connection", where)
	}
}

func (b *bench) requireArrival(t *testing.T, where string, want arrival, got nginxtest.Request) {
	t.Helper()
	require.Equal(t, want.line, got.Line, where)
	require.Empty(t, cmp.Diff(b.headOf(t, where, want), sortHead(got.Head)), "%s: headers (- expected, + arrived)", where)
	requireSameBytes(t, where+": body that arrived", want.body, got.Body)
	requireUnambiguous(t, where, got)
}

// requireUnambiguous checks that no server can read another request out of what
// arrived: every line ends with CR LF and holds neither of them nor NUL, there
// is one length at most, in digits, and no other framing.
func requireUnambiguous(t *testing.T, where string, got nginxtest.Request) {
	t.Helper()
	plain := strings.Join(append([]string{got.Line}, got.Head...), "\r\n") + "\r\n\r\n"
	requireSameBytes(t, where+": all that arrived", append([]byte(plain), got.Body...), got.Raw)
	for _, line := range got.Head {
		require.NotContains(t, line, "\r", where)
		require.NotContains(t, line, "\x00", where)
		require.NotContains(t, " \t", line[:1], where)
	}
	require.Empty(t, got.Values("Transfer-Encoding"), where)
	lengths := got.Values("Content-Length")
	if len(lengths) == 0 {
		require.Empty(t, got.Body, where)
		return
	}
	require.Equal(t, []string{strconv.Itoa(len(got.Body))}, lengths, where)
}

// headOf is every header line that an arrival has: its own, and those that the
// contract sets on every request to the row's API.
func (b *bench) headOf(t *testing.T, where string, want arrival) []string {
	t.Helper()
	own := make(map[string]bool)
	for _, name := range want.absent {
		own[strings.ToLower(name)] = true
	}
	var api string
	for _, line := range want.headers {
		name, value, _ := strings.Cut(line, ": ")
		own[strings.ToLower(name)] = true
		if name == "x-apigw-api-id" {
			api = value
		}
	}
	row, ok := b.rows[api]
	require.True(t, ok, "%s: the arrival's x-apigw-api-id %q is no API of the mapping", where, api)
	if row.Host.IsWildcard() {
		require.True(t, own["x-forwarded-host"], "%s: say which X-Forwarded-Host arrives under a wildcard", where)
	}
	head := slices.Clone(want.headers)
	host := nginxtest.EndpointName
	if row.AccessMode == mapping.AccessModeStrict {
		host = nginxtest.APIName(row.API)
	}
	standard := []string{
		"Host: " + host,
		"Referer: " + string(row.Host),
		"X-Forwarded-For: 127.0.0.1",
		"X-Forwarded-Host: " + string(row.Host),
		"X-Forwarded-Port: 443",
		"X-Forwarded-Proto: https",
	}
	if row.BasePath != "" {
		standard = append(standard, "X-Forwarded-Prefix: "+string(row.BasePath))
	}
	for _, line := range standard {
		if name, _, _ := strings.Cut(line, ":"); !own[strings.ToLower(name)] {
			head = append(head, line)
		}
	}
	return sortHead(head)
}

// sortHead orders header lines by name and keeps the order of equal names,
// which is the only one that means something (RFC 9110, section 5.3).
func sortHead(head []string) []string {
	name := func(line string) string {
		name, _, _ := strings.Cut(line, ":")
		return strings.ToLower(name)
	}
	sorted := slices.Clone(head)
	slices.SortStableFunc(sorted, func(a, b string) int { return strings.Compare(name(a), name(b)) })
	return sorted
}

func requireSameBytes(t *testing.T, what string, want, got []byte) {
	t.Helper()
	if !bytes.Equal(want, got) {
		t.Fatalf("%s: %d bytes %.100q, want %d bytes %.100q", what, len(got), got, len(want), want)
	}
}

// client is a client's connection, which writes and reads what it is told.
type client struct {
	conn   *tls.Conn
	reader *bufio.Reader
	// methods are the methods of the requests whose answers are due.
	methods []string
}

func dial(t *testing.T, p *nginxtest.Proxy) *client {
	t.Helper()
	conn, err := tls.Dial("tcp", p.Address, &tls.Config{InsecureSkipVerify: true}) // no client verifies this hop
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*nginxtest.Patience)))
	return &client{conn: conn, reader: bufio.NewReader(conn)}
}

// send writes what it can: the proxy may have refused the request before it
// was all there.
func (c *client) send(text []byte, slowly bool) {
	for line := range bytes.Lines(text[:min(len(text), 1<<20)]) {
		words := strings.Split(strings.TrimSpace(string(line)), " ")
		if len(words) == 3 && strings.HasPrefix(words[2], "HTTP/") {
			c.methods = append(c.methods, words[0])
		}
	}
	if !slowly {
		_, _ = c.conn.Write(text)
		return
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := range text {
		<-tick.C
		_, _ = c.conn.Write(text[i : i+1])
	}
}

// received is an answer as it came.
type received struct {
	method string
	status int
	header http.Header
	body   []byte
	closes bool
}

func (c *client) read() (*received, error) {
	r := new(received)
	if len(c.methods) > 0 {
		r.method = c.methods[0]
	}
	response, err := http.ReadResponse(c.reader, &http.Request{Method: r.method})
	if err != nil {
		return r, fmt.Errorf("read the answer to a %s: %w", r.method, err)
	}
	defer response.Body.Close()
	r.status, r.header, r.closes = response.StatusCode, response.Header, response.Close
	if len(response.TransferEncoding) > 0 {
		r.header.Set("Transfer-Encoding", strings.Join(response.TransferEncoding, ", "))
	}
	if r.status >= 200 && len(c.methods) > 0 {
		c.methods = c.methods[1:]
	}
	if r.status == http.StatusContinue {
		return r, nil
	}
	r.body, err = io.ReadAll(response.Body)
	return r, err
}
