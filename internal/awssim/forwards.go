package awssim

import "slices"

// targetsOf is the ARNs of the target groups that a listener, by its default
// actions, or a rule forwards to, each once.
func targetsOf(from Object) []string {
	var arns []string
	for _, actions := range []string{"defaultActions[]", "actions[]"} {
		for _, path := range []string{actions + ".targetGroupArn", actions + ".forward.targetGroups[].arn"} {
			for _, at := range valuesAt(from, path) {
				if arn, ok := at.value.(string); ok && arn != "" && !slices.Contains(arns, arn) {
					arns = append(arns, arn)
				}
			}
		}
	}
	return arns
}

// hostsOf is the host patterns of a rule.
func hostsOf(rule Object) []string {
	var hosts []string
	for _, at := range valuesAt(rule, "conditions[].hostHeader.values[]") {
		if host, ok := at.value.(string); ok && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
