package resourcepolicy

import (
	"fmt"
	"slices"
	"strings"
)

// maxNamedRows bounds the rows that a notice names.
const maxNamedRows = 5

// refusals reports which statements of the owner's deny requests of rows. They
// stay, since they are the owner's; the rows can't work until the owner changes
// them.
func (w *writer) refusals() []string {
	owner := w.parts.owner
	var requests []rowRequest
	var notices []string
	for i, s := range owner.statements {
		if s["Effect"] != "Deny" {
			continue
		}
		if requests == nil {
			requests = w.rowRequests()
		}
		certain, possible := refused{}, refused{}
		for _, q := range requests {
			switch v := q.denial(s, owner.members["Version"]); v.denies {
			case yes:
				certain.add(q, v)
			case may:
				possible.add(q, v)
			case no:
			}
		}
		name := statementName(i, s) + " of the owner's policy "
		if known, ok := onlyEndpoints(s["Condition"]); ok && certain.wholly() {
			notices = append(notices, name+certain.byEndpoint(known))
			continue
		}
		if len(certain.requests) > 0 {
			notices = append(notices, name+"denies "+certain.rows(requests)+certain.reason()+certain.remedy())
		}
		if len(possible.requests) > 0 {
			notices = append(notices, name+"may deny "+possible.rows(requests)+possible.undecidedConditions()+possible.remedy())
		}
	}
	return notices
}

// refused are requests that a statement denies.
type refused struct {
	requests           []rowRequest
	extents            []extent
	undecided, missing []string
}

func (r *refused) add(q rowRequest, v verdict) {
	r.requests, r.extents = append(r.requests, q), append(r.extents, v.extent)
	r.undecided, r.missing = append(r.undecided, v.undecided...), append(r.missing, v.missing...)
}

// wholly reports whether all that is denied is denied with every path.
func (r *refused) wholly() bool {
	return len(r.requests) > 0 && !slices.Contains(r.extents, some)
}

func (r *refused) endpoints() []string {
	var ids []string
	for _, q := range r.requests {
		ids = append(ids, q.endpoint)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func itOrThem(items []string) string {
	if len(items) > 1 {
		return "them"
	}
	return "it"
}

// byEndpoint describes a denial of whatever doesn't come from known endpoints.
func (r *refused) byEndpoint(known []string) string {
	endpoints := r.endpoints()
	return fmt.Sprintf("denies what doesn't come from %s: requests through %s get 403 until the owner adds %s there: %s",
		strings.Join(known, ", "), strings.Join(endpoints, ", "), itOrThem(endpoints), r.rows(r.requests))
}

// reason names the conditions that hold because requests lack a key.
func (r *refused) reason() string {
	missing := distinct(r.missing)
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf(": %s holds of requests that don't have the key, and these don't", strings.Join(missing, ", "))
}

// undecidedConditions names the conditions that can't be decided beforehand.
func (r *refused) undecidedConditions() string {
	undecided := distinct(r.undecided)
	if len(undecided) == 0 {
		return ": that depends on who the caller is"
	}
	return ": that depends on " + strings.Join(undecided, ", ")
}

func (r *refused) remedy() string {
	endpoints := r.endpoints()
	return fmt.Sprintf(": such requests get 403 until the owner excepts %s there (StringNotEquals aws:SourceVpce)", strings.Join(endpoints, ", "))
}

func distinct(items []string) []string {
	items = slices.Clone(items)
	slices.Sort(items)
	return slices.Compact(items)
}

// rows names the rows, in their order: as a whole, or the methods that are
// denied, or that some of their paths are.
func (r *refused) rows(requests []rowRequest) string {
	type row struct {
		name    string
		methods []string
		partly  bool
	}
	var rows []row
	at := map[string]int{}
	for i, q := range r.requests {
		name := q.row()
		if _, seen := at[name]; !seen {
			at[name] = len(rows)
			rows = append(rows, row{name: name})
		}
		found := &rows[at[name]]
		found.partly = found.partly || r.extents[i] == some
		if !slices.Contains(found.methods, q.method) {
			found.methods = append(found.methods, q.method)
		}
	}
	all := map[string][]string{}
	for _, q := range requests {
		name := q.row()
		if !slices.Contains(all[name], q.method) {
			all[name] = append(all[name], q.method)
		}
	}
	var named []string
	for i, row := range rows {
		if i == maxNamedRows {
			named = append(named, fmt.Sprintf("and %d more rows", len(rows)-maxNamedRows))
			break
		}
		text := row.name
		if len(row.methods) < len(all[row.name]) {
			text = strings.Join(row.methods, ", ") + " of " + text
		}
		if row.partly {
			text = "some paths of " + text
		}
		named = append(named, text)
	}
	return strings.Join(named, ", ")
}

// onlyEndpoints are the values of a condition that is StringNotEquals on
// aws:SourceVpce and nothing else.
func onlyEndpoints(condition any) ([]string, bool) {
	operators, _ := condition.(map[string]any)
	keys, _ := operators["StringNotEquals"].(map[string]any)
	if len(operators) != 1 || len(keys) != 1 {
		return nil, false
	}
	for key, value := range keys {
		if strings.EqualFold(key, sourceVPCE) {
			return texts(value), true
		}
	}
	return nil, false
}
