package iampolicy

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var accountNumber = regexp.MustCompile(`^[0-9]{12}$`)

func parsePrincipals(raw json.RawMessage) (*principals, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text != "*" {
			return nil, fmt.Errorf(`%q: expected "*" or an object`, text)
		}
		return &principals{everybody: true}, nil
	}
	var byKind map[string]json.RawMessage
	if err := json.Unmarshal(raw, &byKind); err != nil {
		return nil, err
	}
	p := &principals{kinds: map[string][]string{}}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		if !slices.Contains([]string{"AWS", "Service", "Federated", "CanonicalUser"}, kind) {
			return nil, fmt.Errorf("%s: no such kind of principal", kind)
		}
		names, err := oneOrMore[string](byKind[kind])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		for _, name := range names {
			if name == "*" && kind == "AWS" {
				p.everybody = true
			} else if strings.ContainsAny(name, "*?") {
				return nil, fmt.Errorf(`%s: %q: a principal is "*" or has no wildcard`, kind, name)
			}
		}
		p.kinds[kind] = names
	}
	return p, nil
}

// contains reports whether the principal, an ARN, a service's name, or empty for
// an anonymous caller, is among those of a statement.
func (p *principals) contains(principal string) bool {
	if p.everybody {
		return true
	}
	if principal == "" {
		return false
	}
	for kind, names := range p.kinds {
		for _, name := range names {
			if name == principal || kind == "AWS" && isOrHolds(name, principal) {
				return true
			}
		}
	}
	return false
}

// isOrHolds reports whether an AWS principal of a policy includes the caller:
// an account includes every principal in it, a role its sessions.
func isOrHolds(name, caller string) bool {
	callerARN := strings.SplitN(caller, ":", 6)
	if len(callerARN) != 6 {
		return false
	}
	if accountNumber.MatchString(name) {
		return callerARN[4] == name
	}
	arn := strings.SplitN(name, ":", 6)
	if len(arn) != 6 || arn[4] != callerARN[4] {
		return false
	}
	if arn[5] == "root" {
		return true
	}
	// The ARN of a session has the role's name but not its path.
	role, isRole := strings.CutPrefix(arn[5], "role/")
	session := strings.Split(callerARN[5], "/")
	return isRole && len(session) == 3 && session[0] == "assumed-role" && session[1] == role[strings.LastIndex(role, "/")+1:]
}
