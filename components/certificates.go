package components

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CertificateOrigin is where a certificate comes from.
type CertificateOrigin string

// The origins of certificates.
const (
	// IssuedByDNS has ACM look for a record in each name's public zone.
	IssuedByDNS CertificateOrigin = "dns"
	// IssuedByEmail has ACM ask the mailboxes admin, administrator, hostmaster,
	// postmaster and webmaster of each name's domain. The update waits for the
	// answers, up to 75 minutes; when it has given up, the next one goes on
	// waiting. Renewal asks again.
	IssuedByEmail CertificateOrigin = "email"
	// IssuedByPrivateCA has an AWS Private CA issue the certificates, which
	// clients have to trust; nothing is validated.
	IssuedByPrivateCA CertificateOrigin = "private-ca"
	// Imported certificates were issued elsewhere: ImportedCertificate.
	Imported CertificateOrigin = "import"
	// Existing certificates are in ACM already: ExistingCertificate.
	Existing CertificateOrigin = "existing"
)

// Certificate is a certificate of ACM that listeners and custom domains can use.
type Certificate struct {
	// Name ends the names of resources that use the certificate. It is unique
	// among the certificates of a load balancer.
	Name string
	// Origin is where the certificate comes from.
	Origin CertificateOrigin
	// Names are the subject alternative names, as far as they were given.
	Names []string
	// ARN is known once the certificate may be used: an issued one is validated.
	ARN pulumi.StringInput
}

// CertificateSource says how to come by one certificate: a CertificateRequest,
// an ImportedCertificate or an ExistingCertificate.
type CertificateSource interface {
	// key identifies the certificate among those of a Certificates.
	key() string
	// valid reports whether the source says which certificate it is.
	valid() bool
	// create registers the certificate's resources.
	create(*certificateBuilder) (Certificate, error)
}

// CertificateRequest is a certificate to issue.
type CertificateRequest struct {
	// LoadBalancer tells the certificates of load balancers apart that need the
	// same names; it becomes part of the names of resources. Default: none.
	LoadBalancer string
	// Names are the subject alternative names. Required: 1 to ACM's quota (10
	// unless raised). The first is the domain name, of at most 64 characters.
	Names []string
	// PublicZones names, for a name that has an entry, the public hosted zone
	// that validates it; others are validated in their nearest public parent.
	// Where e-mail validates, it is the domain whose mailboxes are asked.
	// Default: no entries.
	PublicZones map[string]string
}

// CertificatesArgs describes certificates and how they are issued.
type CertificatesArgs struct {
	// Sources are the certificates. Default: none.
	Sources []CertificateSource
	// Issuance is how all requests are issued: IssuedByDNS, IssuedByEmail or
	// IssuedByPrivateCA. Default: IssuedByDNS.
	Issuance CertificateOrigin
	// PublicZones finds the zones of IssuedByDNS. Default: those of the
	// provider's account.
	PublicZones *PublicZones
	// SharedValidationRecords says that other stacks of the account may need the
	// same validation records: ACM asks an account for one record of a name,
	// whatever the certificate. An existing record is overwritten with the same
	// then, and the records stay in Route 53 when they are deleted. Default: false.
	SharedValidationRecords bool
	// ValidationDomain is the domain whose mailboxes IssuedByEmail asks for the
	// names below it; others are asked at their own domain. Default: all are.
	ValidationDomain string
	// CertificateAuthorityARN is the CA of IssuedByPrivateCA. Required for that.
	CertificateAuthorityARN string
	// OnWait is called, while an update waits for a certificate, every WaitReported.
	// Default: the wait is logged.
	OnWait func(CertificateWait) error
	// WaitReported is how often a wait is reported. Default: 1 min.
	WaitReported time.Duration
	// Tags are the certificates'.
	Tags Tags
}

func (a *CertificatesArgs) check(name string) error {
	m := arguments{component: "Certificates", name: name}
	for i, source := range a.Sources {
		m.require(source != nil && source.valid(), fmt.Sprintf("Sources[%d]", i), "it has no names and no ARN", "write the names that the certificate is for, or its ARN")
	}
	m.require(a.Issuance == "" || a.Issuance == IssuedByDNS || a.Issuance == IssuedByEmail || a.Issuance == IssuedByPrivateCA, "Issuance",
		fmt.Sprintf("%q is not a way to issue certificates", a.Issuance), "write IssuedByDNS, IssuedByEmail or IssuedByPrivateCA")
	m.given(a.Issuance != IssuedByPrivateCA || a.CertificateAuthorityARN != "", "CertificateAuthorityARN")
	return m.err()
}

// Certificates are certificates of ACM.
type Certificates struct {
	pulumi.ResourceState
	children

	// created are the certificates by their source's key.
	created map[string]Certificate
}

// NewCertificates requests certificates and has them issued, imports those that
// are given, and reads those that exist, in previews too. An existing certificate
// that doesn't serve is an [ExistingResourceError] of the update, and a name
// without a public zone that validates it is a [PublicZoneError].
func NewCertificates(ctx *pulumi.Context, name string, args *CertificatesArgs, opts ...pulumi.ResourceOption) (*Certificates, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	certificates := &Certificates{created: map[string]Certificate{}}
	if err := register(ctx, "Certificates", name, certificates, opts); err != nil {
		return nil, err
	}
	zones := args.PublicZones
	if zones == nil {
		zones = NewPublicZones(ctx, &PublicZonesArgs{})
		zones.own = pulumi.Parent(certificates)
	}
	b := &certificateBuilder{
		ctx:     ctx,
		name:    name,
		args:    args,
		parent:  certificates,
		records: newValidationRecords(ctx, certificates, name, zones, args.SharedValidationRecords),
	}
	var arns pulumi.StringArray
	for _, source := range args.Sources {
		certificate, err := source.create(b)
		if err != nil {
			return nil, err
		}
		certificates.created[source.key()] = certificate
		arns = append(arns, certificate.ARN)
	}
	if err := complete(ctx, "Certificates", name, certificates, pulumi.Map{"arns": arns}); err != nil {
		return nil, err
	}
	return certificates, nil
}

// Of is the certificate of one of CertificatesArgs.Sources. Any other source is an
// error.
func (c *Certificates) Of(source CertificateSource) (Certificate, error) {
	certificate, ok := c.created[source.key()]
	if !ok {
		return Certificate{}, fmt.Errorf("find certificate %s: it is none of CertificatesArgs.Sources: add it there", source.key())
	}
	return certificate, nil
}

// certificateBuilder creates certificates, one at a time.
type certificateBuilder struct {
	ctx     *pulumi.Context
	name    string
	args    *CertificatesArgs
	parent  *Certificates
	records *validationRecords
}

func (r CertificateRequest) valid() bool { return len(r.Names) > 0 }

func (r CertificateRequest) key() string { return "request " + r.resourceName() }

// resourceName ends the names of the request's resources.
func (r CertificateRequest) resourceName() string {
	if r.LoadBalancer == "" {
		return resourceName(r.Names[0])
	}
	return r.LoadBalancer + "-" + resourceName(r.Names[0])
}

// create requests the certificate. Its ARN is known when it may be used.
func (r CertificateRequest) create(b *certificateBuilder) (Certificate, error) {
	child := b.name + "-" + r.resourceName()
	args := &acm.CertificateArgs{
		DomainName:              pulumi.String(r.Names[0]),
		SubjectAlternativeNames: pulumi.ToStringArray(r.Names[1:]),
		Tags:                    b.args.Tags.named(resourceName(r.Names[0])), // a tag holds no "*"
	}
	issued := Certificate{Name: resourceName(r.Names[0]), Names: r.Names, Origin: b.args.Issuance}
	switch b.args.Issuance {
	case IssuedByPrivateCA:
		args.CertificateAuthorityArn = pulumi.String(b.args.CertificateAuthorityARN)
	case IssuedByEmail:
		args.ValidationMethod = pulumi.String("EMAIL")
		args.ValidationOptions = b.mailboxes(r)
	default:
		issued.Origin = IssuedByDNS
		args.ValidationMethod = pulumi.String("DNS")
	}
	certificate, err := acm.NewCertificate(b.ctx, child, args, pulumi.Parent(b.parent))
	if err != nil {
		return Certificate{}, fmt.Errorf("request certificate of %s: %w", r.Names[0], err)
	}
	if issued.Origin == IssuedByPrivateCA {
		// The AWS provider refuses to wait for a certificate without validation.
		issued.ARN = certificate.Arn
		return issued, nil
	}
	validation := &acm.CertificateValidationArgs{CertificateArn: certificate.Arn}
	if issued.Origin == IssuedByDNS {
		if validation.ValidationRecordFqdns, err = b.validationRecords(certificate, r); err != nil {
			return Certificate{}, err
		}
	}
	validated, err := acm.NewCertificateValidation(b.ctx, child, validation, pulumi.Parent(b.parent))
	if err != nil {
		return Certificate{}, fmt.Errorf("validate certificate of %s: %w", r.Names[0], err)
	}
	issued.ARN = validated.CertificateArn
	return issued, b.reportWait(r, validated)
}

// validationRecords creates the records by which DNS validates a certificate's
// names.
func (b *certificateBuilder) validationRecords(certificate *acm.Certificate, request CertificateRequest) (pulumi.StringArray, error) {
	var fqdns pulumi.StringArray
	for _, validated := range validatedNames(request.Names) {
		record, err := b.records.record(certificate, validated, request.PublicZones)
		if err != nil {
			return nil, err
		}
		fqdns = append(fqdns, record.Fqdn)
	}
	return fqdns, nil
}

// mailboxes says, for each name that isn't validated by its own domain's
// mailboxes, by which domain's it is.
func (b *certificateBuilder) mailboxes(request CertificateRequest) acm.CertificateValidationOptionArray {
	var options acm.CertificateValidationOptionArray
	for _, name := range request.Names {
		domain := request.PublicZones[name]
		if domain == "" && strings.HasSuffix(name, "."+b.args.ValidationDomain) {
			domain = b.args.ValidationDomain
		}
		if domain != "" {
			options = append(options, acm.CertificateValidationOptionArgs{
				DomainName:       pulumi.String(name),
				ValidationDomain: pulumi.String(domain),
			})
		}
	}
	return options
}

// validatedNames are the names that have a validation record of their own: ACM
// validates a wildcard by the record of the name below it.
func validatedNames(names []string) []string {
	var validated []string
	for _, name := range names {
		validated = append(validated, strings.TrimPrefix(name, "*."))
	}
	slices.Sort(validated)
	return slices.Compact(validated)
}

// resourceName is a domain name as part of a resource's name, where "*" would
// be unreadable in a URN. No host has an underscore, so nothing collides.
func resourceName(domain string) string {
	return strings.Replace(domain, "*", "_wildcard", 1)
}
