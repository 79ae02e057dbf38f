package rehearsal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
)

// keyARN is a key of AWS KMS of the shared account.
const keyARN = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// withKey is an environment that encrypts by a key, whose policy is changed.
func withKey(t *testing.T, change func(*awssim.Key)) Options {
	return Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{"portico:kms": map[string]any{"logs": keyARN, "ecr": keyARN}},
		Setup: setupFor(t, smallMapping, func(w *awssim.Setup) {
			key := awssim.Key{ARN: keyARN, Policy: keyPolicy("us-east-1")}
			if change != nil {
				change(&key)
			}
			w.Keys = []awssim.Key{key}
		})}
}

// Every log group and every repository of an environment is encrypted by the key that
// the settings name. AWS has no condition by which a service control policy could demand
// it when they are created, so that what is there is looked at.
func TestLogGroupsAndTheRepositoryAreEncryptedByTheKeysOfTheSettings(t *testing.T) {
	run := begin(t, withKey(t, nil), nil)
	run.deploy(t)
	groups := run.simulator.Resources(awssim.Filter{Type: "aws:cloudwatch/logGroup:LogGroup"})
	require.Len(t, groups, 3)
	for _, group := range groups {
		require.Equal(t, keyARN, group.Properties.Text("kmsKeyId"), group.ID)
	}
	repositories := run.simulator.Resources(awssim.Filter{Type: "aws:ecr/repository:Repository"})
	require.Len(t, repositories, 1)
	require.Equal(t, keyARN, repositories[0].Properties.Objects("encryptionConfigurations")[0].Text("kmsKey"))
}

func TestKeysThatCannotEncryptAreReportedWithWhatToWrite(t *testing.T) {
	for what, test := range map[string]struct {
		change func(*awssim.Key)
		want   string
	}{
		"another key":       {func(k *awssim.Key) { k.ARN = strings.Replace(k.ARN, "1234abcd", "00000000", 1) }, "use KMS key " + keyARN + " for the log groups and the image's repository: AWS KMS has no such key in the region"},
		"a disabled one":    {func(k *awssim.Key) { k.Disabled = true }, "it is not enabled (Disabled): enable it, or name another (portico:kms)"},
		"an asymmetric one": {func(k *awssim.Key) { k.Spec = "RSA_2048" }, "it is of the key spec RSA_2048"},
		// Only the update finds it out.
		"one whose policy names no service": {func(k *awssim.Key) { k.Policy = "" }, "is not allowed to be used with LogGroup"},
	} {
		t.Run(what, func(t *testing.T) {
			run := begin(t, withKey(t, test.change), nil)
			_, err := run.try(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
			require.ErrorContains(t, err, test.want)
		})
	}
}

// The roles go below the path that the settings have; those of the tasks and of the flow
// logs alike.
func TestRolesAreBelowThePathOfTheSettings(t *testing.T) {
	run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{"portico:iam": map[string]any{"path": "/platform/edge/"}}}, nil)
	run.deploy(t)
	roles := run.simulator.Resources(awssim.Filter{Type: "aws:iam/role:Role"})
	require.Len(t, roles, 3)
	for _, role := range roles {
		require.Equal(t, "/platform/edge/portico/dev/", role.Properties.Text("path"), role.ID)
	}
}
