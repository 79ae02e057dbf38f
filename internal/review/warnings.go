package review

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// Warning is what a reviewer should know that no table shows.
type Warning struct {
	// Subject is the API, zone, account or setting that the warning is about.
	Subject string
	Text    string
}

func warnings(r *Review, base, head side) []Warning {
	var list []Warning
	for _, key := range slices.SortedFunc(maps.Keys(base.policies), compareKeys) {
		if _, stays := head.policies[key]; !stays && len(base.policies[key].document) > 0 {
			list = append(list, Warning{"API " + string(key.id),
				"no row is left, so its policy keeps Portico's statements, which admit every caller of the endpoint: " +
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
	if !head.ReadsProviders && slices.ContainsFunc(head.topology.FrontDoors, needsProviders) {
		list = append(list, Warning{"portico:providers",
			"the shared stack's settings don't name the accounts' stacks, which rows of other front doors than nginx wait for: its update will fail"})
	}
	list = append(list, policiesWithoutStack(r)...)
	list = append(list, accountWarnings(r, head)...)
	return append(list, settingsWarnings(r, base, head)...)
}

// needsProviders reports whether the accounts of APIs deploy a part of the front
// door.
func needsProviders(frontDoor mapping.FrontDoor) bool { return frontDoor != mapping.FrontDoorNGINX }

// policiesWithoutStack warns of accounts whose policies nothing sets.
func policiesWithoutStack(r *Review) []Warning {
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
