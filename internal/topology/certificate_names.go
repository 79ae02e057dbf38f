package topology

import (
	"maps"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// uncoveredRows are those whose host no supplied certificate covers.
func uncoveredRows(rows []*mapping.Row, supplied []Certificate) []*mapping.Row {
	if len(supplied) == 0 {
		return rows
	}
	coverage := Cover(supplied)
	var uncovered []*mapping.Row
	for _, row := range rows {
		if coverage.Of(row.Host) == nil {
			uncovered = append(uncovered, row)
		}
	}
	return uncovered
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

// certificateNames are the names that the rows need, sorted, each once.
func certificateNames(rows []*mapping.Row) []mapping.Host {
	seen := make(map[mapping.Host]bool)
	for _, row := range rows {
		seen[row.Host.Wildcard()] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// publicZones collects which public zone validates which name of the load
// balancers' certificates. Rows that give one name two zones contradict each
// other.
func (r *rowSets) publicZones() (map[mapping.Host]mapping.Zone, []error) {
	zones := make(map[mapping.Host]mapping.Zone)
	first := make(map[mapping.Host]*mapping.Row)
	var conflicts []error
	for _, row := range union(r.by[mapping.FrontDoorNGINX], r.by[mapping.FrontDoorALB]) {
		if row.PublicZone == "" {
			continue
		}
		name := row.Host.Wildcard()
		other, seen := first[name]
		if seen && zones[name] != row.PublicZone {
			conflicts = append(conflicts, &ConflictError{
				Problem: "certificate name " + string(name) + " is to be validated in two public zones, " +
					string(zones[name]) + " and " + string(row.PublicZone),
				Rows:   []RowRef{refer(r.Source, other), refer(r.Source, row)},
				Remedy: "give every row under " + string(row.Host.Parent()) + " the same ROUTE53_PUBLIC_DOMAIN",
			})
			continue
		}
		if !seen {
			zones[name], first[name] = row.PublicZone, row
		}
	}
	return zones, conflicts
}

// issued are the certificates with the public zones that validate their names.
func (p packing) issued(publicZones map[mapping.Host]mapping.Zone) []Certificate {
	certificates := make([]Certificate, 0, len(p.certificates))
	for _, names := range p.certificates {
		zones := make(map[mapping.Host]mapping.Zone)
		for _, name := range names {
			if zone, ok := publicZones[name]; ok {
				zones[name] = zone
			}
		}
		certificates = append(certificates, Certificate{Origin: Issued, Names: names, PublicZones: zones})
	}
	return certificates
}
