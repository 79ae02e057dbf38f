package migration

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// address is a row's key.
type address struct {
	host mapping.Host
	base mapping.BasePath
}

// edit is what becomes of one address.
type edit struct {
	address
	// old is the row that the proxy serves, new the mapping's; nil: none. They are
	// the same one where nothing changes.
	old, new *outputs.ServedRow
	// held says that the proxy goes on with old.
	held bool
}

// row is the one that the proxy serves after the next run; nil: none.
func (e *edit) row() *outputs.ServedRow { return e.version(next) }

// version is the row of one of three mappings.
func (e *edit) version(of rowSet) *outputs.ServedRow {
	if of == served || of == next && e.held {
		return e.old
	}
	return e.new
}

// rowSet names one of three sets of rows.
type rowSet int

const (
	// served is what the proxy serves now.
	served rowSet = iota
	// wanted is the mapping.
	wanted
	// next is what the proxy serves after the next run.
	next
)

// presence is how many rows a host has in each of the sets.
type presence struct {
	rows  [next + 1]int
	edits []*edit
}

// family is the edits of a wildcard host and of the hosts that it covers. A host that
// has a row of its own is answered by its own rows alone.
type family struct {
	wildcard  mapping.Host
	edits     []*edit
	byAddress map[address]*edit
	hosts     map[mapping.Host]*presence
}

func (f *family) at(a address) *edit {
	e := f.byAddress[a]
	if e == nil {
		e = &edit{address: a}
		f.byAddress[a] = e
		f.edits = append(f.edits, e)
		if f.hosts[a.host] == nil {
			f.hosts[a.host] = &presence{}
		}
		f.hosts[a.host].edits = append(f.hosts[a.host].edits, e)
	}
	return e
}

// hold decides which of the addresses keep the row that the proxy serves. It begins
// with the mapping's rows, and goes back to those that are served wherever a request
// would be led to neither mapping's target, or to one that isn't admitted. In the end
// the rows are the served ones at worst, by which each request is answered as it is.
func (f *family) hold(admitted *admission) {
	if !f.changes() {
		return
	}
	f.count()
	for changed := true; changed; {
		changed = false
		f.each(func(at address) { changed = f.settle(at, admitted) || changed })
	}
}

func (f *family) changes() bool {
	return slices.ContainsFunc(f.edits, func(e *edit) bool { return e.old != e.new })
}

// each calls a function with every address at which another row may answer than at
// the one above, in a fixed order.
func (f *family) each(visit func(address)) {
	for _, host := range slices.Sorted(maps.Keys(f.hosts)) {
		for _, e := range f.hosts[host].edits {
			visit(address{host, e.base})
		}
		if host == f.wildcard || f.hosts[f.wildcard] == nil {
			continue
		}
		for _, e := range f.hosts[f.wildcard].edits {
			visit(address{host, e.base})
		}
	}
}

// contested are the served rows that answer requests which the mapping leads
// somewhere too.
func (f *family) contested() map[*outputs.ServedRow]bool {
	rows := map[*outputs.ServedRow]bool{}
	f.count()
	f.each(func(at address) {
		if old := f.rowOf(served, at); old != nil && f.rowOf(wanted, at) != nil {
			rows[old] = true
		}
	})
	return rows
}

func (f *family) count() {
	for _, own := range f.hosts {
		for _, e := range own.edits {
			for _, set := range []rowSet{served, wanted, next} {
				if e.version(set) != nil {
					own.rows[set]++
				}
			}
		}
	}
}

// resolve is the edit whose row answers requests for an address and what is below it
// in a set of rows, as topology.Resolve has it; nil: none does.
func (f *family) resolve(in rowSet, at address) *edit {
	if own := f.hosts[at.host]; own == nil || own.rows[in] == 0 {
		at.host = f.wildcard
	}
	for {
		if e := f.byAddress[at]; e != nil && e.version(in) != nil {
			return e
		}
		if at.base == "" {
			return nil
		}
		at.base = at.base[:strings.LastIndexByte(string(at.base), '/')]
	}
}

func (f *family) rowOf(in rowSet, at address) *outputs.ServedRow {
	if e := f.resolve(in, at); e != nil {
		return e.version(in)
	}
	return nil
}

// settle holds what has to be held for the requests of an address, and reports
// whether that is more than before.
func (f *family) settle(at address, admitted *admission) bool {
	old, new, now := f.rowOf(served, at), f.rowOf(wanted, at), f.rowOf(next, at)
	switch {
	case now == old:
		return false
	case old == nil || new == nil:
		// Only one mapping allows the request: it is refused, or answered by that
		// one's rule.
		if now == nil || now == new {
			return false
		}
	case now == new:
		if methods := common(old.Methods, new.Methods); methods.empty() || admitted.admits(new, methods) {
			return false
		}
	}
	return f.keep(at) || f.keepAll()
}

// keep holds the row that answers an address now, and those that would come before
// it.
func (f *family) keep(at address) bool {
	changed := false
	answering := f.resolve(served, at)
	if f.hosts[at.host].rows[served] == 0 || answering == nil {
		// Whether the host has rows at all decides.
		for _, e := range f.hosts[at.host].edits {
			changed = f.holdOne(e) || changed
		}
	}
	if answering != nil {
		at.host = answering.host
	}
	for {
		if e := f.byAddress[at]; e != nil {
			changed = f.holdOne(e) || changed
		}
		if at.base == "" || answering != nil && at.base == answering.base {
			return changed
		}
		at.base = at.base[:strings.LastIndexByte(string(at.base), '/')]
	}
}

// keepAll holds the whole family.
func (f *family) keepAll() bool {
	changed := false
	for _, e := range f.edits {
		changed = f.holdOne(e) || changed
	}
	return changed
}

func (f *family) holdOne(e *edit) bool {
	if e.held || e.old == e.new {
		return false
	}
	own := f.hosts[e.host]
	if e.new != nil {
		own.rows[next]--
	}
	if e.old != nil {
		own.rows[next]++
	}
	e.held = true
	return true
}
