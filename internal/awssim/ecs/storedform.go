package ecs

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// storedContainers is container definitions as DescribeTaskDefinition returns
// them and the provider keeps them: with the defaults that ECS adds, and
// variables and secrets in the provider's order.
//
// Sources: defaults of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html;
// both lists of capabilities are reported in
// https://github.com/braintrustdata/terraform-aws-braintrust-data-plane/issues/335
// and https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/176; the
// order is internal/service/ecs/container_definitions.go of
// hashicorp/terraform-provider-aws.
func storedContainers(op *engine.Op, sent any) any {
	text, _ := sent.(string)
	var containers []map[string]any
	if json.Unmarshal([]byte(text), &containers) != nil {
		return sent
	}
	for _, c := range containers {
		for name, value := range map[string]any{
			"cpu": 0.0, "essential": true, "environment": []any{}, "mountPoints": []any{}, "volumesFrom": []any{},
			"portMappings": []any{}, "systemControls": []any{},
		} {
			if c[name] == nil {
				c[name] = value
			}
		}
		for _, p := range engine.Object(c).Objects("portMappings") {
			fill(p, "protocol", "tcp")
			if op.Outputs.Text("networkMode") == "awsvpc" && (p["hostPort"] == nil || p["hostPort"] == 0.0) {
				p["hostPort"] = p["containerPort"]
			}
		}
		if linux, ok := c["linuxParameters"].(map[string]any); ok {
			if capabilities, ok := linux["capabilities"].(map[string]any); ok {
				fill(capabilities, "add", []any{})
				fill(capabilities, "drop", []any{})
			}
		}
		if check, ok := c["healthCheck"].(map[string]any); ok {
			fillHealthCheck(check)
		}
		order(c)
	}
	data, err := engine.MarshalPlain(withoutNulls(containers))
	if err != nil {
		return sent
	}
	return data
}

func fill(o map[string]any, name string, value any) {
	if o[name] == nil {
		o[name] = value
	}
}

func fillHealthCheck(check map[string]any) {
	fill(check, "interval", 30.0)
	fill(check, "retries", 3.0)
	fill(check, "timeout", 5.0)
}

// order sorts a container's variables and secrets by name.
func order(c map[string]any) {
	for _, name := range []string{"environment", "secrets"} {
		if list, ok := c[name].([]any); ok {
			slices.SortStableFunc(list, func(a, b any) int {
				return cmp.Compare(engine.AsObject(a).Text("name"), engine.AsObject(b).Text("name"))
			})
		}
	}
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case []map[string]any:
		for i := range v {
			withoutNulls(v[i])
		}
	case []any:
		for i := range v {
			withoutNulls(v[i])
		}
	case map[string]any:
		for name, value := range v {
			if value == nil {
				delete(v, name)
			}
			withoutNulls(value)
		}
	}
	return v
}

// equivalentContainers is the provider's comparison of two texts, by which it
// decides whether a task definition is replaced. Of empty lists it clears those
// of a container itself and none below: capabilities without add are another
// value than those that ECS returns.
//
// Source: containerDefinitions.reduce in
// internal/service/ecs/container_definitions.go of hashicorp/terraform-provider-aws.
func equivalentContainers(state engine.Object, stored, stated any) bool {
	awsvpc := state.Text("networkMode") == "awsvpc"
	a, okA := reducedContainers(stored, awsvpc)
	b, okB := reducedContainers(stated, awsvpc)
	return okA && okB && reflect.DeepEqual(a, b)
}

func reducedContainers(text any, awsvpc bool) ([]map[string]any, bool) {
	s, _ := text.(string)
	var containers []map[string]any
	if json.Unmarshal([]byte(s), &containers) != nil {
		return nil, false
	}
	withoutNulls(containers)
	slices.SortStableFunc(containers, func(a, b map[string]any) int {
		return cmp.Compare(engine.Object(a).Text("name"), engine.Object(b).Text("name"))
	})
	for _, c := range containers {
		order(c)
		fill(c, "essential", true)
		if c["cpu"] == 0.0 { // the SDK's type knows no absent number here
			delete(c, "cpu")
		}
		if check, ok := c["healthCheck"].(map[string]any); ok {
			fillHealthCheck(check)
		}
		for _, p := range engine.Object(c).Objects("portMappings") {
			if p["protocol"] == "tcp" {
				delete(p, "protocol")
			}
			if p["hostPort"] == 0.0 {
				delete(p, "hostPort")
			}
			if awsvpc {
				fill(p, "hostPort", p["containerPort"])
			}
		}
		for name, value := range c {
			if list, ok := value.([]any); ok && len(list) == 0 {
				delete(c, name)
			}
		}
	}
	return containers, true
}
