package nginxconf

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-iac/portico/internal/topology"
)

// routeTable sorts routes by how they are found.
type routeTable struct {
	// exact and wildcard are the routes by host: those of exact hosts, and those
	// of hosts that mean all names of one label more than their parent.
	exact, wildcard map[string][]topology.Route
	// elsewhere are hosts for which no row answers, whatever wildcard covers them.
	elsewhere []string
	// depths are the numbers of segments that base paths have, longest first,
	// on hosts whose path has to be looked at.
	depths []int
	// region is the common region's domain, which records leave out.
	region string
	// narrower are the rows below wider ones.
	narrower *narrower
}

func newRouteTable(routes []topology.Route, elsewhere []string) *routeTable {
	t := &routeTable{exact: make(map[string][]topology.Route), wildcard: make(map[string][]topology.Route), region: commonRegion(routes), narrower: newNarrower(routes), elsewhere: elsewhere}
	for _, r := range routes {
		host := string(r.Host)
		if r.Host.IsWildcard() {
			t.wildcard[host] = append(t.wildcard[host], r)
		} else {
			t.exact[host] = append(t.exact[host], r)
		}
	}
	depths := make(map[int]bool)
	for r := range t.byPath() {
		depths[len(r.BasePath.Segments())] = true
	}
	t.depths = slices.Sorted(maps.Keys(depths))
	slices.Reverse(t.depths)
	return t
}

// takesAll reports whether a host's only route takes every path, so that the
// path need not be looked at.
func takesAll(routes []topology.Route) bool {
	return len(routes) == 1 && routes[0].BasePath == ""
}

// byPath are the routes of hosts whose path has to be looked at.
func (t *routeTable) byPath() func(yield func(topology.Route) bool) {
	return func(yield func(topology.Route) bool) {
		for _, hosts := range []map[string][]topology.Route{t.exact, t.wildcard} {
			for _, routes := range hosts {
				if takesAll(routes) {
					continue
				}
				for _, r := range routes {
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

// maps are the maps that hold the routes.
func (t *routeTable) maps() []Map {
	byHost := []Map{
		{
			Comment: []string{
				"What answers for a host that a row names: the route itself where it takes",
				"every path, else the host, by which the maps of paths go on. Nothing for hosts that",
				"other front doors serve.",
			},
			Source:   expression("$host"),
			Variable: "$portico_host_rows",
			Default:  expression("$portico_wildcard_rows"),
			Entries:  slices.Concat(t.hostEntries(t.exact), t.elsewhereEntries()),
		},
		{
			Comment:  []string{"The same for wildcard hosts, which answer for no other host's name."},
			Source:   expression("$portico_wildcard"),
			Variable: "$portico_wildcard_rows",
			Default:  expression(""),
			Entries:  t.hostEntries(t.wildcard),
		},
	}
	byDepth := make(map[int][]topology.Route)
	for r := range t.byPath() {
		depth := len(r.BasePath.Segments())
		byDepth[depth] = append(byDepth[depth], r)
	}
	for _, depth := range t.depths {
		byHost = append(byHost, Map{
			Comment:  []string{"Routes by host and base path of " + countSegments(depth) + "."},
			Source:   expression("$portico_path_host" + baseVariable(depth)),
			Variable: foundVariable(depth),
			Default:  expression(""),
			Entries:  t.pathEntries(byDepth[depth]),
		})
	}
	return byHost
}

func countSegments(n int) string {
	if n == 1 {
		return "1 segment"
	}
	return strconv.Itoa(n) + " segments"
}

// hostEntries are a host map's entries, sorted by host. A route begins with a
// space, which no host does.
func (t *routeTable) hostEntries(hosts map[string][]topology.Route) []MapEntry {
	entries := make([]MapEntry, 0, len(hosts))
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		value := host
		if routes := hosts[host]; takesAll(routes) {
			value = " " + t.record(routes[0])
		}
		entries = append(entries, literal(host, quoted(value)))
	}
	return entries
}

// elsewhereEntries keep wildcard hosts from answering for hosts of other front doors.
func (t *routeTable) elsewhereEntries() []MapEntry {
	var entries []MapEntry
	for _, host := range t.elsewhere {
		if len(t.exact[host]) == 0 {
			entries = append(entries, literal(host, quoted("")))
		}
	}
	return entries
}

// pathEntries are a path map's entries, sorted by host and base path.
//
// NGINX ignores case when it compares a map's strings. A route found that way
// is only a candidate, whose base path is compared once more; and where base
// paths differ in nothing but case, the entries are regular expressions.
func (t *routeTable) pathEntries(routes []topology.Route) []MapEntry {
	slices.SortFunc(routes, func(a, b topology.Route) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.BasePath, b.BasePath))
	})
	key := func(r topology.Route) string { return string(r.Host) + string(r.BasePath) }
	folded := make(map[string]int, len(routes))
	for _, r := range routes {
		folded[strings.ToLower(key(r))]++
	}
	entries := make([]MapEntry, 0, len(routes))
	for _, r := range routes {
		value := quoted(t.record(r))
		if folded[strings.ToLower(key(r))] > 1 {
			entries = append(entries, pattern("^"+regexp.QuoteMeta(key(r))+"$", value))
			continue
		}
		entries = append(entries, literal(key(r), value))
	}
	return entries
}

// record is a route as routing.conf's $portico_row takes it apart: base path,
// API, stage and path, verbs (* for all), the location that forwards it where
// that is not the default one (behind a question mark and a number where narrower
// rows are below it), options, and the host where it is a wildcard. No field can
// hold the separator. The options are "cors", and the domain of the
// API's region where it is not the common one, with a comma between them.
func (t *routeTable) record(r topology.Route) string {
	methods, place, wildcard := "*", "", ""
	if r.Methods != nil {
		verbs := make([]string, 0, len(r.Methods))
		for _, m := range r.Methods {
			verbs = append(verbs, string(m))
		}
		methods = strings.Join(verbs, ", ")
	}
	var options []string
	if r.CORS {
		options = append(options, "cors")
	}
	if region := regionDomain(r); region != t.region {
		options = append(options, region)
	}
	if r.Host.IsWildcard() {
		wildcard = string(r.Host)
	}
	if name := forwardingOf(r).name(); name != "" {
		place = "//" + name
	}
	if number, found := t.narrower.below(r); found {
		place = fmt.Sprintf("?%d%s", number, place)
	}
	return strings.Join([]string{
		string(r.BasePath), string(r.API.ID), "/" + string(r.API.Stage) + string(r.API.Path), methods,
		place, strings.Join(options, ","), wildcard,
	}, "|")
}

// baseVariable is the beginning of the request's path, of that many segments,
// as base paths are written: unreserved characters decoded.
func baseVariable(depth int) string { return depthVariable("$portico_base", depth) }

// rawVariable is the same as it was sent; reading baseVariable sets it.
func rawVariable(depth int) string { return depthVariable("$portico_raw", depth) }

func depthVariable(prefix string, depth int) string {
	if depth == 0 {
		return ""
	}
	return fmt.Sprintf("%s_%d", prefix, depth)
}

func foundVariable(depth int) string { return fmt.Sprintf("$portico_found_%d", depth) }
