package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImportReference(t *testing.T) {
	dir := t.TempDir()
	proxyConfig, vars, out := filepath.Join(dir, "proxy-config.yaml"), filepath.Join(dir, "vars.yaml"), filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(proxyConfig, []byte(`APIS:
  - CUSTOM_DOMAIN_URL: api1.private.example.com
    PRIVATE_API_URL: https://apiid1.execute-api.us-east-1.amazonaws.com/dev
`), 0o600))
	require.NoError(t, os.WriteFile(vars, []byte("VARIABLES:\n  - APP_ENVIRONMENT: test\n"), 0o600))

	got := portico(t, "", "import-reference", "--mapping", proxyConfig, "--vars", vars, "--out", out)
	require.Equal(t, exitDone, got.code, got.err)
	require.Empty(t, got.out)
	for _, name := range []string{"mapping.test.yaml", "Pulumi.test.yaml", "accounts/provider/Pulumi.test-owner.yaml"} {
		require.FileExists(t, filepath.Join(out, filepath.FromSlash(name)))
		require.Contains(t, got.err, name)
	}
	require.Equal(t, exitDone, portico(t, "", "validate", "--mapping", filepath.Join(out, "mapping.test.yaml")).code)

	t.Run("a second time, the files are in the way", func(t *testing.T) {
		got := portico(t, "", "import-reference", "--mapping", proxyConfig, "--vars", vars, "--out", out)
		require.Equal(t, exitWrong, got.code)
		require.Contains(t, got.err, "Pulumi.test.yaml")
	})
	t.Run("mistakes have their places", func(t *testing.T) {
		require.NoError(t, os.WriteFile(vars, []byte("VARIABLES:\n  - ELB_TYPE: xALBx\n"), 0o600))
		empty := filepath.Join(dir, "empty")
		got := portico(t, "", "import-reference", "--mapping", proxyConfig, "--vars", vars, "--out", empty)
		require.Equal(t, exitWrong, got.code)
		require.Contains(t, got.err, vars+":2:15: VARIABLES[0].ELB_TYPE: ")
		require.NoDirExists(t, empty)
	})
	t.Run("a file that is not there", func(t *testing.T) {
		got := portico(t, "", "import-reference", "--mapping", filepath.Join(dir, "absent"), "--out", out)
		require.Equal(t, exitWrong, got.code)
		require.Contains(t, got.err, "no such file")
	})
	t.Run("a missing flag", func(t *testing.T) {
		require.Equal(t, exitUsage, portico(t, "", "import-reference", "--vars", vars, "--out", out).code)
	})
}

// In a directory of several teams, what was imported is a team's file as soon as its
// rows name their accounts.
func TestWhatIsImportedIsATeamsFile(t *testing.T) {
	imported, teams := filepath.Join(t.TempDir(), "imported"), t.TempDir()
	got := portico(t, `APIS:
  - CUSTOM_DOMAIN_URL: orders.internal.example.com
    PRIVATE_API_URL: https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/prod
    VERBS: ["GET", "POST"]
  - CUSTOM_DOMAIN_URL: shop.internal.example.com
    PRIVATE_API_URL: https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/prod
`, "import-reference", "--mapping", "-", "--out", imported)
	require.Equal(t, exitDone, got.code, got.err)
	text, err := os.ReadFile(filepath.Join(imported, "mapping.dev.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(teams, "portico.yaml"), []byte(`ACCOUNTS: {orders: {ID: "222222222222"}}
TEAMS:
  orders: {ACCOUNTS: [orders], HOSTS: ["*.internal.example.com"]}
`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(teams, "orders.yaml"), text, 0o600))
	got = portico(t, "", "validate", "--mapping", teams, "--json")
	require.Equal(t, exitWrong, got.code)
	var found struct {
		Errors []struct{ Path, Message string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &found))
	require.Len(t, found.Errors, 2)
	for i, wrong := range found.Errors {
		require.Equal(t, fmt.Sprintf("APIS[%d]", i), wrong.Path)
		require.Equal(t, "ACCOUNT is missing", wrong.Message)
	}
	named := strings.ReplaceAll(string(text), "    PRIVATE_API_URL:", "    ACCOUNT: orders\n    PRIVATE_API_URL:")
	require.NoError(t, os.WriteFile(filepath.Join(teams, "orders.yaml"), []byte(named), 0o600))
	got = portico(t, "", "validate", "--mapping", teams)
	require.Equal(t, exitDone, got.code, got.err)
}
