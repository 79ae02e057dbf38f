package topology

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// Derive works out what the mapping asks for. Retired rows and rows of other
// front doors than NGINX get no route, name, record or certificate; their APIs
// are listed all the same, because policies have to be taken back.
//
// The error joins one *LimitError or *ConflictError per problem: all of them,
// not the first.
func Derive(m *mapping.Mapping, limits Limits) (*Topology, error) {
	limits, err := limits.withDefaults()
	if err != nil {
		return nil, err
	}
	routed := routedRows(m.Rows)
	t := &Topology{
		Routes: routes(routed),
		Hosts:  hosts(routed),
	}
	t.Zones = reuse(zones(t.Hosts, limits), limits.ExistingZones)

	publicZones, conflicts := publicZones(m.Source, routed)
	uncovered := uncoveredRows(routed, limits.Supplied)
	names := certificateNames(uncovered)
	packed, homeless := certificates(names, publicZones, limits.NamesPerCertificate)
	t.Certificates = packed

	apis, accountConflicts := apis(m.Source, m.Rows)
	t.APIs = apis

	problems := slices.Concat(
		conflicts,
		accountConflicts,
		certificateLimit(m.Source, uncovered, names, limits),
		domainNameLimit(m.Source, uncovered, homeless),
		zoneLimits(m.Source, routed, t.Zones, limits),
	)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return t, nil
}

// routedRows are the rows that the proxy serves, in the file's order.
func routedRows(rows []mapping.Row) []mapping.Row {
	routed := make([]mapping.Row, 0, len(rows))
	for _, row := range rows {
		if !row.Retired && row.FrontDoor == mapping.FrontDoorNGINX {
			routed = append(routed, row)
		}
	}
	return routed
}

func routes(rows []mapping.Row) []Route {
	routes := make([]Route, 0, len(rows))
	for _, row := range rows {
		routes = append(routes, Route{
			Host:     row.Host,
			BasePath: row.BasePath,
			API:      row.API,
			Methods:  row.Methods,
			CORS:     row.CORS,
			Timeout:  row.Timeout,
			Row:      row.Index,
		})
	}
	slices.SortFunc(routes, func(a, b Route) int {
		return compareRoute(a, b.Host, b.BasePath)
	})
	return routes
}

func compareRoute(r Route, host mapping.Host, base mapping.BasePath) int {
	return cmp.Or(cmp.Compare(r.Host, host), cmp.Compare(r.BasePath, base))
}

func hosts(rows []mapping.Row) []mapping.Host {
	hosts := make([]mapping.Host, 0, len(rows))
	for _, row := range rows {
		hosts = append(hosts, row.Host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// Resolve tells which route answers for a request: the host in lower case and
// without a port, and the path as it was sent, not decoded. A host that a row
// names exactly is answered by its own rows only; any other falls to the
// wildcard one label up. Of a host's rows the one with the longest base path
// that ends at a segment border wins.
//
// It is the statement of the rule in Go; the proxy's configuration states it
// in maps, and tests hold the two against each other.
func (t *Topology) Resolve(host, rawPath string) (*Route, bool) {
	name := mapping.Host(host)
	if _, exact := slices.BinarySearch(t.Hosts, name); !exact {
		name = certificateName(name)
	}
	rawPath, _, _ = strings.Cut(rawPath, "?")
	for base := strings.TrimSuffix(rawPath, "/"); ; base = base[:strings.LastIndexByte(base, '/')] {
		i, ok := slices.BinarySearchFunc(t.Routes, base, func(r Route, base string) int {
			return compareRoute(r, name, mapping.BasePath(base))
		})
		if ok {
			return &t.Routes[i], true
		}
		if base == "" || base[0] != '/' {
			return nil, false
		}
	}
}
