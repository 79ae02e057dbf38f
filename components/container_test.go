package components

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestContainersAreSentAsECSReturnsThem holds the container definitions to the
// form that DescribeTaskDefinition answers with. ECS adds cpu 0, the host port
// and volumesFrom (the answers in container_definitions_test.go and
// task_definition_test.go of hashicorp/terraform-provider-aws), and the empty
// list of added capabilities (braintrustdata/terraform-aws-braintrust-data-plane
// pull request 335: "AWS persists linuxParameters.capabilities as {add=[],
// drop=["ALL"]}"). The provider's comparison keeps the last one, which would
// replace the task definition on every update.
func TestContainersAreSentAsECSReturnsThem(t *testing.T) {
	container := newContainer("registry.example.com/proxy@sha256:0", map[string]string{"B": "2", "A": "1"}, []int{ProxyPort})
	container.StopTimeout = 40
	container.LogConfiguration = awslogs("portico-logs", "us-east-1")
	sent, err := json.Marshal([]containerDefinition{container})
	require.NoError(t, err)
	require.JSONEq(t, `[{
		"name": "nginx",
		"image": "registry.example.com/proxy@sha256:0",
		"cpu": 0,
		"essential": true,
		"user": "101",
		"readonlyRootFilesystem": true,
		"portMappings": [{"containerPort": 8443, "hostPort": 8443, "protocol": "tcp"}],
		"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
		"mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": false}],
		"volumesFrom": [],
		"linuxParameters": {"capabilities": {"add": [], "drop": ["ALL"]}},
		"ulimits": [{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}],
		"systemControls": [{"namespace": "net.ipv4.tcp_retries2", "value": "2"}],
		"stopTimeout": 40,
		"logConfiguration": {"logDriver": "awslogs", "options": {
			"awslogs-group": "portico-logs",
			"awslogs-region": "us-east-1",
			"awslogs-stream-prefix": "nginx",
			"mode": "non-blocking",
			"max-buffer-size": "25m"
		}}
	}]`, string(sent))
}
