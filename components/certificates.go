package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CertificateRequest is a certificate to issue.
type CertificateRequest struct {
	// LoadBalancer is the Suffix of the one that it is for: two may need the
	// same names.
	LoadBalancer string
	// Names are the subject alternative names; the first is the domain name.
	Names []string
	// PublicZones names, for a name that has an entry, the public hosted zone
	// that validates it; others are validated in their nearest public parent.
	// Where e-mail validates, it is the domain whose mailboxes are asked.
	PublicZones map[string]string
}

// Issuance is who vouches for a requested certificate's names.
type Issuance string

// The ways of issuance.
const (
	// IssuedByDNS has ACM look for a record in each name's public zone.
	IssuedByDNS Issuance = "dns"
	// IssuedByEmail has ACM ask the mailboxes admin, administrator, hostmaster,
	// postmaster and webmaster of each name's domain. The update waits for the
	// answers, up to 75 minutes; when it has given up, the next one goes on
	// waiting. Renewal asks again.
	IssuedByEmail Issuance = "email"
	// IssuedByPrivateCA has an AWS Private CA issue the certificates, which
	// clients have to trust; nothing is validated.
	IssuedByPrivateCA Issuance = "private-ca"
)

// CertificatesArgs describes the load balancer's certificates.
type CertificatesArgs struct {
	Requests []CertificateRequest
	// Issuance is of all requests; empty: IssuedByDNS.
	Issuance Issuance
	// PublicZones finds the zones of IssuedByDNS; nil: among the account's own.
	PublicZones *PublicZones
	// RecordsOfOthers says that other stacks of the account may need the same
	// validation records: ACM asks an account for one record of a name, whatever
	// the certificate. They are overwritten with the same then, and outlast the
	// stack.
	RecordsOfOthers bool
	// ValidationDomain is the domain whose mailboxes IssuedByEmail asks for the
	// names below it; for others, and where it is empty, it is the name's own
	// domain.
	ValidationDomain string
	// CertificateAuthorityARN is that of IssuedByPrivateCA.
	CertificateAuthorityARN string
	Imported                []ImportedCertificate
	Existing                []ExistingCertificate
	Tags                    Tags
}

// Certificates are the certificates of a load balancer.
type Certificates struct {
	pulumi.ResourceState

	// ARNs are the certificates', known once they are issued: the requests' in
	// their order, then the imported ones', then the existing ones'.
	ARNs []pulumi.StringInput
	// Names name the certificates, for the names of resources that use them.
	Names []string
}

// NewCertificates requests the certificates and sees to it that they are issued,
// imports those that are given, and looks at those that exist.
func NewCertificates(ctx *pulumi.Context, name string, args *CertificatesArgs, opts ...pulumi.ResourceOption) (*Certificates, error) {
	certificates := &Certificates{}
	if err := ctx.RegisterComponentResource("portico:index:Certificates", name, certificates, opts...); err != nil {
		return nil, fmt.Errorf("register certificates %q: %w", name, err)
	}
	zones := args.PublicZones
	if zones == nil {
		zones = &PublicZones{ctx: ctx, own: pulumi.Parent(certificates), ids: map[string]string{}}
	}
	b := &certificateBuilder{
		ctx:     ctx,
		name:    name,
		args:    args,
		parent:  certificates,
		records: newValidationRecords(ctx, certificates, name, zones, args.RecordsOfOthers),
	}
	for _, request := range args.Requests {
		arn, err := b.issue(request)
		if err != nil {
			return nil, err
		}
		certificates.add(resourceName(request.Names[0]), arn)
	}
	for _, imported := range args.Imported {
		arn, err := b.importOne(imported)
		if err != nil {
			return nil, err
		}
		certificates.add(imported.resourceName(), arn)
	}
	for _, existing := range args.Existing {
		arn, err := b.examine(existing)
		if err != nil {
			return nil, err
		}
		certificates.add(existing.resourceName(), arn)
	}
	outputs := pulumi.Map{"arns": stringArray(certificates.ARNs)}
	if err := ctx.RegisterResourceOutputs(certificates, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of certificates %q: %w", name, err)
	}
	return certificates, nil
}

func (c *Certificates) add(name string, arn pulumi.StringInput) {
	c.ARNs = append(c.ARNs, arn)
	c.Names = append(c.Names, name)
}

// certificateBuilder makes certificates, one at a time.
type certificateBuilder struct {
	ctx     *pulumi.Context
	name    string
	args    *CertificatesArgs
	parent  *Certificates
	records *validationRecords
}

// issue requests a certificate. Its ARN is known when it may be used.
func (b *certificateBuilder) issue(request CertificateRequest) (pulumi.StringOutput, error) {
	child := b.name
	if request.LoadBalancer != "" {
		child += "-" + request.LoadBalancer
	}
	child += "-" + resourceName(request.Names[0])
	args := &acm.CertificateArgs{
		DomainName:              pulumi.String(request.Names[0]),
		SubjectAlternativeNames: pulumi.ToStringArray(request.Names[1:]),
		Tags:                    b.args.Tags.named(resourceName(request.Names[0])), // a tag holds no "*"
	}
	switch b.args.Issuance {
	case IssuedByPrivateCA:
		args.CertificateAuthorityArn = pulumi.String(b.args.CertificateAuthorityARN)
	case IssuedByEmail:
		args.ValidationMethod = pulumi.String("EMAIL")
		args.ValidationOptions = b.mailboxes(request)
	default:
		args.ValidationMethod = pulumi.String("DNS")
	}
	certificate, err := acm.NewCertificate(b.ctx, child, args, pulumi.Parent(b.parent))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("request certificate of %s: %w", request.Names[0], err)
	}
	validation := &acm.CertificateValidationArgs{CertificateArn: certificate.Arn}
	switch b.args.Issuance {
	case IssuedByPrivateCA:
		// The provider refuses to wait for what nobody validates.
		return certificate.Arn, nil
	case IssuedByEmail:
	default:
		if validation.ValidationRecordFqdns, err = b.validationRecords(certificate, request); err != nil {
			return pulumi.StringOutput{}, err
		}
	}
	issued, err := acm.NewCertificateValidation(b.ctx, child, validation, pulumi.Parent(b.parent))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("validate certificate of %s: %w", request.Names[0], err)
	}
	return issued.CertificateArn, nil
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
