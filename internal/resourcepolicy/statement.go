package resourcepolicy

import (
	"slices"
	"strconv"
	"strings"
)

// sidPrefix begins the Sid of every statement of Portico's and of no other.
// Sids hold letters and digits only.
const sidPrefix = "Portico"

// denyHostsSid is the statement that every merge with grants writes.
const denyHostsSid = sidPrefix + "DenyHosts"

// writer puts Portico's statements behind an owner's.
type writer struct {
	request Request
	owner   document // canonical, without Portico's statements
	prefix  string   // the API's ARN up to the stage
	arns    []string // each grant's ARNs follow those of the grant before
	ends    []int    // where each grant's ARNs end in arns
}

func newWriter(r Request, owner document) *writer {
	w := &writer{request: r, owner: owner, prefix: r.api().arnPrefix()}
	for _, g := range r.Grants {
		w.arns = append(w.arns, g.arns(w.prefix)...)
		w.ends = append(w.ends, len(w.arns))
	}
	return w
}

// forms are the ways to write the policy, the most explicit first. Without
// NotResource nothing but the Allow statements limits the paths, so they
// can't be compact.
func (w *writer) forms() []AllowForm {
	if w.request.Form == DenyVerbs {
		return []AllowForm{AllowExact}
	}
	return []AllowForm{AllowExact, AllowCompact}
}

// policy writes the policy of the first grants of the request.
func (w *writer) policy(grants []Grant, form AllowForm) []byte {
	groups := w.groups(len(grants))
	hosts := hostsOf(groups)
	var statements []statement
	statements = append(statements, w.allows(groups, form)...)
	statements = append(statements, w.denies(groups)...)
	statements = append(statements, statement{
		Sid: denyHostsSid, Effect: "Deny", Resource: []string{w.prefix + "*"},
		Condition: conditions{
			"StringEquals":    {"aws:SourceVpce": {w.request.VPCEndpointID}},
			"StringNotEquals": {"aws:Referer": hosts},
		},
	})
	if len(w.owner.statements) == 0 {
		statements = append(statements, w.denyEndpoints())
	}
	return w.owner.encode(statements)
}

// allows are the Allow statements. The compact one doesn't name the hosts:
// PorticoDenyHosts does, and a host's name twice is room for fewer rows.
func (w *writer) allows(groups []group, form AllowForm) []statement {
	ours := w.request.VPCEndpointID
	var statements []statement
	if form == AllowCompact {
		statements = append(statements, statement{
			Sid: "PorticoAllow", Effect: "Allow", Resource: []string{w.prefix + "*"},
			Condition: conditions{"StringEquals": {"aws:SourceVpce": {ours}}},
		})
	} else {
		for i, g := range groups {
			statements = append(statements, statement{
				Sid: sid("PorticoAllow", i), Effect: "Allow", Resource: g.arns,
				Condition: fromHosts(ours, g.hosts),
			})
		}
	}
	if len(w.additional()) > 0 {
		statements = append(statements, statement{
			Sid: "PorticoAllowEndpoints", Effect: "Allow", Resource: []string{w.prefix + "*"},
			Condition: conditions{"StringEquals": {"aws:SourceVpce": w.additional()}},
		})
	}
	return statements
}

// denies are the statements that hold each group of hosts to its ARNs.
func (w *writer) denies(groups []group) []statement {
	hosts := hostsOf(groups)
	var statements []statement
	for i, g := range groups {
		s := statement{
			Sid: sid("PorticoDeny", i), Effect: "Deny",
			Condition: w.underHosts(g.hosts, hosts),
		}
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
	return statements
}

// underHosts holds for requests through our endpoint under one of the hosts.
// Where more than half of all hosts are meant it is shorter to name the
// others. Unknown hosts are then meant as well, which changes nothing:
// PorticoDenyHosts denies them everything.
func (w *writer) underHosts(hosts, all []string) conditions {
	ours := w.request.VPCEndpointID
	if 2*len(hosts) <= len(all) {
		return fromHosts(ours, hosts)
	}
	others := slices.DeleteFunc(slices.Clone(all), func(host string) bool {
		_, meant := slices.BinarySearch(hosts, host)
		return meant
	})
	c := conditions{"StringEquals": {"aws:SourceVpce": {ours}}}
	if len(others) > 0 {
		c["StringNotEquals"] = map[string][]string{"aws:Referer": others}
	}
	return c
}

// denyEndpoints shuts out every way to the API but the endpoints we know. A
// negated operator also holds when the request has no such key, so it shuts
// out requests through no endpoint as well.
func (w *writer) denyEndpoints() statement {
	endpoints := append([]string{w.request.VPCEndpointID}, w.additional()...)
	slices.Sort(endpoints)
	return statement{
		Sid: "PorticoDenyEndpoints", Effect: "Deny", Resource: []string{w.prefix + "*"},
		Condition: conditions{"StringNotEquals": {"aws:SourceVpce": slices.Compact(endpoints)}},
	}
}

// additional are the other endpoints that are let in, sorted. Ours isn't
// among them: it would let every request of ours in.
func (w *writer) additional() []string {
	var ids []string
	for _, id := range w.request.AdditionalVPCEndpointIDs {
		if id != w.request.VPCEndpointID {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// sid numbers the statements of one kind from 1.
func sid(kind string, index int) string { return kind + strconv.Itoa(index+1) }

// fromHosts holds for requests through the endpoint under one of the hosts.
func fromHosts(endpoint string, hosts []string) conditions {
	return conditions{"StringEquals": {"aws:SourceVpce": {endpoint}, "aws:Referer": hosts}}
}

// group is hosts that may do the same.
type group struct {
	hosts []string // sorted
	arns  []string // sorted, none covered by another
}

// groups gathers the first n grants: the rows of one host are one set of ARNs,
// because Referer names the host and not the base path, and hosts of equal
// sets share their statements. Groups are ordered by their first host.
func (w *writer) groups(n int) []group {
	byHost := map[string][]string{}
	start := 0
	for i, g := range w.request.Grants[:n] {
		byHost[g.Host] = append(byHost[g.Host], w.arns[start:w.ends[i]]...)
		start = w.ends[i]
	}
	byARNs := map[string]*group{}
	for host, arns := range byHost {
		arns = withoutCovered(arns)
		key := strings.Join(arns, "\n")
		if byARNs[key] == nil {
			byARNs[key] = &group{arns: arns}
		}
		byARNs[key].hosts = append(byARNs[key].hosts, host)
	}
	groups := make([]group, 0, len(byARNs))
	for _, g := range byARNs {
		slices.Sort(g.hosts)
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b group) int { return strings.Compare(a.hosts[0], b.hosts[0]) })
	return groups
}

func hostsOf(groups []group) []string {
	var hosts []string
	for _, g := range groups {
		hosts = append(hosts, g.hosts...)
	}
	slices.Sort(hosts)
	return hosts
}
