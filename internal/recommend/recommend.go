// Package recommend tells which front door fits each host of a mapping best. A
// front door that can't carry a host is out; among the rest those are best that
// make the whole environment cheapest. What a custom domain asks of the account
// that has it (a certificate, the domain, a stack brought up in turn with the
// shared one) has no price at AWS; it is counted at a rate that the caller sets.
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
	Now, Best Estate
}

// Host is a host's choice of front doors.
type Host struct {
	Host      mapping.Host
	Now, Best mapping.FrontDoor
	Why       string
	// Options are the three front doors.
	Options []Option
}

// Option is a front door for one host.
type Option struct {
	Door mapping.FrontDoor
	// Refused are the reasons for which it can't carry the host.
	Refused []string
	// Marginal is what the environment costs more, in USD a month, for this host
	// having it, given what stands for the others in Advice.Best.
	Marginal float64
}

// Estate is an environment with its front doors chosen.
type Estate struct {
	Doors []mapping.FrontDoor
	Bill  cost.Bill
	// Domains are the custom domains in the accounts of APIs' owners.
	Domains int
	// Upkeep is what they are counted at, in USD a month.
	Upkeep float64
}

// counted is what estates are compared by.
func (e Estate) counted() float64 { return e.Bill.Total() + e.Upkeep }

// doors are the front doors, the one first that asks least of the accounts, then
// the one by which policies tell hosts apart.
var doors = []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorNative, mapping.FrontDoorALB}

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
	standing, err := a.estate(now)
	if err != nil {
		return nil, err
	}
	best, estate := now, standing
	for set := range 1 << len(doors) {
		chosen, ok := a.choose(set)
		if !ok {
			continue
		}
		// A choice that isn't within the limits is none.
		if other, err := a.estate(chosen); err == nil && other.counted() < estate.counted() {
			best, estate = chosen, other
		}
	}
	advice := &Advice{Now: standing, Best: estate}
	served := map[mapping.FrontDoor]int{}
	for _, door := range best {
		served[door]++
	}
	for _, host := range slices.Sorted(maps.Keys(now)) {
		served[best[host]]--
		advice.Hosts = append(advice.Hosts, Host{
			Host: host, Now: now[host], Best: best[host], Options: a.options(host, served),
		})
		served[best[host]]++
	}
	a.explain(advice)
	return advice, nil
}

// adviser holds what a mapping's rows allow.
type adviser struct {
	Request
	rows    []mapping.Row // without retired ones
	owners  map[mapping.Host]place
	refused map[mapping.FrontDoor]map[mapping.Host][]string
}

// place is where quotas of custom domains are counted.
type place struct {
	account mapping.AccountID
	region  string
}

func newAdviser(r Request) *adviser {
	a := &adviser{Request: r, owners: map[mapping.Host]place{}, refused: map[mapping.FrontDoor]map[mapping.Host][]string{}}
	for _, row := range r.Mapping.Rows {
		if row.Retired {
			continue
		}
		a.rows = append(a.rows, row)
		a.owners[row.Host] = place{row.Account, row.API.Region}
	}
	for _, door := range doors {
		a.refused[door] = refusals(a.rows, door)
	}
	return a
}

// refusals are the reasons for which a front door can't carry hosts, were all
// rows at that front door.
func refusals(rows []mapping.Row, door mapping.FrontDoor) map[mapping.Host][]string {
	moved := make([]mapping.Row, len(rows))
	for i, row := range rows {
		moved[i] = row.With(door)
	}
	reasons := map[mapping.Host][]string{}
	for _, refusal := range mapping.Check(moved) {
		host := refusal.Row.Host
		reasons[host] = append(reasons[host], refusal.Reason)
	}
	return reasons
}

// estate is the environment of a choice.
func (a *adviser) estate(chosen choice) (Estate, error) {
	m := *a.Mapping
	m.Rows = slices.Clone(m.Rows)
	for i := range m.Rows {
		if row := &m.Rows[i]; !row.Retired {
			row.FrontDoor = chosen[row.Host]
		}
	}
	derived, err := topology.Derive(&m, a.Options)
	if err != nil {
		return Estate{}, err
	}
	e := Estate{Doors: derived.Doors, Bill: cost.Monthly(derived, a.Settings)}
	for _, door := range chosen {
		if door != mapping.FrontDoorNGINX {
			e.Domains++
		}
	}
	e.Upkeep = float64(e.Domains) * a.Upkeep
	return e, nil
}

// choose gives each host the first of a set of front doors that carries it and
// has room; false: there is none for some host. The set's bits count in doors.
func (a *adviser) choose(set int) (choice, bool) {
	chosen, room := choice{}, newRoom(a.Options.Quotas)
	for _, host := range slices.Sorted(maps.Keys(a.owners)) {
		for i, door := range doors {
			if set&(1<<i) != 0 && len(a.refused[door][host]) == 0 && room.take(door, a.owners[host]) {
				chosen[host] = door
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
	private, regional map[place]int
}

func newRoom(quotas topology.Quotas) *room {
	return &room{quotas: quotas, private: map[place]int{}, regional: map[place]int{}}
}

func (r *room) take(door mapping.FrontDoor, at place) bool {
	full := func(used, limit int) bool { return limit > 0 && used >= limit }
	switch door {
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

// options are a host's front doors beside those that serve so many other hosts.
func (a *adviser) options(host mapping.Host, served map[mapping.FrontDoor]int) []Option {
	var others []mapping.FrontDoor
	for _, door := range doors {
		if served[door] > 0 {
			others = append(others, door)
		}
	}
	standing := a.Settings.Standing(others, a.Options.SharedALB)
	var options []Option
	for _, door := range doors {
		option := Option{Door: door, Refused: a.refused[door][host]}
		if len(option.Refused) == 0 && !slices.Contains(others, door) {
			option.Marginal = a.Settings.Standing(append(slices.Clone(others), door), a.Options.SharedALB) - standing
		}
		options = append(options, option)
	}
	slices.SortFunc(options, func(a, b Option) int { return cmp.Compare(a.Door, b.Door) })
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
			h.Why = fmt.Sprintf("%s stands for %s that nothing else carries, so this one costs nothing more", h.Best, hosts(need[h.Best]))
		case h.Best == mapping.FrontDoorNGINX:
			h.Why = fmt.Sprintf("one proxy for %s costs less than their custom domains in the accounts, counted at $%.2f each", hosts(len(advice.Hosts)), a.Upkeep)
		case len(a.refused[mapping.FrontDoorNGINX][h.Host]) == 0:
			h.Why = fmt.Sprintf("for %s no proxy has to stand", hosts(len(advice.Hosts)))
		case h.Best == mapping.FrontDoorNative:
			h.Why = "nginx can't carry it, and behind native, unlike alb, policies tell hosts apart"
		default:
			h.Why = "nginx can't carry it, and native has no room for it or isn't cheaper"
		}
	}
}

// only tells whether no other front door than the best carries the host.
func only(h Host) bool {
	return !slices.ContainsFunc(h.Options, func(o Option) bool { return o.Door != h.Best && len(o.Refused) == 0 })
}

func hosts(n int) string {
	if n == 1 {
		return "1 host"
	}
	return fmt.Sprintf("%d hosts", n)
}
