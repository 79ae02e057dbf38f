package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// Warnings are what a valid mapping can't promise, in the order of its rows.
//
// Rows of several regions are valid, and no shared stack takes them all.
//
// A row below a wider one of the same API and stage, by base path and by API
// path alike, holds its path to fewer verbs only as far as everyone reads paths
// as the proxy does: shop/v1 -> api/prod with all verbs, and
// shop/v1/admin -> api/prod/admin with GET.
func (m *Mapping) Warnings() Errors {
	served := map[route]*Row{}
	for i := range m.Rows {
		if row := &m.Rows[i]; !row.Retired {
			served[routeOf(row, row.BasePath, row.API.Path)] = row
		}
	}
	warnings := m.regionWarnings()
	for i := range m.Rows {
		row := &m.Rows[i]
		if row.Retired || row.Methods == nil {
			continue
		}
		if wider, missing := widerRow(row, served); wider != nil {
			warnings = append(warnings, narrowerWarning(row, wider, missing))
		}
	}
	return warnings.sort()
}

// route is a base path of a host and where it leads.
type route struct {
	host   Host
	base   BasePath
	region string
	api    APIID
	stage  Stage
	path   APIPath
}

func routeOf(row *Row, base BasePath, path APIPath) route {
	return route{row.Host, base, row.API.Region, row.API.ID, row.API.Stage, path}
}

// widerRow is the nearest row above a row by base path and by API path that has
// verbs which the row lacks.
func widerRow(row *Row, served map[route]*Row) (wider *Row, missing []Method) {
	path := string(row.API.Path)
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != '/' {
			continue
		}
		base, mirrored := strings.CutSuffix(string(row.BasePath), path[i:])
		if !mirrored {
			return nil, nil
		}
		if above := served[routeOf(row, BasePath(base), APIPath(path[:i]))]; above != nil {
			if missing := lacking(row, above); len(missing) > 0 {
				return above, missing
			}
		}
	}
	return nil, nil
}

// lacking are the verbs that a row lacks of another's.
func lacking(row, other *Row) []Method {
	verbs := other.Methods
	if verbs == nil {
		verbs = AllMethods
	}
	return slices.DeleteFunc(slices.Clone(verbs), func(method Method) bool { return slices.Contains(row.Methods, method) })
}

func narrowerWarning(row, wider *Row, missing []Method) *Error {
	names := make([]string, len(missing))
	for i, method := range missing {
		names[i] = string(method)
	}
	place := ""
	if wider.Pos.Line > 0 {
		place = " of " + wider.lineAt(wider.Pos.Line, "")
	}
	return &Error{
		Team: row.Team, File: row.Pos.File, Line: row.Pos.Line, Column: row.Pos.Column, Path: row.Path() + ".VERBS", row: row.Index,
		Message: fmt.Sprintf("%s%s has %s for the same stage, and an API can be asked for them by a spelling of %s that it understands and Portico doesn't refuse, such as one in letters of another alphabet",
			wider.Path(), place, strings.Join(names, ", "), row.BasePath),
		Fix: "don't rest a protection on this row: let the API refuse those verbs itself, or give both rows the same VERBS",
	}
}
