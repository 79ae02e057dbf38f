package resourcepolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// division is a policy by whose its statements are.
//
// A statement is this environment's if its Sid is one that the environment's
// stack writes and its shape is that of Portico's statements. Statements with
// another environment's Sids are that environment's, and all others the
// owner's, whatever their Sid begins with. The statement with the endpoints
// that may call at all belongs to all environments together: it follows from the
// others, and each merge writes it anew.
type division struct {
	owner document
	ours  []statement
	// others are the statements of other environments, by their tags.
	others map[string][]statement
	// lookalikes are the indexes of the owner's statements whose Sids begin as
	// Portico's do.
	lookalikes []int
}

// divide divides a canonical document for the environment of a request.
func (d document) divide(r *Request) division {
	parts := division{owner: document{members: d.members}, others: map[string][]statement{}}
	tag := environmentTag(r.App, r.Environment)
	unnamed := d.unnamed(r)
	for i, members := range d.statements {
		s, id, ok := written(members)
		switch {
		case ok && id.shared():
			continue
		case ok && id.tag == "":
			ok = unnamed.credible(s, id, i)
		}
		switch {
		case !ok:
			if text, _ := members["Sid"].(string); strings.HasPrefix(text, sidPrefix) {
				parts.lookalikes = append(parts.lookalikes, len(parts.owner.statements))
			}
			parts.owner.statements = append(parts.owner.statements, members)
		case id.tag == tag || id.tag == "" && unnamed.ours:
			parts.ours = append(parts.ours, s)
		default:
			parts.others[id.tag] = append(parts.others[id.tag], s)
		}
	}
	return parts
}

// unnamedStatements is what is known of statements whose Sids name no
// environment: those of versions before Sids did, or of `portico policy` without
// an environment. An owner may have called a statement PorticoAllow, too.
type unnamedStatements struct {
	// endpoints are credible: statements about others are the owner's.
	endpoints []string
	// first is the index of the first statement that is credible by its
	// endpoints. Portico writes that for additional endpoints behind it, and owners
	// come first; where no row is left, it writes it just before the shared one.
	first, retired int
	// ours tells that they are the environment's. All such statements of a policy
	// come from one merge; so if one of them is about one of the environment's
	// endpoints, all are the environment's.
	ours bool
}

func (d document) unnamed(r *Request) unnamedStatements {
	last := len(d.statements)
	u := unnamedStatements{endpoints: slices.Concat(r.ownEndpoints(), r.NativeEndpointIDs), first: last, retired: -1}
	held := map[int]statement{}
	for i, members := range d.statements {
		s, id, ok := written(members)
		if !ok || id.tag != "" {
			continue
		}
		switch id.kind {
		case retiredKind:
			u.retired = i
		case denyEndpointsKind, allowEndpointsKind:
		case denyHostsKind, albDenyKind, denyDomainsKind, closedEndpoints:
			u.endpoints = append(u.endpoints, s.endpoints()...)
			held[i] = s
		default:
			held[i] = s
		}
	}
	for i, s := range held {
		if meets(s.endpoints(), u.endpoints) {
			u.first = min(u.first, i)
			u.ours = u.ours || meets(s.endpoints(), r.ownEndpoints())
		}
	}
	u.ours = u.ours || r.Environment == "" || u.first == last
	return u
}

// credible reports whether a statement of the right shape is Portico's.
func (u unnamedStatements) credible(s statement, id sid, index int) bool {
	if id.kind == allowEndpointsKind {
		return u.first < index || u.retired == index+1
	}
	return meets(s.endpoints(), u.endpoints)
}

func meets(a, b []string) bool {
	return slices.ContainsFunc(a, func(item string) bool { return slices.Contains(b, item) })
}

// ConflictError says that another environment uses one of the request's
// endpoints for the same API.
type ConflictError struct {
	APIID       string
	Environment string // of the request; empty: none named
	// Other is how the Sids of the other environment's statements begin.
	Other     string
	Endpoints []string // sorted
}

func (e *ConflictError) Error() string {
	environment := "environment " + e.Environment
	if e.Environment == "" {
		environment = "an environment that isn't named"
	}
	return fmt.Sprintf("write resource policy of API %s: %s is an endpoint of %s and of the environment whose statements' Sids begin with %s, "+
		"and each would deny the other's requests: give each environment an endpoint of its own, or an API of its own; "+
		"if the two are one, name it as its stack does", e.APIID, strings.Join(e.Endpoints, ", "), environment, e.Other)
}

// conflict refuses a request for an endpoint of another environment's.
func (p division) conflict(r *Request) error {
	held := slices.Concat(r.ownEndpoints(), r.consumers())
	for _, tag := range slices.Sorted(maps.Keys(p.others)) {
		var both []string
		for _, s := range p.others[tag] {
			if id, _ := parseSid(s.Sid); id.kind == allowEndpointsKind {
				continue // whom it lets in is not held to its rows
			}
			for _, endpoint := range s.endpoints() {
				if slices.Contains(held, endpoint) {
					both = append(both, endpoint)
				}
			}
		}
		if len(both) > 0 {
			slices.Sort(both)
			return &ConflictError{APIID: r.APIID, Environment: r.Environment, Other: sidPrefix + tag, Endpoints: slices.Compact(both)}
		}
	}
	return nil
}

// endpoints are what the other environments let in, by rows or wholly,
// sorted.
func (p division) endpoints() []string {
	var ids []string
	for _, statements := range p.others {
		for _, s := range statements {
			if s.Effect == "Allow" {
				ids = append(ids, s.endpoints()...)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// granting reports whether another environment has rows.
func (p division) granting() bool {
	for _, statements := range p.others {
		for _, s := range statements {
			if id, _ := parseSid(s.Sid); id.kind != allowEndpointsKind {
				return true
			}
		}
	}
	return false
}
