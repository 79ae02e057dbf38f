package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestClustersHaveContainerInsights(t *testing.T) {
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewCluster(ctx, "portico", &ClusterArgs{Tags: tags}, opts)
		return err
	})
	cluster := m.only(t, "aws:ecs/cluster:Cluster")
	require.Equal(t, []any{map[string]any{"name": "containerInsights", "value": "enabled"}}, cluster.Inputs["settings"])
}
