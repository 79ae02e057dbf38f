package topology

import (
	"fmt"
	"maps"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// Usage is how much of one quota a topology takes.
type Usage struct {
	// What is limited, in words: "private hosted zones of the account".
	What      string
	Used, Max int
	// Of is what has the limit, where several have one: the one that uses most.
	// Empty: the environment has it.
	Of string
}

// Usage is how much of each quota the topology takes, under the options that
// it was derived with. Quotas that nothing of the mapping draws on are left out.
func (t *Topology) Usage(options Options) ([]Usage, error) {
	options, err := options.checked()
	if err != nil {
		return nil, err
	}
	var usage []Usage
	taken := func(b LoadBalancer) int { return len(b.Certificates) }
	usage = append(usage, t.fullestBalancer("certificates of the load balancer", options.Quotas.certificates(), taken)...)
	usage = append(usage, Usage{What: "private hosted zones of the account", Used: len(newZones(t.Zones, options.DNS.ExistingZones)), Max: options.Quotas.HostedZones})
	if issued := t.Issued(); len(issued) > 0 {
		fullest, number := mostOf(issued, func(c *Certificate) int { return len(c.Names) })
		usage = append(usage, Usage{"names of a certificate", len(fullest.Names), options.Quotas.NamesPerCertificate,
			fmt.Sprintf("certificate %d", number)})
	}
	if len(t.Zones) > 0 {
		fullest, _ := mostOf(t.Zones, func(zone Zone) int { return len(zone.Records) })
		usage = append(usage, Usage{"records of a private hosted zone", len(fullest.Records), options.Quotas.records(),
			"zone " + string(fullest.Name)})
	}
	if proxied := t.balancersOf(mapping.FrontDoorNGINX); proxied > 1 {
		usage = append(usage, Usage{What: "load balancers of the proxy's service", Used: proxied, Max: options.Quotas.LoadBalancers})
	}
	if len(t.ALBHosts) > 0 {
		rules := func(b LoadBalancer) int { return len(b.ALBHosts) + reservedRules }
		usage = append(usage, t.fullestBalancer("listener rules of the load balancer", options.Quotas.RulesPerLoadBalancer, rules)...)
	}
	return append(usage, t.usageOfDomains(options)...), nil
}

func (t *Topology) balancersOf(frontDoor mapping.FrontDoor) int {
	count := 0
	for _, balancer := range t.LoadBalancers {
		if balancer.FrontDoor == frontDoor {
			count++
		}
	}
	return count
}

// fullestBalancer is the usage of the load balancer that uses most. It is named
// where there are several.
func (t *Topology) fullestBalancer(what string, limit int, used func(LoadBalancer) int) []Usage {
	if len(t.LoadBalancers) == 0 {
		return nil
	}
	fullest, number := mostOf(t.LoadBalancers, used)
	usage := Usage{What: what, Used: used(fullest), Max: limit}
	if len(t.LoadBalancers) > 1 {
		usage.Of = fmt.Sprintf("load balancer %d", number)
	}
	return []Usage{usage}
}

// mostOf is the first of those that use most, and its number from 1.
func mostOf[T any](of []T, used func(T) int) (T, int) {
	most := 0
	for i := range of {
		if used(of[i]) > used(of[most]) {
			most = i
		}
	}
	return of[most], most + 1
}

func (t *Topology) usageOfDomains(options Options) []Usage {
	type count struct {
		account           accountRegion
		private, regional int
	}
	var counts []count
	associations := 0
	by := t.domainsByAccount()
	for _, account := range slices.SortedFunc(maps.Keys(by), accountRegion.compare) {
		c := count{account: account}
		for _, d := range by[account] {
			if d.FrontDoor == mapping.FrontDoorNative {
				c.private++
			} else {
				c.regional++
			}
		}
		associations += c.private
		counts = append(counts, c)
	}
	var usage []Usage
	add := func(what string, limit int, used func(count) int) {
		if most, _ := mostOf(counts, used); used(most) > 0 {
			usage = append(usage, Usage{what, used(most), limit, most.account.String()})
		}
	}
	if len(counts) > 0 {
		add("private custom domains of an account", options.Quotas.PrivateDomains, func(c count) int { return c.private })
		add("Regional custom domains of an account", options.Quotas.RegionalDomains, func(c count) int { return c.regional })
	}
	if associations > 0 {
		usage = append(usage, Usage{What: "access associations of the shared account", Used: associations, Max: options.Quotas.Associations})
	}
	return usage
}
