package accounts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The members are those of botocore's model of GetRestApi.
func TestSavedPoliciesAreReadByTheSettingsOfTheStack(t *testing.T) {
	dir, service := inProject(t, "dev-orders", redeploying, map[string]string{
		"/restapis/abcde12345": `{"id":"abcde12345","policy":"{\\\"Version\\\":\\\"2012-10-17\\\"}"}`,
		"/restapis/fghij67890": `{"id":"fghij67890"}`,
	})
	read := SavedPoliciesIn(dir)
	policies, err := read(t.Context(), "dev-orders", []string{"abcde12345", "fghij67890"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"abcde12345": `{\"Version\":\"2012-10-17\"}`, "fghij67890": ""}, policies)
	require.Len(t, service.signed, 2)
	require.Contains(t, service.signed[0], "/us-east-1/apigateway/aws4_request")

	_, err = read(t.Context(), "dev-orders", []string{"klmno12345"})
	require.ErrorContains(t, err, "read the resource policy of REST API klmno12345")
	t.Setenv("PULUMI_DEBUG_PROVIDERS", "aws:1")
	_, err = read(t.Context(), "dev-orders", []string{"abcde12345"})
	require.ErrorContains(t, err, "PULUMI_DEBUG_PROVIDERS is set")
}
