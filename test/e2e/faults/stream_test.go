package faults

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// stopOrder is what a deployment leaves to requests under way: the target group's
// deregistration delay, and then the time between SIGQUIT and SIGKILL.
type stopOrder struct{ deregistration, stop time.Duration }

// The delays of the program (TestStreamsEndBeforeTheirTaskDoes and
// TestADeploymentWaitsForTheLongestAnswerUnlessThereIsNoneYet of package accounts),
// for a default row and for one with STREAM.
var (
	ofDefault = stopOrder{40 * time.Second, 40 * time.Second}
	ofStreams = stopOrder{910 * time.Second, 120 * time.Second}
)

// streamPace is how many seconds of a deployment one of the test is: the stream of
// streamFor is one of 120 seconds.
const (
	streamPace = 40
	streamFor  = 3 * time.Second
)

// TestADeploymentCutsNoStream has a task stopped, in the order that ECS keeps, while
// an API streams its answer for two minutes through it.
func TestADeploymentCutsNoStream(t *testing.T) {
	for name, c := range map[string]struct {
		stream bool
		order  stopOrder
		whole  bool
	}{
		"a row with STREAM":           {true, ofStreams, true},
		"a default row, which is cut": {false, ofDefault, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			api := streamingEndpoint(t, a.good(t))
			context := proxytest.Render(t, "streams.yaml", fmt.Appendf(nil, `APIS:
  - CUSTOM_DOMAIN_URL: %s
    PRIVATE_API_URL: https://abcdefghij.execute-api.us-east-1.amazonaws.com/dev
    STREAM: %t
`, host, c.stream))
			p := proxytest.Newest(t).Start(t, context, environment(a, nil, api)...)
			b := newBalancer(t)
			task := b.register(p.Address)

			type answer struct {
				text string
				err  error
			}
			answered := make(chan answer, 1)
			begun := make(chan struct{})
			go func() {
				text, err := readStream(b.address, begun)
				answered <- answer{text, err}
			}()
			<-begun

			drained := make(chan struct{})
			go func() { b.deregister(task); close(drained) }()
			select {
			case <-drained:
			case <-time.After(c.order.deregistration / streamPace):
			}
			require.NoError(t, p.Process().Signal(syscall.SIGQUIT))
			select {
			case <-p.Exited():
			case <-time.After(c.order.stop / streamPace):
				require.NoError(t, syscall.Kill(-p.Process().Pid, syscall.SIGKILL))
			}
			got := <-answered
			require.Equal(t, c.whole, got.err == nil && strings.HasSuffix(got.text, "end\n"), "%v after %q", got.err, got.text)
		})
	}
}

// readStream reads an answer through the balancer, and closes begun at its first part.
func readStream(address string, begun chan struct{}) (string, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		close(begun)
		return "", err
	}
	request.Host = host
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		close(begun)
		return "", err
	}
	defer response.Body.Close()
	first := make([]byte, 5)
	_, err = io.ReadFull(response.Body, first)
	close(begun)
	if err != nil {
		return string(first), err
	}
	rest, err := io.ReadAll(response.Body)
	return string(first) + string(rest), err
}

// streamingEndpoint answers every request with parts of a line for streamFor.
func streamingEndpoint(t *testing.T, certificate tls.Certificate) *endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for begin := time.Now(); time.Since(begin) < streamFor; time.Sleep(50 * time.Millisecond) {
				if _, err := io.WriteString(w, "part\n"); err != nil {
					return
				}
				if err := http.NewResponseController(w).Flush(); err != nil {
					return
				}
			}
			_, _ = io.WriteString(w, "end\n")
		}),
		ReadHeaderTimeout: time.Minute,
	}
	go func() {
		// Serve ends when the test closes the server; it has no other end.
		_ = server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}}))
	}()
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return &endpoint{address: listener.Addr().String()}
}
