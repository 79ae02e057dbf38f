package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// teamsDirectory writes a mapping directory of two teams below dir.
func teamsDirectory(t *testing.T, dir, contact string) string {
	t.Helper()
	path := filepath.Join(dir, "teams")
	require.NoError(t, os.Mkdir(path, 0o755))
	for name, text := range map[string]string{
		"portico.yaml": "TEAMS:\n" +
			"  orders: {ACCOUNTS: [\"222222222222\"], HOSTS: [\"*.orders.corp.example.com\"], CONTACT: \"" + contact + "\"}\n" +
			"  shop: {FILE: web.yml, ACCOUNTS: [\"333333333333\"], HOSTS: [shop.corp.example.com], CONTACT: \"Shop <shop@example.com>, @acme/shop; @eve\"}\n",
		"orders.yaml": "APIS: [{CUSTOM_DOMAIN_URL: v1.orders.corp.example.com, ACCOUNT: \"222222222222\", PRIVATE_API_URL: \"https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev\"}]\n",
		"web.yml":     "APIS: [{CUSTOM_DOMAIN_URL: shop.corp.example.com, ACCOUNT: \"333333333333\", PRIVATE_API_URL: \"https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/dev\"}]\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte(text), 0o644))
	}
	return path
}

func TestCodeowners(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, exec.Command("git", "-C", dir, "init", "-q").Run())
	require.NoError(t, os.Mkdir(filepath.Join(dir, "ops"), 0o755))
	teams := teamsDirectory(t, filepath.Join(dir, "ops"), "@acme/orders")

	got := portico(t, "", "codeowners", "--mapping", teams, "--owner", "@acme/platform")
	require.Equal(t, 0, got.code, got.err)
	require.Equal(t, "/ops/teams/portico.yaml @acme/platform\n/ops/teams/orders.yaml @acme/orders\n/ops/teams/web.yml shop@example.com @acme/shop @eve\n", got.out)
	require.Empty(t, got.err)

	got = portico(t, "", "codeowners", "--mapping", teams)
	require.Equal(t, 0, got.code)
	require.Equal(t, "/ops/teams/orders.yaml @acme/orders\n/ops/teams/web.yml shop@example.com @acme/shop @eve\n", got.out)
	require.Contains(t, got.err, "has no owner")
}

func TestCodeownersOfNobody(t *testing.T) {
	teams := teamsDirectory(t, t.TempDir(), "the orders team, room 12")
	got := portico(t, "", "codeowners", "--mapping", teams)
	require.Equal(t, 1, got.code)
	require.Empty(t, got.out)
	require.Equal(t, filepath.Join(teams, "portico.yaml")+":2:3: TEAMS.orders.CONTACT: names no GitHub user, GitHub team or e-mail address: write such as @acme/orders\n", got.err)

	for _, args := range [][]string{
		{"--mapping", filepath.Join(teams, "web.yml")},
		{"--mapping", teams, "--owner", "us"},
		{"--mapping", teams, "--owner", "@acme/platform, acme/security"},
		{},
	} {
		got := portico(t, "", append([]string{"codeowners"}, args...)...)
		require.Equal(t, 2, got.code, got.err)
	}
}

// TestADirectoryIsAMapping has the commands about a mapping take a directory.
func TestADirectoryIsAMapping(t *testing.T) {
	teams := teamsDirectory(t, t.TempDir(), "@acme/orders")
	got := portico(t, "", "validate", "--mapping", teams)
	require.Equal(t, 0, got.code, got.err)
	require.Contains(t, got.out, "2 rows, 2 hosts, 2 APIs in 2 accounts")

	got = portico(t, "", "explain", "--mapping", teams, "--json")
	require.Equal(t, 0, got.code, got.err)
	require.Contains(t, got.out, `"team": "shop"`)
	got = portico(t, "", "explain", "--mapping", teams)
	require.Regexp(t, `(?m)ACCOUNT +TEAM +FRONT DOOR`, got.out)
	require.Regexp(t, `(?m)\d{12} +shop +nginx`, got.out)
	require.NotContains(t, portico(t, "", "explain", "--mapping", "../../examples/mapping.dev.yaml").out, "TEAM")

	require.NoError(t, os.WriteFile(filepath.Join(teams, "web.yml"), []byte("APIS: [{CUSTOM_DOMAIN_URL: v2.orders.corp.example.com, ACCOUNT: \"222222222222\", PRIVATE_API_URL: \"https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/dev\"}]\n"), 0o644))
	got = portico(t, "", "validate", "--mapping", teams, "--json")
	require.Equal(t, 1, got.code)
	require.JSONEq(t, `{"ok": false, "rows": 0, "errors": [
		{"file": "`+teams+`/web.yml", "line": 1, "column": 28, "path": "APIS[0].CUSTOM_DOMAIN_URL", "team": "shop",
			"message": "v2.orders.corp.example.com is none of the team's hosts",
			"fix": "write one of shop.corp.example.com, or have it added to TEAMS.shop.HOSTS in portico.yaml"},
		{"file": "`+teams+`/web.yml", "line": 1, "column": 65, "path": "APIS[0].ACCOUNT", "team": "shop",
			"message": "account 222222222222 is none of the team's",
			"fix": "write another, or have it added to TEAMS.shop.ACCOUNTS in portico.yaml"}]}`, got.out)
}
