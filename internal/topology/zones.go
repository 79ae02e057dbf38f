package topology

import (
	"cmp"
	"maps"
	"slices"

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
func zones(hosts []mapping.Host, hostRecords bool) []Zone {
	parents := make(map[mapping.Zone]bool, len(hosts))
	for _, host := range hosts {
		parents[host.Parent()] = true
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
		records := wildcardRecords(name, members[name])
		if hostRecords {
			records = slices.Clone(members[name])
		}
		// A wildcard host stands for the zone's own name too, when it is one
		// label below the wildcard's parent, and only this zone is asked for it.
		wildcard := "*." + mapping.Host(name).Parent()
		if _, covered := slices.BinarySearch(hosts, mapping.Host(wildcard)); covered {
			records = append(records, mapping.Host(name))
		}
		slices.Sort(records)
		zones = append(zones, Zone{
			Name:    name,
			Records: slices.Compact(records),
			Hosts:   members[name],
		})
	}
	return zones
}

// wildcardRecords are the records of a zone that answers by wildcard: the
// wildcard itself, and the zone's apex where that is a host.
func wildcardRecords(zone mapping.Zone, hosts []mapping.Host) []mapping.Host {
	apex := mapping.Host(zone)
	var records []mapping.Host
	for _, host := range hosts {
		name := mapping.Host("*." + zone)
		if host == apex {
			name = apex
		}
		if !slices.Contains(records, name) {
			records = append(records, name)
		}
	}
	return records
}

// zoneLimits reports what Route 53's quotas don't allow.
func zoneLimits(source string, rows []mapping.Row, zones []Zone, limits Limits) []error {
	var problems []error
	if len(zones) > limits.HostedZones {
		fits := func(i int) bool { return i < limits.HostedZones }
		problems = append(problems, newLimitError(source, rows, LimitError{
			Limit:  "private hosted zones of an account",
			Need:   len(zones),
			Max:    limits.HostedZones,
			Remedy: "put hosts under fewer parent domains, or have the quota raised and set portico:quotas: {hostedZones: N}",
		}, fits, func(row mapping.Row) mapping.Zone { return row.Host.Parent() }))
	}
	for _, zone := range zones {
		if len(zone.Records) <= limits.RecordsPerZone {
			continue
		}
		var inZone []mapping.Row
		for _, row := range rows {
			if _, ok := slices.BinarySearchFunc(zone.Hosts, row.Host, cmp.Compare[mapping.Host]); ok {
				inZone = append(inZone, row)
			}
		}
		fits := func(i int) bool { return i < limits.RecordsPerZone }
		problems = append(problems, newLimitError(source, inZone, LimitError{
			Limit:  "records of the hosted zone " + string(zone.Name),
			Need:   len(zone.Records),
			Max:    limits.RecordsPerZone,
			Remedy: "use one wildcard record per zone (portico:dns: {records: wildcard}), or have the quota raised and set portico:quotas: {recordsPerZone: N}",
		}, fits, func(row mapping.Row) mapping.Host { return row.Host }))
	}
	return problems
}
