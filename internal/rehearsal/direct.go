package rehearsal

import (
	"context"
	"net/netip"
	"slices"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// maxSpoofed bounds the other APIs that a row's clients try to reach by header.
const maxSpoofed = 2

// balanced are the checks about a row of the front door alb alone: no proxy
// refuses anything before the policies do, or takes a client's header fields
// away.
func (p *prober) balanced(row mapping.Row, d frontDoor) []check {
	checks := []check{
		func(ctx context.Context) Probe { return p.unreachable(ctx, row, "caller round the load balancer", d) },
	}
	return append(checks, p.throughTheDomain(row)...)
}

// native are the checks about a row of the front door native alone: every
// client in the VPC reaches the endpoint, and policies decide the rest.
func (p *prober) native(row mapping.Row, d frontDoor) []check {
	checks := []check{
		func(ctx context.Context) Probe {
			return p.policyRefuses(ctx, row, allowed(row), "caller without the domain", d.endpoint)
		},
	}
	i := slices.IndexFunc(p.expect.served, func(other mapping.Row) bool {
		return other.FrontDoor == mapping.FrontDoorNative && other.Host != row.Host && p.refusedBy(other, row) != ""
	})
	if i >= 0 {
		other := p.expect.served[i]
		checks = append(checks, func(ctx context.Context) Probe {
			return p.spoofs(ctx, other, row, p.refusedBy(other, row), "caller by another domain")
		})
	}
	for _, consumer := range p.consumers(row) {
		checks = append(checks,
			func(ctx context.Context) Probe { return p.consumes(ctx, row, consumer) },
			func(ctx context.Context) Probe {
				return p.policyRefuses(ctx, row, allowed(row), "caller without the domain", consumer)
			},
		)
	}
	return append(checks, p.throughTheDomain(row)...)
}

// consumers are the endpoints of other VPCs that have an access association with
// a row's domain.
func (p *prober) consumers(row mapping.Row) []live.Endpoint {
	var found []live.Endpoint
	for _, domain := range p.environment.Domains {
		for _, endpoint := range p.environment.Endpoints {
			if domain.Name == string(row.Host) && endpoint.VPCID != p.environment.VPCID && slices.Contains(domain.VPCEndpointIDs, endpoint.ID) {
				found = append(found, endpoint)
			}
		}
	}
	return found
}

// consumes calls a row's domain from another VPC through an endpoint there.
func (p *prober) consumes(ctx context.Context, row mapping.Row, endpoint live.Endpoint) Probe {
	host := string(row.Host)
	method := string(allowed(row))
	r := request{method: method, target: string(row.BasePath) + "/" + sampleLabel, host: host, fields: []string{credentials, "Content-Length: 0"}}
	probe := Probe{
		Name: "consumer's endpoint", Method: method, URL: "https://" + host + r.target + " by " + endpoint.ID, Want: "200 from " + string(row.API.ID),
	}
	to := netip.AddrPortFrom(endpoint.Interfaces[0].Address, httpsPort)
	got, err := call(ctx, p.path, p.clients[endpoint.VPCID], to, host, r)
	switch {
	case err != nil:
		return probe.failed(err)
	case got.arrival == nil:
		probe.Got, probe.Detail = got.String(), got.reason()
		return probe
	}
	probe.Got = "200 from " + got.arrival.API
	probe.OK = probe.Got == probe.Want
	return probe
}

// throughTheDomain are the checks to a row's host that policies have to
// refuse.
func (p *prober) throughTheDomain(row mapping.Row) []check {
	var checks []check
	for _, method := range p.expect.forbiddenByPolicy(row) {
		checks = append(checks, func(ctx context.Context) Probe { return p.domainRefuses(ctx, row, method) })
	}
	for _, other := range p.otherAPIs(row) {
		method := p.refusedBy(row, other)
		if method == "" {
			continue
		}
		checks = append(checks, func(ctx context.Context) Probe {
			return p.spoofs(ctx, row, other, method, "spoofed API ID")
		})
	}
	return checks
}

// otherAPIs are rows of other APIs than a row's: a few, and APIs first that the
// row's front door doesn't serve at all.
func (p *prober) otherAPIs(row mapping.Row) []mapping.Row {
	var others []mapping.Row
	seen := map[mapping.APIID]bool{row.API.ID: true}
	for _, other := range p.expect.served {
		if !seen[other.API.ID] {
			seen[other.API.ID] = true
			others = append(others, other)
		}
	}
	isServed := func(other mapping.Row) int {
		if other.FrontDoor == row.FrontDoor {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(others, func(x, y mapping.Row) int { return isServed(x) - isServed(y) })
	if len(others) > maxSpoofed {
		// One from either end.
		others = append(others[:maxSpoofed-1], others[len(others)-1])
	}
	return others
}

// refusedBy is a verb that another row's API has to refuse to a caller that
// uses a row's host and names that API; "" where there is none.
func (p *prober) refusedBy(row, other mapping.Row) mapping.Method {
	named := other
	named.FrontDoor, named.Host = row.FrontDoor, row.Host
	if granting := p.expect.granting(named); len(granting) > 0 {
		return first(forbiddenTo(granting))
	}
	return allowed(other)
}

// domainRefuses asks a row's host with a verb that its row doesn't allow.
func (p *prober) domainRefuses(ctx context.Context, row mapping.Row, method mapping.Method) Probe {
	host := sampleHost(row)
	r := request{method: string(method), target: string(row.BasePath) + "/" + sampleLabel, fields: []string{credentials, "Content-Length: 0"}}
	probe := Probe{Name: "forbidden verb", Method: r.method, URL: "https://" + host + r.target, Want: "403 from the policy"}
	return p.probePolicy(ctx, probe, host, r)
}

// spoofs calls a row's host and names another row's API.
func (p *prober) spoofs(ctx context.Context, row, other mapping.Row, method mapping.Method, name string) Probe {
	host := sampleHost(row)
	r := atEndpoint(other, method)
	probe := Probe{Name: name, Method: r.method, URL: "https://" + host + r.target + " for " + string(other.API.ID), Want: "403 from the policy"}
	return p.probePolicy(ctx, probe, host, r)
}

func (p *prober) probePolicy(ctx context.Context, probe Probe, host string, r request) Probe {
	got, err := p.request(ctx, host, r)
	if err != nil {
		return probe.failed(err)
	}
	return probe.checkPolicy(got)
}
