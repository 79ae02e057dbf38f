package rehearsal

import (
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// sampleLabel replaces * in a wildcard host, and begins the paths
// that probes ask for: unlikely to be an API's own.
const sampleLabel = "portico-probe"

// samplePath is what follows a row's base path in a probe: an encoded slash, an
// empty segment, a semicolon and a plus sign, all of which have to arrive as
// they were sent.
const samplePath = "/" + sampleLabel + "/a%2Fb//c;d+e"

// sampleQuery arrives unchanged too.
const sampleQuery = "x=%20y&z=1+2"

// credentials satisfy an API's authorizer, if it has one: a request that only
// lacks them would be refused for the wrong reason.
const credentials = "Authorization: Bearer " + sampleLabel

// expectations knows what the rows of a mapping promise.
type expectations struct {
	rows []mapping.Row
	// served are the rows that the proxy routes: all but the retired ones.
	served []mapping.Row
}

func expect(m *mapping.Mapping) *expectations {
	e := &expectations{rows: m.Rows}
	for _, row := range m.Rows {
		if !row.Retired {
			e.served = append(e.served, row)
		}
	}
	return e
}

// sampleHost is a host that a row serves.
func sampleHost(row mapping.Row) string {
	if rest, ok := strings.CutPrefix(string(row.Host), "*."); ok {
		return sampleLabel + "." + rest
	}
	return string(row.Host)
}

// serves reports whether a row of the mapping answers for a host, by name or by a
// wildcard one label up.
func (e *expectations) serves(host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	return slices.ContainsFunc(e.served, func(row mapping.Row) bool {
		return string(row.Host) == host || string(row.Host) == "*."+parent
	})
}

// probedMethods are the verbs that probes send, those first whose answer has a
// body: all that a REST API can have.
var probedMethods = []mapping.Method{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"}

// allowed is the verb with which a row is probed where one is enough.
func allowed(row mapping.Row) mapping.Method { return allowedMethods(row)[0] }

// allowedMethods are a row's verbs.
func allowedMethods(row mapping.Row) []mapping.Method {
	return methodsWhere(func(method mapping.Method) bool { return has(row, method) })
}

// forbidden are the verbs that a row doesn't have.
func forbidden(row mapping.Row) []mapping.Method { return forbiddenTo([]mapping.Row{row}) }

// forbiddenByPolicy are the verbs with which no row's grant covers what the row's
// probe asks of the API.
//
// A wider row whose base path is above the row's, as its API path is, leads no
// request there, and its verbs are denied; but not those that a row further below
// has again: a Deny can have no exception.
func (e *expectations) forbiddenByPolicy(row mapping.Row) []mapping.Method {
	granting := e.granting(row)
	wider := slices.DeleteFunc(slices.Clone(granting), func(other mapping.Row) bool { return !shadowed(other, row) })
	routed := slices.DeleteFunc(slices.Clone(granting), func(other mapping.Row) bool { return shadowed(other, row) })
	return methodsWhere(func(method mapping.Method) bool {
		byWider := slices.ContainsFunc(wider, func(other mapping.Row) bool { return has(other, method) })
		return !anyHas(routed, method) && !(byWider && anyHas(e.below(row), method))
	})
}

// shadowed reports whether the proxy leads to a row what another row of its host
// would lead to the same path of the API.
func shadowed(other, row mapping.Row) bool {
	if other.Host != row.Host || row.FrontDoor != mapping.FrontDoorNGINX || other.BasePath == row.BasePath {
		return false
	}
	base, below := strings.CutPrefix(string(row.BasePath), string(other.BasePath))
	return below && base == strings.TrimPrefix(string(row.API.Path), string(other.API.Path))
}

// below are the served rows of a row's host, front door, API and stage whose path
// is below the row's.
func (e *expectations) below(row mapping.Row) []mapping.Row {
	return slices.DeleteFunc(slices.Clone(e.served), func(other mapping.Row) bool {
		return other.Host != row.Host || other.FrontDoor != row.FrontDoor || other.API.ID != row.API.ID || other.API.Stage != row.API.Stage ||
			other.API.Path == row.API.Path || !covers(row.API.Path, other.API.Path)
	})
}

// granting are the served rows whose grants cover what a row's probe asks of the
// API by the row's front door. Other rows of the same domain, API and stage may
// allow more verbs, for they may lead to the same path; by a load balancer
// without a proxy no policy distinguishes domains.
func (e *expectations) granting(row mapping.Row) []mapping.Row {
	var granting []mapping.Row
	for _, other := range e.served {
		sameDomain := other.Host == row.Host || row.FrontDoor == mapping.FrontDoorALB
		if other.FrontDoor == row.FrontDoor && other.API.ID == row.API.ID && other.API.Stage == row.API.Stage && sameDomain && covers(other.API.Path, row.API.Path) {
			granting = append(granting, other)
		}
	}
	return granting
}

// covers reports whether a path is another or lies above it.
func covers(above, path mapping.APIPath) bool {
	return above == path || strings.HasPrefix(string(path), string(above)+"/")
}

// forbiddenTo are the verbs that none of the rows has.
func forbiddenTo(rows []mapping.Row) []mapping.Method {
	return methodsWhere(func(method mapping.Method) bool { return !anyHas(rows, method) })
}

// first is the first verb of a list that answers with a body; "" where the list
// is empty.
func first(methods []mapping.Method) mapping.Method {
	if len(methods) == 0 {
		return ""
	}
	return methods[0]
}

func methodsWhere(wanted func(mapping.Method) bool) []mapping.Method {
	return slices.DeleteFunc(slices.Clone(probedMethods), func(method mapping.Method) bool { return !wanted(method) })
}

func has(row mapping.Row, method mapping.Method) bool {
	return row.Methods == nil || slices.Contains(row.Methods, method)
}

func anyHas(rows []mapping.Row, method mapping.Method) bool {
	return slices.ContainsFunc(rows, func(row mapping.Row) bool { return has(row, method) })
}

// unmapped are the rows, one a host, whose host has no row for its root: a
// request for a path that no row names has to be refused there.
func (e *expectations) unmapped(rows []mapping.Row) []mapping.Row {
	var found []mapping.Row
	seen := make(map[mapping.Host]bool)
	for _, row := range rows {
		if seen[row.Host] {
			continue
		}
		seen[row.Host] = true
		if !slices.ContainsFunc(e.served, func(other mapping.Row) bool { return other.Host == row.Host && other.BasePath == "" }) {
			found = append(found, row)
		}
	}
	return found
}

// sample picks at most limit rows, evenly over the file, so that a large
// mapping's every part is looked at.
func sample(rows []mapping.Row, limit int) []mapping.Row {
	if len(rows) <= limit {
		return rows
	}
	picked := make([]mapping.Row, 0, limit)
	for i := range limit {
		picked = append(picked, rows[i*len(rows)/limit])
	}
	return picked
}
