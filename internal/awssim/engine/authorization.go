package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// Checked is a resource on which IAM is asked about an API call, and the values
// that the request has of condition keys there. The ARN is "*" for calls that IAM
// checks against no resource.
type Checked struct {
	ARN     string
	Context map[string][]string
}

// Authorization says, by action, what IAM is asked about: the resource types and
// condition keys that AWS's service authorization reference lists for it. What
// follows a space in an action tells the requests of one HTTP verb apart:
// "apigateway:GET resources".
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
type Authorization map[string]Targets

// Forwards are, by action, those of other services that AWS takes for it with the
// caller's rights, or holds the caller's rights to before it goes on: IAM is asked about
// each, and the provider calls none of them.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
type Forwards map[string][]string

// Targets finds what a call is checked against.
type Targets func(op *Op) []Checked

// Authorized is an API call and one of the resources that it was checked against.
type Authorized struct {
	Call
	Checked
	Operation string // "reading EC2 VPC"
}

// Authorizations is every question that IAM was asked since the simulator began,
// in order.
func (s *Simulator) Authorizations() []Authorized {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.authorizations)
}

// authorize asks IAM about one API call.
func (op *Op) authorize(name string) error {
	if op.Owner || op.spec != nil && !op.creating && op.Before == nil {
		return nil // a resource that is gone has no ARN
	}
	action := actionOf(name)
	targets, ok := op.Simulator.Catalog.authorization[name]
	if !ok {
		if op.policies == nil {
			return nil
		}
		return op.Fail("what IAM checks %s against is not simulated", name)
	}
	for _, checked := range targets(op) {
		call := Call{op.Account, op.Region, op.Caller, action, op.Token}
		op.Simulator.authorizations = append(op.Simulator.authorizations, Authorized{call, checked, op.Operation})
		request := iampolicy.Request{Principal: op.Caller, Action: action, Resource: checked.ARN, Context: checked.Context}
		if err := op.controlled(request); err != nil {
			return err
		}
		if op.policies == nil {
			continue
		}
		switch iampolicy.Evaluate(*op.policies, request).Outcome {
		case iampolicy.Allowed:
		case iampolicy.ExplicitDeny:
			return op.denied(action, checked.ARN, "an explicit deny in an identity-based policy forbids")
		default:
			return op.denied(action, checked.ARN, "no identity-based policy allows")
		}
	}
	return nil
}

// authorizeAll asks IAM about an API call, and about what AWS does for it with the
// caller's rights.
func (op *Op) authorizeAll(name string) error {
	for _, action := range append([]string{name}, op.Simulator.Catalog.forwards[name]...) {
		if err := op.authorize(action); err != nil {
			return err
		}
	}
	return nil
}

func (op *Op) denied(action, arn, why string) error {
	return op.Refuse("AccessDenied", "User: %s is not authorized to perform: %s on resource: %s because %s the %s action", op.Caller, action, arn, why, action)
}

// AuthorizeFor asks IAM whether another caller may do something to a resource, for
// what is not done by an operation of its own.
func (op *Op) AuthorizeFor(caller Session, r *Resource, actions ...string) error {
	asking := caller.op(op.Simulator.Catalog.Types[r.Type], op.origin)
	asking.Before, asking.Operation = r, op.Operation
	for _, action := range actions {
		asking.Action = action
		if err := asking.authorize(action); err != nil {
			return err
		}
	}
	return nil
}

// actionOf is an action as IAM names it.
func actionOf(name string) string {
	action, _, _ := strings.Cut(name, " ")
	return action
}

// parsePolicies reads a role's policies as one.
func parsePolicies(documents []json.RawMessage) (*iampolicy.Policy, error) {
	if documents == nil {
		return nil, nil
	}
	whole := &iampolicy.Policy{}
	for i, document := range documents {
		p, err := iampolicy.ParseIdentity(document)
		if err != nil {
			return nil, fmt.Errorf("policy %d: %w", i+1, err)
		}
		whole.Statements = append(whole.Statements, p.Statements...)
	}
	return whole, nil
}

// Creating reports whether the operation makes a resource.
func (op *Op) Creating() bool { return op.spec != nil && op.creating }

// Properties are those of the resource that a call is about: as they are to be
// in creations, as they are otherwise.
func (op *Op) Properties() Object {
	if op.Before != nil {
		return op.Before.Properties
	}
	return op.Inputs
}

// tagsGiven are the tags that the request gives the resource: all of a new one,
// and of an existing one those that change.
func (op *Op) tagsGiven() map[string]string {
	given := map[string]string{}
	if op.spec == nil || op.Inputs == nil {
		return given
	}
	all := Object{}
	if _, ok := op.spec.Schema().Outputs["tagsAll"]; ok {
		maps.Copy(all, op.defaultTags)
	}
	maps.Copy(all, op.Inputs.Object("tags"))
	for key := range all {
		if op.Before == nil || op.Before.Properties.Object("tagsAll").Text(key) != all.Text(key) {
			given[key] = all.Text(key)
		}
	}
	return given
}

// tagsTaken reports whether an update takes tags from the resource.
func (op *Op) tagsTaken() bool {
	for key := range op.Before.Properties.Object("tagsAll") {
		if _, ok := op.Inputs.Object("tags")[key]; !ok && op.defaultTags[key] == nil {
			return true
		}
	}
	return false
}

func withTags(context map[string][]string, kind string, tags map[string]string) map[string][]string {
	for key, value := range tags {
		context["aws:"+kind+"Tag/"+key] = []string{value}
	}
	return context
}

func tagsOf(r *Resource) map[string]string {
	tags := map[string]string{}
	for key := range r.Properties.Object("tagsAll") {
		tags[key] = r.Properties.Object("tagsAll").Text(key)
	}
	return tags
}

// ResourceTags are the condition keys of a resource's tags.
func ResourceTags(r *Resource) map[string][]string {
	return withTags(map[string][]string{}, "Resource", tagsOf(r))
}

// ARNOfNew is the ARN that a new resource is going to have.
func (op *Op) ARNOfNew() string {
	draft := *op
	draft.Outputs, draft.Hidden = op.Inputs.Clone(), Object{}
	draft.name()
	return draft.ARN
}

// NoResource is for actions that take none.
func NoResource(op *Op) []Checked {
	return []Checked{{"*", withTags(map[string][]string{}, "Request", op.tagsGiven())}}
}

// At is for actions on an ARN that a template says: {partition}, {region},
// {account}, {id}, and properties of the resource.
func At(template string) Targets {
	return func(op *Op) []Checked {
		filled := *op
		filled.Outputs = op.Properties()
		if op.Before != nil {
			filled.ID = op.Before.ID
		}
		return []Checked{{filled.Fill(template), withTags(map[string][]string{}, "Request", op.tagsGiven())}}
	}
}

// Created is for actions that make the resource: it has no tags yet, and the request
// those that it is to have.
func Created(op *Op) []Checked {
	return []Checked{{op.ARNOfNew(), withTags(map[string][]string{}, "Request", op.tagsGiven())}}
}

// Self is for actions on the resource itself; where the operation has just made
// it, with the tags that it was given.
func Self(op *Op) []Checked {
	if op.Before != nil {
		return []Checked{{op.Before.ARN, ResourceTags(op.Before)}}
	}
	if op.Creating() {
		return []Checked{{op.ARNOfNew(), withTags(map[string][]string{}, "Resource", op.tagsGiven())}}
	}
	return nil
}

// SelfOr is Self for a resource of a type, and others for what belongs to one.
func SelfOr(token string, others Targets) Targets {
	return func(op *Op) []Checked {
		if op.Token == token {
			return Self(op)
		}
		return others(op)
	}
}

// arnOf is a resource's ARN, which what AWS made by itself doesn't show.
func (op *Op) arnOf(r *Resource) string {
	if r.ARN != "" {
		return r.ARN
	}
	other := *op
	other.ID, other.Outputs = r.ID, r.Properties
	return other.Fill(op.Simulator.Catalog.Types[r.Type].ARN)
}

// Tagged is for actions that tag the resource: in its creation with createAction,
// the condition key that names the creating call, or later.
func Tagged(createKey string) Targets {
	return func(op *Op) []Checked {
		on := Self(op)
		if op.Creating() {
			on = Created(op)
		}
		for i := range on {
			withTags(on[i].Context, "Request", op.tagsGiven())
			if op.Creating() && createKey != "" {
				_, creates, _ := strings.Cut(op.spec.Create[0], ":")
				on[i].Context[createKey] = []string{creates}
			}
		}
		return on
	}
}

// Its is for actions on resources that the resource refers to by some
// properties.
func Its(paths ...string) Targets {
	return func(op *Op) []Checked {
		var on []Checked
		for _, path := range paths {
			for _, r := range op.refsOf(path, op.Properties()) {
				context := ResourceTags(r)
				if op.Creating() {
					withTags(context, "Request", op.tagsGiven())
				}
				on = append(on, Checked{op.arnOf(r), context})
			}
		}
		return on
	}
}

// Changed is for updates on the resources that the resource comes to refer to,
// or refers to no longer.
func Changed(paths ...string) Targets {
	return func(op *Op) []Checked {
		var on []Checked
		for _, path := range paths {
			before, after := op.refsOf(path, op.Before.Properties), op.refsOf(path, op.Inputs)
			for _, r := range slices.Concat(before, after) {
				if slices.Contains(before, r) != slices.Contains(after, r) {
					on = append(on, Checked{op.arnOf(r), ResourceTags(r)})
				}
			}
		}
		return on
	}
}

// All is for actions that are checked against several kinds of resources.
func All(targets ...Targets) Targets {
	return func(op *Op) []Checked {
		var on []Checked
		for _, find := range targets {
			on = append(on, find(op)...)
		}
		return on
	}
}

// WithKey adds a condition key to what an action is checked against.
func WithKey(key string, values func(op *Op) []string, targets Targets) Targets {
	return func(op *Op) []Checked {
		on := targets(op)
		for i := range on {
			if found := values(op); len(found) > 0 {
				on[i].Context[key] = found
			}
		}
		return on
	}
}

// Constant is the one value of a condition key.
func Constant(value string) func(*Op) []string { return func(*Op) []string { return []string{value} } }

// Each is the same targets for several actions.
func (a Authorization) Each(targets Targets, actions ...string) {
	for _, action := range actions {
		a[action] = targets
	}
}
