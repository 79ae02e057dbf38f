package components

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ImportedCertificate is a certificate that somebody else issued, to be imported
// into ACM. ACM doesn't renew it.
type ImportedCertificate struct {
	// Names are its subject alternative names.
	Names []string
	// KeyAlgorithm tells it from another certificate of the same names: "RSA"
	// or "ECDSA".
	KeyAlgorithm string
	// Certificate, PrivateKey and Chain are PEM: the certificate alone, its
	// unencrypted key, and the certificates above it, from its issuer upwards;
	// a self-signed one has no chain.
	Certificate, PrivateKey, Chain string
}

func (c ImportedCertificate) resourceName() string {
	return "imported-" + resourceName(c.Names[0]) + "-" + strings.ToLower(c.KeyAlgorithm)
}

// ExistingCertificate is a certificate of ACM that isn't Portico's.
type ExistingCertificate struct {
	ARN string
	// Names are those that it has to cover.
	Names []string
}

// resourceName ends with the UUID that the ARN ends with.
func (c ExistingCertificate) resourceName() string {
	return "existing-" + c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]
}

// importOne imports a certificate. A renewed one takes its place under the same
// ARN, so that the listener needs no change.
func (b *certificateBuilder) importOne(imported ImportedCertificate) (pulumi.StringOutput, error) {
	args := &acm.CertificateArgs{
		CertificateBody: pulumi.String(imported.Certificate),
		PrivateKey:      pulumi.ToSecret(pulumi.String(imported.PrivateKey)).(pulumi.StringOutput),
		Tags:            b.args.Tags.named(resourceName(imported.Names[0])),
	}
	if imported.Chain != "" {
		args.CertificateChain = pulumi.String(imported.Chain)
	}
	certificate, err := acm.NewCertificate(b.ctx, b.name+"-"+imported.resourceName(), args, pulumi.Parent(b.parent))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("import certificate of %s: %w", imported.Names[0], err)
	}
	return certificate.Arn, nil
}

// examine reads a certificate that exists, in previews too, and hands its ARN on
// if it is what the load balancer needs.
func (b *certificateBuilder) examine(existing ExistingCertificate) (pulumi.StringOutput, error) {
	certificate, err := acm.GetCertificate(b.ctx, b.name+"-"+existing.resourceName(), pulumi.ID(existing.ARN), nil, pulumi.Parent(b.parent))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("read certificate %s: %w", existing.ARN, err)
	}
	return pulumi.All(certificate.Status, certificate.DomainName, certificate.SubjectAlternativeNames, certificate.NotAfter).ApplyT(
		func(all []any) (string, error) {
			names := append([]string{all[1].(string)}, all[2].([]string)...)
			return existing.ARN, existing.check(all[0].(string), names, all[3].(string))
		}).(pulumi.StringOutput), nil
}

// check reports what keeps the load balancer from using the certificate.
func (c ExistingCertificate) check(status string, names []string, notAfter string) error {
	var problems []error
	if status != "ISSUED" {
		problems = append(problems, fmt.Errorf("use certificate %s: it is %s, not ISSUED", c.ARN, status))
	}
	if until, err := time.Parse(time.RFC3339, notAfter); err == nil && time.Now().After(until) {
		problems = append(problems, fmt.Errorf("use certificate %s: it expired on %s: renew it", c.ARN, until.Format(time.DateOnly)))
	}
	for _, name := range c.Names {
		_, parent, _ := strings.Cut(name, ".")
		if !slices.Contains(names, name) && !slices.Contains(names, "*."+parent) {
			problems = append(problems, fmt.Errorf("use certificate %s for %s: its names are %s: correct portico:certificates.existing, or name another certificate",
				c.ARN, name, strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), ", ")))
		}
	}
	return errors.Join(problems...)
}
