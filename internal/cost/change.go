package cost

import (
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// Change is a line that differs between two bills. A line that only one of them has
// costs nothing in the other.
type Change struct {
	FrontDoor     mapping.FrontDoor
	What          string
	Before, After Item
}

// USD is what the change adds to the bill a month; negative: what it saves.
func (c Change) USD() float64 { return c.After.USD - c.Before.USD }

// Changes are the lines that differ, in the order of the bill after the change, and
// then those that are gone.
func Changes(before, after Bill) []Change {
	var changes []Change
	for _, item := range after {
		old := before.line(item)
		if old.Count != item.Count || cents(old.USD) != cents(item.USD) {
			changes = append(changes, Change{item.FrontDoor, item.What, old, item})
		}
	}
	for _, item := range before {
		if after.line(item).What == "" {
			changes = append(changes, Change{FrontDoor: item.FrontDoor, What: item.What, Before: item})
		}
	}
	return changes
}

// line is the bill's line about the same as another bill's; the zero Item: it has none.
func (b Bill) line(like Item) Item {
	i := slices.IndexFunc(b, func(item Item) bool { return item.FrontDoor == like.FrontDoor && item.What == like.What })
	if i < 0 {
		return Item{}
	}
	return b[i]
}
