package nginxconf

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/topology"
)

// narrower finds rows that take fewer verbs than a wider row of the same host,
// API and stage, whose path theirs lies below. A request for the narrower row's
// path must not reach the API under the wider row because it is spelled in a way
// that the proxy reads as another path and the API as the same.
type narrower struct {
	// numbers are those of the sets of paths, each set as its paths joined by line
	// feeds. Many wider rows have the same.
	numbers map[string]int
	// sets are the paths below a wider row, by its host and base path.
	sets map[string]string
}

func newNarrower(routes []topology.Route) *narrower {
	n := &narrower{numbers: make(map[string]int), sets: make(map[string]string)}
	rows := make(map[string]topology.Route, len(routes))
	for _, r := range routes {
		rows[string(r.Host)+string(r.BasePath)] = r
	}
	// A wider row's base path ends before a slash of the narrower one's.
	below := make(map[string][]string)
	for _, other := range routes {
		for i := range other.BasePath {
			if other.BasePath[i] != '/' {
				continue
			}
			above := string(other.Host) + string(other.BasePath[:i])
			if wider, known := rows[above]; known {
				if path, found := pathOfNarrower(wider, other); found {
					below[above] = append(below[above], path)
				}
			}
		}
	}
	for above, paths := range below {
		slices.Sort(paths)
		n.sets[above] = strings.Join(paths, "\n")
		n.numbers[n.sets[above]] = 0
	}
	for i, set := range slices.Sorted(maps.Keys(n.numbers)) {
		n.numbers[set] = i
	}
	return n
}

// pathOfNarrower is what follows the wider row's base path in the other's, where
// that leads to the same resource under either row and the other takes fewer
// verbs.
func pathOfNarrower(wider, other topology.Route) (path string, found bool) {
	if wider.API.ID != other.API.ID || wider.API.Region != other.API.Region || wider.API.Stage != other.API.Stage {
		return "", false
	}
	path, below := strings.CutPrefix(string(other.BasePath), string(wider.BasePath))
	if !below || !strings.HasPrefix(path, "/") || string(other.API.Path) != string(wider.API.Path)+path {
		return "", false
	}
	if other.Methods == nil {
		return "", false
	}
	for _, m := range wider.Methods {
		if !slices.Contains(other.Methods, m) {
			return path, true
		}
	}
	return path, wider.Methods == nil
}

// below is the number of the set of narrower rows' paths below a row.
func (n *narrower) below(r topology.Route) (number int, found bool) {
	set, found := n.sets[string(r.Host)+string(r.BasePath)]
	return n.numbers[set], found
}

// spellings is the map that refuses odd spellings of narrower rows' paths. Its
// default is what NGINX takes where an expression fails, so that it refuses.
func (n *narrower) spellings() Map {
	m := Map{
		Comment: []string{
			"Where a request of a row goes that has narrower ones below it: on, unless its",
			"path is an odd spelling of theirs, which the API may read as the same, or has",
			"more empty segments, encodings or parameters than may be compared with every row.",
		},
		Source:   expression("$portico_narrower$portico_rest"),
		Variable: "$portico_location_of_wider",
		Default:  expression("//400"),
	}
	refuse := func(number int, spelled string) {
		m.Entries = append(m.Entries, patternFold(fmt.Sprintf(`^%d%s`, number, spelled), expression("//400")))
	}
	if len(n.numbers) > 0 {
		m.Entries = append(m.Entries, pattern(`^[0-9]++`+tooLong(), expression("//400")))
	}
	for _, set := range slices.Sorted(maps.Keys(n.numbers)) {
		paths := strings.Split(set, "\n")
		for _, shared := range sharedBeginnings(paths) {
			refuse(n.numbers[set], longBehind(shared))
		}
		for _, path := range paths {
			refuse(n.numbers[set], oddSpelling(path))
		}
	}
	m.Entries = append(m.Entries, pattern(`^`, expression("$portico_place_of_wider")))
	return m
}

// sharedBeginnings are the first segments that several of the paths have and none
// is, sorted. A path that is them is compared first, and ends the comparison.
func sharedBeginnings(paths []string) []string {
	count := make(map[string]int)
	for _, path := range paths {
		for i := 1; i < len(path); i++ {
			if path[i] == '/' {
				count[path[:i]]++
			}
		}
	}
	for _, path := range paths {
		delete(count, path)
	}
	maps.DeleteFunc(count, func(_ string, number int) bool { return number < 2 })
	return slices.Sorted(maps.Keys(count))
}
