package rehearsal

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// threeRows are those of three hosts behind the proxy.
func threeRows() string {
	return movingRows(mapping.FrontDoorNGINX, mapping.FrontDoorNGINX, mapping.FrontDoorNGINX)
}

// networkLoadBalancer is the settings of an environment behind one.
func networkLoadBalancer(further map[string]any) map[string]any {
	balancer := map[string]any{"type": "NLB"}
	for key, value := range further {
		balancer[key] = value
	}
	return map[string]any{"portico:loadBalancer": balancer}
}

// withoutEngine brings an environment up in this process.
func (m *frontDoorChange) withoutEngine() func(document string) {
	p := m.programs
	return func(document string) {
		m.t.Helper()
		m.write(document)
		m.accounts.BuildIn(p.dir)
		p.bring(m.t, sharedProject, p.environment, p.dir, accounts.SharedIn(p.dir))
		dir := filepath.Join(p.dir, "accounts", "provider")
		files, err := filepath.Glob(filepath.Join(dir, "Pulumi.*.yaml"))
		require.NoError(m.t, err)
		for _, file := range files {
			stack := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
			p.bring(m.t, providerProject, stack, dir, accounts.ProviderIn(dir))
		}
	}
}

// TestANetworkLoadBalancerTurnsToProxyProtocolAndLosesNoRequest brings an environment
// from the form that earlier versions deployed to the present one, and back, while
// clients call its hosts without a pause and the data path follows every single step
// that the accounts take.
func TestANetworkLoadBalancerTurnsToProxyProtocolAndLosesNoRequest(t *testing.T) {
	m := newFrontDoorChange(t, movingRows(mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative))
	m.turnToProxyProtocol(m.withoutEngine())
}

// TestTheEngineTurnsANetworkLoadBalancerToProxyProtocol is the same with Pulumi's
// engine, as `portico up` runs it.
func TestTheEngineTurnsANetworkLoadBalancerToProxyProtocol(t *testing.T) {
	slowly(t)
	m := newFrontDoorChange(t, movingRows(mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative))
	m.turnToProxyProtocol(func(document string) { m.up(document) })
}

func (m *frontDoorChange) turnToProxyProtocol(up func(document string)) {
	const nginx = mapping.FrontDoorNGINX
	off, on := networkLoadBalancer(map[string]any{"proxyProtocol": false}), networkLoadBalancer(nil)
	m.config = off
	up(threeRows())
	m.follow()
	m.requireArriving(nginx, nginx, nginx)
	require.Equal(m.t, []uint16{8443}, m.targetPorts())
	require.False(m.t, m.arrivesByOwnAddress())
	for _, step := range []struct {
		config map[string]any
		ports  []uint16
		told   bool
	}{
		{on, []uint16{8443, 8444}, true},
		{on, []uint16{8444}, true},
		{off, []uint16{8443, 8444}, false},
		{off, []uint16{8443}, false},
	} {
		m.config = step.config
		up(threeRows())
		m.requireArriving(nginx, nginx, nginx)
		require.Equal(m.t, step.ports, m.targetPorts())
		require.Equal(m.t, step.told, m.arrivesByOwnAddress())
	}
	m.end()
}

// targetPorts are the ports of the account's target groups, sorted.
func (m *frontDoorChange) targetPorts() []uint16 {
	var ports []uint16
	for _, group := range view.All[view.TargetGroup](m.accounts, awssim.Filter{Account: string(sharedAccount)}) {
		ports = append(ports, group.Port)
	}
	slices.Sort(ports)
	return ports
}

// arrivesByOwnAddress reports whether the API is told the address of the client that
// calls it.
func (m *frontDoorChange) arrivesByOwnAddress() bool {
	m.t.Helper()
	const host = "a.moving.example.com"
	addresses, err := m.path.Resolve(m.t.Context(), host)
	require.NoError(m.t, err)
	answer, err := call(m.t.Context(), m.path, m.client, netip.AddrPortFrom(addresses[0], httpsPort), host,
		request{method: http.MethodGet, target: "/pets/1", host: host, fields: []string{credentials}})
	require.NoError(m.t, err)
	require.NotNil(m.t, answer.arrival, "%s", answer.body)
	return slices.Equal([]string{m.client.Address.String()}, answer.arrival.Headers["X-Forwarded-For"])
}

// output is what the tasks write.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(data)
}

// clients are the field client of the log's lines, by trace ID.
func (o *output) clients() map[string]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	clients := map[string]string{}
	for line := range strings.Lines(o.text.String()) {
		var fields struct {
			Client  string `json:"client"`
			TraceID string `json:"trace_id"`
		}
		if json.Unmarshal([]byte(line), &fields) == nil && fields.TraceID != "" {
			clients[fields.TraceID] = fields.Client
		}
	}
	return clients
}

// behindNLB makes an environment behind a Network Load Balancer live, in which a client
// may have few requests under way in a task, and returns two clients and where the
// balancer listens.
func behindNLB(t *testing.T, requests int) (path *live.Path, log *output, clients [2]live.Interface, address netip.AddrPort) {
	t.Helper()
	m := newFrontDoorChange(t, movingRows(mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative))
	m.config = networkLoadBalancer(nil)
	m.config["portico:proxy"] = map[string]any{"clientRequests": requests}
	m.withoutEngine()(threeRows())
	environment, workloads, err := environmentOf(m.accounts, string(sharedAccount), "us-east-1")
	require.NoError(t, err)
	log = &output{}
	path, err = live.Start(t.Context(), *environment, live.Options{Dir: t.TempDir(), Output: log})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		require.NoError(t, path.Close(ctx))
	})
	for _, health := range path.Health() {
		require.NoError(t, health.Reason, path.TaskLog())
	}
	for i := range clients {
		clients[i] = workloads[environment.VPCID]
		clients[i].Name += []string{", one", ", another"}[i]
		clients[i].Address = netip.AddrFrom4([4]byte{10, 0, 0, byte(201 + i)})
	}
	addresses, err := path.Resolve(t.Context(), bounded)
	require.NoError(t, err)
	return path, log, clients, netip.AddrPortFrom(addresses[0], httpsPort)
}

const bounded = "a.moving.example.com"

// TestClientsOfANetworkLoadBalancerAreBoundedOneByOne has one client leave as many
// requests unfinished as it may have under way, and more.
func TestClientsOfANetworkLoadBalancerAreBoundedOneByOne(t *testing.T) {
	const requests, tasks = 4, maxTasks
	path, log, clients, address := behindNLB(t, requests)
	get := func(from live.Interface, trace string) int {
		answer, err := call(t.Context(), path, from, address, bounded, request{method: http.MethodGet, target: "/x", host: bounded,
			fields: []string{credentials, "X-Amzn-Trace-Id: " + trace}})
		require.NoError(t, err)
		return answer.code
	}
	require.Equal(t, http.StatusOK, get(clients[0], "one"))
	require.Equal(t, http.StatusOK, get(clients[1], "another"))

	var refused atomic.Int32
	for range requests*tasks + 6 {
		conn, err := handshake(t.Context(), path, clients[0], address, &tls.Config{ServerName: bounded})
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: "+bounded+"\r\nContent-Length: 10\r\n\r\n")
		require.NoError(t, err)
		go func() {
			// The others wait for their body until the test ends.
			if answer, err := read(conn, http.MethodGet); err == nil && answer.code == http.StatusTooManyRequests {
				refused.Add(1)
			}
		}()
	}
	require.Eventually(t, func() bool { return refused.Load() == 6 }, 10*time.Second, 20*time.Millisecond, "%d of one client may be under way in each task", requests)
	require.Equal(t, http.StatusTooManyRequests, get(clients[0], "one, more"))
	require.EqualValues(t, 6, refused.Load())
	for range 2 * tasks {
		require.Equal(t, http.StatusOK, get(clients[1], "another, still"))
	}
	require.Eventually(t, func() bool { return len(log.clients()) == 4 }, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, map[string]string{"one": "10.0.0.201", "one, more": "10.0.0.201", "another": "10.0.0.202", "another, still": "10.0.0.202"}, log.clients())
}

// TestACallerCanNotNameAnotherAddressByProxyProtocol sends a header of its own to the
// load balancer, before TLS and within it.
func TestACallerCanNotNameAnotherAddressByProxyProtocol(t *testing.T) {
	path, log, clients, address := behindNLB(t, 100)
	spoofed := append([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"), 192, 0, 2, 66, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb)
	const asked = "GET /x HTTP/1.1\r\nHost: " + bounded + "\r\nX-Amzn-Trace-Id: spoofed\r\n" + credentials + "\r\n\r\n"

	plain, err := path.Network().Dial(t.Context(), clients[0], address)
	require.NoError(t, err)
	defer plain.Close()
	_, err = plain.Write(spoofed)
	require.NoError(t, err)
	require.Error(t, tls.Client(plain, &tls.Config{ServerName: bounded, RootCAs: path.Roots()}).HandshakeContext(t.Context()), "the load balancer ends TLS, and takes nothing before it")

	for sentence, begin := range map[string]string{"version 2": string(spoofed), "version 1": "PROXY TCP4 192.0.2.66 10.0.0.1 12345 443\r\n"} {
		conn, err := handshake(t.Context(), path, clients[0], address, &tls.Config{ServerName: bounded})
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, begin+asked)
		require.NoError(t, err)
		answer, err := read(conn, http.MethodGet)
		if err == nil {
			require.Equal(t, http.StatusBadRequest, answer.code, sentence)
		} else {
			require.NotErrorIs(t, err, net.ErrClosed, sentence)
		}
	}
	answer, err := call(t.Context(), path, clients[0], address, bounded, request{method: http.MethodGet, target: "/x", host: bounded,
		fields: []string{credentials, "X-Amzn-Trace-Id: honest"}})
	require.NoError(t, err)
	require.Equal(t, []string{"10.0.0.201"}, answer.arrival.Headers["X-Forwarded-For"])
	require.Eventually(t, func() bool { return log.clients()["honest"] != "" }, 10*time.Second, 50*time.Millisecond)
	for trace, client := range log.clients() {
		require.Equal(t, "10.0.0.201", client, trace)
	}
}
