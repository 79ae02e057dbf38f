package main

import (
	"fmt"
	"strings"

	"github.com/portico-iac/portico/internal/doctor"
)

// diagnosisText is what the doctor found, for a terminal: what is wrong with several
// hosts is written once, with all of them.
func diagnosisText(reports []*doctor.Report) string {
	var text strings.Builder
	order := []doctor.Cause{}
	hosts := map[doctor.Cause][]string{}
	for _, report := range reports {
		for _, cause := range report.Causes {
			if hosts[cause] == nil {
				order = append(order, cause)
			}
			hosts[cause] = append(hosts[cause], report.Host)
		}
	}
	for i, cause := range order {
		fmt.Fprintf(&text, "%d. %s: %s\n", i+1, cause.Step, cause.Problem)
		if cause.Account != "" {
			fmt.Fprintf(&text, "   where: %s, account %s\n", cause.Resource, cause.Account)
		}
		fmt.Fprintf(&text, "   hosts: %s\n   to do: %s\n", strings.Join(hosts[cause], ", "), cause.Fix)
	}
	unread := map[doctor.Unread]bool{}
	for _, report := range reports {
		for _, one := range report.Unread {
			if !unread[one] {
				unread[one] = true
				fmt.Fprintf(&text, "not read: %s: %s\n", one.Step, one.Why)
			}
		}
	}
	if len(order) == 0 {
		text.WriteString("the doctor found nothing wrong\n")
	}
	return text.String()
}
