package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClusterArgs describes an ECS cluster.
type ClusterArgs struct {
	// Tags are the cluster's.
	Tags Tags
}

// Cluster is an ECS cluster with Container Insights.
type Cluster struct {
	pulumi.ResourceState
	children

	// ARN is the cluster's ARN.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Name is the cluster's name in AWS.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewCluster creates a cluster.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	cluster := &Cluster{}
	if err := register(ctx, "Cluster", name, cluster, opts); err != nil {
		return nil, err
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
	if err := complete(ctx, "Cluster", name, cluster, pulumi.Map{"arn": cluster.ARN, "name": cluster.Name}); err != nil {
		return nil, err
	}
	return cluster, nil
}
