package faults

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
)

var (
	update   = flag.Bool("update", false, "keep the requests that fuzzing finds interesting in testdata/requests")
	fuzzTime = flag.Duration("proxyfuzz", 0, "how long to fuzz the proxy; 0: 3 s, or 20 s with PORTICO_SLOW")
)

// mark is the place in a seed of the mark of the request that is made of it.
const mark = "@MARK@"

var marks = regexp.MustCompile(`m[0-9a-f]{16}`)

// fuzzer sends mutated requests on connections of their own, beside a load that
// must not notice.
type fuzzer struct {
	address string

	mu sync.Mutex
	// seeds are what requests are made of; those that got answers as no other
	// seed did are added.
	seeds [][]byte
	// answers are the kinds of answers seen so far.
	answers map[string]bool
	kept    [][]byte
	foreign []string

	sent atomic.Int64
}

// TestNoRequestBreaksTheProxy holds that no sequence of bytes ends a worker, or
// gets the answer to another request, or spoils one.
func TestNoRequestBreaksTheProxy(t *testing.T) {
	a := newAuthority(t)
	first, second := newEndpoint(t, "127.0.0.1:0", a.good(t)), newEndpoint(t, "127.0.0.1:0", a.good(t))
	p := proxyFor(t, a, 5*time.Second, first, second)
	var workers []string
	require.Eventually(t, func() bool {
		workers = children(t, p)
		return len(workers) == 2
	}, nginxtest.Patience, 5*time.Millisecond)

	lasts := fuzzLasts()
	others := load.Start(load.Options{Address: p.Address, Host: host, Connections: 4, Rate: 40, PostEvery: 4})
	f := &fuzzer{address: p.Address, seeds: seeds(t), answers: make(map[string]bool)}
	until := time.Now().Add(lasts)
	var running sync.WaitGroup
	for n := range uint64(8) {
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), n))
			for time.Now().Before(until) && f.try(random) {
			}
		})
	}
	running.Wait()

	report := others.Stop()
	t.Logf("%d connections of mutated requests in %v, %d kinds of answers; beside them %v", f.sent.Load(), lasts, len(f.answers), report)
	for _, kind := range slices.Sorted(maps.Keys(f.answers)) {
		t.Logf("answers: %s", kind)
	}
	require.Empty(t, f.foreign, "answers went to who hadn't asked")
	require.Empty(t, report.Failed(), "others' requests were spoiled")
	require.Equal(t, workers, children(t, p), "a worker was replaced")
	require.NotContains(t, p.Stderr(), "exited on signal")
	require.NotContains(t, p.Stderr(), "[alert]")
	require.NotContains(t, p.Stderr(), "[emerg]")
	require.Positive(t, f.sent.Load())
	if *update {
		f.keep(t)
	}
}

// fuzzLasts is how long to fuzz.
func fuzzLasts() time.Duration {
	switch {
	case *fuzzTime > 0:
		return *fuzzTime
	case os.Getenv("PORTICO_SLOW") != "":
		return 20 * time.Second
	}
	return 3 * time.Second
}

// seeds are the raw requests of the corpus of test/e2e/requests and what former
// runs kept, each with a place for its mark.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	files, err := filepath.Glob("../requests/testdata/*.txt")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, section := range strings.Split(string(data), "\n== ") {
			var lines []string
			for line := range strings.Lines(section) {
				if text, ok := strings.CutPrefix(line, ">"); ok {
					lines = append(lines, strings.TrimPrefix(strings.TrimRight(text, "\n"), " "))
				}
			}
			if len(lines) == 0 {
				continue
			}
			lines = slices.Insert(lines, 1, "X-Request-Id: "+mark)
			text := strings.Join(lines, "\r\n") + "\r\n"
			all = append(all, []byte(strings.ReplaceAll(text, "api.example.com", host)))
		}
	}
	kept, err := filepath.Glob("testdata/requests/*")
	require.NoError(t, err)
	for _, file := range kept {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		all = append(all, data)
	}
	return append(all,
		[]byte("GET /items/"+mark+" HTTP/1.1\r\nHost: "+host+"\r\nX-Request-Id: "+mark+"\r\n\r\n"),
		[]byte("POST /items/"+mark+" HTTP/1.1\r\nHost: "+host+"\r\nX-Request-Id: "+mark+"\r\nContent-Length: 3\r\n\r\nabc"),
		[]byte("POST /items/"+mark+" HTTP/1.1\r\nHost: "+host+"\r\nX-Request-Id: "+mark+"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
	)
}

// tokens are pieces on whose handling parsers differ.
var tokens = []string{
	"\r\n", "\n", "\r", "\r\n\r\n", "\x00", " ", "\t", "/", "//", "/../", "/./", "%2e%2e/", "%2F", "%00", "?", "#", ";", ":", "\\", "@",
	"Content-Length: 0\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Content-Length: 99999999999999999999\r\n",
	"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding:\tchunked\r\n",
	"transfer-encoding: xchunked\r\n", "Connection: close\r\n", "Connection: X-Request-Id\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n",
	"Expect: 100-continue\r\n", "Host: other.example.com\r\n", "Host: " + host + "\r\n", "X-Request-Id: " + mark + "\r\n", "Range: bytes=0-1\r\n",
	"If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "Authorization: Basic Og==\r\n", "X-Forwarded-For: 1, 2\r\n", "Cookie: a=b; c\r\n",
	"0\r\n\r\n", "5\r\nhello\r\n", "ffffffffffffffff\r\n", "1;x=y\r\nz\r\n", "GET / HTTP/1.1\r\n", "HEAD ", "OPTIONS * HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n",
	"HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "http://" + host + "/", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\xff\xfe", "\xc0\xae", strings.Repeat("A", 3000),
}

// mutate makes something like the seed.
func (f *fuzzer) mutate(random *rand.Rand) []byte {
	f.mu.Lock()
	b := slices.Clone(f.seeds[random.IntN(len(f.seeds))])
	other := f.seeds[random.IntN(len(f.seeds))]
	f.mu.Unlock()
	for range random.IntN(6) {
		at := random.IntN(len(b) + 1)
		end := min(at+1+random.IntN(12), len(b))
		switch random.IntN(7) {
		case 0:
			b = slices.Insert(b, at, []byte(tokens[random.IntN(len(tokens))])...)
		case 1:
			b = slices.Delete(b, at, end)
		case 2:
			b = slices.Insert(b, at, b[at:end]...)
		case 3:
			if at < len(b) {
				b[at] ^= 1 << random.IntN(8)
			}
		case 4:
			b = append(b, other...)
		case 5:
			cut := random.IntN(len(other) + 1)
			b = append(b[:at], other[cut:]...)
		case 6:
			// At the border of lines, where headers begin.
			if line := bytes.IndexByte(b[at:], '\n'); line >= 0 {
				b = slices.Insert(b, at+line+1, []byte(tokens[random.IntN(len(tokens))])...)
			}
		}
		if len(b) == 0 || len(b) > 64<<10 {
			return bytes.Clone(other)
		}
	}
	return b
}

// try sends one mutated request, and reports whether to go on.
func (f *fuzzer) try(random *rand.Rand) bool {
	seed := f.mutate(random)
	own := fmt.Sprintf("m%016x", random.Uint64())
	answer := f.exchange(bytes.ReplaceAll(seed, []byte(mark), []byte(own)), random.IntN(4) == 0)
	f.sent.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, got := range marks.FindAll(answer, -1) {
		// A mutated mark belongs to no request; a bit more or less makes it no other's.
		if string(got) != own && !bytes.Contains(seed, got) && distance(string(got), own) > 6 {
			f.foreign = append(f.foreign, fmt.Sprintf("%q got %q", seed, answer))
		}
	}
	kind := kindOf(answer)
	if !f.answers[kind] && len(f.answers) < 120 {
		f.answers[kind] = true
		f.seeds = append(f.seeds, seed)
		f.kept = append(f.kept, seed)
	}
	return len(f.foreign) == 0
}

// distance is in how many places two strings of equal length differ.
func distance(a, b string) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// exchange sends the bytes and reads what comes until the proxy has nothing
// more to say; impatient callers end their side at once.
func (f *fuzzer) exchange(request []byte, impatient bool) []byte {
	raw, err := net.DialTimeout("tcp", f.address, nginxtest.Patience)
	if err != nil {
		return nil
	}
	conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	defer conn.Close()
	// What fails here shows as an answer that doesn't come.
	_ = conn.SetDeadline(time.Now().Add(nginxtest.Patience))
	_, _ = conn.Write(request)
	var answer bytes.Buffer
	if !impatient {
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = io.Copy(&answer, conn)
	}
	return answer.Bytes()
}

var statusLines = regexp.MustCompile(`HTTP/1\.[01] (\d+)`)

// kindOf tells answers apart by their statuses.
func kindOf(answer []byte) string {
	var statuses []string
	for _, match := range statusLines.FindAllSubmatch(answer, 4) {
		statuses = append(statuses, string(match[1]))
	}
	return strings.Join(statuses, " ")
}

// keep writes the requests that found something into testdata.
func (f *fuzzer) keep(t testing.TB) {
	t.Helper()
	require.NoError(t, os.MkdirAll("testdata/requests", 0o755))
	for _, seed := range f.kept {
		sum := sha256.Sum256(seed)
		require.NoError(t, os.WriteFile("testdata/requests/"+hex.EncodeToString(sum[:8]), seed, 0o644))
	}
}

// children are the processes of the proxy's workers, which run what the master
// runs; the entrypoint's other children don't.
func children(t testing.TB, p *nginxtest.Proxy) []string {
	t.Helper()
	pid := p.Process().Pid
	list, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", pid))
	require.NoError(t, err)
	master, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	require.NoError(t, err)
	var workers []string
	for _, child := range strings.Fields(string(list)) {
		program, err := os.Readlink("/proc/" + child + "/exe")
		require.NoError(t, err)
		if program == master {
			workers = append(workers, child)
		}
	}
	return workers
}
