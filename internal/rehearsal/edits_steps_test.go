package rehearsal

import (
	"regexp"

	"github.com/portico-iac/portico/mapping"
)

// refusal is a reason for which the programs refuse an edit. Their message names the
// steps that lead there.
type refusal struct {
	// pattern is of the message; its group is the host.
	pattern *regexp.Regexp
	// first has the host's rows of the mapping before served by nginx, alone says instead
	// by the front door that the mapping after wants, and then has the rows of the mapping
	// after served by nginx before they come to the front door that they want.
	first, alone, then bool
}

var refusals = []refusal{
	{
		pattern: regexp.MustCompile(`requests for (\S+), which \w+ serves, .* have the host served by nginx first \(change FRONT_DOOR alone\), change the rows then, and FRONT_DOOR back at last`),
		first:   true, then: true,
	},
	{
		pattern: regexp.MustCompile(`(\S+) is served by \w+ and has no row of its own .* leave the host's rows in the mapping, have the host served by nginx first \(FRONT_DOOR\), and take them out then`),
		first:   true,
	},
	{
		pattern: regexp.MustCompile(`requests for (\S+) are answered by the row of a wildcard host, .* have the host served by nginx first, by the same row with FRONT_DOOR: nginx`),
		then:    true,
	},
	{
		pattern: regexp.MustCompile(`(?s)host (\S+) is still served by \w+, which can't carry its rows any more.* change FRONT_DOOR alone, and the rest once the host has left its earlier front door`),
		alone:   true,
	},
	{
		pattern: regexp.MustCompile(`(\S+) is served by \w+ from a custom domain of account .* leave ACCOUNT and PRIVATE_API_URL as they were, have the host served by nginx first, and change them then`),
		first:   true,
	},
}

// refusalOf is the first reason for which an edit was refused, by the programs' message;
// empty: it wasn't.
func refusalOf(message string) string {
	for _, r := range refusals {
		if r.pattern.MatchString(message) {
			return r.pattern.String()
		}
	}
	return ""
}

// stepsOf are the states that lead to the one after a refused edit, as the messages have
// them; the last is that one.
func stepsOf(edit drawnEdit, refused string) []drawnState {
	first, then := edit.Before.clone(), edit.After.clone()
	wanted := map[string]mapping.FrontDoor{}
	for _, row := range edit.After.Rows {
		if !row.Retired {
			wanted[row.Host] = row.FrontDoor
		}
	}
	at := func(s *drawnState, host string, frontDoor mapping.FrontDoor) {
		for i := range s.Rows {
			if s.Rows[i].Host == host {
				s.Rows[i].FrontDoor = frontDoor
			}
		}
	}
	for _, r := range refusals {
		for _, match := range r.pattern.FindAllStringSubmatch(refused, -1) {
			host := match[1]
			if r.first {
				at(&first, host, mapping.FrontDoorNGINX)
			}
			if r.alone {
				at(&first, host, wanted[host])
			}
			if r.then {
				at(&then, host, mapping.FrontDoorNGINX)
			}
		}
	}
	var steps []drawnState
	before := edit.Before
	for _, step := range []drawnState{first, then, edit.After} {
		if !step.equal(before) {
			steps = append(steps, step)
			before = step
		}
	}
	return steps
}
