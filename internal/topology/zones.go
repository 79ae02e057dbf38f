package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"

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
func zones(hosts []mapping.Host, at map[mapping.Host]Placement, limits Limits) []Zone {
	parents := make(map[mapping.Zone]bool, len(hosts))
	for _, host := range hosts {
		parents[host.Parent()] = true
		if limits.HostZones && !strings.HasPrefix(string(host), "*.") {
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
		records := wildcardRecords(name, members[name])
		if limits.HostRecords {
			records = slices.Clone(members[name])
		}
		// A wildcard host stands for the zone's own name too, when it is one
		// label below the wildcard's parent, and only this zone is asked for it.
		wildcard := "*." + mapping.Host(name).Parent()
		if _, covered := slices.BinarySearch(hosts, mapping.Host(wildcard)); covered {
			records = append(records, mapping.Host(name))
		}
		slices.Sort(records)
		zone := Zone{Name: name, Hosts: members[name]}
		for _, record := range slices.Compact(records) {
			zone.Records = append(zone.Records, Record{Name: record, Door: mapping.FrontDoorNGINX})
		}
		zones = append(zones, zone)
	}
	return zones
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
		slices.SortFunc(into.Records, func(a, b Record) int { return cmp.Compare(a.Name, b.Name) })
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

func zonesRemedy(limits Limits) string {
	if limits.HostZones {
		return "use one zone per parent domain (portico:dns: {scope: parent})"
	}
	return "put hosts under fewer parent domains"
}

// zoneLimits reports what Route 53's quotas don't allow.
func zoneLimits(source string, rows []mapping.Row, zones []Zone, limits Limits) []error {
	var problems []error
	if created := newZones(zones, limits.ExistingZones); len(created) > limits.HostedZones {
		home := make(map[mapping.Host]mapping.Zone)
		for _, zone := range created {
			for _, host := range zone.Hosts {
				home[host] = zone.Name
			}
		}
		homed := slices.DeleteFunc(slices.Clone(rows), func(row mapping.Row) bool { return home[row.Host] == "" })
		fits := func(i int) bool { return i < limits.HostedZones }
		problems = append(problems, newLimitError(source, homed, LimitError{
			Limit:  "private hosted zones of an account",
			Need:   len(created),
			Max:    limits.HostedZones,
			Remedy: zonesRemedy(limits) + ", or have the quota raised and set portico:quotas: {hostedZones: N}",
		}, fits, func(row mapping.Row) mapping.Zone { return home[row.Host] }))
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
