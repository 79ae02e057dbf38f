package accounts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// providerDoors tells through which front doors requests to the account's APIs
// are admitted.
type providerDoors struct {
	shared *sharedOutputs
	// wanted is the front door of each host's rows.
	wanted map[mapping.Host]mapping.FrontDoor
}

func newProviderDoors(shared *sharedOutputs, rows []mapping.Row) *providerDoors {
	d := &providerDoors{shared: shared, wanted: map[mapping.Host]mapping.FrontDoor{}}
	for _, row := range rows {
		if !row.Retired {
			d.wanted[row.Host] = row.FrontDoor
		}
	}
	return d
}

// of are the front doors of a host: the one that its rows want, and those by
// whose way the shared stack serves it still. One that has no endpoint yet can't
// be told in a policy.
func (d *providerDoors) of(host mapping.Host) []mapping.FrontDoor {
	var doors []mapping.FrontDoor
	for _, door := range []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative} {
		asked := d.wanted[host] == door || d.shared.at[host].Serves(door)
		if asked && d.shared.endpoints[door] != "" {
			doors = append(doors, door)
		}
	}
	return doors
}

// keeps are the hosts of rows that are admitted by a front door which they are
// to leave, sorted. One that waits for its association to be provisioned is to
// leave the front door that it stands at, not the one put up beforehand.
func (d *providerDoors) keeps(rows []mapping.Row) []mapping.Host {
	var hosts []mapping.Host
	for _, row := range rows {
		leaves := func(door mapping.FrontDoor) bool { return door != row.FrontDoor }
		if !row.Retired && slices.ContainsFunc(d.of(row.Host), leaves) {
			hosts = append(hosts, row.Host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// asked tells whether the shared stack waits to hear that a row's way stands.
// Of nginx it does for hosts only that are on their way there.
func (d *providerDoors) asked(row mapping.Row) bool {
	if row.FrontDoor != mapping.FrontDoorNGINX {
		return true
	}
	at, known := d.shared.at[row.Host]
	alone := at.Name == mapping.FrontDoorNGINX && len(at.Keeps) == 0 && at.Waits == ""
	return known && !alone
}

// What to run next, in the order in which it is said; each format is given host
// or front door names and the shared stack's.
const (
	stepEndpoint  = "front door %s has no endpoint yet: run pulumi up on stack %s, which makes it, and then on this one again"
	stepAssociate = "%s: run pulumi up on stack %s next, which associates the custom domain with the endpoint, and again 15 minutes later or more, which leads the name there"
	stepProvision = "%s: when API Gateway has provisioned the access association (up to 15 minutes), run pulumi up on stack %s, which leads the name there"
	stepMove      = "%s: run pulumi up on stack %s next, which leads the name there"
	stepTakeDown  = "%s: when clients hold no old answer any more (60 seconds), run pulumi up on stack %s, which takes the earlier way down, and then on this one again"
)

// next says what to run after this update so that the hosts of rows arrive at
// their front doors; nothing where they have. ready are those whose way stands.
func (d *providerDoors) next(rows []mapping.Row, ready []mapping.Host) []string {
	names := map[string][]string{}
	for _, row := range rows {
		if row.Retired || !d.asked(row) {
			continue
		}
		switch step := d.step(row, slices.Contains(ready, row.Host)); step {
		case stepEndpoint:
			names[step] = append(names[step], string(row.FrontDoor))
		default:
			names[step] = append(names[step], string(row.Host))
		}
	}
	var steps []string
	for _, step := range []string{stepEndpoint, stepAssociate, stepProvision, stepMove, stepTakeDown} {
		if of := names[step]; len(of) > 0 {
			slices.Sort(of)
			steps = append(steps, fmt.Sprintf(step, strings.Join(slices.Compact(of), ", "), d.shared.stack))
		}
	}
	return steps
}

// step is what to run next for a row; empty: nothing.
func (d *providerDoors) step(row mapping.Row, ready bool) string {
	at := d.shared.at[row.Host]
	native := row.FrontDoor == mapping.FrontDoorNative
	switch {
	case d.shared.endpoints[row.FrontDoor] == "":
		return stepEndpoint
	case at.Name == row.FrontDoor && at.Waits == topology.WaitsForClients:
		return stepTakeDown
	case at.Name == row.FrontDoor, !ready:
		return ""
	case native && at.Waits == topology.WaitsForDomain:
		return stepProvision
	case native && at.Name != "" && !at.Serves(row.FrontDoor):
		return stepAssociate
	default:
		return stepMove
	}
}
