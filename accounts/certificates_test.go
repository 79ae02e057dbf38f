package accounts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const certificateToken = "aws:acm/certificate:Certificate"

func TestEmailValidatesWithoutRecords(t *testing.T) {
	m := up(t, minimalShared+"  portico:certificates: {source: email, validationDomain: example.com}\n")
	certificate := m.only(t, certificateToken).Inputs
	require.Equal(t, "EMAIL", certificate["validationMethod"])
	require.Equal(t, []any{map[string]any{"domainName": "*.internal.example.com", "validationDomain": "example.com"}}, certificate["validationOptions"],
		"the other name isn't below the domain, so its own mailboxes are asked")
	validation := m.only(t, "aws:acm/certificateValidation:CertificateValidation").Inputs
	require.NotContains(t, validation, "validationRecordFqdns")
	for _, record := range m.of("aws:route53/record:Record") {
		require.NotContains(t, record.Name, "validation")
	}
	require.NotContains(t, m.invokes, "aws:acm/getCertificate:getCertificate")
}

func TestAPrivateAuthorityNeedsNoValidation(t *testing.T) {
	const authority = "arn:aws:acm-pca:us-east-1:111111111111:certificate-authority/0a1b"
	m := up(t, minimalShared+"  portico:certificates: {source: private-ca, certificateAuthorityArn: \""+authority+"\"}\n")
	certificate := m.only(t, certificateToken)
	require.Equal(t, authority, certificate.Inputs["certificateAuthorityArn"])
	require.NotContains(t, certificate.Inputs, "validationMethod")
	require.Empty(t, m.of("aws:acm/certificateValidation:CertificateValidation"))
	require.Equal(t, "arn:aws:mock::111111111111:"+certificate.Name, m.only(t, "aws:lb/listener:Listener").Inputs["certificateArn"])
}

func TestAPublicZoneOfAnotherAccountValidatesThroughItsRole(t *testing.T) {
	const role = "arn:aws:iam::333333333333:role/dns/writer"
	m := up(t, minimalShared+"  portico:certificates: {zones: [{name: example.com, roleArn: \""+role+"\"}]}\n")
	var elsewhere registered
	for _, p := range m.of("pulumi:providers:aws") {
		if p.Name == "aws-us-east-1-333333333333-dns-writer" {
			elsewhere = p
		}
	}
	require.Equal(t, map[string]any{"roleArn": role, "sessionName": "portico"}, elsewhere.Inputs["assumeRole"])
	require.Equal(t, []any{"333333333333"}, elsewhere.Inputs["allowedAccountIds"])
	require.Contains(t, m.named(t, "aws:route53/record:Record", "validation-internal.example.com").Provider, elsewhere.Name)
	require.NotContains(t, m.named(t, "aws:route53/record:Record", "validation-private.example.net").Provider, elsewhere.Name)
	require.NotContains(t, m.only(t, certificateToken).Provider, elsewhere.Name)

	err := shared(t, &monitor{}, minimalShared+"  portico:certificates: {zones: [{name: internal.example.com, roleArn: \""+role+"\"}]}\n", twoRows)
	require.ErrorContains(t, err, "find public hosted zone internal.example.com: the account that is named for it has no such zone: name the account that has it (portico:certificates.zones)")
}

// The stack's own role and those of other accounts are assumed alike.
func TestRolesAreAssumedWithTheExternalIDAndForTheSessionOfTheSettings(t *testing.T) {
	const own, dns = "arn:aws:iam::111111111111:role/portico-dev", "arn:aws:iam::333333333333:role/dns/writer"
	m := up(t, settingsText(strings.Replace(string(minimalShared), `accountId: "111111111111"`, `accountId: "111111111111", roleArn: "`+own+`", externalId: portico/dev, sessionDuration: 1h30m`, 1)+
		"  portico:certificates: {zones: [{name: example.com, roleArn: \""+dns+"\"}]}\n"))
	var roles []any
	for _, p := range m.of("pulumi:providers:aws") {
		role := p.Inputs["assumeRole"].(map[string]any)
		roles = append(roles, role["roleArn"])
		require.Equal(t, map[string]any{"roleArn": role["roleArn"], "sessionName": "portico", "externalId": "portico/dev", "duration": "1h30m"}, role)
	}
	require.ElementsMatch(t, []any{own, dns}, roles)
}

// pair is a certificate with its key, and who issued it.
type pair struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem, keyPEM string
}

// newPair makes a certificate; without an issuer it is an authority's own.
func newPair(t *testing.T, issuer *pair, lifetime time.Duration, names ...string) *pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "test"}, DNSNames: names,
		NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(lifetime),
		IsCA: issuer == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return &pair{
		certificate: certificate, key: key,
		pem:    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		keyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}
}

// importing is a stack's settings with certificates as their value.
func importing(t *testing.T, certificates map[string]any) settingsText {
	t.Helper()
	text, err := json.Marshal(certificates)
	require.NoError(t, err)
	return minimalShared + "  portico:certificates: " + settingsText(text) + "\n"
}

func imports(leaf, authority *pair) map[string]any {
	return map[string]any{"certificate": leaf.pem, "privateKey": leaf.keyPEM, "chain": authority.pem}
}

func TestImportedCertificatesServeTheHostsThatTheyCover(t *testing.T) {
	authority := newPair(t, nil, 9000*time.Hour)
	leaf := newPair(t, authority, 2000*time.Hour, "*.internal.example.com")
	both := newPair(t, authority, 2000*time.Hour, "a.internal.example.com", "*.private.example.net")

	t.Run("and Amazon issues the others", func(t *testing.T) {
		m := up(t, importing(t, map[string]any{"import": []any{imports(leaf, authority)}}))
		imported := m.named(t, certificateToken, "-imported-_wildcard.internal.example.com-ecdsa").Inputs
		require.Equal(t, leaf.pem, imported["certificateBody"])
		require.NotContains(t, imported, "validationMethod")
		issued := m.named(t, certificateToken, "-_wildcard.private.example.net").Inputs
		require.Empty(t, issued["subjectAlternativeNames"])
		require.Len(t, m.of("aws:lb/listenerCertificate:ListenerCertificate"), 1)
	})
	t.Run("from files beside the settings", func(t *testing.T) {
		s := importing(t, map[string]any{"source": "import", "import": []any{map[string]any{
			"certificate": "tls/leaf.pem", "privateKey": "tls/key.pem", "chain": "tls/chain.pem",
		}}})
		dir := project(t, "dev", s, twoRows)
		require.NoError(t, os.Mkdir(filepath.Join(dir, "tls"), 0o700))
		for name, text := range map[string]string{"leaf.pem": both.pem, "key.pem": both.keyPEM, "chain.pem": authority.pem} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "tls", name), []byte(text), 0o600))
		}
		var expiry pulumi.Input
		m := &monitor{}
		require.NoError(t, run(t, m, func(ctx *pulumi.Context) error {
			defer func() { expiry = ctx.GetCurrentExportMap()["importedCertificatesExpire"] }()
			return SharedIn(dir)(ctx)
		}, "dev", s.config(t)))
		require.Len(t, m.of(certificateToken), 1)
		require.Equal(t, pulumi.StringMap{"a.internal.example.com ECDSA": pulumi.String(both.certificate.NotAfter.UTC().Format(time.RFC3339))}, expiry)
		require.Empty(t, m.of("aws:acm/certificateValidation:CertificateValidation"))
	})
	t.Run("rows without one are refused where none is to be issued", func(t *testing.T) {
		err := shared(t, &monitor{}, importing(t, map[string]any{"source": "import", "import": []any{imports(leaf, authority)}}), twoRows)
		require.ErrorContains(t, err, "mapping.yaml:6:5: APIS[1].CUSTOM_DOMAIN_URL: none of the certificates in portico:certificates covers b.private.example.net: add one for *.private.example.net")
		require.NotContains(t, err.Error(), "APIS[0]")
	})
}

func TestImportsThatACMWouldRefuseAreRefusedAtOnce(t *testing.T) {
	authority := newPair(t, nil, 9000*time.Hour)
	stranger := newPair(t, nil, 9000*time.Hour)
	leaf := newPair(t, authority, 2000*time.Hour, "*.internal.example.com")
	other := newPair(t, authority, 2000*time.Hour, "*.internal.example.com")
	expired := newPair(t, authority, -time.Hour, "*.internal.example.com")
	nameless := newPair(t, authority, time.Hour)
	with := func(changes map[string]any) map[string]any {
		all := imports(leaf, authority)
		for key, value := range changes {
			all[key] = value
		}
		return all
	}
	for sentence, test := range map[string]struct {
		imported map[string]any
		want     string
	}{
		"right":                        {imports(leaf, authority), ""},
		"the key of another":           {with(map[string]any{"privateKey": other.keyPEM}), "import[0].privateKey: it is not the certificate's"},
		"expired":                      {imports(expired, authority), "import[0].certificate: it expired on"},
		"without names":                {imports(nameless, authority), "import[0].certificate: it has no DNS names"},
		"without its chain":            {with(map[string]any{"chain": ""}), "import[0].chain: not set, and the certificate isn't self-signed"},
		"with a chain of others":       {with(map[string]any{"chain": stranger.pem}), "didn't issue"},
		"the chain in the first place": {with(map[string]any{"certificate": leaf.pem + authority.pem}), "it holds 2 certificates"},
		"a key where the chain goes":   {with(map[string]any{"chain": leaf.keyPEM}), "import[0].chain: it holds a PRIVATE KEY"},
		"an encrypted key": {with(map[string]any{"privateKey": strings.ReplaceAll(leaf.keyPEM, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")}),
			"import[0].privateKey: it is encrypted"},
		"a mangled key":  {with(map[string]any{"privateKey": "c2VjcmV0"}), "import[0].privateKey: neither PEM nor a file that can be read"},
		"nothing at all": {map[string]any{}, "import[0].privateKey: not set"},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := readSettings(t, importing(t, map[string]any{"import": []any{test.imported}}))
			if test.want == "" {
				require.Empty(t, got)
				return
			}
			require.Contains(t, got, test.want)
			require.NotContains(t, got, "c2VjcmV0", "what may be a key is not repeated")
		})
	}
	twice := importing(t, map[string]any{"import": []any{imports(leaf, authority), imports(other, authority)}})
	require.Contains(t, readSettings(t, twice), "import[1]: another certificate of *.internal.example.com with an ECDSA key is imported already")
}

func TestExistingCertificatesAreLookedAtInPreviews(t *testing.T) {
	const arn = "arn:aws:acm:us-east-1:111111111111:certificate/0a1b"
	in := minimalShared + "  portico:certificates: {source: existing, existing: [{arn: \"" + arn + "\", names: [a.internal.example.com, \"*.private.example.net\"]}]}\n"
	certificate := func(status string, names ...any) map[string]map[string]any {
		return map[string]map[string]any{arn: {
			"status": status, "domainName": names[0], "subjectAlternativeNames": names[1:], "notAfter": time.Now().Add(time.Hour).Format(time.RFC3339),
		}}
	}
	good := certificate("ISSUED", "*.internal.example.com", "*.private.example.net")
	m := &monitor{certificates: good}
	require.NoError(t, shared(t, m, in, twoRows))
	require.True(t, m.only(t, certificateToken).Read)
	require.Equal(t, arn, m.only(t, "aws:lb/listener:Listener").Inputs["certificateArn"])

	expired := certificate("ISSUED", "*.internal.example.com", "*.private.example.net")
	expired[arn]["notAfter"] = "2020-01-01T00:00:00Z"
	for sentence, test := range map[string]struct {
		certificates map[string]map[string]any
		want         string
	}{
		"pending":  {certificate("PENDING_VALIDATION", "*.internal.example.com", "*.private.example.net"), "it is PENDING_VALIDATION, not ISSUED"},
		"narrower": {certificate("ISSUED", "*.internal.example.com"), "for *.private.example.net: its names are *.internal.example.com"},
		"expired":  {expired, "it expired on 2020-01-01"},
	} {
		t.Run(sentence, func(t *testing.T) {
			m := &monitor{certificates: test.certificates, unknown: true}
			err := shared(t, m, in, twoRows)
			require.ErrorContains(t, err, test.want)
		})
	}
}
