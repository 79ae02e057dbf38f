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

// door is a way to the API that Portico makes: endpoints, what tells the hosts
// of requests through them apart, and what each may do.
type door struct {
	// allowSid, denySid and strangersSid name its statements.
	allowSid, denySid, strangersSid string
	endpoints                       []string // sorted
	// key names the host of a request; empty: nothing does. equals and
	// notEquals are the operators to compare it with.
	key, equals, notEquals string
	// grants are in the order of the rows.
	grants []grant
}

// grant is what one row allows through a door.
type grant struct {
	row  int    // counted from 0 over all doors
	host string // a value of the door's key
	arns []string
}

// through holds for requests through the door's endpoints.
func (d door) through() conditions {
	return conditions{"StringEquals": {sourceVPCE: d.endpoints}}
}

// from holds for requests through the door under one of the hosts.
func (d door) from(hosts []string) conditions {
	return d.with(d.equals, hosts)
}

// notFrom holds for requests through the door under none of the hosts. A
// negated operator also holds when the request has no such key.
func (d door) notFrom(hosts []string) conditions {
	return d.with(d.notEquals, hosts)
}

func (d door) with(operator string, hosts []string) conditions {
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
// well, which changes nothing in a Deny: the statement for strangers denies
// them everything.
func (d door) under(hosts, all []string) conditions {
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
}

// groups gathers the grants of the first rows: the rows of one host are one set
// of ARNs, because a policy sees the host and not the base path, and hosts of
// equal sets share their statements. Groups are ordered by their first host.
func (d door) groups(rows int) []group {
	byHost := map[string][]string{}
	for _, g := range d.grants {
		if g.row < rows {
			byHost[g.host] = append(byHost[g.host], g.arns...)
		}
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

// doors are the front doors that the request has grants for, and the names of
// the rows behind the grants.
func (r *Request) doors(prefix string) (doors []door, rows []string) {
	known := map[string]int{}
	row := func(name string) int {
		i, ok := known[name]
		if !ok {
			i = len(rows)
			known[name], rows = i, append(rows, name)
		}
		return i
	}
	add := func(d door, grants []Grant, host func(Grant) string) {
		for i, g := range grants {
			d.grants = append(d.grants, grant{row: row(g.name(i)), host: host(g), arns: g.arns(prefix)})
		}
		if len(grants) > 0 {
			doors = append(doors, d)
		}
	}
	add(door{
		allowSid: sidPrefix + "Allow", denySid: sidPrefix + "Deny", strangersSid: denyHostsSid,
		endpoints: []string{r.VPCEndpointID},
		key:       referer, equals: "StringEquals", notEquals: "StringNotEquals",
	}, r.Grants, func(g Grant) string { return g.Host })
	add(door{
		allowSid: sidPrefix + "ALBAllow", denySid: denyALBSid,
		endpoints: []string{r.ALBEndpointID},
	}, r.ALBGrants, func(Grant) string { return "" })
	add(door{
		allowSid: sidPrefix + "NativeAllow", denySid: sidPrefix + "NativeDeny", strangersSid: denyDomainsSid,
		endpoints: r.nativeEndpoints(),
		key:       viaDomain, equals: "ArnEquals", notEquals: "ArnNotEquals",
	}, r.NativeGrants, func(g Grant) string { return invokedDomain(g.DomainARN) })
	return doors, rows
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

// porticos are the endpoints that are Portico's own, in the order of the front
// doors.
func (r *Request) porticos() []string {
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
	porticos := r.porticos()
	var ids []string
	for _, id := range r.AdditionalVPCEndpointIDs {
		if !slices.Contains(porticos, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
