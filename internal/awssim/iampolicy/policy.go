// Package iampolicy evaluates IAM policies, and API Gateway's authorization
// of a request on top, as AWS publishes the rules:
//
//   - the grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
//   - the condition operators: …/reference_policies_elements_condition_operators.html
//   - the evaluation: …/reference_policies_evaluation-logic.html
//   - API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
//
// It shares no code with the program that writes policies: it is what checks
// them. What it doesn't know (BinaryEquals, variables where AWS replaces none,
// elements that no grammar has) Parse refuses, so that no statement is passed
// over in silence.
package iampolicy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Policy is a parsed policy.
type Policy struct {
	Version    string
	ID         string
	Statements []Statement
}

// Statement is one statement of a policy. Of each pair with a Not at most one
// is set.
type Statement struct {
	Sid                    string
	Allow                  bool // Effect: Allow, otherwise Deny
	principal              *principals
	notPrincipal           bool
	actions                []string // in lower case: IAM compares them without regard to it
	resources              []value
	notAction, notResource bool
	conditions             []condition
}

// principals are who a statement is about.
type principals struct {
	everybody bool
	kinds     map[string][]string // AWS, Service, Federated, CanonicalUser
}

// Parse reads a resource policy: every statement names a principal.
func Parse(document []byte) (Policy, error) { return parse(document, true) }

// ParseIdentity reads a policy of a role or user: no statement names a principal.
func ParseIdentity(document []byte) (Policy, error) { return parse(document, false) }

func parse(document []byte, wantPrincipal bool) (Policy, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(document, &members); err != nil {
		return Policy{}, fmt.Errorf("parse policy: %w", err)
	}
	var p Policy
	var statements []json.RawMessage
	for _, name := range slices.Sorted(maps.Keys(members)) {
		raw := members[name]
		var err error
		switch name {
		case "Version":
			err = json.Unmarshal(raw, &p.Version)
			if err == nil && p.Version != currentVersion && p.Version != oldVersion {
				err = fmt.Errorf("%q: expected %q or %q", p.Version, currentVersion, oldVersion)
			}
		case "Id":
			err = json.Unmarshal(raw, &p.ID)
		case "Statement":
			statements, err = oneOrMore[json.RawMessage](raw)
		default:
			err = fmt.Errorf("no element of a policy has this name")
		}
		if err != nil {
			return Policy{}, fmt.Errorf("parse policy: %s: %w", name, err)
		}
	}
	if len(statements) == 0 {
		return Policy{}, fmt.Errorf("parse policy: it has no statement")
	}
	sids := map[string]bool{}
	for i, raw := range statements {
		s, err := parseStatement(raw, p.Version, wantPrincipal)
		if err == nil && s.Sid != "" && sids[s.Sid] {
			err = fmt.Errorf("Sid: %q occurs twice in the policy", s.Sid)
		}
		if err != nil {
			return Policy{}, fmt.Errorf("parse policy: Statement[%d]: %w", i, err)
		}
		sids[s.Sid] = true
		p.Statements = append(p.Statements, s)
	}
	return p, nil
}

// The versions of the policy language. Only the current one has variables.
const (
	currentVersion = "2012-10-17"
	oldVersion     = "2008-10-17"
)

func parseStatement(raw json.RawMessage, version string, wantPrincipal bool) (Statement, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return Statement{}, err
	}
	if err := checkElements(members, wantPrincipal); err != nil {
		return Statement{}, err
	}
	var s Statement
	for _, name := range slices.Sorted(maps.Keys(members)) {
		raw := members[name]
		var err error
		switch name {
		case "Sid":
			s.Sid, err = parseSid(raw)
		case "Effect":
			s.Allow, err = parseEffect(raw)
		case "Principal", "NotPrincipal":
			s.notPrincipal = name == "NotPrincipal"
			s.principal, err = parsePrincipals(raw)
		case "Action", "NotAction":
			s.notAction = name == "NotAction"
			s.actions, err = parseActions(raw, version)
		case "Resource", "NotResource":
			s.notResource = name == "NotResource"
			s.resources, err = parseResources(raw, version)
		case "Condition":
			s.conditions, err = parseConditions(raw, version)
		}
		if err != nil {
			return Statement{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

// checkElements holds a statement to the grammar: which elements there are,
// which must be there, which exclude each other.
func checkElements(members map[string]json.RawMessage, wantPrincipal bool) error {
	known := []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: no element of a statement has this name", name)
		}
	}
	if members["Effect"] == nil {
		return fmt.Errorf("it has no Effect")
	}
	for _, name := range []string{"Principal", "Action", "Resource"} {
		_, plain := members[name]
		_, negated := members["Not"+name]
		wanted := name != "Principal" || wantPrincipal
		switch {
		case plain && negated:
			return fmt.Errorf("it has both %s and Not%s", name, name)
		case wanted && !plain && !negated:
			return fmt.Errorf("it has neither %s nor Not%s", name, name)
		case !wanted && (plain || negated):
			return fmt.Errorf("an identity's policy has no %s", name)
		}
	}
	return nil
}

// parseSid reads a statement's ID. IAM's own policies hold it to letters and
// digits; API Gateway's resource policies are stored with hyphens too, as in
// the sample that aws-samples publishes for this very job.
func parseSid(raw json.RawMessage) (string, error) {
	var sid string
	if err := json.Unmarshal(raw, &sid); err != nil {
		return "", err
	}
	for _, r := range sid {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", r) {
			return "", fmt.Errorf("%q: only letters A-Z, a-z, digits and hyphens may be in it", sid)
		}
	}
	return sid, nil
}

func parseEffect(raw json.RawMessage) (allow bool, err error) {
	var effect string
	if err := json.Unmarshal(raw, &effect); err != nil {
		return false, err
	}
	if effect != "Allow" && effect != "Deny" {
		return false, fmt.Errorf(`%q: expected "Allow" or "Deny"`, effect)
	}
	return effect == "Allow", nil
}

func parseActions(raw json.RawMessage, version string) ([]string, error) {
	actions, err := oneOrMore[string](raw)
	if err != nil {
		return nil, err
	}
	if len(actions) == 0 {
		return nil, fmt.Errorf("the list is empty")
	}
	for i, action := range actions {
		if err := refuseVariable(action, version); err != nil {
			return nil, err
		}
		actions[i] = strings.ToLower(action)
	}
	return actions, nil
}

func parseResources(raw json.RawMessage, version string) ([]value, error) {
	patterns, err := oneOrMore[string](raw)
	if err != nil {
		return nil, err
	}
	if len(patterns) == 0 {
		return nil, fmt.Errorf("the list is empty")
	}
	resources := make([]value, len(patterns))
	for i, pattern := range patterns {
		if resources[i], err = parseValue(pattern, version); err != nil {
			return nil, err
		}
	}
	return resources, nil
}

// refuseVariable refuses a variable where AWS replaces none.
func refuseVariable(value, version string) error {
	if version == currentVersion && strings.Contains(value, "${") {
		return fmt.Errorf("%q: variables are replaced in resources, and in conditions on strings and ARNs, not here", value)
	}
	return nil
}

// oneOrMore reads a JSON list, or a single value as a list of one.
func oneOrMore[T any](raw json.RawMessage) ([]T, error) {
	var list []T
	if len(raw) > 0 && raw[0] == '[' {
		err := json.Unmarshal(raw, &list)
		return list, err
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return nil, err
	}
	return []T{one}, nil
}
