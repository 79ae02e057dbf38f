package review

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// UnknownEndpoints stand in for the execute-api endpoints of front doors whose
// IDs aren't known. They are as long as real ones, so that a policy's size comes
// out right.
var UnknownEndpoints = map[mapping.FrontDoor]string{
	mapping.FrontDoorNGINX:  UnknownVPCEndpointID,
	mapping.FrontDoorALB:    "vpce-00000000000000001",
	mapping.FrontDoorNative: "vpce-00000000000000002",
}

// Move is a host that gets another front door. New hosts of nginx, which need no
// step of an account's stack, and hosts that leave nginx for nothing are left out.
type Move struct {
	Host mapping.Host
	// From and To are empty where the host is new, or goes.
	From, To mapping.FrontDoor
	// Domain is the custom domain of API Gateway that To needs; nil where it
	// needs none.
	Domain *topology.Domain
	// Account owns the host's APIs; UnknownAccount where nothing names it.
	Account mapping.AccountID
	// Stack is the account's; nil where the environment has none.
	Stack *Stack
}

// compareMoves lists the hosts that change their front door, and those that
// come to or leave one that needs a custom domain, by name.
func compareMoves(base, head side) []Move {
	before, after := base.topology.Plan, head.topology.Plan
	hosts := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(hosts)
	domains, owners := head.domains(), head.owners()
	gone := base.owners()
	var moves []Move
	for _, host := range slices.Compact(hosts) {
		m := Move{Host: host, From: before[host].Current, To: after[host].Current}
		plain := cmp.Or(m.From, mapping.FrontDoorNGINX) == mapping.FrontDoorNGINX &&
			cmp.Or(m.To, mapping.FrontDoorNGINX) == mapping.FrontDoorNGINX
		if m.From == m.To || plain {
			continue
		}
		owner, stays := owners[host]
		if !stays {
			owner = gone[host]
		}
		m.Account, m.Stack = owner.account, owner.stack
		if d, ok := domains[domainKey{host, m.To}]; ok {
			m.Domain = &d
		}
		moves = append(moves, m)
	}
	return moves
}

// owner is the account of a host's APIs and the stack that takes them. Where
// they are of several, as behind nginx they may be, it is that of the first.
type owner struct {
	account mapping.AccountID
	stack   *Stack
}

func (s side) owners() map[mapping.Host]owner {
	owners := map[mapping.Host]owner{}
	for _, api := range s.topology.APIs {
		account, stack := s.takes(api)
		for _, row := range api.Rows {
			if _, known := owners[row.Host]; !known && !row.Retired {
				owners[row.Host] = owner{account, stack}
			}
		}
	}
	return owners
}

type domainKey struct {
	host      mapping.Host
	frontDoor mapping.FrontDoor
}

// domains are the custom domains that the environment's stacks make.
func (s side) domains() map[domainKey]topology.Domain {
	all := map[domainKey]topology.Domain{}
	for i := range s.Stacks {
		for _, d := range s.domainsOf(&s.Stacks[i]) {
			all[domainKey{d.Host, d.FrontDoor}] = d
		}
	}
	return all
}

func (s side) domainsOf(stack *Stack) []topology.Domain {
	if s.Mapping == nil {
		return nil
	}
	return topology.DomainsOf(s.topology.Domains, s.number(stack.Account), stack.APIs)
}

// checkDomains reports the custom domains that no supplied certificate of their
// account covers, where none is to be issued.
func (s side) checkDomains() error {
	var wrong []error
	for i := range s.Stacks {
		stack := &s.Stacks[i]
		if !stack.SuppliedOnly {
			continue
		}
		coverage := topology.Cover(stack.Supplied)
		for _, d := range s.domainsOf(stack) {
			if coverage.Of(d.Host) == nil {
				row := &s.Mapping.Rows[d.Paths[0].Row]
				wrong = append(wrong, topology.NewUncoveredError(s.Mapping.Source, row, stack.Name))
			}
		}
	}
	return errors.Join(wrong...)
}

// moving counts the hosts that leave one front door for another.
func (r *Review) moving() int {
	n := 0
	for _, m := range r.Moves {
		if m.From != "" && m.To != "" {
			n++
		}
	}
	return n
}

func (r *Review) moveSection() *section {
	head := "\n#### Front doors\n\n"
	if r.moving() > 0 {
		head += "A host moves in three steps, and no request fails in any of them: the account's stack makes what the new front door needs, and admits it; " +
			"the host's record changes, and the old front door stays for clients that have the old answer in their cache; after 90 seconds it is removed. " + r.provisioning()
	}
	head += "A custom domain has no address before its account's stack has made it. " +
		"`portico up` runs the stacks in order: shared, the accounts', shared, and if a host moves, both once more" + r.answering() + "; " +
		"with plain Pulumi each `up` says what to run next.\n\n"
	s := &section{
		head:   head + tableRow("custom domain", "from", "to", "in the account") + "|---|---|---|---|\n",
		things: "hosts", rank: 1,
	}
	for _, m := range r.Moves {
		s.items = append(s.items, tableRow(code(m.Host), frontDoorText(m.From), frontDoorText(m.To), r.inAccount(m)))
	}
	return s
}

// provisioning is the wait before hosts move to native.
func (r *Review) provisioning() string {
	if !slices.ContainsFunc(r.Moves, func(m Move) bool { return m.From != "" && m.To == mapping.FrontDoorNative }) {
		return ""
	}
	return "To `native` it moves 20 minutes after its custom domain was associated with the endpoint, since API Gateway takes up to 15 for that. "
}

// answering is the wait until new hosts of native answer.
func (r *Review) answering() string {
	if !slices.ContainsFunc(r.Moves, func(m Move) bool { return m.From == "" && m.To == mapping.FrontDoorNative }) {
		return ""
	}
	return ", and new hosts of `native` answer up to 15 minutes later"
}

func frontDoorText(frontDoor mapping.FrontDoor) string {
	if frontDoor == "" {
		return "none"
	}
	return code(frontDoor)
}

// inAccount is what the account of a host's APIs gets and loses.
func (r *Review) inAccount(m Move) string {
	var parts []string
	if m.Domain != nil {
		parts = append(parts, fmt.Sprintf("%s custom domain, %s, %s", domainKind(m.To), mappingsText(m.Domain), m.certificateText()))
	}
	if m.From == mapping.FrontDoorALB || m.From == mapping.FrontDoorNative {
		parts = append(parts, "the "+domainKind(m.From)+" custom domain goes")
	}
	if m.Domain == nil && m.From == "" {
		parts = append(parts, "**no stack makes its "+domainKind(m.To)+" custom domain**")
	}
	return "account " + r.accountName(m.Account) + ": " + strings.Join(parts, "; ")
}

// domainKind is the endpoint type of a front door's custom domains.
func domainKind(frontDoor mapping.FrontDoor) string {
	if frontDoor == mapping.FrontDoorNative {
		return "PRIVATE"
	}
	return "REGIONAL"
}

// mappingsText lists a domain's base path mappings.
func mappingsText(d *topology.Domain) string {
	var parts []string
	for _, path := range d.Paths {
		parts = append(parts, code("/"+path.BasePath)+" → "+code(string(path.API.ID)+"/"+string(path.API.Stage)))
	}
	return strings.Join(parts, ", ")
}

// certificateText is where the certificate of a move's custom domain is from.
func (m Move) certificateText() string {
	if m.Stack != nil && topology.Cover(m.Stack.Supplied).Of(m.Host) != nil {
		return "under a supplied certificate of the account"
	}
	return "under a certificate issued in the account"
}
