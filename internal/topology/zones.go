package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// Zone is a private hosted zone and the alias records in it.
type Zone struct {
	Name mapping.Zone
	// Records are the alias records, by name.
	Records []Record
	// Hosts are the custom domains that the zone answers for.
	Hosts []mapping.Host
}

// RecordNames are the names of the zone's records, sorted.
func (z Zone) RecordNames() []mapping.Host {
	names := make([]mapping.Host, 0, len(z.Records))
	for _, record := range z.Records {
		names = append(names, record.Name)
	}
	return names
}

// Record is an alias record: of a host, or of all names of a zone that have no
// record of their own.
type Record struct {
	// Name is fully qualified: "*.zone", the zone's own name where a host is
	// the zone's apex, or a host.
	Name mapping.Host
	// FrontDoor is the front door that the name resolves to. A wildcard that
	// answers for hosts of nginx and alb has nginx.
	FrontDoor mapping.FrontDoor
	// LoadBalancer is the LoadBalancer.Name of the one that the record points at;
	// empty for native too.
	LoadBalancer string
}

// zones puts every host into the private hosted zone that answers for it.
//
// Route 53 answers a query from the most specific private zone whose name is a
// suffix of the query's, and never looks into another one (Route 53 developer
// guide, considerations for private hosted zones). A host whose own name is a
// zone therefore belongs into that zone, as its apex, and not into its
// parent's. A parent that is left with no host gets no zone, since it would
// only hide the public names below it.
//
// A zone that exists stays as long as it answers for a host, its own name's too:
// another zone would answer for the host only when this one is gone.
func zones(hosts []mapping.Host, target func(mapping.Host) Record, options Options) []Zone {
	parents := make(map[mapping.Zone]bool, len(hosts))
	for _, host := range hosts {
		parents[host.Parent()] = true
		if options.DNS.HostZones && !host.IsWildcard() {
			parents[mapping.Zone(host)] = true
		}
	}
	members := make(map[mapping.Zone][]mapping.Host, len(parents))
	for _, name := range options.Previous.Zones {
		parents[name] = true
		if _, covered := slices.BinarySearch(hosts, mapping.Host(name).Wildcard()); covered {
			members[name] = nil
		}
	}
	for _, host := range hosts {
		zone := host.Parent()
		if own := mapping.Zone(host); parents[own] {
			zone = own
		}
		members[zone] = append(members[zone], host)
	}
	zones := make([]Zone, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		zone := Zone{Name: name, Records: records(name, members[name], target, options), Hosts: members[name]}
		// A wildcard host includes the zone's own name, when it is one
		// label below the wildcard's parent, and only this zone is asked for it.
		apex, wildcard := mapping.Host(name), mapping.Host(name).Wildcard()
		_, isHost := slices.BinarySearch(zone.Hosts, apex)
		if _, covered := slices.BinarySearch(hosts, wildcard); covered && !isHost {
			record := target(wildcard)
			record.Name = apex
			zone.Records = append(zone.Records, record)
		}
		sortRecords(zone.Records)
		zones = append(zones, zone)
	}
	return zones
}

// withRecordsOfMoved leaves a record of its own to each host that had one at the
// front door which it has just left, though a wildcard answers for it now. Its
// name moves by a change of the record then, in the update that says so. Records
// are deleted after everything else. An update that is interrupted before that
// would have said that the name had moved, and the next one would delete the
// earlier front door's resources.
func (r *rowSets) withRecordsOfMoved(zones []Zone, target func(mapping.Host) Record, options Options) []Zone {
	had := func(frontDoor mapping.FrontDoor) bool {
		return frontDoor == mapping.FrontDoorNative || frontDoor == mapping.FrontDoorALB && !options.SharedALB
	}
	for i := range zones {
		zone := &zones[i]
		for _, host := range zone.Hosts {
			at := r.at[host]
			if at.Pending == outputs.PendingClients && slices.ContainsFunc(at.Retains, had) && zone.answering(host) != host {
				zone.Records = append(zone.Records, target(host))
				sortRecords(zone.Records)
			}
		}
	}
	return zones
}

func sortRecords(records []Record) {
	slices.SortFunc(records, func(a, b Record) int { return cmp.Compare(a.Name, b.Name) })
}

// records are those of a zone's hosts: one for each, or one wildcard for all
// that are on the load balancer of most, and one for each of the others.
func records(zone mapping.Zone, hosts []mapping.Host, target func(mapping.Host) Record, options Options) []Record {
	wildcard, many := Record{}, false
	if !options.DNS.HostRecords {
		wildcard, many = wildcardRecord(zone, hosts, target, options)
	}
	var records []Record
	if many {
		records = append(records, wildcard)
	}
	for _, host := range hosts {
		record := target(host)
		answered := many && host != mapping.Host(zone) && sharesLoadBalancer(record, options) && record.LoadBalancer == wildcard.LoadBalancer
		if !answered && record.Name != wildcard.Name {
			records = append(records, record)
		}
	}
	return records
}

// sharesLoadBalancer reports whether the host's load balancer has others behind
// the same name.
func sharesLoadBalancer(record Record, options Options) bool {
	return record.FrontDoor == mapping.FrontDoorNGINX || record.FrontDoor == mapping.FrontDoorALB && options.SharedALB
}

// wildcardRecord is the record that answers for as many of the zone's hosts as
// one can; false: it would answer for none. Where there is a wildcard host, it is that one's.
func wildcardRecord(zone mapping.Zone, hosts []mapping.Host, target func(mapping.Host) Record, options Options) (Record, bool) {
	name := zone.Wildcard()
	if _, found := slices.BinarySearch(hosts, name); found {
		return target(name), true
	}
	count := make(map[string]int)
	proxied := make(map[string]bool)
	for _, host := range hosts {
		if record := target(host); host != mapping.Host(zone) && sharesLoadBalancer(record, options) {
			count[record.LoadBalancer]++
			proxied[record.LoadBalancer] = proxied[record.LoadBalancer] || record.FrontDoor == mapping.FrontDoorNGINX
		}
	}
	if len(count) == 0 {
		return Record{}, false
	}
	most := slices.MaxFunc(slices.Sorted(maps.Keys(count)), func(a, b string) int { return cmp.Compare(count[a], count[b]) })
	wildcard := Record{Name: name, FrontDoor: mapping.FrontDoorALB, LoadBalancer: most}
	if proxied[most] {
		wildcard.FrontDoor = mapping.FrontDoorNGINX
	}
	return wildcard, true
}

// reuse puts the records of each zone into the nearest existing one, of its own
// name or of a parent's, where there is one.
func reuse(derived []Zone, existing []mapping.Zone) []Zone {
	if len(existing) == 0 {
		return derived
	}
	merged := make(map[mapping.Zone]Zone)
	for _, zone := range derived {
		name := zone.Name
		for parent := string(name); parent != ""; _, parent, _ = strings.Cut(parent, ".") {
			if slices.Contains(existing, mapping.Zone(parent)) {
				name = mapping.Zone(parent)
				break
			}
		}
		into := merged[name]
		into.Name = name
		into.Records = slices.Concat(into.Records, zone.Records)
		into.Hosts = slices.Concat(into.Hosts, zone.Hosts)
		sortRecords(into.Records)
		slices.Sort(into.Hosts)
		merged[name] = into
	}
	zones := make([]Zone, 0, len(merged))
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		zones = append(zones, merged[name])
	}
	return zones
}

// withEmptyNames gives a record of its own to each name of a zone that a wildcard record
// answers for and that is above another record's name. Such a name exists, without a
// record, and no wildcard answers for it (RFC 4592, section 2.2.2).
func withEmptyNames(zones []Zone, hosts []mapping.Host, target func(mapping.Host) Record) []Zone {
	for i := range zones {
		zone := &zones[i]
		known := make(map[mapping.Host]bool)
		for _, record := range zone.Records {
			known[record.Name] = true
		}
		for _, record := range slices.Clone(zone.Records) {
			for name := record.Name.Parent(); name != zone.Name && strings.HasSuffix(string(name), "."+string(zone.Name)); name = mapping.Host(name).Parent() {
				host := mapping.Host(name)
				own, found := target(host), false
				if _, found = slices.BinarySearch(hosts, host); !found {
					_, found = slices.BinarySearch(hosts, host.Wildcard())
					own = target(host.Wildcard())
				}
				if found && !known[host] {
					known[host] = true
					own.Name = host
					zone.Records = append(zone.Records, own)
				}
			}
		}
		sortRecords(zone.Records)
	}
	return zones
}

// newZones are the zones that have to be created.
func newZones(zones []Zone, existing []mapping.Zone) []Zone {
	return slices.DeleteFunc(slices.Clone(zones), func(zone Zone) bool { return slices.Contains(existing, zone.Name) })
}

// answering is the name of the record that answers for one of the zone's hosts.
func (z Zone) answering(host mapping.Host) mapping.Host {
	_, own := slices.BinarySearchFunc(z.Records, host, func(r Record, name mapping.Host) int { return cmp.Compare(r.Name, name) })
	if own {
		return host
	}
	return z.Name.Wildcard()
}
