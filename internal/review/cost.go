package review

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/cost"
)

// CostChange is what the environment costs a month, before the change and after it.
type CostChange struct {
	// Before and After are the fixed cost in USD. Before is 0 without an environment.
	Before, After float64
	Changes       []cost.Change
	// TrafficAdded and TrafficRemoved are what requests cost after the change and
	// didn't before, and the other way round.
	TrafficAdded, TrafficRemoved []cost.Traffic
}

func compareCosts(base, head side) CostChange {
	before, after := base.bill(), head.bill()
	c := CostChange{Before: before.Total(), After: after.Total(), Changes: cost.Changes(before, after)}
	was, is := base.byTraffic(), head.byTraffic()
	c.TrafficAdded, c.TrafficRemoved = beside(is, was), beside(was, is)
	return c
}

func (s side) bill() cost.Bill {
	if s.Mapping == nil {
		return nil
	}
	return cost.Monthly(s.topology, s.Size)
}

func (s side) byTraffic() []cost.Traffic {
	if s.Mapping == nil {
		return nil
	}
	return cost.ByTraffic(s.topology, s.Size)
}

// beside are the members of a that b lacks.
func beside(a, b []cost.Traffic) []cost.Traffic {
	return slices.DeleteFunc(slices.Clone(a), func(part cost.Traffic) bool { return slices.Contains(b, part) })
}

// more is what the change adds to the fixed cost, in whole cents.
func (c CostChange) more() float64 { return math.Round(100*(c.After-c.Before)) / 100 }

// amount is what the change adds or saves, in words; empty: neither.
func (c CostChange) amount() string {
	switch more := c.more(); {
	case more > 0:
		return usd(more) + " a month more"
	case more < 0:
		return usd(-more) + " a month less"
	}
	return ""
}

// sentence says what the change costs; isNew: there is no environment before it.
func (c CostChange) sentence(isNew bool) string {
	switch amount := c.amount(); {
	case isNew:
		return fmt.Sprintf("The environment costs **%s a month**", usd(c.After))
	case amount != "":
		return fmt.Sprintf("This change costs **%s** (%s before, %s after)", amount, usd(c.Before), usd(c.After))
	}
	return fmt.Sprintf("The fixed cost stays the same, %s a month", usd(c.After))
}

func (r *Review) costSection() *section {
	c := r.Cost
	first, last := cost.PriceDates()
	head := fmt.Sprintf("\n#### Cost\n\n%s, by AWS's list prices of us-east-1, read between %s and %s, and without what traffic costs.\n",
		c.sentence(r.Base.Mapping == nil), first, last)
	if added := trafficList(c.TrafficAdded); added != "" {
		head += "\nTraffic adds: " + added + ".\n"
	}
	if removed := trafficList(c.TrafficRemoved); removed != "" {
		head += "\nTraffic no longer adds: " + removed + ".\n"
	}
	if len(c.Changes) == 0 {
		return single(head)
	}
	s := &section{head: head + "\n" + tableRow("part", "for", "before", "after", "a month") + "|---|---|--:|--:|--:|\n", things: "parts", rank: 1}
	for _, change := range c.Changes {
		frontDoor := "all"
		if change.FrontDoor != "" {
			frontDoor = code(change.FrontDoor)
		}
		s.items = append(s.items, tableRow(change.What, frontDoor, fmt.Sprint(change.Before.Count), fmt.Sprint(change.After.Count), signed(change.USD())))
	}
	return s
}

// trafficList names parts with what they are paid by.
func trafficList(parts []cost.Traffic) string {
	var names []string
	for _, part := range parts {
		name := part.What
		if part.FrontDoor != "" {
			name = code(part.FrontDoor) + ": " + name
		}
		if part.Price.USD > 0 {
			name += fmt.Sprintf(" ($%g a %s)", part.Price.USD, part.Price.Per)
		}
		names = append(names, name)
	}
	return strings.Join(names, "; ")
}

func usd(amount float64) string { return fmt.Sprintf("$%.2f", amount) }

// signed is an amount that is added or saved.
func signed(amount float64) string {
	if amount < 0 {
		return "−" + usd(-amount)
	}
	return "+" + usd(amount)
}
