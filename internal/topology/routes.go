package topology

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/mapping"
)

// Route sends the requests for a host and base path to an API's stage and path.
type Route struct {
	Host     mapping.Host
	BasePath mapping.BasePath
	API      mapping.PrivateAPI
	// Methods are the allowed methods, sorted; nil: every method.
	Methods []mapping.Method
	// CORS says that OPTIONS is allowed beside Methods.
	CORS bool
	// Timeout is the row's ReadTimeout, 1 to 300 seconds.
	Timeout time.Duration
	// NoRewrite says that answers pass as the API wrote them.
	NoRewrite bool
	// Strict says that the API's endpoint access mode is STRICT.
	Strict bool
	// Row is the row's index in the mapping, for messages.
	Row int
}

// Routes are the proxy's routes once every host has arrived at the front door
// that its rows name, ordered by host and base path.
func Routes(m *mapping.Mapping) []Route {
	return routes(sortRows(m, migration.WantedBy(m.Rows).Settled()).by[mapping.FrontDoorNGINX])
}

// Elsewhere are the hosts that only other front doors serve, or are to serve, though a
// wildcard host's route covers their names; sorted. The proxy must not answer for them: a
// row of the host itself says where its requests go. For a host of nginx whose rows are held
// the wildcard host's row does answer, until the account admits them.
func Elsewhere(m *mapping.Mapping, routes []Route) []string {
	routed := make(map[mapping.Host]bool, len(routes))
	for _, route := range routes {
		routed[route.Host] = true
	}
	var elsewhere []string
	for i := range m.Rows {
		row := &m.Rows[i]
		if !row.Retired && row.FrontDoor != mapping.FrontDoorNGINX && !routed[row.Host] && routed[row.Host.Wildcard()] {
			elsewhere = append(elsewhere, string(row.Host))
		}
	}
	slices.Sort(elsewhere)
	return slices.Compact(elsewhere)
}

func routes(rows []*mapping.Row) []Route {
	routes := make([]Route, 0, len(rows))
	for _, row := range rows {
		routes = append(routes, Route{
			Host:      row.Host,
			BasePath:  row.BasePath,
			API:       row.API,
			Methods:   row.Methods,
			CORS:      row.CORS,
			Timeout:   row.ReadTimeout(),
			NoRewrite: row.NoRewrite,
			Strict:    row.AccessMode == mapping.AccessModeStrict,
			Row:       row.Index,
		})
	}
	slices.SortFunc(routes, func(a, b Route) int {
		return compareRoute(a, b.Host, b.BasePath)
	})
	return routes
}

func compareRoute(r Route, host mapping.Host, base mapping.BasePath) int {
	return cmp.Or(cmp.Compare(r.Host, host), cmp.Compare(r.BasePath, base))
}

// Resolve is the route that answers a request; false: none does. The host is in
// lower case and without a port, the path as it was sent. A host that a row
// names exactly is answered by its own rows only; any other falls to the
// wildcard one label up. Of a host's rows the one with the longest base path
// that ends at a segment border wins. A percent-encoded unreserved character of
// the path is the character (RFC 3986, section 6.2.2.2).
//
// The proxy's configuration states the same rule in maps. Tests hold the two
// against each other.
func (t *Topology) Resolve(host, rawPath string) (*Route, bool) {
	name := mapping.Host(host)
	if _, elsewhere := slices.BinarySearch(t.Elsewhere, host); elsewhere {
		return nil, false
	}
	if _, exact := slices.BinarySearch(t.Hosts, name); !exact {
		name = name.Wildcard()
	}
	rawPath, _, _ = strings.Cut(rawPath, "?")
	rawPath = decodeUnreserved(rawPath)
	for base := strings.TrimSuffix(rawPath, "/"); ; base = base[:strings.LastIndexByte(base, '/')] {
		i, ok := slices.BinarySearchFunc(t.Routes, base, func(r Route, base string) int {
			return compareRoute(r, name, mapping.BasePath(base))
		})
		if ok {
			return &t.Routes[i], true
		}
		if base == "" || base[0] != '/' {
			return nil, false
		}
	}
}

// decodeUnreserved decodes the percent-encoded unreserved characters of a path.
func decodeUnreserved(path string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(path, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		var c byte
		if len(after) >= 2 {
			if n, err := strconv.ParseUint(after[:2], 16, 8); err == nil {
				c = byte(n)
			}
		}
		if c == 0 || !strings.ContainsRune("-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", rune(c)) {
			b.WriteByte('%')
			path = after
			continue
		}
		b.WriteByte(c)
		path = after[2:]
	}
}
