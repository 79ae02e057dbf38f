package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/mapping"
)

// estate is a group of load balancers that serve the same hosts' kinds: those
// in front of the proxy, or those of alb alone.
type estate struct {
	// prefix begins the load balancers' names.
	prefix string
	// rows are those whose hosts need a certificate on one of the load
	// balancers.
	rows []*mapping.Row
	// supplied are the supplied certificates to attach.
	supplied []Certificate
	// door is nginx where the proxy is behind the load balancers.
	door mapping.FrontDoor
	// carriesALB tells that hosts of alb have their rules here.
	carriesALB bool
}

// estates are the groups of load balancers that the rows call for.
func estates(p *placed, options Options) []estate {
	proxied, balanced := p.by[mapping.FrontDoorNGINX], p.by[mapping.FrontDoorALB]
	first := estate{rows: proxied, supplied: options.Supplied, door: mapping.FrontDoorNGINX}
	own := estate{prefix: "alb", rows: balanced, supplied: covering(balanced, options.Supplied), door: mapping.FrontDoorALB, carriesALB: true}
	if options.SharedALB {
		if len(proxied) == 0 {
			first.door = mapping.FrontDoorALB
		}
		first.rows, first.carriesALB = union(proxied, balanced), true
		own.rows = nil
	}
	return slices.DeleteFunc([]estate{first, own}, func(e estate) bool { return len(e.rows) == 0 })
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

// covering are the supplied certificates that a row's host needs.
func covering(rows []*mapping.Row, supplied []Certificate) []Certificate {
	needed := make(map[mapping.Host]bool)
	for _, row := range rows {
		needed[row.Host], needed[row.Host.Wildcard()] = true, true
	}
	return slices.DeleteFunc(slices.Clone(supplied), func(c Certificate) bool {
		return !slices.ContainsFunc(c.Names, func(name mapping.Host) bool { return needed[name] })
	})
}

// balanced are an estate's load balancers, and where its names are.
type balanced struct {
	*estate
	balancers []balancer
	// uncovered are the rows whose hosts no supplied certificate covers.
	uncovered []*mapping.Row
	// of tells the place in balancers for each name of a certificate.
	of map[mapping.Host]int
}

// balancer is a load balancer while certificates are put onto it.
type balancer struct {
	// number counts from 0 and stays the same while others come and go.
	number   int
	supplied []Certificate
	names    []mapping.Host
	packing  packing
}

// room is how many names there are still places for.
func (b *balancer) room(options Options) int {
	return (options.Quotas.certificates()-len(b.supplied))*options.Quotas.NamesPerCertificate - len(b.names)
}

// balance puts the names that the estate's rows need onto load balancers: where
// they stand, or else onto the first that has room. The names come in the order
// of their hashes, so that one more displaces at most one other from each load
// balancer where nothing is known of how they stand.
func (e *estate) balance(options Options) *balanced {
	b := &balanced{
		estate:    e,
		balancers: make([]balancer, options.Quotas.LoadBalancers),
		uncovered: uncoveredRows(e.rows, options.Supplied),
		of:        make(map[mapping.Host]int),
	}
	for i := range b.balancers {
		b.balancers[i].number = i
	}
	for i, certificate := range e.supplied {
		// More certificates than places are certificateLimit's to report.
		at := &b.balancers[min(i/options.Quotas.certificates(), len(b.balancers)-1)]
		at.supplied = append(at.supplied, certificate)
	}
	b.settle(certificateNames(b.uncovered), options)
	b.balancers = slices.DeleteFunc(b.balancers, func(b balancer) bool { return len(b.names)+len(b.supplied) == 0 })
	for i := range b.balancers {
		on := &b.balancers[i]
		on.packing = pack(on.names, max(0, options.Quotas.certificates()-len(on.supplied)), options.Quotas.NamesPerCertificate)
		for _, name := range on.names {
			b.of[name] = i
		}
		for _, certificate := range on.supplied {
			for _, name := range certificate.Names {
				if _, known := b.of[name]; !known {
					b.of[name] = i
				}
			}
		}
	}
	return b
}

// settle finds a load balancer for each name. Those for which there is none are
// certificateLimit's to report.
func (b *balanced) settle(names []mapping.Host, options Options) {
	slices.SortFunc(names, func(a, b mapping.Host) int {
		return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b))
	})
	stands := make(map[mapping.Host]*balancer)
	for i := range b.balancers {
		for _, name := range options.Previous.CertificateNames[b.name(i)] {
			stands[name] = &b.balancers[i]
		}
	}
	var unsettled []mapping.Host
	for _, name := range names {
		on := stands[name]
		if on == nil || on.room(options) <= 0 {
			unsettled = append(unsettled, name)
			continue
		}
		on.names = append(on.names, name)
	}
	for i := range b.balancers {
		on := &b.balancers[i]
		take := min(max(0, on.room(options)), len(unsettled))
		on.names = append(on.names, unsettled[:take]...)
		unsettled = unsettled[take:]
	}
}

// at is the place in balancers of the one that has the host's certificate.
func (b *balanced) at(host mapping.Host) int {
	if i, own := b.of[host]; own {
		return i
	}
	return b.of[host.Wildcard()]
}

// loadBalancers are the estate's, for the topology.
func (b *balanced) loadBalancers(publicZones map[mapping.Host]mapping.Zone, albHosts []mapping.Host) []LoadBalancer {
	all := make([]LoadBalancer, len(b.balancers))
	for i, balancer := range b.balancers {
		all[i] = LoadBalancer{
			Name: b.name(balancer.number), Door: b.door,
			Certificates: append(balancer.packing.issued(publicZones), balancer.supplied...),
		}
	}
	if b.carriesALB {
		for _, host := range albHosts {
			rules := &all[b.at(host)].ALBHosts
			*rules = append(*rules, host)
		}
	}
	return all
}

// spareRules is how many of a load balancer's rules no host takes: one stands in
// while all hosts wait for their accounts, and goes after theirs have come.
const spareRules = 1

// ruleLimit reports that the hosts on a load balancer need more rules than its
// listener takes.
func (b *balanced) ruleLimit(p *placed, options Options) []error {
	if !b.carriesALB {
		return nil
	}
	on := make([][]*mapping.Row, len(b.balancers))
	for _, row := range p.by[mapping.FrontDoorALB] {
		on[b.at(row.Host)] = append(on[b.at(row.Host)], row)
	}
	var problems []error
	for i, rows := range on {
		need := len(hosts(rows)) + spareRules
		if need <= options.Quotas.RulesPerLoadBalancer {
			continue
		}
		of := "the load balancer"
		if len(on) > 1 {
			of = fmt.Sprintf("load balancer %d", i+1)
		}
		problems = append(problems, newLimitError(p.Source, rows, LimitError{
			Limit:  "listener rules of " + of + ", one for each host of alb and one to spare",
			Need:   need,
			Max:    options.Quotas.RulesPerLoadBalancer,
			Remedy: "give hosts another FRONT_DOOR, or have the quota of rules per load balancer raised and set portico:quotas: {rulesPerLoadBalancer: N}",
		}, func(i int) bool { return i < options.Quotas.RulesPerLoadBalancer-spareRules }, func(row *mapping.Row) mapping.Host { return row.Host }))
	}
	return problems
}

// notices tell of what costs more, or is less stable, than a user may expect.
func (b *balanced) notices(options Options) []string {
	const remedy = ": with a higher quota of names per certificate (portico:quotas: {namesPerCertificate: N}) "
	var notices []string
	names := 0
	for i, balancer := range b.balancers {
		names += len(balancer.names)
		if balancer.packing.tight {
			notices = append(notices, fmt.Sprintf("load balancer %d of %s has certificates for %d parent domains, so many that one more may have several of its %d certificates issued anew",
				i+1, b.door, len(balancer.names), len(balancer.packing.certificates))+remedy+"it would be one")
		}
	}
	if used := len(b.balancers); used > 1 {
		notices = append(notices, fmt.Sprintf("%s uses %d load balancers, since one takes %d certificates of %d names, and there are %d parent domains and %d certificates that are supplied",
			b.door, used, options.Quotas.certificates(), options.Quotas.NamesPerCertificate, names, len(b.supplied))+remedy+"fewer would do")
	}
	return notices
}

// name is the name of the estate's load balancer of a number, from 0.
func (e *estate) name(number int) string {
	if number == 0 {
		return e.prefix
	}
	return e.prefix + strconv.Itoa(number+1)
}
