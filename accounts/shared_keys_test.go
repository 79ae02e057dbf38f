package accounts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const someKey = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// A repository keeps the key that it was created with.
func TestAnotherKeyForARepositoryThatExistsIsRefusedWithTheSteps(t *testing.T) {
	const encrypted = "  portico:kms: {ecr: \"" + someKey + "\"}\n"
	with := func(repository map[string]any) *monitor {
		own := map[string]any{"contract": 2, "hosts": []any{}}
		if repository != nil {
			own["repository"] = repository
		}
		return &monitor{outputs: map[string]map[string]any{ownStack: own}}
	}
	for sentence, test := range map[string]struct {
		had  map[string]any
		more settingsText
		want string
	}{
		"a new one with a key":       {nil, encrypted, ""},
		"the same key":               {map[string]any{"kmsKeyArn": someKey}, encrypted, ""},
		"none, as before":            {map[string]any{"kmsKeyArn": ""}, "", ""},
		"a key for one without":      {map[string]any{"kmsKeyArn": ""}, encrypted, "portico:kms.ecr: " + someKey + " is not the key of AWS's own, with which the repository of the proxy's image was created"},
		"no key for one with a key":  {map[string]any{"kmsKeyArn": someKey}, "", "write " + someKey + " again; docs/operations.md"},
		"an image of the user's own": {map[string]any{"kmsKeyArn": someKey}, "  portico:image: {uri: \"public.ecr.aws/team/proxy:1\"}\n", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := shared(t, with(test.had), minimalShared+test.more, twoRows)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

// A question about a key that is denied is a notice, and the update finds out.
func TestKeysAreAskedForBeforeAnythingIsRegistered(t *testing.T) {
	const settings = minimalShared + "  portico:kms: {logs: \"" + someKey + "\"}\n"
	m := &monitor{keyState: "PendingDeletion"}
	require.ErrorContains(t, shared(t, m, settings, twoRows), "use KMS key "+someKey+" for the log groups: it is not enabled (PendingDeletion): enable it, or name another (portico:kms)")
	require.Empty(t, m.of("aws:cloudwatch/logGroup:LogGroup"))

	m = &monitor{denied: "aws:kms/getKey:getKey"}
	require.NoError(t, shared(t, m, settings, twoRows))
	for _, group := range m.of("aws:cloudwatch/logGroup:LogGroup") {
		require.Equal(t, someKey, group.Inputs["kmsKeyId"], group.Name)
	}
}
