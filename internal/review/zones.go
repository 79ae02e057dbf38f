package review

import (
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// ZoneChange is a private hosted zone that comes, goes, or whose alias records
// do.
type ZoneChange struct {
	Name mapping.Zone
	// Added and Removed report that the zone as a whole comes or goes.
	Added, Removed bool
	// RecordsAdded and RecordsRemoved are fully qualified names.
	RecordsAdded, RecordsRemoved []mapping.Host
}

func compareZones(base, head side) []ZoneChange {
	before, after := zonesByName(base.topology), zonesByName(head.topology)
	exists := slices.Concat(base.Options.DNS.ExistingZones, head.Options.DNS.ExistingZones)
	names := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(names)
	var changes []ZoneChange
	for _, name := range slices.Compact(names) {
		old, had := before[name]
		now, has := after[name]
		c := ZoneChange{
			Name: name,
			// A zone that exists without Portico neither comes nor goes.
			Added:        !had && !slices.Contains(exists, name),
			Removed:      !has && !slices.Contains(exists, name),
			RecordsAdded: without(now.RecordNames(), old.RecordNames()), RecordsRemoved: without(old.RecordNames(), now.RecordNames()),
		}
		if c.Added || c.Removed || len(c.RecordsAdded)+len(c.RecordsRemoved) > 0 {
			changes = append(changes, c)
		}
	}
	return changes
}

func zonesByName(t *topology.Topology) map[mapping.Zone]topology.Zone {
	zones := map[mapping.Zone]topology.Zone{}
	for _, zone := range t.Zones {
		zones[zone.Name] = zone
	}
	return zones
}
