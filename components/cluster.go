package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClusterArgs describes an ECS cluster.
type ClusterArgs struct {
	// UniqueName is the cluster's name in AWS: no other cluster or former cluster of
	// the account and region has it. Required.
	UniqueName pulumi.StringInput
	// LogRetentionDays is how long the log group of Container Insights keeps what it
	// writes, in days, as of [TaskRolesArgs.LogRetentionDays]. Default: 0, for ever.
	LogRetentionDays int
	// LogKeyARN is the key of the log group, as of [TaskRolesArgs.LogKeyARN]. Default: a
	// key of AWS's own.
	LogKeyARN string
	// Tags are those of the cluster and of the log group.
	Tags Tags
}

// Cluster is an ECS cluster with Container Insights, and the log group that
// Container Insights writes to. If there is none when the first task runs, Container
// Insights creates one that keeps its contents for ever, and that outlasts the
// cluster:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference-performance-logs-ECS.html
// So the log group is created before the cluster, and deleted after it. Its name
// has the cluster's, which therefore has to be known before the cluster exists.
type Cluster struct {
	pulumi.ResourceState
	children

	// ARN is the cluster's ARN.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Name is the cluster's name in AWS.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewCluster creates a cluster and its log group.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	m := arguments{component: "Cluster", name: name}
	m.given(args.UniqueName != nil, "UniqueName")
	if err := m.err(); err != nil {
		return nil, err
	}
	cluster := &Cluster{}
	if err := register(ctx, "Cluster", name, cluster, opts); err != nil {
		return nil, err
	}
	logs, err := logGroup{
		name:          pulumi.Sprintf("/aws/ecs/containerinsights/%s/performance", args.UniqueName).ToStringPtrOutput(),
		retentionDays: args.LogRetentionDays, keyARN: args.LogKeyARN, tags: args.Tags,
	}.create(ctx, name+"-insights", cluster)
	if err != nil {
		return nil, err
	}
	created, err := ecs.NewCluster(ctx, name, &ecs.ClusterArgs{
		Name: args.UniqueName.ToStringOutput().ToStringPtrOutput(),
		Settings: ecs.ClusterSettingArray{ecs.ClusterSettingArgs{
			Name:  pulumi.String("containerInsights"),
			Value: pulumi.String("enabled"),
		}},
		Tags: args.Tags.named(name),
	}, pulumi.Parent(cluster), pulumi.DependsOn([]pulumi.Resource{logs}))
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
