package topology

import (
	"cmp"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

func zonesRemedy(options Options) string {
	if options.DNS.HostZones {
		return "use one zone per parent domain (portico:dns: {scope: parent})"
	}
	return "put hosts under fewer parent domains"
}

// recordsRemedy is for hosts with a record of their own each, be it by choice or
// because no wildcard can answer for them.
func recordsRemedy(options Options) string {
	if options.DNS.HostRecords {
		return "use one wildcard record per zone (portico:dns: {records: wildcard})"
	}
	return "give hosts another FRONT_DOOR, since one wildcard record answers for all of nginx"
}

// zoneLimits reports what Route 53's quotas don't allow.
func zoneLimits(source string, rows []*mapping.Row, zones []Zone, options Options) []error {
	var problems []error
	if created := newZones(zones, options.DNS.ExistingZones); len(created) > options.Quotas.HostedZones {
		zoneOf := make(map[mapping.Host]mapping.Zone)
		for _, zone := range created {
			for _, host := range zone.Hosts {
				zoneOf[host] = zone.Name
			}
		}
		inNew := slices.DeleteFunc(slices.Clone(rows), func(row *mapping.Row) bool { return zoneOf[row.Host] == "" })
		fits := func(i int) bool { return i < options.Quotas.HostedZones }
		problems = append(problems, newLimitError(source, inNew, LimitError{
			Limit:  "private hosted zones of an account",
			Need:   len(created),
			Max:    options.Quotas.HostedZones,
			Remedy: zonesRemedy(options) + ", or have the quota raised and set portico:quotas: {hostedZones: N}",
		}, fits, func(row *mapping.Row) mapping.Zone { return zoneOf[row.Host] }))
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
