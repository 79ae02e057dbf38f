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
