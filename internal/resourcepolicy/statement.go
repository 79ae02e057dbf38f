package resourcepolicy

import (
	"maps"
	"slices"
)

// writer writes Portico's statements behind an owner's.
type writer struct {
	request    Request
	parts      division // of the existing policy, canonical
	tag        string   // of the environment
	prefix     string   // the API's ARN up to the stage
	frontDoors []frontDoor
	names      []string // of the rows
	additional []string // endpoints that may call the whole API
	// taken are the Sids of the owner's statements.
	taken map[string]bool
	// narrows tells that a row holds a path to fewer methods than a wider row.
	narrows bool
}

func newWriter(r Request, parts division) *writer {
	w := &writer{
		request: r, parts: parts, tag: environmentTag(r.App, r.Environment), prefix: r.api().arnPrefix(),
		additional: r.additional(), taken: map[string]bool{},
	}
	w.frontDoors, w.names = r.frontDoors(w.prefix)
	for _, s := range parts.owner.statements {
		if text, ok := s["Sid"].(string); ok {
			w.taken[text] = true
		}
	}
	w.narrows = slices.ContainsFunc(w.frontDoors, func(d frontDoor) bool {
		return slices.ContainsFunc(d.groups(w.rows()), func(g group) bool { return len(g.narrow) > 0 })
	})
	return w
}

// rows is the number of rows that have grants.
func (w *writer) rows() int { return len(w.names) }

// form is how a policy is written.
type form struct {
	allow AllowForm
	// spellings tells that other spellings of narrower paths are denied too.
	spellings bool
}

// forms are the ways to write the policy, the most explicit first. Without
// NotResource nothing but the Allow statements limits the paths, so they
// can't be compact.
func (w *writer) forms() []form {
	allows := []AllowForm{AllowExact, AllowCompact}
	if w.request.Form == DenyVerbs {
		allows = []AllowForm{AllowExact}
	}
	var forms []form
	for _, spellings := range []bool{true, false} {
		for _, allow := range allows {
			forms = append(forms, form{allow, spellings})
		}
		if !w.narrows {
			break
		}
	}
	return forms
}

// leavesRoom reports whether a form may be taken although it isn't the smallest:
// an environment with a name leaves half of the quota to others while it has a
// shorter form. What the others have written doesn't count, so that the form
// doesn't change with it.
func (w *writer) leavesRoom(f form) bool {
	forms := w.forms()
	if w.tag == "" || f == forms[len(forms)-1] {
		return true
	}
	alone := *w
	alone.parts.others = nil
	return 2*size(alone.policy(w.rows(), f)) <= w.request.MaxSize
}

// policy writes the policy of the first rows of the request. The statements of
// each environment are together, in the order of their tags, so that it makes no
// difference which environment was the last to write.
func (w *writer) policy(rows int, f form) []byte {
	blocks := maps.Clone(w.parts.others)
	if blocks == nil {
		blocks = map[string][]statement{}
	}
	own, granted := w.own(rows, f)
	if len(own) > 0 {
		blocks[w.tag] = own
	}
	var statements []statement
	for _, tag := range slices.Sorted(maps.Keys(blocks)) {
		statements = append(statements, blocks[tag]...)
	}
	if len(w.parts.owner.statements) == 0 && len(statements) > 0 {
		statements = append(statements, w.denyEndpoints(granted))
	}
	return w.parts.owner.encode(statements)
}

// own are the environment's statements, and the endpoints that they admit.
func (w *writer) own(rows int, f form) (statements []statement, granted []string) {
	var frontDoors []frontDoor
	var groups [][]group
	for _, d := range w.frontDoors {
		if g := d.groups(rows); len(g) > 0 {
			frontDoors, groups = append(frontDoors, d), append(groups, g)
		}
	}
	if len(frontDoors) == 0 {
		if len(w.parts.owner.statements) > 0 || len(w.parts.others) == 0 {
			return nil, nil
		}
		// The other environments' list of endpoints would shut them out.
		return w.allowEndpoints(), nil
	}
	granted = endpointsOf(frontDoors)
	if f.allow == AllowCompact {
		statements = append(statements, w.allowFrontDoors(granted))
	} else {
		for i, d := range frontDoors {
			statements = append(statements, w.allows(d, groups[i])...)
		}
	}
	statements = append(statements, w.allowEndpoints()...)
	for i, d := range frontDoors {
		statements = append(statements, w.denies(d, groups[i], f)...)
	}
	if len(w.parts.owner.statements) > 0 {
		statements = append(statements, w.closeEndpoints(granted)...)
	}
	return statements, granted
}

// sid is the Sid of a statement of the environment's: a numbered kind's with the
// index, any other's without. Where the owner has a statement of that name the
// next free number is taken.
func (w *writer) sid(kind string) string {
	id := sid{tag: w.tag, kind: kind}
	if id.shared() {
		id.tag = ""
	}
	for w.taken[id.String()] {
		id.number = max(id.number, 1) + 1
	}
	return id.String()
}

// sids numbers statements of a kind, past the numbers that the owner has taken.
func (w *writer) sids(kind string) func() string {
	next := 1
	return func() string {
		for w.taken[sid{w.tag, kind, next}.String()] {
			next++
		}
		next++
		return sid{w.tag, kind, next - 1}.String()
	}
}

// allows are the Allow statements of a front door.
func (w *writer) allows(d frontDoor, groups []group) []statement {
	var statements []statement
	next := w.numbering(d, d.allows)
	for _, g := range groups {
		statements = append(statements, statement{
			Sid: next(), Effect: "Allow", Resource: g.arns, Condition: d.from(g.hosts),
		})
	}
	return statements
}

// numbering gives the Sids of a front door's statements of a kind: numbered where
// there can be several.
func (w *writer) numbering(d frontDoor, kind string) func() string {
	if d.key == "" {
		return func() string { return w.sid(kind) }
	}
	return w.sids(kind)
}

// allowFrontDoors allows everything through the front doors, which the Deny
// statements make exact. It doesn't name the hosts: a host's name twice is room
// for fewer rows.
func (w *writer) allowFrontDoors(endpoints []string) statement {
	return statement{
		Sid: w.sid(allowKind), Effect: "Allow", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringEquals": {sourceVPCE: endpoints}},
	}
}

func (w *writer) allowEndpoints() []statement {
	if len(w.additional) == 0 {
		return nil
	}
	return []statement{{
		Sid: w.sid(allowEndpointsKind), Effect: "Allow", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringEquals": {sourceVPCE: w.additional}},
	}}
}

// denies are the statements that hold each group of hosts to its ARNs, and
// hosts of no row to nothing.
func (w *writer) denies(d frontDoor, groups []group, f form) []statement {
	hosts := hostsOf(groups)
	var statements []statement
	next, nextPaths := w.numbering(d, d.denies), w.numbering(d, d.deniesPaths)
	for _, g := range groups {
		s := statement{Sid: next(), Effect: "Deny", Condition: d.under(g.hosts, hosts)}
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
	for _, g := range groups {
		var arns []string
		for _, n := range g.narrow {
			arns = append(arns, n.arns(w.prefix, f.spellings)...)
		}
		if len(arns) > 0 {
			statements = append(statements, statement{
				Sid: nextPaths(), Effect: "Deny", Resource: withoutCovered(arns), Condition: d.under(g.hosts, hosts),
			})
		}
	}
	if d.key != "" {
		statements = append(statements, statement{
			Sid: w.sid(d.strangers), Effect: "Deny", Resource: []string{w.prefix + "*"}, Condition: d.notFrom(hosts),
		})
	}
	return statements
}

// denyEndpoints shuts out every path to the API but the endpoints that the
// environments know. A negated operator also holds when the request has no such
// key, so it shuts out requests through no endpoint as well.
func (w *writer) denyEndpoints(granted []string) statement {
	endpoints := slices.Concat(granted, w.additional, w.parts.endpoints())
	slices.Sort(endpoints)
	endpoints = slices.Compact(endpoints)
	if len(granted) == 0 && !w.parts.granting() {
		return w.closed(endpoints)
	}
	return statement{
		Sid: w.sid(denyEndpointsKind), Effect: "Deny", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringNotEquals": {sourceVPCE: endpoints}},
	}
}

// closed is denyEndpoints where no environment has rows.
func (w *writer) closed(endpoints []string) statement {
	s := statement{Sid: w.sid(retiredKind), Effect: "Deny", Resource: []string{w.prefix + "*"}}
	if len(endpoints) > 0 {
		s.Condition = conditions{"StringNotEquals": {sourceVPCE: endpoints}}
	}
	return s
}

// closeEndpoints shuts out those of Portico's endpoints through which the API has
// no row: an authorizer of the owner's might let their callers in, or a statement
// of the owner's for everybody.
func (w *writer) closeEndpoints(granted []string) []statement {
	unused := slices.DeleteFunc(w.request.ownEndpoints(), func(id string) bool { return slices.Contains(granted, id) })
	if len(unused) == 0 {
		return nil
	}
	slices.Sort(unused)
	return []statement{{
		Sid: w.sid(closedEndpoints), Effect: "Deny", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringEquals": {sourceVPCE: unused}},
	}}
}

// endpointsOf are the front doors' endpoints, sorted.
func endpointsOf(frontDoors []frontDoor) []string {
	var ids []string
	for _, d := range frontDoors {
		ids = append(ids, d.endpoints...)
	}
	slices.Sort(ids)
	return ids
}

// othersSize is the length of other environments' statements.
func (w *writer) othersSize() int {
	var others []statement
	for _, statements := range w.parts.others {
		others = append(others, statements...)
	}
	return size(document{members: w.parts.owner.members}.encode(others))
}
