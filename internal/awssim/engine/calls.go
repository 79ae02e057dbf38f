package engine

import (
	"maps"
	"slices"
	"strings"
)

// begins names the operation in errors: a verb, and the API action that has
// the effect.
func (op *Op) begins(verb string, actions []string) {
	op.Operation = verb + " " + op.spec.Title
	if len(actions) > 0 {
		op.Action = actionOf(actions[0])
	}
}

// requests makes the API calls that an operation consists of. The provider ends
// creations and updates by reading the resource; these reads are asked of IAM and
// not recorded as calls.
func (op *Op) requests(verb string, actions []string) error {
	op.begins(verb, actions)
	for _, action := range actions {
		if !op.makes(action, actions[0]) {
			continue
		}
		if err := op.request(action); err != nil {
			return err
		}
	}
	if verb != "creating" && verb != "updating" {
		return nil
	}
	for _, action := range op.spec.Read {
		if slices.Contains(actions, action) {
			continue
		}
		if err := op.authorize(action); err != nil {
			return err
		}
	}
	return nil
}

// The API calls that give and take tags, by the names that services have for
// them. API Gateway's are HTTP requests.
var (
	tagging   = []string{"AddTags", "AddTagsToCertificate", "ChangeTagsForResource", "CreateTags", "PUT tags", "TagPolicy", "TagResource", "TagRole"}
	untagging = []string{"DELETE tags", "DeleteTags", "RemoveTags", "RemoveTagsFromCertificate", "UntagPolicy", "UntagResource", "UntagRole"}
)

// makes reports whether the operation has reason to make one of its type's calls;
// first is the one that has the operation's effect.
func (op *Op) makes(action, first string) bool {
	_, name, _ := strings.Cut(action, ":")
	updates := op.Before != nil && op.Inputs != nil
	switch {
	case slices.Contains(tagging, name):
		// Route 53 has one call for both.
		return len(op.tagsGiven()) > 0 || updates && name == "ChangeTagsForResource" && op.tagsTaken()
	case slices.Contains(untagging, name):
		return updates && op.tagsTaken()
	case !updates:
		return true
	case op.spec.When[action] != nil:
		only, conditional := op.spec.Only[action]
		return op.changes(op.spec.When[action]) && (!conditional || only.holds(op.Inputs))
	case action == first:
		return op.changes(op.otherProperties())
	}
	return true
}

// otherProperties are the inputs, without tags, that When doesn't give to a call.
func (op *Op) otherProperties() []string {
	given := slices.Concat(slices.Collect(maps.Values(op.spec.When))...)
	var names []string
	for name := range op.spec.Schema().Inputs {
		if name != "tags" && !slices.Contains(given, name) {
			names = append(names, name)
		}
	}
	return names
}

// changes reports whether an update changes one of some properties. A property
// that is no longer stated becomes the zero value of its kind, which is a change
// unless it was that before; one that AWS chooses keeps its value.
// https://developer.hashicorp.com/terraform/plugin/sdkv2/schemas/schema-behaviors
func (op *Op) changes(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		had := op.Before.Properties[name]
		if value, stated := op.Inputs[name]; stated {
			return !op.spec.equal(name, op.Before.Properties, had, value)
		}
		return isSet(had) && had != "" && had != 0.0 && !slices.Contains(op.spec.computedInputs(), name)
	})
}

// makeServiceLinkedRole asks IAM, with an account's first resource of a type whose
// service has a role of its own there, whether the caller may have AWS make it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
func (op *Op) makeServiceLinkedRole() error {
	if op.spec.ServiceLinkedRole == "" || len(op.All(op.Token)) > 0 {
		return nil
	}
	return op.authorize("iam:CreateServiceLinkedRole")
}

// ServiceLinkedRole is the service whose role goes with the type.
func (op *Op) ServiceLinkedRole() string { return op.spec.ServiceLinkedRole }
