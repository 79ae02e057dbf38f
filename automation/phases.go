package automation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// A host changes its front door in steps (docs/design/front-doors.md), and a row its
// API (docs/design/changes.md), each of which is an update of one stack. Package migration says which steps are next,
// from the stacks' outputs. Up goes on after its first pass until no host waits
// for a step; an environment without such hosts is done after the first.

// migrationOf is the state of the hosts after the runs of a pass: the shared
// stack's, then the provider stacks'. Programs other than Portico's have no
// contract, and no hosts.
func migrationOf(results []Result) (*migration.State, error) {
	if _, found := results[0].reported["contract"]; !found {
		return migration.New(nil, nil, nil), nil
	}
	shared, err := outputs.DecodeShared(results[0].reported)
	if err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %w", err)
	}
	var providers []migration.Provider
	for _, result := range results[1:] {
		provider := migration.Provider{Stack: result.Name, Changed: result.Changes.any()}
		if result.reported != nil {
			if provider.Outputs, err = outputs.DecodeProvider(result.reported); err != nil {
				return nil, fmt.Errorf("read the outputs of %s: %w", result.Name, err)
			}
		}
		providers = append(providers, provider)
	}
	return migration.New(migration.ReportedBy(shared.FrontDoors), shared, providers), nil
}

// pace is how long to wait between phases.
func (r *run) pace() migration.Pace {
	return migration.Pace{Settle: r.Settle, Provision: r.Provision}
}

// goOn runs the phases of an Up that follow its first pass, whose results it is
// given: the shared stack's, then the provider stacks'. It returns one result
// for each stack. An account's failure doesn't keep the hosts of others from
// going on.
func (r *run) goOn(ctx context.Context, results []Result) []Result {
	p := &phases{run: r, ctx: ctx, results: results}
	state, err := migration.GoOn(ctx, p, r.pace())
	if err != nil {
		p.results[0] = r.fail(p.results[0], err)
	}
	if state != nil {
		p.results[0].ahead = append(leftToOwners(r.Shared.Name, state.Held(), "moves"), leftToOwners(r.Shared.Name, state.ToDeploy(), switches)...)
	}
	return p.results
}

// phases are the stacks of an Up after its first pass.
type phases struct {
	*run
	ctx     context.Context //nolint:containedctx // the Up's, for the methods that GoOn calls
	results []Result
}

var _ migration.Stacks = (*phases)(nil)

// State is the state by the stacks' last results.
func (p *phases) State() (*migration.State, error) { return migrationOf(p.results) }

// Wait waits, and reports the while.
func (p *phases) Wait(waits []migration.Wait) error { return p.wait(p.ctx, pauses(waits, 0)) }

// RunShared runs the shared stack again.
func (p *phases) RunShared(next migration.Run) bool {
	p.results[0] = p.results[0].and(p.phase(describe(next)).stack(p.ctx, p.Shared))
	return p.results[0].Err == nil
}

// RunProviders runs some of the provider stacks once more, unless they have failed.
func (p *phases) RunProviders(names []string, because migration.Reasons) {
	var stacks []Stack
	for i, s := range p.Providers {
		if p.results[i+1].Err == nil && slices.Contains(names, s.Name) {
			stacks = append(stacks, s)
		}
	}
	for _, result := range p.phase(whyAgain(because)).sideBySide(p.ctx, stacks) {
		i := slices.IndexFunc(p.results, func(r Result) bool { return r.Name == result.Name })
		p.results[i] = p.results[i].and(result)
	}
}

// whyAgain says what a further run of provider stacks does, as the end of a sentence.
func whyAgain(because migration.Reasons) string {
	var why []string
	for _, reason := range []struct {
		holds bool
		does  string
	}{{because.Moved, withdraws}, {because.Wide, narrows}, {because.LettingGo, letsGo}} {
		if reason.holds {
			why = append(why, reason.does)
		}
	}
	return strings.Join(why, " and ")
}

// What phases do in the provider accounts.
const (
	withdraws = "takes the earlier front door of hosts that moved out of the policies"
	narrows   = "takes the former targets of rows out of the policies"
	letsGo    = "lets go of APIs to which no row leads any more"
)

// switches is what a run of the shared stack does for rows that have other targets.
const switches = "leads the requests to new targets of"

// leftToOwners are the phases that are left for the next Up, since owners have to
// deploy first. The shared stack moves all names that can move at once, so that
// those of other owners wait with them.
func leftToOwners(shared string, held migration.Held, does string) []string {
	if len(held.Hosts) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s again, when the commands of output redeployCommands of %s were run: %s %s",
		shared, strings.Join(held.Stacks, ", "), does, list(held.Hosts))}
}

// describe says what a run of the shared stack does, as the end of a sentence
// that begins with the stack.
func describe(next migration.Run) string {
	var parts []string
	for _, part := range []struct {
		does  string
		hosts []mapping.Host
	}{
		{"associates the private custom domain of ", next.Associates},
		{"creates the name of ", next.Creates},
		{"moves ", next.Moves},
		{"removes the earlier front door of ", next.Removes},
		{switches + " ", next.Switches},
	} {
		if len(part.hosts) > 0 {
			parts = append(parts, part.does+list(part.hosts))
		}
	}
	if next.Narrows {
		parts = append(parts, "takes the former targets of rows out of the endpoints' policies")
	}
	return strings.Join(parts, " and ")
}

// ahead are the phases that an Up would have after the one that was previewed, by
// the previewed outputs of the shared stack.
func (r *run) ahead(previewed map[string]any) []string {
	if _, unknown := previewed["frontDoors"].(string); unknown {
		return []string{"further phases, if hosts change their front door: which do is known when " + r.Shared.Name + " is up"}
	}
	shared, err := outputs.DecodeStates(previewed)
	if err != nil {
		return nil // there is nothing to say yet
	}
	state := migration.New(migration.ReportedBy(shared.FrontDoors), shared, nil)
	var phases []string
	leaves, switched := false, false
	for _, phase := range state.Forecast(r.pace()) {
		phases = append(phases, r.Shared.Name+" again, "+when(phase)+": "+describe(phase.Run))
		leaves = leaves || len(phase.Removes) > 0
		switched = switched || len(phase.Switches) > 0
	}
	var why []string
	if leaves {
		why = append(why, withdraws)
	}
	if switched {
		why = append(why, narrows)
	}
	if len(why) > 0 {
		phases = append(phases, "the provider accounts of these hosts again: "+strings.Join(why, " and "))
	}
	if shared.WidePolicies {
		phases = append(phases, r.Shared.Name+" again: "+describe(migration.Run{Narrows: true}))
	}
	return phases
}

// when says when a phase follows the one before.
func when(phase migration.Phase) string {
	var longest time.Duration
	for _, wait := range phase.Waits {
		longest = max(longest, wait.Lasts)
	}
	does := "have provisioned the rows"
	if len(phase.Switches) > 0 {
		does = "admit the rows"
	}
	switch {
	case phase.AfterProviders && longest > 0:
		return fmt.Sprintf("%s after the provider accounts %s", longest, does)
	case phase.AfterProviders:
		return "when the provider accounts " + does
	default:
		return fmt.Sprintf("%s later", longest)
	}
}

// phase is a run of the same operation for a later phase.
func (r *run) phase(why string) *run {
	op := r.op
	op.why = why
	return r.with(op)
}

// with is the run with another operation.
func (r *run) with(op operation) *run {
	return &run{Environment: r.Environment, op: op, command: r.command, last: r.last, projects: r.projects, telling: r.telling}
}

// fail makes an error between two phases the stack's.
func (r *run) fail(result Result, err error) Result {
	if typed := new(stackError); !errors.As(err, &typed) {
		err = &stackError{err.Error(), err}
	}
	result.Err = err
	r.send(Event{Stack: result.Name, Kind: Failed, Text: r.op.verb + " failed: " + err.Error()})
	return result
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
