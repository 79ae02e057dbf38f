package awssim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// issued is a certificate and its key, both PEM.
type issued struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem, keyPEM string
}

// issue makes a certificate for the names; without an issuer it is an
// authority's own.
func issue(t *testing.T, issuer *issued, from, until time.Time, names ...string) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names, NotBefore: from, NotAfter: until,
		IsCA: issuer == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
		template.Subject.CommonName = names[0]
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return &issued{
		certificate: certificate, key: key,
		pem:    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		keyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}
}

func TestImportedCertificatesAreReadAsACMReadsThem(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	now := time.Now()
	authority := issue(t, nil, now.Add(-time.Hour), now.Add(100*time.Hour))
	leaf := issue(t, authority, now.Add(-time.Hour), now.Add(48*time.Hour), "*.x.example.com", "x.example.com")
	other := issue(t, authority, now.Add(-time.Hour), now.Add(72*time.Hour), "*.x.example.com")
	expired := issue(t, authority, now.Add(-48*time.Hour), now.Add(-time.Hour), "*.x.example.com")
	good := properties{"certificateBody": leaf.pem, "privateKey": leaf.keyPEM, "certificateChain": authority.pem}
	imported := c.create(certificateType, "imported", good)
	require.Equal(t, "ISSUED", imported.text("status"))
	require.Equal(t, "IMPORTED", imported.text("type"))
	require.Equal(t, "*.x.example.com", imported.text("domainName"))
	require.Equal(t, leaf.certificate.NotAfter.UTC().Format(time.RFC3339), imported.text("notAfter"))
	require.Empty(t, c.diff(certificateType, "imported", imported, good).Diffs)

	renewed := properties{"certificateBody": other.pem, "privateKey": other.keyPEM, "certificateChain": authority.pem}
	require.Empty(t, c.diff(certificateType, "imported", imported, renewed).Replaces, "a successor keeps the ARN")
	updated, err := c.update(certificateType, "imported", imported, renewed)
	require.NoError(t, err)
	require.Equal(t, other.certificate.NotAfter.UTC().Format(time.RFC3339), updated.text("notAfter"))

	for sentence, test := range map[string]struct {
		inputs properties
		want   string
	}{
		"another key":               {but(good, properties{"privateKey": other.keyPEM}), "does not match the certificate"},
		"an expired one":            {properties{"certificateBody": expired.pem, "privateKey": expired.keyPEM, "certificateChain": authority.pem}, "not valid at the present time"},
		"no chain":                  {but(good, properties{"certificateChain": nil}), "a certificate that is not self-signed needs one"},
		"another chain":             {but(good, properties{"certificateChain": other.pem}), "Could not validate the certificate with the certificate chain"},
		"the chain among the first": {but(good, properties{"certificateBody": leaf.pem + authority.pem}), "more than one certificate"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := c.tryCreate(certificateType, sentence, test.inputs)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "ImportCertificate")
		})
	}
	_, failures := c.check(certificateType, "both", but(good, properties{"validationMethod": "DNS"}))
	require.Contains(t, failures, "certificateBody: conflicts with validationMethod")
	_, err = c.tryCreate(validationType, "v", properties{"certificateArn": imported.id})
	require.ErrorContains(t, err, "has type IMPORTED, no validation necessary")
}

func TestPrivateAuthoritiesIssueToThoseWhoMayAsk(t *testing.T) {
	arn := func(account, id string) string {
		return "arn:aws:acm-pca:us-east-1:" + account + ":certificate-authority/" + id
	}
	setup := dnsSetup()
	setup.CertificateAuthorities = []awssim.CertificateAuthority{
		{ARN: arn(sharedAccount, "a")},
		{ARN: arn(sharedAccount, "b"), Status: "PENDING_CERTIFICATE"},
		{ARN: arn(strangerAccount, "c"), SharedWith: []string{sharedAccount}},
		{ARN: arn(strangerAccount, "d")},
	}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	request := properties{"domainName": "*.internal", "certificateAuthorityArn": arn(sharedAccount, "a")}
	for sentence, test := range map[string]struct{ authority, want string }{
		"its own account's":                     {arn(sharedAccount, "a"), ""},
		"one that is shared":                    {arn(strangerAccount, "c"), ""},
		"one that is not active":                {arn(sharedAccount, "b"), "InvalidStateException"},
		"another account's":                     {arn(strangerAccount, "d"), "ResourceNotFoundException"},
		"one that there isn't":                  {arn(sharedAccount, "e"), "ResourceNotFoundException"},
		"one of another service, as its ARN is": {"arn:aws:acm:us-east-1:111111111111:certificate/a", "certificateAuthorityArn"},
	} {
		t.Run(sentence, func(t *testing.T) {
			inputs := but(request, properties{"certificateAuthorityArn": test.authority, "domainName": "*.corp.example"})
			if _, failures := c.check(certificateType, sentence, inputs); len(failures) > 0 {
				require.Contains(t, failures[0], test.want)
				return
			}
			certificate, err := c.tryCreate(certificateType, sentence, inputs)
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "ISSUED", certificate.text("status"), "no public zone answers for the name, and none has to")
		})
	}
}

func TestEmailIssuesWhenItIsAnswered(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	certificate := c.create(certificateType, "c", properties{
		"domainName": "*.a.example.com", "subjectAlternativeNames": []string{"*.b.example.com"}, "validationMethod": "EMAIL",
		"validationOptions": []properties{{"domainName": "*.a.example.com", "validationDomain": "example.com"}},
	})
	require.Equal(t, "PENDING_VALIDATION", certificate.text("status"))
	require.Len(t, certificate.outputs.Fields["validationEmails"].GetListValue().GetValues(), 10)
	validation := properties{"certificateArn": certificate.id}
	_, err = c.tryCreate(validationType, "v", validation)
	require.ErrorContains(t, err, "the e-mail to admin@example.com about *.a.example.com has not been approved")
	simulator.ApproveEmail("example.com")
	_, err = c.tryCreate(validationType, "v", validation)
	require.ErrorContains(t, err, "the e-mail to admin@b.example.com")
	simulator.ApproveEmail("b.example.com")
	c.create(validationType, "v", validation)

	_, err = c.tryCreate(certificateType, "d", properties{
		"domainName": "*.a.example.com", "validationMethod": "EMAIL",
		"validationOptions": []properties{{"domainName": "*.a.example.com", "validationDomain": "example.org"}},
	})
	require.ErrorContains(t, err, "InvalidDomainValidationOptionsException")
}
