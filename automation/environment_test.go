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

// estate writes projects with the given stacks' settings and returns the root.
func estate(t *testing.T, settings map[string]string) string {
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
	root := estate(t, map[string]string{
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
	root := estate(t, map[string]string{"Pulumi.dev.yaml": "", "Pulumi.prod.yaml": ""})

	_, err := Discover(root, "staging", idle)
	require.ErrorContains(t, err, `find environment "staging"`)
	require.ErrorContains(t, err, "dev, prod")

	_, err = Discover(t.TempDir(), "dev", idle)
	require.ErrorContains(t, err, "no environment is described there")
}

func TestDiscoverRefusesSettingsThatAreNotYAML(t *testing.T) {
	root := estate(t, map[string]string{"Pulumi.dev.yaml": "config: [\n"})
	_, err := Discover(root, "dev", idle)
	require.ErrorContains(t, err, "Pulumi.dev.yaml")
}
