package settings

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
)

const minimalShared = `config:
  portico:mapping: mapping.yaml
  portico:aws: {region: us-east-1, accountId: "111111111111"}
`

// sharedProblems are the errors of a shared stack's settings file.
func sharedProblems(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "Pulumi.dev.yaml", text)
	return problems(Source{Project: Project{Files: Dir(dir)}, Stack: "dev"}, "shared")
}

// ranges writes n disjoint ranges.
func ranges(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("172.16.%d.0/24", i))
	}
	return "  portico:loadBalancer: {allowedCidrs: [" + strings.Join(all, ", ") + "]}\n"
}

// associations writes n other VPCs, each with what is given.
func associations(n int, more string) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("{vpcId: vpc-%08x%s}", i, more))
	}
	return "  portico:dns: {associations: [" + strings.Join(all, ", ") + "]}\n"
}

func TestEveryQuotaOfASettingsFileHoldsAtItsLimitAndNotOneOver(t *testing.T) {
	balancer := func(kind string, tasks int) string {
		return minimalShared + fmt.Sprintf("  portico:loadBalancer: {type: %s}\n  portico:task: {max: %d}\n", kind, tasks)
	}
	for sentence, test := range map[string]struct {
		fits, over string
		want       string
	}{
		"60 inbound rules of a security group, one of them the VPC's": {
			minimalShared + ranges(59), minimalShared + ranges(60),
			"portico:loadBalancer.allowedCidrs: 61 inbound rules needed, one for each range and 1 for the VPC's own, 60 allowed: join ranges until 59 are left",
		},
		"inbound rules where the quota was raised": {
			minimalShared + ranges(99) + "  portico:quotas: {securityGroupRules: 100}\n",
			minimalShared + ranges(100) + "  portico:quotas: {securityGroupRules: 100}\n",
			"101 inbound rules needed",
		},
		"1,000 targets of an Application Load Balancer": {balancer("ALB", 1000), balancer("ALB", 1001), "portico:task.max: 1001 tasks exceed the 1000 targets"},
		"500 targets of a Network Load Balancer":        {balancer("NLB", 500), balancer("NLB", 501), "portico:task.max: 501 tasks exceed the 500 targets"},
		"5,000 tasks of a service": {
			balancer("ALB", 5000) + "  portico:quotas: {targetsPerLoadBalancer: 9000}\n",
			balancer("ALB", 5001) + "  portico:quotas: {targetsPerLoadBalancer: 9000}\n", "exceeds ECS's 5,000 tasks",
		},
		"300 VPCs of a zone, one of them the stack's": {
			minimalShared + associations(299, ""), minimalShared + associations(300, ""),
			"portico:dns.associations: 301 VPCs exceed the 300 of a private hosted zone",
		},
		"1,000 VPCs of other accounts": {
			minimalShared + associations(1000, ", roleArn: 'arn:aws:iam::222222222222:role/r'") + "  portico:quotas: {vpcsPerZone: 2000}\n",
			minimalShared + associations(1001, ", roleArn: 'arn:aws:iam::222222222222:role/r'") + "  portico:quotas: {vpcsPerZone: 2000}\n",
			"portico:dns.associations: 1001 VPCs of other accounts exceed the 1000 that a private hosted zone can authorize",
		},
		"five target groups of a service": {
			minimalShared + "  portico:quotas: {loadBalancers: 5}\n", minimalShared + "  portico:quotas: {loadBalancers: 6}\n",
			"portico:quotas.loadBalancers: 6 is out of range: write 1 to 5: an ECS service takes no more target groups",
		},
		"quotas of front doors are one at least": {
			minimalShared + "  portico:quotas: {rulesPerLoadBalancer: 1, associations: 1}\n",
			minimalShared + "  portico:quotas: {rulesPerLoadBalancer: 0, associations: 1}\n",
			"portico:quotas.rulesPerLoadBalancer: 0 is out of range",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			require.Empty(t, sharedProblems(t, test.fits))
			require.Contains(t, sharedProblems(t, test.over), test.want)
		})
	}
}

func TestQuotasReachTheTopology(t *testing.T) {
	shared := DefaultShared()
	aws := topology.DefaultQuotas()
	options := shared.TopologyOptions()
	aws.PrivateDomains, aws.RegionalDomains = options.Quotas.PrivateDomains, options.Quotas.RegionalDomains
	require.Equal(t, aws, options.Quotas, "AWS's defaults, but for what other accounts have quotas of")
	shared.Quotas.LoadBalancers, shared.Quotas.RulesPerLoadBalancer, shared.Quotas.Associations = 2, 3, 4
	quotas := shared.TopologyOptions().Quotas
	require.Equal(t, []int{2, 3, 4}, []int{quotas.LoadBalancers, quotas.RulesPerLoadBalancer, quotas.Associations})

	provider := DefaultProvider()
	require.Equal(t, topology.Quotas{PrivateDomains: 50, RegionalDomains: 120}, provider.DomainQuotas())
	require.Equal(t, resourcepolicy.DefaultMaxSize, provider.Quotas.ResourcePolicySize)
	provider.Quotas.PrivateDomains, provider.Quotas.RegionalDomains = 5, 6
	require.Equal(t, topology.Quotas{PrivateDomains: 5, RegionalDomains: 6}, provider.DomainQuotas())
}
