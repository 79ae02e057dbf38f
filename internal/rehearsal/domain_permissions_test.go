package rehearsal

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// domainsMapping is an account with custom domains of both kinds.
const domainsMapping = `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - {CUSTOM_DOMAIN_URL: a.internal.example.com,    PRIVATE_API_URL: "https://ordersapi1.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: orders, FRONT_DOOR: alb}
  - {CUSTOM_DOMAIN_URL: b.internal.example.com/v2, PRIVATE_API_URL: "https://ordersapi1.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: orders, FRONT_DOOR: native}
`

var domainsDeploy = []string{"provider-read", "provider-deploy", "provider-domains-read", "provider-domains-deploy"}

// What the domains' policies reach lies below the names that they were written
// for, or carries Portico's tags.
func TestTheDomainPoliciesReachNothingElse(t *testing.T) {
	whole := attached(t, domainsDeploy...)
	others := []string{
		"arn:aws:apigateway:us-east-1::/domainnames/billing.example.edu", "arn:aws:apigateway:us-east-1:222222222222:/domainnames/billing.example.edu+a1b2c3d4e5",
		"arn:aws:apigateway:us-east-1::/restapis/k3v9x2m7qa", "arn:aws:apigateway:us-east-1::/restapis/k3v9x2m7qa/stages/prod", "arn:aws:apigateway:us-east-1::/tags/restapis",
		"arn:aws:acm:us-east-1:222222222222:certificate/0a1b", "arn:aws:ram:us-east-1:222222222222:resource-share/0a1b", "arn:aws:route53:::hostedzone/Z0",
	}
	for _, action := range actionsOf(t, "provider-domains-deploy") {
		for _, arn := range others {
			if action == "apigateway:PATCH" && strings.HasSuffix(arn, "k3v9x2m7qa") {
				continue // provider-deploy.json writes resource policies
			}
			require.False(t, permits(whole, action, subject{arn, nil}), "%s on %s", action, arn)
		}
	}
	shared := attached(t, "shared-domains-deploy")
	for _, action := range actionsOf(t, "shared-domains-deploy") {
		if action == "ec2:DescribeInstances" {
			continue // takes no resource
		}
		for _, arn := range append(others,
			"arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/billing/0000000000000000/0000000000000000",
			"arn:aws:elasticloadbalancing:us-east-1:111111111111:listener-rule/app/billing/0000000000000000/0000000000000000/0000000000000000",
			"arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/billing/0000000000000000",
			"arn:aws:apigateway:us-east-1:111111111111:/domainnameaccessassociations/domainname/billing.example.edu+a1b2c3d4e5/vpcesource/vpce-0a1b2c3d",
		) {
			require.False(t, permits(shared, action, subject{arn, nil}), "%s on %s", action, arn)
		}
	}
	validation := map[string][]string{
		"route53:ChangeResourceRecordSetsRecordTypes":           {"CNAME"},
		"route53:ChangeResourceRecordSetsNormalizedRecordNames": {"_0a1b2c3d.api.example.com"},
	}
	change := func(key string, values ...string) map[string][]string {
		changed := maps.Clone(validation)
		changed["route53:ChangeResourceRecordSets"+key] = values
		return changed
	}
	writes := func(policy string, context map[string][]string) bool {
		return permits(attached(t, policy), "route53:ChangeResourceRecordSets", subject{"arn:aws:route53:::hostedzone/Z0PUBLICZONE", context})
	}
	require.True(t, writes("public-zone", validation))
	require.False(t, writes("public-zone-read", validation), "a reading role of the zone's account writes")
	for what, context := range map[string]map[string][]string{
		"an address":               change("RecordTypes", "A"),
		"a delegation":             change("RecordTypes", "NS"),
		"two types":                change("RecordTypes", "CNAME", "TXT"),
		"another host":             change("NormalizedRecordNames", "www.example.com"),
		"a host with a validation": change("NormalizedRecordNames", "_0a1b2c3d.api.example.com", "www.example.com"),
		"another domain":           change("NormalizedRecordNames", "_0a1b2c3d.api.example.edu"),
		"no names":                 {"route53:ChangeResourceRecordSetsRecordTypes": {"CNAME"}},
		"no types":                 {"route53:ChangeResourceRecordSetsNormalizedRecordNames": {"_0a1b2c3d.api.example.com"}},
	} {
		require.False(t, writes("public-zone", context), what)
	}
}

// The shared account takes and leaves shares of the listed accounts alone: not what
// others share with it, such as their networks, nor what it shares itself.
func TestOnlySharesOfListedAccountsAreTakenAndLeft(t *testing.T) {
	policy := attached(t, "shared-accept-shares")
	for owner, listed := range map[string]bool{"555555555555": true, "666666666666": false, "111111111111": false} {
		invitation := subject{"arn:aws:ram:us-east-1:" + owner + ":resource-share-invitation/0a1b", map[string][]string{"ram:ShareOwnerAccountId": {owner}}}
		require.Equal(t, listed, permits(policy, "ram:AcceptResourceShareInvitation", invitation), owner)
		require.Equal(t, listed, permits(policy, "ram:DisassociateResourceShare", subject{"arn:aws:ram:us-east-1:" + owner + ":resource-share/0a1b", nil}), owner)
	}
}
