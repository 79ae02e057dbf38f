package doctor

import (
	"slices"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// Environment is what is known of an environment without asking AWS.
type Environment struct {
	// Name is the environment's: "dev".
	Name    string
	Mapping *mapping.Mapping
	// Shared are the outputs of the shared stack.
	Shared *outputs.Shared
	// Providers are the outputs of the provider accounts' stacks, by account; an
	// account whose outputs are unknown is missing.
	Providers map[mapping.AccountID]*outputs.Provider
	// Owners are the accounts of the APIs whose rows name none.
	Owners map[mapping.APIID]mapping.AccountID
}

// Owner is the account that owns a row's API; empty: unknown.
func (e *Environment) Owner(row mapping.Row) mapping.AccountID {
	if row.Account != "" {
		return row.Account
	}
	return e.Owners[row.API.ID]
}

// Hosts are the mapping's hosts, each once, in the file's order.
func (e *Environment) Hosts() []mapping.Host {
	var hosts []mapping.Host
	seen := map[mapping.Host]bool{}
	for _, row := range e.Mapping.Rows {
		if !row.Retired && !seen[row.Host] {
			seen[row.Host] = true
			hosts = append(hosts, row.Host)
		}
	}
	return hosts
}

// NativeOwners are the accounts that own APIs of hosts which front door native serves,
// sorted.
func (e *Environment) NativeOwners(hosts []string) []mapping.AccountID {
	var owners []mapping.AccountID
	for _, host := range hosts {
		for _, row := range e.rows(host) {
			if owner := e.Owner(row); owner != "" && e.frontDoor(row) == mapping.FrontDoorNative && !slices.Contains(owners, owner) {
				owners = append(owners, owner)
			}
		}
	}
	slices.Sort(owners)
	return owners
}

// rows are those of a host; of a host that only a wildcard row covers, the
// wildcard's.
func (e *Environment) rows(host string) []mapping.Row {
	var exact, wildcard []mapping.Row
	cover := mapping.Host(host).Wildcard()
	for _, row := range e.Mapping.Rows {
		switch {
		case row.Retired:
		case string(row.Host) == host:
			exact = append(exact, row)
		case row.Host == cover:
			wildcard = append(wildcard, row)
		}
	}
	if exact == nil {
		return wildcard
	}
	return exact
}

// frontDoor is the front door that a host's name is to lead to now; empty: the
// host has no name yet.
func (e *Environment) frontDoor(row mapping.Row) mapping.FrontDoor {
	if state, listed := e.Shared.FrontDoors[row.Host]; listed {
		return state.Current
	}
	return mapping.FrontDoorNGINX
}
