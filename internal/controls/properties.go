package controls

import (
	"encoding/json"
	"slices"
	"strings"
)

// text is a property that is text, "" where there is none.
func (r Resource) text(key string) string {
	value, _ := r.Inputs[key].(string)
	return value
}

// isTrue reports whether a property is true.
func (r Resource) isTrue(key string) bool {
	value, _ := r.Inputs[key].(bool)
	return value
}

// number is a property that is a number, 0 where there is none.
func (r Resource) number(key string) float64 {
	value, _ := r.Inputs[key].(float64)
	return value
}

// list are a property's elements.
func (r Resource) list(key string) []any {
	value, _ := r.Inputs[key].([]any)
	return value
}

// object is a property with members.
func (r Resource) object(key string) map[string]any {
	value, _ := r.Inputs[key].(map[string]any)
	return value
}

// container is a container of a task definition, as far as controls read it.
type container struct {
	Name                   string
	User                   string
	Privileged             bool
	ReadonlyRootFilesystem bool
	Environment            []struct{ Name string }
	LogConfiguration       *struct{ LogDriver string }
}

// inContainers is what is wrong with the first container of a task definition that
// has a fault.
func inContainers(fault func(container) string) func(Resource, inventory) string {
	return func(r Resource, _ inventory) string {
		var containers []container
		if err := json.Unmarshal([]byte(r.text("containerDefinitions")), &containers); err != nil {
			return "has containers that can't be read"
		}
		for _, c := range containers {
			if wrong := fault(c); wrong != "" {
				return "has a container, " + c.Name + ", that " + wrong
			}
		}
		return ""
	}
}

// unless is a fault where a property is not true.
func unless(key, fault string) func(Resource, inventory) string {
	return func(r Resource, _ inventory) string {
		if r.isTrue(key) {
			return ""
		}
		return fault
	}
}

// when is a fault where a property is true.
func when(key, fault string) func(Resource, inventory) string {
	return func(r Resource, _ inventory) string {
		if r.isTrue(key) {
			return fault
		}
		return ""
	}
}

// is is a fault where a property that is text has a value.
func is(key, value, fault string) func(Resource, inventory) string {
	return func(r Resource, _ inventory) string {
		if r.text(key) == value {
			return fault
		}
		return ""
	}
}

// among is a fault where a property that is text has none of the values.
func among(key, fault string, values ...string) func(Resource, inventory) string {
	return func(r Resource, _ inventory) string {
		if slices.Contains(values, r.text(key)) {
			return ""
		}
		return fault
	}
}

// has is a fault where no resource of a type refers to this one by a property.
func has(kind, by, fault string) func(Resource, inventory) string {
	return func(r Resource, all inventory) string {
		refers := func(other Resource) bool {
			value := other.text(by)
			return strings.Contains(value, r.Name) || r.text("name") != "" && value == r.text("name")
		}
		if slices.ContainsFunc(all[kind], refers) {
			return ""
		}
		return fault
	}
}

// tags is the rule that resources of a type have a tag of a name that AWS doesn't keep
// for itself; each is what meets it, such as "every role".
func tags(id, title, kind, each string) rule {
	return rule{
		id: id, title: title, of: []string{kind}, met: each + " has the environment's tags", key: "portico:tags",
		fault: func(r Resource, _ inventory) string {
			for key := range r.object("tags") {
				if !strings.HasPrefix(key, "aws:") {
					return ""
				}
			}
			return "has no tag"
		},
	}
}

// statement is a statement of an IAM policy, as far as controls read it.
type statement struct {
	Effect           string
	Action, Resource stringOrList
}

// stringOrList is a member that IAM takes as a string or as a list.
type stringOrList []string

func (s *stringOrList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*s = stringOrList{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// inStatements is what is wrong with the first statement of a policy that has a
// fault.
func inStatements(fault func(statement) string) func(Resource, inventory) string {
	return func(r Resource, _ inventory) string {
		var policy struct{ Statement []statement }
		if err := json.Unmarshal([]byte(r.text("policy")), &policy); err != nil {
			return "can't be read"
		}
		for _, s := range policy.Statement {
			if wrong := fault(s); s.Effect == "Allow" && wrong != "" {
				return wrong
			}
		}
		return ""
	}
}
