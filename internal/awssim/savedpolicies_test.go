package awssim_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// TestIAMIsAskedAboutSavedPolicies reads policies under a role that may read one API, and
// the place of another that doesn't exist.
func TestIAMIsAskedAboutSavedPolicies(t *testing.T) {
	const owner, policy = "222222222222", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`
	setup := testSetup()
	setup.Accounts = append(setup.Accounts[:1:1], awssim.Account{ID: owner, Roles: []awssim.Role{{
		Name: "portico", Trusts: []string{sharedAccount},
		Policies: []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apigateway:GET","Resource":["arn:aws:apigateway:us-east-1::/restapis/readable01","arn:aws:apigateway:us-east-1::/restapis/readable01/resources","arn:aws:apigateway:us-east-1::/restapis/absent0001"]}]}`)},
	}}})
	setup.RESTAPIs = []awssim.RESTAPI{
		{Account: owner, Region: "us-east-1", ID: "readable01", Name: "readable", Policy: json.RawMessage(policy)},
		{Account: owner, Region: "us-east-1", ID: "secret0001", Name: "secret"},
	}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	role := awssim.Object{"region": "us-east-1", "assumeRole": map[string]any{"roleArn": "arn:aws:iam::" + owner + ":role/portico"}}

	policies, err := simulator.SavedPolicies(role, []string{"readable01", "absent0001"})
	require.NoError(t, err)
	require.Len(t, policies, 1)
	require.Contains(t, policies["readable01"], "execute-api:Invoke")
	_, err = simulator.SavedPolicies(role, []string{"secret0001"})
	require.ErrorContains(t, err, "read the resource policy of REST API secret0001")
	require.ErrorContains(t, err, "is not authorized to perform: apigateway:GET")
	role["assumeRole"] = map[string]any{"roleArn": "arn:aws:iam::" + owner + ":role/other"}
	_, err = simulator.SavedPolicies(role, []string{"readable01"})
	require.ErrorContains(t, err, "cannot be assumed")
}
