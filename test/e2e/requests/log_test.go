package requests

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

const loggedRows = `
APIS:
  - {CUSTOM_DOMAIN_URL: api.corp.example.com/v1, PRIVATE_API_URL: "https://abase.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: "*.wild.corp.example.com", PRIVATE_API_URL: "https://awild.execute-api.us-east-1.amazonaws.com/prod"}
`

// longestLine is what a pipe takes in one piece: PIPE_BUF.
const longestLine = 4096

// logLine is the part of a line of the access log that tests compare.
type logLine struct {
	Host, Route, Verb, Client string
	Connection, Request       int
	Status                    int
	TraceID                   string `json:"trace_id"`
	Traceparent               string
	TLS                       string
}

// requireLogLine holds a line to what every line has to be.
func requireLogLine(t *testing.T, line []byte) logLine {
	t.Helper()
	require.LessOrEqual(t, len(line)+1, longestLine, "%.200q", line)
	require.True(t, utf8.Valid(line), "%.200q", line)
	var l logLine
	require.NoError(t, json.Unmarshal(line, &l), "%.300q", line)
	return l
}

// hostileRequests are what a caller may try to break the log with.
func hostileRequests() []string {
	long := strings.Repeat("x\"\\", 4000)
	var all []string
	for _, value := range []string{"Root=1-\xff\xfe", long, "Root=1-é\x80", "a\tb", strings.Repeat("\xff", 12000)} {
		all = append(all,
			nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", "X-Amzn-Trace-Id: "+value),
			nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", "Traceparent: "+value, "Tracestate: "+value),
			nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", "Traceparent: 00-ab\",\"weight\":0,"+value),
			nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", "Traceparent: "+strings.Repeat("0a-", 2000), "X-Amzn-Trace-Id: "+value),
			nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", "X-Forwarded-For: "+value),
			nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", "User-Agent: "+value, "Referer: "+value))
	}
	for _, host := range []string{"\xff\xfe.wild.corp.example.com", strings.Repeat("h", 9000) + ".wild.corp.example.com", strings.Repeat("\xff", 9000), "a\"b\\.wild.corp.example.com"} {
		all = append(all, nginxtest.RequestText("GET", host, "/v1/x"))
	}
	return append(all,
		nginxtest.RequestText(strings.Repeat("VERB", 3000), "api.corp.example.com", "/v1/x"),
		nginxtest.RequestText("GET", "api.corp.example.com", "/v1/"+long),
		nginxtest.RequestText("GET", "api.corp.example.com", "/v1/\xff\xfe"))
}

// TestLogsStayLinesWhateverCallersSend sends what may break a line to two
// workers, whose standard output and error are read so slowly that they have to
// wait.
func TestLogsStayLinesWhateverCallersSend(t *testing.T) {
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: func(nginxtest.Request) []byte {
			return nginxtest.OK("{}", "x-amzn-RequestId: \xff"+strings.Repeat("r\"", 3000))
		}})
		reader, writer, err := os.Pipe()
		require.NoError(t, err)
		defer reader.Close()
		p := nginxtest.StartWriting(t, writer, proxytest.Render(t, "log.yaml", []byte(loggedRows)),
			append(nginxtest.Environment(u), n.Path(), "PORTICO_WORKERS=2", "PORTICO_CLIENT_ADDRESS=forwarded", "PORTICO_ERROR_LEVEL=info",
				"PORTICO_LOG_SAMPLE=100")) // which adds fields, and leaves no line out
		require.NoError(t, writer.Close())

		var log bytes.Buffer
		read := make(chan struct{})
		go func() {
			defer close(read)
			piece := make([]byte, 1000)
			for {
				n, err := reader.Read(piece)
				log.Write(piece[:n])
				if err != nil {
					return
				}
				time.Sleep(50 * time.Microsecond) // the slow reader is what is tried
			}
		}()
		var clients sync.WaitGroup
		const each, callers = 10, 4
		for range callers {
			clients.Go(func() {
				for range each {
					for _, request := range hostileRequests() {
						exchange(p.Address, request)
					}
				}
			})
		}
		clients.Wait()
		require.NoError(t, p.Process().Signal(os.Interrupt))
		<-p.Exited()
		<-read

		lines := bytes.Split(bytes.TrimSuffix(log.Bytes(), []byte("\n")), []byte("\n"))
		require.GreaterOrEqual(t, len(lines), each*callers*10)
		for _, line := range lines {
			require.LessOrEqual(t, len(requireLogLine(t, line).Traceparent), 55)
			require.Contains(t, string(line), `,"weight":1,"sampled":1,`)
		}
		for line := range strings.Lines(p.Stderr()) {
			require.LessOrEqual(t, len(line), 2048, "%.200q", line)
			require.True(t, utf8.ValidString(line), "%.200q", line)
			require.NotContains(t, line, "\x00")
		}
	})
}

// spelledRows have a wider row and a narrower one, whose odd spellings are
// refused.
const spelledRows = `
APIS:
  - {CUSTOM_DOMAIN_URL: root.corp.example.com, PRIVATE_API_URL: "https://aroot.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: shop.corp.example.com/v1, PRIVATE_API_URL: "https://ashop.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: shop.corp.example.com/v1/admin, PRIVATE_API_URL: "https://ashop.execute-api.us-east-1.amazonaws.com/prod/admin", VERBS: [GET]}
`

// TestNoPathExceedsTheLimitsOfExpressions sends long paths that make regular
// expressions try much, and answers with long values that do. An expression that
// gives up is an alert with the caller's path, and a 500.
func TestNoPathExceedsTheLimitsOfExpressions(t *testing.T) {
	const most = 15_000
	pieces := []string{"%25", "25", "%2525", "%", "%2f", "/", "/a", "\\", "%5c", "%252f", "/%2525", ";", "/;", ".", "/...", "%2e", "%c0%af", "%e0%80%af", "\xc0", "%7E", "/%7E", "admin/", "/admin;", "admin%2f", "/ADMIN.", "%61dmin", "%3", "%2532%2566", "+", "/-"}
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		long := strings.Repeat("a.", most/4)
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: func(nginxtest.Request) []byte {
			return nginxtest.OK("{}", "Set-Cookie: a=b; Path=/"+strings.Repeat("prod/", 300)+"; Domain="+long+"x", "Link: "+strings.Repeat("<a>", 1000), "Content-Location: /prod"+strings.Repeat("/", 1000))
		}})
		p := n.Start(t, proxytest.Render(t, "spelled.yaml", []byte(spelledRows)), nginxtest.Environment(u)...)
		for _, piece := range pieces {
			for _, beginning := range []string{"/", "/v1/", "/v1/x", "/v1//admin", "/v1/admi", "/%"} {
				path := beginning + strings.Repeat(piece, most/len(piece))
				if strings.Contains(piece, "%") && strings.HasSuffix(beginning, "%") {
					continue // no percent-encoding at all
				}
				for _, host := range []string{"root.corp.example.com", "shop.corp.example.com", "unknown.example.com"} {
					answer := p.Send(t, nginxtest.RequestText("GET", host, path))
					require.Contains(t, []int{200, 400, 404, 414}, answer.Status, "%s%.40s", host, path)
				}
			}
		}
		require.NotContains(t, p.Stderr(), "pcre")
		require.NotContains(t, p.Stderr(), "[alert]")
	})
}

// exchange sends a request on a connection of its own and waits for an answer,
// of whatever kind.
func exchange(address, request string) {
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // as load balancers do
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(nginxtest.Patience))
	_, _ = io.WriteString(conn, request)
	if response, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

// proxyProtocol is a header of version 2 for a TCP connection over IPv4
// (haproxy.org, proxy-protocol.txt, section 2.2); a nil source: LOCAL, as a
// load balancer's health checks are.
func proxyProtocol(source net.IP) []byte {
	header := []byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00")
	if source == nil {
		return header
	}
	header[12], header[13] = 0x21, 0x11
	binary.BigEndian.PutUint16(header[14:], 12)
	header = append(append(header, source.To4()...), 10, 0, 0, 1)
	return append(header, 0x30, 0x39, 0x01, 0xbb)
}

func TestTheClientsAddressIsLogged(t *testing.T) {
	tests := map[string]struct {
		mode  string
		lines []string
		// source is what the load balancer says by proxy protocol.
		source    net.IP
		protocol  bool
		client    string
		forwarded string
	}{
		"peer":                                {mode: "", lines: []string{"X-Forwarded-For: 192.0.2.1"}, client: "127.0.0.1", forwarded: "192.0.2.1, 127.0.0.1"},
		"forwarded":                           {mode: "forwarded", lines: []string{"X-Forwarded-For: 192.0.2.66, 192.0.2.1"}, client: "192.0.2.1", forwarded: "192.0.2.66, 192.0.2.1, 127.0.0.1"},
		"forwarded with a port":               {mode: "forwarded", lines: []string{"X-Forwarded-For: 192.0.2.1:50000"}, client: "192.0.2.1", forwarded: "192.0.2.1:50000, 127.0.0.1"},
		"forwarded over IPv6":                 {mode: "forwarded", lines: []string{"X-Forwarded-For: 2001:db8::1"}, client: "2001:db8::1", forwarded: "2001:db8::1, 127.0.0.1"},
		"forwarded over IPv6 with a port":     {mode: "forwarded", lines: []string{"X-Forwarded-For: [2001:db8::1]:50000"}, client: "2001:db8::1", forwarded: "[2001:db8::1]:50000, 127.0.0.1"},
		"forwarded in two lines":              {mode: "forwarded", lines: []string{"X-Forwarded-For: 192.0.2.66", "X-Forwarded-For: 192.0.2.1"}, client: "192.0.2.1", forwarded: "192.0.2.66, 192.0.2.1, 127.0.0.1"},
		"forwarded without an address":        {mode: "forwarded", lines: []string{"X-Forwarded-For: unknown"}, client: "127.0.0.1", forwarded: "unknown, 127.0.0.1"},
		"forwarded without":                   {mode: "forwarded", client: "127.0.0.1", forwarded: "127.0.0.1"},
		"proxy protocol":                      {mode: "proxy-protocol", protocol: true, source: net.IPv4(192, 0, 2, 1), client: "192.0.2.1", forwarded: "192.0.2.1"},
		"proxy protocol, and a caller's word": {mode: "proxy-protocol", protocol: true, source: net.IPv4(192, 0, 2, 1), lines: []string{"X-Forwarded-For: 192.0.2.66"}, client: "192.0.2.1", forwarded: "192.0.2.66, 192.0.2.1"},
		"proxy protocol on the other port":    {mode: "proxy-protocol", client: "127.0.0.1", forwarded: "127.0.0.1"},
		"proxy protocol of a load balancer":   {mode: "proxy-protocol", protocol: true, client: "127.0.0.1", forwarded: "127.0.0.1"},
	}
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		proxies := make(map[string]*nginxtest.Proxy)
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
		for _, mode := range []string{"", "forwarded", "proxy-protocol"} {
			proxies[mode] = n.Start(t, proxytest.Render(t, "log.yaml", []byte(loggedRows)), append(nginxtest.Environment(u), "PORTICO_CLIENT_ADDRESS="+mode)...)
		}
		for name, test := range tests {
			p := proxies[test.mode]
			address := p.Address
			if test.protocol {
				address = p.ProxyProtocolAddress()
			}
			plain, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer plain.Close()
			if test.protocol {
				_, err := plain.Write(proxyProtocol(test.source))
				require.NoError(t, err)
			}
			conn := tls.Client(plain, &tls.Config{InsecureSkipVerify: true}) // as load balancers do
			_, err = io.WriteString(conn, nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", append(test.lines, "X-Amzn-Trace-Id: "+name)...))
			require.NoError(t, err)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			requests := u.Requests()
			require.Equal(t, []string{test.forwarded}, requests[len(requests)-1].Values("X-Forwarded-For"), name)
		}
		logged := make(map[string]string)
		require.Eventually(t, func() bool {
			for _, p := range proxies {
				for line := range strings.Lines(p.Stdout()) {
					l := requireLogLine(t, []byte(line))
					logged[l.TraceID] = l.Client
				}
			}
			return len(logged) == len(tests)
		}, nginxtest.Patience, 50*time.Millisecond)
		for name, test := range tests {
			require.Equal(t, test.client, logged[name], name)
		}
	})
}

// TestMessagesAboutTheProxyProtocolAreLines sends what is no header of the proxy
// protocol, with lines in it that look like messages.
func TestMessagesAboutTheProxyProtocolAreLines(t *testing.T) {
	const forged = "2026/11/28 07:00:00 [emerg] 7#7: forged"
	sent := []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"PROXY x\n" + forged + "\r\n",
		"PROXY TCP4 192.0.2.1\n" + forged + "\n",
		"\n" + forged + "\n" + forged,
		strings.Repeat("\n", 60) + forged + "\n",
		"\r\n\r\n\x00\r\nQUIT\n\x51\x11\x00\x0c\n" + forged + "\n",
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\xff\n" + forged + "\n",
		strings.Repeat("x", 5000) + "\n" + forged + "\n",
	}
	message := regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: \*\d+ [ -~]+ while reading PROXY protocol\n$`)
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
		p := n.Start(t, proxytest.Render(t, "log.yaml", []byte(loggedRows)), append(nginxtest.Environment(u), "PORTICO_CLIENT_ADDRESS=proxy-protocol")...)
		for _, text := range sent {
			conn, err := net.Dial("tcp", p.ProxyProtocolAddress())
			require.NoError(t, err)
			_, _ = io.WriteString(conn, text) // may be refused before all is there
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(nginxtest.Patience)))
			_, _ = io.Copy(io.Discard, conn)
			require.NoError(t, conn.Close())
		}
		require.Eventually(t, func() bool { return strings.Count(p.Stderr(), "\n") >= len(sent) }, nginxtest.Patience, 20*time.Millisecond)
		for line := range strings.Lines(p.Stderr()) {
			require.Regexp(t, message, line)
			require.NotContains(t, line, "forged")
		}
	})
}
