package awssim

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
)

// certificateNamesQuota limits the names of one certificate, wildcards
// included. AWS raises it to 100 on request.
const certificateNamesQuota = "Domain names per ACM certificate"

// acmService is certificates; what makes them issued is in issuance.go.
func acmService() service {
	return service{types: []*typeSpec{certificateSpec(), certificateValidationSpec()}, quotas: []string{certificateNamesQuota}}
}

var certificateName = []rule{
	length(1, 253),
	pattern(`(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}`, "a domain name, of which only the whole first label may be *"),
}

func certificateSpec() *typeSpec {
	return &typeSpec{
		token: certificateType, title: "ACM Certificate", args: acm.CertificateArgs{}, state: acm.Certificate{},
		id: "{arn}", identify: identifyCertificate,
		immutable: []string{"certificateAuthorityArn", "domainName", "keyAlgorithm", "subjectAlternativeNames", "validationMethod", "validationOptions"},
		sets:      []string{"subjectAlternativeNames"},
		rules: map[string][]rule{
			"domainName":                append(certificateName, length(1, 64)), // the common name's limit in X.509
			"subjectAlternativeNames[]": certificateName,
			"validationMethod":          {oneOf("DNS", "EMAIL")},
			"keyAlgorithm":              {oneOf("RSA_2048", "EC_prime256v1", "EC_secp384r1")}, // what ACM issues
			"certificateAuthorityArn":   {arnOf("acm-pca")},
			"options.certificateTransparencyLoggingPreference": {oneOf("ENABLED", "DISABLED")},
		},
		check:  certificateKind,
		quota:  quota{name: "ACM certificates", limit: 2500, code: "LimitExceededException"},
		create: []string{"acm:RequestCertificate", "acm:DescribeCertificate", "acm:AddTagsToCertificate"},
		createAs: func(inputs Object) []string {
			if inputs.Has("certificateBody") {
				return []string{"acm:ImportCertificate", "acm:DescribeCertificate", "acm:AddTagsToCertificate"}
			}
			return nil
		},
		read:     []string{"acm:DescribeCertificate", "acm:ListTagsForCertificate"},
		update:   []string{"acm:UpdateCertificateOptions", "acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"},
		delete:   []string{"acm:DeleteCertificate"},
		onCreate: createCertificate, onUpdate: reimportCertificate,
	}
}

// certificateKind is the provider's rule that a certificate is imported, or
// issued by a private authority, or issued by Amazon after validation.
func certificateKind(inputs Object) []problem {
	var problems []problem
	exclude := func(property string, others ...string) {
		for _, other := range others {
			if inputs.Has(property) && inputs.Has(other) {
				problems = append(problems, problem{property, "conflicts with " + other})
			}
		}
	}
	exclude("certificateBody", "certificateAuthorityArn", "domainName", "subjectAlternativeNames", "validationMethod", "validationOptions")
	exclude("certificateAuthorityArn", "validationMethod", "validationOptions")
	if inputs.Has("certificateBody") != inputs.Has("privateKey") {
		problems = append(problems, problem{"privateKey", "is required with certificateBody, and has no meaning without"})
	}
	if inputs.Has("certificateBody") {
		return problems
	}
	if !inputs.Has("domainName") {
		problems = append(problems, problem{"domainName", "one of certificateAuthorityArn, certificateBody, domainName with validationMethod must be specified"})
	}
	if !inputs.Has("certificateAuthorityArn") && !inputs.Has("validationMethod") {
		problems = append(problems, problem{"validationMethod", "is required for a certificate that Amazon issues"})
	}
	return problems
}

// identifyCertificate makes the ARN, whose last part has a UUID's form; what
// stood before Portico has its own.
func identifyCertificate(c *call) {
	if c.id != "" {
		c.arn = c.id
		return
	}
	h := c.hash(32)
	c.arn = c.fill("arn:{partition}:acm:{region}:{account}:certificate/") +
		strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func createCertificate(c *call) error {
	switch {
	case c.inputs.Has("certificateBody"):
		return importCertificate(c)
	case c.inputs.Has("certificateAuthorityArn"):
		return requestPrivateCertificate(c)
	}
	return requestCertificate(c)
}

// requestCertificate asks Amazon for a certificate, which waits to be validated.
func requestCertificate(c *call) error {
	names, err := c.requestedNames()
	if err != nil {
		return err
	}
	byDNS := c.inputs.Text("validationMethod") == "DNS"
	options, mailboxes := []any{}, []any{}
	for _, name := range names {
		option := map[string]any{"domainName": name}
		if byDNS {
			record := c.validationRecord(name)
			option["resourceRecordName"], option["resourceRecordType"], option["resourceRecordValue"] = record.name+".", "CNAME", record.value+"."
		} else {
			domain, err := c.validationDomain(c.inputs, name)
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
	c.describeCertificate(Object{
		"domainValidationOptions": options, "status": "PENDING_VALIDATION", "type": "AMAZON_ISSUED", "keyAlgorithm": "RSA_2048",
		"subjectAlternativeNames": list(names...), "validationEmails": mailboxes, "notBefore": "", "notAfter": "",
	})
	if byDNS && c.validated(names, nil) {
		c.outputs["status"] = "ISSUED"
	}
	return nil
}

// requestedNames is the names of a request, held to the quota.
func (c *call) requestedNames() ([]string, error) {
	names := c.certificateNames(c.inputs)
	if limit := c.limit(certificateNamesQuota, 10); len(names) > limit {
		return nil, c.refuse("LimitExceededException", "Too many domain names requested: %d; the quota is %d a certificate", len(names), limit)
	}
	return names, nil
}

// describeCertificate fills in what the program doesn't say of a certificate:
// what is known of this one, and what every one shows.
func (c *call) describeCertificate(known Object) {
	for _, values := range []Object{known, {
		"renewalEligibility": "INELIGIBLE", "pendingRenewal": false, "renewalSummaries": []any{}, "validationEmails": list(),
		"domainValidationOptions": []any{}, "validationMethod": "NONE",
		"options": map[string]any{"certificateTransparencyLoggingPreference": "ENABLED"},
	}} {
		for name, value := range values {
			if c.outputs[name] == nil {
				c.outputs[name] = value
			}
		}
	}
}

func certificateValidationSpec() *typeSpec {
	return &typeSpec{
		token: certificateValidationType, title: "ACM Certificate Validation", args: acm.CertificateValidationArgs{}, state: acm.CertificateValidation{},
		id:        "validated-{hash}",
		immutable: []string{"certificateArn", "validationRecordFqdns"},
		sets:      []string{"validationRecordFqdns"},
		rules:     map[string][]rule{"certificateArn": {arnOf("acm")}},
		refs:      []ref{{at: "certificateArn", to: certificateType, key: "arn", code: "ResourceNotFoundException", holds: ignored}},
		create:    []string{"acm:DescribeCertificate"},
		read:      []string{"acm:DescribeCertificate"},
		onCreate:  awaitIssuance,
	}
}

// awaitIssuance fails at once where the real provider gives up after 75
// minutes.
func awaitIssuance(c *call) error {
	certificate := c.findBy(certificateType, "arn", c.inputs.Text("certificateArn")).Properties
	if kind := certificate.Text("type"); kind != "AMAZON_ISSUED" {
		return c.fail("ACM Certificate (%s) has type %s, no validation necessary", certificate.Text("arn"), kind)
	}
	if c.issueApproved(certificate.Text("arn")) {
		return nil
	}
	if missing := c.missingFQDNs(certificate); missing != "" {
		return c.fail("missing %s DNS validation record: validationRecordFqdns doesn't name it", missing)
	}
	if certificate.Text("status") == "ISSUED" {
		return nil
	}
	return c.fail("waiting for ACM Certificate (%s) to be issued: timeout while waiting for state to become 'ISSUED' (last state: '%s', timeout: 1h15m0s): %w",
		certificate.Text("arn"), certificate.Text("status"), c.whyPending(certificate))
}

// missingFQDNs is a validation record that the program should have listed and
// did not, or "".
func (c *call) missingFQDNs(certificate Object) string {
	if c.inputs["validationRecordFqdns"] == nil {
		return ""
	}
	given := map[string]bool{}
	for _, name := range c.inputs.Texts("validationRecordFqdns") {
		given[canonicalName(name)] = true
	}
	for _, option := range certificate.Objects("domainValidationOptions") {
		if name := option.Text("resourceRecordName"); !given[canonicalName(name)] {
			return name
		}
	}
	return ""
}
