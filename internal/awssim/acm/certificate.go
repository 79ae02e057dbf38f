package acm

import (
	"cmp"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// certificateNamesQuota limits the names of one certificate, wildcards
// included. AWS raises it to 100 on request.
const certificateNamesQuota = "Domain names per ACM certificate"

// Service is certificates; what makes them issued is in issuance.go.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Types: []*engine.Type{certificateSpec(), certificateValidationSpec()}, Quotas: []string{certificateNamesQuota}}
}

var certificateName = engine.Values{
	engine.Length(1, 253),
	engine.Pattern(`(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}`, "a domain name, of which only the whole first label may be *"),
}

func certificateSpec() *engine.Type {
	return &engine.Type{
		Token: view.CertificateType, Title: "ACM Certificate", Args: acm.CertificateArgs{}, State: acm.Certificate{},
		ID: "{arn}", ARN: "arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
		// A certificate is imported, or issued by a private authority, or issued by
		// Amazon after validation.
		Properties: engine.Properties{
			"certificateAuthorityArn": {engine.ForceNew, engine.ConflictsWith("validationMethod", "validationOptions"), engine.ARNOf("acm-pca")},
			"certificateBody":         {engine.ConflictsWith("certificateAuthorityArn", "domainName", "subjectAlternativeNames", "validationMethod", "validationOptions")},
			"domainName":              {engine.ForceNew, engine.RequiredWhen(engine.Not(imported)), certificateName, engine.Length(1, 64)}, // the common name's limit in X.509
			"keyAlgorithm":            {engine.ForceNew, engine.OneOf("RSA_2048", "EC_prime256v1", "EC_secp384r1")},                        // what ACM issues
			"options.certificateTransparencyLoggingPreference": {engine.OneOf("ENABLED", "DISABLED")},
			"privateKey":                           {engine.RequiredWhen(imported), engine.OnlyWhen(imported, "certificates that are imported")},
			"subjectAlternativeNames":              {engine.ForceNew, engine.Set, engine.Kept},
			"subjectAlternativeNames[]":            {certificateName},
			"validationMethod":                     {engine.ForceNew, engine.RequiredWhen(engine.Both(engine.Not(imported), engine.Not(engine.Given("certificateAuthorityArn")))), engine.OneOf("DNS", "EMAIL")},
			"validationOptions":                    {engine.ForceNew},
			"validationOptions[].domainName":       {certificateName},
			"validationOptions[].validationDomain": {certificateName},
		},
		Quota:  engine.Quota{Name: "ACM certificates", Limit: 2500, Code: "LimitExceededException"},
		Create: []string{"acm:RequestCertificate", "acm:DescribeCertificate", "acm:AddTagsToCertificate"},
		CreateAs: func(inputs engine.Object) []string {
			if inputs.Has("certificateBody") {
				return []string{"acm:ImportCertificate", "acm:DescribeCertificate", "acm:AddTagsToCertificate"}
			}
			return nil
		},
		Read:   []string{"acm:DescribeCertificate", "acm:ListTagsForCertificate"},
		Update: []string{"acm:UpdateCertificateOptions", "acm:ImportCertificate", "acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"},
		When: map[string][]string{
			"acm:ImportCertificate":        {"certificateBody", "certificateChain", "privateKey"},
			"acm:UpdateCertificateOptions": {"options"},
		},
		Delete:   []string{"acm:DeleteCertificate"},
		OnCreate: createCertificate, OnUpdate: reimportCertificate, OnDelete: awaitRelease,
	}
}

// imported is when the program has the certificate already.
var imported = engine.Given("certificateBody")

func createCertificate(op *engine.Op) error {
	switch {
	case op.Inputs.Has("certificateBody"):
		return importCertificate(op)
	case op.Inputs.Has("certificateAuthorityArn"):
		return requestPrivateCertificate(op)
	}
	return requestCertificate(op)
}

// requestCertificate asks Amazon for a certificate, which waits to be validated.
func requestCertificate(op *engine.Op) error {
	names, err := requestedNames(op)
	if err != nil {
		return err
	}
	byDNS := op.Inputs.Text("validationMethod") == "DNS"
	options, mailboxes := []any{}, []any{}
	for _, name := range names {
		option := map[string]any{"domainName": name}
		if byDNS {
			record := issuance.ValidationRecord(op, name)
			option["resourceRecordName"], option["resourceRecordType"], option["resourceRecordValue"] = record.Name+".", "CNAME", record.Value+"."
		} else {
			domain, err := validationDomain(op, op.Inputs, name)
			if err != nil {
				return err
			}
			for _, mailbox := range []string{"admin", "administrator", "hostmaster", "postmaster", "webmaster"} {
				mailboxes = append(mailboxes, mailbox+"@"+domain)
			}
			continue // options are of records
		}
		options = append(options, option)
	}
	slices.SortFunc(options, func(a, b any) int { return cmp.Compare(placeOfOption(op, a), placeOfOption(op, b)) })
	describeCertificate(op, engine.Object{
		"domainValidationOptions": options, "status": "PENDING_VALIDATION", "type": "AMAZON_ISSUED", "keyAlgorithm": "RSA_2048",
		"subjectAlternativeNames": engine.List(names...), "validationEmails": mailboxes, "notBefore": "", "notAfter": "",
	})
	if byDNS && issuance.Validated(op, names, nil) {
		op.Outputs["status"] = issuance.StatusOfValidated(op, names)
	}
	return nil
}

// placeOfOption sorts validation options, which the provider has as a set, in an
// order of their own.
func placeOfOption(op *engine.Op, option any) string {
	return engine.Characters(engine.HexDigits, op.ARN+engine.AsObject(option).Text("domainName"), 16)
}

// requestedNames is the names of a request, held to the quota.
func requestedNames(op *engine.Op) ([]string, error) {
	names := issuance.CertificateNames(op, op.Inputs)
	if limit := op.Limit(certificateNamesQuota, 10); len(names) > limit {
		return nil, op.Refuse("LimitExceededException", "Too many domain names requested: %d; the quota is %d a certificate", len(names), limit)
	}
	return names, nil
}

// describeCertificate fills in what the program doesn't say of a certificate:
// what is known of this one, and what every one shows.
func describeCertificate(op *engine.Op, known engine.Object) {
	for _, values := range []engine.Object{known, {
		"renewalEligibility": "INELIGIBLE", "pendingRenewal": false, "renewalSummaries": []any{}, "validationEmails": engine.List(),
		"domainValidationOptions": []any{}, "validationMethod": "NONE",
		"options": map[string]any{"certificateTransparencyLoggingPreference": "ENABLED"},
	}} {
		for name, value := range values {
			if op.Outputs[name] == nil {
				op.Outputs[name] = value
			}
		}
	}
}

func certificateValidationSpec() *engine.Type {
	return &engine.Type{
		Token: view.CertificateValidationType, Title: "ACM Certificate Validation", Args: acm.CertificateValidationArgs{}, State: acm.CertificateValidation{},
		ID: "validated-{hex16}",
		Properties: engine.Properties{
			"certificateArn":        {engine.ForceNew, engine.ARNOf("acm"), engine.Refers{To: view.CertificateType, Key: "arn", Code: "ResourceNotFoundException", Holds: engine.Ignored}},
			"validationRecordFqdns": {engine.ForceNew, engine.Set},
		},

		Create:   []string{"acm:DescribeCertificate"},
		Read:     []string{"acm:DescribeCertificate"},
		OnCreate: awaitIssuance,
	}
}

// awaitIssuance fails at once where the real provider gives up after 75
// minutes.
func awaitIssuance(op *engine.Op) error {
	certificate := op.Ref("certificateArn").Properties
	if kind := certificate.Text("type"); kind != "AMAZON_ISSUED" {
		return op.Fail("ACM Certificate (%s) has type %s, no validation necessary", certificate.Text("arn"), kind)
	}
	if issueApproved(op, certificate.Text("arn")) {
		return nil
	}
	if missing := missingFQDNs(op, certificate); missing != "" {
		return op.Fail("missing %s DNS validation record: validationRecordFqdns doesn't name it", missing)
	}
	if certificate.Text("status") == "ISSUED" {
		return nil
	}
	if certificate.Text("status") == "FAILED" {
		// waitCertificateIssued of
		// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/acm/certificate_validation.go
		return op.Fail("waiting for ACM Certificate (%s) to be issued: unexpected state 'FAILED', wanted target 'ISSUED'. last error: CAA_ERROR", certificate.Text("arn"))
	}
	return op.Fail("waiting for ACM Certificate (%s) to be issued: timeout while waiting for state to become 'ISSUED' (last state: '%s', timeout: 1h15m0s): %w",
		certificate.Text("arn"), certificate.Text("status"), whyPending(op, certificate))
}

// missingFQDNs is a validation record that the program should have listed and
// did not, or "".
func missingFQDNs(op *engine.Op, certificate engine.Object) string {
	if op.Inputs["validationRecordFqdns"] == nil {
		return ""
	}
	given := map[string]bool{}
	for _, name := range op.Inputs.Texts("validationRecordFqdns") {
		given[view.CanonicalName(name)] = true
	}
	for _, option := range certificate.Objects("domainValidationOptions") {
		if name := option.Text("resourceRecordName"); !given[view.CanonicalName(name)] {
			return name
		}
	}
	return ""
}

// releaseAwaited is how long the provider tries to delete a certificate that ACM
// counts as in use: certificateCrossServicePropagationTimeout of
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/acm/certificate.go
const releaseAwaited = 20 * time.Minute

// awaitRelease deletes a certificate that no resource uses any more. ACM counts it
// as in use for a while, and the provider tries again and again.
func awaitRelease(op *engine.Op) error {
	left := engine.Stamped(op.Before.Hidden, view.InUseUntil).Sub(op.Now())
	if left <= releaseAwaited {
		op.Pass(max(left, 0))
		return nil
	}
	if err := op.PassInVain(releaseAwaited); err != nil {
		return err
	}
	return op.Refuse("ResourceInUseException", "Certificate %s in account %s is in use.", op.ARN, op.Account)
}
