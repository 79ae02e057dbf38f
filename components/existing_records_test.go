package components

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAliasesOfTheInstallationAreNotInItsWay: an update that stopped has left them.
func TestAliasesOfTheInstallationAreNotInItsWay(t *testing.T) {
	for target, own := range map[string]bool{
		"internal-portico-dev-lb-1234.us-east-1.elb.amazonaws.com.":           true,
		"dualstack.internal-Portico-dev-lb-1234.us-east-1.elb.amazonaws.com.": true,
		"portico-dev-lb-5f.elb.us-east-1.amazonaws.com.":                      true,
		"vpce-0abc-x.execute-api.us-east-1.vpce.amazonaws.com.":               true,
		"internal-portico-development-lb-1.us-east-1.elb.amazonaws.com.":      false,
		"internal-reference-alb-1.us-east-1.elb.amazonaws.com.":               false,
		"": false,
	} {
		require.Equal(t, own, isOwnTarget(target, "portico-dev"), target)
	}
	require.Equal(t, "*.internal.example.com", recordName(`\052.internal.example.com.`))
}
