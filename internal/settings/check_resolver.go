package settings

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
)

const (
	// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-entities-resolver
	minInboundAddresses = 2
	maxInboundAddresses = 6
	// inboundRules is how many rules of its security group each range needs: UDP and
	// TCP.
	inboundRules = 2
)

// On reports whether there is an inbound endpoint.
func (r ResolverInbound) On() bool { return len(r.AllowedCIDRs) > 0 }

// AddressCount is how many addresses the endpoint has.
func (r ResolverInbound) AddressCount() int {
	switch {
	case !r.On():
		return 0
	case len(r.Addresses) > 0:
		return len(r.Addresses)
	}
	return minInboundAddresses
}

func (r ResolverInbound) check(m *mistakes, network Network, rules int) {
	const key = "dns.resolverInbound"
	checkRanges(m, key+".allowedCidrs", r.AllowedCIDRs)
	m.check(inboundRules*len(r.AllowedCIDRs) <= rules, key+".allowedCidrs",
		fmt.Sprintf("%d inbound rules needed, two for each range, %d allowed", inboundRules*len(r.AllowedCIDRs), rules),
		fmt.Sprintf("join ranges until %d are left, or have the quota of inbound rules per security group raised and set quotas.securityGroupRules", rules/inboundRules))
	if len(r.Addresses) == 0 {
		return
	}
	m.check(r.On(), key+".addresses", "no DNS server may ask", "write allowedCidrs, the ranges of the DNS servers that may, or take it out")
	n := len(r.Addresses)
	m.check(n >= minInboundAddresses && n <= maxInboundAddresses, key+".addresses",
		fmt.Sprintf("it has %d, and AWS takes %d to %d", n, minInboundAddresses, maxInboundAddresses), "write an address in each of as many subnets, or take it out")
	vpc, err := netip.ParsePrefix(network.CIDR)
	for i, text := range r.Addresses {
		at := fmt.Sprintf("%s.addresses[%d]", key, i)
		address, wrong := netip.ParseAddr(text)
		if wrong != nil || !address.Is4() {
			m.add(at, strconv.Quote(text)+" is not an IPv4 address", "write one such as 10.0.0.20")
			continue
		}
		m.check(!slices.Contains(r.Addresses[:i], text), at, text+" is named twice", "take one out")
		m.check(!network.Creates() || err != nil || vpc.Contains(address), at, text+" is not in "+network.CIDR+", the VPC's range", "write an address of one of the VPC's private subnets")
	}
}

// checkRanges holds a list to IPv4 ranges of which none overlap.
func checkRanges(m *mistakes, key string, texts []string) {
	var seen []netip.Prefix
	for i, text := range texts {
		at := fmt.Sprintf("%s[%d]", key, i)
		cidr, ok := checkCIDR(m, at, text)
		if !ok {
			continue
		}
		for _, other := range seen {
			m.check(!other.Overlaps(cidr), at, fmt.Sprintf("%s overlaps %s", cidr, other), "keep the wider one")
		}
		seen = append(seen, cidr)
	}
}
