package topology

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/mapping"
)

// Derive works out what the mapping asks for once every host has arrived at
// the front door that its rows name. Its error is that of DeriveAt.
func Derive(m *mapping.Mapping, options Options) (*Topology, error) {
	return DeriveAt(m, options, migration.WantedBy(m.Rows).Settled())
}

// DeriveAt works out what the mapping asks for while its hosts are in the states
// of a plan; hosts without one are taken to have no name yet. Retired
// rows get no route, name, record or certificate; their APIs are listed all
// the same, because policies have to be taken back.
//
// The error joins one *LimitError or *ConflictError per problem: all of them,
// not the first.
func DeriveAt(m *mapping.Mapping, options Options, at migration.Plan) (*Topology, error) {
	options, err := options.checked()
	if err != nil {
		return nil, err
	}
	p := place(m, at)
	t := &Topology{
		Routes:      routes(p.by[mapping.FrontDoorNGINX]),
		Hosts:       hosts(p.by[mapping.FrontDoorNGINX]),
		Served:      hosts(p.named),
		ALBHosts:    p.served(mapping.FrontDoorALB),
		NativeHosts: p.served(mapping.FrontDoorNative),
		Doors:       slices.Sorted(maps.Keys(p.by)),
		Plan:        at,
	}
	apis, problems := apis(m.Source, m.Rows)
	t.APIs = apis
	problems = append(problems, t.balance(p, options)...)
	domains, conflicts := p.domains(apis)
	t.Domains = domains
	problems = append(problems, conflicts...)
	problems = append(problems, t.domainQuotas(m, options.Quotas)...)
	problems = append(problems, zoneLimits(m.Source, p.named, t.Zones, options)...)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return t, nil
}

// placed are the unretired rows of a mapping by where their hosts stand, each
// list in the file's order.
type placed struct {
	*mapping.Mapping
	at migration.Plan
	// named are the rows of hosts whose names lead anywhere.
	named []*mapping.Row
	// by are those that a front door serves or is to serve.
	by map[mapping.FrontDoor][]*mapping.Row
}

func place(m *mapping.Mapping, at migration.Plan) *placed {
	p := &placed{Mapping: m, at: at, by: make(map[mapping.FrontDoor][]*mapping.Row)}
	for i := range m.Rows {
		row := &m.Rows[i]
		if row.Retired {
			continue
		}
		state := at[row.Host]
		if state.Current != "" {
			p.named = append(p.named, row)
		}
		for _, door := range allDoors {
			if row.FrontDoor == door || state.Serves(door) {
				p.by[door] = append(p.by[door], row)
			}
		}
	}
	return p
}

var allDoors = []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative, mapping.FrontDoorNGINX}

// served are the hosts whose way through the front door stands.
func (p *placed) served(door mapping.FrontDoor) []mapping.Host {
	return slices.DeleteFunc(hosts(p.by[door]), func(host mapping.Host) bool { return !p.at[host].Serves(door) })
}

// balance adds load balancers, certificates, and the zones whose records lead to
// them.
func (t *Topology) balance(p *placed, options Options) []error {
	publicZones, problems := p.publicZones()
	place := make(map[mapping.FrontDoor]func(mapping.Host) int)
	for _, group := range balancerGroups(p, options) {
		a := group.assign(options)
		before := len(t.LoadBalancers)
		here := func(host mapping.Host) int { return before + a.at(host) }
		place[group.frontDoor] = here
		if group.carriesALB {
			place[mapping.FrontDoorALB] = here
		}
		problems = append(problems, a.certificateLimit(p.Source, options.Quotas)...)
		problems = append(problems, a.domainNameLimit(p.Source)...)
		problems = append(problems, a.ruleLimit(p, options.Quotas)...)
		t.Notices = append(t.Notices, a.notices(options.Quotas)...)
		t.LoadBalancers = append(t.LoadBalancers, a.loadBalancers(publicZones, t.ALBHosts)...)
	}
	t.Uncovered = uncoveredRows(union(p.by[mapping.FrontDoorNGINX], p.by[mapping.FrontDoorALB]), options.Supplied)
	target := func(host mapping.Host) Record {
		record := Record{Name: host, Door: p.at[host].Current}
		if leads := place[record.Door]; leads != nil {
			record.LoadBalancer = leads(host)
		}
		return record
	}
	t.Zones = reuse(p.withRecordsOfMoved(zones(t.Served, target, options), target, options), options.DNS.ExistingZones)
	return problems
}

// Check reports the rows of a mapping that contradict each other about the
// account that owns an API, or about the public zone that validates a
// certificate. The error joins one *ConflictError per contradiction.
func Check(m *mapping.Mapping) error {
	_, conflicts := apis(m.Source, m.Rows)
	p := place(m, migration.WantedBy(m.Rows).Settled())
	_, zoneConflicts := p.publicZones()
	return errors.Join(append(conflicts, zoneConflicts...)...)
}

// Routes are the proxy's routes once every host has arrived at the front door
// that its rows name, ordered by host and base path.
func Routes(m *mapping.Mapping) []Route {
	return routes(place(m, migration.WantedBy(m.Rows).Settled()).by[mapping.FrontDoorNGINX])
}

func routes(rows []*mapping.Row) []Route {
	routes := make([]Route, 0, len(rows))
	for _, row := range rows {
		routes = append(routes, Route{
			Host:      row.Host,
			BasePath:  row.BasePath,
			API:       row.API,
			Methods:   row.Methods,
			CORS:      row.CORS,
			Timeout:   row.ReadTimeout(),
			NoRewrite: row.NoRewrite,
			Strict:    row.AccessMode == mapping.AccessModeStrict,
			Row:       row.Index,
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

func hosts(rows []*mapping.Row) []mapping.Host {
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
// that ends at a segment border wins. A percent-encoded unreserved character of
// the path is the character (RFC 3986, section 6.2.2.2).
//
// It is the statement of the rule in Go; the proxy's configuration states it
// in maps, and tests hold the two against each other.
func (t *Topology) Resolve(host, rawPath string) (*Route, bool) {
	name := mapping.Host(host)
	if _, exact := slices.BinarySearch(t.Hosts, name); !exact {
		name = name.Wildcard()
	}
	rawPath, _, _ = strings.Cut(rawPath, "?")
	rawPath = decodeUnreserved(rawPath)
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

// decodeUnreserved decodes the percent-encoded unreserved characters of a path.
func decodeUnreserved(path string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(path, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		var c byte
		if len(after) >= 2 {
			if n, err := strconv.ParseUint(after[:2], 16, 8); err == nil {
				c = byte(n)
			}
		}
		if c == 0 || !strings.ContainsRune("-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", rune(c)) {
			b.WriteByte('%')
			path = after
			continue
		}
		b.WriteByte(c)
		path = after[2:]
	}
}
