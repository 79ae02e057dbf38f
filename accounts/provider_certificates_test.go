package accounts

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The certificates of custom domains come from where those of the load balancer
// do: certificates_test.go has the sources themselves.
func TestCertificatesOfCustomDomains(t *testing.T) {
	authority := newPair(t, nil, 9000*time.Hour)
	leaf := newPair(t, authority, 2000*time.Hour, "*.internal.example.com", "*.private.example.net")
	configured := func(certificates map[string]any) settings {
		text, err := json.Marshal(certificates)
		require.NoError(t, err)
		return redeploying + "  portico:certificates: " + settings(text) + "\n"
	}
	const existing = "arn:aws:acm:us-east-1:222222222222:certificate/0a1b"
	issued := map[string]map[string]any{existing: {
		"status": "ISSUED", "domainName": "*.internal.example.com", "subjectAlternativeNames": []any{"*.private.example.net"},
		"notAfter": time.Now().Add(time.Hour).Format(time.RFC3339),
	}}
	for name, c := range map[string]struct {
		certificates map[string]any
		// alb and native are the ARNs' ends.
		alb, native string
		requested   int
	}{
		"imported": {
			map[string]any{"source": "import", "import": []any{imports(leaf, authority)}},
			"-imported-_wildcard.internal.example.com-ecdsa", "-imported-_wildcard.internal.example.com-ecdsa", 1,
		},
		"existing": {
			map[string]any{"source": "existing", "existing": []any{map[string]any{"arn": existing, "names": []any{"*.internal.example.com", "*.private.example.net"}}}},
			"certificate/0a1b", "certificate/0a1b", 0,
		},
		"existing for one, issued for the other": {
			map[string]any{"existing": []any{map[string]any{"arn": existing, "names": []any{"*.private.example.net"}}}},
			"-_wildcard.internal.example.com", "certificate/0a1b", 1,
		},
		"of a private authority": {
			map[string]any{"source": "private-ca", "certificateAuthorityArn": "arn:aws:acm-pca:us-east-1:222222222222:certificate-authority/0a1b"},
			"-_wildcard.internal.example.com", "-_wildcard.private.example.net", 2,
		},
		"approved by mail": {
			map[string]any{"source": "email"}, "-_wildcard.internal.example.com", "-_wildcard.private.example.net", 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{shared: doorOutputs(nil), certificates: issued}
			outputsOf(t, m, configured(c.certificates), threeDoors)
			require.Regexp(t, regexp.QuoteMeta(c.alb)+"$", m.named(t, domainToken, "b.internal.example.com").Inputs["regionalCertificateArn"])
			require.Regexp(t, regexp.QuoteMeta(c.native)+"$", m.named(t, domainToken, "c.private.example.net").Inputs["certificateArn"])
			requested := 0
			for _, certificate := range m.of(certificateToken) {
				if !certificate.Read {
					requested++
				}
			}
			require.Equal(t, c.requested, requested)
		})
	}
	t.Run("validated in the shared account by its role", func(t *testing.T) {
		m := &monitor{shared: doorOutputs(nil)}
		outputsOf(t, m, configured(map[string]any{"zones": []any{
			map[string]any{"name": "example.com", "roleArn": "arn:aws:iam::111111111111:role/dns"},
		}}), threeDoors)
		require.Contains(t, m.named(t, "aws:route53/record:Record", "validation-internal.example.com").Provider, "aws-us-east-1-111111111111-dns")
		require.NotContains(t, m.named(t, "aws:route53/record:Record", "validation-private.example.net").Provider, "111111111111-dns")
	})
	for name, c := range map[string]struct {
		settings settings
		want     []string
	}{
		"none covers a row": {
			configured(map[string]any{"source": "existing", "existing": []any{map[string]any{"arn": existing, "names": []any{"*.private.example.net"}}}}),
			[]string{"mapping.yaml:5:5: APIS[1].CUSTOM_DOMAIN_URL: none of the certificates in portico:certificates covers b.internal.example.com: add one for *.internal.example.com"},
		},
		"an existing one of another account, which the mapping names": {
			settings(strings.Replace(string(configured(map[string]any{"existing": []any{map[string]any{
				"arn": strings.Replace(existing, "222222222222", "333333333333", 1), "names": []any{"*.private.example.net"},
			}}})), `accountId: "222222222222"`, "accountId: orders", 1)),
			[]string{"portico:certificates.existing[0]", "it is of account 333333333333"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{shared: doorOutputs(nil), certificates: issued, publicZones: publicZones}
			err := provider(t, m, c.settings, "ACCOUNTS:\n  orders: {ID: \"222222222222\"}\n"+threeDoors)
			for _, want := range c.want {
				require.ErrorContains(t, err, strings.Replace(want, "yaml:5:5", "yaml:7:5", 1))
			}
			require.Empty(t, m.of(domainToken))
		})
	}
}
