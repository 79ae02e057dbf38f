package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// validationTTL is the validation records' time to live in seconds. They never
// change; a short one makes a record that was missing visible soon.
const validationTTL = 300

// CertificateRequest is a certificate to issue.
type CertificateRequest struct {
	// Names are the subject alternative names; the first is the domain name.
	Names []string
	// PublicZones names, for a name that has an entry, the public hosted zone
	// that validates it; others are validated in their nearest public parent.
	PublicZones map[string]string
}

// CertificatesArgs describes the load balancer's certificates.
type CertificatesArgs struct {
	Requests []CertificateRequest
	Tags     Tags
}

// Certificates are certificates issued by ACM and validated by DNS.
type Certificates struct {
	pulumi.ResourceState

	// ARNs are the certificates', known once they are issued, in the order of
	// the requests.
	ARNs []pulumi.StringInput
	// Names name the certificates, for the names of resources that use them.
	Names []string
}

// NewCertificates requests the certificates and creates their validation
// records. A name and its wildcard share one record, also when they are on
// different certificates.
func NewCertificates(ctx *pulumi.Context, name string, args *CertificatesArgs, opts ...pulumi.ResourceOption) (*Certificates, error) {
	certificates := &Certificates{}
	if err := ctx.RegisterComponentResource("portico:index:Certificates", name, certificates, opts...); err != nil {
		return nil, fmt.Errorf("register certificates %q: %w", name, err)
	}
	validation := &dnsValidation{
		ctx:     ctx,
		parent:  certificates,
		name:    name,
		zoneIDs: map[string]string{},
		records: map[string]*route53.Record{},
	}
	for _, request := range args.Requests {
		arn, err := certificates.issue(ctx, name, request, args.Tags, validation)
		if err != nil {
			return nil, err
		}
		certificates.ARNs = append(certificates.ARNs, arn)
		certificates.Names = append(certificates.Names, resourceName(request.Names[0]))
	}
	outputs := pulumi.Map{"arns": stringArray(certificates.ARNs)}
	if err := ctx.RegisterResourceOutputs(certificates, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of certificates %q: %w", name, err)
	}
	return certificates, nil
}

func (c *Certificates) issue(ctx *pulumi.Context, name string, request CertificateRequest, tags Tags, validation *dnsValidation) (pulumi.StringOutput, error) {
	child := name + "-" + resourceName(request.Names[0])
	certificate, err := acm.NewCertificate(ctx, child, &acm.CertificateArgs{
		DomainName:              pulumi.String(request.Names[0]),
		SubjectAlternativeNames: pulumi.ToStringArray(request.Names[1:]),
		ValidationMethod:        pulumi.String("DNS"),
		Tags:                    tags.named(resourceName(request.Names[0])), // a tag holds no "*"
	}, pulumi.Parent(c))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("request certificate of %s: %w", request.Names[0], err)
	}
	var fqdns pulumi.StringArray
	for _, validated := range validatedNames(request.Names) {
		record, err := validation.record(certificate, validated, request.PublicZones)
		if err != nil {
			return pulumi.StringOutput{}, err
		}
		fqdns = append(fqdns, record.Fqdn)
	}
	issued, err := acm.NewCertificateValidation(ctx, child, &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: fqdns,
	}, pulumi.Parent(c))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("validate certificate of %s: %w", request.Names[0], err)
	}
	return issued.CertificateArn, nil
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

// dnsValidation creates each validation record once.
type dnsValidation struct {
	ctx     *pulumi.Context
	parent  pulumi.Resource
	name    string
	zoneIDs map[string]string // by zone name; "": there is no such public zone
	records map[string]*route53.Record
}

func (v *dnsValidation) record(certificate *acm.Certificate, validated string, publicZones map[string]string) (*route53.Record, error) {
	if record, done := v.records[validated]; done {
		return record, nil
	}
	zoneID, err := v.zoneFor(validated, publicZones)
	if err != nil {
		return nil, err
	}
	option := func(field func(acm.CertificateDomainValidationOption) *string) pulumi.StringOutput {
		return certificate.DomainValidationOptions.ApplyT(func(options []acm.CertificateDomainValidationOption) (string, error) {
			for _, option := range options {
				if option.DomainName != nil && strings.TrimPrefix(*option.DomainName, "*.") == validated {
					return *field(option), nil
				}
			}
			return "", fmt.Errorf("find validation record of %s: ACM lists none", validated)
		}).(pulumi.StringOutput)
	}
	record, err := route53.NewRecord(v.ctx, v.name+"-validation-"+resourceName(validated), &route53.RecordArgs{
		ZoneId: pulumi.String(zoneID),
		Name:   option(func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordName }),
		Type:   pulumi.String("CNAME"),
		Ttl:    pulumi.Int(validationTTL),
		Records: pulumi.StringArray{
			option(func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordValue }),
		},
		AllowOverwrite: pulumi.Bool(false),
	}, pulumi.Parent(v.parent))
	if err != nil {
		return nil, fmt.Errorf("create validation record of %s: %w", validated, err)
	}
	v.records[validated] = record
	return record, nil
}

// zoneFor finds the public hosted zone that validates a name: the one that was
// named for it, or the nearest parent.
func (v *dnsValidation) zoneFor(validated string, publicZones map[string]string) (string, error) {
	for _, name := range []string{validated, "*." + validated} {
		zone := publicZones[name]
		if zone == "" {
			continue
		}
		id, err := v.lookUp(zone)
		if err == nil && id == "" {
			err = fmt.Errorf("the account has no public hosted zone %s: correct ROUTE53_PUBLIC_DOMAIN", zone)
		}
		if err != nil {
			return "", fmt.Errorf("find the public hosted zone of %s: %w", validated, err)
		}
		return id, nil
	}
	for zone := validated; strings.Contains(zone, "."); _, zone, _ = strings.Cut(zone, ".") {
		id, err := v.lookUp(zone)
		if err != nil {
			return "", fmt.Errorf("find the public hosted zone of %s: %w", validated, err)
		}
		if id != "" {
			return id, nil
		}
	}
	return "", fmt.Errorf("find the public hosted zone of %s: the account has none of that name or of a parent domain: create one, or name it with ROUTE53_PUBLIC_DOMAIN", validated)
}

// lookUp is a public zone's ID; empty where the account has no such zone.
func (v *dnsValidation) lookUp(zone string) (string, error) {
	if id, known := v.zoneIDs[zone]; known {
		return id, nil
	}
	found, err := route53.LookupZone(v.ctx, &route53.LookupZoneArgs{
		Name:        &zone,
		PrivateZone: pulumi.BoolRef(false),
	}, pulumi.Parent(v.parent))
	switch {
	case err == nil:
		v.zoneIDs[zone] = found.ZoneId
	case strings.Contains(err.Error(), "no matching Route 53 Hosted Zone found"):
		// The provider has no other sign for it.
		v.zoneIDs[zone] = ""
	default:
		return "", err
	}
	return v.zoneIDs[zone], nil
}

// resourceName is a domain name as part of a resource's name, where "*" would
// be unreadable in a URN. No host has an underscore, so nothing collides.
func resourceName(domain string) string {
	return strings.Replace(domain, "*", "_wildcard", 1)
}
