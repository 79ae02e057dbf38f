package main

import (
	"fmt"
	"strings"
)

// maxNamedHosts bounds the hosts that a cause names in text.
const maxNamedHosts = 10

// diagnosisText is what the doctor found, for a terminal: what is wrong with several
// hosts is written once, with all of them.
func diagnosisText(found grouped) string {
	var text strings.Builder
	for i, cause := range found.Causes {
		fmt.Fprintf(&text, "%d. %s: %s\n", i+1, cause.Step, cause.Problem)
		if cause.Account != "" {
			fmt.Fprintf(&text, "   where: %s, account %s\n", cause.Resource, cause.Account)
		}
		named := cause.Hosts[:min(len(cause.Hosts), maxNamedHosts)]
		more := ""
		if len(cause.Hosts) > len(named) {
			more = fmt.Sprintf(" and %d more", len(cause.Hosts)-len(named))
		}
		fmt.Fprintf(&text, "   hosts: %s%s\n   to do: %s\n", strings.Join(named, ", "), more, cause.Fix)
	}
	for _, one := range found.Unread {
		fmt.Fprintf(&text, "not read: %s: %s\n", one.Step, one.Why)
	}
	switch {
	case len(found.Causes) > 0:
	case len(found.Unread) > 0:
		text.WriteString("the doctor found nothing wrong in what it could read\n")
	default:
		text.WriteString("the doctor found nothing wrong\n")
	}
	return text.String()
}
