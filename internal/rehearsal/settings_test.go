package rehearsal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/settings"
)

// TestSettingsOfASimulationAreThosePulumiReads finds the stacks of a mapping by
// settings in every place and form in which Pulumi reads them.
func TestSettingsOfASimulationAreThosePulumiReads(t *testing.T) {
	want := []stackSettings{
		{name: "dev", project: "platform", shared: true, account: "555555555555", region: "eu-west-1", roleARN: "arn:aws:iam::555555555555:role/portico"},
		{name: "dev-orders", project: "portico-provider", account: "012345670123", region: "eu-west-1",
			zones: []validationZone{{"example.com", "arn:aws:iam::666666666666:role/dns"}}},
	}
	files := map[string]string{
		"m.yaml":                          "APIS: []",
		"Pulumi.yml":                      "name: platform\nruntime: go\nstackConfigDir: stacks\nconfig:\n  portico:aws: {value: {region: eu-west-1, accountId: 555555555555, roleArn: 'arn:aws:iam::555555555555:role/portico'}}\n",
		"stacks/Pulumi.dev.yml":           "config:\n  portico:mapping: m.yaml\n",
		"stacks/Pulumi.other.yml":         "config:\n  portico:mapping: other.yaml\n",
		"accounts/provider/Pulumi.yaml":   "name: portico-provider\nruntime: go\nconfig:\n  portico:mapping: {value: ../../m.yaml}\n  portico:aws.region: {value: eu-west-1}\n",
		"accounts/provider/Pulumi.a.yaml": "config:\n  portico:mapping: ''\n  portico:aws: {secure: v1:abc}\n",
		"accounts/provider/Pulumi.dev-orders.yaml": "config:\n  portico:aws: {region: eu-west-1, accountId: \"012345670123\", roleArn: {secure: v1:abc}}\n" +
			"  portico:certificates: '{\"zones\": [{\"name\": \"example.com\", \"roleArn\": \"arn:aws:iam::666666666666:role/dns\"}]}'\n  portico:redeploy: maybe\n",
	}
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	found, err := findSettings(dir, filepath.Join(dir, "m.yaml"))
	require.NoError(t, err)
	require.Equal(t, want, found.stacks)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "stacks", "Pulumi.other.yml"), []byte("config: ["), 0o600))
	_, err = findSettings(dir, filepath.Join(dir, "m.yaml"))
	require.ErrorAs(t, err, new(settings.Errors))
	require.ErrorContains(t, err, filepath.Join(dir, "stacks", "Pulumi.other.yml")+":1: the file isn't YAML")
}
