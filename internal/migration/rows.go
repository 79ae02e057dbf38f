package migration

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// This file decides which rows the proxy serves while a mapping changes. A request
// that the served rows and the mapping's both allow is never refused: rows are held
// until the accounts admit what takes their requests over.

// ThroughProxy are the rows whose requests come by the proxy: those that want nginx,
// and those of hosts that it still serves, at present or after the next run.
func (s *State) ThroughProxy(rows []mapping.Row, at Plan) []outputs.ServedRow {
	var through []outputs.ServedRow
	for i := range rows {
		row := &rows[i]
		if !row.Retired && (row.FrontDoor == mapping.FrontDoorNGINX || at[row.Host].Serves(mapping.FrontDoorNGINX)) {
			through = append(through, outputs.NewServedRow(row))
		}
	}
	return through
}

// Rows are what the proxy serves after the next run of the shared stack, given the
// rows that the mapping has for it. Where nothing is known of what it serves now,
// that is all of them.
func (s *State) Rows(wanted []outputs.ServedRow) *outputs.Served {
	wanted = slices.Clone(wanted)
	slices.SortFunc(wanted, outputs.CompareAddress)
	if s.served == nil {
		return &outputs.Served{Rows: wanted}
	}
	families := familiesOf(s.served.Rows, wanted)
	admitted := s.newAdmission()
	for _, family := range families {
		family.hold(admitted)
	}
	after := &outputs.Served{Count: s.served.Count}
	for _, family := range families {
		for _, edit := range family.edits {
			if row := edit.row(); row != nil {
				after.Rows = append(after.Rows, *row)
				after.Rows[len(after.Rows)-1].Former = edit.held
			}
			if edit.held && edit.new != nil {
				after.Awaited = append(after.Awaited, *edit.new)
			}
		}
	}
	slices.SortFunc(after.Rows, outputs.CompareAddress)
	slices.SortFunc(after.Awaited, outputs.CompareAddress)
	number := func(row *outputs.ServedRow) {
		if row.Number = s.numberOf(*row); row.Number == 0 {
			row.Number = s.served.Count + 1
			after.Count = row.Number
		}
	}
	for i := range after.Rows {
		if row := &after.Rows[i]; admitted.admits(row, methodsOf(row)) {
			row.Number = 0
		} else {
			number(row)
		}
	}
	for i := range after.Awaited {
		number(&after.Awaited[i])
	}
	return after
}

// ReportedRows are the rows that the mapping of the shared stack's last run had for
// the proxy.
func (s *State) ReportedRows() []outputs.ServedRow {
	if s.served == nil {
		return nil
	}
	var rows []outputs.ServedRow
	for _, row := range s.served.Rows {
		if !row.Former {
			rows = append(rows, row)
		}
	}
	return append(rows, s.served.Awaited...)
}

// Served is what the proxy serves since the last run of the shared stack; nil where
// the stack doesn't say.
func (s *State) Served() *outputs.Served { return s.served }

// numberOf is the number under which a row waits since the last run of the shared
// stack, or one before; 0: it doesn't wait.
func (s *State) numberOf(row outputs.ServedRow) int {
	if s.served == nil {
		return 0
	}
	for _, rows := range [][]outputs.ServedRow{s.served.Awaited, s.served.Rows} {
		i, found := slices.BinarySearchFunc(rows, row, outputs.CompareAddress)
		if found && rows[i].Same(row) {
			return rows[i].Number
		}
	}
	return 0
}

// switched are the hosts of which the next run leads requests elsewhere, sorted.
func (s *State) switched() []mapping.Host {
	if len(Unsettled(s.served)) == 0 {
		return nil
	}
	after := map[string]outputs.ServedRow{}
	for _, row := range s.Rows(s.ReportedRows()).Rows {
		after[row.Address()] = row
	}
	var hosts []mapping.Host
	for _, row := range s.served.Rows {
		if is, still := after[row.Address()]; !still || !is.Same(row) {
			hosts = append(hosts, row.Host)
		}
		delete(after, row.Address())
	}
	for _, row := range after {
		hosts = append(hosts, row.Host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// Unsettled are the hosts of rows that the proxy doesn't serve yet, or still serves,
// by what the shared stack reports; sorted.
func Unsettled(served *outputs.Served) []mapping.Host {
	var hosts []mapping.Host
	for _, row := range unsettledRows(served) {
		hosts = append(hosts, row.Host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// unsettledRows are the rows that the proxy doesn't serve yet, or still serves.
func unsettledRows(served *outputs.Served) []outputs.ServedRow {
	if served == nil {
		return nil
	}
	rows := slices.Clone(served.Awaited)
	for _, row := range served.Rows {
		if row.Former {
			rows = append(rows, row)
		}
	}
	return rows
}

// Wide are the provider stacks whose policies still admit rows that the proxy has
// ceased to serve, or admit more than the rows ask, although the proxy serves the
// rows. They have to run again, in the order in which they were given.
func (s *State) Wide(served *outputs.Served) []string {
	return s.stacksWhere(func(reported *outputs.Provider) bool { return len(wideAddresses(reported, served)) > 0 })
}

// wideHosts are the hosts of which policies are so, by what the proxy serves; sorted.
func (s *State) wideHosts() []mapping.Host {
	var hosts []mapping.Host
	for _, provider := range s.providers {
		if provider.Outputs == nil {
			continue
		}
		for _, address := range wideAddresses(provider.Outputs, s.served) {
			host, _, _ := strings.Cut(address, "/")
			hosts = append(hosts, mapping.Host(host))
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// wideAddresses are the addresses for which a stack's policies admit more than the rows
// ask, although the proxy serves the rows.
func wideAddresses(reported *outputs.Provider, served *outputs.Served) []string {
	if served == nil {
		return nil
	}
	unsettled := map[string]bool{}
	for _, row := range unsettledRows(served) {
		unsettled[row.Address()] = true
	}
	return slices.DeleteFunc(slices.Clone(reported.Widens), func(address string) bool { return unsettled[address] })
}

// LettingGo are the provider stacks that have taken their statements out of the
// policies of APIs that no row leads to any more. Their next run lets go of the APIs.
func (s *State) LettingGo() []string {
	return s.stacksWhere(func(reported *outputs.Provider) bool { return len(reported.TakenBack) > 0 })
}

// ToDeploy are the provider stacks whose owners have to deploy stages before awaited
// rows are admitted, and the hosts of these rows; both sorted.
func (s *State) ToDeploy() Held {
	var held Held
	for _, provider := range s.providers {
		if provider.Outputs == nil || len(provider.Outputs.Undeployed) == 0 {
			continue
		}
		held.Stacks = append(held.Stacks, provider.Stack)
		for _, address := range provider.Outputs.Undeployed {
			host, _, _ := strings.Cut(address, "/")
			held.Hosts = append(held.Hosts, mapping.Host(host))
		}
	}
	slices.Sort(held.Hosts)
	held.Hosts = slices.Compact(held.Hosts)
	slices.Sort(held.Stacks)
	return held
}

func (s *State) stacksWhere(pass func(*outputs.Provider) bool) []string {
	var stacks []string
	for _, provider := range s.providers {
		if provider.Outputs != nil && pass(provider.Outputs) {
			stacks = append(stacks, provider.Stack)
		}
	}
	return stacks
}

// admission knows which rows the accounts admit.
type admission struct {
	state *State
	// byTarget are the served rows that are admitted, by host and URL.
	byTarget map[string][]*outputs.ServedRow
}

func (s *State) newAdmission() *admission {
	a := &admission{state: s, byTarget: map[string][]*outputs.ServedRow{}}
	contested := map[string]bool{}
	if len(Unsettled(s.served)) > 0 {
		for _, row := range s.Contested(s.ReportedRows()) {
			contested[row.Address()] = true
		}
	}
	for i := range s.served.Rows {
		row := &s.served.Rows[i]
		if row.Former && !contested[row.Address()] {
			continue // the last mapping refused its requests, and so may its account by now
		}
		if row.Number == 0 || s.admits[row.Address()] == row.Number {
			key := string(row.Host) + " " + row.URL
			a.byTarget[key] = append(a.byTarget[key], row)
		}
	}
	return a
}

// admits reports whether an account admits requests of the methods by a row: it has
// said so of the row, or the proxy leads them there already under the same host.
func (a *admission) admits(row *outputs.ServedRow, methods methodSet) bool {
	if number := a.state.numberOf(*row); number > 0 && a.state.admits[row.Address()] == number {
		return true
	}
	return slices.ContainsFunc(a.byTarget[string(row.Host)+" "+row.URL], func(served *outputs.ServedRow) bool {
		return methods.within(served.Methods)
	})
}

// addAdmitted adds the waiting rows that a stack says its policies admit through the
// endpoint that exists. A stack speaks for the rows of its own account.
func (s *State) addAdmitted(reported *outputs.Provider) {
	endpoint := s.endpoints[mapping.FrontDoorNGINX]
	if s.served == nil || endpoint == "" || reported.ProvisionedFor[mapping.FrontDoorNGINX] != endpoint {
		return
	}
	for _, rows := range [][]outputs.ServedRow{s.served.Rows, s.served.Awaited} {
		for _, row := range rows {
			number := reported.Admits[row.Address()]
			if number > 0 && number == row.Number && (row.Account == "" || row.Account == reported.AccountID) {
				s.admits[row.Address()] = number
			}
		}
	}
}

// methodSet is the methods that two rows have in common.
type methodSet struct {
	all     bool
	methods []mapping.Method
}

func methodsOf(row *outputs.ServedRow) methodSet {
	return methodSet{all: row.Methods == nil, methods: row.Methods}
}

func common(a, b []mapping.Method) methodSet {
	switch {
	case a == nil && b == nil:
		return methodSet{all: true}
	case a == nil:
		return methodSet{methods: b}
	case b == nil:
		return methodSet{methods: a}
	}
	var both []mapping.Method
	for _, method := range a {
		if slices.Contains(b, method) {
			both = append(both, method)
		}
	}
	return methodSet{methods: both}
}

func (m methodSet) empty() bool { return !m.all && len(m.methods) == 0 }

// within reports whether a row's methods have all of the set.
func (m methodSet) within(methods []mapping.Method) bool {
	if methods == nil {
		return true
	}
	return !m.all && !slices.ContainsFunc(m.methods, func(method mapping.Method) bool { return !slices.Contains(methods, method) })
}

// familiesOf sorts the served rows and those of the mapping by what may take requests
// from one another: the rows of a wildcard host and of the hosts that it covers.
func familiesOf(served, wanted []outputs.ServedRow) []*family {
	byName := map[mapping.Host]*family{}
	at := func(row *outputs.ServedRow) *edit {
		name := row.Host.Wildcard()
		if row.Host.IsWildcard() {
			name = row.Host
		}
		f := byName[name]
		if f == nil {
			f = &family{wildcard: name, byAddress: map[address]*edit{}, hosts: map[mapping.Host]*presence{}}
			byName[name] = f
		}
		return f.at(address{row.Host, row.BasePath})
	}
	for i := range served {
		at(&served[i]).old = &served[i]
	}
	for i := range wanted {
		e := at(&wanted[i])
		e.new = &wanted[i]
		if e.old != nil && e.old.Same(*e.new) {
			e.old = e.new
		}
	}
	families := make([]*family, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		families = append(families, byName[name])
	}
	return families
}
