package iampolicy

import (
	"slices"
	"strings"
)

// Request is what a policy is asked about.
type Request struct {
	// Principal is the caller's ARN, or the name of a service; empty: anonymous.
	Principal string
	Action    string // execute-api:Invoke
	Resource  string // an ARN
	// Context has the values of condition keys; the keys' case doesn't matter.
	// A key without values is absent.
	Context map[string][]string
}

// Outcome is what a policy, or an authorizer, says about a request.
type Outcome int

const (
	// ImplicitDeny is silence: nothing allows the request and nothing denies it.
	ImplicitDeny Outcome = iota
	// Allowed is an Allow that applies, and no Deny that does.
	Allowed
	// ExplicitDeny is a Deny that applies, whatever else does.
	ExplicitDeny
	// Unauthenticated is said by authorizers only: the caller couldn't be
	// told who it is.
	Unauthenticated
)

func (o Outcome) String() string {
	return [...]string{"implicit deny", "allow", "explicit deny", "unauthenticated"}[o]
}

// Decision is the outcome of a policy and the statements that made it.
type Decision struct {
	Outcome Outcome
	// Sids are those of the statements with the outcome's effect that match
	// the request, "" for one that has none; empty on an implicit deny.
	Sids []string
}

// Evaluate decides a request by a policy: a Deny that matches outweighs every
// Allow that does.
func Evaluate(p Policy, r Request) Decision {
	values := map[string][]string{}
	for key, v := range r.Context {
		key = strings.ToLower(key)
		values[key] = append(values[key], v...)
	}
	r.Action = strings.ToLower(r.Action)
	var allowed, denied []string
	for _, s := range p.Statements {
		switch {
		case !s.matches(r, values):
		case s.Allow:
			allowed = append(allowed, s.Sid)
		default:
			denied = append(denied, s.Sid)
		}
	}
	switch {
	case denied != nil:
		return Decision{ExplicitDeny, denied}
	case allowed != nil:
		return Decision{Allowed, allowed}
	}
	return Decision{}
}

func (s Statement) matches(r Request, values map[string][]string) bool {
	if s.principal != nil && s.principal.contains(r.Principal) == s.notPrincipal {
		return false
	}
	action := func(pattern string) bool {
		return matches(pattern, r.Action)
	}
	if slices.ContainsFunc(s.actions, action) == s.notAction {
		return false
	}
	resource := func(v value) bool {
		pattern, ok := v.pattern(values)
		return ok && matchesResource(pattern, r.Resource)
	}
	if slices.ContainsFunc(s.resources, resource) == s.notResource {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(values) {
			return false
		}
	}
	return true
}
