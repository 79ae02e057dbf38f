package live_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

const (
	regionalHost = "alb.private.example.com"
	privateHost  = "native.private.example.com"
	privateARN   = "arn:aws:execute-api:us-east-1:222222222222:/domainnames/" + privateHost + "+f4g5h6"
)

func admitAll(live.Invocation) (bool, error) { return true, nil }

// domainEnvironment is a load balancer in front of an endpoint for REGIONAL
// domains, and an endpoint with an access association, each with two APIs
// behind its domain.
func domainEnvironment() live.Environment {
	mappings := []live.Mapping{{BasePath: "", APIID: "abc123", Stage: "v1"}, {BasePath: "orders", APIID: "def456", Stage: "v2"}}
	endpoint := func(id, name, address string) live.Endpoint {
		return live.Endpoint{ID: id, VPCID: "vpc-1", DNSNames: []string{name}, Interfaces: []live.Interface{face(id, address, "sg-"+id)}}
	}
	return live.Environment{
		Region: "us-east-1", Partition: "aws", VPCID: "vpc-1",
		Zones: []live.Zone{{Name: "private.example.com", VPCIDs: []string{"vpc-1"}, Records: []live.Record{
			{Name: regionalHost, Type: "A", AliasTarget: balancerName},
			{Name: "unruly.private.example.com", Type: "A", AliasTarget: balancerName},
			{Name: privateHost, Type: "A", AliasTarget: "vpce-native.aws"},
		}}},
		PublicNames: map[string][]netip.Addr{
			balancerName:      {netip.MustParseAddr("10.0.0.5")},
			"vpce-native.aws": {netip.MustParseAddr("10.0.0.18")},
		},
		LoadBalancers: []live.LoadBalancer{{
			Name: "portico", Interfaces: []live.Interface{face("load balancer", "10.0.0.5", "sg-lb")},
			Listeners: []live.Listener{{
				Port: 443, Protocol: "HTTPS", SSLPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
				Certificates: []live.Certificate{{ARN: "arn:aws:acm:1", Names: []string{"*.private.example.com"}}},
				Rules: []live.Rule{{Hosts: []string{regionalHost}, TargetGroup: live.TargetGroup{
					Name: "alb", Protocol: "HTTPS", Targets: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.17:443")},
					HealthCheck: live.HealthCheck{Protocol: "HTTPS", Path: "/", Matcher: "200,403"},
				}}},
				FixedResponse: &live.FixedResponse{StatusCode: 404, ContentType: "application/json", Body: `{"message":"no such host"}`},
			}},
		}},
		Endpoints: []live.Endpoint{endpoint("vpce-alb", "vpce-alb.aws", "10.0.0.17"), endpoint("vpce-native", "vpce-native.aws", "10.0.0.18")},
		APIs: []live.API{
			{ID: "abc123", AccountID: "222222222222", Private: true, Stages: []string{"v1"}, Admit: admitAll},
			{ID: "def456", AccountID: "222222222222", Private: true, Stages: []string{"v2"}, Admit: admitAll},
		},
		Domains: []live.Domain{
			{Name: regionalHost, Mappings: mappings},
			{
				Name: privateHost, ARN: privateARN, Private: true, Mappings: mappings, VPCEndpointIDs: []string{"vpce-native"}, Admit: admitAll,
				Certificate: live.Certificate{ARN: "arn:aws:acm:2", Names: []string{privateHost}},
			},
		},
		Reach: func(live.Interface, live.Interface, uint16) error { return nil },
	}
}

// get is the answer to a GET by way of a host's name, and what arrived if
// anything did.
func get(t *testing.T, path *live.Path, host, target string, fields ...string) (int, http.Header, live.Arrival) {
	t.Helper()
	conn, err := connect(t, path, host)
	require.NoError(t, err)
	text := "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n"
	for _, field := range fields {
		text += field + "\r\n"
	}
	_, err = io.WriteString(conn, text+"\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	var arrival live.Arrival
	if response.StatusCode == http.StatusOK {
		require.NoError(t, json.NewDecoder(response.Body).Decode(&arrival))
	}
	return response.StatusCode, response.Header, arrival
}

func TestACustomDomainLeadsToItsAPIs(t *testing.T) {
	path := start(t, domainEnvironment())
	requireHealthy(t, path)
	for host, endpoint := range map[string]string{regionalHost: "vpce-alb", privateHost: "vpce-native"} {
		for target, want := range map[string]string{
			"/":                      "abc123 v1 /?",
			"/a%2Fb//c;d+e?x=%20":    "abc123 v1 /a%2Fb//c;d+e?x=%20",
			"/orders":                "def456 v2 /?",
			"/orders/1%2F2//?y":      "def456 v2 /1%2F2//?y",
			"/ordersandmore/1":       "abc123 v1 /ordersandmore/1?",
			"/%6Frders/not-the-base": "abc123 v1 /%6Frders/not-the-base?",
		} {
			t.Run(host+target, func(t *testing.T) {
				code, _, got := get(t, path, host, target)
				require.Equal(t, http.StatusOK, code)
				require.Equal(t, want, fmt.Sprintf("%s %s %s?%s", got.API, got.Stage, got.Path, got.Query))
				require.Equal(t, endpoint, got.SourceVPCE)
			})
		}
	}
}

func TestAnApplicationLoadBalancerPassesItsClientsHeadersOn(t *testing.T) {
	path := start(t, domainEnvironment())
	code, _, got := get(t, path, regionalHost, "/v2/spoofed", "Referer: other.example.com", "x-apigw-api-id: def456", "X-Forwarded-For: 192.0.2.1")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "def456 /spoofed", got.API+" "+got.Path, "the header wins over the Host")
	require.Equal(t, []string{"other.example.com"}, got.Headers["Referer"])
	require.Equal(t, []string{"def456"}, got.Headers["X-Apigw-Api-Id"])
	require.Equal(t, []string{"192.0.2.1, 10.0.0.200"}, got.Headers["X-Forwarded-For"])
	require.Equal(t, "10.0.0.5", got.SourceIP)
}

func TestTheDefaultActionAnswersHostsOfNoRule(t *testing.T) {
	path := start(t, domainEnvironment())
	code, header, _ := get(t, path, "unruly.private.example.com", "/")
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, "awselb/2.0", header.Get("Server"))
}

func TestARuleAnswersItsHostsByAFixedResponse(t *testing.T) {
	e := domainEnvironment()
	listener := &e.LoadBalancers[0].Listeners[0]
	listener.Rules = append([]live.Rule{{Hosts: []string{"unruly.private.example.com"}, FixedResponse: &live.FixedResponse{StatusCode: 410, ContentType: "text/plain", Body: "gone"}}}, listener.Rules...)
	code, header, _ := get(t, start(t, e), "unruly.private.example.com", "/")
	require.Equal(t, http.StatusGone, code)
	require.Equal(t, "awselb/2.0", header.Get("Server"))
}

func TestWhereACustomDomainIsNotServed(t *testing.T) {
	for sentence, c := range map[string]struct {
		change      func(e *live.Environment)
		host, where string
	}{
		"a REGIONAL domain at an endpoint with access associations": {func(*live.Environment) {}, regionalHost, "10.0.0.18:443"},
		"a PRIVATE domain at an endpoint without one":               {func(*live.Environment) {}, privateHost, "10.0.0.17:443"},
		"two PRIVATE domains of one name at one endpoint": {func(e *live.Environment) {
			e.Domains = append(e.Domains, e.Domains[1])
		}, privateHost, "10.0.0.18:443"},
		"a domain without a mapping for the path": {func(e *live.Environment) {
			e.Domains[0].Mappings = e.Domains[0].Mappings[1:]
		}, regionalHost, "10.0.0.17:443"},
		"a stage that isn't deployed": {func(e *live.Environment) {
			e.APIs[0].Stages = nil
		}, regionalHost, "10.0.0.17:443"},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := domainEnvironment()
			c.change(&e)
			path := start(t, e)
			conn, err := at(t, path, c.where, c.host)
			require.NoError(t, err)
			code, body := exchange(t, conn, "GET /a HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n")
			require.Equal(t, http.StatusForbidden, code)
			require.JSONEq(t, `{"message":"Forbidden"}`, string(body))
		})
	}
}

// TestPoliciesOfAPrivateDomainAreAsked has each of the policies refuse, with
// what it was asked.
func TestPoliciesOfAPrivateDomainAreAsked(t *testing.T) {
	for sentence, refuse := range map[string]func(e *live.Environment, no func(live.Invocation) (bool, error)){
		"the domain's": func(e *live.Environment, no func(live.Invocation) (bool, error)) { e.Domains[1].Admit = no },
		"the API's":    func(e *live.Environment, no func(live.Invocation) (bool, error)) { e.APIs[0].Admit = no },
		"the endpoint's about the domain": func(e *live.Environment, no func(live.Invocation) (bool, error)) {
			e.Endpoints[1].AdmitDomain = func(domain live.Domain, call live.Invocation) (bool, error) {
				if domain.ARN != privateARN {
					return true, nil
				}
				return no(call)
			}
		},
		"the endpoint's about the API": func(e *live.Environment, no func(live.Invocation) (bool, error)) {
			e.Endpoints[1].Admit = func(_ live.API, call live.Invocation) (bool, error) { return no(call) }
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			asked := make(chan live.Invocation, 1)
			e := domainEnvironment()
			refuse(&e, func(call live.Invocation) (bool, error) {
				asked <- call
				return false, nil
			})
			code, header, _ := get(t, start(t, e), privateHost, "/a")
			require.Equal(t, http.StatusForbidden, code)
			require.Equal(t, "AccessDeniedException", header.Get("X-Amzn-ErrorType"))
			call := <-asked
			require.Equal(t, privateARN, call.Context["execute-api:viaDomainArn"])
			require.Equal(t, "vpce-native", call.Context["aws:SourceVpce"])
			require.Equal(t, "v1 GET /a", call.Stage+" "+call.Method+" "+call.Path)
		})
	}
}

// TestAVPCResolvesItsOwnZones asks for a name from the VPC of the load balancer,
// from another account's that is associated with the zone, and from one that
// isn't.
func TestAVPCResolvesItsOwnZones(t *testing.T) {
	e := domainEnvironment()
	e.Zones[0].VPCIDs = append(e.Zones[0].VPCIDs, "vpc-consumer")
	e.Zones = append(e.Zones, live.Zone{Name: "consumer.example.com", VPCIDs: []string{"vpc-consumer"}, Records: []live.Record{
		{Name: "own.consumer.example.com", Type: "A", Values: []string{"10.44.0.1"}, TTL: 60},
	}})
	path := start(t, e)
	native, own := []netip.Addr{netip.MustParseAddr("10.0.0.18")}, []netip.Addr{netip.MustParseAddr("10.44.0.1")}
	for sentence, c := range map[string]struct {
		vpc, name string
		want      []netip.Addr
	}{
		"the zone's own VPC":                   {"vpc-1", privateHost, native},
		"an associated VPC":                    {"vpc-consumer", privateHost, native},
		"an associated VPC, its own zone":      {"vpc-consumer", "own.consumer.example.com", own},
		"not the other VPC's zone":             {"vpc-1", "own.consumer.example.com", nil},
		"a VPC without zones":                  {"vpc-2", privateHost, nil},
		"a VPC without zones, a public name":   {"vpc-2", "vpce-native.aws", native},
		"an associated VPC, a name that isn't": {"vpc-consumer", "missing.private.example.com", nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := path.ResolveFrom(c.vpc, c.name)
			require.Equal(t, c.want, got)
			require.Equal(t, c.want == nil, err != nil, "%v", err)
		})
	}
}
