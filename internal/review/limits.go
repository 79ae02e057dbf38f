package review

import (
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/resourcepolicy"
)

// Limit is how much of a quota is used.
type Limit struct {
	What               string
	Before, After, Max int
	// Of names what has the limit after the change, where it is not the
	// environment as a whole.
	Of string
}

// Near reports whether at least four fifths of the quota are used.
func (l Limit) Near() bool { return 5*l.After >= 4*l.Max }

// compareLimits is how much of each quota is used after the change, and how much
// of the same was used before.
func compareLimits(base, head side) ([]Limit, error) {
	before, err := base.topology.Usage(base.Options)
	if err != nil {
		return nil, err
	}
	after, err := head.topology.Usage(head.Options)
	if err != nil {
		return nil, err
	}
	var limits []Limit
	for _, u := range after {
		l := Limit{What: u.What, After: u.Used, Max: u.Max, Of: u.Of}
		for _, old := range before {
			if old.What == u.What {
				l.Before = old.Used
			}
		}
		limits = append(limits, l)
	}
	return append(limits, policyLimit(base, head)), nil
}

// policyLimit is the limit of the API which uses most of its quota. Quotas differ by
// stack, so the fullest policy need not be the longest.
func policyLimit(base, head side) Limit {
	l := Limit{What: "characters of an API's resource policy", Max: resourcepolicy.DefaultMaxSize}
	for _, key := range slices.SortedFunc(maps.Keys(head.policies), compareKeys) {
		p := head.policies[key]
		if l.Of == "" || p.size*l.Max > l.After*p.max {
			l.After, l.Max, l.Of = p.size, p.max, "API "+string(p.api.ID)
		}
	}
	for _, p := range base.policies {
		l.Before = max(l.Before, p.size)
	}
	return l
}
