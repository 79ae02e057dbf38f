package topology

import (
	"slices"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/mapping"
)

// rowSets are the unretired rows of a mapping by the states of their hosts, each
// list in the file's order.
type rowSets struct {
	*mapping.Mapping
	at migration.Plan
	// resolvable are the rows of hosts whose names resolve.
	resolvable []*mapping.Row
	// by are the rows that each front door serves or is to serve.
	by map[mapping.FrontDoor][]*mapping.Row
}

func sortRows(m *mapping.Mapping, at migration.Plan) *rowSets {
	r := &rowSets{Mapping: m, at: at, by: make(map[mapping.FrontDoor][]*mapping.Row)}
	for i := range m.Rows {
		row := &m.Rows[i]
		if row.Retired {
			continue
		}
		state := at[row.Host]
		if state.Current != "" {
			r.resolvable = append(r.resolvable, row)
		}
		for _, frontDoor := range frontDoors {
			if row.FrontDoor == frontDoor || state.Serves(frontDoor) {
				r.by[frontDoor] = append(r.by[frontDoor], row)
			}
		}
	}
	return r
}

var frontDoors = []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative, mapping.FrontDoorNGINX}

// hostsOf are the hosts that the front door serves, be it that their names
// resolve to it or that they did before.
func (r *rowSets) hostsOf(frontDoor mapping.FrontDoor) []mapping.Host {
	return slices.DeleteFunc(hosts(r.by[frontDoor]), func(host mapping.Host) bool { return !r.at[host].Serves(frontDoor) })
}

func hosts(rows []*mapping.Row) []mapping.Host {
	hosts := make([]mapping.Host, 0, len(rows))
	for _, row := range rows {
		hosts = append(hosts, row.Host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
