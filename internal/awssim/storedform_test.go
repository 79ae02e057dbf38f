package awssim

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/view"
)

func TestContainersAreReadBackAsECSStoresThem(t *testing.T) {
	e := newEnvironment(t)
	container := e.container()
	container["linuxParameters"] = map[string]any{"capabilities": map[string]any{"drop": []string{"ALL"}}}
	container["environment"] = []any{map[string]any{"name": "B", "value": "2"}, map[string]any{"name": "A", "value": "1"}}
	inputs := e.definition()
	inputs["containerDefinitions"] = containersJSON(container)
	made, err := e.create(view.TaskDefinitionType, "definition", inputs)
	require.NoError(t, err)
	var stored []map[string]any
	require.NoError(t, json.Unmarshal([]byte(made.Properties.Text("containerDefinitions")), &stored))
	for name, want := range map[string]any{
		"cpu": 0.0, "essential": true, "mountPoints": []any{}, "volumesFrom": []any{}, "systemControls": []any{},
		"linuxParameters": map[string]any{"capabilities": map[string]any{"add": []any{}, "drop": []any{"ALL"}}},
		"portMappings":    []any{map[string]any{"containerPort": 8443.0, "hostPort": 8443.0, "protocol": "tcp"}},
		"environment":     []any{map[string]any{"name": "A", "value": "1"}, map[string]any{"name": "B", "value": "2"}},
	} {
		require.Equal(t, want, stored[0][name], name)
	}
}

// TestContainersAreComparedAsTheProviderDoes holds what a second update of an
// unchanged program replaces.
func TestContainersAreComparedAsTheProviderDoes(t *testing.T) {
	for sentence, test := range map[string]struct {
		changes  map[string]any
		replaces bool
	}{
		"nothing but what is required":    {nil, false},
		"empty lists of the container":    {map[string]any{"mountPoints": []any{}, "secrets": []any{}, "dnsServers": []any{}}, false},
		"a port without host port":        {map[string]any{"portMappings": []any{map[string]any{"containerPort": 8443}}}, false},
		"capabilities that drop and add":  {map[string]any{"linuxParameters": map[string]any{"capabilities": map[string]any{"add": []any{}, "drop": []any{"ALL"}}}}, false},
		"capabilities that drop only":     {map[string]any{"linuxParameters": map[string]any{"capabilities": map[string]any{"drop": []any{"ALL"}}}}, true},
		"a health check without interval": {map[string]any{"healthCheck": map[string]any{"command": []any{"CMD", "true"}}}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			container := e.container()
			maps.Copy(container, test.changes)
			inputs := e.definition()
			inputs["containerDefinitions"] = containersJSON(container)
			made, err := e.create(view.TaskDefinitionType, "definition", inputs)
			require.NoError(t, err)
			diff := simulated().Types[view.TaskDefinitionType].Diff(made.Properties, inputs, inputs)
			require.Equal(t, test.replaces, len(diff.Replaces) > 0, "%v", diff.Replaces)
			other := inputs.Clone()
			container["image"] = "public.ecr.aws/team/proxy:2"
			other["containerDefinitions"] = containersJSON(container)
			require.Contains(t, simulated().Types[view.TaskDefinitionType].Diff(made.Properties, inputs, other).Replaces, "containerDefinitions")
		})
	}
}
