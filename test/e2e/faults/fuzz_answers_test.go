package faults

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// answerSeeds are answers, whose bodies name the request that they belong to.
var answerSeeds = []string{
	"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" + mark,
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" + mark + "\r\n0\r\n\r\n",
	"HTTP/1.1 302 Found\r\nLocation: /dev/items/" + mark + "\r\nContent-Location: /dev/\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nSet-Cookie: a=" + mark + "; Path=/dev/x; Domain=abcdefghij.execute-api.us-east-1.amazonaws.com\r\nSet-Cookie: b=c\r\nContent-Length: 2\r\n\r\n{}",
	"HTTP/1.1 200 OK\r\nLink: </dev/a>; rel=next, <https://abcdefghij.execute-api.us-east-1.amazonaws.com/dev/b>; rel=prev\r\nRefresh: 5; url=/dev/c\r\nContent-Length: 17\r\n\r\n" + mark,
	"HTTP/1.1 500 Oops\r\nx-amzn-RequestId: " + mark + "\r\nX-Accel-Redirect: //healthz\r\nContent-Length: 2\r\n\r\n{}",
	"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"" + mark + "\"\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </dev/a>\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n" + mark,
}

// answerTokens are pieces on whose handling parsers of answers differ.
var answerTokens = []string{
	"\r\n", "\n", "\r", "\r\n\r\n", "\x00", " ", "\t", "\xff\xfe", "\"", "\\", "<", ">", ";", ",", "//", "/dev", "https://", "|",
	"HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/2 200\r\n", "HTTP/1.1 999 \r\n",
	"Content-Length: 0\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
	"Connection: close\r\n", "Connection: keep-alive\r\n", "Location: //evil.example.net\r\n", "Set-Cookie: \xff=1; Path=\r\n", "x-amzn-RequestId: \xff\"\\\x01\r\n",
	"0\r\n\r\n", "ffffffffffffffff\r\n", "1;x=y\r\nz\r\n", strings.Repeat("A", 3000), strings.Repeat("a.", 1500),
}

func mutateAnswer(random *rand.Rand) []byte {
	b := []byte(answerSeeds[random.IntN(len(answerSeeds))])
	for range random.IntN(6) {
		at := random.IntN(len(b) + 1)
		switch random.IntN(5) {
		case 0:
			b = slices.Insert(b, at, []byte(answerTokens[random.IntN(len(answerTokens))])...)
		case 1:
			b = slices.Delete(b, at, min(at+1+random.IntN(12), len(b)))
		case 2:
			if at < len(b) {
				b[at] ^= 1 << random.IntN(8)
			}
		case 3:
			b = append(b, answerSeeds[random.IntN(len(answerSeeds))]...)
		case 4: // at the border of lines, where headers begin
			if line := bytes.IndexByte(b[at:], '\n'); line >= 0 {
				b = slices.Insert(b, at+line+1, []byte(answerTokens[random.IntN(len(answerTokens))])...)
			}
		}
	}
	return b[:min(len(b), 7000)]
}

// TestNoAnswerBreaksTheProxy holds that no answer of an API ends a worker, goes to
// another request, spoils one, or leaves a byte in the log that has to be escaped.
func TestNoAnswerBreaksTheProxy(t *testing.T) {
	const asked = "X-Asked-Answer"
	options := nginxtest.UpstreamOptions{Authority: nginxtest.NewAuthority(t), Answer: func(r nginxtest.Request) []byte {
		id := strings.Join(r.Values("X-Request-Id"), "")
		if wanted := r.Values(asked); len(wanted) == 1 {
			answer, _ := hex.DecodeString(wanted[0]) // the test's own, which is well-formed
			return bytes.ReplaceAll(answer, []byte(mark), []byte(id))
		}
		path, _, _ := strings.Cut(r.Target(), "?")
		return nginxtest.OK(load.Echo(path, id, string(r.Body)))
	}}
	p := proxytest.Newest(t).Start(t, contextOf(t, 5*time.Second), append(nginxtest.Environment(nginxtest.NewUpstream(t, options), nginxtest.NewUpstream(t, options)), "PORTICO_WORKERS=2")...)
	var workers []string
	require.Eventually(t, func() bool {
		workers = children(t, p)
		return len(workers) == 2
	}, nginxtest.Patience, 5*time.Millisecond)

	f := &fuzzer{address: p.Address}
	ask := func(answer []byte, own string, impatient bool) []byte {
		return f.exchange([]byte(nginxtest.RequestText("GET", host, "/items/"+own, "X-Request-Id: "+own, asked+": "+hex.EncodeToString(answer))), impatient)
	}
	for _, status := range []string{"000", "009", "012", "099", "100", "999"} {
		ask([]byte("HTTP/1.1 "+status+" Odd\r\nContent-Length: 0\r\n\r\n"), "m0000000000000000", false)
	}
	others := load.Start(load.Options{Address: p.Address, Host: host, Connections: 4, Rate: 40, PostEvery: 4})
	var foreign []string
	var mu sync.Mutex
	var sent atomic.Int64
	until := time.Now().Add(fuzzLasts())
	var running sync.WaitGroup
	for n := range uint64(4) {
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), n))
			for time.Now().Before(until) {
				wanted, own := mutateAnswer(random), fmt.Sprintf("m%016x", random.Uint64())
				got := ask(wanted, own, random.IntN(4) == 0)
				sent.Add(1)
				for _, found := range marks.FindAll(got, -1) {
					// A mutation may make what looks like another's mark.
					if string(found) != own && distance(string(found), own) > 6 && !bytes.Contains(wanted, found) {
						mu.Lock()
						foreign = append(foreign, fmt.Sprintf("%q got %q", wanted, got))
						mu.Unlock()
					}
				}
			}
		})
	}
	running.Wait()
	report := others.Stop()
	t.Logf("%d mutated answers; beside them %v", sent.Load(), report)
	require.Positive(t, sent.Load())
	require.Empty(t, foreign, "answers went to who hadn't asked")
	require.Empty(t, report.Failed(), "others' requests were spoiled")
	require.Equal(t, workers, children(t, p), "a worker was replaced")
	for _, severe := range []string{"exited on signal", "[alert]", "[emerg]"} {
		require.NotContains(t, p.Stderr(), severe)
	}
	log := p.Stdout()
	for line := range strings.Lines(log[:strings.LastIndexByte(log, '\n')+1]) {
		require.LessOrEqual(t, len(line), 4096, "%.200q", line)
		require.True(t, utf8.ValidString(line) && json.Valid([]byte(line)), "%.300q", line)
	}
}
