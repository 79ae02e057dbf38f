package mapping

import "strings"

// Grant is what a team may write in CUSTOM_DOMAIN_URL: an entry of HOSTS.
type Grant struct {
	// Host is a host, or "*." and the domain below which every host is granted at
	// any depth.
	Host Host
	// Base is the base path that is granted, with what is below it. Empty: every
	// path.
	Base BasePath
	// Pos is the entry's place in portico.yaml.
	Pos Position
}

// String is the grant as HOSTS has it.
func (g Grant) String() string { return string(g.Host) + string(g.Base) }

// Covers reports whether the grant holds the whole of a row's host and base path.
func (g Grant) Covers(host Host, base BasePath) bool {
	if !g.Base.contains(base) {
		return false
	}
	if g.Host.IsWildcard() {
		return host.Parent().within(g.Host.Parent())
	}
	return host == g.Host
}

// contains reports whether a path is the base path or below it.
func (p BasePath) contains(path BasePath) bool {
	return path == p || strings.HasPrefix(string(path), string(p)+"/")
}

// grantList names some grants of many.
func grantList(grants []Grant) string {
	const shown = 5
	names := make([]string, 0, shown+1)
	for i, g := range grants {
		if i == shown {
			names = append(names, "…")
			break
		}
		names = append(names, g.String())
	}
	return strings.Join(names, ", ")
}

// granted is a grant and whose it is.
type granted struct {
	grant Grant
	team  *Team
}

// grantIndex finds the grant of another team that a grant overlaps. Two grants
// overlap where a URL is covered by both: one's hosts hold the other's, and one's
// base path the other's. Each grant is entered under every wildcard that holds its
// host and every base path that holds its own, so that adding one takes as many
// steps as its host has labels times its path's segments, however many grants
// there are.
type grantIndex map[grantKey][]granted

// grantKey is a host and a base path of a grant, or what holds them.
type grantKey struct {
	address
	// hostHeld and baseHeld say that the grant's own host, or base path, is
	// another, which this one holds.
	hostHeld, baseHeld bool
}

// add enters a team's grant. It gives the first that another team has of the same
// URL, or nil.
func (x grantIndex) add(g Grant, team *Team) *granted {
	hosts, bases := holders(g.Host), append(g.Base.prefixes(), g.Base)
	var found *granted
	look := func(key grantKey) {
		for _, other := range x[key] {
			if other.team.Name != team.Name && (found == nil || other.grant.Pos.Line < found.grant.Pos.Line) {
				found = &other
			}
		}
	}
	for _, host := range hosts {
		for _, base := range bases {
			look(grantKey{address{host, base}, false, false})
		}
		look(grantKey{address{host, g.Base}, false, true})
	}
	for _, base := range bases {
		look(grantKey{address{g.Host, base}, true, false})
	}
	look(grantKey{address{g.Host, g.Base}, true, true})
	for _, host := range hosts {
		for _, base := range bases {
			x.enter(grantKey{address{host, base}, host != g.Host, base != g.Base}, granted{g, team})
		}
	}
	return found
}

// enter keeps at most two grants for a key: two of different teams are enough to
// find one of another team.
func (x grantIndex) enter(key grantKey, g granted) {
	if list := x[key]; len(list) == 0 || len(list) == 1 && list[0].team.Name != g.team.Name {
		x[key] = append(list, g)
	}
}

// holders are a host and the wildcards that hold it: all hosts of "*.example.com"
// are below example.com at any depth.
func holders(host Host) []Host {
	list := []Host{host}
	name := strings.TrimPrefix(string(host), "*.")
	if host.IsWildcard() {
		name = "x." + name
	}
	for {
		_, parent, found := strings.Cut(name, ".")
		if !found {
			return list
		}
		if wildcard := Host("*." + parent); wildcard != host {
			list = append(list, wildcard)
		}
		name = parent
	}
}

// prefixes are the base paths that hold a base path, itself not among them.
func (p BasePath) prefixes() []BasePath {
	var list []BasePath
	for i := range p {
		if p[i] == '/' {
			list = append(list, p[:i])
		}
	}
	return list
}
