package migration

import (
	"maps"
	"slices"
	"time"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// Run is what a run of the shared stack is for. The lists are sorted.
type Run struct {
	// Associates are the hosts whose PRIVATE custom domain it associates with
	// the endpoint.
	Associates []mapping.Host
	// Creates are the hosts whose name it creates.
	Creates []mapping.Host
	// Moves are the hosts whose name it moves.
	Moves []mapping.Host
	// Removes are the hosts whose earlier front door it removes.
	Removes []mapping.Host
	// Switches are the hosts of which the proxy leads requests to other targets.
	Switches []mapping.Host
	// Narrows says that it takes APIs to which no row leads any more out of the policies
	// of endpoints.
	Narrows bool
}

// Empty reports whether the run would change no host, so that nothing has to be
// run.
func (r Run) Empty() bool {
	return len(r.Associates)+len(r.Creates)+len(r.Moves)+len(r.Removes)+len(r.Switches) == 0 && !r.Narrows
}

// NextRun is what the next run of the shared stack is for.
func (s *State) NextRun() Run {
	var r Run
	for _, host := range slices.Sorted(maps.Keys(s.wanted)) {
		switch s.Next(host).Step {
		case Associate:
			r.Associates = append(r.Associates, host)
		case Create:
			r.Creates = append(r.Creates, host)
		case Move:
			r.Moves = append(r.Moves, host)
		case Remove:
			r.Removes = append(r.Removes, host)
		case None, Await:
		}
	}
	r.Switches = s.switched()
	return r
}

// Held are moves that have to wait until owners have deployed their stages.
type Held struct {
	// Hosts are the hosts whose name would move to an undeployed stage, sorted.
	Hosts []mapping.Host
	// Stacks are the provider stacks whose output redeployCommands has the
	// commands that deploy the stages, sorted.
	Stacks []string
}

// Held are the hosts whose clients would follow the name in the next run to
// stages that their owners have to deploy first. A host that has no name yet is
// not held: no client uses it.
func (s *State) Held() Held {
	var held Held
	for _, host := range s.NextRun().Moves {
		if stacks := s.undeployed(s.wanted[host]); len(stacks) > 0 {
			held.Hosts = append(held.Hosts, host)
			held.Stacks = append(held.Stacks, stacks...)
		}
	}
	slices.Sort(held.Stacks)
	held.Stacks = slices.Compact(held.Stacks)
	return held
}

// undeployed are the stacks that have provisioned rows of a target, and whose
// stages their owners have to deploy.
func (s *State) undeployed(target Target) []string {
	var stacks []string
	for _, row := range target.Rows {
		i, provisioned := s.provisioned[target.FrontDoor][row]
		if !provisioned {
			continue
		}
		if provider := s.providers[i]; provider.Changed && len(provider.Outputs.RedeployCommands) > 0 {
			stacks = append(stacks, provider.Stack)
		}
	}
	return stacks
}

// Outdated are the provider stacks that still admit a front door which hosts have
// left for good according to the plan. They have to run again, in the order in
// which they were given. Hosts that the plan doesn't have are gone.
func (s *State) Outdated(plan Plan) []string {
	var stacks []string
	for _, provider := range s.providers {
		if provider.Outputs != nil && slices.ContainsFunc(provider.Outputs.Retains, func(host mapping.Host) bool {
			return plan[host].Settled()
		}) {
			stacks = append(stacks, provider.Stack)
		}
	}
	return stacks
}

// Absent are the provider stacks that have reported nothing, in the order in which
// they were given.
func (s *State) Absent() []string {
	var stacks []string
	for _, provider := range s.providers {
		if provider.Outputs == nil {
			stacks = append(stacks, provider.Stack)
		}
	}
	return stacks
}

// Pace is how long to wait between runs.
type Pace struct {
	// Settle is the time that clients and deployments take.
	Settle time.Duration
	// Provision is the time that API Gateway takes to provision an access
	// association.
	Provision time.Duration
}

// Cause is what a wait is for.
type Cause int

const (
	// ForClients is until no client uses the earlier answer for a name that
	// moved.
	ForClients Cause = iota
	// ForAssociation is until API Gateway has provisioned an access
	// association.
	ForAssociation
	// ForDeployment is until a deployment that was just made takes effect, before a
	// name moves, or is created.
	ForDeployment
	// ForAdmission is until a deployment that was just made takes effect, before the
	// proxy leads requests to another target.
	ForAdmission
	// ForTasks is until the proxy's replaced tasks have answered their last requests.
	ForTasks
)

// Wait is a wait before the next run of the shared stack.
type Wait struct {
	Cause Cause
	// Hosts are the hosts that wait, sorted.
	Hosts []mapping.Host
	// Lasts is how long the wait is, from the last run of the shared stack on.
	Lasts time.Duration
}

// Waits are the waits before the next run of the shared stack, one for each cause
// that has hosts.
func (s *State) Waits(pace Pace) []Wait {
	next := s.NextRun()
	after := func(pending outputs.Pending, hosts []mapping.Host) []mapping.Host {
		return slices.DeleteFunc(slices.Clone(hosts), func(host mapping.Host) bool { return s.before[host].Pending != pending })
	}
	// Until its policy is in effect, an API answers a new name's requests as before.
	deployed := after(outputs.PendingProvider, slices.Concat(next.Moves, next.Creates))
	slices.Sort(deployed)
	return waits(pace, s.Reported().Hosts(outputs.PendingClients), after(outputs.PendingAssociation, next.Moves), deployed, next.Switches)
}

// WaitToNarrow is the wait before accounts cease to admit the former targets of
// hosts that have just been led elsewhere.
func WaitToNarrow(pace Pace, hosts []mapping.Host) []Wait {
	if len(hosts) == 0 {
		return nil
	}
	return []Wait{{ForTasks, hosts, pace.Settle}}
}

// WaitsToNarrow are WaitToNarrow for an update that begins where an earlier one ended: for
// the hosts whose former targets policies still admit, although the proxy leads no
// requests there any more.
func (s *State) WaitsToNarrow(pace Pace) []Wait { return WaitToNarrow(pace, s.wideHosts()) }

// WaitsLeft are the waits that the reported states ask for, before it is known
// what the next run does: an earlier operation was interrupted, or left them to
// the next one.
func (p Plan) WaitsLeft(pace Pace) []Wait {
	return waits(pace, p.Hosts(outputs.PendingClients), p.Hosts(outputs.PendingAssociation), nil, nil)
}

func waits(pace Pace, clients, association, deployment, admission []mapping.Host) []Wait {
	all := []Wait{
		{ForClients, clients, pace.Settle},
		{ForAssociation, association, pace.Provision},
		{ForDeployment, deployment, pace.Settle},
		{ForAdmission, admission, pace.Settle},
	}
	return slices.DeleteFunc(all, func(w Wait) bool { return len(w.Hosts) == 0 })
}

// Phase is a run of the shared stack that is to follow, and what comes before
// it.
type Phase struct {
	Run
	// AfterProviders reports that hosts wait for the provider accounts before
	// the run.
	AfterProviders bool
	// Waits are the waits before the run.
	Waits []Wait
}

// Forecast are the runs of the shared stack that follow until every host is
// settled, if the provider accounts provision all rows.
func (s *State) Forecast(pace Pace) []Phase {
	var phases []Phase
	forecast := s.provisioning()
	for {
		phase := Phase{
			Run:            forecast.NextRun(),
			AfterProviders: len(forecast.Reported().Hosts(outputs.PendingProvider))+len(forecast.switched()) > 0,
			Waits:          forecast.Waits(pace),
		}
		if phase.Empty() {
			return phases
		}
		phases = append(phases, phase)
		forecast.before = forecast.Plan()
		if forecast.served != nil {
			forecast.served = forecast.Rows(forecast.ReportedRows())
		}
	}
}

// provisioning is the state with every row provisioned for the front door that it
// wants, and every awaited row admitted.
func (s *State) provisioning() *State {
	all := &State{
		wanted: s.wanted, before: s.before, endpoints: s.endpoints, providers: []Provider{{}},
		provisioned: map[mapping.FrontDoor]map[string]int{}, served: s.served, admits: map[string]int{},
	}
	if s.served != nil {
		for _, rows := range [][]outputs.ServedRow{s.served.Rows, s.served.Awaited} {
			for _, row := range rows {
				all.admits[row.Address()] = row.Number
			}
		}
	}
	for _, target := range s.wanted {
		if all.provisioned[target.FrontDoor] == nil {
			all.provisioned[target.FrontDoor] = map[string]int{}
		}
		for _, row := range target.Rows {
			all.provisioned[target.FrontDoor][row] = 0
		}
	}
	return all
}
