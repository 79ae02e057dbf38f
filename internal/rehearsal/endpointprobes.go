package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"net/netip"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// refusedAt is a verb that a row's API has to refuse at an endpoint of another
// front door to a caller that poses as the row's; "" where there is none.
func (p *prober) refusedAt(row mapping.Row, endpoint live.Endpoint) mapping.Method {
	if p.frontDoorOf(endpoint) != mapping.FrontDoorALB {
		// No other front door's policy knows the row's domain.
		return allowed(row)
	}
	row.FrontDoor = mapping.FrontDoorALB
	if granting := p.expect.granting(row); len(granting) > 0 {
		return first(forbiddenTo(granting))
	}
	return allowed(row)
}

// policyRefuses sends a request straight to an endpoint, from where a front door
// is and as it would send it: only the API's deployed resource policy can stop
// it.
func (p *prober) policyRefuses(ctx context.Context, row mapping.Row, method mapping.Method, name string, endpoint live.Endpoint) Probe {
	r := atEndpoint(row, method)
	probe := Probe{Name: name, Method: r.method, URL: endpointURL(endpoint, r), Want: "403 from the policy"}
	got, err := p.callEndpoint(ctx, p.callerAt(endpoint), endpoint, r)
	if errors.Is(err, live.ErrUnreachable) && p.frontDoorOf(endpoint) == "" {
		// Another owner's endpoint, whose security groups stop even the proxy.
		return probe.passed(probe.Want)
	}
	if err != nil {
		return probe.failed(err)
	}
	return probe.checkPolicy(got)
}

func (probe Probe) checkPolicy(got *response) Probe {
	probe.Got = got.String()
	if got.header.Get("X-Amzn-Errortype") == "AccessDeniedException" {
		probe.Got = "403 from the policy"
	}
	probe.OK = probe.Got == probe.Want
	if !probe.OK {
		probe.Detail = got.reason()
	}
	return probe
}

// unreachable sends an allowed verb from a workload of the VPC straight to a
// front door's endpoint, as the front door would. The endpoint's security group
// has to stop it: the policy can't distinguish it from the front door.
func (p *prober) unreachable(ctx context.Context, row mapping.Row, name string, d frontDoor) Probe {
	r := atEndpoint(row, allowed(row))
	probe := Probe{Name: name, Method: r.method, URL: endpointURL(d.endpoint, r), Want: "no connection"}
	got, err := p.callEndpoint(ctx, p.client, d.endpoint, r)
	switch {
	case errors.Is(err, live.ErrUnreachable):
		return probe.passed(probe.Want)
	case err != nil:
		return probe.failed(err)
	}
	probe.Got = got.String()
	probe.Detail = "a workload of the VPC reaches the endpoint by itself"
	return probe
}

// atEndpoint is the request that the proxy would send for a row's probe; for the
// other front doors it is a caller's who names the API and poses as the host. An
// API in STRICT mode is named by Host and server name too.
func atEndpoint(row mapping.Row, method mapping.Method) request {
	host := ""
	if row.AccessMode == mapping.AccessModeStrict {
		host = string(row.API.ID) + ".execute-api." + row.API.Region + "." + row.API.DNSSuffix
	}
	return request{
		host:   host,
		method: string(method),
		target: "/" + string(row.API.Stage) + string(row.API.Path) + "/" + sampleLabel,
		fields: []string{"x-apigw-api-id: " + string(row.API.ID), "Referer: " + string(row.Host), credentials, "Content-Length: 0"},
	}
}

func endpointURL(endpoint live.Endpoint, r request) string {
	return "https://" + cmp.Or(r.host, endpoint.DNSNames[0]) + r.target
}

func (p *prober) callEndpoint(ctx context.Context, from live.Interface, endpoint live.Endpoint, r request) (*response, error) {
	r.host = cmp.Or(r.host, endpoint.DNSNames[0])
	to := netip.AddrPortFrom(endpoint.Interfaces[0].Address, httpsPort)
	return call(ctx, p.path, from, to, r.host, r)
}
