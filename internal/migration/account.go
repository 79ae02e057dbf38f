package migration

import (
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// frontDoors are all front doors, in the order in which policies have them.
var frontDoors = []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative}

// The questions of this file are a provider account's. Its state has the rows of
// its own APIs, and itself as the only provider stack.

// Admitted are the front doors that resource policies admit for a host: the one
// that its rows want, and those through which the shared stack still serves it. A
// front door without an endpoint can't be named in a policy yet.
func (s *State) Admitted(host mapping.Host) []mapping.FrontDoor {
	var admitted []mapping.FrontDoor
	for _, frontDoor := range frontDoors {
		if s.endpoints[frontDoor] != "" && (s.wanted[host].FrontDoor == frontDoor || s.before[host].Serves(frontDoor)) {
			admitted = append(admitted, frontDoor)
		}
	}
	return admitted
}

// Retained are the hosts that are admitted through a front door which they are to
// leave, sorted: the account's output retains. A front door that is connected
// before the name moves there is not such a one.
func (s *State) Retained() []mapping.Host {
	var retained []mapping.Host
	for _, host := range slices.Sorted(maps.Keys(s.wanted)) {
		if slices.ContainsFunc(s.Admitted(host), func(f mapping.FrontDoor) bool { return f != s.wanted[host].FrontDoor }) {
			retained = append(retained, host)
		}
	}
	return retained
}

// Awaited reports whether the shared stack needs to know that a host's rows are
// provisioned. A host of nginx that comes from no other front door waits for no
// account.
func (s *State) Awaited(host mapping.Host) bool {
	if s.wanted[host].FrontDoor != mapping.FrontDoorNGINX {
		return true
	}
	before, known := s.before[host]
	return known && !(before.Current == mapping.FrontDoorNGINX && before.Settled())
}

// Advice is what to run after an update of a provider account's stack.
type Advice int

const (
	// RunForEndpoint is to run the shared stack, which makes the front door's
	// endpoint, and then this one.
	RunForEndpoint Advice = iota
	// RunToAssociate is to run the shared stack, which associates the PRIVATE
	// custom domain.
	RunToAssociate
	// RunWhenProvisioned is to run the shared stack when API Gateway has
	// provisioned the association.
	RunWhenProvisioned
	// RunToMove is to run the shared stack, which moves or creates the name.
	RunToMove
	// RunToRemove is to run the shared stack when clients have the new answer,
	// which removes the earlier front door, and then this one.
	RunToRemove
)

// Advised is a piece of advice and what it is about.
type Advised struct {
	Advice Advice
	// Names are the hosts, or for RunForEndpoint the front doors, sorted.
	Names []string
}

// Advice is what to run after this update so that the account's hosts come to
// their front doors, in the order in which to say it; nil where nothing is left.
func (s *State) Advice() []Advised {
	names := map[Advice][]string{}
	for host, target := range s.wanted {
		if !s.Awaited(host) {
			continue
		}
		if s.endpoints[target.FrontDoor] == "" {
			names[RunForEndpoint] = append(names[RunForEndpoint], string(target.FrontDoor))
		} else if advice, needed := s.Next(host).advice(); needed {
			names[advice] = append(names[advice], string(host))
		}
	}
	var all []Advised
	for _, advice := range slices.Sorted(maps.Keys(names)) {
		slices.Sort(names[advice])
		all = append(all, Advised{advice, slices.Compact(names[advice])})
	}
	return all
}

// advice is what to run for the change to happen; false: nothing would change.
func (c Change) advice() (Advice, bool) {
	switch c.Step {
	case Associate:
		return RunToAssociate, true
	case Create, Move:
		if c.Before.Pending == outputs.PendingAssociation && c.Before.Serves(c.After.Current) {
			return RunWhenProvisioned, true
		}
		return RunToMove, true
	case Remove:
		return RunToRemove, c.Before.Pending == outputs.PendingClients
	case None, Await:
	}
	return 0, false
}

// Admission is what an account's policies have to admit through the proxy.
type Admission struct {
	// Served are the account's rows that the proxy serves, by address.
	Served []outputs.ServedRow
	// Widens are the addresses for which the proxy serves other rows than the mapping
	// has, sorted; none: the policies admit the mapping's rows alone.
	Widens []string
	// Waiting are the numbers of the account's rows that wait for it, by address.
	Waiting outputs.Numbers
}

// Admission is what the account admits through the proxy, whose rows own tells from
// others'. Of the rows that the mapping has for the proxy it is given all. A preview
// is of the state after the next run of the shared stack, which comes first.
func (s *State) Admission(mapped []outputs.ServedRow, own func(outputs.ServedRow) bool, preview bool) Admission {
	if preview && s.served != nil {
		return s.AdmissionBeside(s.Rows(mapped).Rows, mapped, own)
	}
	return s.AdmissionBeside(s.Contested(mapped), mapped, own)
}

// AdmissionBeside is Admission, given the rows of all accounts that the proxy serves.
func (s *State) AdmissionBeside(serves, mapped []outputs.ServedRow, own func(outputs.ServedRow) bool) Admission {
	a := Admission{Waiting: outputs.Numbers{}}
	byAddress := map[string]outputs.ServedRow{}
	for _, row := range mapped {
		if own(row) {
			byAddress[row.Address()] = row
			if number := s.numberOf(row); number > 0 {
				a.Waiting[row.Address()] = number
			}
		}
	}
	if s.served == nil {
		return a
	}
	for _, row := range serves {
		if !own(row) {
			continue
		}
		a.Served = append(a.Served, row)
		if same, found := byAddress[row.Address()]; !found || !sameGrant(row, same) {
			a.Widens = append(a.Widens, row.Address())
		}
		delete(byAddress, row.Address())
	}
	a.Widens = append(a.Widens, slices.Collect(maps.Keys(byAddress))...)
	slices.Sort(a.Widens)
	a.Widens = slices.Compact(a.Widens)
	return a
}

// Contested are the rows that the proxy serves, but for those whose requests the
// mapping refuses: it has no such row any more, or has retired it. Of the rows that the
// mapping has for the proxy it is given all.
func (s *State) Contested(mapped []outputs.ServedRow) []outputs.ServedRow {
	if s.served == nil {
		return nil
	}
	var rows []outputs.ServedRow
	for _, family := range familiesOf(s.served.Rows, mapped) {
		contested := family.contested()
		for _, e := range family.edits {
			if e.old != nil && contested[e.old] {
				rows = append(rows, *e.old)
			}
		}
	}
	slices.SortFunc(rows, outputs.CompareAddress)
	return rows
}

// sameGrant reports whether policies say the same about two rows of an address.
func sameGrant(a, b outputs.ServedRow) bool {
	return a.URL == b.URL && slices.Equal(a.Methods, b.Methods)
}
