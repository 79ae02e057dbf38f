package lifecycle

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// TestUpNamesTheCausesThatNoPreviewCanTell has a service control policy deny a VPC
// without a tag, and a CAA record in the public zone the certificate. A preview sees neither.
// Without the policy, the next up goes on to the certificate.
func TestUpNamesTheCausesThatNoPreviewCanTell(t *testing.T) {
	t.Parallel()
	setup := ordersSetup()
	setup.Accounts[0].ServiceControlPolicies = []json.RawMessage{json.RawMessage(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:CreateVpc","Resource":"*","Condition":{"Null":{"aws:RequestTag/cost-center":"true"}}}]}`)}
	setup.Existing = append(setup.Existing, awssim.Existing{Account: sharedAccount, Region: region, Type: "aws:route53/record:Record", ID: "Z0123456789ABC_example.com_CAA",
		Properties: awssim.Object{"zoneId": "Z0123456789ABC", "name": "example.com", "type": "CAA", "ttl": 300.0, "records": []any{`0 issue "letsencrypt.org"`}}})
	e := newEnvironment(t, smallProject(), setup)
	_, err := e.env.Preview(t.Context())
	require.NoError(t, err, "a preview asks neither the organization nor public DNS")

	_, err = e.env.Up(t.Context())
	require.ErrorContains(t, err, "with an explicit deny in a service control policy")
	require.ErrorContains(t, err, "cause: a service control policy of the organization denies ec2:CreateVpc in this account: ask the organization's administrators")

	require.NoError(t, e.SetServiceControlPolicies(sharedAccount))
	_, err = e.env.Up(t.Context())
	require.ErrorContains(t, err, "CAA_ERROR")
	require.ErrorContains(t, err, `add the record 0 issue "amazon.com" there`)
	require.ErrorContains(t, err, "internal.example.com is validated by record _")
	require.ErrorContains(t, err, " of public zone example.com (Z0123456789ABC)")
}
