package live_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// endpointEnvironment is an endpoint that every client reaches and an API that
// admits every caller, without a proxy.
func endpointEnvironment() live.Environment {
	return live.Environment{
		Region: "us-east-1", Partition: "aws",
		Endpoints: []live.Endpoint{{
			ID: endpointID, VPCID: "vpc-1", DNSNames: []string{endpointName},
			Interfaces: []live.Interface{face("endpoint", "10.0.0.10", "sg-endpoint")},
		}},
		APIs: []live.API{{
			ID: "abc123", AccountID: "222222222222", Private: true, Stages: []string{"v1"},
			Admit: func(live.Invocation) (bool, error) { return true, nil },
		}},
		Reach: func(live.Interface, live.Interface, uint16) error { return nil },
	}
}

func atEndpoint(t *testing.T, path *live.Path, serverName string) (*tls.Conn, error) {
	t.Helper()
	return at(t, path, "10.0.0.10:443", serverName)
}

// at speaks TLS with an address, whatever certificate it has.
func at(t *testing.T, path *live.Path, address, serverName string) (*tls.Conn, error) {
	t.Helper()
	conn, err := path.Network().Dial(context.Background(), client, netip.MustParseAddrPort(address))
	require.NoError(t, err)
	secure := tls.Client(conn, &tls.Config{ServerName: serverName, RootCAs: path.Authority().Pool(), InsecureSkipVerify: true})
	t.Cleanup(func() { secure.Close() })
	require.NoError(t, secure.SetDeadline(time.Now().Add(10*time.Second)))
	return secure, secure.Handshake()
}

func TestHowAnAPIIsNamed(t *testing.T) {
	path := start(t, endpointEnvironment())
	associated := endpointEnvironment()
	associated.APIs[0].VPCEndpointIDs = []string{endpointID}
	associatedPath := start(t, associated)
	for sentence, c := range map[string]struct {
		path       *live.Path
		host, more string
		target     string
		want       int
	}{
		"by header beside the endpoint's name":          {path, endpointName, "x-apigw-api-id: abc123\r\n", "/v1/a", 200},
		"by its own host name":                          {path, "abc123.execute-api.us-east-1.amazonaws.com", "", "/v1/a", 200},
		"by header rather than by host name":            {path, "other.execute-api.us-east-1.amazonaws.com", "x-apigw-api-id: abc123\r\n", "/v1/a", 200},
		"not by its own host name beside another ID":    {path, "abc123.execute-api.us-east-1.amazonaws.com", "x-apigw-api-id: other\r\n", "/v1/a", 403},
		"not by the endpoint's name alone":              {path, endpointName, "", "/v1/a", 403},
		"not by another ID":                             {path, endpointName, "x-apigw-api-id: missing\r\n", "/v1/a", 403},
		"by header beside a foreign name":               {path, "api.example.com", "x-apigw-api-id: abc123\r\n", "/v1/a", 200},
		"not by a foreign name":                         {path, "api.example.com", "", "/v1/a", 403},
		"not in another region":                         {path, "abc123.execute-api.eu-west-1.amazonaws.com", "", "/v1/a", 403},
		"not with a stage that isn't there":             {path, endpointName, "x-apigw-api-id: abc123\r\n", "/v2/a", 403},
		"not by the endpoint-specific name alone":       {path, "abc123-" + endpointID + ".execute-api.us-east-1.amazonaws.com", "", "/v1/a", 403},
		"by the endpoint-specific name once associated": {associatedPath, "abc123-" + endpointID + ".execute-api.us-east-1.amazonaws.com", "", "/v1/a", 200},
	} {
		t.Run(sentence, func(t *testing.T) {
			conn, err := atEndpoint(t, c.path, endpointName)
			require.NoError(t, err)
			code, body := exchange(t, conn, "GET "+c.target+" HTTP/1.1\r\nHost: "+c.host+"\r\n"+c.more+"\r\n")
			require.Equal(t, c.want, code, string(body))
			if c.want == http.StatusForbidden {
				require.JSONEq(t, `{"message":"Forbidden"}`, string(body))
			}
		})
	}
}

func TestAnEndpointHasItsOwnCertificateForEveryServerName(t *testing.T) {
	path := start(t, endpointEnvironment())
	for name, covered := range map[string]bool{
		endpointName: true,
		"abc123.execute-api.us-east-1.amazonaws.com": true,
		"api.private.example.com":                    false,
		"":                                           false,
	} {
		conn, err := atEndpoint(t, path, name)
		require.NoError(t, err, "server name %q", name)
		certificate := conn.ConnectionState().PeerCertificates[0]
		require.Equal(t, covered, certificate.VerifyHostname(name) == nil, "server name %q", name)
	}
}

func TestPoliciesSeeTheRequest(t *testing.T) {
	e := endpointEnvironment()
	seen := make(chan live.Invocation, 1)
	e.APIs[0].Admit = func(call live.Invocation) (bool, error) {
		seen <- call
		return true, nil
	}
	path := start(t, e)
	conn, err := atEndpoint(t, path, endpointName)
	require.NoError(t, err)
	code, body := exchange(t, conn, "POST /v1/a%2Fb?c=d HTTP/1.1\r\nHost: "+endpointName+
		"\r\nx-apigw-api-id: abc123\r\nReferer: a.example.com\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\nhi")
	require.Equal(t, http.StatusOK, code, string(body))
	require.Equal(t, live.Invocation{
		Stage: "v1", Method: "POST", Path: "/a%2Fb", Authorization: true,
		Context: map[string]string{
			"aws:SourceVpce": endpointID, "aws:SourceVpc": "vpc-1", "aws:VpcSourceIp": "10.0.0.200",
			"aws:SecureTransport": "true", "aws:Referer": "a.example.com",
		},
	}, <-seen)
	var arrival live.Arrival
	require.NoError(t, json.Unmarshal(body, &arrival))
	require.EqualValues(t, 2, arrival.BodyBytes)
}

func TestAnEndpointPolicyIsAskedFirst(t *testing.T) {
	e := endpointEnvironment()
	e.Endpoints[0].Admit = func(api live.API, call live.Invocation) (bool, error) {
		return api.ID == "abc123" && call.Method == http.MethodGet, nil
	}
	path := start(t, e)
	for method, want := range map[string]int{"GET": http.StatusOK, "DELETE": http.StatusForbidden} {
		conn, err := atEndpoint(t, path, endpointName)
		require.NoError(t, err)
		code, body := exchange(t, conn, method+" /v1/ HTTP/1.1\r\nHost: "+endpointName+"\r\nx-apigw-api-id: abc123\r\n\r\n")
		require.Equal(t, want, code, string(body))
	}
}

// TestAFailingIntegrationAnswersWhomThePolicyAdmits has API Gateway answer for an API
// whose integration fails.
func TestAFailingIntegrationAnswersWhomThePolicyAdmits(t *testing.T) {
	e := endpointEnvironment()
	e.APIs[0].Fails = http.StatusInternalServerError
	e.APIs[0].Admit = func(call live.Invocation) (bool, error) { return call.Method == http.MethodGet, nil }
	path := start(t, e)
	for method, want := range map[string]int{"GET": http.StatusInternalServerError, "DELETE": http.StatusForbidden} {
		conn, err := atEndpoint(t, path, endpointName)
		require.NoError(t, err)
		code, body := exchange(t, conn, method+" /v1/ HTTP/1.1\r\nHost: "+endpointName+"\r\nx-apigw-api-id: abc123\r\n\r\n")
		require.Equal(t, want, code, string(body))
	}
}
