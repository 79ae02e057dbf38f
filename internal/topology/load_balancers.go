package topology

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/mapping"
)

// LoadBalancer is a load balancer and the certificates of its listener.
type LoadBalancer struct {
	// Name is for the names of resources. It is unique, and stays the same while
	// other load balancers come and go: "" for the first of nginx (and alb, where
	// they share it), "alb" for the first of alb alone; further ones end in their
	// number: "2", "alb2".
	Name string
	// FrontDoor is nginx, or alb where no proxy is behind it.
	FrontDoor mapping.FrontDoor
	// Certificates are those of its listener: the ones to issue, then the
	// supplied ones. The first is the listener's default; there is always one.
	Certificates []Certificate
	// ALBHosts are the hosts that need a rule on its listener, sorted.
	ALBHosts []mapping.Host
}

// balancerGroup is the load balancers of the same hosts: those in front of the
// proxy, or those of alb alone.
type balancerGroup struct {
	// prefix begins the load balancers' names.
	prefix string
	// rows are those whose hosts need a certificate on one of the load
	// balancers.
	rows []*mapping.Row
	// supplied are the supplied certificates to attach.
	supplied []Certificate
	// frontDoor is nginx where the proxy is behind the load balancers.
	frontDoor mapping.FrontDoor
	// carriesALB says that hosts of alb have their rules here.
	carriesALB bool
}

// balancerGroups are the groups that the rows call for.
func balancerGroups(r *rowSets, options Options) []balancerGroup {
	proxied, direct := r.by[mapping.FrontDoorNGINX], r.by[mapping.FrontDoorALB]
	first := balancerGroup{rows: proxied, supplied: options.Supplied, frontDoor: mapping.FrontDoorNGINX}
	own := balancerGroup{prefix: "alb", rows: direct, supplied: covering(direct, options.Supplied), frontDoor: mapping.FrontDoorALB, carriesALB: true}
	if options.SharedALB {
		if len(proxied) == 0 {
			first.frontDoor = mapping.FrontDoorALB
		}
		first.rows, first.carriesALB = union(proxied, direct), true
		own.rows = nil
	}
	return slices.DeleteFunc([]balancerGroup{first, own}, func(g balancerGroup) bool { return len(g.rows) == 0 })
}

// union merges rows that are in the file's order.
func union(a, b []*mapping.Row) []*mapping.Row {
	if len(b) == 0 {
		return a
	}
	rows := slices.Concat(a, b)
	slices.SortFunc(rows, func(a, b *mapping.Row) int { return cmp.Compare(a.Index, b.Index) })
	return slices.CompactFunc(rows, func(a, b *mapping.Row) bool { return a == b })
}

// name is the name of the group's load balancer of a number, from 0.
func (g *balancerGroup) name(number int) string {
	if number == 0 {
		return g.prefix
	}
	return g.prefix + strconv.Itoa(number+1)
}

// assignment is which load balancer of a group has which certificates.
type assignment struct {
	*balancerGroup
	balancers []balancer
	// uncovered are the rows whose hosts no supplied certificate covers.
	uncovered []*mapping.Row
	// of is, for each name of a certificate, the index in balancers.
	of map[mapping.Host]int
}

// balancer is a load balancer while certificates are assigned to it.
type balancer struct {
	// number counts from 0 and stays the same while others come and go.
	number   int
	supplied []Certificate
	names    []mapping.Host
	packing  packing
}

// room is how many more names the load balancer takes.
func (b *balancer) room(quotas Quotas) int {
	return (quotas.certificates()-len(b.supplied))*quotas.NamesPerCertificate - len(b.names)
}

// assign assigns supplied certificates, and the names that the group's rows need
// issued, to load balancers.
func (g *balancerGroup) assign(options Options) *assignment {
	a := &assignment{
		balancerGroup: g,
		balancers:     make([]balancer, options.Quotas.LoadBalancers),
		uncovered:     uncoveredRows(g.rows, options.Supplied),
		of:            make(map[mapping.Host]int),
	}
	for i := range a.balancers {
		a.balancers[i].number = i
	}
	for i, certificate := range g.supplied {
		// More certificates than fit are certificateLimit's to report.
		on := &a.balancers[min(i/options.Quotas.certificates(), len(a.balancers)-1)]
		on.supplied = append(on.supplied, certificate)
	}
	a.assignNames(certificateNames(a.uncovered), options)
	a.balancers = slices.DeleteFunc(a.balancers, func(b balancer) bool { return len(b.names)+len(b.supplied) == 0 })
	for i := range a.balancers {
		on := &a.balancers[i]
		on.packing = packBeside(options.Previous.DefaultNames[a.name(on.number)], on.names, max(0, options.Quotas.certificates()-len(on.supplied)), options.Quotas.NamesPerCertificate)
		for _, name := range on.names {
			a.of[name] = i
		}
		for _, certificate := range on.supplied {
			for _, name := range certificate.Names {
				if _, known := a.of[name]; !known {
					a.of[name] = i
				}
			}
		}
	}
	return a
}

// assignNames leaves each name on the load balancer that had it before, as long
// as that has room, and puts the others onto the first with room. These come in
// the order of their hashes. One more name so moves at most one other from each
// load balancer, where nothing is known of the previous assignment. Names for
// which there is no room are certificateLimit's to report.
func (a *assignment) assignNames(names []mapping.Host, options Options) {
	slices.SortFunc(names, func(a, b mapping.Host) int {
		return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b))
	})
	previous := make(map[mapping.Host]*balancer)
	for i := range a.balancers {
		for _, name := range options.Previous.CertificateNames[a.name(i)] {
			previous[name] = &a.balancers[i]
		}
	}
	var unassigned []mapping.Host
	for _, name := range names {
		on := previous[name]
		if on == nil || on.room(options.Quotas) <= 0 {
			unassigned = append(unassigned, name)
			continue
		}
		on.names = append(on.names, name)
	}
	for i := range a.balancers {
		on := &a.balancers[i]
		take := min(max(0, on.room(options.Quotas)), len(unassigned))
		on.names = append(on.names, unassigned[:take]...)
		unassigned = unassigned[take:]
	}
}

// at is the index in balancers of the one that has the host's certificate.
func (a *assignment) at(host mapping.Host) int {
	if i, own := a.of[host]; own {
		return i
	}
	return a.of[host.Wildcard()]
}

// nameOf is the name of the load balancer that has the host's certificate.
func (a *assignment) nameOf(host mapping.Host) string { return a.name(a.balancers[a.at(host)].number) }

// loadBalancers are the group's, for the topology.
func (a *assignment) loadBalancers(publicZones map[mapping.Host]mapping.Zone, albHosts []mapping.Host) []LoadBalancer {
	all := make([]LoadBalancer, len(a.balancers))
	for i, balancer := range a.balancers {
		all[i] = LoadBalancer{
			Name: a.name(balancer.number), FrontDoor: a.frontDoor,
			Certificates: append(balancer.packing.issued(publicZones), balancer.supplied...),
		}
	}
	if a.carriesALB {
		for _, host := range albHosts {
			rules := &all[a.at(host)].ALBHosts
			*rules = append(*rules, host)
		}
	}
	return all
}
