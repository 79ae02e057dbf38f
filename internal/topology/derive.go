package topology

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// Derive works out what the mapping asks for once every host has arrived at
// the front door that its rows name.
func Derive(m *mapping.Mapping, limits Limits) (*Topology, error) {
	return DeriveAt(m, limits, Wanted(m.Rows))
}

// DeriveAt works out what the mapping asks for while its hosts stand at the
// given placements; hosts without one are taken to have no name yet. Retired
// rows get no route, name, record or certificate; their APIs are listed all
// the same, because policies have to be taken back.
//
// The error joins one *LimitError or *ConflictError per problem: all of them,
// not the first.
func DeriveAt(m *mapping.Mapping, limits Limits, at map[mapping.Host]Placement) (*Topology, error) {
	limits, err := limits.withDefaults()
	if err != nil {
		return nil, err
	}
	routed := rowsOf(m.Rows, at, mapping.FrontDoorNGINX)
	t := &Topology{
		Routes:      routes(routed),
		Hosts:       hosts(routed),
		Served:      servedHosts(m.Rows, at, ""),
		ALBHosts:    servedHosts(m.Rows, at, mapping.FrontDoorALB),
		NativeHosts: servedHosts(m.Rows, at, mapping.FrontDoorNative),
		Doors:       doors(m.Rows, at),
		Placements:  at,
	}
	apis, problems := apis(m.Source, m.Rows)
	t.APIs = apis
	problems = append(problems, t.balance(m, at, limits)...)
	problems = append(problems, t.findDomains(m, at, limits)...)
	problems = append(problems, zoneLimits(m.Source, rowsOfHosts(m.Rows, t.Served), t.Zones, limits)...)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return t, nil
}

// balance adds load balancers, certificates, and the zones whose records lead to
// them.
func (t *Topology) balance(m *mapping.Mapping, at map[mapping.Host]Placement, limits Limits) []error {
	albRows := rowsOf(m.Rows, at, mapping.FrontDoorALB)
	publicZones, problems := publicZones(m.Source, union(rowsOf(m.Rows, at, mapping.FrontDoorNGINX), albRows))
	place := make(map[mapping.FrontDoor]func(mapping.Host) int)
	for _, e := range estates(m.Rows, at, limits) {
		b := e.balance(limits)
		before := len(t.LoadBalancers)
		here := func(host mapping.Host) int { return before + b.at(host) }
		place[e.door] = here
		if e.carriesALB {
			place[mapping.FrontDoorALB] = here
		}
		problems = append(problems, b.certificateLimit(m.Source, limits)...)
		problems = append(problems, b.domainNameLimit(m.Source)...)
		problems = append(problems, b.ruleLimit(m.Source, albRows, limits)...)
		t.Notices = append(t.Notices, b.notices(limits)...)
		t.LoadBalancers = append(t.LoadBalancers, b.loadBalancers(publicZones, t.ALBHosts)...)
	}
	for _, balancer := range t.LoadBalancers {
		t.Certificates = append(t.Certificates, balancer.Certificates...)
	}
	target := func(host mapping.Host) Record {
		record := Record{Name: host, Door: at[host].Name}
		if leads := place[record.Door]; leads != nil {
			record.LoadBalancer = leads(host)
		}
		return record
	}
	t.Zones = reuse(zones(t.Served, target, limits), limits.ExistingZones)
	return problems
}

// rowsOf are the rows that the front door serves or is to serve, in the file's
// order.
func rowsOf(rows []mapping.Row, at map[mapping.Host]Placement, door mapping.FrontDoor) []mapping.Row {
	of := make([]mapping.Row, 0, len(rows))
	for _, row := range rows {
		if !row.Retired && (row.FrontDoor == door || at[row.Host].Serves(door)) {
			of = append(of, row)
		}
	}
	return of
}

// servedHosts are the hosts whose way through the front door stands; of any
// where it is empty.
func servedHosts(rows []mapping.Row, at map[mapping.Host]Placement, door mapping.FrontDoor) []mapping.Host {
	var served []mapping.Row
	for _, row := range rows {
		placement := at[row.Host]
		if !row.Retired && placement.Name != "" && (door == "" || placement.Serves(door)) {
			served = append(served, row)
		}
	}
	return hosts(served)
}

// rowsOfHosts are the unretired rows of the hosts, which are sorted.
func rowsOfHosts(rows []mapping.Row, hosts []mapping.Host) []mapping.Row {
	of := make([]mapping.Row, 0, len(rows))
	for _, row := range rows {
		if _, found := slices.BinarySearch(hosts, row.Host); found && !row.Retired {
			of = append(of, row)
		}
	}
	return of
}

// doors are the front doors that have to stand.
func doors(rows []mapping.Row, at map[mapping.Host]Placement) []mapping.FrontDoor {
	var doors []mapping.FrontDoor
	for _, door := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative, mapping.FrontDoorNGINX} {
		if len(rowsOf(rows, at, door)) > 0 {
			doors = append(doors, door)
		}
	}
	return doors
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
