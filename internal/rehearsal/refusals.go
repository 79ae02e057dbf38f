package rehearsal

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// targets are the questions about the load balancer's targets.
func (p *prober) targets() []question {
	var questions []question
	for _, health := range p.path.Health() {
		questions = append(questions, func(context.Context) Probe {
			probe := Probe{Name: "target is healthy", URL: health.Target.String(), Want: "healthy"}
			if health.Reason == nil {
				return probe.passed("healthy")
			}
			probe.Got, probe.Detail = "unhealthy", health.Reason.Error()
			return probe
		})
	}
	if len(questions) == 0 {
		questions = append(questions, func(context.Context) Probe {
			return Probe{Name: "target is healthy", Want: "healthy", Got: "no target", Detail: "no listener has a target"}
		})
	}
	return questions
}

// wholeDomain are the questions that need one row only: about hosts that no row
// names, and about old TLS versions.
func (p *prober) wholeDomain(served []mapping.Row) []question {
	if len(served) == 0 {
		return nil
	}
	row := served[0]
	return []question{
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
	return probe.judgedByStatus(got, http.StatusNotFound)
}

func (p *prober) refused(ctx context.Context, row mapping.Row, name, target string) Probe {
	host := sampleHost(row)
	probe := Probe{Name: name, Method: http.MethodGet, URL: "https://" + host + target, Want: "404 Not Found"}
	got, err := p.request(ctx, host, request{method: http.MethodGet, target: target})
	if err != nil {
		return probe.failed(err)
	}
	return probe.judgedByStatus(got, http.StatusNotFound)
}

func (probe Probe) judgedByStatus(got *response, code int) Probe {
	probe.Got = got.String()
	probe.OK = got.code == code
	if !probe.OK {
		probe.Detail = excerpt(got.body)
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

// retired are the questions about a row that is no longer served.
func (p *prober) retired(row mapping.Row) []question {
	questions := []question{func(ctx context.Context) Probe { return p.notServed(ctx, row) }}
	if method := p.retiredMethod(row); method != "" {
		questions = append(questions, func(ctx context.Context) Probe {
			return p.policyRefuses(ctx, row, method, "retired row at the endpoint", p.endpoint)
		})
	}
	return questions
}

// retiredMethod is a verb that the retired row allowed and no other row of the
// same domain and API does; "" where there is none.
func (p *prober) retiredMethod(row mapping.Row) mapping.Method {
	var others []mapping.Row
	for _, other := range p.expect.served {
		if other.API.ID == row.API.ID && other.API.Stage == row.API.Stage && other.Host == row.Host && covers(other.API.Path, row.API.Path) {
			others = append(others, other)
		}
	}
	if len(others) == 0 {
		return allowed(row)
	}
	return forbiddenTo(others)
}

// notServed asks for a retired row's domain: it may not resolve, or be refused
// for lack of a route. A wildcard row may still serve the name; then the
// request has to arrive elsewhere.
func (p *prober) notServed(ctx context.Context, row mapping.Row) Probe {
	host := sampleHost(row)
	target := string(row.BasePath) + "/" + sampleLabel
	method := string(allowed(row))
	probe := Probe{Name: "retired row is not served", Method: method, URL: "https://" + host + target, Want: "not served"}
	if _, err := p.path.Resolve(ctx, host); err != nil {
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
		return probe.judgedByStatus(got, http.StatusNotFound)
	}
	return probe.passed("not served")
}

// findEndpoint is the endpoint that a task's environment leads to.
func findEndpoint(estate *live.Estate) (live.Endpoint, error) {
	if len(estate.Tasks) == 0 {
		return live.Endpoint{}, fmt.Errorf("find the execute-api endpoint: no task runs")
	}
	for _, endpoint := range estate.Endpoints {
		for _, one := range endpoint.Interfaces {
			for _, value := range estate.Tasks[0].Environment {
				if mentions(value, netip.AddrPortFrom(one.Address, httpsPort)) {
					return endpoint, nil
				}
			}
		}
	}
	return live.Endpoint{}, fmt.Errorf("find the execute-api endpoint: the environment of %s names no address of one", estate.Tasks[0].Interface.Name)
}

// mentions tells whether a comma-separated value holds an address and port.
func mentions(value string, address netip.AddrPort) bool { return lists(value, address.String()) }
