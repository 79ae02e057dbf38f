package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSettingsOfTheDefaultProviderAreRefusedWhereverTheyComeFrom: an environment of
// Pulumi ESC has values that no file shows.
func TestSettingsOfTheDefaultProviderAreRefusedWhereverTheyComeFrom(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "Pulumi.yaml", "name: portico\nruntime: go\n")
	write(t, dir, "Pulumi.dev.yaml", "environment: [shop]\nconfig:\n  aws:profile: shop\n")
	engine := map[string]string{
		"portico:mapping": "mapping.yaml", "portico:aws": `{"region": "us-east-1", "accountId": "111111111111"}`,
		"aws:profile": "shop", "aws:defaultTags": `{"tags": {"team": "payments"}}`,
	}
	s := Source{Project: Project{Files: Dir(dir)}, Stack: "dev", Engine: func(key string) (string, bool) {
		value, ok := engine[key]
		return value, ok
	}}
	_, err := s.Shared()
	require.EqualError(t, err, "Pulumi.dev.yaml: aws:defaultTags: Portico's AWS providers don't read it: write portico:tags: {KEY: VALUE}\n"+
		"Pulumi.dev.yaml:3:3: aws:profile: Portico's AWS providers don't read it: set AWS_PROFILE in the environment")

	delete(engine, "aws:defaultTags")
	delete(engine, "aws:profile")
	write(t, dir, "Pulumi.dev.yaml", "environment: [shop]\n")
	_, err = s.Shared()
	require.NoError(t, err)
}

// TestSettingsThatNothingReadsAreRefused: `pulumi config set redeploy true` in the
// project portico-provider writes the first of them.
func TestSettingsThatNothingReadsAreRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "Pulumi.yaml", "name: portico-provider\nruntime: go\n")
	write(t, dir, "Pulumi.dev-orders.yaml", "config:\n  portico-provider:redeploy: true\n  docker:host: tcp://build:2376\n  shop:own: x\n")
	_, err := Source{Project: Project{Files: Dir(dir)}, Stack: "dev-orders"}.Provider()
	require.ErrorContains(t, err, "Pulumi.dev-orders.yaml:2:3: portico-provider:redeploy: Portico's settings are in the namespace portico: write portico:redeploy")
	require.ErrorContains(t, err, "Pulumi.dev-orders.yaml:3:3: docker:host: Portico's Docker provider doesn't read it: take it out; DOCKER_HOST in the environment names a host")
	require.NotContains(t, err.Error(), "shop:own")
}
