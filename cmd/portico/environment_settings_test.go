package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNothingRunsBeforeTheSettingsOfAllStacksAreRight: an environment whose provider
// stack was copied from another's would give its rows to the other's endpoint, and
// a stack that is named wrongly would be told of when the shared stack is deployed.
func TestNothingRunsBeforeTheSettingsOfAllStacksAreRight(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PATH", "") // there is no Pulumi CLI to run
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	write("Pulumi.yaml", "name: portico\nruntime: go\n")
	write("accounts/provider/Pulumi.yaml", "name: portico-provider\nruntime: go\n")
	write("mapping.yaml", strings.Replace(rowsOfTwoRegions, "shop.private.example.com", "shop", 1))
	write("Pulumi.stage.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:aws: {region: us-east-1, accountId: \"111111111111\"}\n")
	provider := func(stack string) string {
		return "config:\n  portico:mapping: ../../mapping.yaml\n  portico:redeploy: true\n  portico:shared: {stack: " + stack + "}\n" +
			"  portico:aws: {region: us-east-1, accountId: \"222222222222\"}\n"
	}
	write("accounts/provider/Pulumi.stage-orders.yaml", provider("organization/portico/dev"))
	write("accounts/provider/Pulumi.stage-shop.yaml", provider("stage"))
	write("accounts/provider/Pulumi.stage-team.yaml", "config: [")
	checked := portico(t, "", "validate", "--env", "stage")
	require.Equal(t, exitWrong, checked.code)
	require.Contains(t, checked.err, "accounts/provider/Pulumi.stage-orders.yaml:4:27: portico:shared.stack: organization/portico/dev is not the shared stack of this environment")
	for _, verb := range []string{"up", "preview"} {
		got := portico(t, "", verb, "--env", "stage")
		require.Equal(t, exitWrong, got.code)
		require.Empty(t, got.out)
		lines := strings.Split(strings.TrimSpace(got.err), "\n")
		require.Len(t, lines, 5, got.err)
		for i, begin := range []string{
			"environment stage has mistakes, and nothing was run:",
			"accounts/provider/Pulumi.stage-orders.yaml:4:27: portico:shared.stack: organization/portico/dev is not the shared stack of this environment",
			`accounts/provider/Pulumi.stage-shop.yaml:4:27: portico:shared.stack: "stage" is not a stack's full name`,
			"accounts/provider/Pulumi.stage-team.yaml:1: the file isn't YAML",
			`mapping.yaml:4:24: APIS[1].CUSTOM_DOMAIN_URL: "shop" has fewer than three labels`,
		} {
			require.True(t, strings.HasPrefix(lines[i], begin), "%s", lines[i])
		}
	}
}

// TestNothingRunsBeforeTheRolesOfTheMappingAreAllowed: the mapping's authors do not
// choose the role that a stack assumes.
func TestNothingRunsBeforeTheRolesOfTheMappingAreAllowed(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PATH", "") // there is no Pulumi CLI to run
	require.NoError(t, os.MkdirAll("accounts/provider", 0o755))
	for name, text := range map[string]string{
		"Pulumi.yaml":                   "name: portico\nruntime: go\n",
		"accounts/provider/Pulumi.yaml": "name: portico-provider\nruntime: go\n",
		"mapping.yaml": "ACCOUNTS:\n  orders: {ID: \"222222222222\", ROLE_ARN: \"arn:aws:iam::222222222222:role/admin\"}\nAPIS:\n" +
			"  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: \"https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev\", ACCOUNT: orders}\n",
		"Pulumi.dev.yaml": "config:\n  portico:mapping: mapping.yaml\n  portico:aws: {region: us-east-1, accountId: \"111111111111\"}\n",
		"accounts/provider/Pulumi.dev-orders.yaml": "config:\n  portico:mapping: ../../mapping.yaml\n  portico:redeploy: true\n" +
			"  portico:shared: {stack: organization/portico/dev}\n  portico:aws: {region: us-east-1, accountId: \"222222222222\"}\n" +
			"  portico:allowedRoleArns: [\"arn:aws:iam::222222222222:role/portico-*\"]\n",
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	for _, verb := range []string{"up", "preview"} {
		got := portico(t, "", verb, "--env", "dev")
		require.Equal(t, exitWrong, got.code)
		require.Contains(t, got.err, "mapping.yaml:2:42: ACCOUNTS.orders.ROLE_ARN: the settings of stack dev-orders don't allow role arn:aws:iam::222222222222:role/admin")
	}
}
