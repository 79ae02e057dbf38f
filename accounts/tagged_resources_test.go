package accounts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The tagging API is asked in the region's own partition: another has neither the
// account nor an endpoint for its credentials.
func TestGlobalResourcesAreListedInTheRegionsPartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "us-east-1", "mx-central-1": "us-east-1", "cn-north-1": "cn-northwest-1", "us-gov-east-1": "us-gov-west-1",
		"us-iso-west-1": "us-iso-east-1", "us-isob-west-1": "us-isob-east-1", "eu-isoe-west-1": "eu-isoe-west-1", "us-isof-east-1": "us-isof-south-1",
		"eusc-de-east-1": "eusc-de-east-1",
	} {
		require.Equal(t, want, globalRegion(region), region)
	}
}
