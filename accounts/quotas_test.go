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

func TestRangesOfAnExistingVPCCountAmongTheRules(t *testing.T) {
	const existing = minimalShared + existingVPC
	require.NoError(t, shared(t, &monitor{}, existing+settingsText(ranges(59)), twoRows))
	err := shared(t, &monitor{}, existing+settingsText(ranges(60)), twoRows)
	require.ErrorContains(t, err, "portico:loadBalancer.allowedCidrs: 61 inbound rules needed")
	require.NoError(t, shared(t, &monitor{}, existing+settingsText(ranges(60))+"  portico:securityGroups: {loadBalancerId: sg-0000000c}\n", twoRows),
		"the rules of an existing group are its owner's")
}

func TestQuotasReachTheDerivation(t *testing.T) {
	for quota, test := range map[string]struct {
		settings settingsText
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

// TestAnAccountsQuotasOfCustomDomains holds each provider account to its own.
func TestAnAccountsQuotasOfCustomDomains(t *testing.T) {
	domains := func(frontDoor string, n int) string {
		var b strings.Builder
		b.WriteString("APIS:\n")
		for i := range n {
			fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: h%d.internal.example.com, PRIVATE_API_URL: 'https://abcde12345.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: \"222222222222\", FRONT_DOOR: %s}\n", i, frontDoor)
		}
		return b.String()
	}
	for sentence, test := range map[string]struct {
		frontDoor string
		settings  settingsText
		fits      int
		want      string
	}{
		"50 private ones":                       {"native", "", 50, "private custom domains of the account: 51 needed, 50 allowed"},
		"private ones where the quota is less":  {"native", "  portico:quotas: {privateDomains: 2}\n", 2, "private custom domains of the account: 3 needed, 2 allowed"},
		"120 Regional ones":                     {"alb", "", 120, "Regional custom domains of the account: 121 needed, 120 allowed"},
		"Regional ones where the quota is more": {"alb", "  portico:quotas: {regionalDomains: 121}\n", 121, "Regional custom domains of the account: 122 needed, 121 allowed"},
	} {
		t.Run(sentence, func(t *testing.T) {
			outputsOf(t, &monitor{shared: frontDoorOutputs(nil)}, redeploying+test.settings, domains(test.frontDoor, test.fits))

			m := &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones}
			dir := project(t, "dev-orders", redeploying+test.settings, domains(test.frontDoor, test.fits+1))
			err := run(t, m, ProviderIn(dir), "dev-orders", (redeploying + test.settings).config(t))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, fmt.Sprintf("APIS[%d]", test.fits))
		})
	}
}
