// Package migration decides how hosts change their front door, and rows of the proxy
// their API. It is the one state machine for it: from what the stacks of an
// environment reported after their last runs, and from what the mapping wants, it
// says what the next run of the shared stack deploys for each host and row, what has
// to run after that and how long to wait before. The stacks' programs ask it what to
// deploy, and the driver of an environment asks it what to run, so that both say the
// same.
//
// docs/design/front-doors.md, "How a host changes its front door", and
// docs/design/changes.md have the rules and their reasons.
package migration

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// Wanted is what a mapping wants for each host that has an unretired row.
type Wanted map[mapping.Host]Target

// Target is the front door that the rows of a host want.
type Target struct {
	FrontDoor mapping.FrontDoor
	// Rows are the addresses of the host's unretired rows, sorted.
	Rows []string
	// Accounts are the accounts that rows name, by address. Only the stack of that
	// account can have provisioned such a row; a row without an entry belongs to
	// whichever stack lists its API.
	Accounts map[string]mapping.AccountID
}

// WantedBy is what rows want. The rows of a host have one front door: the
// mapping is checked for that.
func WantedBy(rows []mapping.Row) Wanted {
	wanted := Wanted{}
	for i := range rows {
		row := &rows[i]
		if row.Retired {
			continue
		}
		target := wanted[row.Host]
		address := outputs.Address(row)
		target.FrontDoor, target.Rows = row.FrontDoor, append(target.Rows, address)
		if row.Account != "" {
			if target.Accounts == nil {
				target.Accounts = map[string]mapping.AccountID{}
			}
			target.Accounts[address] = row.Account
		}
		wanted[row.Host] = target
	}
	for host, target := range wanted {
		slices.Sort(target.Rows)
		wanted[host] = target
	}
	return wanted
}

// ReportedBy is what the mapping of the shared stack's last run wanted, for the
// hosts of which the stack reports a state.
func ReportedBy(frontDoors map[mapping.Host]outputs.HostState) Wanted {
	wanted := Wanted{}
	for host, state := range frontDoors {
		wanted[host] = Target{FrontDoor: state.Wanted(), Rows: state.Rows}
	}
	return wanted
}

// Plan is what a run of the shared stack deploys: for each host the state that
// it has after the run.
type Plan map[mapping.Host]outputs.HostState

// Settled is the plan in which each host is at the front door that it wants.
func (w Wanted) Settled() Plan {
	plan := make(Plan, len(w))
	for host, target := range w {
		plan[host] = outputs.HostState{Current: target.FrontDoor}
	}
	return plan
}

// Hosts are the hosts that wait for something, sorted.
func (p Plan) Hosts(pending outputs.Pending) []mapping.Host {
	return hosts(p, func(_ mapping.Host, state outputs.HostState) bool { return state.Pending == pending })
}

// FrontDoors is what the shared stack reports of the plan: the states of the
// hosts that nginx doesn't serve alone, or that are to leave it.
func (p Plan) FrontDoors() map[mapping.Host]outputs.HostState {
	reported := map[mapping.Host]outputs.HostState{}
	for host, state := range p {
		if state.Current != mapping.FrontDoorNGINX || !state.Settled() {
			reported[host] = state
		}
	}
	return reported
}

// Provider is a provider account's stack and what it reported.
type Provider struct {
	// Stack is the stack's name.
	Stack string
	// Outputs are the stack's outputs after its last successful run; nil where
	// there was none.
	Outputs *outputs.Provider
	// Changed reports that a run of the operation under way changed resources
	// of the stack. Owners who deploy their stages by hand have not done so
	// since.
	Changed bool
}

// State is the state of an environment's migrations.
type State struct {
	wanted    Wanted
	before    map[mapping.Host]outputs.HostState
	endpoints map[mapping.FrontDoor]string
	providers []Provider
	// provisioned are the indices in providers of the stacks that have
	// provisioned a row, by front door and address.
	provisioned map[mapping.FrontDoor]map[string]int
	// owners are the accounts that have provisioned a host, by front door.
	owners map[hostAt]mapping.AccountID
	// served is what the proxy serves; nil: nothing is known of it.
	served *outputs.Served
	// direct are the rows that alb and native serve; nil: none, or nothing is known.
	direct *outputs.Served
	// wide says that endpoints' policies have APIs to which no row leads any more.
	wide bool
	// admits are the awaited rows that accounts admit: their numbers, by address.
	admits map[string]int
}

// hostAt is a host at a front door.
type hostAt struct {
	host      mapping.Host
	frontDoor mapping.FrontDoor
}

// New is the state of an environment whose mapping wants the given front doors,
// after the stacks reported the given outputs. Shared is nil where the shared
// stack was never brought up.
func New(wanted Wanted, shared *outputs.Shared, providers []Provider) *State {
	s := &State{
		wanted: wanted, before: map[mapping.Host]outputs.HostState{}, providers: providers,
		provisioned: map[mapping.FrontDoor]map[string]int{}, owners: map[hostAt]mapping.AccountID{}, admits: map[string]int{},
	}
	if shared != nil {
		s.endpoints, s.served, s.direct, s.wide = shared.Endpoints, shared.Served, shared.Direct, shared.WidePolicies
		for _, host := range shared.Hosts {
			s.before[host] = outputs.HostState{Current: mapping.FrontDoorNGINX}
		}
		maps.Copy(s.before, shared.FrontDoors)
	}
	for i, provider := range providers {
		if provider.Outputs != nil {
			s.addProvisioned(i, provider.Outputs)
			s.addAdmitted(provider.Outputs)
		}
	}
	return s
}

// addProvisioned adds the rows that a stack has provisioned for the endpoints
// that exist. Rows that are provisioned for a replaced endpoint lead nowhere. What
// a stack says of a row of another account doesn't count: it may still own the
// host's custom domain, and nothing more.
func (s *State) addProvisioned(provider int, reported *outputs.Provider) {
	for frontDoor, rows := range reported.Provisioned {
		endpoint := s.endpoints[frontDoor]
		if endpoint == "" || reported.ProvisionedFor[frontDoor] != endpoint {
			continue
		}
		if s.provisioned[frontDoor] == nil {
			s.provisioned[frontDoor] = map[string]int{}
		}
		for _, row := range rows {
			name, _, _ := strings.Cut(row, "/")
			at := hostAt{mapping.Host(name), frontDoor}
			account := s.wanted[at.host].Accounts[row]
			own := account == "" || account == reported.AccountID
			if s.owners[at] == "" || account != "" && own {
				s.owners[at] = reported.AccountID
			}
			if _, known := s.provisioned[frontDoor][row]; !known && own {
				s.provisioned[frontDoor][row] = provider
			}
		}
	}
}

// isProvisioned reports whether all rows of a target are provisioned.
func (s *State) isProvisioned(target Target) bool {
	return len(target.Rows) > 0 && !slices.ContainsFunc(target.Rows, func(row string) bool {
		_, provisioned := s.provisioned[target.FrontDoor][row]
		return !provisioned
	})
}

// Step is what a run of the shared stack does for a host.
type Step int

const (
	// None changes nothing: the host is settled.
	None Step = iota
	// Await leaves the host where it is, until its provider account has
	// provisioned all of its rows.
	Await
	// Associate associates the host's PRIVATE custom domain with the endpoint.
	Associate
	// Create creates the host's DNS name.
	Create
	// Move moves the host's DNS name to another front door. The earlier front
	// door is retained.
	Move
	// Remove removes the front door that was retained.
	Remove
)

// String is the step as a verb.
func (s Step) String() string {
	return [...]string{"none", "await", "associate", "create", "move", "remove"}[s]
}

// Change is what the next run of the shared stack does for a host.
type Change struct {
	Step Step
	// Before is the state that the stack reported last, and After the one that
	// the run leads to.
	Before, After outputs.HostState
}

// Next is what the next run of the shared stack does for a host that has an
// unretired row.
func (s *State) Next(host mapping.Host) Change {
	c := Change{Before: s.before[host], After: s.after(host)}
	switch {
	case c.Before.Current == "" && c.After.Current != "":
		c.Step = Create
	case c.Before.Current != c.After.Current:
		c.Step = Move
	case c.After.Pending == outputs.PendingAssociation:
		c.Step = Associate
	case c.After.Pending == outputs.PendingProvider:
		c.Step = Await
	case len(c.Before.Retains) > 0:
		c.Step = Remove
	}
	return c
}

// after is the state of a host after the next run. A host that has no name yet
// gets it at native without a run between association and name: no client uses
// the name while API Gateway provisions the association.
func (s *State) after(host mapping.Host) outputs.HostState {
	before, target := s.before[host], s.wanted[host]
	provisioned := s.isProvisioned(target)
	switch {
	case before.Current == target.FrontDoor,
		before.Current == "" && (target.FrontDoor == mapping.FrontDoorNGINX || provisioned):
		return outputs.HostState{Current: target.FrontDoor}
	case !provisioned:
		return outputs.HostState{
			Current: before.Current, Target: target.FrontDoor, Pending: outputs.PendingProvider, Rows: target.Rows,
		}
	case target.FrontDoor == mapping.FrontDoorNative && !before.Serves(target.FrontDoor):
		return outputs.HostState{
			Current: before.Current, Target: target.FrontDoor, Retains: []mapping.FrontDoor{target.FrontDoor},
			Pending: outputs.PendingAssociation, Rows: target.Rows,
		}
	default:
		return outputs.HostState{
			Current: target.FrontDoor, Retains: []mapping.FrontDoor{before.Current}, Pending: outputs.PendingClients,
		}
	}
}

// Plan is what the next run of the shared stack deploys.
func (s *State) Plan() Plan {
	plan := make(Plan, len(s.wanted))
	for host := range s.wanted {
		plan[host] = s.after(host)
	}
	return plan
}

// Reported are the states of hosts after the last run of the shared stack.
func (s *State) Reported() Plan { return s.before }

// Owner is the account that has provisioned a host for a front door; empty where
// no stack reports it.
func (s *State) Owner(frontDoor mapping.FrontDoor, host mapping.Host) mapping.AccountID {
	return s.owners[hostAt{host, frontDoor}]
}

// hosts are the hosts of a plan whose state passes, sorted.
func hosts(plan Plan, pass func(mapping.Host, outputs.HostState) bool) []mapping.Host {
	var found []mapping.Host
	for host, state := range plan {
		if pass(host, state) {
			found = append(found, host)
		}
	}
	slices.Sort(found)
	return found
}
