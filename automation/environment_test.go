package automation

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// idle are programs that describe nothing.
var idle = Programs{
	Shared:   func(string) pulumi.RunFunc { return func(*pulumi.Context) error { return nil } },
	Provider: func(string) pulumi.RunFunc { return func(*pulumi.Context) error { return nil } },
}

// projects writes Pulumi projects with the given stacks' settings and returns the root.
func projects(t *testing.T, settings map[string]string) string {
	t.Helper()
	root := t.TempDir()
	provider := filepath.Join(root, filepath.FromSlash(ProviderProject))
	require.NoError(t, os.MkdirAll(provider, 0o755))
	write := func(path, text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o644)) }
	write(filepath.Join(root, "Pulumi.yaml"), "name: portico\nruntime: go\n")
	write(filepath.Join(provider, "Pulumi.yaml"), "name: portico-provider\nruntime: go\n")
	for name, text := range settings {
		write(filepath.Join(root, filepath.FromSlash(name)), text)
	}
	return root
}

const account2 = "config:\n  portico:aws: {region: us-east-1, accountId: \"222222222222\"}\n"

func TestDiscover(t *testing.T) {
	root := projects(t, map[string]string{
		"Pulumi.dev.yaml":                             "config:\n  portico:aws: {accountId: \"111111111111\"}\n",
		"Pulumi.dev-eu.yaml":                          "",
		"Pulumi.prod.yaml":                            "config: {}\n",
		"accounts/provider/Pulumi.dev-payments.yaml":  "config: {portico:aws: not a map}\n",
		"accounts/provider/Pulumi.dev-orders.yaml":    account2,
		"accounts/provider/Pulumi.dev-eu-orders.yaml": account2,
		"accounts/provider/Pulumi.prod-orders.yaml":   account2,
		"accounts/provider/Pulumi.develop.yaml":       account2,
	})

	type stack struct{ Name, Dir, Account string }
	of := func(s Stack) stack {
		dir, err := filepath.Rel(root, s.Dir)
		require.NoError(t, err)
		return stack{s.Name, dir, s.Account}
	}
	for environment, want := range map[string][]stack{
		"dev": {
			{"dev", ".", "111111111111"},
			{"dev-orders", "accounts/provider", "222222222222"},
			{"dev-payments", "accounts/provider", ""},
		},
		"dev-eu": {{"dev-eu", ".", ""}, {"dev-eu-orders", "accounts/provider", "222222222222"}},
		"prod":   {{"prod", ".", ""}, {"prod-orders", "accounts/provider", "222222222222"}},
	} {
		t.Run(environment, func(t *testing.T) {
			env, err := Discover(root, environment, idle)
			require.NoError(t, err)
			got := []stack{of(env.Shared)}
			for _, s := range env.Providers {
				got = append(got, of(s))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("stacks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiscoverNamesWhatThereIs(t *testing.T) {
	root := projects(t, map[string]string{"Pulumi.dev.yaml": "", "Pulumi.prod.yaml": ""})

	_, err := Discover(root, "staging", idle)
	require.ErrorContains(t, err, `find environment "staging"`)
	require.ErrorContains(t, err, "dev, prod")

	_, err = Discover(t.TempDir(), "dev", idle)
	require.ErrorContains(t, err, "no environment is described there")
}

func TestDiscoverRefusesSettingsThatAreNotYAML(t *testing.T) {
	root := projects(t, map[string]string{"Pulumi.dev.yaml": "config: [\n"})
	_, err := Discover(root, "dev", idle)
	require.ErrorContains(t, err, "Pulumi.dev.yaml")
}

// TestDiscoverFindsWhatPulumiReads finds settings files in every place and form
// in which Pulumi reads them.
func TestDiscoverFindsWhatPulumiReads(t *testing.T) {
	for sentence, files := range map[string]map[string]string{
		"in a directory of their own": {
			"Pulumi.yaml":                                     "name: portico\nruntime: go\nstackConfigDir: stacks\n",
			"stacks/Pulumi.dev.yaml":                          "config:\n  portico:aws: {accountId: \"111111111111\"}\n",
			"accounts/provider/Pulumi.yaml":                   "name: portico-provider\nruntime: go\nstackConfigDir: stacks\n",
			"accounts/provider/stacks/Pulumi.dev-orders.yaml": account2,
		},
		"with the extension .yml": {
			"Pulumi.yml":                              "name: portico\nruntime: go\n",
			"Pulumi.dev.yml":                          "config:\n  aws: '{\"accountId\": 111111111111}'\n",
			"accounts/provider/Pulumi.yml":            "name: portico-provider\nruntime: go\n",
			"accounts/provider/Pulumi.dev-orders.yml": account2,
		},
		"with the projects' own values": {
			"Pulumi.yaml":                              "name: portico\nruntime: go\nconfig: {portico:aws.accountId: \"111111111111\"}\n",
			"Pulumi.dev.yaml":                          "",
			"accounts/provider/Pulumi.yaml":            "name: portico-provider\nruntime: go\nconfig: {portico:aws: {value: {accountId: 222222222222}}}\n",
			"accounts/provider/Pulumi.dev-orders.yaml": "config: {portico:redeploy: \"true\"}\n",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range files {
				path := filepath.Join(root, filepath.FromSlash(name))
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			env, err := Discover(root, "dev", idle)
			require.NoError(t, err)
			require.Equal(t, "111111111111", env.Shared.Account)
			require.Len(t, env.Providers, 1)
			require.Equal(t, "dev-orders", env.Providers[0].Name)
			require.Equal(t, "222222222222", env.Providers[0].Account)
		})
	}
}

func TestDiscoverNamesASettingsFileThatPulumiDoesNotRead(t *testing.T) {
	root := projects(t, map[string]string{"Pulumi.dev.yml": account2})
	_, err := Discover(root, "dev", idle)
	require.ErrorContains(t, err, filepath.Join(root, "Pulumi.dev.yml")+": Pulumi doesn't read it: the settings of stack dev are in "+filepath.Join(root, "Pulumi.dev.yaml"))
}

// A secret's value is the engine's to know.
func TestDiscoverLeavesOutAnAccountThatIsASecret(t *testing.T) {
	root := projects(t, map[string]string{"Pulumi.dev.yaml": "config:\n  portico:aws: {accountId: {secure: v1:abc}}\n"})
	env, err := Discover(root, "dev", idle)
	require.NoError(t, err)
	require.Empty(t, env.Shared.Account)
}
