package components

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// TestResourcesAreEveryChild: what depends on a component's Resources comes after
// all of them, whatever the order in which the SDK's goroutines run.
func TestResourcesAreEveryChild(t *testing.T) {
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		groups, err := NewSecurityGroups(ctx, "p", &SecurityGroupsArgs{
			VPCID: pulumi.String("vpc-1"), VPCCIDRs: []string{"10.0.0.0/16"}, Region: "us-east-1", Proxy: true, Tags: tags,
		}, opts)
		if err != nil {
			return err
		}
		balancer, err := NewLoadBalancer(ctx, "p-lb", balancerArgs(), opts)
		if err != nil {
			return err
		}
		_, err = newPrerequisite(ctx, "last", pulumi.DependsOn(slices.Concat(groups.Resources(), balancer.Resources())))
		return err
	})
	var created []string
	for _, r := range m.resources {
		if r.Custom && r.Parent != "" && r.Token != prerequisiteToken && r.Token != "pulumi:providers:aws" {
			created = append(created, r.URN)
		}
	}
	require.Len(t, created, 17)
	require.ElementsMatch(t, created, m.named(t, prerequisiteToken, "last").Dependencies)
}
