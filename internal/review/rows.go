package review

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/portico-iac/portico/mapping"
)

// RowKind is what becomes of a row.
type RowKind string

// The kinds, in the order in which a review lists them.
const (
	RowAdded RowKind = "added"
	// RowRepointed has another API, stage, path or account.
	RowRepointed RowKind = "re-pointed"
	// RowChanged has the same API, stage, path and account, and another value
	// beside them.
	RowChanged RowKind = "changed"
	RowRetired RowKind = "retired"
	RowRemoved RowKind = "removed"
	// RowForgotten was retired before and is taken out of the file.
	RowForgotten RowKind = "forgotten"
)

var rowKinds = []RowKind{RowAdded, RowRepointed, RowChanged, RowRetired, RowRemoved, RowForgotten}

// RowChange is a row that differs between the revisions.
type RowChange struct {
	Kind RowKind
	// Before is nil where the row is new, After where it is gone; a row that
	// is retired in the file counts as gone.
	Before, After *mapping.Row
	// Widened and Narrowed are the verbs that clients win and lose.
	Widened, Narrowed []mapping.Method
	// Fields are what else differs.
	Fields []FieldChange
}

// FieldChange is a field of a row that differs.
type FieldChange struct {
	Name          string
	Before, After string
	// FreeText says that the values are the file's text, of no grammar.
	FreeText bool
}

// frontDoorField is the name of the field FRONT_DOOR.
const frontDoorField = "front door"

// Row is the row as it is known last.
func (c *RowChange) Row() *mapping.Row {
	if c.After != nil {
		return c.After
	}
	return c.Before
}

// place is what a live row has alone among the live rows of its file.
type place struct {
	host mapping.Host
	base mapping.BasePath
}

// target is what a retired row has alone among the retired ones, mostly.
type target struct {
	place
	api mapping.PrivateAPI
}

type rowIndex struct {
	live    map[place]*mapping.Row
	retired map[target]*mapping.Row
}

func indexRows(rows []mapping.Row) rowIndex {
	x := rowIndex{map[place]*mapping.Row{}, map[target]*mapping.Row{}}
	for i := range rows {
		row := &rows[i]
		at := place{row.Host, row.BasePath}
		if row.Retired {
			x.retired[target{at, row.API}] = row
			continue
		}
		x.live[at] = row
	}
	return x
}

func compareRows(base, head []mapping.Row) []RowChange {
	before, after := indexRows(base), indexRows(head)
	var changes []RowChange
	for at, row := range after.live {
		if old, ok := before.live[at]; ok {
			if c, differs := compareRow(old, row); differs {
				changes = append(changes, c)
			}
			continue
		}
		changes = append(changes, RowChange{Kind: RowAdded, After: row, Widened: verbsOf(row)})
	}
	for at, row := range before.live {
		if _, stays := after.live[at]; stays {
			continue
		}
		kind := RowRemoved
		if _, ok := after.retired[target{at, row.API}]; ok {
			kind = RowRetired
		}
		changes = append(changes, RowChange{Kind: kind, Before: row, Narrowed: verbsOf(row)})
	}
	for at, row := range before.retired {
		_, stillRetired := after.retired[at]
		_, returned := after.live[at.place]
		if !stillRetired && !returned {
			changes = append(changes, RowChange{Kind: RowForgotten, Before: row})
		}
	}
	slices.SortFunc(changes, func(a, b RowChange) int {
		x, y := a.Row(), b.Row()
		return cmp.Or(
			cmp.Compare(slices.Index(rowKinds, a.Kind), slices.Index(rowKinds, b.Kind)),
			cmp.Compare(x.Host, y.Host), cmp.Compare(x.BasePath, y.BasePath),
			cmp.Compare(fmt.Sprint(x.API), fmt.Sprint(y.API)),
		)
	})
	return changes
}

func compareRow(before, after *mapping.Row) (RowChange, bool) {
	c := RowChange{Kind: RowChanged, Before: before, After: after}
	if before.API != after.API || before.Account != after.Account {
		c.Kind = RowRepointed
	}
	c.Widened = without(verbsOf(after), verbsOf(before))
	c.Narrowed = without(verbsOf(before), verbsOf(after))

	field := func(name, before, after string) {
		if before != after {
			c.Fields = append(c.Fields, FieldChange{Name: name, Before: before, After: after})
		}
	}
	field("account", string(before.Account), string(after.Account))
	field("CORS", yesNo(before.CORS), yesNo(after.CORS))
	field("timeout", seconds(before.Timeout), seconds(after.Timeout))
	field("endpoint access mode", string(before.AccessMode), string(after.AccessMode))
	field("stream", yesNo(before.Stream), yesNo(after.Stream))
	field("rewrite", yesNo(!before.NoRewrite), yesNo(!after.NoRewrite))
	field("auth", string(before.Auth), string(after.Auth))
	field(frontDoorField, string(before.FrontDoor), string(after.FrontDoor))
	field("public zone", string(before.PublicZone), string(after.PublicZone))
	text := func(name, before, after string) {
		if before != after {
			c.Fields = append(c.Fields, FieldChange{Name: name, Before: before, After: after, FreeText: true})
		}
	}
	text("description", before.Description, after.Description)
	text("owner", before.Owner, after.Owner)
	differs := c.Kind == RowRepointed || len(c.Widened)+len(c.Narrowed)+len(c.Fields) > 0
	return c, differs
}

// seconds is a timeout as the mapping file has it, with its unit.
func seconds(d time.Duration) string { return fmt.Sprintf("%d s", int(d.Seconds())) }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// verbsOf are the verbs that a row allows, spelled out.
func verbsOf(row *mapping.Row) []mapping.Method {
	if row.Methods == nil {
		return mapping.AllMethods
	}
	return row.Methods
}

// sameMethods compares what is allowed: a list of every verb and no list at
// all allow the same, but differ to the proxy and the policy.
func sameMethods(a, b []mapping.Method) bool {
	return (a == nil) == (b == nil) && slices.Equal(a, b)
}

// repointed are the hosts that stay and of which a row leads somewhere else.
func repointed(rows []RowChange, added []mapping.Host) []mapping.Host {
	var hosts []mapping.Host
	for _, c := range rows {
		if _, isNew := slices.BinarySearch(added, c.Row().Host); c.Kind == RowRepointed && !isNew {
			hosts = append(hosts, c.After.Host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
