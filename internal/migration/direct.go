package migration

import (
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// This file finds the changes of rows that alb or native serve by which requests would
// be lost. A base path mapping leads to another API at once, and the policy of that API
// admits the requests only some time after; a custom domain that goes takes its requests
// along. The proxy alone can hold a row until what takes its requests over is admitted.

// Loss is why requests would be lost.
type Loss int

const (
	// Retargeted: the rows of a host that alb or native serves lead its requests
	// elsewhere.
	Retargeted Loss = iota
	// LeftToWildcard: a host that alb or native serves has no rows any more, and those of
	// a wildcard host answer for it.
	LeftToWildcard
	// TakenFromWildcard: a host of alb or native comes for which those of a wildcard host
	// answer.
	TakenFromWildcard
)

// Conflict is a row that would take requests over, and lose some.
type Conflict struct {
	Loss Loss
	// Host is the host whose requests they are, and FrontDoor is alb or native: the one
	// that serves the host, or that the host wants.
	Host      mapping.Host
	FrontDoor mapping.FrontDoor
	// Row is the row of the mapping, and From the URL to which its requests are led now.
	Row  *mapping.Row
	From string
}

// DirectRows are the rows that alb and native serve after the next run.
func DirectRows(rows []mapping.Row, at Plan) *outputs.Served {
	direct := &outputs.Served{}
	for i := range rows {
		row := &rows[i]
		if current := at[row.Host].Current; !row.Retired && current != "" && current != mapping.FrontDoorNGINX {
			direct.Rows = append(direct.Rows, outputs.NewServedRow(row))
		}
	}
	slices.SortFunc(direct.Rows, outputs.CompareAddress)
	if len(direct.Rows) == 0 {
		return nil
	}
	return direct
}

// Conflicts are the rows of a mapping by which requests would be lost that come by alb
// or native, or would. Where nothing is known of what is served, there are none.
func (s *State) Conflicts(rows []mapping.Row) []Conflict {
	var old, wanted []outputs.ServedRow
	if s.direct != nil {
		old = slices.Clone(s.direct.Rows)
	}
	direct := map[mapping.Host]bool{}
	for _, row := range old {
		direct[row.Host] = true
	}
	if s.served != nil {
		for _, row := range s.served.Rows {
			if !direct[row.Host] {
				old = append(old, row)
			}
		}
	}
	byAddress := map[string]*mapping.Row{}
	for i := range rows {
		if !rows[i].Retired {
			wanted = append(wanted, outputs.NewServedRow(&rows[i]))
			byAddress[outputs.Address(&rows[i])] = &rows[i]
		}
	}
	var all []Conflict
	seen := map[string]bool{}
	for _, family := range familiesOf(old, wanted) {
		family.count()
		family.each(func(at address) {
			conflict, found := s.conflictAt(family, at, byAddress)
			if key := string(conflict.Host) + " " + conflict.key(); found && !seen[key] {
				seen[key] = true
				all = append(all, conflict)
			}
		})
	}
	return all
}

func (c Conflict) key() string {
	if c.Row == nil {
		return ""
	}
	return outputs.Address(c.Row)
}

// conflictAt is what an address would lose; false: nothing.
func (s *State) conflictAt(f *family, at address, mapped map[string]*mapping.Row) (Conflict, bool) {
	old, new := f.rowOf(served, at), f.rowOf(wanted, at)
	if old == nil || new == nil || common(old.Methods, new.Methods).empty() {
		return Conflict{}, false
	}
	// A host that came together with the wildcard host is on its way already.
	before, known := s.before[at.host]
	current := before.Current
	if current == mapping.FrontDoorNGINX {
		current = ""
	}
	row := mapped[new.Address()]
	c := Conflict{Host: at.host, FrontDoor: current, Row: row, From: old.URL}
	switch {
	case current != "" && old.Host == at.host && new.Host != at.host:
		c.Loss = LeftToWildcard
	case current != "" && old.Host == at.host && placeAt(old, at) != placeAt(new, at):
		c.Loss = Retargeted
	case old.Host != at.host && new.Host == at.host && row.FrontDoor != mapping.FrontDoorNGINX && !known:
		c.Loss, c.FrontDoor = TakenFromWildcard, row.FrontDoor
	default:
		return Conflict{}, false
	}
	return c, true
}

// placeAt is the URL to which a row leads requests for an address below its own.
func placeAt(row *outputs.ServedRow, at address) string {
	return row.URL + strings.TrimPrefix(string(at.base), string(row.BasePath))
}
