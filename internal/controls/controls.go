package controls

import (
	"fmt"
	"strings"
)

// Verdict is whether a control is met.
type Verdict string

const (
	// Met is the verdict on a control that every resource meets.
	Met Verdict = "met"
	// NotMet is the verdict on a control that a resource fails for a reason that no
	// setting changes.
	NotMet Verdict = "not met"
	// ByKey is the verdict on a control that a resource fails until a setting is
	// changed.
	ByKey Verdict = "key"
)

// Control is a control and what a stack makes of it.
type Control struct {
	// ID is Security Hub's, such as "ELB.6".
	ID string `json:"id"`
	// Title is Security Hub's.
	Title   string  `json:"title"`
	Verdict Verdict `json:"verdict"`
	// Why names what fails the control and the reason, or what meets it.
	Why string `json:"why"`
	// Key is the setting that meets the control, with its value, for ByKey; empty
	// otherwise.
	Key string `json:"key"`
}

// rule judges the resources of some types by one control.
type rule struct {
	id, title string
	// of are the types of the resources that it is about. A control that is about no
	// resource of a stack is left out.
	of []string
	// only leaves out resources that the control isn't about; nil: none.
	only func(Resource) bool
	// fault is what is wrong with a resource; empty: nothing is.
	fault func(r Resource, all inventory) string
	// met is what meets the control, in words.
	met string
	// key is the setting that meets it; empty: none does, for the reason because.
	key, because string
}

// inventory are a stack's resources by their types.
type inventory map[string][]Resource

// Judge gives the verdicts on all controls that bear on the resources, in the order
// of Security Hub's services and numbers.
func Judge(resources []Resource) []Control {
	all := inventory{}
	for _, r := range resources {
		all[r.Type] = append(all[r.Type], r)
	}
	var controls []Control
	for _, rule := range rules {
		if control, bears := rule.judge(all); bears {
			controls = append(controls, control)
		}
	}
	return controls
}

func (rule rule) judge(all inventory) (Control, bool) {
	var faults []string
	judged := 0
	for _, kind := range rule.of {
		for _, r := range all[kind] {
			if rule.only != nil && !rule.only(r) {
				continue
			}
			judged++
			if fault := rule.fault(r, all); fault != "" {
				faults = append(faults, r.Name+" "+fault)
			}
		}
	}
	c := Control{ID: rule.id, Title: rule.title, Verdict: Met, Why: rule.met}
	switch {
	case len(faults) == 0:
	case rule.key != "":
		c.Verdict, c.Key, c.Why = ByKey, rule.key, strings.Join(shown(faults), "; ")
	default:
		c.Verdict, c.Why = NotMet, strings.Join(shown(faults), "; ")+": "+rule.because
	}
	return c, judged > 0
}

// shown are the first faults, and how many more there are.
func shown(faults []string) []string {
	const most = 3
	if len(faults) <= most {
		return faults
	}
	return append(faults[:most:most], fmt.Sprintf("%d more", len(faults)-most))
}
