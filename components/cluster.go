package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClusterArgs describes the ECS cluster.
type ClusterArgs struct {
	Tags Tags
}

// Cluster is the ECS cluster that runs the proxy.
type Cluster struct {
	pulumi.ResourceState

	ARN  pulumi.StringOutput `pulumi:"arn"`
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewCluster creates a cluster with Container Insights.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	cluster := &Cluster{}
	if err := ctx.RegisterComponentResource("portico:index:Cluster", name, cluster, opts...); err != nil {
		return nil, fmt.Errorf("register cluster %q: %w", name, err)
	}
	created, err := ecs.NewCluster(ctx, name, &ecs.ClusterArgs{
		Settings: ecs.ClusterSettingArray{ecs.ClusterSettingArgs{
			Name:  pulumi.String("containerInsights"),
			Value: pulumi.String("enabled"),
		}},
		Tags: args.Tags.named(name),
	}, pulumi.Parent(cluster))
	if err != nil {
		return nil, fmt.Errorf("create ECS cluster: %w", err)
	}
	cluster.ARN = created.Arn
	cluster.Name = created.Name
	outputs := pulumi.Map{"arn": cluster.ARN, "name": cluster.Name}
	if err := ctx.RegisterResourceOutputs(cluster, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of cluster %q: %w", name, err)
	}
	return cluster, nil
}
