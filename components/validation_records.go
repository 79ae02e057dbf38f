package components

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// validationTTL is the validation records' time to live in seconds. They never
// change; a short one makes a record that was missing visible soon.
const validationTTL = 300

// validationRecords creates each validation record once: a name and its wildcard
// share one, also when they are on different certificates.
type validationRecords struct {
	ctx    *pulumi.Context
	parent pulumi.Resource
	name   string
	zones  *PublicZones
	// shared is CertificatesArgs.SharedValidationRecords.
	shared  bool
	records map[string]*route53.Record
}

func newValidationRecords(ctx *pulumi.Context, parent pulumi.Resource, name string, zones *PublicZones, shared bool) *validationRecords {
	return &validationRecords{ctx: ctx, parent: parent, name: name, zones: zones, shared: shared, records: map[string]*route53.Record{}}
}

func (v *validationRecords) record(certificate *acm.Certificate, validated string, publicZones map[string]string) (*route53.Record, error) {
	if record, done := v.records[validated]; done {
		return record, nil
	}
	zone, err := v.zoneFor(validated, publicZones)
	if v.ctx.DryRun() && isDenied(err) {
		// The preview shows the record without its zone.
		zone, err = &publicZone{}, v.zones.notFound(validated, err).log(v.ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("validate %s: %w", validated, err)
	}
	if err := v.logZone(zone, validated); err != nil {
		return nil, err
	}
	zoneID := pulumi.String(zone.id).ToStringOutput()
	if zone.id == "" {
		zoneID = unknownText()
	}
	options := []pulumi.ResourceOption{pulumi.Parent(v.parent)}
	if zone.owner != nil {
		options = append(options, pulumi.Provider(zone.owner))
	}
	if v.shared {
		options = append(options, pulumi.RetainOnDelete(true))
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
		ZoneId: zoneID,
		Name:   option(func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordName }),
		Type:   pulumi.String("CNAME"),
		Ttl:    pulumi.Int(validationTTL),
		Records: pulumi.StringArray{
			option(func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordValue }),
		},
		AllowOverwrite: pulumi.Bool(v.shared),
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("create validation record of %s: %w", validated, err)
	}
	v.records[validated] = record
	return record, nil
}

// logZone says which zone validates a name. AWS's errors have neither, and the record has
// the zone's ID alone; package automation reads the line.
func (v *validationRecords) logZone(zone *publicZone, validated string) error {
	if v.ctx.DryRun() {
		return nil
	}
	text := fmt.Sprintf("public zone %s (%s) validates %s", zone.name, zone.id, validated)
	if err := v.ctx.Log.Info(text, &pulumi.LogArgs{Ephemeral: true}); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	return nil
}

// zoneFor finds the public hosted zone that validates a name.
func (v *validationRecords) zoneFor(validated string, publicZones map[string]string) (*publicZone, error) {
	return v.zones.validating(validated, cmp.Or(publicZones[validated], publicZones["*."+validated]))
}
