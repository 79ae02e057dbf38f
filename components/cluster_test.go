package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestClustersHaveContainerInsights(t *testing.T) {
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewCluster(ctx, "portico", &ClusterArgs{UniqueName: pulumi.String("portico-1a2b3c4"), LogRetentionDays: 14, Tags: tags}, opts)
		return err
	})
	cluster := m.only(t, "aws:ecs/cluster:Cluster")
	require.Equal(t, []any{map[string]any{"name": "containerInsights", "value": "enabled"}}, cluster.Inputs["settings"])
	require.Equal(t, "portico-1a2b3c4", cluster.Inputs["name"])
	logs := m.only(t, "aws:cloudwatch/logGroup:LogGroup")
	require.Equal(t, "/aws/ecs/containerinsights/portico-1a2b3c4/performance", logs.Inputs["name"])
	require.EqualValues(t, 14, logs.Inputs["retentionInDays"])
	require.Contains(t, strings.Join(cluster.Dependencies, " "), "LogGroup::portico-insights", "it is created before the cluster, and deleted after it")
}
