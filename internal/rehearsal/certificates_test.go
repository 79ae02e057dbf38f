package rehearsal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

const (
	dnsAccount   = "333333333333"
	spokeAccount = "444444444444"
	spokeVPC     = "vpc-0444444444444444a"
)

// selfSigned is a certificate and its key, in PEM.
func selfSigned(t *testing.T, names ...string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// setupFor is what a mapping needs, changed.
func setupFor(t *testing.T, document string, change func(*awssim.Setup)) string {
	t.Helper()
	initial := initialState{mapping: parse(t, document), shared: sharedAccount, region: "us-east-1"}
	w, err := initial.setup()
	require.NoError(t, err)
	change(w)
	data, err := json.Marshal(w)
	require.NoError(t, err)
	return writeFile(t, "setup.json", string(data))
}

// TestCertificatesAndZonesOfManyAccounts validates in another account's public
// zone, imports a certificate, answers another account's VPC, and puts the zones
// into a profile.
func TestCertificatesAndZonesOfManyAccounts(t *testing.T) {
	slowly(t)
	const document = `
APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: b.imported.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: "222222222222"}
`
	role := func(account string) string { return "arn:aws:iam::" + account + ":role/portico" }
	setup := setupFor(t, document, func(w *awssim.Setup) {
		for _, id := range []string{dnsAccount, spokeAccount} {
			w.Accounts = append(w.Accounts, awssim.Account{ID: id, Roles: []awssim.Role{{Name: "portico", Trusts: []string{string(sharedAccount)}}}})
		}
		for i := range w.HostedZones {
			w.HostedZones[i].Account = dnsAccount
		}
		w.DNSProfiles = []awssim.DNSProfile{{Account: string(sharedAccount), Region: "us-east-1", ID: "rp-0123456789abcdef"}}
		w.Existing = []awssim.Existing{
			{Account: spokeAccount, Region: "us-east-1", Type: "aws:ec2/vpc:Vpc", ID: spokeVPC, Properties: awssim.Object{"cidrBlock": "10.44.0.0/16"}},
			{Account: dnsAccount, Type: "aws:route53/record:Record", ID: "www", Properties: awssim.Object{
				"zoneId": w.HostedZones[0].ID, "name": "www.private.example.com", "type": "A", "ttl": float64(60), "records": []any{"192.0.2.1"},
			}},
		}
	})
	certificate, key := selfSigned(t, "*.imported.example.com")
	var said bytes.Buffer
	o := Options{
		Mapping: writeFile(t, "mapping.yaml", document), Setup: setup, StateDir: t.TempDir(),
		Config: map[string]any{
			"portico:certificates": map[string]any{
				"zones":  []any{map[string]any{"name": "example.com", "roleArn": role(dnsAccount)}},
				"import": []any{map[string]any{"certificate": certificate, "privateKey": key}},
			},
			"portico:dns": map[string]any{
				"associations": []any{map[string]any{"vpcId": spokeVPC, "region": "us-east-1", "roleArn": role(spokeAccount)}},
				"profileId":    "rp-0123456789abcdef",
			},
		},
		afterUp: func(s *awssim.Simulator) error {
			for _, zone := range s.Resources(awssim.Filter{Account: string(sharedAccount), Type: "aws:route53/zone:Zone"}) {
				require.Len(t, zone.Properties.Objects("vpcs"), 2, "%s answers both VPCs", zone.Properties.Text("name"))
			}
			require.Len(t, s.Resources(awssim.Filter{Type: "aws:route53/profilesResourceAssociation:ProfilesResourceAssociation"}), 2)
			return nil
		},
	}
	o.Command = cli(t)
	o.Programs = automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn}
	o.Progress = io.MultiWriter(&said, testLog{t})
	report, err := Run(t.Context(), o)
	require.NoError(t, err)
	requireOK(t, report)
	require.Contains(t, said.String(), "hides names of the public zone example.com from clients in the VPC: www.private.example.com")

	again, err := Run(t.Context(), o)
	require.NoError(t, err)
	requireOK(t, again)
	for _, stack := range again.Stacks {
		changes := stack.Changes
		require.Zero(t, changes.Create+changes.Update+changes.Replace+changes.Delete, "stack %s: %+v", stack.Name, changes)
	}
}

// TestAnExistingZoneAndAPrivateAuthority works in a VPC with a private zone of
// its own, makes narrow zones beside it, and has a private authority issue.
func TestAnExistingZoneAndAPrivateAuthority(t *testing.T) {
	const document = `
APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: "*.tenants.example.net", PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: c.example.net, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: "222222222222"}
`
	const authority = "arn:aws:acm-pca:us-east-1:" + string(sharedAccount) + ":certificate-authority/0a1b"
	before, err := os.ReadFile(existingSetup(t, document))
	require.NoError(t, err)
	var w awssim.Setup
	require.NoError(t, json.Unmarshal(before, &w))
	w.HostedZones = nil
	w.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: authority}}
	w.Existing = append(w.Existing, awssim.Existing{
		Account: string(sharedAccount), Type: "aws:route53/zone:Zone", ID: "Z0EXISTING",
		Properties: awssim.Object{"name": "example.com", "vpcs": []any{map[string]any{"vpcId": existingVPC, "vpcRegion": "us-east-1"}}},
	})
	data, err := json.Marshal(w)
	require.NoError(t, err)
	config := existingNetwork()
	config["portico:certificates"] = map[string]any{"source": "private-ca", "certificateAuthorityArn": authority}
	config["portico:dns"] = map[string]any{"scope": "host", "existing": []any{map[string]any{"name": "example.com", "id": "Z0EXISTING"}}}
	requireOK(t, rehearseQuickly(t, Options{
		Mapping: writeFile(t, "mapping.yaml", document), Setup: writeFile(t, "setup.json", string(data)), Config: config,
		afterUp: func(s *awssim.Simulator) error {
			var names []string
			for _, zone := range s.Resources(awssim.Filter{Type: "aws:route53/zone:Zone"}) {
				names = append(names, zone.Properties.Text("name"))
			}
			require.ElementsMatch(t, []string{"example.com", "tenants.example.net", "c.example.net"}, names)
			return nil
		},
	}))
}

// TestAnExistingCertificateAndAnAnsweredEmail covers one domain with a
// certificate that is there, and has the other's issued by e-mail.
func TestAnExistingCertificateAndAnAnsweredEmail(t *testing.T) {
	slowly(t)
	const document = `
APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: b.mail.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: "222222222222"}
`
	const arn = "arn:aws:acm:us-east-1:" + string(sharedAccount) + ":certificate/0a1b"
	certificate, key := selfSigned(t, "*.private.example.com")
	setup := func(approvals ...string) string {
		return setupFor(t, document, func(w *awssim.Setup) {
			w.HostedZones, w.EmailApprovals = nil, approvals
			w.Existing = []awssim.Existing{{
				Account: string(sharedAccount), Region: "us-east-1", Type: "aws:acm/certificate:Certificate", ID: arn,
				Properties: awssim.Object{"certificateBody": certificate, "privateKey": key},
			}}
		})
	}
	o := Options{
		Mapping: writeFile(t, "mapping.yaml", document), Setup: setup(), StateDir: t.TempDir(),
		Config: map[string]any{"portico:certificates": map[string]any{
			"source": "email", "validationDomain": "example.com",
			"existing": []any{map[string]any{"arn": arn, "names": []string{"*.private.example.com"}}},
		}},
	}
	pending := rehearse(t, o)
	require.False(t, pending.OK)
	require.Contains(t, pending.Stacks[0].Error, "the e-mail to admin@example.com about *.mail.example.com has not been approved")
	o.Setup = setup("example.com")
	requireOK(t, rehearse(t, o))
}
