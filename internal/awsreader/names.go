package awsreader

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/portico-iac/portico/internal/doctor"
)

func (a *account) Zones(ctx context.Context, vpcID string) ([]doctor.Zone, error) {
	var zones []doctor.Zone
	in := &route53.ListHostedZonesByVPCInput{VPCId: &vpcID, VPCRegion: route53types.VPCRegion(a.Region)}
	for {
		out, err := a.route53.ListHostedZonesByVPC(ctx, in)
		if err != nil {
			return nil, a.failed("route53:ListHostedZonesByVPC", err)
		}
		for _, summary := range out.HostedZoneSummaries {
			zone := doctor.Zone{ID: aws.ToString(summary.HostedZoneId), Name: canonical(aws.ToString(summary.Name))}
			if summary.Owner != nil {
				zone.Account = aws.ToString(summary.Owner.OwningAccount)
			}
			zones = append(zones, zone)
		}
		if aws.ToString(out.NextToken) == "" {
			return zones, nil
		}
		in.NextToken = out.NextToken
	}
}

func (a *account) ZonesNamed(ctx context.Context, name string) ([]doctor.Zone, error) {
	var zones []doctor.Zone
	pages := route53.NewListHostedZonesPaginator(a.route53, &route53.ListHostedZonesInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.failed("route53:ListHostedZones", err)
		}
		for _, zone := range out.HostedZones {
			if zone.Config != nil && zone.Config.PrivateZone && canonical(aws.ToString(zone.Name)) == name {
				zones = append(zones, doctor.Zone{ID: strings.TrimPrefix(aws.ToString(zone.Id), "/hostedzone/"), Name: name, Account: a.ID})
			}
		}
	}
	return zones, nil
}

// Records begins to list at the name, where the listing's order has it, and ends
// behind it.
func (a *account) Records(ctx context.Context, zoneID, name string) ([]doctor.Record, error) {
	var records []doctor.Record
	pages := route53.NewListResourceRecordSetsPaginator(a.route53, &route53.ListResourceRecordSetsInput{HostedZoneId: &zoneID, StartRecordName: &name})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.failed("route53:ListResourceRecordSets", err)
		}
		for _, set := range out.ResourceRecordSets {
			// AWS writes an asterisk as \052.
			if strings.Replace(canonical(aws.ToString(set.Name)), `\052`, "*", 1) != name {
				return records, nil
			}
			if !slices.Contains([]route53types.RRType{route53types.RRTypeA, route53types.RRTypeAaaa, route53types.RRTypeCname}, set.Type) {
				continue
			}
			record := doctor.Record{Name: name, Type: string(set.Type)}
			if set.AliasTarget != nil {
				record.AliasTarget = strings.TrimPrefix(canonical(aws.ToString(set.AliasTarget.DNSName)), "dualstack.")
			}
			for _, value := range set.ResourceRecords {
				record.Values = append(record.Values, aws.ToString(value.Value))
			}
			records = append(records, record)
		}
	}
	return records, nil
}

func (a *account) Certificate(ctx context.Context, arn string) (*doctor.Certificate, error) {
	out, err := a.acm.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
	if err != nil {
		return nil, a.failed("acm:DescribeCertificate", err)
	}
	described := out.Certificate
	certificate := &doctor.Certificate{ARN: arn, Names: described.SubjectAlternativeNames, Status: string(described.Status), NotAfter: aws.ToTime(described.NotAfter), Reason: string(described.FailureReason)}
	if name := aws.ToString(described.DomainName); !slices.Contains(certificate.Names, name) {
		certificate.Names = append(certificate.Names, name)
	}
	if summary := described.RenewalSummary; summary != nil && certificate.Reason == "" {
		certificate.Reason = string(summary.RenewalStatusReason)
	}
	return certificate, nil
}
