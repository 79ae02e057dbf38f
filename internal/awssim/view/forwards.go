package view

import (
	"slices"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// TargetsOf is the ARNs of the target groups that a listener, by its default
// actions, or a rule forwards to, each once.
func TargetsOf(from engine.Object) []string {
	var arns []string
	for _, actions := range []string{"defaultActions[]", "actions[]"} {
		for _, path := range []string{actions + ".targetGroupArn", actions + ".forward.targetGroups[].arn"} {
			for _, at := range engine.ValuesAt(from, path) {
				if arn, ok := at.Value.(string); ok && arn != "" && !slices.Contains(arns, arn) {
					arns = append(arns, arn)
				}
			}
		}
	}
	return arns
}

// HostsOf is the host patterns of a rule.
func HostsOf(rule engine.Object) []string {
	var hosts []string
	for _, at := range engine.ValuesAt(rule, "conditions[].hostHeader.values[]") {
		if host, ok := at.Value.(string); ok && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
