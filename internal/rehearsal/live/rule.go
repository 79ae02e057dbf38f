package live

import (
	"net"
	"regexp"
	"strings"
)

// action is what a listener does with a request: it forwards it to a target
// group, unless the response is fixed.
type action struct {
	fixed *FixedResponse
	group TargetGroup
}

// rule is a listener rule that is ready to match.
type rule struct {
	hosts  []*regexp.Regexp
	action action
}

func newRule(described Rule) rule {
	r := rule{action: action{described.FixedResponse, described.TargetGroup}}
	for _, pattern := range described.Hosts {
		r.hosts = append(r.hosts, hostPattern(pattern))
	}
	return r
}

// hostPattern is a value of a host-header condition as a regular expression.
func hostPattern(pattern string) *regexp.Regexp {
	var expression strings.Builder
	expression.WriteString("(?i)^")
	for _, c := range pattern {
		switch c {
		case '*':
			expression.WriteString(".*")
		case '?':
			expression.WriteString(".")
		default:
			expression.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	// What is quoted and two wildcards always make an expression.
	return regexp.MustCompile(expression.String() + "$")
}

func (r rule) matches(host string) bool {
	for _, pattern := range r.hosts {
		if pattern.MatchString(host) {
			return true
		}
	}
	return false
}

// action is that of the first rule that matches a request's Host, or the
// default.
func (l *listener) action(host string) action {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for _, r := range l.rules {
		if r.matches(host) {
			return r.action
		}
	}
	return action{fixed: l.FixedResponse, group: l.TargetGroup}
}

// groups are the target groups to which a listener may forward.
func (l Listener) groups() []TargetGroup {
	var groups []TargetGroup
	seen := make(map[string]bool)
	add := func(group TargetGroup) {
		if !seen[group.Name] {
			seen[group.Name] = true
			groups = append(groups, group)
		}
	}
	if l.FixedResponse == nil {
		add(l.TargetGroup)
	}
	for _, r := range l.Rules {
		if r.FixedResponse == nil {
			add(r.TargetGroup)
		}
	}
	return groups
}
