package components

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/mapping"
)

// ImportedCertificate is a certificate that was issued elsewhere, to be imported
// into ACM. ACM doesn't renew it.
type ImportedCertificate struct {
	// Names are its subject alternative names. Required: 1 or more.
	Names []string
	// KeyAlgorithm tells the certificate from another one of the same names:
	// "RSA" or "ECDSA". Default: empty.
	KeyAlgorithm string
	// Certificate is the certificate alone, in PEM. Required.
	Certificate string
	// PrivateKey is its unencrypted key, in PEM. Required. It is kept as a secret.
	PrivateKey string
	// Chain is the certificates above it in PEM, from its issuer upwards. Default:
	// none, for a self-signed certificate.
	Chain string
}

func (c ImportedCertificate) valid() bool { return len(c.Names) > 0 }

func (c ImportedCertificate) key() string {
	return "imported-" + resourceName(c.Names[0]) + "-" + strings.ToLower(c.KeyAlgorithm)
}

// ExistingCertificate is a certificate of ACM that isn't Portico's.
type ExistingCertificate struct {
	// ARN is the certificate's ARN. Required.
	ARN string
	// Names are the names that it has to cover. An update and its preview fail
	// where it doesn't. Default: none.
	Names []string
}

func (c ExistingCertificate) valid() bool { return c.ARN != "" }

// key ends with the UUID that the ARN ends with.
func (c ExistingCertificate) key() string {
	return "existing-" + c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]
}

// create imports the certificate. A renewed one takes its place under the same
// ARN, so that the listener needs no change.
func (c ImportedCertificate) create(b *certificateBuilder) (Certificate, error) {
	args := &acm.CertificateArgs{
		CertificateBody: pulumi.String(c.Certificate),
		PrivateKey:      pulumi.ToSecret(pulumi.String(c.PrivateKey)).(pulumi.StringOutput),
		Tags:            b.args.Tags.named(resourceName(c.Names[0])),
	}
	if c.Chain != "" {
		args.CertificateChain = pulumi.String(c.Chain)
	}
	certificate, err := acm.NewCertificate(b.ctx, b.name+"-"+c.key(), args, pulumi.Parent(b.parent))
	if err != nil {
		return Certificate{}, fmt.Errorf("import certificate of %s: %w", c.Names[0], err)
	}
	return Certificate{Name: c.key(), Origin: Imported, Names: c.Names, ARN: certificate.Arn}, nil
}

// create reads the certificate, in previews too. Its ARN is known if it is valid
// and covers the names.
func (c ExistingCertificate) create(b *certificateBuilder) (Certificate, error) {
	arn, err := c.read(b.ctx, b.name, pulumi.Parent(b.parent))
	if err != nil {
		return Certificate{}, err
	}
	return Certificate{Name: c.key(), Origin: Existing, Names: c.Names, ARN: arn}, nil
}

// CheckExistingCertificate reads a certificate that exists, and reports what keeps it
// from being used. It registers nothing.
func CheckExistingCertificate(ctx *pulumi.Context, name string, certificate ExistingCertificate, opts ...pulumi.ResourceOption) error {
	arn, err := certificate.read(ctx, name, opts...)
	if err != nil {
		return err
	}
	return await(ctx, arn)
}

// read is the certificate's ARN, if it is valid and covers the names.
func (c ExistingCertificate) read(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	certificate, err := acm.GetCertificate(ctx, name+"-"+c.key(), pulumi.ID(c.ARN), nil, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("read certificate %s: %w", c.ARN, err)
	}
	return pulumi.All(certificate.Status, certificate.DomainName, certificate.SubjectAlternativeNames, certificate.NotAfter).ApplyT(
		func(all []any) (string, error) {
			names := append([]string{all[1].(string)}, all[2].([]string)...)
			return c.ARN, c.check(all[0].(string), names, all[3].(string))
		}).(pulumi.StringOutput), nil
}

// check reports what keeps the certificate from being used.
func (c ExistingCertificate) check(status string, names []string, notAfter string) error {
	var problems []error
	if status != "ISSUED" {
		problems = append(problems, &ExistingResourceError{Kind: "certificate", ID: c.ARN,
			Problem: fmt.Sprintf("it is %s, not ISSUED", status), Fix: "name one that is"})
	}
	if until, err := time.Parse(time.RFC3339, notAfter); err == nil && time.Now().After(until) {
		problems = append(problems, &ExistingResourceError{Kind: "certificate", ID: c.ARN,
			Problem: "it expired on " + until.Format(time.DateOnly), Fix: "renew it"})
	}
	certified := make([]mapping.Host, len(names))
	for i, name := range names {
		certified[i] = mapping.Host(name)
	}
	for _, name := range c.Names {
		if !mapping.Host(name).CoveredBy(certified) {
			problems = append(problems, &ExistingResourceError{Kind: "certificate", ID: c.ARN, Purpose: name,
				Problem: "its names are " + strings.Join(distinct(names), ", "), Fix: "correct the names that it has to cover, or name another certificate"})
		}
	}
	return errors.Join(problems...)
}
