package resourcepolicy

import (
	"slices"
	"strings"
)

// Condition keys. API Gateway sets the first and the last; the second is the
// request's header.
const (
	sourceVPCE = "aws:SourceVpce"
	referer    = "aws:Referer"
	viaDomain  = "execute-api:viaDomainArn"
)

// frontDoor is a front door as policies see it: endpoints, what tells the hosts
// of requests through them apart, and what each may do.
type frontDoor struct {
	// allows, denies and deniesPaths are the kinds of its statements about hosts
	// of its rows, strangers that about other hosts.
	allows, denies, deniesPaths, strangers string
	endpoints                              []string // sorted
	// key names the host of a request; empty: nothing does. equals and
	// notEquals are the operators to compare it with.
	key, equals, notEquals string
	// grants are in the order of the rows.
	grants []grant
}

// grant is what one row allows through a front door.
type grant struct {
	Grant
	row    int    // counted from 0 over all front doors
	host   string // a value of the front door's key
	arns   []string
	former bool // of the rows that the proxy serves until it is updated
}

// through holds for requests through the front door's endpoints.
func (d frontDoor) through() conditions {
	return conditions{"StringEquals": {sourceVPCE: d.endpoints}}
}

// from holds for requests through the front door under one of the hosts.
func (d frontDoor) from(hosts []string) conditions {
	return d.with(d.equals, hosts)
}

// notFrom holds for requests through the front door under none of the hosts. A
// negated operator also holds when the request has no such key.
func (d frontDoor) notFrom(hosts []string) conditions {
	return d.with(d.notEquals, hosts)
}

func (d frontDoor) with(operator string, hosts []string) conditions {
	c := d.through()
	if d.key == "" || len(hosts) == 0 {
		return c
	}
	if c[operator] == nil {
		c[operator] = map[string][]string{}
	}
	c[operator][d.key] = hosts
	return c
}

// under is from, written the shorter way: where more than half of all hosts
// are meant it is shorter to name the others. Unknown hosts are then meant as
// well, which changes nothing in a Deny: the statement about strangers denies
// them everything.
func (d frontDoor) under(hosts, all []string) conditions {
	if 2*len(hosts) <= len(all) {
		return d.from(hosts)
	}
	others := slices.DeleteFunc(slices.Clone(all), func(host string) bool {
		_, meant := slices.BinarySearch(hosts, host)
		return meant
	})
	return d.notFrom(others)
}

// group is hosts that may do the same.
type group struct {
	hosts []string // sorted
	arns  []string // sorted, none covered by another
	// narrow are paths of which the hosts have fewer methods than the ARNs.
	narrow []narrowPath
}

// groups gathers the grants of the first rows: the rows of one host are one set
// of ARNs, because a policy sees the host and not the base path, and hosts of
// equal sets share their statements. Groups are ordered by their first host.
func (d frontDoor) groups(rows int) []group {
	byHost := map[string][]grant{}
	for _, g := range d.grants {
		if g.row < rows {
			byHost[g.host] = append(byHost[g.host], g)
		}
	}
	byRights := map[string]*group{}
	for host, grants := range byHost {
		g := d.rights(grants)
		key := g.key()
		if byRights[key] == nil {
			byRights[key] = &g
		}
		byRights[key].hosts = append(byRights[key].hosts, host)
	}
	groups := make([]group, 0, len(byRights))
	for _, g := range byRights {
		slices.Sort(g.hosts)
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b group) int { return strings.Compare(a.hosts[0], b.hosts[0]) })
	return groups
}

// rights are what the grants of one host allow. Where nothing tells hosts apart
// no path is narrower: another host may have the wider row.
func (d frontDoor) rights(grants []grant) group {
	var g group
	var wanted, former []Grant
	for _, one := range grants {
		g.arns = append(g.arns, one.arns...)
		if one.former {
			former = append(former, one.Grant)
		} else {
			wanted = append(wanted, one.Grant)
		}
	}
	g.arns = withoutCovered(g.arns)
	switch {
	case d.key == "":
	case former != nil && wanted != nil:
		g.narrow = narrowPaths(wanted, former)
	default:
		g.narrow = narrowPaths(append(wanted, former...))
	}
	return g
}

// key is the same for groups of the same rights.
func (g group) key() string {
	key := strings.Join(g.arns, "\n")
	for _, n := range g.narrow {
		key += "\n" + strings.Join(n.arns("", true), "\n")
	}
	return key
}

func hostsOf(groups []group) []string {
	var hosts []string
	for _, g := range groups {
		hosts = append(hosts, g.hosts...)
	}
	slices.Sort(hosts)
	return hosts
}

// frontDoors are the front doors that the request has grants for, and the names
// of the rows behind the grants.
func (r *Request) frontDoors(prefix string) (frontDoors []frontDoor, rows []string) {
	known := map[string]int{}
	row := func(name string) int {
		i, ok := known[name]
		if !ok {
			i = len(rows)
			known[name], rows = i, append(rows, name)
		}
		return i
	}
	add := func(d frontDoor, host func(Grant) string, wanted, former []Grant) {
		for i, g := range slices.Concat(wanted, former) {
			d.grants = append(d.grants, grant{
				Grant: g, row: row(g.name(i)), host: host(g), arns: g.arns(prefix), former: i >= len(wanted),
			})
		}
		if len(d.grants) > 0 {
			frontDoors = append(frontDoors, d)
		}
	}
	add(frontDoor{
		allows: allowKind, denies: denyKind, deniesPaths: denyPathsKind, strangers: denyHostsKind,
		endpoints: []string{r.VPCEndpointID},
		key:       referer, equals: "StringEquals", notEquals: "StringNotEquals",
	}, func(g Grant) string { return g.Host }, r.Grants, r.ServedGrants)
	add(frontDoor{
		allows: albAllowKind, denies: albDenyKind,
		endpoints: []string{r.ALBEndpointID},
	}, func(Grant) string { return "" }, r.ALBGrants, nil)
	add(frontDoor{
		allows: nativeAllowKind, denies: nativeDenyKind, deniesPaths: nativeDenyPaths, strangers: denyDomainsKind,
		endpoints: r.nativeEndpoints(),
		key:       viaDomain, equals: "ArnEquals", notEquals: "ArnNotEquals",
	}, func(g Grant) string { return invokedDomain(g.DomainARN) }, r.NativeGrants, nil)
	return frontDoors, rows
}

// nativeEndpoints are the endpoints that are held to the rows of PRIVATE custom
// domains, sorted: not those of consumers that may call the whole API anyway.
func (r *Request) nativeEndpoints() []string {
	var ids []string
	for i, id := range r.NativeEndpointIDs {
		if i == 0 || !slices.Contains(r.AdditionalVPCEndpointIDs, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// consumers are the endpoints of consumers that are held to rows.
func (r *Request) consumers() []string {
	if len(r.NativeGrants) == 0 {
		return nil
	}
	return slices.DeleteFunc(r.nativeEndpoints(), func(id string) bool { return id == r.NativeEndpointIDs[0] })
}

// ownEndpoints are the endpoints that are the environment's own, in the order of the front
// doors.
func (r *Request) ownEndpoints() []string {
	var ids []string
	for _, id := range []string{r.VPCEndpointID, r.ALBEndpointID} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	if len(r.NativeEndpointIDs) > 0 {
		ids = append(ids, r.NativeEndpointIDs[0])
	}
	return ids
}

// additional are the other endpoints that are let in, sorted. Portico's own
// aren't among them: it would let every request of theirs in.
func (r *Request) additional() []string {
	ownEndpoints := r.ownEndpoints()
	var ids []string
	for _, id := range r.AdditionalVPCEndpointIDs {
		if !slices.Contains(ownEndpoints, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
