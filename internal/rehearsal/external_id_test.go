package rehearsal

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// An owner whose role asks for an external ID is entered with the one that the settings
// of the account's stack have, and with no other; nor for longer than the role may last.
func TestAnOwnersRoleThatAsksForAnExternalID(t *testing.T) {
	setup := setupFor(t, smallMapping, func(w *awssim.Setup) {
		for i := range w.Accounts {
			for j := range w.Accounts[i].Roles {
				w.Accounts[i].Roles[j].ExternalID, w.Accounts[i].Roles[j].MaxSession = "portico/dev", 3600
			}
		}
	})
	for what, test := range map[string]struct{ id, session, want string }{
		"the ID":     {"portico/dev", "1h", ""},
		"another ID": {"portico/prod", "1h", "is not authorized to perform: sts:AssumeRole"},
		"too long":   {"portico/dev", "2h", "exceeds the MaxSessionDuration"},
	} {
		t.Run(what, func(t *testing.T) {
			run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Setup: setup,
				ProviderConfig: map[mapping.AccountID]map[string]any{ordersAccount: {"portico:aws": map[string]any{
					"region": "us-east-1", "accountId": string(ordersAccount), "roleArn": "arn:aws:iam::222222222222:role/portico", "externalId": test.id, "sessionDuration": test.session,
				}}}}, nil)
			run.run(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
			dir := filepath.Join(run.dir, "accounts", "provider")
			_, err := run.try(t, providerProject, run.environment+"-222222222222", dir, accounts.ProviderIn(dir))
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}
