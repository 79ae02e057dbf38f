package topology

import (
	"errors"
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/mapping"
)

// Derive works out what the mapping asks for once every host has arrived at
// the front door that its rows name. Its error is that of DeriveAt.
func Derive(m *mapping.Mapping, options Options) (*Topology, error) {
	return DeriveAt(m, options, migration.WantedBy(m.Rows).Settled())
}

// DeriveAt works out what the mapping asks for while its hosts are in the states
// of a plan; hosts without one have no name yet. Retired rows get no route, name,
// record or certificate. Their APIs are listed all the same, because statements
// have to be taken out of the policies.
//
// The error joins one *LimitError or *ConflictError for each problem, or is about
// options.Quotas.
func DeriveAt(m *mapping.Mapping, options Options, at migration.Plan) (*Topology, error) {
	options, err := options.checked()
	if err != nil {
		return nil, err
	}
	r := sortRows(m, at)
	proxied := r.by[mapping.FrontDoorNGINX]
	if options.Proxied != nil {
		proxied = nil
		for i := range options.Proxied {
			proxied = append(proxied, &options.Proxied[i])
		}
	}
	t := &Topology{
		Routes:      routes(proxied),
		Hosts:       hosts(proxied),
		Resolvable:  hosts(r.resolvable),
		ALBHosts:    r.hostsOf(mapping.FrontDoorALB),
		NativeHosts: r.hostsOf(mapping.FrontDoorNative),
		FrontDoors:  slices.Sorted(maps.Keys(r.by)),
		Plan:        at,
	}
	t.Elsewhere = Elsewhere(m, t.Routes)
	apis, problems := apis(m.Source, m.Rows)
	t.APIs = apis
	problems = append(problems, t.addLoadBalancers(r, options)...)
	domains, conflicts := r.domains(apis)
	t.Domains = domains
	problems = append(problems, conflicts...)
	problems = append(problems, t.domainQuotas(m, options.Quotas)...)
	problems = append(problems, zoneLimits(m.Source, r.resolvable, t.Zones, options)...)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return t, nil
}

// addLoadBalancers adds load balancers with their certificates, and the zones
// whose records point at them.
func (t *Topology) addLoadBalancers(r *rowSets, options Options) []error {
	publicZones, problems := r.publicZones()
	nameOf := make(map[mapping.FrontDoor]func(mapping.Host) string)
	for _, group := range balancerGroups(r, options) {
		a := group.assign(options)
		nameOf[group.frontDoor] = a.nameOf
		if group.carriesALB {
			nameOf[mapping.FrontDoorALB] = a.nameOf
		}
		problems = append(problems, a.certificateLimit(r.Source, options.Quotas)...)
		problems = append(problems, a.domainNameLimit(r.Source)...)
		problems = append(problems, a.ruleLimit(r, options.Quotas)...)
		t.Notices = append(t.Notices, a.notices(options.Quotas)...)
		t.LoadBalancers = append(t.LoadBalancers, a.loadBalancers(publicZones, t.ALBHosts)...)
	}
	t.Uncovered = uncoveredRows(union(r.by[mapping.FrontDoorNGINX], r.by[mapping.FrontDoorALB]), options.Supplied)
	target := func(host mapping.Host) Record {
		record := Record{Name: host, FrontDoor: r.at[host].Current}
		if name := nameOf[record.FrontDoor]; name != nil {
			record.LoadBalancer = name(host)
		}
		return record
	}
	// A zone of the last update's stays in place of a wider one that is listed now.
	existing := slices.Concat(options.DNS.ExistingZones, options.Previous.Zones)
	t.Zones = reuse(r.withRecordsOfMoved(zones(t.Resolvable, target, options), target, options), existing)
	t.Zones = withEmptyNames(t.Zones, t.Resolvable, target)
	return problems
}

// Check reports the rows of a mapping that contradict each other about the
// account that owns an API, or about the public zone that validates a
// certificate. The error joins one *ConflictError per contradiction.
func Check(m *mapping.Mapping) error {
	_, conflicts := apis(m.Source, m.Rows)
	r := sortRows(m, migration.WantedBy(m.Rows).Settled())
	_, zoneConflicts := r.publicZones()
	return errors.Join(append(conflicts, zoneConflicts...)...)
}
