package accounts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ranges writes n disjoint ranges.
func ranges(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("172.16.%d.0/24", i))
	}
	return "  portico:loadBalancer: {allowedCidrs: [" + strings.Join(all, ", ") + "]}\n"
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
		"certificatesPerLoadBalancer": {"  portico:quotas: {certificatesPerLoadBalancer: 1, namesPerCertificate: 1}\n", manyRows(3, 3), "3 needed, 2 allowed"},
		"namesPerCertificate":         {"  portico:quotas: {namesPerCertificate: 2, certificatesPerLoadBalancer: 1}\n", manyRows(5, 5), "at 2 names each: 3 needed"},
		"namesPerCertificate's first place": {
			"  portico:quotas: {certificatesPerLoadBalancer: 1}\n  portico:certificates: {namesPerCertificate: 2}\n", manyRows(5, 5), "at 2 names each: 3 needed",
		},
		"hostedZones":    {"  portico:quotas: {hostedZones: 2}\n", manyRows(3, 3), "private hosted zones of an account: 3 needed, 2 allowed"},
		"recordsPerZone": {"  portico:quotas: {recordsPerZone: 4}\n  portico:dns: {records: host}\n", manyRows(3, 1), "records of the hosted zone zone0.example.com: 3 needed, 2 allowed"},
	} {
		t.Run(quota, func(t *testing.T) {
			err := shared(t, &monitor{}, minimalShared+test.settings, test.rows)
			require.ErrorContains(t, err, test.want)
		})
	}
}
