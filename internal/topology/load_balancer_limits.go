package topology

import (
	"fmt"
	"strconv"

	"github.com/portico-iac/portico/mapping"
)

// certificateLimit reports that the names need more certificates than the load
// balancers take.
func (a *assignment) certificateLimit(source string, quotas Quotas) []error {
	places := quotas.certificates() * quotas.LoadBalancers
	need := certificateCount(len(certificateNames(a.uncovered)), quotas.NamesPerCertificate) + len(a.supplied)
	if need <= places {
		return nil
	}
	room := max(0, places-len(a.supplied)) * quotas.NamesPerCertificate
	remedy := "put hosts under fewer parent domains"
	if quotas.NamesPerCertificate < MaxNamesPerCertificate {
		remedy += ", or have ACM's quota of names raised and set portico:quotas: {namesPerCertificate: N}, N up to " +
			strconv.Itoa(MaxNamesPerCertificate)
	}
	remedy += ", or have that of certificates per load balancer raised and set portico:quotas: {certificatesPerLoadBalancer: N}"
	of := "the load balancer"
	if quotas.LoadBalancers > 1 {
		of = strconv.Itoa(quotas.LoadBalancers) + " load balancers"
	}
	return []error{newLimitError(source, a.uncovered, LimitError{
		Limit:  "certificates of " + of + ", at " + strconv.Itoa(quotas.NamesPerCertificate) + " names each",
		Need:   need,
		Max:    places,
		Remedy: remedy,
	}, func(i int) bool { return i < room }, func(row *mapping.Row) mapping.Host { return row.Host.Wildcard() })}
}

// domainNameLimit reports the rows whose certificate name no certificate takes.
func (a *assignment) domainNameLimit(source string) []error {
	unplaceable := make(map[mapping.Host]bool)
	for _, balancer := range a.balancers {
		for _, name := range balancer.packing.unplaceable {
			unplaceable[name] = true
		}
	}
	if len(unplaceable) == 0 {
		return nil
	}
	e := &LimitError{
		Limit: "characters of a certificate's domain name, without a shorter name to stand before it",
		Max:   MaxDomainName,
		Remedy: "shorten the parent domains to " + strconv.Itoa(MaxDomainName-len("*.")) +
			" characters, or have ACM's quota of names raised and set portico:quotas: {namesPerCertificate: N}, so that they share a certificate with shorter ones",
	}
	for _, row := range a.uncovered {
		if name := row.Host.Wildcard(); unplaceable[name] {
			e.Need = max(e.Need, len(name))
			e.Rows = append(e.Rows, refer(source, row))
		}
	}
	e.Fitting = len(a.uncovered) - len(e.Rows)
	return []error{e}
}

// reservedRules is how many of a load balancer's rules no host takes. A listener
// has one as long as all hosts of alb wait for their accounts, and it goes after
// the hosts' own rules have come.
const reservedRules = 1

// ruleLimit reports that the hosts on a load balancer need more rules than its
// listener takes.
func (a *assignment) ruleLimit(r *rowSets, quotas Quotas) []error {
	if !a.carriesALB {
		return nil
	}
	on := make([][]*mapping.Row, len(a.balancers))
	for _, row := range r.by[mapping.FrontDoorALB] {
		on[a.at(row.Host)] = append(on[a.at(row.Host)], row)
	}
	var problems []error
	for i, rows := range on {
		need := len(hosts(rows)) + reservedRules
		if need <= quotas.RulesPerLoadBalancer {
			continue
		}
		of := "the load balancer"
		if len(on) > 1 {
			of = fmt.Sprintf("load balancer %d", i+1)
		}
		problems = append(problems, newLimitError(r.Source, rows, LimitError{
			Limit:  "listener rules of " + of + ", one for each host of alb and one to spare",
			Need:   need,
			Max:    quotas.RulesPerLoadBalancer,
			Remedy: "give hosts another FRONT_DOOR, or have the quota of rules per load balancer raised and set portico:quotas: {rulesPerLoadBalancer: N}",
		}, func(i int) bool { return i < quotas.RulesPerLoadBalancer-reservedRules }, func(row *mapping.Row) mapping.Host { return row.Host }))
	}
	return problems
}

// notices say what costs more, or changes more often, than a user may expect.
func (a *assignment) notices(quotas Quotas) []string {
	const remedy = ": with a higher quota of names per certificate (portico:quotas: {namesPerCertificate: N}) "
	var notices []string
	names := 0
	for i, balancer := range a.balancers {
		names += len(balancer.names)
		if balancer.packing.tight {
			notices = append(notices, fmt.Sprintf("load balancer %d of %s has certificates for %d parent domains, so many that one more may have several of its %d certificates issued anew",
				i+1, a.frontDoor, len(balancer.names), len(balancer.packing.certificates))+remedy+"it would be one")
		}
	}
	if used := len(a.balancers); used > 1 {
		notices = append(notices, fmt.Sprintf("%s uses %d load balancers, since one takes %d certificates of %d names, and there are %d parent domains and %d certificates that are supplied",
			a.frontDoor, used, quotas.certificates(), quotas.NamesPerCertificate, names, len(a.supplied))+remedy+"fewer would do")
	}
	return notices
}
