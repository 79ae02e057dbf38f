package requests

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// networkLoadBalancers is proxyProtocol with what a Network Load Balancer adds: types,
// lengths and values up to 84 bytes after the first 16
// (https://github.com/kubernetes/kubernetes/issues/57250). No source: a health check.
func networkLoadBalancers(source net.IP) []byte {
	header := proxyProtocol(source)
	if source == nil {
		header[13] = 0x11
	}
	binary.BigEndian.PutUint16(header[14:], 84)
	header = append(header, 0x03, 0, 4, 0xbc, 0xe5, 0x95, 0x1f) // PP2_TYPE_CRC32C
	padding := 100 - len(header) - 3
	header = append(header, 0x04, 0, byte(padding)) // PP2_TYPE_NOOP
	return append(header, make([]byte, padding)...)
}

// TestClientsAreBoundedByWhatProxyProtocolSays leaves requests unfinished, whose bodies
// are awaited, on both ports.
func TestClientsAreBoundedByWhatProxyProtocolSays(t *testing.T) {
	const bound = 5
	// awaited is how long a refusal, which comes at once, is waited for in vain.
	const awaited = 100 * time.Millisecond
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
		p := n.Start(t, proxytest.Render(t, "log.yaml", []byte(loggedRows)),
			append(nginxtest.Environment(u), "PORTICO_CLIENT_ADDRESS=proxy-protocol", "PORTICO_CLIENT_REQUESTS=5")...)
		connect := func(address string, header []byte) *tls.Conn {
			plain, err := net.Dial("tcp", address)
			require.NoError(t, err)
			t.Cleanup(func() { plain.Close() })
			_, err = plain.Write(header)
			require.NoError(t, err)
			return tls.Client(plain, &tls.Config{InsecureSkipVerify: true}) // as load balancers do
		}
		const unfinished = "Content-Length: 10"
		// answer is the status within a time; 0 while the proxy awaits the body.
		answer := func(conn *tls.Conn, within time.Duration, lines ...string) int {
			_, err := io.WriteString(conn, nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x", lines...))
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(within)))
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return 0
			}
			require.NoError(t, err)
			defer response.Body.Close()
			return response.StatusCode
		}
		one, another := net.IPv4(192, 0, 2, 1), net.IPv4(192, 0, 2, 2)
		for i := range bound + 2 {
			want, within := 0, awaited
			if i >= bound {
				want, within = http.StatusTooManyRequests, nginxtest.Patience
			}
			require.Equal(t, want, answer(connect(p.ProxyProtocolAddress(), networkLoadBalancers(one)), within, unfinished), "request %d of one client", i+1)
		}
		require.Equal(t, http.StatusOK, answer(connect(p.ProxyProtocolAddress(), networkLoadBalancers(another)), nginxtest.Patience))
		// While a Network Load Balancer turns to proxy protocol, all of its clients
		// come from its own address.
		for i := range 2 * bound {
			require.Equal(t, 0, answer(connect(p.Address, nil), awaited, unfinished), "request %d without proxy protocol", i+1)
		}
		require.Equal(t, http.StatusOK, answer(connect(p.Address, nil), nginxtest.Patience))
		checked := connect(p.ProxyProtocolAddress(), networkLoadBalancers(nil))
		_, err := io.WriteString(checked, nginxtest.RequestText("GET", "10.0.0.7", "/healthz"))
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(checked), nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
	})
}
