package edits

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// otherLabel is a host's first label that no row names.
const otherLabel = "other"

// Requests are those whose answers the edit may change, and those beside them: for each
// host and base path of the two mappings a path below it, by each verb that a row names
// and one that none does. They are sorted. None is for the root of an API, where some
// have no method.
func (e Edit) Requests() []Request {
	hosts, paths, methods := map[mapping.Host]bool{}, map[string]bool{"/w": true}, map[mapping.Method]bool{"GET": true, "PATCH": true}
	for _, row := range slices.Concat(e.Before, e.After) {
		if rest, wildcard := strings.CutPrefix(string(row.Host), "*."); wildcard {
			hosts[mapping.Host(otherLabel+"."+rest)] = true
		} else {
			hosts[row.Host] = true
		}
		if row.BasePath != "" {
			paths[string(row.BasePath)+"/q"] = true
		}
		for _, method := range row.Methods {
			methods[method] = true
		}
	}
	var all []Request
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			for _, method := range slices.Sorted(maps.Keys(methods)) {
				all = append(all, Request{host, path, method})
			}
		}
	}
	return all
}

// Allowed reports whether both mappings allow a request: it must never be refused.
func (e Edit) Allowed(r Request) bool {
	return Lead(e.Before, r) != nil && Lead(e.After, r) != nil
}
