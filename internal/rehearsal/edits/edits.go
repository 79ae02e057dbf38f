// Package edits judges what clients are answered while a mapping is edited
// (docs/design/changes.md): no request that both mappings allow is refused. It shares no
// code with the program that it judges, but for the rows.
package edits

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// Edit is the change of a mapping from some rows to others.
type Edit struct{ Before, After []mapping.Row }

// Request is what a client asks for. Path begins with a slash and has no escapes.
type Request struct {
	Host   mapping.Host
	Path   string
	Method mapping.Method
}

// String is such as "GET a.example.com/v1".
func (r Request) String() string { return fmt.Sprintf("%s %s%s", r.Method, r.Host, r.Path) }

// Place is where a request is answered: an API's stage, and the path that follows the
// stage.
type Place struct {
	API   mapping.APIID
	Stage mapping.Stage
	Path  string
}

// String is such as "abc123/dev/pets".
func (p Place) String() string { return fmt.Sprintf("%s/%s%s", p.API, p.Stage, p.Path) }

// Answer is what a client got.
type Answer struct {
	// Place answered; nil: the request was refused, or nothing answered.
	Place *Place
	// Refusal says how it was refused.
	Refusal string
}

func (a Answer) String() string {
	if a.Place == nil {
		return "refused: " + a.Refusal
	}
	return "answered by " + a.Place.String()
}

// Moment is when a request was made.
type Moment int

const (
	// During is from the edit until the update that brings it up has ended, and its
	// last changes are in effect.
	During Moment = iota
	// Ended is after that.
	Ended
)

// Judge holds an answer to the three rules. Its error says which one it breaks:
//
//  1. Where both mappings allow the request and lead it to one place, that place answers.
//  2. Where they lead it to two, one of the two answers.
//  3. Where one of them allows it, the request is refused or answered by that one's place.
//
// What neither allows is refused. When the update has ended, the mapping after it alone
// counts.
func (e Edit) Judge(r Request, a Answer, at Moment) error {
	before, after := Lead(e.Before, r), Lead(e.After, r)
	if at == Ended {
		before = after
	}
	switch {
	case a.Place != nil && (before != nil && *a.Place == *before || after != nil && *a.Place == *after):
		return nil
	case a.Place == nil && (before == nil || after == nil):
		return nil
	}
	return fmt.Errorf("%s is %s: %s", r, a, e.demand(before, after, at))
}

func (e Edit) demand(before, after *Place, at Moment) string {
	switch {
	case at == Ended && after == nil:
		return "the mapping refuses it"
	case at == Ended:
		return "the mapping leads it to " + after.String()
	case before == nil && after == nil:
		return "both mappings refuse it"
	case before == nil:
		return "the mapping before refuses it, the one after leads it to " + after.String()
	case after == nil:
		return "the mapping before leads it to " + before.String() + ", the one after refuses it"
	case *before == *after:
		return "both mappings lead it to " + before.String()
	}
	return "the mapping before leads it to " + before.String() + ", the one after to " + after.String()
}

// Lead is where rows lead a request; nil: they refuse it. A host that has rows is
// answered by them alone, any other by those of the wildcard one label up. Of a host's
// rows the one with the longest base path answers that ends at a segment's end.
func Lead(rows []mapping.Row, r Request) *Place {
	var found *mapping.Row
	name := r.Host
	if !slices.ContainsFunc(rows, func(row mapping.Row) bool { return row.Host == name && !row.Retired }) {
		_, parent, _ := strings.Cut(string(name), ".")
		name = mapping.Host("*." + parent)
	}
	for i := range rows {
		row := &rows[i]
		if row.Host != name || row.Retired || !below(r.Path, string(row.BasePath)) {
			continue
		}
		if found == nil || len(row.BasePath) > len(found.BasePath) {
			found = row
		}
	}
	if found == nil || found.Methods != nil && !slices.Contains(found.Methods, r.Method) {
		return nil
	}
	path := string(found.API.Path) + strings.TrimPrefix(r.Path, string(found.BasePath))
	if path == "" {
		path = "/"
	}
	return &Place{API: found.API.ID, Stage: found.API.Stage, Path: path}
}

func below(path, base string) bool {
	return base == "" || path == base || strings.HasPrefix(path, base+"/")
}
