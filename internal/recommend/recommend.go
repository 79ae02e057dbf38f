// Package recommend chooses the front door that fits each host of a mapping best:
// of those that can carry the host, the one with which the whole environment is
// cheapest. A custom domain is work for the account that has it (a certificate, the
// domain, a stack to run in turn with the shared one). AWS sets no price for that;
// it is counted at a rate that the caller sets.
package recommend

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Request asks for the front doors of a mapping.
type Request struct {
	Mapping  *mapping.Mapping
	Options  topology.Options
	Settings cost.Settings
	// Upkeep is what a custom domain in the account of an API's owner is counted
	// at, in USD a month.
	Upkeep float64
}

// Advice is what fits best.
type Advice struct {
	// Hosts are those with a row that isn't retired, by name.
	Hosts []Host
	// Now and Best are the environment as the mapping has it, and as it would be.
	Now, Best Environment
}

// Host is a host's choice of front doors.
type Host struct {
	Host      mapping.Host
	Now, Best mapping.FrontDoor
	Why       string
	// Options are the three front doors, by name.
	Options []Option
}

// Option is a front door for one host.
type Option struct {
	FrontDoor mapping.FrontDoor
	// Refused are the reasons for which it can't carry the host.
	Refused []string
	// Marginal is what the environment costs more, in USD a month, with this host
	// at this front door and the others as in Advice.Best.
	Marginal float64
}

// Environment is an environment with its front doors chosen.
type Environment struct {
	FrontDoors []mapping.FrontDoor
	Bill       cost.Bill
	// Domains are the custom domains in the accounts of APIs' owners.
	Domains int
	// Upkeep is what they are counted at, in USD a month.
	Upkeep float64
}

// counted is what environments are compared by.
func (e Environment) counted() float64 { return e.Bill.Total() + e.Upkeep }

// frontDoors are in the order of preference: first the one that is least work for
// the accounts, then the one with which policies tell hosts apart.
var frontDoors = []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorNative, mapping.FrontDoorALB}

// choice is a front door for each host.
type choice map[mapping.Host]mapping.FrontDoor

// For advises on the front doors of a mapping. The error is of a mapping that
// isn't within the quotas.
func For(r Request) (*Advice, error) {
	a := newAdviser(r)
	now := choice{}
	for _, row := range a.rows {
		now[row.Host] = row.FrontDoor
	}
	current, err := a.environment(now)
	if err != nil {
		return nil, err
	}
	best, cheapest := now, current
	for set := range 1 << len(frontDoors) {
		chosen, ok := a.choose(set)
		if !ok {
			continue
		}
		// A choice beyond the quotas is left out.
		if other, err := a.environment(chosen); err == nil && other.counted() < cheapest.counted() {
			best, cheapest = chosen, other
		}
	}
	advice := &Advice{Now: current, Best: cheapest}
	hostsAt := map[mapping.FrontDoor]int{}
	for _, frontDoor := range best {
		hostsAt[frontDoor]++
	}
	for _, host := range slices.Sorted(maps.Keys(now)) {
		hostsAt[best[host]]--
		advice.Hosts = append(advice.Hosts, Host{
			Host: host, Now: now[host], Best: best[host], Options: a.options(host, hostsAt),
		})
		hostsAt[best[host]]++
	}
	a.explain(advice)
	return advice, nil
}

// adviser holds what a mapping's rows allow.
type adviser struct {
	Request
	rows    []mapping.Row // without retired ones
	owners  map[mapping.Host]accountRegion
	refused map[mapping.FrontDoor]map[mapping.Host][]string
}

// accountRegion is where quotas of custom domains are counted.
type accountRegion struct {
	account mapping.AccountID
	region  string
}

func newAdviser(r Request) *adviser {
	a := &adviser{Request: r, owners: map[mapping.Host]accountRegion{}, refused: map[mapping.FrontDoor]map[mapping.Host][]string{}}
	for _, row := range r.Mapping.Rows {
		if row.Retired {
			continue
		}
		a.rows = append(a.rows, row)
		a.owners[row.Host] = accountRegion{row.Account, row.API.Region}
	}
	for _, frontDoor := range frontDoors {
		a.refused[frontDoor] = refusals(a.rows, frontDoor)
	}
	return a
}

// refusals are the reasons for which a front door can't carry hosts, were all
// rows at that front door.
func refusals(rows []mapping.Row, frontDoor mapping.FrontDoor) map[mapping.Host][]string {
	moved := make([]mapping.Row, len(rows))
	for i, row := range rows {
		moved[i] = row.With(frontDoor)
	}
	reasons := map[mapping.Host][]string{}
	for _, refusal := range mapping.Check(moved) {
		host := refusal.Row.Host
		reasons[host] = append(reasons[host], refusal.Reason)
	}
	return reasons
}

// environment is the environment of a choice.
func (a *adviser) environment(chosen choice) (Environment, error) {
	m := *a.Mapping
	m.Rows = slices.Clone(m.Rows)
	for i := range m.Rows {
		if row := &m.Rows[i]; !row.Retired {
			row.FrontDoor = chosen[row.Host]
		}
	}
	derived, err := topology.Derive(&m, a.Options)
	if err != nil {
		return Environment{}, err
	}
	e := Environment{FrontDoors: derived.FrontDoors, Bill: cost.Monthly(derived, a.Settings)}
	for _, frontDoor := range chosen {
		if frontDoor != mapping.FrontDoorNGINX {
			e.Domains++
		}
	}
	e.Upkeep = float64(e.Domains) * a.Upkeep
	return e, nil
}

// choose gives each host the first of a set of front doors that carries it and
// has room; false where a host has none. The set's bits count in frontDoors.
func (a *adviser) choose(set int) (choice, bool) {
	chosen, room := choice{}, newRoom(a.Options.Quotas)
	for _, host := range slices.Sorted(maps.Keys(a.owners)) {
		for i, frontDoor := range frontDoors {
			if set&(1<<i) != 0 && len(a.refused[frontDoor][host]) == 0 && room.take(frontDoor, a.owners[host]) {
				chosen[host] = frontDoor
				break
			}
		}
		if chosen[host] == "" {
			return nil, false
		}
	}
	return chosen, true
}

// room counts what is left of the quotas of custom domains. A quota that is 0
// isn't counted here.
type room struct {
	quotas            topology.Quotas
	associations      int
	private, regional map[accountRegion]int
}

func newRoom(quotas topology.Quotas) *room {
	return &room{quotas: quotas, private: map[accountRegion]int{}, regional: map[accountRegion]int{}}
}

func (r *room) take(frontDoor mapping.FrontDoor, at accountRegion) bool {
	full := func(used, limit int) bool { return limit > 0 && used >= limit }
	switch frontDoor {
	case mapping.FrontDoorNative:
		if full(r.private[at], r.quotas.PrivateDomains) || full(r.associations, r.quotas.Associations) {
			return false
		}
		r.private[at]++
		r.associations++
	case mapping.FrontDoorALB:
		if full(r.regional[at], r.quotas.RegionalDomains) {
			return false
		}
		r.regional[at]++
	case mapping.FrontDoorNGINX:
	}
	return true
}

// options are a host's front doors, where hostsAt counts the other hosts at each.
func (a *adviser) options(host mapping.Host, hostsAt map[mapping.FrontDoor]int) []Option {
	var others []mapping.FrontDoor
	for _, frontDoor := range frontDoors {
		if hostsAt[frontDoor] > 0 {
			others = append(others, frontDoor)
		}
	}
	fixed := a.Settings.FixedCost(others, a.Options.SharedALB)
	var options []Option
	for _, frontDoor := range frontDoors {
		option := Option{FrontDoor: frontDoor, Refused: a.refused[frontDoor][host]}
		if len(option.Refused) == 0 && !slices.Contains(others, frontDoor) {
			option.Marginal = a.Settings.FixedCost(append(slices.Clone(others), frontDoor), a.Options.SharedALB) - fixed
		}
		options = append(options, option)
	}
	slices.SortFunc(options, func(a, b Option) int { return cmp.Compare(a.FrontDoor, b.FrontDoor) })
	return options
}

// explain writes why each host has its best front door.
func (a *adviser) explain(advice *Advice) {
	need := map[mapping.FrontDoor]int{} // hosts that no other front door carries
	for _, h := range advice.Hosts {
		if only(h) {
			need[h.Best]++
		}
	}
	for i := range advice.Hosts {
		h := &advice.Hosts[i]
		switch {
		case only(*h):
			h.Why = "no other front door carries it"
		case need[h.Best] > 0:
			h.Why = fmt.Sprintf("%s is needed for %s that no other front door carries, so this one costs nothing more", h.Best, hosts(need[h.Best]))
		case h.Best == mapping.FrontDoorNGINX:
			h.Why = fmt.Sprintf("one proxy for %s costs less than their custom domains in the accounts, counted at $%.2f each", hosts(len(advice.Hosts)), a.Upkeep)
		case len(a.refused[mapping.FrontDoorNGINX][h.Host]) == 0:
			h.Why = fmt.Sprintf("%s cost less without a proxy", hosts(len(advice.Hosts)))
		case h.Best == mapping.FrontDoorNative:
			h.Why = "nginx can't carry it; with native, unlike alb, policies tell hosts apart"
		default:
			h.Why = "nginx can't carry it, and native has no room for it or isn't cheaper"
		}
	}
}

// only reports whether no other front door than the best carries the host.
func only(h Host) bool {
	return !slices.ContainsFunc(h.Options, func(o Option) bool { return o.FrontDoor != h.Best && len(o.Refused) == 0 })
}

func hosts(n int) string {
	if n == 1 {
		return "1 host"
	}
	return fmt.Sprintf("%d hosts", n)
}
