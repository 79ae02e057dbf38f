package accounts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/topology"
)

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
	balancer := func(kind string, tasks int) settings {
		return minimalShared + settings(fmt.Sprintf("  portico:loadBalancer: {type: %s}\n  portico:task: {max: %d}\n", kind, tasks))
	}
	for sentence, test := range map[string]struct {
		fits, over settings
		want       string
	}{
		"60 inbound rules of a security group, one of them the VPC's": {
			minimalShared + settings(ranges(59)), minimalShared + settings(ranges(60)),
			"portico:loadBalancer.allowedCidrs: 61 inbound rules needed, one for each range and 1 for the VPC's own, 60 allowed: join ranges until 59 are left",
		},
		"inbound rules where the quota was raised": {
			minimalShared + settings(ranges(99)) + "  portico:quotas: {securityGroupRules: 100}\n",
			minimalShared + settings(ranges(100)) + "  portico:quotas: {securityGroupRules: 100}\n",
			"101 inbound rules needed",
		},
		"1,000 targets of an Application Load Balancer": {balancer("ALB", 1000), balancer("ALB", 1001), "portico:task.max: 1001 tasks exceed the 1000 targets"},
		"500 targets of a Network Load Balancer":        {balancer("NLB", 500), balancer("NLB", 501), "portico:task.max: 501 tasks exceed the 500 targets"},
		"5,000 tasks of a service": {
			balancer("ALB", 5000) + "  portico:quotas: {targetsPerLoadBalancer: 9000}\n",
			balancer("ALB", 5001) + "  portico:quotas: {targetsPerLoadBalancer: 9000}\n", "exceeds ECS's 5,000 tasks",
		},
		"300 VPCs of a zone, one of them the stack's": {
			minimalShared + settings(associations(299, "")), minimalShared + settings(associations(300, "")),
			"portico:dns.associations: 301 VPCs exceed the 300 of a private hosted zone",
		},
		"1,000 VPCs of other accounts": {
			minimalShared + settings(associations(1000, ", roleArn: 'arn:aws:iam::222222222222:role/r'")) + "  portico:quotas: {vpcsPerZone: 2000}\n",
			minimalShared + settings(associations(1001, ", roleArn: 'arn:aws:iam::222222222222:role/r'")) + "  portico:quotas: {vpcsPerZone: 2000}\n",
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
			require.Empty(t, readConfig(t, "shared", test.fits))
			require.Contains(t, readConfig(t, "shared", test.over), test.want)
		})
	}
}

func TestRangesOfAnExistingVPCCountAmongTheRules(t *testing.T) {
	const others = minimalShared + existingVPC
	require.NoError(t, shared(t, &monitor{}, others+settings(ranges(59)), twoRows))
	err := shared(t, &monitor{}, others+settings(ranges(60)), twoRows)
	require.ErrorContains(t, err, "portico:loadBalancer.allowedCidrs: 61 inbound rules needed")
	require.NoError(t, shared(t, &monitor{}, others+settings(ranges(60))+"  portico:securityGroups: {loadBalancerId: sg-0000000c}\n", twoRows),
		"the rules of an existing group are its owner's")
}

func TestQuotasReachTheDerivation(t *testing.T) {
	for quota, test := range map[string]struct {
		settings settings
		rows     string
		want     string
	}{
		"certificatesPerLoadBalancer": {"  portico:quotas: {certificatesPerLoadBalancer: 1, namesPerCertificate: 1, loadBalancers: 1}\n", manyRows(3, 3), "3 needed, 2 allowed"},
		"namesPerCertificate":         {"  portico:quotas: {namesPerCertificate: 2, certificatesPerLoadBalancer: 1, loadBalancers: 1}\n", manyRows(5, 5), "at 2 names each: 3 needed"},
		"namesPerCertificate's first place": {
			"  portico:quotas: {certificatesPerLoadBalancer: 1, loadBalancers: 1}\n  portico:certificates: {namesPerCertificate: 2}\n", manyRows(5, 5), "at 2 names each: 3 needed",
		},
		"loadBalancers":  {"  portico:quotas: {loadBalancers: 2, certificatesPerLoadBalancer: 1, namesPerCertificate: 1}\n", manyRows(5, 5), "certificates of 2 load balancers, at 1 names each: 5 needed, 4 allowed"},
		"hostedZones":    {"  portico:quotas: {hostedZones: 2}\n", manyRows(3, 3), "private hosted zones of an account: 3 needed, 2 allowed"},
		"recordsPerZone": {"  portico:quotas: {recordsPerZone: 4}\n  portico:dns: {records: host}\n", manyRows(3, 1), "records of the hosted zone zone0.example.com: 3 needed, 2 allowed"},
	} {
		t.Run(quota, func(t *testing.T) {
			err := shared(t, &monitor{}, minimalShared+test.settings, test.rows)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestQuotasOfFrontDoorsReachTheDerivation(t *testing.T) {
	number := func(n int) *int { return &n }
	shared := sharedConfig{Quotas: quotasConfig{LoadBalancers: number(2), RulesPerLoadBalancer: number(3), Associations: number(4)}}
	quotas := shared.topology().Quotas
	require.Equal(t, []int{2, 3, 4}, []int{quotas.LoadBalancers, quotas.RulesPerLoadBalancer, quotas.Associations})
	require.Equal(t, []int{0, 0, 0}, func(quotas topology.Quotas) []int {
		return []int{quotas.LoadBalancers, quotas.RulesPerLoadBalancer, quotas.Associations}
	}((&sharedConfig{}).topology().Quotas), "0 has the topology's defaults")

	provider := providerConfig{Quotas: providerQuotasConfig{PrivateDomains: number(5), RegionalDomains: number(6)}}
	require.Equal(t, topology.Quotas{PrivateDomains: 5, RegionalDomains: 6}, provider.domainQuotas())
	require.Equal(t, topology.Quotas{}, (&providerConfig{}).domainQuotas(), "0 has the topology's defaults")
}

// TestAnAccountsQuotasOfCustomDomains holds each provider account to its own.
func TestAnAccountsQuotasOfCustomDomains(t *testing.T) {
	domains := func(door string, n int) string {
		var b strings.Builder
		b.WriteString("APIS:\n")
		for i := range n {
			fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: h%d.internal.example.com, PRIVATE_API_URL: 'https://abcde12345.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: \"222222222222\", FRONT_DOOR: %s}\n", i, door)
		}
		return b.String()
	}
	for sentence, test := range map[string]struct {
		door     string
		settings settings
		fits     int
		want     string
	}{
		"50 private ones":                       {"native", "", 50, "private custom domains of the account: 51 needed, 50 allowed"},
		"private ones where the quota is less":  {"native", "  portico:quotas: {privateDomains: 2}\n", 2, "private custom domains of the account: 3 needed, 2 allowed"},
		"120 Regional ones":                     {"alb", "", 120, "Regional custom domains of the account: 121 needed, 120 allowed"},
		"Regional ones where the quota is more": {"alb", "  portico:quotas: {regionalDomains: 121}\n", 121, "Regional custom domains of the account: 122 needed, 121 allowed"},
	} {
		t.Run(sentence, func(t *testing.T) {
			outputsOf(t, &monitor{shared: doorOutputs(nil)}, redeploying+test.settings, domains(test.door, test.fits))

			m := &monitor{shared: doorOutputs(nil), publicZones: publicZones}
			dir := project(t, "dev-orders", redeploying+test.settings, domains(test.door, test.fits+1))
			err := run(t, m, ProviderIn(dir), "dev-orders", (redeploying + test.settings).config(t))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, fmt.Sprintf("APIS[%d]", test.fits))
		})
	}
}
