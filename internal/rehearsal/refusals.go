package rehearsal

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// targets are the checks about the load balancer's targets.
func (p *prober) targets() []check {
	var checks []check
	for _, health := range p.path.Health() {
		checks = append(checks, func(context.Context) Probe {
			probe := Probe{Name: "target is healthy", URL: health.Target.String(), Want: "healthy"}
			if health.Reason == nil {
				return probe.passed("healthy")
			}
			probe.Got, probe.Detail = "unhealthy", health.Reason.Error()
			return probe
		})
	}
	balanced := slices.ContainsFunc(p.expect.served, func(row mapping.Row) bool { return row.FrontDoor != mapping.FrontDoorNative })
	if len(checks) == 0 && balanced {
		checks = append(checks, func(context.Context) Probe {
			return Probe{Name: "target is healthy", Want: "healthy", Got: "no target", Detail: "no listener has a target"}
		})
	}
	return checks
}

// wholeDomain are the checks that need one row of a load balancer only: about
// hosts that no row names, and about old TLS versions.
func (p *prober) wholeDomain(served []mapping.Row) []check {
	i := slices.IndexFunc(served, func(row mapping.Row) bool { return row.FrontDoor != mapping.FrontDoorNative })
	if i < 0 {
		return nil
	}
	row := served[i]
	return []check{
		func(ctx context.Context) Probe { return p.unknownHost(ctx, row) },
		func(ctx context.Context) Probe { return p.oldTLS(ctx, row) },
	}
}

// unknownHost asks a served host's load balancer for a host of no row.
func (p *prober) unknownHost(ctx context.Context, row mapping.Row) Probe {
	served := sampleHost(row)
	unknown := sampleLabel + "-unknown.invalid"
	probe := Probe{Name: "unknown host", Method: http.MethodGet, URL: "https://" + unknown + "/", Want: "404 Not Found"}
	to, err := p.address(ctx, served)
	if err != nil {
		return probe.failed(err)
	}
	got, err := call(ctx, p.path, p.client, to, served, request{method: http.MethodGet, target: "/", host: unknown})
	if err != nil {
		return probe.failed(err)
	}
	return probe.checkStatus(got, http.StatusNotFound)
}

// unmapped asks a row's host for a path that no row names.
func (p *prober) unmapped(ctx context.Context, row mapping.Row) Probe {
	host, target := sampleHost(row), "/"+sampleLabel+"-unmapped"
	want := http.StatusNotFound
	if row.FrontDoor != mapping.FrontDoorNGINX {
		// API Gateway knows no such base path.
		want = http.StatusForbidden
	}
	probe := Probe{Name: "unmapped base path", Method: http.MethodGet, URL: "https://" + host + target, Want: fmt.Sprintf("%d %s", want, http.StatusText(want))}
	got, err := p.request(ctx, host, request{method: http.MethodGet, target: target})
	if err != nil {
		return probe.failed(err)
	}
	return probe.checkStatus(got, want)
}

func (probe Probe) checkStatus(got *response, code int) Probe {
	probe.Got = got.String()
	probe.OK = got.code == code
	if !probe.OK {
		probe.Detail = got.reason()
	}
	return probe
}

// oldTLS offers TLS 1.1 at most.
func (p *prober) oldTLS(ctx context.Context, row mapping.Row) Probe {
	host := sampleHost(row)
	probe := Probe{Name: "TLS 1.1", URL: "https://" + host, Want: "refused"}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	to, err := p.address(ctx, host)
	if err != nil {
		return probe.failed(err)
	}
	raw, err := p.path.Network().Dial(ctx, p.client, to)
	if err != nil {
		return probe.failed(err)
	}
	defer raw.Close()
	old := tls.Client(raw, &tls.Config{
		ServerName: host, RootCAs: p.path.Roots(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
	})
	if err := old.HandshakeContext(ctx); err != nil {
		return probe.passed("refused")
	}
	probe.Got = fmt.Sprintf("accepted as %s", tls.VersionName(old.ConnectionState().Version))
	return probe
}

// retired are the checks about a row that is no longer served.
func (p *prober) retired(row mapping.Row) []check {
	checks := []check{func(ctx context.Context) Probe { return p.notServed(ctx, row) }}
	d, exists := p.frontDoors[row.FrontDoor]
	if !exists {
		return checks
	}
	others := p.expect.granting(row)
	for _, method := range allowedMethods(row) {
		if !anyHas(others, method) {
			checks = append(checks, func(ctx context.Context) Probe {
				return p.policyRefuses(ctx, row, method, "retired row at the endpoint", d.endpoint)
			})
		}
	}
	return checks
}

// notServed asks for a retired row's domain: it may not resolve, or be refused
// for lack of a route. A wildcard row may still serve the name; then the
// request has to arrive elsewhere.
func (p *prober) notServed(ctx context.Context, row mapping.Row) Probe {
	host := sampleHost(row)
	target := string(row.BasePath) + "/" + sampleLabel
	method := string(allowed(row))
	probe := Probe{Name: "retired row is not served", Method: method, URL: "https://" + host + target, Want: "not served"}
	if _, err := p.resolve(ctx, host); err != nil {
		return probe.passed("not served")
	}
	got, err := p.request(ctx, host, request{method: method, target: target, fields: []string{"Content-Length: 0"}})
	if err != nil {
		// No certificate covers the name any longer.
		return probe.passed("not served")
	}
	if got.arrival != nil && got.arrival.API == string(row.API.ID) && !p.expect.serves(host) {
		probe.Got = "200 from " + got.arrival.API
		return probe
	}
	if got.code != http.StatusNotFound && !p.expect.serves(host) {
		return probe.checkStatus(got, http.StatusNotFound)
	}
	return probe.passed("not served")
}
