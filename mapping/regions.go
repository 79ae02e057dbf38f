package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// regionRows are a mapping's rows of one region, but for retired ones.
type regionRows struct {
	region string
	rows   int
	first  *Row
}

func (m *Mapping) regions() []regionRows {
	byName := map[string]*regionRows{}
	for i := range m.Rows {
		row := &m.Rows[i]
		if row.Retired {
			continue
		}
		if byName[row.API.Region] == nil {
			byName[row.API.Region] = &regionRows{region: row.API.Region, first: row}
		}
		byName[row.API.Region].rows++
	}
	var all []regionRows
	for _, r := range byName {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b regionRows) int { return cmp.Compare(a.first.Index, b.first.Index) })
	return all
}

// Regions are the regions of the mapping's APIs, in the order of their first
// rows. Retired rows don't count. An environment has one: its endpoints reach APIs
// of their own region only.
func (m *Mapping) Regions() []string {
	var names []string
	for _, r := range m.regions() {
		names = append(names, r.region)
	}
	return names
}

// regionWarnings report each region after the first: no shared stack takes a
// mapping of several.
func (m *Mapping) regionWarnings() Errors {
	regions := m.regions()
	if len(regions) < 2 {
		return nil
	}
	var counted []string
	for _, r := range regions {
		rows := "1 row"
		if r.rows > 1 {
			rows = fmt.Sprintf("%d rows, the first", r.rows)
		}
		counted = append(counted, fmt.Sprintf("%s (%s %s)", r.region, rows, r.first.onLine()))
	}
	var warnings Errors
	for _, r := range regions[1:] {
		warnings = append(warnings, &Error{
			File: r.first.Pos.File, Line: r.first.Pos.Line, Column: r.first.Pos.Column, Path: r.first.Path() + ".PRIVATE_API_URL", row: r.first.Index,
			Message: fmt.Sprintf("the mapping has rows of %d regions, %s; a shared stack takes rows of its own region, portico:aws.region, and refuses a mapping that has others",
				len(regions), strings.Join(counted, ", ")),
			Fix: "put the rows of " + r.region + " into a mapping and an environment of their own, or correct the URL",
		})
	}
	return warnings
}
