// Package faults breaks one thing at a time in simulated accounts that serve a
// mapping, so that it can be seen what becomes of requests and what the doctor
// says. Each fault acts on the live path that a rehearsal makes of the accounts.
package faults

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// Fault is one thing that can break.
type Fault struct {
	// Name is lower-case words with hyphens between them.
	Name string
	// Breaks says what, as the end of a sentence that begins with "It".
	Breaks string
	// FrontDoor is the front door whose hosts it breaks.
	FrontDoor mapping.FrontDoor
	// Cause is the step at which the doctor finds the first cause; empty: it finds
	// nothing, because what fails is not to be seen in the accounts.
	Cause doctor.Step
	// Unseen says why the doctor finds nothing; empty where Cause is not.
	Unseen string
	// Alarms are the alarms that it has to raise, sorted; empty: it raises none.
	Alarms []string

	// inject changes the simulated accounts.
	inject func(*scene) error
	// live changes what is made of them; nil: nothing more.
	live func(*scene, *live.Environment)
}

// The alarms that faults raise, by the names that components.Alarms gives them. Those of
// a certificate end with the certificate's name.
const (
	certificateEnds  = "certificate"
	logDelivery      = "log-delivery"
	proxyErrors      = "proxy-5xx"
	tooFewTargets    = "healthy-targets"
	unhealthyTargets = "unhealthy-targets"
)

// Injected is a fault that was injected.
type Injected struct {
	// Host is the host whose requests it breaks.
	Host mapping.Host

	fault Fault
	scene *scene
}

// ActOn breaks what the accounts don't show in the data path that is made of them.
func (i *Injected) ActOn(environment *live.Environment) {
	if i.fault.live != nil {
		i.fault.live(i.scene, environment)
	}
}

// All are the faults, in the order of a request's path.
func All() []Fault {
	return slices.Concat(nameFaults, balancerFaults, taskFaults, logFaults, groupFaults, endpointFaults, apiFaults, domainFaults)
}

// Find is the fault of a name.
func Find(name string) (Fault, error) {
	all := All()
	if i := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Fault{}, fmt.Errorf("there is no fault %q: --fault list lists them", name)
}

// scene is what a fault acts on.
type scene struct {
	simulator *awssim.Simulator
	*doctor.Environment
	row     mapping.Row
	account string // that owns the row's API
}

// Inject breaks it, for one host that the fault's front door serves. The error says
// why the accounts have nothing to break.
func (f Fault) Inject(simulator *awssim.Simulator, environment *doctor.Environment) (*Injected, error) {
	for _, row := range environment.Mapping.Rows {
		if row.Retired || row.FrontDoor != f.FrontDoor || row.Host.IsWildcard() || !slices.Contains(environment.Shared.Hosts, row.Host) {
			continue
		}
		s := &scene{simulator: simulator, Environment: environment, row: row, account: string(environment.Owner(row))}
		if f.inject != nil {
			if err := f.inject(s); err != nil {
				return nil, fmt.Errorf("inject fault %s: %w", f.Name, err)
			}
		}
		return &Injected{row.Host, f, s}, nil
	}
	return nil, fmt.Errorf("inject fault %s: no row of the mapping with a host that isn't a wildcard has front door %s", f.Name, f.FrontDoor)
}

// shared changes resources of the shared account.
func (s *scene) shared(change func(op *engine.Op) error) error {
	return s.in(string(s.Shared.AccountID), change)
}

// owners changes resources of the account that owns the row's API.
func (s *scene) owners(change func(op *engine.Op) error) error { return s.in(s.account, change) }

func (s *scene) in(account string, change func(op *engine.Op) error) error {
	return s.simulator.Root(account, s.Shared.Region).Edit("breaking something", "fault", change)
}

// errNothing says that there is nothing of the kind that the fault breaks.
var errNothing = errors.New("the accounts have nothing of the kind")

// remove removes the resources of a type that a test chooses.
func remove(op *engine.Op, token string, chosen func(*engine.Resource) bool) error {
	found := errNothing
	for _, r := range op.All(token) {
		if chosen(r) {
			op.Remove(r)
			found = nil
		}
	}
	return found
}

// change changes the resources of a type that a test chooses.
func change(op *engine.Op, token string, chosen func(*engine.Resource) bool, how func(r *engine.Resource)) error {
	found := errNothing
	for _, r := range op.All(token) {
		if chosen(r) {
			changed := r.Clone()
			how(&changed)
			op.Put(changed)
			found = nil
		}
	}
	return found
}

func id(want string) func(*engine.Resource) bool {
	return func(r *engine.Resource) bool { return r.ID == want }
}

func with(property, want string) func(*engine.Resource) bool {
	return func(r *engine.Resource) bool { return r.Properties.Text(property) == want }
}

// host is the host that the fault breaks.
func (s *scene) host() string { return string(s.row.Host) }

// covers reports whether a name is the host or its wildcard.
func (s *scene) covers(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == s.host() || name == string(s.row.Host.Wildcard())
}
