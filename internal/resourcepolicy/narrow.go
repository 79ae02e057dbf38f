package resourcepolicy

import (
	"slices"
	"strings"
)

// narrowPath is a path of an API that a row of a host holds to fewer methods
// than a wider row of the same host does: of shop/v1 -> api/prod and
// shop/v1/admin -> api/prod/admin, with GET alone, /admin of prod. Requests for
// it are the narrower row's, since the longest base path wins; so the methods
// that it doesn't have are no row's, although the wider row's ARNs cover them.
type narrowPath struct {
	stage, path string
	methods     []string // to be denied, sorted
	// spelled are patterns of paths that API Gateway or an API may read as the
	// path.
	spelled []string
}

// narrowPaths finds them among the rows of one host. Each set of rows is a
// mapping that the proxy may be serving: what one of them admits isn't denied.
func narrowPaths(sets ...[]Grant) []narrowPath {
	var routed []routes
	var candidates []node
	for _, rows := range sets {
		r := newRoutes(rows)
		routed = append(routed, r)
		candidates = append(candidates, r.narrower()...)
	}
	slices.SortFunc(candidates, node.compare)
	var found []narrowPath
	for _, at := range slices.Compact(candidates) {
		var denied []string
		for _, method := range methods {
			covered := slices.ContainsFunc(routed, func(r routes) bool { return r.covers(at, method) })
			admitted := slices.ContainsFunc(routed, func(r routes) bool { return r.admitsBelow(at, method) })
			if covered && !admitted {
				denied = append(denied, method)
			}
		}
		if len(denied) > 0 {
			found = append(found, narrowPath{at.stage, at.path, denied, at.spellings(routed)})
		}
	}
	return found
}

// node is a path of a stage.
type node struct{ stage, path string }

func (n node) compare(other node) int {
	if order := strings.Compare(n.stage, other.stage); order != 0 {
		return order
	}
	return strings.Compare(n.path, other.path)
}

// routes are the rows of a host as the proxy routes them.
type routes struct {
	byBase map[string]bool
	byNode map[node][]Grant
}

func newRoutes(rows []Grant) routes {
	r := routes{byBase: map[string]bool{}, byNode: map[node][]Grant{}}
	for _, g := range rows {
		at := node{g.Stage, g.Path}
		r.byBase[g.BasePath] = true
		r.byNode[at] = append(r.byNode[at], g)
	}
	return r
}

// narrower are the paths of rows that lie below another row by their base path
// and by the API's path alike.
func (r routes) narrower() []node {
	var found []node
	for at, rows := range r.byNode {
		for _, row := range rows {
			if r.wider(row) {
				found = append(found, at)
			}
		}
	}
	return found
}

func (r routes) wider(row Grant) bool {
	for i := len(row.Path) - 1; i >= 0; i-- {
		if row.Path[i] != '/' {
			continue
		}
		base, below := strings.CutSuffix(row.BasePath, row.Path[i:])
		if !below {
			return false
		}
		if slices.ContainsFunc(r.byNode[node{row.Stage, row.Path[:i]}], func(other Grant) bool { return other.BasePath == base }) {
			return true
		}
	}
	return false
}

// covers reports whether the ARNs of a row cover a method of a path.
func (r routes) covers(at node, method string) bool {
	return r.above(at, func(row Grant, _ string) bool { return row.has(method) })
}

// admits reports whether a request for a path can come by a row that has the
// method: the longest base path wins.
func (r routes) admits(at node, method string) bool {
	return r.above(at, func(row Grant, below string) bool {
		return row.has(method) && !r.shadowed(row.BasePath, below)
	})
}

// shadowed reports whether a longer base path takes the requests for what
// follows a base path.
func (r routes) shadowed(base, below string) bool {
	for i := 1; i <= len(below); i++ {
		if (i == len(below) || below[i] == '/') && r.byBase[base+below[:i]] {
			return true
		}
	}
	return false
}

// admitsBelow reports whether a path, or one below it, is admitted: a Deny of a
// path reaches everything below it.
func (r routes) admitsBelow(at node, method string) bool {
	if r.admits(at, method) {
		return true
	}
	for other := range r.byNode {
		if other.stage == at.stage && strings.HasPrefix(other.path, at.path+"/") && r.admits(other, method) {
			return true
		}
	}
	return false
}

// above asks the rows whose path holds another; below is what follows the row's
// path in it.
func (r routes) above(at node, ask func(row Grant, below string) bool) bool {
	for i := 0; i <= len(at.path); i++ {
		if i < len(at.path) && at.path[i] != '/' {
			continue
		}
		for _, row := range r.byNode[node{at.stage, at.path[:i]}] {
			if ask(row, at.path[i:]) {
				return true
			}
		}
	}
	return false
}

func (g Grant) has(method string) bool { return g.Methods == nil || slices.Contains(g.Methods, method) }

// arns are the patterns of the path and what is below it; with spellings, of
// what API Gateway or an API may read as the path too.
func (n narrowPath) arns(prefix string, spellings bool) []string {
	var arns []string
	tails := []string{n.path, n.path + "/*"}
	if spellings {
		tails = append(tails, n.spelled...)
	}
	for _, method := range n.methods {
		for _, tail := range tails {
			arns = append(arns, prefix+n.stage+"/"+method+tail)
		}
	}
	return arns
}

// spellings are what patterns can say and no row has as its path: a
// parameter of the last segment (RFC 3986, 3.3), an encoded slash behind it, a
// slash doubled, the last segment in capitals.
func (n node) spellings(routed []routes) []string {
	all := []string{n.path + ";*", n.path + "%2F*", n.path + "%2f*"}
	add := func(path string) { all = append(all, path, path+"/*") }
	for i := range n.path {
		if n.path[i] == '/' {
			add(n.path[:i] + "/" + n.path[i:])
		}
	}
	last := strings.LastIndexByte(n.path, '/') + 1
	parent, segment := n.path[:last], n.path[last:]
	if !strings.Contains(segment, "%") {
		add(parent + strings.ToUpper(segment))
		add(parent + strings.ToUpper(segment[:1]) + segment[1:])
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(tail string) bool {
		return tail == n.path || tail == n.path+"/*" || slices.ContainsFunc(routed, func(r routes) bool { return r.names(n.stage, tail) })
	})
}

// names reports whether the path of a row is one that a pattern matches.
func (r routes) names(stage, pattern string) bool {
	tree, isTree := strings.CutSuffix(pattern, "*")
	for at := range r.byNode {
		if at.stage == stage && (at.path == pattern || isTree && strings.HasPrefix(at.path+"/", tree)) {
			return true
		}
	}
	return false
}
