package settings

import (
	"time"

	"github.com/portico-iac/portico/internal/topology"
)

// Where certificates come from.
const (
	SourceDNS       = "dns"
	SourceEmail     = "email"
	SourcePrivateCA = "private-ca"
	SourceImport    = "import"
	SourceExisting  = "existing"
)

// Certificates say where a stack's certificates come from. Hosts that a
// certificate of Import or Existing covers need none issued; Source issues those
// of the others.
type Certificates struct {
	// Source is who issues certificates: dns (Amazon, after a record in a
	// public hosted zone), email (Amazon, after a mailbox's owner has
	// approved), private-ca (an AWS Private CA). With import and existing none
	// are issued, and the certificates given have to cover all hosts. Default:
	// dns.
	Source string `config:"source"`
	// NamesPerCertificate is the same as quotas.namesPerCertificate. Default: 10.
	NamesPerCertificate int `config:"namesPerCertificate"`
	// Zones are public hosted zones of other accounts, or such as the account has
	// several of one name, for dns. Default: none.
	Zones []PublicZone `config:"zones"`
	// SharedRecords is for environments of one account that have hosts below
	// the same parent domain: ACM gives an account's certificates of one name
	// the same validation record. Each environment takes such records as they
	// are and does not delete them. For dns. Default: false.
	SharedRecords bool `config:"sharedRecords"`
	// ValidationDomain is the domain whose mailboxes are asked, for email.
	// Default: the name's own.
	ValidationDomain string `config:"validationDomain"`
	// CertificateAuthorityARN is the authority. Required for private-ca.
	CertificateAuthorityARN string `config:"certificateAuthorityArn"`
	// Import are certificates to import into ACM. Default: none.
	Import []ImportedCertificate `config:"import"`
	// Existing are certificates that ACM has. Default: none.
	Existing []ExistingCertificate `config:"existing"`

	// Imported are the certificates of Import as they were read; it is no
	// setting.
	Imported []Imported
}

// PublicZone is a public hosted zone: of another account, or one of several of one
// name.
type PublicZone struct {
	// Name is the zone's name, such as example.com. Required.
	Name string `config:"name"`
	// RoleARN is a role of the zone's account that may list zones and write
	// records. Default: the zone is in the stack's account.
	RoleARN string `config:"roleArn"`
	// ID is the zone's ID, for an account with several public zones of the name.
	// Default: the only one of the name.
	ID string `config:"id"`
}

// ImportedCertificate is a certificate to import. Each field is PEM, or the path
// of a PEM file relative to the project's directory.
type ImportedCertificate struct {
	// Certificate is the server's certificate alone. Required.
	Certificate string `config:"certificate"`
	// PrivateKey is its key, unencrypted; keep it as a secret. Required.
	PrivateKey string `config:"privateKey"`
	// Chain is the certificates above it, from its issuer upwards. Default:
	// none, for a self-signed certificate.
	Chain string `config:"chain"`
}

// ExistingCertificate is a certificate that ACM has in the stack's account and
// region.
type ExistingCertificate struct {
	// ARN is the certificate's ARN. Required.
	ARN string `config:"arn"`
	// Names are the names that the certificate covers. Required.
	Names []string `config:"names"`
}

// Imported is a certificate to import that is as ACM and load balancers need it.
type Imported struct {
	// Certificate, PrivateKey and Chain are PEM. The key is empty where it is a
	// secret that isn't known.
	Certificate, PrivateKey, Chain string
	// Names are the certificate's DNS names.
	Names []string
	// KeyAlgorithm is "RSA" or "ECDSA", KeyBits the key's size.
	KeyAlgorithm string
	KeyBits      int
	// NotAfter is when the certificate expires.
	NotAfter time.Time
}

// ID tells the certificate from the stack's others: its first name and the
// algorithm of its key.
func (c Imported) ID() string { return c.Names[0] + " " + c.KeyAlgorithm }

// IssuesNone reports whether no certificate is issued.
func (c Certificates) IssuesNone() bool {
	return c.Source == SourceImport || c.Source == SourceExisting
}

func defaultCertificates() Certificates {
	return Certificates{Source: SourceDNS, NamesPerCertificate: topology.DefaultQuotas().NamesPerCertificate}
}

// complete fills in the default of what was set to nothing.
func (c *Certificates) complete() {
	if c.Source == "" {
		c.Source = SourceDNS
	}
}
