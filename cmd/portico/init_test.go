package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What init writes is what Portico reads, without a change.
func TestInitWritesAnEnvironmentThatValidates(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first := []string{"init", "--dir", dir, "--shared-account", "111111111111", "--account", "orders=222222222222",
		"--host", "Orders.private.example.com/v1", "--api", "https://a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn/prod/v1"}
	got := portico(t, "", first...)
	require.Equal(t, 0, got.code, got.err)
	require.Empty(t, got.out)
	got = portico(t, "", "validate", "--env", "dev", "--dir", dir)
	require.Equal(t, 0, got.code, got.err)
	require.Empty(t, got.err, "without a warning either")

	rows := `ACCOUNTS: {shop: {ID: "333333333333"}}
APIS:
- {CUSTOM_DOMAIN_URL: "*.shop.example.com", PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.eu-west-1.amazonaws.com/prod", ACCOUNT: shop}
- {CUSTOM_DOMAIN_URL: pay.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.eu-west-1.amazonaws.com/prod", ACCOUNT: "444444444444", FRONT_DOOR: native}
`
	got = portico(t, rows, "init", "--dir", dir, "--env", "prod", "--shared-account", "555555555555", "--from-discover", "-")
	require.Equal(t, 0, got.code, got.err)
	for _, file := range []string{"Pulumi.prod-444444444444.yaml", "Pulumi.prod-shop.yaml", "Pulumi.dev-orders.yaml"} {
		require.FileExists(t, filepath.Join(dir, "accounts", "provider", file))
	}
	for _, environment := range []string{"dev", "prod"} {
		got = portico(t, "", "validate", "--env", environment, "--dir", dir)
		require.Equal(t, 0, got.code, got.err)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(mine, []byte("config: {}\n"), 0o600))
	got := portico(t, "", "init", "--dir", dir, "--shared-account", "111111111111", "--account", "222222222222",
		"--host", "orders.example.com", "--api", "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "Pulumi.dev.yaml")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing else was written")
}

func TestInitSaysAllThatIsWrongWithItsFlags(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing given": {nil, "portico: required flag(s) \"account\", \"api\", \"host\", \"shared-account\" not set\n"},
		"rows from both": {
			[]string{"--shared-account", "111111111111", "--from-discover", "-", "--host", "a.example.com"},
			"portico: --from-discover has the rows: leave out --host, --api and --account\n",
		},
		"everything wrong": {
			[]string{"--env", "Dev", "--shared-account", "12", "--account", "a b=222222222222", "--host", "-.example.com", "--api", "http://x"},
			`portico: 5 things are wrong with the command line:
  --env "Dev": expected at most 11 lower-case letters, digits and single hyphens, beginning with a letter
  --shared-account "12": expected the account's number, 12 digits
  --account "a b=222222222222": expected the account's number, 12 digits, with a name and = in front or without: orders=222222222222
  --host "-.example.com": label "-" begins or ends with a hyphen: write letters, digits, and hyphens between them
  --api "http://x": "http://" is no scheme of API Gateway, which answers HTTPS only: write https://{api}.execute-api.{region}.{suffix}/{stage}, such as https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := portico(t, "", append([]string{"init"}, test.args...)...)
			require.Equal(t, 2, got.code)
			require.Equal(t, test.want+"Try `portico init --help`.\n", got.err)
		})
	}
	rows := "APIS: [{CUSTOM_DOMAIN_URL: a.example.com}]\n"
	got := portico(t, rows, "init", "--dir", t.TempDir(), "--shared-account", "111111111111", "--from-discover", "-")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "stdin:1:8: APIS[0]: PRIVATE_API_URL is missing")
}
