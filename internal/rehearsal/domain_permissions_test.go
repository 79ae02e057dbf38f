package rehearsal

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// domainsMapping is an account with custom domains of both kinds.
const domainsMapping = `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - {CUSTOM_DOMAIN_URL: a.internal.example.com,    PRIVATE_API_URL: "https://ordersapi1.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: orders, FRONT_DOOR: alb}
  - {CUSTOM_DOMAIN_URL: b.internal.example.com/v2, PRIVATE_API_URL: "https://ordersapi1.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: orders, FRONT_DOOR: native}
`

var (
	domainsDeploy = []string{"provider-read", "provider-deploy", "provider-domains-read", "provider-domains-deploy"}
	domainsRead   = []string{"provider-read", "provider-domains-read"}
	publicZone    = []string{"public-zone"}

	sharedDomainsDeploy = slices.Concat(sharedDeploy, []string{"shared-domains-read", "shared-domains-deploy"})
	sharedDomainsRead   = slices.Concat(sharedRead, []string{"shared-domains-read"})
)

const domainNames = "arn:aws:apigateway:us-east-1::/domainnames"

// domainSubjects are what a call about custom domains is checked against; nil
// where observed.subjects knows.
func (o observed) domainSubjects(t *testing.T, c awssim.Call) []subject {
	t.Helper()
	tags := map[string][]string{"aws:RequestTag/managed-by": {"portico"}, "aws:RequestTag/environment": {"dev"}}
	var list []subject
	switch {
	case c.Action == "apigateway:POST" && strings.HasSuffix(c.Type, ":DomainName"):
		return []subject{{domainNames, nil}}
	case strings.HasSuffix(c.Type, ":BasePathMapping"):
		for _, domain := range o.of(c, []string{"aws:apigateway/domainName:DomainName"}) {
			mappings := domain.ARN + "/basepathmappings"
			if c.Action != "apigateway:POST" {
				mappings += "/v2"
			}
			list = append(list, subject{mappings, nil})
		}
	case slices.Contains([]string{"ram:CreateResourceShare", "ram:TagResource", "acm:RequestCertificate"}, c.Action):
		return []subject{{"*", tags}}
	case strings.HasPrefix(c.Action, "ram:"):
		for _, share := range o.of(c, []string{"aws:ram/resourceShare:ResourceShare"}) {
			list = append(list, subject{share.ARN, contextOf("", share, map[string][]string{})})
		}
	case c.Type == "aws:route53/getZone:getZone":
		// There need not be any in the account.
		return []subject{{"arn:aws:route53:::hostedzone/Z0", nil}}
	}
	return list
}

// sharedDomainSubjects are what a call of the shared account about rules,
// targets and associations is checked against; nil where observed.subjects
// knows.
func (o observed) sharedDomainSubjects(c awssim.Call) []subject {
	arns := func(token, property string) []subject {
		var list []subject
		for _, r := range o.of(c, []string{token}) {
			arn := r.ARN
			if property != "" {
				arn = r.Properties.Text(property)
			}
			list = append(list, subject{arn, nil})
		}
		return list
	}
	switch {
	case c.Action == "elasticloadbalancing:CreateRule":
		return arns(c.Type, "listenerArn")
	case strings.HasSuffix(c.Type, ":TargetGroupAttachment") && !unscoped(c.Action):
		return arns(c.Type, "targetGroupArn")
	case c.Action == "apigateway:POST":
		return []subject{{"arn:aws:apigateway:us-east-1::/domainnameaccessassociations", nil}}
	case c.Action == "apigateway:CreateAccessAssociation":
		return arns(c.Type, "domainNameArn")
	}
	return nil
}

func TestTheDomainPoliciesAllowWhatTheEngineDoes(t *testing.T) {
	mappingFile := filepath.Join(t.TempDir(), "mapping.yaml")
	require.NoError(t, os.WriteFile(mappingFile, []byte(domainsMapping), 0o600))
	o := observe(t, mappingFile)
	actions := map[string]bool{}
	for _, phase := range []struct {
		calls            []awssim.Call
		provider, shared []string
	}{{o.changing, domainsDeploy, sharedDomainsDeploy}, {o.reading, domainsRead, sharedDomainsRead}} {
		provider, shared, zones := attached(t, phase.provider...), attached(t, phase.shared...), attached(t, publicZone...)
		done := map[awssim.Call]bool{}
		for _, c := range phase.calls {
			validates := strings.Contains(c.Caller, validationRole)
			inShared := c.Account == string(sharedAccount) && !validates
			c.Caller = ""
			if inShared && done[c] {
				continue
			}
			done[c] = true
			actions[c.Action] = true
			policies, subjects := provider, o.domainSubjects(t, c)
			if inShared {
				policies, subjects = shared, o.sharedDomainSubjects(c)
			}
			switch {
			case validates:
				policies = zones
				subjects = []subject{{"arn:aws:route53:::hostedzone/Z0PUBLICZONE", map[string][]string{
					"route53:ChangeResourceRecordSetsRecordTypes":           {"CNAME"},
					"route53:ChangeResourceRecordSetsNormalizedRecordNames": {"_0a1b2c3d.api.example.com"},
				}}}
				if c.Action == "route53:GetChange" {
					subjects[0].arn = "arn:aws:route53:::change/C0123456789"
				}
			case subjects == nil:
				subjects = o.subjects(c)
			}
			require.NotEmpty(t, subjects, "%s on %s: no resource of the type exists", c.Action, c.Type)
			for _, s := range subjects {
				if !permits(policies, c.Action, s) {
					t.Errorf("not allowed: %s on %s (%s) with %v", c.Action, s.arn, c.Type, s.context)
				}
			}
		}
	}
	t.Run("every other action has a reason", func(t *testing.T) {
		for _, name := range []string{"provider-domains-read", "provider-domains-deploy", "public-zone", "public-zone-read", "shared-domains-read", "shared-domains-deploy"} {
			for _, action := range actionsOf(t, name) {
				require.NotContains(t, action, "*", name)
				if !actions[action] {
					require.Contains(t, beyondDomains, action, "%s: nothing of the run uses it", name)
				}
			}
		}
		for action := range beyondDomains {
			require.NotContains(t, actions, action, "the run uses it")
		}
	})
}

// beyondDomains are the actions of the policies that the simulated run doesn't
// use, with the reason why they are there.
var beyondDomains = map[string]string{
	"acm:RemoveTagsFromCertificate": "tags change in place",
	"apigateway:PUT":                "tags change in place",

	"elasticloadbalancing:ModifyRule": "a replaced target group changes its rules in place",
	"elasticloadbalancing:RemoveTags": "tags change in place",
	"ram:UntagResource":               "tags change in place",
	"ram:UpdateResourceShare":         "allowExternalPrincipals changes in place",
	"route53:ListHostedZonesByName":   "the real provider reads more than the simulated one",
}

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
