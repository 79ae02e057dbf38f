package topology

import "github.com/portico-iac/portico/mapping"

// Options are what a topology depends on beside the mapping. The zero value
// has AWS's default quotas, makes every zone and certificate anew, and gives the
// hosts of alb load balancers of their own.
type Options struct {
	// Quotas are the quotas that the topology has to stay within.
	Quotas Quotas
	// DNS says which zones and records answer for the hosts.
	DNS DNS
	// Previous is what exists from the last update, and stays where it is.
	Previous Previous
	// Supplied are the certificates that need not be issued, because they are
	// imported or exist. They take places on the load balancers. Hosts that they
	// cover need no other certificate.
	Supplied []Certificate
	// SharedALB puts the hosts of alb onto the load balancers of the proxy,
	// which have to be Application Load Balancers. Default: alb has load
	// balancers of its own.
	SharedALB bool
	// Proxied are the rows that the proxy serves in place of the mapping's, because
	// what they lead to is still to be admitted. Default (nil): the mapping's.
	Proxied []mapping.Row
}

// DNS says which private hosted zones and alias records answer for the hosts.
type DNS struct {
	// HostRecords makes one alias record for each host. Default: one wildcard
	// record for each zone, as far as it can answer for the zone's hosts.
	HostRecords bool
	// HostZones makes one zone for each host, of the host's own name, so that
	// the other names of its parent domain stay public. A wildcard host is in a
	// zone of its parent domain all the same. Default: one zone for each parent
	// domain.
	HostZones bool
	// ExistingZones are private hosted zones that exist already. They take the
	// records of their own name and of all names below it, and count in no
	// quota of zones. Default: none.
	ExistingZones []mapping.Zone
}

// Previous is what the last update of an environment has made.
type Previous struct {
	// CertificateNames are the names for which each load balancer has
	// certificates, by LoadBalancer.Name. They stay on that load balancer; other
	// names go to the first with room. Default: nothing is known, as before the
	// first update.
	CertificateNames map[string][]mapping.Host
	// DefaultNames are the names of the default certificate of each load balancer's
	// listener, by the same. They stay in one certificate, which stays the default
	// one: a listener gets another default certificate before further ones, and names
	// that went from the one to the others would have none in between. Default: nothing
	// is known.
	DefaultNames map[string][]mapping.Host
	// Zones are the private hosted zones that the update has made. A host stays in
	// its zone, and what would be in a new zone below one of them is in that one: a new
	// zone would hide names until its records exist. Default: none.
	Zones []mapping.Zone
}
