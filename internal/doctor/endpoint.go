package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// readEndpoint is the execute-api endpoint of the walk's front door; nil: there is
// none. ok is false where it could not be read, or the stack reports none.
func (w *walk) readEndpoint() (endpoint *Endpoint, ok bool) {
	id := w.environment.Shared.Endpoints[w.frontDoor]
	if id == "" {
		return nil, false
	}
	return ask(w, StepEndpoint, w.shared(), "endpoint "+id, func(ctx context.Context, r Reader) (*Endpoint, error) { return r.Endpoint(ctx, id) })
}

// endpoint looks at the endpoint of the front door, and at what leads to it.
func (w *walk) endpoint() *Endpoint {
	id := w.environment.Shared.Endpoints[w.frontDoor]
	if id == "" {
		w.unread(StepEndpoint, fmt.Sprintf("the shared stack reports no endpoint of front door %s", w.frontDoor))
		return nil
	}
	endpoint, ok := w.readEndpoint()
	if !ok {
		return nil
	}
	if endpoint == nil {
		w.cause(StepEndpoint, w.shared(), id, "the execute-api endpoint doesn't exist", w.deployed())
		return nil
	}
	switch {
	case endpoint.State != "available":
		w.cause(StepEndpoint, w.shared(), id, "the endpoint's state is "+endpoint.State, "wait while it is pending; else "+w.deployed())
	case len(endpoint.Addresses) == 0:
		w.cause(StepEndpoint, w.shared(), id, "the endpoint has no network interface: it is in no subnet", w.deployed())
	case w.frontDoor == mapping.FrontDoorNGINX:
		w.upstreams(*endpoint)
	}
	return endpoint
}

// The proxy's environment variables that say where it sends requests.
const (
	upstreamsVariable    = "PORTICO_UPSTREAMS"
	endpointNameVariable = "PORTICO_ENDPOINT_NAME"
)

// upstreams compares where the proxy sends requests with the endpoint's addresses.
func (w *walk) upstreams(endpoint Endpoint) {
	cluster, name := w.environment.Shared.Cluster, w.environment.Shared.Service
	known, _ := w.asked[w.shared()+"/service "+cluster+"/"+name].value.(*Service)
	if known == nil {
		return
	}
	containers, ok := ask(w, StepEndpoint, w.shared(), "containers "+known.TaskDefinitionARN, func(ctx context.Context, r Reader) ([]Container, error) {
		return r.Containers(ctx, known.TaskDefinitionARN)
	})
	if !ok {
		return
	}
	for _, container := range containers {
		if called := container.Environment[endpointNameVariable]; called != "" && !slices.Contains(endpoint.DNSNames, strings.ToLower(called)) {
			w.cause(StepEndpoint, w.shared(), endpoint.ID, "the proxy calls "+called+", which is no name of the endpoint", w.deployed())
		}
		listed := container.Environment[upstreamsVariable]
		if listed == "" {
			continue
		}
		var upstreams, dead []string
		for upstream := range strings.SplitSeq(listed, ",") {
			at, err := netip.ParseAddrPort(upstream)
			if err != nil {
				continue
			}
			upstreams = append(upstreams, at.Addr().String())
			if !slices.Contains(endpoint.Addresses, at.Addr()) {
				dead = append(dead, at.Addr().String())
			}
		}
		if len(dead) > 0 {
			w.cause(StepEndpoint, w.shared(), endpoint.ID, fmt.Sprintf("%d of the %d addresses to which the proxy sends requests are none of the endpoint's: %s",
				len(dead), len(upstreams), strings.Join(dead, ", ")), "portico up --env "+w.environment.Name+" starts tasks with the addresses that the endpoint has now")
		}
	}
}

// leadsToEndpoint holds what a name of front door native leads to to its endpoint.
func (w *walk) leadsToEndpoint(target string) {
	endpoint, _ := w.readEndpoint()
	if endpoint == nil {
		return
	}
	if target != "" && !slices.Contains(endpoint.DNSNames, target) {
		w.cause(StepName, w.shared(), w.host, "the name leads to "+target+", which is no name of endpoint "+endpoint.ID, w.deployed())
	}
	w.lets(endEndpoint(endpoint), end{name: "clients in the VPC", addresses: w.vpcAddresses()}, httpsPort, false)
}
