package resourcepolicy

import (
	"slices"
	"strconv"
)

// sidPrefix begins the Sid of every statement of Portico's and of no other.
// Sids hold letters and digits only.
const sidPrefix = "Portico"

// The statements that every merge with grants of a front door writes, whatever
// the grants are.
const (
	denyHostsSid   = sidPrefix + "DenyHosts"
	denyALBSid     = sidPrefix + "ALBDeny"
	denyDomainsSid = sidPrefix + "NativeDenyDomains"
)

// writer puts Portico's statements behind an owner's.
type writer struct {
	request    Request
	owner      document // canonical, without Portico's statements
	prefix     string   // the API's ARN up to the stage
	doors      []door   // those with grants
	names      []string // of the rows
	additional []string // endpoints that may call the whole API
}

func newWriter(r Request, owner document) *writer {
	w := &writer{request: r, owner: owner, prefix: r.api().arnPrefix(), additional: r.additional()}
	w.doors, w.names = r.doors(w.prefix)
	return w
}

// rows is the number of rows that have grants.
func (w *writer) rows() int { return len(w.names) }

// forms are the ways to write the policy, the most explicit first. Without
// NotResource nothing but the Allow statements limits the paths, so they
// can't be compact.
func (w *writer) forms() []AllowForm {
	if w.request.Form == DenyVerbs {
		return []AllowForm{AllowExact}
	}
	return []AllowForm{AllowExact, AllowCompact}
}

// policy writes the policy of the first rows of the request.
func (w *writer) policy(rows int, form AllowForm) []byte {
	var doors []door
	var groups [][]group
	for _, d := range w.doors {
		if g := d.groups(rows); len(g) > 0 {
			doors, groups = append(doors, d), append(groups, g)
		}
	}
	var statements []statement
	if form == AllowCompact {
		statements = append(statements, w.allowDoors(doors))
	} else {
		for i, d := range doors {
			statements = append(statements, d.allows(groups[i])...)
		}
	}
	statements = append(statements, w.allowEndpoints()...)
	for i, d := range doors {
		statements = append(statements, w.denies(d, groups[i])...)
	}
	if len(w.owner.statements) == 0 {
		statements = append(statements, w.denyEndpoints(doors))
	} else {
		statements = append(statements, w.denyDoors(doors)...)
	}
	return w.owner.encode(statements)
}

// allows are the Allow statements of a front door.
func (d door) allows(groups []group) []statement {
	var statements []statement
	for i, g := range groups {
		statements = append(statements, statement{
			Sid: d.sid(d.allowSid, i), Effect: "Allow", Resource: g.arns, Condition: d.from(g.hosts),
		})
	}
	return statements
}

// allowDoors allows everything through the front doors, which the Deny
// statements make exact. It doesn't name the hosts: a host's name twice is room
// for fewer rows.
func (w *writer) allowDoors(doors []door) statement {
	return statement{
		Sid: sidPrefix + "Allow", Effect: "Allow", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringEquals": {sourceVPCE: w.endpoints(doors)}},
	}
}

func (w *writer) allowEndpoints() []statement {
	if len(w.additional) == 0 {
		return nil
	}
	return []statement{{
		Sid: sidPrefix + "AllowEndpoints", Effect: "Allow", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringEquals": {sourceVPCE: w.additional}},
	}}
}

// denies are the statements that hold each group of hosts to its ARNs, and
// hosts of no row to nothing.
func (w *writer) denies(d door, groups []group) []statement {
	hosts := hostsOf(groups)
	var statements []statement
	for i, g := range groups {
		s := statement{Sid: d.sid(d.denySid, i), Effect: "Deny", Condition: d.under(g.hosts, hosts)}
		if w.request.Form == DenyVerbs {
			s.Resource = unlistedMethods(w.prefix, g.arns)
			if len(s.Resource) == 0 {
				continue
			}
		} else {
			s.NotResource = g.arns
		}
		statements = append(statements, s)
	}
	if d.key != "" {
		statements = append(statements, statement{
			Sid: d.strangersSid, Effect: "Deny", Resource: []string{w.prefix + "*"}, Condition: d.notFrom(hosts),
		})
	}
	return statements
}

// denyEndpoints shuts out every way to the API but the endpoints we know. A
// negated operator also holds when the request has no such key, so it shuts
// out requests through no endpoint as well.
func (w *writer) denyEndpoints(doors []door) statement {
	endpoints := append(w.endpoints(doors), w.additional...)
	slices.Sort(endpoints)
	return statement{
		Sid: sidPrefix + "DenyEndpoints", Effect: "Deny", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringNotEquals": {sourceVPCE: slices.Compact(endpoints)}},
	}
}

// denyDoors shuts out those of Portico's endpoints through which the API has no
// row, so that it is nobody's who comes through them: an authorizer of the
// owner's might let them in, or a statement of the owner's for everybody.
func (w *writer) denyDoors(doors []door) []statement {
	granted := w.endpoints(doors)
	closed := slices.DeleteFunc(w.request.porticos(), func(id string) bool { return slices.Contains(granted, id) })
	if len(closed) == 0 {
		return nil
	}
	slices.Sort(closed)
	return []statement{{
		Sid: sidPrefix + "DenyDoors", Effect: "Deny", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringEquals": {sourceVPCE: closed}},
	}}
}

// endpoints are those of the doors, sorted.
func (w *writer) endpoints(doors []door) []string {
	var ids []string
	for _, d := range doors {
		ids = append(ids, d.endpoints...)
	}
	slices.Sort(ids)
	return ids
}

// sid numbers the statements of one kind from 1, where there can be several.
func (d door) sid(kind string, index int) string {
	if d.key == "" {
		return kind
	}
	return kind + strconv.Itoa(index+1)
}
