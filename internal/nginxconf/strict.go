package nginxconf

import (
	"cmp"
	"slices"

	"github.com/portico-iac/portico/internal/topology"
)

// StrictKeepalive is how many idle connections each worker keeps to an API in
// endpoint access mode STRICT, which share none with another API.
const StrictKeepalive = 4

// Upstream is an upstream block of one API: NGINX doesn't keep connections apart
// by their TLS name, so an API that asks for its own name needs its own.
type Upstream struct {
	// Name is the API's own name, {api}.execute-api.{region}.{suffix}.
	Name      string
	Keepalive int
}

// strictUpstreams are the upstreams of APIs in endpoint access mode STRICT, by
// name.
func strictUpstreams(routes []topology.Route) []Upstream {
	var upstreams []Upstream
	for _, r := range routes {
		if r.Strict {
			upstreams = append(upstreams, Upstream{Name: string(r.API.ID) + ".execute-api." + regionDomain(r), Keepalive: StrictKeepalive})
		}
	}
	slices.SortFunc(upstreams, func(a, b Upstream) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Compact(upstreams)
}
