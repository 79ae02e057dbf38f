package resourcepolicy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// digests are the digests of a policy for the two environments of the truth table.
func digests(policy []byte) [2]string {
	return [2]string{Digest(policy, "portico", "dev"), Digest(policy, "portico", "prod-eu")}
}

// TestAnEnvironmentsDigestIsTheSameWhateverOthersWrite has two environments come, change
// and go, in each owner's policy.
func TestAnEnvironmentsDigestIsTheSameWhateverOthersWrite(t *testing.T) {
	dev, prod := devAndProd()
	more := prod
	more.Grants = append(more.Grants[:1:1], Grant{Host: "billing.example.com", Stage: "prod"})
	more.AdditionalVPCEndpointIDs = []string{extra}
	for name, o := range owners() {
		t.Run(name, func(t *testing.T) {
			alone := mergeInto(t, []byte(o.document), dev)
			both := mergeInto(t, alone, prod)
			require.NotEqual(t, string(alone), string(both))
			digest := digests(alone)[0]
			canonical, err := Canonical(alone, dev.api())
			require.NoError(t, err)
			sum := sha256.Sum256(canonical)
			require.Equal(t, hex.EncodeToString(sum[:]), digest, "of one environment it is that of the whole policy")
			for situation, policy := range map[string][]byte{
				"another has come":     both,
				"another has changed":  mergeInto(t, both, more),
				"another was retired":  mergeInto(t, both, retired(more)),
				"another has left":     mergeInto(t, both, retired(prod)),
				"merged anew":          mergeInto(t, both, dev),
				"came after the other": mergeInto(t, []byte(o.document), prod, dev),
			} {
				require.Equal(t, digest, digests(policy)[0], situation)
				require.True(t, HasDigest(policy, digest), situation)
				require.True(t, HasDigest(policy, Recorded(digest, "portico", "dev")), situation)
			}
			require.NotEqual(t, digests(both)[1], digests(mergeInto(t, both, more))[1], "its own change")
			closed := mergeInto(t, both, retired(dev))
			require.NotEqual(t, digest, digests(closed)[0], "it has left")
			require.Equal(t, digests(closed)[0], digests(mergeInto(t, closed, retired(prod)))[0], "the last one closes the API")
		})
	}
}

// TestADigestShowsWhatAnEnvironmentHasLost takes one thing at a time out of a policy of
// two environments.
func TestADigestShowsWhatAnEnvironmentHasLost(t *testing.T) {
	dev, prod := devAndProd()
	both := mergeInto(t, nil, dev, prod)
	digest := digests(both)[0]
	for what, policy := range map[string][]byte{
		"its statements, by a merge of the other's at the same time": mergeInto(t, nil, prod),
		"a statement's host":  bytes.ReplaceAll(both, []byte("billing.dev.example.com"), []byte("orders.dev.example.com")),
		"its endpoint's list": bytes.Replace(both, []byte(`["`+ours+`","`+another+`"]`), []byte(`"`+another+`"`), 1),
		"the list's limit":    bytes.Replace(both, []byte(`["`+ours+`","`+another+`"]`), []byte(`["`+ours+`","`+another+`","`+theirs+`"]`), 1),
		"everything":          nil,
		"an owner's silence":  bytes.Replace(both, []byte(`"Statement":[`), []byte(`"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},`), 1),
	} {
		require.NotEqual(t, string(both), string(policy), what)
		require.False(t, HasDigest(policy, digest), what)
	}
	require.True(t, HasDigest(both, digests(both)[1]), "prod's")
	require.False(t, HasDigest(both, Recorded(digests(both)[1], "portico", "dev")), "it is not dev's")

	// A merge at the same time brings back what an environment has taken out.
	gone := Digest(mergeInto(t, both, retired(dev)), "portico", "dev")
	require.False(t, HasDigest(both, Recorded(gone, "portico", "dev")))
	require.True(t, HasDigest(mergeInto(t, both, retired(dev)), Recorded(gone, "portico", "dev")))
}
