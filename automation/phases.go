package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/mapping"
)

// A host that changes its front door does so in steps (docs/design/front-doors.md):
// the account of its APIs gets ready, a private custom domain is associated, its
// name moves, and when no client holds the old answer any more, the earlier way
// is taken down. Each step is an update of one stack. Up goes on with them after
// its first pass until no host waits, so that an environment without such hosts
// is done after the first.

// mostSharedRuns bounds how often Up runs the shared stack again. A host needs
// three runs, and hosts that became ready in different runs one more.
const mostSharedRuns = 5

// standing is where the hosts of an environment stand, by the stacks' outputs.
type standing struct {
	doors map[mapping.Host]Placement
	// ready are the hosts for which rows are ready, by front door.
	ready map[mapping.FrontDoor]map[mapping.Host]bool
	// keeps are the hosts whose earlier front door a provider stack still
	// admits, by the stack's name.
	keeps map[string][]mapping.Host
	// byHand are the stacks of hosts whose way this Up has made or changed, and
	// whose stages their owner has to deploy.
	byHand map[mapping.Host]string
}

// standingOf reads the outputs of a pass. A stack that failed has none: its rows
// count as not ready, and its policies as they are. Programs other than
// Portico's have no contract, and no hosts.
func standingOf(results []Result) (standing, error) {
	if _, found := results[0].Outputs["contract"]; !found {
		return standing{}, nil
	}
	shared, err := ReadSharedOutputs(results[0].Outputs)
	if err != nil {
		return standing{}, err
	}
	at := standing{
		doors: shared.Doors, ready: map[mapping.FrontDoor]map[mapping.Host]bool{},
		keeps: map[string][]mapping.Host{}, byHand: map[mapping.Host]string{},
	}
	for _, result := range results[1:] {
		outputs, err := ReadProviderOutputs(result.Outputs)
		if err != nil {
			return standing{}, fmt.Errorf("%s: %w", result.Name, err)
		}
		for door, rows := range outputs.Ready {
			if at.ready[door] == nil {
				at.ready[door] = map[mapping.Host]bool{}
			}
			for _, row := range rows {
				host, _, _ := strings.Cut(row, "/")
				at.ready[door][mapping.Host(host)] = true
				if len(outputs.RedeployCommands) > 0 && result.Changes.any() {
					at.byHand[mapping.Host(host)] = result.Name
				}
			}
		}
		if len(outputs.Keeps) > 0 {
			at.keeps[result.Name] = outputs.Keeps
		}
	}
	return at, nil
}

// hosts are those whose placement passes, sorted.
func (s standing) hosts(pass func(mapping.Host, Placement) bool) []mapping.Host {
	var found []mapping.Host
	for _, host := range slices.Sorted(maps.Keys(s.doors)) {
		if pass(host, s.doors[host]) {
			found = append(found, host)
		}
	}
	return found
}

// next is the front door that the account of a host is ready for, other than the
// one that the name leads to; empty: none.
func (s standing) next(host mapping.Host, at Placement) mapping.FrontDoor {
	if at.Waits != WaitsForProvider {
		return ""
	}
	for door, hosts := range s.ready {
		if door != at.Name && hosts[host] {
			return door
		}
	}
	return ""
}

// associable tells whether a host's private custom domain is to be associated
// before its name moves there: one that has no name yet moves at once.
func (s standing) associable(host mapping.Host, at Placement) bool {
	return at.Name != "" && s.next(host, at) == mapping.FrontDoorNative
}

// movable tells whether a host's name moves in the next run.
func (s standing) movable(host mapping.Host, at Placement) bool {
	return at.Waits == WaitsForDomain || s.next(host, at) != "" && !s.associable(host, at)
}

// unsettled tells whether clients use a host's name, and follow it in the next
// run to what the account has just deployed.
func (s standing) unsettled(host mapping.Host, at Placement) bool {
	return at.Name != "" && at.Waits == WaitsForProvider && s.movable(host, at)
}

// held are the hosts whose names clients use, and would follow in the next run to
// a stage that nobody has deployed yet.
func (s standing) held() []mapping.Host {
	return s.hosts(func(host mapping.Host, at Placement) bool {
		return at.Name != "" && s.byHand[host] != "" && s.movable(host, at)
	})
}

// waiting are the hosts that wait for something.
func (s standing) waiting(wait Wait) []mapping.Host {
	return s.hosts(func(_ mapping.Host, at Placement) bool { return at.Waits == wait })
}

// outdated are the provider stacks that admit a front door which the host has
// left for good.
func (s standing) outdated(stack Stack) bool {
	return slices.ContainsFunc(s.keeps[stack.Name], func(host mapping.Host) bool {
		at := s.doors[host]
		return at.Waits == "" && len(at.Keeps) == 0
	})
}

// goOn runs the phases of an Up that follow its first pass, whose results it is
// given: the shared stack's, then the provider stacks'. It returns one result
// for each stack. An account's failure doesn't keep the hosts of others from
// going on.
func (r *run) goOn(ctx context.Context, results []Result) []Result {
	at, err := standingOf(results)
	if err != nil {
		results[0] = r.fail(results[0], err)
		return results
	}
	for range mostSharedRuns {
		why := at.reason(r.Settle)
		if why == "" || ctx.Err() != nil || len(at.held()) > 0 {
			break
		}
		if err := r.wait(ctx, r.pauses(at, 0)); err != nil {
			results[0] = r.fail(results[0], err)
			return results
		}
		results[0] = results[0].and(r.phase(why).stack(ctx, r.Shared))
		if results[0].Err != nil {
			return results
		}
		before := at.doors
		if at, err = standingOf(results); err != nil {
			results[0] = r.fail(results[0], err)
			return results
		}
		if maps.EqualFunc(before, at.doors, samePlacement) {
			break
		}
	}
	results = r.takeDown(ctx, at, results)
	results[0].ahead = at.byOwners(r.Shared.Name)
	return results
}

// byOwners are the phases that are left for the next Up, since owners have to
// deploy first. The shared stack moves all names that are ready at once, so that
// those of other owners wait with them.
func (s standing) byOwners(shared string) []string {
	hosts := s.held()
	if len(hosts) == 0 {
		return nil
	}
	var stacks []string
	for _, host := range hosts {
		stacks = append(stacks, s.byHand[host])
	}
	slices.Sort(stacks)
	return []string{fmt.Sprintf("%s again, when the commands of output redeployCommands of %s were run: moves %s",
		shared, strings.Join(slices.Compact(stacks), ", "), list(hosts))}
}

// reason is why the shared stack has to be run again; empty where it need not.
func (s standing) reason(settle time.Duration) string {
	var parts []string
	if hosts := s.hosts(s.associable); len(hosts) > 0 {
		parts = append(parts, "associates the private custom domain of "+list(hosts))
	}
	if hosts := s.hosts(s.movable); len(hosts) > 0 {
		parts = append(parts, "moves "+list(hosts))
	}
	if hosts := s.waiting(WaitsForClients); len(hosts) > 0 {
		parts = append(parts, fmt.Sprintf("takes down the earlier way of %s, %s after the move", list(hosts), settle))
	}
	return strings.Join(parts, " and ")
}

// takeDown runs the provider stacks once more that still admit a front door
// which a host has left.
func (r *run) takeDown(ctx context.Context, at standing, results []Result) []Result {
	if ctx.Err() != nil {
		return results
	}
	var stacks []Stack
	for i, s := range r.Providers {
		if results[i+1].Err == nil && at.outdated(s) {
			stacks = append(stacks, s)
		}
	}
	next := r.phase("takes the earlier front door of hosts that moved out of the policies")
	for _, result := range next.sideBySide(ctx, stacks) {
		i := slices.IndexFunc(results, func(r Result) bool { return r.Name == result.Name })
		results[i] = results[i].and(result)
	}
	return results
}

// doorsOf reads the output doors where it is known and well-formed; elsewhere
// there is nothing to say yet.
func doorsOf(outputs map[string]any) map[mapping.Host]Placement {
	data, err := json.Marshal(outputs["doors"])
	if err != nil {
		return nil
	}
	var doors map[mapping.Host]Placement
	if json.Unmarshal(data, &doors) != nil {
		return nil
	}
	return doors
}

// ahead are the phases that an Up would have after the one that was previewed,
// by the previewed outputs of the shared stack.
func (r *run) ahead(outputs map[string]any) []string {
	if _, unknown := outputs["doors"].(string); unknown {
		return []string{"further phases, if hosts change their front door: which do is known when " + r.Shared.Name + " is up"}
	}
	at := standing{doors: doorsOf(outputs)}
	unready, domain := at.waiting(WaitsForProvider), at.waiting(WaitsForDomain)
	var phases []string
	if len(unready) > 0 {
		phases = append(phases, fmt.Sprintf("%s again, when the provider accounts are ready: moves %s; names that clients use move to native %s later than elsewhere, in a run of their own",
			r.Shared.Name, list(unready), r.Provision))
	}
	if len(domain) > 0 {
		phases = append(phases, fmt.Sprintf("%s again, %s later: moves %s", r.Shared.Name, r.Provision, list(domain)))
	}
	if hosts := slices.Concat(unready, domain, at.waiting(WaitsForClients)); len(hosts) > 0 {
		slices.Sort(hosts)
		phases = append(phases,
			fmt.Sprintf("%s again, %s after names have moved: takes down the earlier ways of %s", r.Shared.Name, r.Settle, list(hosts)),
			"the provider accounts of these hosts again: takes the earlier front door out of the policies")
	}
	return phases
}

// phase is a run of the same operation for a later phase.
func (r *run) phase(why string) *run {
	op := r.op
	op.why = why
	return &run{Environment: r.Environment, op: op, command: r.command}
}

// fail makes an error between two phases the stack's.
func (r *run) fail(result Result, err error) Result {
	if typed := new(stackError); !errors.As(err, &typed) {
		err = &stackError{err.Error(), err}
	}
	result.Err = err
	r.tell(Event{Stack: result.Name, Kind: Failed, Text: r.op.verb + " failed: " + err.Error()})
	return result
}

func samePlacement(a, b Placement) bool {
	return a.Name == b.Name && a.Waits == b.Waits && slices.Equal(a.Keeps, b.Keeps)
}

// list names hosts, as many as a line shows well.
func list(hosts []mapping.Host) string {
	const most = 3
	var names []string
	for i, host := range hosts {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(hosts)-most))
			break
		}
		names = append(names, string(host))
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
