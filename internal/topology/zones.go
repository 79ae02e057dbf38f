package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// zones places every host in the private hosted zone that answers for it.
//
// Route 53 answers a query from the most specific private zone whose name is a
// suffix of the query's, and never looks into another one (Route 53 developer
// guide, considerations for private hosted zones). A host whose own name is a
// zone therefore belongs into that zone, as its apex, and not into its
// parent's. A parent that is left with no host gets no zone, since it would
// only hide the public names below it.
func zones(hosts []mapping.Host, target func(mapping.Host) Record, options Options) []Zone {
	parents := make(map[mapping.Zone]bool, len(hosts))
	for _, host := range hosts {
		parents[host.Parent()] = true
		if options.DNS.HostZones && !host.IsWildcard() {
			parents[mapping.Zone(host)] = true
		}
	}
	members := make(map[mapping.Zone][]mapping.Host, len(parents))
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
		// A wildcard host stands for the zone's own name too, when it is one
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
// front door which it has just left, though a wildcard stands for it now. Its
// name moves by a change of the record then, in the update that says so. A record
// that goes, goes after all else: an update that is interrupted before that would
// have said that the name had moved, and the next one takes the earlier way down.
func (p *placed) withRecordsOfMoved(zones []Zone, target func(mapping.Host) Record, options Options) []Zone {
	had := func(door mapping.FrontDoor) bool {
		return door == mapping.FrontDoorNative || door == mapping.FrontDoorALB && !options.SharedALB
	}
	for i := range zones {
		zone := &zones[i]
		for _, host := range zone.Hosts {
			at := p.at[host]
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
		stands := many && host != mapping.Host(zone) && sharesLoadBalancer(record, options) && record.LoadBalancer == wildcard.LoadBalancer
		if !stands && record.Name != wildcard.Name {
			records = append(records, record)
		}
	}
	return records
}

// sharesLoadBalancer tells whether the host's load balancer has others behind
// the same name.
func sharesLoadBalancer(record Record, options Options) bool {
	return record.Door == mapping.FrontDoorNGINX || record.Door == mapping.FrontDoorALB && options.SharedALB
}

// wildcardRecord is the record that stands for as many of the zone's hosts as
// one can. Where there is a wildcard host, it is that one's.
func wildcardRecord(zone mapping.Zone, hosts []mapping.Host, target func(mapping.Host) Record, options Options) (Record, bool) {
	name := zone.Wildcard()
	if _, found := slices.BinarySearch(hosts, name); found {
		return target(name), true
	}
	count := make(map[int]int)
	proxied := make(map[int]bool)
	for _, host := range hosts {
		if record := target(host); host != mapping.Host(zone) && sharesLoadBalancer(record, options) {
			count[record.LoadBalancer]++
			proxied[record.LoadBalancer] = proxied[record.LoadBalancer] || record.Door == mapping.FrontDoorNGINX
		}
	}
	if len(count) == 0 {
		return Record{}, false
	}
	most := slices.MaxFunc(slices.Sorted(maps.Keys(count)), func(a, b int) int { return cmp.Compare(count[a], count[b]) })
	wildcard := Record{Name: name, Door: mapping.FrontDoorALB, LoadBalancer: most}
	if proxied[most] {
		wildcard.Door = mapping.FrontDoorNGINX
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

// newZones are those that have to be created.
func newZones(zones []Zone, existing []mapping.Zone) []Zone {
	return slices.DeleteFunc(slices.Clone(zones), func(zone Zone) bool { return slices.Contains(existing, zone.Name) })
}

func zonesRemedy(options Options) string {
	if options.DNS.HostZones {
		return "use one zone per parent domain (portico:dns: {scope: parent})"
	}
	return "put hosts under fewer parent domains"
}

// recordsRemedy is for hosts with a record of their own each, be it by choice or
// because no wildcard can stand for them.
func recordsRemedy(options Options) string {
	if options.DNS.HostRecords {
		return "use one wildcard record per zone (portico:dns: {records: wildcard})"
	}
	return "give hosts another FRONT_DOOR, since a wildcard record stands for all of nginx"
}

// zoneLimits reports what Route 53's quotas don't allow.
func zoneLimits(source string, rows []*mapping.Row, zones []Zone, options Options) []error {
	var problems []error
	if created := newZones(zones, options.DNS.ExistingZones); len(created) > options.Quotas.HostedZones {
		home := make(map[mapping.Host]mapping.Zone)
		for _, zone := range created {
			for _, host := range zone.Hosts {
				home[host] = zone.Name
			}
		}
		homed := slices.DeleteFunc(slices.Clone(rows), func(row *mapping.Row) bool { return home[row.Host] == "" })
		fits := func(i int) bool { return i < options.Quotas.HostedZones }
		problems = append(problems, newLimitError(source, homed, LimitError{
			Limit:  "private hosted zones of an account",
			Need:   len(created),
			Max:    options.Quotas.HostedZones,
			Remedy: zonesRemedy(options) + ", or have the quota raised and set portico:quotas: {hostedZones: N}",
		}, fits, func(row *mapping.Row) mapping.Zone { return home[row.Host] }))
	}
	for _, zone := range zones {
		if len(zone.Records) <= options.Quotas.records() {
			continue
		}
		var inZone []*mapping.Row
		for _, row := range rows {
			if _, ok := slices.BinarySearchFunc(zone.Hosts, row.Host, cmp.Compare[mapping.Host]); ok {
				inZone = append(inZone, row)
			}
		}
		fits := func(i int) bool { return i < options.Quotas.records() }
		problems = append(problems, newLimitError(source, inZone, LimitError{
			Limit:  "records of the hosted zone " + string(zone.Name),
			Need:   len(zone.Records),
			Max:    options.Quotas.records(),
			Remedy: recordsRemedy(options) + ", or have the quota raised and set portico:quotas: {recordsPerZone: N}",
		}, fits, func(row *mapping.Row) mapping.Host { return zone.answering(row.Host) }))
	}
	return problems
}

// answering is the name of the record that answers for one of the zone's hosts.
func (z Zone) answering(host mapping.Host) mapping.Host {
	_, own := slices.BinarySearchFunc(z.Records, host, func(r Record, name mapping.Host) int { return cmp.Compare(r.Name, name) })
	if own {
		return host
	}
	return z.Name.Wildcard()
}
