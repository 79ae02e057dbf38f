package live_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

const (
	endpointID   = "vpce-0a1b2c3d4e5f60718"
	endpointName = endpointID + "-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com"
	balancerName = "internal-portico.us-east-1.elb.amazonaws.com"
)

func face(name, address string, groups ...string) live.Interface {
	return live.Interface{Name: name, Address: netip.MustParseAddr(address), SecurityGroupIDs: groups}
}

// hops are the connections that the security groups of the fixture allow.
type hops map[string]bool

func (h hops) reach(from, to live.Interface, port uint16) error {
	hop := fmt.Sprintf("%s>%s:%d", from.SecurityGroupIDs[0], to.SecurityGroupIDs[0], port)
	if !h[hop] {
		return fmt.Errorf("no security group rule for %s", hop)
	}
	return nil
}

func openHops() hops {
	return hops{"sg-client>sg-lb:443": true, "sg-lb>sg-task:8443": true, "sg-task>sg-endpoint:443": true}
}

// getByReferer admits a GET that comes through the fixture's endpoint and names
// the host.
func getByReferer(host string) func(call live.Invocation) (bool, error) {
	return func(call live.Invocation) (bool, error) {
		return call.Method == http.MethodGet && call.Context["aws:SourceVpce"] == endpointID && call.Context["aws:Referer"] == host, nil
	}
}

func image(t *testing.T) live.Image {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Skip("nginx is not on PATH; install the package nginx")
	}
	data, err := os.ReadFile("testdata/image/entrypoint.sh")
	require.NoError(t, err)
	return live.Image{
		Files:      []live.File{{Name: "/etc/portico/entrypoint.sh", Mode: 0o755, Data: data}},
		Entrypoint: []string{"/etc/portico/entrypoint.sh"},
		StopSignal: "SIGQUIT",
	}
}

// environment is a load balancer, two tasks and an endpoint in two subnets,
// with one API behind api.private.example.com.
func environment(t *testing.T, protocol string) live.Environment {
	endpoint := live.Endpoint{
		ID: endpointID, VPCID: "vpc-1", DNSNames: []string{endpointName},
		Interfaces: []live.Interface{
			face("endpoint in subnet-1", "10.0.0.10", "sg-endpoint"),
			face("endpoint in subnet-2", "10.0.1.10", "sg-endpoint"),
		},
	}
	var tasks []live.Task
	for i, address := range []string{"10.0.0.20", "10.0.1.20"} {
		tasks = append(tasks, live.Task{
			Interface: face(fmt.Sprintf("task %d", i+1), address, "sg-task"), Ports: []uint16{8443}, Image: image(t),
			Environment: map[string]string{
				"PORTICO_UPSTREAMS":     "10.0.0.10:443,10.0.1.10:443",
				"PORTICO_ENDPOINT_NAME": endpointName,
			},
		})
	}
	targetProtocol, check := "HTTPS", live.HealthCheck{Protocol: "HTTPS", Path: "/healthz", Matcher: "200"}
	if protocol == "TLS" {
		targetProtocol = "TLS"
	}
	return live.Environment{
		Region: "us-east-1", Partition: "aws", VPCID: "vpc-1",
		Zones: []live.Zone{{Name: "private.example.com", VPCIDs: []string{"vpc-1"}, Records: []live.Record{
			{Name: "*.private.example.com", Type: "A", AliasTarget: balancerName},
		}}},
		PublicNames: map[string][]netip.Addr{
			balancerName: {netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.1.5")},
			endpointName: {netip.MustParseAddr("10.0.0.10"), netip.MustParseAddr("10.0.1.10")},
		},
		LoadBalancers: []live.LoadBalancer{{
			Name:       "portico",
			Interfaces: []live.Interface{face("load balancer 1", "10.0.0.5", "sg-lb"), face("load balancer 2", "10.0.1.5", "sg-lb")},
			Listeners: []live.Listener{{
				Port: 443, Protocol: protocol, SSLPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
				Certificates: []live.Certificate{
					{ARN: "arn:aws:acm:1", Names: []string{"*.other.example.com"}},
					{ARN: "arn:aws:acm:2", Names: []string{"*.private.example.com"}},
				},
				TargetGroup: live.TargetGroup{
					Name: "portico", Protocol: targetProtocol, HealthCheck: check,
					Targets: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.20:8443"), netip.MustParseAddrPort("10.0.1.20:8443")},
				},
			}},
		}},
		Tasks:     tasks,
		Endpoints: []live.Endpoint{endpoint},
		APIs: []live.API{{
			ID: "abc123", AccountID: "222222222222", Private: true,
			Stages: []string{"v1"}, Admit: getByReferer("api.private.example.com"),
		}},
		Reach: openHops().reach,
	}
}

var client = face("a client", "10.0.0.200", "sg-client")

func start(t *testing.T, e live.Environment) *live.Path {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	path, err := live.Start(ctx, e, live.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, path.Close(ctx))
	})
	return path
}

// connect speaks TLS as a client that trusts the rehearsal's authority.
func connect(t *testing.T, path *live.Path, host string) (*tls.Conn, error) {
	t.Helper()
	return connectFrom(t, path, client, host)
}

// connectFrom is connect from a network interface.
func connectFrom(t *testing.T, path *live.Path, client live.Interface, host string) (*tls.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	addresses, err := path.Resolve(ctx, host)
	require.NoError(t, err)
	conn, err := path.Network().Dial(ctx, client, netip.AddrPortFrom(addresses[0], 443))
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: path.Authority().Pool()})
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	t.Cleanup(func() { secure.Close() })
	require.NoError(t, secure.SetDeadline(time.Now().Add(10*time.Second)))
	return secure, nil
}

// exchange sends raw bytes and reads one response.
func exchange(t *testing.T, conn net.Conn, raw string) (int, []byte) {
	t.Helper()
	_, err := io.WriteString(conn, raw)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, body
}

func requireHealthy(t *testing.T, path *live.Path) {
	t.Helper()
	require.NotEmpty(t, path.Health())
	for _, health := range path.Health() {
		require.NoError(t, health.Reason, path.TaskLog())
	}
}

func TestARequestReachesTheAPI(t *testing.T) {
	for _, protocol := range []string{"HTTPS", "TLS"} {
		t.Run("through a listener for "+protocol, func(t *testing.T) {
			path := start(t, environment(t, protocol))
			requireHealthy(t, path)
			conn, err := connect(t, path, "api.private.example.com")
			require.NoError(t, err)
			code, body := exchange(t, conn,
				"GET /a%2Fb//c;x?q=%20&r=+ HTTP/1.1\r\nHost: api.private.example.com\r\nX_Under.Score: yes\r\nx-apigw-api-id: spoofed\r\nContent-Length: 0\r\n\r\n")
			require.Equal(t, http.StatusOK, code, string(body))
			var arrival live.Arrival
			require.NoError(t, json.Unmarshal(body, &arrival))
			require.Equal(t, "abc123", arrival.API)
			require.Equal(t, "222222222222", arrival.AccountID)
			require.Equal(t, "v1", arrival.Stage)
			require.Equal(t, "/a%2Fb//c;x", arrival.Path)
			require.Equal(t, "q=%20&r=+", arrival.Query)
			require.Equal(t, endpointID, arrival.SourceVPCE)
			require.Contains(t, []string{"10.0.0.20", "10.0.1.20"}, arrival.SourceIP)
			if protocol == "HTTPS" {
				require.Equal(t, []string{"10.0.0.200"}, arrival.Headers["X-Forwarded-For"])
				require.Equal(t, []string{"https"}, arrival.Headers["X-Forwarded-Proto"])
				require.Len(t, arrival.Headers["X-Amzn-Trace-Id"], 1)
			}
			// The same connection carries another request, with a chunked body.
			code, body = exchange(t, conn,
				"POST /p HTTP/1.1\r\nHost: api.private.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
			require.Equal(t, http.StatusForbidden, code)
			require.Contains(t, string(body), "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********2222:abc123/v1/POST/p")
		})
	}
}

func TestCertificatesAreChosenByServerName(t *testing.T) {
	e := environment(t, "HTTPS")
	e.Zones = append(e.Zones, live.Zone{Name: "other.example.com", VPCIDs: []string{"vpc-1"}, Records: []live.Record{
		{Name: "*.other.example.com", Type: "A", AliasTarget: balancerName},
		{Name: "other.example.com", Type: "A", AliasTarget: balancerName},
	}})
	path := start(t, e)
	for host, covered := range map[string]bool{
		"api.private.example.com":      true,
		"api.other.example.com":        true,
		"two.labels.other.example.com": false,
		"other.example.com":            false,
	} {
		_, err := connect(t, path, host)
		require.Equal(t, covered, err == nil, "%s: %v", host, err)
	}
}

func TestD26_OldTLSVersionsAreRefused(t *testing.T) {
	path := start(t, environment(t, "HTTPS"))
	conn, err := path.Network().Dial(context.Background(), client, netip.MustParseAddrPort("10.0.0.5:443"))
	require.NoError(t, err)
	defer conn.Close()
	old := tls.Client(conn, &tls.Config{
		ServerName: "api.private.example.com", RootCAs: path.Authority().Pool(),
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
	})
	require.ErrorContains(t, old.Handshake(), "protocol version")
}

func TestABlockedHopBlocks(t *testing.T) {
	for hop, check := range map[string]func(t *testing.T, path *live.Path){
		"sg-client>sg-lb:443": func(t *testing.T, path *live.Path) {
			_, err := connect(t, path, "api.private.example.com")
			require.ErrorIs(t, err, live.ErrUnreachable)
		},
		"sg-lb>sg-task:8443": func(t *testing.T, path *live.Path) {
			for _, health := range path.Health() {
				require.ErrorIs(t, health.Reason, live.ErrUnreachable)
			}
			conn, err := connect(t, path, "api.private.example.com")
			require.NoError(t, err)
			code, _ := exchange(t, conn, "GET / HTTP/1.1\r\nHost: api.private.example.com\r\n\r\n")
			require.Equal(t, http.StatusServiceUnavailable, code)
		},
		"sg-task>sg-endpoint:443": func(t *testing.T, path *live.Path) {
			requireHealthy(t, path)
			conn, err := connect(t, path, "api.private.example.com")
			require.NoError(t, err)
			code, _ := exchange(t, conn, "GET / HTTP/1.1\r\nHost: api.private.example.com\r\n\r\n")
			require.Equal(t, http.StatusBadGateway, code)
		},
	} {
		t.Run(hop, func(t *testing.T) {
			e := environment(t, "HTTPS")
			open := openHops()
			delete(open, hop)
			e.Reach = open.reach
			path := start(t, e)
			check(t, path)
			require.True(t, slices.ContainsFunc(path.Network().Refusals(), func(err error) bool {
				return strings.Contains(err.Error(), hop)
			}), "refusals: %v", path.Network().Refusals())
		})
	}
}

// TestD04_PlainHTTPToATLSPortFailsTheHealthCheck shows that a load balancer
// that decrypts and then speaks plain HTTP to the proxy's TLS port doesn't pass.
func TestD04_PlainHTTPToATLSPortFailsTheHealthCheck(t *testing.T) {
	e := environment(t, "TLS")
	group := &e.LoadBalancers[0].Listeners[0].TargetGroup
	group.Protocol, group.HealthCheck.Protocol = "TCP", "HTTP"
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	path, err := live.Start(ctx, e, live.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, path.Close(context.Background())) }()
	for _, health := range path.Health() {
		require.ErrorContains(t, health.Reason, "answers 400")
	}
}
