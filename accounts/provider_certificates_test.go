package accounts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
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
	configured := func(certificates map[string]any) settingsText {
		text, err := json.Marshal(certificates)
		require.NoError(t, err)
		return redeploying + "  portico:certificates: " + settingsText(text) + "\n"
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
			m := &monitor{shared: frontDoorOutputs(nil), certificates: issued}
			outputsOf(t, m, configured(c.certificates), threeFrontDoors)
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
		m := &monitor{shared: frontDoorOutputs(nil)}
		outputsOf(t, m, configured(map[string]any{"zones": []any{
			map[string]any{"name": "example.com", "roleArn": "arn:aws:iam::111111111111:role/dns"},
		}}), threeFrontDoors)
		require.Contains(t, m.named(t, "aws:route53/record:Record", "validation-internal.example.com").Provider, "aws-us-east-1-111111111111-dns")
		require.NotContains(t, m.named(t, "aws:route53/record:Record", "validation-private.example.net").Provider, "111111111111-dns")
	})
	for name, c := range map[string]struct {
		settings settingsText
		want     []string
	}{
		"none covers a row": {
			configured(map[string]any{"source": "existing", "existing": []any{map[string]any{"arn": existing, "names": []any{"*.private.example.net"}}}}),
			[]string{"mapping.yaml:5:5: APIS[1].CUSTOM_DOMAIN_URL: none of the certificates in portico:certificates covers b.internal.example.com: add one for *.internal.example.com"},
		},
		"an existing one of another account, which the mapping names": {
			settingsText(strings.Replace(string(configured(map[string]any{"existing": []any{map[string]any{
				"arn": strings.Replace(existing, "222222222222", "333333333333", 1), "names": []any{"*.private.example.net"},
			}}})), `accountId: "222222222222"`, "accountId: orders", 1)),
			[]string{"portico:certificates.existing[0]", "it is of account 333333333333"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{shared: frontDoorOutputs(nil), certificates: issued, publicZones: publicZones}
			err := provider(t, m, c.settings, "ACCOUNTS:\n  orders: {ID: \"222222222222\"}\n"+threeFrontDoors)
			for _, want := range c.want {
				require.ErrorContains(t, err, strings.Replace(want, "yaml:5:5", "yaml:7:5", 1))
			}
			require.Empty(t, m.of(domainToken))
		})
	}
}

func TestACertificateThatNoDomainTakesIsNamedAtItsRow(t *testing.T) {
	long := strings.Repeat("a-part-of-", 5) + "x.internal.example.com"
	for name, c := range map[string]struct {
		settings settingsText
		mapping  string
		want     string
	}{
		"a key that PRIVATE domains don't take": {
			settings: redeploying + "  portico:certificates: " + settingsText(importOf(t, elliptic.P521(), "*.private.example.net")) + "\n",
			mapping:  threeFrontDoors,
			want:     "APIS[2].CUSTOM_DOMAIN_URL: the imported certificate that covers c.private.example.net has an ECDSA key of 521 bits",
		},
		"a wildcard that is too long for ACM": {
			settings: redeploying,
			mapping:  strings.Replace(threeFrontDoors, "b.internal.example.com", "b."+long, 1),
			want:     "*." + long + ", 74 characters, and ACM takes 64",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones}
			require.ErrorContains(t, provider(t, m, c.settings, c.mapping), c.want)
			require.Empty(t, m.of(domainToken))
			require.Empty(t, m.of(policyToken))
		})
	}
	t.Run("but a REGIONAL domain takes the key", func(t *testing.T) {
		m := &monitor{shared: frontDoorOutputs(nil)}
		outputsOf(t, m, redeploying+"  portico:certificates: "+settingsText(importOf(t, elliptic.P521(), "*.internal.example.com"))+"\n", threeFrontDoors)
		require.Regexp(t, "imported-", m.named(t, domainToken, "b.internal.example.com").Inputs["regionalCertificateArn"])
	})
}

// importOf is a setting that imports a self-signed certificate with a key of
// the curve.
func importOf(t *testing.T, curve elliptic.Curve, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(2000 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	text, err := json.Marshal(map[string]any{"import": []any{map[string]any{
		"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"privateKey":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}}})
	require.NoError(t, err)
	return string(text)
}

func TestCertificatesOfTheSharedStackAreItsOwnConcern(t *testing.T) {
	long := strings.Repeat("a-part-of-", 5) + "x.internal.example.com"
	m := &monitor{shared: frontDoorOutputs(nil)}
	outputsOf(t, m, redeploying, strings.Replace(threeFrontDoors, "a.internal.example.com", "a."+long, 1))
	require.Len(t, m.of(policyToken), 2)
}
