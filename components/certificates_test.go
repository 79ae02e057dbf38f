package components

import (
	"errors"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	certificateToken = "aws:acm/certificate:Certificate"
	validationToken  = "aws:acm/certificateValidation:CertificateValidation"
)

// certificatesProgram runs certificates; ARNs are noted by the sources' places.
func certificatesProgram(args *CertificatesArgs, arns []string) func(*pulumi.Context, pulumi.ResourceOption) error {
	return func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		args.Tags = tags
		certificates, err := NewCertificates(ctx, "p", args, opts)
		if err != nil {
			return err
		}
		for i, source := range args.Sources {
			certificate, err := certificates.Of(source)
			if err != nil {
				return err
			}
			ctx.Export(certificate.Name, certificate.ARN.ToStringOutput().ApplyT(func(arn string) string { arns[i] = arn; return arn }))
		}
		_, err = certificates.Of(CertificateRequest{LoadBalancer: "3", Names: []string{"*.a.example.com"}})
		if err == nil {
			return errors.New("a certificate was found that is none of the sources")
		}
		return nil
	}
}

// publicZoneNamed answers for public zones of these names.
func publicZoneNamed(names ...string) map[string]func(map[string]any) (map[string]any, error) {
	return map[string]func(map[string]any) (map[string]any, error){
		"aws:route53/getZone:getZone": func(a map[string]any) (map[string]any, error) {
			for _, name := range names {
				if a["name"] == name && a["privateZone"] == false {
					return map[string]any{"zoneId": "Z-" + name}, nil
				}
			}
			return nil, errors.New("no matching Route 53 Hosted Zone found")
		},
	}
}

// TestCertificatesOfOneNameShareTheirValidationRecord: two load balancers have a
// certificate of the same name each, and an imported one of that name is another.
func TestCertificatesOfOneNameShareTheirValidationRecord(t *testing.T) {
	arns := make([]string, 3)
	m := (&monitor{answers: publicZoneNamed("example.com", "c.b.example.com")}).deploy(t, certificatesProgram(&CertificatesArgs{Sources: []CertificateSource{
		CertificateRequest{Names: []string{"*.a.example.com", "a.example.com", "*.c.b.example.com"}},
		ImportedCertificate{Names: []string{"*.a.example.com"}, KeyAlgorithm: "RSA", Certificate: "pem", PrivateKey: "key", Chain: "chain"},
		CertificateRequest{LoadBalancer: "2", Names: []string{"*.a.example.com"}},
	}}, arns))
	require.Equal(t, []string{"p-2-_wildcard.a.example.com", "p-_wildcard.a.example.com", "p-imported-_wildcard.a.example.com-rsa"}, m.names(certificateToken))
	require.Equal(t, []string{
		arnOf(certificateToken, "p-_wildcard.a.example.com") + "?issued",
		arnOf(certificateToken, "p-imported-_wildcard.a.example.com-rsa"),
		arnOf(certificateToken, "p-2-_wildcard.a.example.com") + "?issued",
	}, arns, "an issued one may be used when it is validated")

	require.Equal(t, []string{"p-validation-a.example.com", "p-validation-c.b.example.com"}, m.names(recordToken))
	record := m.named(t, recordToken, "p-validation-a.example.com").Inputs
	require.Equal(t, []any{"Z-example.com", "_validate.a.example.com.", "CNAME", []any{"_answer.a.example.com.acm-validations.aws."}, false},
		[]any{record["zoneId"], record["name"], record["type"], record["records"], record["allowOverwrite"]})
	require.Equal(t, "Z-c.b.example.com", m.named(t, recordToken, "p-validation-c.b.example.com").Inputs["zoneId"], "the nearest public zone")
	require.Equal(t, []any{"_validate.a.example.com.", "_validate.c.b.example.com."},
		m.named(t, validationToken, "p-_wildcard.a.example.com").Inputs["validationRecordFqdns"])
	require.Equal(t, []any{"_validate.a.example.com."}, m.named(t, validationToken, "p-2-_wildcard.a.example.com").Inputs["validationRecordFqdns"])

	imported := m.named(t, certificateToken, "p-imported-_wildcard.a.example.com-rsa").Inputs
	require.Equal(t, []any{"pem", "chain"}, []any{imported["certificateBody"], imported["certificateChain"]})
	require.NotContains(t, imported, "validationMethod")
}

func TestSharedValidationRecordsStayForOtherStacks(t *testing.T) {
	args := &CertificatesArgs{SharedValidationRecords: true, Sources: []CertificateSource{CertificateRequest{
		Names: []string{"a.example.com"}, PublicZones: map[string]string{"a.example.com": "example.com"},
	}}}
	m := (&monitor{answers: publicZoneNamed("example.com", "a.example.com")}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		elsewhere, err := aws.NewProvider(ctx, "elsewhere", &aws.ProviderArgs{})
		if err != nil {
			return err
		}
		args.PublicZones = NewPublicZones(ctx, &PublicZonesArgs{Provider: elsewhere, ZoneProviders: map[string]pulumi.ProviderResource{"example.com": elsewhere}})
		return certificatesProgram(args, make([]string, 1))(ctx, opts)
	})
	record := m.only(t, recordToken)
	require.Equal(t, []any{"Z-example.com", true}, []any{record.Inputs["zoneId"], record.Inputs["allowOverwrite"]}, "the zone that is named for it")
	require.True(t, record.RetainOnDelete)
	require.Contains(t, record.Provider, "::elsewhere::")
}

func TestIssuanceByEmailAndPrivateCA(t *testing.T) {
	request := CertificateRequest{Names: []string{"a.example.com", "b.example.net", "c.example.org"}, PublicZones: map[string]string{"c.example.org": "example.org"}}
	m := (&monitor{}).deploy(t, certificatesProgram(&CertificatesArgs{
		Issuance: IssuedByEmail, ValidationDomain: "example.com", Sources: []CertificateSource{request},
	}, make([]string, 1)))
	certificate := m.only(t, certificateToken).Inputs
	require.Equal(t, []any{"EMAIL", []any{
		map[string]any{"domainName": "a.example.com", "validationDomain": "example.com"},
		map[string]any{"domainName": "c.example.org", "validationDomain": "example.org"},
	}}, []any{certificate["validationMethod"], certificate["validationOptions"]})
	require.Len(t, m.of(validationToken), 1)
	require.Empty(t, m.of(recordToken))

	m = (&monitor{}).deploy(t, certificatesProgram(&CertificatesArgs{
		Issuance: IssuedByPrivateCA, CertificateAuthorityARN: "arn:ca", Sources: []CertificateSource{request},
	}, make([]string, 1)))
	require.Equal(t, "arn:ca", m.only(t, certificateToken).Inputs["certificateAuthorityArn"])
	require.Empty(t, m.of(validationToken), "nothing is validated")
}

func TestANameWithoutAPublicZoneIsATypedError(t *testing.T) {
	fail := func(zones map[string]string, change func(*pulumi.Context, *CertificatesArgs) error) *PublicZoneError {
		err := (&monitor{answers: publicZoneNamed()}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
			args := &CertificatesArgs{Sources: []CertificateSource{CertificateRequest{Names: []string{"*.a.example.com"}, PublicZones: zones}}}
			if change != nil {
				if err := change(ctx, args); err != nil {
					return err
				}
			}
			return certificatesProgram(args, make([]string, 1))(ctx, opts)
		})
		var zone *PublicZoneError
		require.ErrorAs(t, err, &zone)
		return zone
	}
	require.Equal(t, &PublicZoneError{ValidatedName: "a.example.com"}, fail(nil, nil))
	named := map[string]string{"*.a.example.com": "example.com"}
	require.Equal(t, &PublicZoneError{Name: "example.com", ValidatedName: "a.example.com"}, fail(named, nil))
	require.Equal(t, &PublicZoneError{Name: "example.com", Elsewhere: true}, fail(named, func(ctx *pulumi.Context, args *CertificatesArgs) error {
		elsewhere, err := aws.NewProvider(ctx, "elsewhere", &aws.ProviderArgs{})
		args.PublicZones = NewPublicZones(ctx, &PublicZonesArgs{Provider: elsewhere, ZoneProviders: map[string]pulumi.ProviderResource{"example.com": elsewhere}})
		return err
	}))
	for _, message := range []string{
		(&PublicZoneError{ValidatedName: "a.example.com"}).Error(),
		(&PublicZoneError{Name: "example.com", ValidatedName: "a.example.com"}).Error(),
		(&PublicZoneError{Name: "example.com", Elsewhere: true}).Error(),
	} {
		require.Regexp(t, `^find (the )?public hosted zone .*example\.com.*: .* name the account that has it$`, message)
	}
}

func TestExistingCertificatesAreExamined(t *testing.T) {
	const arn = "arn:aws:acm:us-east-1:111111111111:certificate/0a1b"
	existing := func(status, notAfter string, names ...any) (*monitor, error) {
		m := &monitor{states: map[string]map[string]any{arn: {
			"status": status, "domainName": "example.com", "subjectAlternativeNames": names, "notAfter": notAfter,
		}}}
		arns := make([]string, 1)
		err := m.run(certificatesProgram(&CertificatesArgs{Sources: []CertificateSource{
			ExistingCertificate{ARN: arn, Names: []string{"a.example.com", "*.b.example.com"}},
		}}, arns))
		if err == nil {
			require.Equal(t, []string{arn}, arns)
		}
		return m, err
	}
	later, earlier := time.Now().Add(time.Hour).Format(time.RFC3339), time.Now().Add(-time.Hour).Format(time.RFC3339)
	m, err := existing("ISSUED", later, "*.example.com", "*.b.example.com")
	require.NoError(t, err)
	require.True(t, m.only(t, certificateToken).Read)
	for _, c := range []struct {
		status, notAfter string
		names            []any
		says             string
	}{
		{"EXPIRED", earlier, []any{"*.example.com", "*.b.example.com"}, "it is EXPIRED, not ISSUED: name one that is"},
		{"ISSUED", earlier, []any{"*.example.com", "*.b.example.com"}, "it expired on "},
		{"ISSUED", later, []any{"*.example.com"}, "for *.b.example.com: its names are *.example.com, example.com: correct the names"},
		{"ISSUED", later, []any{"*.b.example.com"}, "for a.example.com: its names are"},
	} {
		_, err := existing(c.status, c.notAfter, c.names...)
		requireExisting(t, err, "certificate", arn)
		require.ErrorContains(t, err, c.says)
	}
}

func TestCertificatesSayEachArgumentThatTheyLack(t *testing.T) {
	m := &monitor{}
	err := m.run(certificatesProgram(&CertificatesArgs{
		Issuance: Imported,
		Sources:  []CertificateSource{nil, CertificateRequest{}, ImportedCertificate{}, ExistingCertificate{}},
	}, nil))
	requireArguments(t, m, err, "Sources[0]", "Sources[1]", "Sources[2]", "Sources[3]", "Issuance")
	m = &monitor{}
	requireArguments(t, m, m.run(certificatesProgram(&CertificatesArgs{Issuance: IssuedByPrivateCA}, nil)), "CertificateAuthorityARN")
}

// TestTheWaitForACertificateIsReportedWhileItLasts holds ACM's answer back until two
// reports have come. A preview waits for nothing.
func TestTheWaitForACertificateIsReportedWhileItLasts(t *testing.T) {
	answers := publicZoneNamed("example.com")
	find := answers["aws:route53/getZone:getZone"]
	answers["aws:route53/getZone:getZone"] = func(a map[string]any) (map[string]any, error) {
		found, err := find(a)
		if err == nil {
			found["nameServers"] = []any{"ns-1.example.net", "ns-2.example.net"}
		}
		return found, err
	}
	issued := make(chan struct{})
	var waits []CertificateWait
	m := &monitor{answers: answers, hold: map[string]chan struct{}{validationToken: issued}}
	args := &CertificatesArgs{
		Sources: []CertificateSource{CertificateRequest{Names: []string{"*.a.example.com", "a.example.com"}}}, WaitReported: time.Millisecond,
		OnWait: func(w CertificateWait) error {
			if waits = append(waits, w); len(waits) == 2 {
				close(issued)
				return errors.New("that is enough")
			}
			return nil
		},
	}
	m.deploy(t, certificatesProgram(args, make([]string, 1)))
	require.Equal(t, []ValidatingZone{{Name: "example.com", ID: "Z-example.com", NameServers: []string{"ns-1.example.net", "ns-2.example.net"}, Names: []string{"a.example.com"}}}, waits[1].Zones)
	require.Less(t, waits[0].Elapsed, waits[1].Elapsed)
	waits[1].Since, waits[1].Elapsed = time.Date(2026, 11, 28, 4, 5, 0, 0, time.UTC), 3*time.Minute
	require.Equal(t, "waiting since 04:05 UTC (3m0s) for ACM to issue the certificate of *.a.example.com, which takes a few minutes: "+
		"`dig NS example.com` has to answer ns-1.example.net, ns-2.example.net, the name servers of public zone example.com (Z-example.com), which validates a.example.com"+
		": else correct the delegation, or name the zone that answers by ROUTE53_PUBLIC_DOMAIN of the rows", waits[1].String())
}
