package nginxconf_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
)

func TestD06_BodiesOfTenMegabytesPass(t *testing.T) {
	cors := route("cors.example.com", "", "cors", "")
	cors.CORS = true
	p, u := start(t, route("api.example.com", "", "abc123", ""), cors)
	const limit = 10 << 20
	post := func(size int) string {
		return "POST /x HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: " + strconv.Itoa(size) + "\r\n\r\n" + strings.Repeat("b", size)
	}
	for _, size := range []int{0, 1, 2 << 20, limit} {
		before := len(u.Requests())
		require.Equal(t, 200, p.Send(t, post(size)).Status)
		require.Len(t, u.Requests()[before].Body, size)
	}
	arrivedBefore := len(u.Requests())
	for host, origin := range map[string]string{"api.example.com": "", "cors.example.com": "*"} {
		tooLarge := "Content-Length: " + strconv.Itoa(limit+1)
		answer := p.Send(t, nginxtest.RequestText("POST", host, "/x", tooLarge))
		require.Equal(t, 413, answer.Status)
		require.Equal(t, origin, answer.Header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, message(t, answer), "10 MB")
	}
	require.Len(t, u.Requests(), arrivedBefore)

	chunk := strconv.FormatInt(limit+1, 16) + "\r\n" + strings.Repeat("b", limit+1) + "\r\n0\r\n\r\n"
	require.Equal(t, 413, p.Send(t, nginxtest.RequestText("POST", "api.example.com", "/x", "Transfer-Encoding: chunked")+chunk).Status)
	require.Len(t, u.Requests(), arrivedBefore)
}

func TestChunkedBodiesArriveWithTheirLength(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "abc123", ""))
	require.Equal(t, 200, p.Send(t, "POST /x HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").Status)
	r := u.Requests()[0]
	require.Equal(t, "abcde", string(r.Body))
	require.Equal(t, []string{"5"}, r.Values("Content-Length"))
	require.Empty(t, r.Values("Transfer-Encoding"))
}

func TestErrorsOfTheProxyAreJSON(t *testing.T) {
	p, u := start(t, route("api.example.com", "", "abc123", ""))
	tests := map[string]struct {
		request string
		status  int
	}{
		"a request line that is none":       {"GARBAGE\r\n\r\n", 400},
		"a protocol that is none":           {"GET / HTTP/3.5\r\nHost: api.example.com\r\n\r\n", 505},
		"no host":                           {"GET / HTTP/1.1\r\n\r\n", 400},
		"two hosts":                         {"GET / HTTP/1.1\r\nHost: api.example.com\r\nHost: b.example.com\r\n\r\n", 400},
		"a host with a slash":               {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
		"a header without a name":           {"GET / HTTP/1.1\r\nHost: api.example.com\r\nX\x01: y\r\n\r\n", 400},
		"a header with a space in its name": {"GET / HTTP/1.1\r\nHost: api.example.com\r\nX y: z\r\n\r\n", 400},
		"a space in the path":               {"GET /a b HTTP/1.1\r\nHost: api.example.com\r\n\r\n", 400},
		"a URL that is too long":            {nginxtest.RequestText("GET", "api.example.com", "/"+strings.Repeat("x", 17000)), 414},
		"a header that is too long":         {nginxtest.RequestText("GET", "api.example.com", "/", "X: "+strings.Repeat("x", 17000)), 431},
		"a transfer encoding that is none":  {nginxtest.RequestText("POST", "api.example.com", "/", "Transfer-Encoding: gzip"), 501},
		"a length and chunks at once":       {nginxtest.RequestText("POST", "api.example.com", "/", "Content-Length: 1", "Transfer-Encoding: chunked"), 400},
		"CONNECT":                           {nginxtest.RequestText("CONNECT", "api.example.com", "/"), 405},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer := p.Send(t, test.request)
			require.Equal(t, test.status, answer.Status, "%s", answer.Body)
			message(t, answer)
		})
	}
	require.Empty(t, u.Requests())
}

func TestPlainHTTPToTheTLSPortIsRefusedAsJSON(t *testing.T) {
	p, _ := start(t, route("api.example.com", "", "abc123", ""))
	answer := p.SendPlain(t, nginxtest.RequestText("GET", "api.example.com", "/"))
	require.Equal(t, 400, answer.Status)
	message(t, answer)
}

func TestD08_UpstreamConnectionsAreKeptVerifiedAndNamed(t *testing.T) {
	p, u := start(t, route("a.example.com", "", "aaa", ""), route("b.example.com", "/v1", "bbb", ""))
	conn := nginxtest.NewConn(t, p)
	for range 100 {
		require.Equal(t, 200, conn.Send(t, nginxtest.RequestText("GET", "a.example.com", "/")).Status)
		require.Equal(t, 200, conn.Send(t, nginxtest.RequestText("GET", "b.example.com", "/v1")).Status)
	}
	require.Len(t, u.Handshakes(), 1, "one handshake serves every request of every host")
	require.Equal(t, nginxtest.EndpointName, u.Handshakes()[0].ServerName)
	require.GreaterOrEqual(t, u.Handshakes()[0].Version, uint16(tls.VersionTLS12))
	require.Contains(t, u.Requests()[0].Line, "HTTP/1.1")
	require.Empty(t, u.Requests()[0].Values("Connection"))
}

func TestTLSSessionsToTheEndpointAreResumed(t *testing.T) {
	p, u := start(t, route("a.example.com", "", "aaa", ""))
	require.Equal(t, 200, p.Get(t, "a.example.com", "/").Status)
	u.CloseConnections()
	require.Eventually(t, func() bool {
		return p.Get(t, "a.example.com", "/").Status == 200 && len(u.Handshakes()) > 1
	}, nginxtest.Patience, 10*time.Millisecond)
	require.True(t, u.Handshakes()[1].DidResume)
}

func TestTLSSessionsOfTheLoadBalancerAreResumed(t *testing.T) {
	p, _ := start(t, route("a.example.com", "", "aaa", ""))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{InsecureSkipVerify: true, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		for attempt := range 2 {
			conn, err := tls.Dial("tcp", p.Address, config)
			require.NoError(t, err)
			_, err = io.WriteString(conn, nginxtest.RequestText("GET", "10.0.0.1", "/healthz", "Connection: close"))
			require.NoError(t, err)
			// Tickets of TLS 1.3 come with the answer.
			_, err = io.ReadAll(conn)
			require.NoError(t, err)
			require.Equal(t, version, conn.ConnectionState().Version)
			require.Equal(t, attempt > 0, conn.ConnectionState().DidResume)
			require.NoError(t, conn.Close())
		}
	}
}

func TestAnEndpointThatIsNotVerifiedIsNotSpokenTo(t *testing.T) {
	nginxtest.Require(t)
	c := render(t, route("a.example.com", "", "aaa", ""))
	tests := map[string]func() (*nginxtest.Upstream, []string){
		"a certificate for another name": func() (*nginxtest.Upstream, []string) {
			u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{CertificateName: "other.example.com"})
			return u, nginxtest.Environment(u)
		},
		"a certificate of another authority": func() (*nginxtest.Upstream, []string) {
			u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
			return u, append(nginxtest.Environment(u), "PORTICO_CA_FILE="+nginxtest.NewAuthority(t).File)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u, environment := test()
			p := nginxtest.Start(t, c, environment)
			answer := p.Get(t, "a.example.com", "/")
			require.Equal(t, 502, answer.Status)
			message(t, answer)
			require.Empty(t, u.Requests())
		})
	}
}

// pair starts a proxy in front of two upstreams of one authority.
func pair(t *testing.T, c []topology.Route, answer func(nginxtest.Request) []byte) (*nginxtest.Proxy, [2]*nginxtest.Upstream) {
	t.Helper()
	nginxtest.Require(t)
	authority := nginxtest.NewAuthority(t)
	var us [2]*nginxtest.Upstream
	for i := range us {
		us[i] = nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Authority: authority, Answer: answer})
	}
	return nginxtest.Start(t, render(t, c...), append(nginxtest.Environment(us[:]...), "PORTICO_ERROR_LEVEL=info")), us
}

func TestD09_OneDeadAddressCostsNoRequest(t *testing.T) {
	p, us := pair(t, []topology.Route{route("a.example.com", "", "aaa", "")}, nil)
	conn := nginxtest.NewConn(t, p)
	for range 10 {
		require.Equal(t, 200, conn.Send(t, nginxtest.RequestText("GET", "a.example.com", "/")).Status)
	}
	require.NotEmpty(t, us[0].Requests())
	require.NotEmpty(t, us[1].Requests())
	us[0].Close()
	for range 100 {
		require.Equal(t, 200, conn.Send(t, nginxtest.RequestText("GET", "a.example.com", "/")).Status)
	}
}

func TestRequestsThatChangeSomethingAreNotRepeated(t *testing.T) {
	p, us := pair(t, []topology.Route{route("a.example.com", "", "aaa", "")}, func(nginxtest.Request) []byte { return nil })
	require.Equal(t, 502, p.Send(t, nginxtest.RequestText("POST", "a.example.com", "/", "Content-Length: 0")).Status)
	require.Equal(t, 1, len(us[0].Requests())+len(us[1].Requests()))
	require.Equal(t, 502, p.Send(t, nginxtest.RequestText("PATCH", "a.example.com", "/", "Content-Length: 0")).Status)
	require.Equal(t, 2, len(us[0].Requests())+len(us[1].Requests()))
	require.Equal(t, 502, p.Get(t, "a.example.com", "/").Status)
	require.Greater(t, len(us[0].Requests())+len(us[1].Requests()), 3, "a GET is tried at another address")
}

func TestRefusalsOfTheAPIAreNotRepeated(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503, 504} {
		p, us := pair(t, []topology.Route{route("a.example.com", "", "aaa", "")}, func(nginxtest.Request) []byte { return nginxtest.Answer(status, "no") })
		require.Equal(t, status, p.Get(t, "a.example.com", "/").Status)
		require.Equal(t, 1, len(us[0].Requests())+len(us[1].Requests()))
	}
}

func TestStreamedAnswersPassAsTheyCome(t *testing.T) {
	seen := make(chan struct{})
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Stream: func(w io.Writer, _ nginxtest.Request) error {
		_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n6\r\nfirst\n\r\n")
		if err != nil {
			return err
		}
		select {
		case <-seen:
		case <-time.After(nginxtest.Patience):
		}
		_, err = io.WriteString(w, "5\r\nlast\n\r\n0\r\n\r\n")
		return err
	}})
	p := nginxtest.Start(t, render(t, route("a.example.com", "", "aaa", "")), nginxtest.Environment(u))
	conn := nginxtest.NewConn(t, p)
	_, err := io.WriteString(conn, nginxtest.RequestText("GET", "a.example.com", "/"))
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	body := bufio.NewReader(response.Body)
	began := time.Now()
	line, err := body.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "first\n", line)
	require.Less(t, time.Since(began), nginxtest.Patience/2)
	close(seen)
	line, err = body.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "last\n", line)
}

func TestLargeAnswersArriveWhole(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 10<<20/16)
	p, _ := startAnswering(t, func(nginxtest.Request) []byte { return nginxtest.OK(body) }, route("a.example.com", "", "aaa", ""))
	// Equal would print both, 10 MB each.
	if got := string(p.Get(t, "a.example.com", "/").Body); got != body {
		t.Fatalf("%d bytes arrived of %d, or others", len(got), len(body))
	}
}

func TestD11_TimeoutsAreTheRows(t *testing.T) {
	release := make(chan struct{})
	var once sync.Once
	defer once.Do(func() { close(release) })
	quick, slow := route("quick.example.com", "", "quick", ""), route("slow.example.com", "", "slow", "")
	quick.Timeout, slow.Timeout = time.Second, 120*time.Second
	quick.CORS = true
	healthy := route("ok.example.com", "", "healthy", "")
	p, us := pair(t, []topology.Route{quick, slow, healthy}, func(r nginxtest.Request) []byte {
		if r.Values("x-apigw-api-id")[0] != "healthy" {
			<-release
		}
		return nginxtest.OK("late")
	})
	slowAnswer := make(chan nginxtest.Response, 1)
	slowConn := nginxtest.NewConn(t, p)
	go func() { slowAnswer <- slowConn.Send(t, nginxtest.RequestText("GET", "slow.example.com", "/")) }()

	for range 2 {
		began := time.Now()
		answer := p.Get(t, "quick.example.com", "/")
		require.Equal(t, 504, answer.Status)
		require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
		message(t, answer)
		took := time.Since(began)
		require.GreaterOrEqual(t, took, 900*time.Millisecond)
		require.Less(t, took, nginxtest.Patience, "another row's longer timeout is its own")
	}
	// Both addresses have now been blamed for a slow API.
	for range 20 {
		require.Equal(t, 200, p.Get(t, "ok.example.com", "/").Status, "a slow API takes no other API away")
	}
	count := 0
	for _, u := range us {
		for _, r := range u.Requests() {
			if r.Values("x-apigw-api-id")[0] == "quick" {
				count++
			}
		}
	}
	require.Equal(t, 2, count, "an answer that is late isn't asked for twice")
	once.Do(func() { close(release) })
	require.Equal(t, "late", string((<-slowAnswer).Body), "another row's longer timeout is its own")
}
