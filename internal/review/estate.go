package review

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// ZoneChange is a private hosted zone that comes, goes, or whose alias records
// do.
type ZoneChange struct {
	Name mapping.Zone
	// Added and Removed tell of the zone as a whole.
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
			// A zone that exists anyway neither comes nor goes.
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

// Limit is how much of a quota is used.
type Limit struct {
	What               string
	Before, After, Max int
	// Of says what has the limit after the change, where it is not the
	// environment as a whole.
	Of string
}

// Near tells whether at least four fifths of the quota are used.
func (l Limit) Near() bool { return 5*l.After >= 4*l.Max }

// compareLimits tells how much of each quota is used after the change, and how
// much of the same was used before.
func compareLimits(base, head side) ([]Limit, error) {
	before, err := base.topology.Usage(base.Options)
	if err != nil {
		return nil, err
	}
	after, err := head.topology.Usage(head.Options)
	if err != nil {
		return nil, err
	}
	var limits []Limit
	for _, u := range after {
		l := Limit{What: u.What, After: u.Used, Max: u.Max, Of: u.Of}
		for _, old := range before {
			if old.What == u.What {
				l.Before = old.Used
			}
		}
		limits = append(limits, l)
	}
	return append(limits, policyLimit(base, head)), nil
}

// policyLimit is that of the API which uses most of its quota. Quotas differ by
// stack, so the fullest policy need not be the longest.
func policyLimit(base, head side) Limit {
	l := Limit{What: "characters of an API's resource policy", Max: resourcepolicy.DefaultMaxSize}
	for _, key := range slices.SortedFunc(maps.Keys(head.policies), compareKeys) {
		p := head.policies[key]
		if l.Of == "" || p.size*l.Max > l.After*p.max {
			l.After, l.Max, l.Of = p.size, p.max, "API "+string(p.api.ID)
		}
	}
	for _, p := range base.policies {
		l.Before = max(l.Before, p.size)
	}
	return l
}

// Warning is what a reviewer should know that no table shows.
type Warning struct {
	// Subject is the API, zone or account that the warning is about: a value
	// of a grammar.
	Subject string
	Text    string
}

func warnings(r *Review, base, head side) []Warning {
	var list []Warning
	for _, key := range slices.SortedFunc(maps.Keys(base.policies), compareKeys) {
		if _, stays := head.policies[key]; !stays && len(base.policies[key].document) > 0 {
			list = append(list, Warning{"API " + string(key.id),
				"no row is left, so its policy keeps Portico's statements, which let in whoever comes through the endpoint: " +
					"keep a row with RETIRED: true until its stack has run"})
		}
	}
	for _, zone := range r.Zones {
		if zone.Added && base.Mapping != nil {
			list = append(list, Warning{"zone " + string(zone.Name),
				"the new private zone answers in the VPC for every name under it; names of a public zone of the same name are no longer seen there"})
		}
	}
	for _, notice := range head.topology.Notices {
		if !slices.Contains(base.topology.Notices, notice) {
			list = append(list, Warning{"portico:certificates", notice})
		}
	}
	if doors := head.topology.Doors; !head.ReadsProviders && slices.ContainsFunc(doors, needsProviders) {
		list = append(list, Warning{"portico:providers",
			"the shared stack's settings don't name the accounts' stacks, which rows of other front doors than nginx wait for: its update will fail"})
	}
	return append(list, homeless(r)...)
}

// needsProviders tells whether the accounts have a side of a front door to make.
func needsProviders(door mapping.FrontDoor) bool { return door != mapping.FrontDoorNGINX }

// homeless warns of accounts whose policies nothing sets.
func homeless(r *Review) []Warning {
	apis := map[mapping.AccountID][]string{}
	for _, p := range r.Policies {
		if p.Stack == nil {
			apis[p.Account] = append(apis[p.Account], string(p.API))
		}
	}
	var list []Warning
	for _, account := range slices.Sorted(maps.Keys(apis)) {
		names := strings.Join(apis[account], ", ")
		if account == UnknownAccount {
			list = append(list, Warning{"API " + names,
				"no row names the account and no stack lists the API in portico:apis: nothing sets the policy"})
			continue
		}
		list = append(list, Warning{"account " + string(account),
			"the environment has no stack of this account: nothing sets the policy of API " + names})
	}
	return list
}
