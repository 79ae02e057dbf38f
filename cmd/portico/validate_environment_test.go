package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const mappingWithRole = `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico/deploy"}
  other: {ID: "333333333333", ROLE_ARN: "arn:aws:iam::333333333333:role/unused"}
APIS:
  - CUSTOM_DOMAIN_URL: orders.private.example.com
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod
    ACCOUNT: orders
`

// ordersSettings are those of the stack of account orders, with further lines.
func ordersSettings(account string, more ...string) string {
	return "config:\n  portico:mapping: ../../mapping.yaml\n  portico:redeploy: true\n  portico:shared: {stack: organization/portico/dev}\n" +
		"  portico:aws: {region: us-east-1, accountId: " + account + "}\n" + strings.Join(more, "")
}

func TestTheMappingsRolesAreThoseThatTheSettingsAllow(t *testing.T) {
	const allowed = "  portico:allowedRoleArns: "
	const refused = "the settings of stack dev-orders don't allow role arn:aws:iam::222222222222:role/portico/deploy"
	for name, test := range map[string]struct {
		settings string
		// why ends the message; empty: the role is allowed.
		why string
	}{
		"no list":                       {ordersSettings(`"222222222222"`), "(portico:allowedRoleArns: none)"},
		"another role":                  {ordersSettings(`"222222222222"`, allowed+"[\"arn:aws:iam::222222222222:role/portico\"]\n"), "(portico:allowedRoleArns: arn:aws:iam::222222222222:role/portico)"},
		"another account":               {ordersSettings(`"222222222222"`, allowed+"[\"arn:aws:iam::333333333333:role/*\"]\n"), "(portico:allowedRoleArns: arn:aws:iam::333333333333:role/*)"},
		"another partition":             {ordersSettings(`"222222222222"`, allowed+"[\"arn:aws-cn:iam::222222222222:role/*\"]\n"), "(portico:allowedRoleArns: arn:aws-cn:iam::222222222222:role/*)"},
		"an account by its name":        {ordersSettings("orders"), "(portico:allowedRoleArns: none)"},
		"the role itself":               {ordersSettings(`"222222222222"`, allowed+"[\"arn:aws:iam::222222222222:role/portico/deploy\"]\n"), ""},
		"a pattern":                     {ordersSettings("orders", allowed+"[\"arn:aws:iam::222222222222:role/x\", \"arn:aws:iam::222222222222:role/por*/dep*y\"]\n"), ""},
		"the settings name another one": {strings.Replace(ordersSettings(`"222222222222"`), "accountId:", "roleArn: \"arn:aws:iam::222222222222:role/mine\", accountId:", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := newRepository(t)
			e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:aws: {region: us-east-1, accountId: \"111111111111\"}\n")
			e.write("mapping.yaml", mappingWithRole)
			e.write("accounts/provider/Pulumi.dev-orders.yaml", test.settings)
			e.commit("begin")
			got := portico(t, "", "validate", "--env", "dev", "--dir", e.dir, "--json")
			var v verdict
			require.NoError(t, json.Unmarshal([]byte(got.out), &v), got.out+got.err)
			comment := e.preview()
			if test.why == "" {
				require.Zero(t, got.code, got.out)
				require.Equal(t, 1, v.Rows)
				require.Zero(t, comment.code, comment.err)
				return
			}
			require.Equal(t, exitWrong, got.code)
			require.Len(t, v.Errors, 1)
			require.Equal(t, mistake{
				File: filepath.Join(e.dir, "mapping.yaml"), Line: 2, Column: 42, Path: "ACCOUNTS.orders.ROLE_ARN",
				Message: refused + " " + test.why, Fix: v.Errors[0].Fix,
			}, v.Errors[0])
			require.Contains(t, v.Errors[0].Fix, "portico:allowedRoleArns")
			require.Equal(t, exitWrong, comment.code)
			require.Contains(t, comment.out, "ACCOUNTS&#46;orders&#46;ROLE&#95;ARN")
		})
	}
}

func TestValidateReportsTheMistakesOfAnEnvironmentsSettingsAndMappingAtOnce(t *testing.T) {
	e := newRepository(t)
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:netwrok: {}\n  portico:aws: {region: us-east-1}\n")
	e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GTE]", 1))
	e.write("accounts/provider/Pulumi.dev-orders.yaml", ordersSettings(`"222222222222"`, "  portico:allowedRoleArns: [portico, \"arn:aws:iam::*:role/portico\"]\n"))
	got := portico(t, "", "validate", "--env", "dev", "--dir", e.dir, "--json")
	var v verdict
	require.NoError(t, json.Unmarshal([]byte(got.out), &v), got.out+got.err)
	require.Equal(t, exitWrong, got.code)
	var places []string
	for _, m := range v.Errors {
		places = append(places, m.Path)
	}
	require.Equal(t, []string{"portico:netwrok", "portico:aws.accountId", "portico:allowedRoleArns[0]", "portico:allowedRoleArns[1]", "APIS[0].VERBS[0]"}, places)
}

// TestAnEnvironmentsMappingHasRowsOfItsRegion has validate --env refuse what the shared
// stack of the environment would, sorted with the other mistakes; retired rows don't
// count.
func TestAnEnvironmentsMappingHasRowsOfItsRegion(t *testing.T) {
	const row = "  - CUSTOM_DOMAIN_URL: shop.private.example.com\n    PRIVATE_API_URL: https://b1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod\n    ACCOUNT: orders\n"
	e := newRepository(t)
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:aws: {region: us-east-1, accountId: \"111111111111\"}\n")
	e.write("accounts/provider/Pulumi.dev-orders.yaml", ordersSettings("orders"))
	e.write("mapping.yaml", mappingWithRole+row)
	e.commit("begin")
	validate := func() (v verdict) {
		got := portico(t, "", "validate", "--env", "dev", "--dir", e.dir, "--json")
		require.NoError(t, json.Unmarshal([]byte(got.out), &v), got.out+got.err)
		require.Equal(t, v.OK, got.code == exitDone)
		return v
	}
	v := validate()
	require.Len(t, v.Errors, 2)
	require.Equal(t, "ACCOUNTS.orders.ROLE_ARN", v.Errors[0].Path)
	require.Equal(t, mistake{
		File: filepath.Join(e.dir, "mapping.yaml"), Line: 8, Column: 5, Path: "APIS[1].PRIVATE_API_URL",
		Message: "the API is in eu-west-1, and a VPC endpoint of us-east-1 (portico:aws.region) reaches APIs of its own region only",
		Fix:     "correct the URL, or put the row into the mapping of a stack in eu-west-1",
	}, v.Errors[1])
	comment := e.preview()
	require.Equal(t, exitWrong, comment.code)
	require.Contains(t, comment.out, "APIS&#91;1&#93;&#46;PRIVATE&#95;API&#95;URL")

	e.write("mapping.yaml", mappingWithRole+row+"    RETIRED: true\n")
	v = validate()
	require.Len(t, v.Errors, 1)
}
