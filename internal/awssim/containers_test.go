package awssim

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/ecs"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func TestTaskDefinitionIsRefused(t *testing.T) {
	container := func(name string, value any) func(e *environment) engine.Object {
		return func(e *environment) engine.Object {
			c := e.container()
			c[name] = value
			return engine.Object{"containerDefinitions": containersJSON(c)}
		}
	}
	property := func(name string, value any) func(*environment) engine.Object {
		return func(*environment) engine.Object { return engine.Object{name: value} }
	}
	options := func(changes map[string]any) func(e *environment) engine.Object {
		return func(e *environment) engine.Object {
			c := e.container()
			maps.Copy(c["logConfiguration"].(map[string]any)["options"].(map[string]any), changes)
			return engine.Object{"containerDefinitions": containersJSON(c)}
		}
	}
	for sentence, test := range map[string]struct {
		changes func(e *environment) engine.Object
		want    string
	}{
		"CPU and memory are no Fargate pair":     {property("cpu", "500"), "No Fargate configuration exists for given values: 500 CPU, 1024 memory"},
		"memory is too much for the CPU":         {property("memory", "8192"), "No Fargate configuration exists"},
		"Fargate without awsvpc":                 {property("networkMode", "bridge"), "Fargate only supports network mode"},
		"the execution role does not exist":      {property("executionRoleArn", "arn:aws:iam::111111111111:role/other"), "Role is not valid"},
		"no execution role for ECR and logs":     {property("executionRoleArn", nil), "to support log driver awslogs"},
		"not JSON":                               {property("containerDefinitions", `[{]`), "parse container definitions"},
		"no containers":                          {property("containerDefinitions", `[]`), "1 to 10 containers"},
		"an unknown member":                      {container("readOnlyRootFilesystem", true), `readOnlyRootFilesystem; did you mean "readonlyRootFilesystem"?`},
		"an unknown member of a port mapping":    {container("portMappings", []any{map[string]any{"port": 1}}), "portMappings[0].port"},
		"a variable that is not a string":        {container("environment", []any{map[string]any{"name": "N", "value": 8443}}), "parse container definitions"},
		"a malformed image":                      {container("image", "Proxy Image"), "malformed"},
		"no essential container":                 {container("essential", false), "at least one essential container"},
		"another host port":                      {container("portMappings", []any{map[string]any{"containerPort": 8443, "hostPort": 443}}), "must match"},
		"a volume that the task does not have":   {container("mountPoints", []any{map[string]any{"sourceVolume": "tmp", "containerPath": "/tmp"}}), "Unknown volume 'tmp'."},
		"a limit without its soft one":           {container("ulimits", []any{map[string]any{"name": "nofile", "hardLimit": 1024}}), "ECS requires [0].ulimits[0].softLimit"},
		"a system control that is a text":        {container("systemControls", []any{"net.core.somaxconn"}), "parse container definitions"},
		"an unknown member of a system control":  {container("systemControls", []any{map[string]any{"name": "net.core.somaxconn"}}), "systemControls[0].name"},
		"a stop timeout above 120":               {container("stopTimeout", 121), "Fargate takes 0 to 120 seconds"},
		"a privileged container":                 {container("privileged", true), "privileged"},
		"a health check without CMD":             {container("healthCheck", map[string]any{"command": []string{"curl"}}), "begins with CMD"},
		"a health check every second":            {container("healthCheck", map[string]any{"command": []string{"CMD", "true"}, "interval": 1}), "between 5 and 300"},
		"a log driver that Fargate doesn't have": {container("logConfiguration", map[string]any{"logDriver": "json-file"}), "Log driver"},
		"a log option that is unknown":           {options(map[string]any{"awslogs-groups": "/x"}), "disallows options: awslogs-groups"},
		"a log stream without prefix":            {options(map[string]any{"awslogs-stream-prefix": ""}), "requires options: awslogs-stream-prefix"},
		"a log mode that is unknown":             {options(map[string]any{"mode": "nonblocking"}), "neither blocking nor non-blocking"},
		"a definition above 64 KiB":              {container("environment", []any{map[string]any{"name": "N", "value": strings.Repeat("x", 65536)}}), "Max allowed length is '65536' bytes."},
		"the containers ask for too much":        {container("memory", 2048), "the task has 512 and 1024"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			inputs := e.definition()
			maps.Copy(inputs, test.changes(e))
			_, err := e.create(view.TaskDefinitionType, "definition", inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestFargateSizes(t *testing.T) {
	for size, want := range map[[2]int]bool{
		{256, 512}: true, {256, 1536}: false, {256, 2048}: true, {256, 4096}: false,
		{512, 1024}: true, {512, 4096}: true, {512, 512}: false, {1024, 1024}: false, {1024, 8192}: true,
		{2048, 4096}: true, {4096, 30720}: true, {4096, 31744}: false,
		{8192, 16384}: true, {8192, 18432}: false, {16384, 122880}: true, {300, 512}: false,
	} {
		require.Equal(t, want, ecs.IsFargateSize(size[0], size[1]), "%v", size)
	}
}
