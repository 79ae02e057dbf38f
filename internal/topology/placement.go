package topology

import (
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// Wait is what a host's change of front door waits for.
type Wait string

const (
	// WaitsForProvider says that the account of the host's APIs hasn't made its
	// side of the wanted front door yet.
	WaitsForProvider Wait = "provider"
	// WaitsForDomain says that the host's PRIVATE custom domain has just been
	// associated with the endpoint: API Gateway answers there only when it has
	// provisioned the association, up to 15 minutes later, and the API doesn't
	// wait for that.
	WaitsForDomain Wait = "domain"
	// WaitsForClients says that the name has just moved, and that clients may
	// hold the old answer for as long as its time to live.
	WaitsForClients Wait = "clients"
)

// Placement is where a host stands between front doors. The zero value is a
// host that has no name yet.
type Placement struct {
	// Name is the front door that the host's name leads to; empty: none yet.
	Name mapping.FrontDoor
	// Keeps are other front doors whose way stays up, or is put up beforehand.
	Keeps []mapping.FrontDoor
	// Waits is empty where the host has arrived.
	Waits Wait
}

// Serves tells whether requests by way of the front door are to be answered.
func (p Placement) Serves(door mapping.FrontDoor) bool {
	return p.Name == door || slices.Contains(p.Keeps, door)
}

// Standing is what an environment's stacks said after their last runs.
type Standing struct {
	// Hosts are the custom domains that the shared stack serves.
	Hosts []mapping.Host
	// Placements are those of the shared stack's output doors. A host of Hosts
	// that has none is served by nginx.
	Placements map[mapping.Host]Placement
	// Ready are, for each front door, the rows whose whole way on their
	// account's side stands, by Address.
	Ready map[mapping.FrontDoor]map[string]bool
}

// Address is a row's key in Standing.Ready: its host and base path,
// "host/base".
func Address(row mapping.Row) string { return row.URL() }

// Place decides for each host with an unretired row where its name leads in
// this run, and which ways stay up beside that one. See
// docs/design/front-doors.md, "How a host changes its front door".
func Place(rows []mapping.Row, s Standing) map[mapping.Host]Placement {
	standing := make(map[mapping.Host]Placement, len(s.Hosts))
	for _, host := range s.Hosts {
		standing[host] = Placement{Name: mapping.FrontDoorNGINX}
	}
	for host, placement := range s.Placements {
		standing[host] = placement
	}
	ready := make(map[mapping.Host]bool)
	placements := Wanted(rows)
	for i := range rows {
		if row := &rows[i]; !row.Retired {
			before, seen := ready[row.Host]
			ready[row.Host] = (before || !seen) && s.Ready[row.FrontDoor][Address(*row)]
		}
	}
	for host, wanted := range placements {
		placements[host] = standing[host].next(wanted.Name, ready[host])
	}
	return placements
}

// next is the placement of a host that stands at p and wants another door, or
// the same; ready tells whether its accounts' side of that stands. A host that
// has no name yet goes to native at once: nobody relies on it while API Gateway
// provisions its association.
func (p Placement) next(wanted mapping.FrontDoor, ready bool) Placement {
	switch {
	case p.Name == wanted, p.Name == "" && wanted == mapping.FrontDoorNGINX, p.Name == "" && ready:
		return Placement{Name: wanted}
	case !ready:
		return Placement{Name: p.Name, Waits: WaitsForProvider}
	case wanted == mapping.FrontDoorNative && !slices.Contains(p.Keeps, wanted):
		return Placement{Name: p.Name, Keeps: []mapping.FrontDoor{wanted}, Waits: WaitsForDomain}
	default:
		return Placement{Name: wanted, Keeps: []mapping.FrontDoor{p.Name}, Waits: WaitsForClients}
	}
}

// Wanted places every host at the front door that its rows name.
func Wanted(rows []mapping.Row) map[mapping.Host]Placement {
	placements := make(map[mapping.Host]Placement)
	for i := range rows {
		if row := &rows[i]; !row.Retired {
			placements[row.Host] = Placement{Name: row.FrontDoor}
		}
	}
	return placements
}
