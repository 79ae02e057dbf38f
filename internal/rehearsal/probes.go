package rehearsal

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// probesAtOnce bounds the requests that are under way, so that the proxy on a
// small machine is asked, not flooded.
const probesAtOnce = 8

// httpsPort is where the load balancer and the endpoints listen.
const httpsPort = 443

// prober asks a live data path whether a mapping's promises hold.
type prober struct {
	path        *live.Path
	environment *live.Environment
	expect      *expectations
	// client is a workload of the VPC: it calls custom domains, and tries to go
	// round the front doors.
	client live.Interface
	// clients are workloads of every VPC, the client among them.
	clients workloads
	// frontDoors are the existing ones.
	frontDoors map[mapping.FrontDoor]frontDoor
	// resolve asks the resolver of the environment's VPC.
	resolve func(context.Context, string) ([]netip.Addr, error)
}

// check is a probe that has not been made yet.
type check func(ctx context.Context) Probe

// ask makes the probes, a few at a time, and keeps their order.
func ask(ctx context.Context, checks []check) []Probe {
	probes := make([]Probe, len(checks))
	var group errgroup.Group
	group.SetLimit(probesAtOnce)
	for i, q := range checks {
		group.Go(func() error {
			probes[i] = q(ctx)
			return nil
		})
	}
	_ = group.Wait() // always nil: what goes wrong is the probe's answer
	return probes
}

// checks are all that the data path is asked for the given rows.
func (p *prober) checks(rows []mapping.Row) []check {
	checks := p.targets()
	served := []mapping.Row{}
	for _, row := range rows {
		if row.Retired {
			checks = append(checks, about(row, p.retired(row))...)
			continue
		}
		served = append(served, row)
		checks = append(checks, about(row, p.row(row))...)
	}
	for _, row := range p.expect.unmapped(served) {
		checks = append(checks, func(ctx context.Context) Probe {
			return p.unmapped(ctx, row)
		})
	}
	return append(checks, p.wholeDomain(served)...)
}

// about are checks whose probes name the row that they are about.
func about(row mapping.Row, checks []check) []check {
	named := make([]check, len(checks))
	for i, ask := range checks {
		named[i] = func(ctx context.Context) Probe {
			probe := ask(ctx)
			probe.Row = row.Index + 1
			return probe
		}
	}
	return named
}

// row are the checks about a row that is served.
func (p *prober) row(row mapping.Row) []check {
	d, exists := p.frontDoors[row.FrontDoor]
	if !exists {
		return []check{func(context.Context) Probe {
			return Probe{Name: "front door exists", URL: "https://" + sampleHost(row), Want: string(row.FrontDoor), Got: "nothing", Detail: "no endpoint serves this front door"}
		}}
	}
	checks := []check{
		func(ctx context.Context) Probe { return p.resolves(ctx, row) },
		func(ctx context.Context) Probe { return p.certificate(ctx, row) },
	}
	for _, method := range allowedMethods(row) {
		checks = append(checks, func(ctx context.Context) Probe { return p.arrives(ctx, row, method, "allowed verb") })
	}
	for _, vpcID := range p.otherVPCs(sampleHost(row)) {
		checks = append(checks, func(context.Context) Probe { return p.resolvesFrom(row, vpcID) })
	}
	switch row.FrontDoor {
	case mapping.FrontDoorALB:
		checks = append(checks, p.balanced(row, d)...)
	case mapping.FrontDoorNative:
		checks = append(checks, p.native(row, d)...)
	default:
		checks = append(checks, p.proxied(row, d)...)
	}
	for _, other := range p.environment.Endpoints {
		if other.ID == d.endpoint.ID || other.VPCID != p.environment.VPCID {
			// The API's owner decides which callers from other VPCs it admits.
			continue
		}
		if method := p.refusedAt(row, other); method != "" {
			checks = append(checks, func(ctx context.Context) Probe {
				return p.policyRefuses(ctx, row, method, "caller at another endpoint", other)
			})
		}
	}
	return checks
}

// proxied are the checks about a row of the front door nginx alone.
func (p *prober) proxied(row mapping.Row, d frontDoor) []check {
	checks := []check{
		func(ctx context.Context) Probe {
			return p.arrives(ctx, row, allowed(row), "spoofed API ID", "x-apigw-api-id: "+p.otherAPI(row))
		},
		func(ctx context.Context) Probe { return p.unreachable(ctx, row, "caller round the proxy", d) },
	}
	for _, method := range forbidden(row) {
		checks = append(checks, func(ctx context.Context) Probe { return p.proxyRefuses(ctx, row, method) })
	}
	for _, method := range p.expect.forbiddenByPolicy(row) {
		checks = append(checks, func(ctx context.Context) Probe {
			return p.policyRefuses(ctx, row, method, "forbidden verb at the endpoint", d.endpoint)
		})
	}
	return checks
}

// otherAPI is an API that isn't the row's, for callers that name it by header.
func (p *prober) otherAPI(row mapping.Row) string {
	for _, api := range p.environment.APIs {
		if api.ID != string(row.API.ID) {
			return api.ID
		}
	}
	return "0000000000"
}

// address resolves a host as a client in the VPC does.
func (p *prober) address(ctx context.Context, host string) (netip.AddrPort, error) {
	addresses, err := p.resolve(ctx, host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(addresses[0], httpsPort), nil
}

// request resolves a host and sends a request there as a client.
func (p *prober) request(ctx context.Context, host string, r request) (*response, error) {
	to, err := p.address(ctx, host)
	if err != nil {
		return nil, err
	}
	r.host = host
	return call(ctx, p.path, p.client, to, host, r)
}

func (p *prober) resolves(ctx context.Context, row mapping.Row) Probe {
	probe := Probe{Name: "name resolves", URL: sampleHost(row), Want: entranceOf(row)}
	addresses, err := p.resolve(ctx, sampleHost(row))
	return p.checkAddresses(probe, row, addresses, err)
}

// resolvesFrom asks the resolver of another VPC that is associated with the
// row's zone.
func (p *prober) resolvesFrom(row mapping.Row, vpcID string) Probe {
	probe := Probe{Name: "name resolves in another VPC", URL: sampleHost(row) + " from " + vpcID, Want: entranceOf(row)}
	addresses, err := p.path.ResolveFrom(vpcID, sampleHost(row))
	return p.checkAddresses(probe, row, addresses, err)
}

func entranceOf(row mapping.Row) string {
	if row.FrontDoor == mapping.FrontDoorNative {
		return "the endpoint"
	}
	return "the load balancer"
}

func (p *prober) checkAddresses(probe Probe, row mapping.Row, addresses []netip.Addr, err error) Probe {
	if err != nil {
		return probe.failed(err)
	}
	for _, address := range addresses {
		if err := p.entrance(row, address); err != nil {
			return probe.failed(err)
		}
	}
	return probe.passed(probe.Want)
}

func (p *prober) certificate(ctx context.Context, row mapping.Row) Probe {
	host := sampleHost(row)
	probe := Probe{Name: "certificate covers the name", URL: "https://" + host, Want: "verified"}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	to, err := p.address(ctx, host)
	if err != nil {
		return probe.failed(err)
	}
	conn, err := handshake(ctx, p.path, p.client, to, &tls.Config{ServerName: host})
	if err != nil {
		return probe.failed(err)
	}
	if err := conn.Close(); err != nil {
		return probe.failed(err)
	}
	return probe.passed(probe.Want)
}

// arrives sends an allowed verb with a path that a careless hop would change,
// and compares what arrived at the API with what the row promises.
func (p *prober) arrives(ctx context.Context, row mapping.Row, verb mapping.Method, name string, fields ...string) Probe {
	host := sampleHost(row)
	method := string(verb)
	r := request{method: method, target: string(row.BasePath) + samplePath + "?" + sampleQuery, fields: append(fields, credentials)}
	if method != http.MethodGet && method != http.MethodHead {
		r.fields = append(r.fields, "Content-Length: 0")
	}
	want := arrival{
		API: string(row.API.ID), Account: string(row.Account), Stage: string(row.API.Stage), Method: method,
		Path: string(row.API.Path) + samplePath, Query: sampleQuery,
	}
	probe := Probe{Name: name, Method: method, URL: "https://" + host + r.target, Want: "200 from " + want.String()}
	got, err := p.request(ctx, host, r)
	switch {
	case err != nil:
		return probe.failed(err)
	case got.code == http.StatusOK && method == http.MethodHead:
		// The answer to HEAD has no body.
		return probe.passed(probe.Want)
	case got.arrival == nil:
		probe.Got = got.String()
		probe.Detail = got.reason()
		return probe
	}
	found := arrival{
		API: got.arrival.API, Account: got.arrival.AccountID, Stage: got.arrival.Stage, Method: got.arrival.Method,
		Path: got.arrival.Path, Query: got.arrival.Query,
	}
	if want.Account == "" {
		// A row that names no account doesn't say whose API it is.
		found.Account = ""
	}
	probe.Got = "200 from " + found.String()
	probe.OK = probe.Got == probe.Want
	return probe
}

// arrival is what a request is at an API's stage.
type arrival struct{ API, Account, Stage, Method, Path, Query string }

// String is such as "k3v9x2m7qa (222222222222) dev GET /a?b=c".
func (a arrival) String() string {
	account := ""
	if a.Account != "" {
		account = " (" + a.Account + ")"
	}
	return fmt.Sprintf("%s%s %s %s %s?%s", a.API, account, a.Stage, a.Method, a.Path, a.Query)
}

func (p *prober) proxyRefuses(ctx context.Context, row mapping.Row, method mapping.Method) Probe {
	host := sampleHost(row)
	r := request{method: string(method), target: string(row.BasePath) + "/" + sampleLabel, fields: []string{"Content-Length: 0"}}
	probe := Probe{Name: "forbidden verb at the proxy", Method: r.method, URL: "https://" + host + r.target, Want: "405 Method Not Allowed"}
	got, err := p.request(ctx, host, r)
	if err != nil {
		return probe.failed(err)
	}
	probe.Got = got.String()
	probe.OK = got.code == http.StatusMethodNotAllowed
	allow := got.header.Get("Allow")
	for _, method := range allowedMethods(row) {
		if probe.OK && !lists(allow, string(method)) {
			probe.OK = false
			probe.Detail = fmt.Sprintf("the header field Allow is %q and lacks %s", allow, method)
		}
	}
	return probe
}

// lists reports whether a comma-separated header value holds an element.
func lists(value, element string) bool {
	for part := range strings.SplitSeq(value, ",") {
		if strings.TrimSpace(part) == element {
			return true
		}
	}
	return false
}

// passed is the probe with an answer as wanted.
func (probe Probe) passed(got string) Probe {
	probe.Got, probe.OK = got, true
	return probe
}

// failed is the probe with no answer, and why.
func (probe Probe) failed(err error) Probe {
	probe.Got, probe.Detail = "no answer", err.Error()
	return probe
}

// excerpt is the beginning of an answer, on one line.
func excerpt(body []byte) string {
	const shown = 300
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > shown {
		text = text[:shown] + "…"
	}
	return text
}
