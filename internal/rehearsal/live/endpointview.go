package live

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

// endpointView is what an endpoint knows: itself, and the APIs and custom domain
// names that can be called through it.
type endpointView struct {
	endpoint                  Endpoint
	region, partition, suffix string
	apis                      map[string]API
	domains                   map[string]Domain
}

func newEndpointView(environment *Environment, endpoint Endpoint) *endpointView {
	partition, _ := aws.PartitionOf(environment.Region)
	v := &endpointView{
		endpoint: endpoint, region: environment.Region, partition: environment.Partition, suffix: partition.DNSSuffix,
		apis: make(map[string]API), domains: make(map[string]Domain),
	}
	for _, api := range environment.APIs {
		v.apis[api.ID] = api
	}
	private := make(map[string][]Domain)
	for _, domain := range environment.Domains {
		if domain.Private && slices.Contains(domain.VPCEndpointIDs, endpoint.ID) {
			private[domain.Name] = append(private[domain.Name], domain)
		}
	}
	for name, domains := range private {
		// Two PRIVATE domains of one name can't be called through one endpoint.
		if len(domains) == 1 {
			v.domains[name] = domains[0]
		}
	}
	for _, domain := range environment.Domains {
		// An endpoint with access associations serves no REGIONAL domains.
		if !domain.Private && len(private) == 0 {
			v.domains[domain.Name] = domain
		}
	}
	return v
}

// domain is the custom domain name that answers for a host.
func (v *endpointView) domain(host string) (Domain, bool) {
	domain, ok := v.domains[host]
	if !ok {
		_, parent, _ := strings.Cut(host, ".")
		domain, ok = v.domains["*."+parent]
	}
	return domain, ok
}

// request is what an HTTP request asks for.
type request struct {
	api API
	// stage is deployed, and path what follows it, or the base path.
	stage, path, query string
	// via is the PRIVATE custom domain name that was called, if there is one.
	via *Domain
}

// asked finds what a request asks for, if it is there.
//
// Which of x-apigw-api-id and Host wins where they disagree is not documented.
// Here the header wins over every Host, which is the worse case for a proxy that
// passes on its clients' header fields; and a request to a PRIVATE domain counts
// as made by way of it nevertheless.
func (v *endpointView) asked(r *http.Request) (request, bool) {
	raw, query, _ := strings.Cut(r.RequestURI, "?")
	asked := request{query: query}
	host := hostOf(r)
	domain, isDomain := v.domain(host)
	if isDomain && domain.Private {
		asked.via = &domain
	}
	var known bool
	switch id := r.Header.Get("X-Apigw-Api-Id"); {
	case id != "":
		asked.api, known = v.apis[id]
		asked.stage, asked.path = cutSegment(raw)
	case isDomain:
		asked.api, asked.stage, asked.path, known = v.mapped(domain, raw)
	default:
		asked.api, known = v.byHost(host)
		asked.stage, asked.path = cutSegment(raw)
	}
	return asked, known && asked.api.Private && slices.Contains(asked.api.Stages, asked.stage)
}

// namesStrictly reports whether a request may reach an API in STRICT mode: its Host
// is the server name of its connection, and names the API or a PRIVATE domain that
// leads to it. A connection has one server name, so that none serves two APIs.
//
// What the service answers otherwise is not documented; here it is what it answers
// for an API that isn't there (API Gateway developer guide, "Endpoint access mode").
func (v *endpointView) namesStrictly(r *http.Request, asked request) bool {
	host := hostOf(r)
	if r.TLS == nil || canonicalName(r.TLS.ServerName) != host {
		return false
	}
	named, ok := v.byHost(host)
	return ok && named.ID == asked.api.ID || asked.via != nil
}

// hostOf is a request's Host, in lower case, without a port.
func hostOf(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return canonicalName(host)
}

// cutSegment splits a path into its first segment and the rest, which has a
// leading slash.
func cutSegment(path string) (segment, rest string) {
	segment, rest, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment, "/" + rest
}

// mapped follows a domain's base path mappings: the one of the path's first
// segment, or else that of the root.
func (v *endpointView) mapped(domain Domain, raw string) (api API, stage, path string, ok bool) {
	segment, rest := cutSegment(raw)
	find := func(basePath string) int {
		return slices.IndexFunc(domain.Mappings, func(m Mapping) bool { return m.BasePath == basePath })
	}
	i, path := -1, raw
	if segment != "" {
		if i = find(segment); i >= 0 {
			path = rest
		}
	}
	if i < 0 {
		i = find("")
	}
	if i < 0 {
		return API{}, "", "", false
	}
	if stage = domain.Mappings[i].Stage; stage == "" {
		stage, path = cutSegment(path)
	}
	api, ok = v.apis[domain.Mappings[i].APIID]
	return api, stage, path, ok
}

// byHost is the API that a host name of execute-api's names: its own, or the
// endpoint-specific one.
func (v *endpointView) byHost(host string) (API, bool) {
	label, ok := strings.CutSuffix(host, ".execute-api."+v.region+"."+v.suffix)
	if !ok {
		return API{}, false
	}
	if api, ok := v.apis[label]; ok {
		return api, true
	}
	id, ok := strings.CutSuffix(label, "-"+v.endpoint.ID)
	api, known := v.apis[id]
	return api, ok && known && slices.Contains(api.VPCEndpointIDs, v.endpoint.ID)
}

// admit asks every policy: the PRIVATE domain's, the endpoint's about the domain
// and about the API, and the API's.
func (v *endpointView) admit(asked request, call Invocation) (bool, error) {
	if asked.via != nil {
		admitted, err := v.admitDomain(*asked.via, call)
		if err != nil || !admitted {
			return false, err
		}
	}
	if v.endpoint.Admit != nil {
		admitted, err := v.endpoint.Admit(asked.api, call)
		if err != nil {
			return false, fmt.Errorf("ask the policy of endpoint %s: %w", v.endpoint.ID, err)
		}
		if !admitted {
			return false, nil
		}
	}
	admitted, err := asked.api.Admit(call)
	if err != nil {
		return false, fmt.Errorf("ask API %s: %w", asked.api.ID, err)
	}
	return admitted, nil
}

func (v *endpointView) admitDomain(domain Domain, call Invocation) (bool, error) {
	admitted, err := domain.Admit(call)
	if err != nil {
		return false, fmt.Errorf("ask the policy of domain %s: %w", domain.Name, err)
	}
	if !admitted || v.endpoint.AdmitDomain == nil {
		return admitted, nil
	}
	if admitted, err = v.endpoint.AdmitDomain(domain, call); err != nil {
		return false, fmt.Errorf("ask the policy of endpoint %s: %w", v.endpoint.ID, err)
	}
	return admitted, nil
}
