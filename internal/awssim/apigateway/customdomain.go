package apigateway

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/publicuse"
	"github.com/portico-iac/portico/internal/awssim/route53"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Custom domain names of API Gateway: REGIONAL ones, which are public, and
// PRIVATE ones. What follows "documented" in this file and its neighbours is in
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html
// or https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html;
// what follows "assumption" no page of AWS says.

// Quotas of custom domain names in an account and region.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const (
	publicDomainsQuota  = "Public custom domain names per account per Region"
	privateDomainsQuota = "Private custom domain names per account per Region"
)

// provisioning is how long a PRIVATE domain, another certificate for one, or an
// access association takes to come into effect (documented: about 15 minutes).
const provisioning = 15 * time.Minute

// CustomDomainService is API Gateway's custom domain names.
func CustomDomainService() engine.Service {
	return engine.Service{Types: []*engine.Type{domainNameSpec(), basePathMappingSpec(), accessAssociationSpec()}, Quotas: []string{publicDomainsQuota, privateDomainsQuota}}
}

func domainNameSpec() *engine.Type {
	return &engine.Type{
		Token: view.DomainNameType, Title: "API Gateway Domain Name", Args: apigateway.DomainNameArgs{}, State: apigateway.DomainName{},
		Identify: identifyDomain,
		Properties: engine.Properties{
			"certificateArn":                      {engine.ConflictsWith("regionalCertificateArn"), engine.ARNOf("acm"), engine.Refers{To: view.CertificateType, Key: "arn", Code: "BadRequestException"}},
			"certificateBody":                     {notSimulated},
			"certificateName":                     {notSimulated},
			"certificateUploadDate":               {engine.Otherwise("{now}")},
			"cloudfrontDomainName":                {engine.Otherwise("")},
			"cloudfrontZoneId":                    {engine.Otherwise("Z2FDTNDATAQYW2")}, // the provider shows it always
			"domainName":                          {engine.ForceNew, engine.Length(1, 253), engine.Value(route53.DNSName)},
			"endpointConfiguration":               {engine.Required},
			"endpointConfiguration.ipAddressType": {engine.OneOf("ipv4", "dualstack"), engine.OtherwiseWhen(private, "dualstack"), engine.Otherwise("ipv4")},
			"endpointConfiguration.types":         {engine.OneOf(view.RegionalDomain, view.PrivateDomain)},
			"mutualTlsAuthentication":             {notSimulated},
			"ownershipVerificationCertificateArn": {engine.Otherwise("")},
			"policy":                              {engine.JSON},
			"regionalCertificateArn":              {engine.ARNOf("acm"), engine.Refers{To: view.CertificateType, Key: "arn", Code: "BadRequestException"}},
			"regionalCertificateName":             {notSimulated},
			"securityPolicy":                      {engine.OneOf("TLS_1_0", "TLS_1_2"), engine.Otherwise("TLS_1_2")},
		},

		Refusals: domainRefusals,
		Create:   []string{"apigateway:POST", "apigateway:GET", "apigateway:PUT tags"},
		CreateAs: func(inputs engine.Object) []string {
			if inputs.Has("policy") {
				return []string{"apigateway:POST", "apigateway:GET", "apigateway:PUT tags", "apigateway:UpdateDomainNamePolicy collection", "apigateway:UpdateDomainNamePolicy"}
			}
			return nil
		},
		Read:     []string{"apigateway:GET"},
		Update:   []string{"apigateway:PATCH", "apigateway:GET", "apigateway:UpdateDomainNamePolicy", "apigateway:PUT tags", "apigateway:DELETE tags"},
		When:     map[string][]string{"apigateway:UpdateDomainNamePolicy": {"policy"}},
		Delete:   []string{"apigateway:DELETE"},
		OnCreate: createDomain, OnUpdate: updateDomain, OnDelete: deleteDomain,
		Conflict: "ConflictException",

		ServiceLinkedRole: "ops.apigateway.amazonaws.com", // https://docs.aws.amazon.com/apigateway/latest/developerguide/using-service-linked-roles.html
	}
}

// private is when a domain is a PRIVATE one, with a certificate of its own kind.
var private = engine.In("endpointConfiguration", engine.Is("types", view.PrivateDomain))

var notSimulated = engine.Never(func(any) bool { return true }, "is not simulated")

// domainRefusals hold a domain to what its type takes.
var domainRefusals = []engine.Refusal{
	refusedDomain(engine.Both(private, engine.Given("regionalCertificateArn")), "Cannot specify a regional certificate for a private custom domain name: PRIVATE domains take certificateArn"),
	refusedDomain(engine.Both(engine.Not(private), engine.Given("certificateArn")), "Cannot specify an edge certificate for a regional custom domain name: REGIONAL domains take regionalCertificateArn"),
	refusedDomain(engine.Both(private, engine.Not(engine.Given("certificateArn"))), "A PRIVATE custom domain name needs a certificate (property certificateArn)"),
	refusedDomain(engine.Both(engine.Not(private), engine.Not(engine.Given("regionalCertificateArn"))), "A REGIONAL custom domain name needs a certificate (property regionalCertificateArn)"),
	refusedDomain(engine.Both(private, engine.Begins("domainName", "*")), "Wildcard custom domain names are not supported for private custom domain names: {domainName}"),
	refusedDomain(engine.Both(private, engine.Is("securityPolicy", "TLS_1_0")), "Private custom domain names have the security policy TLS_1_2"),
	refusedDomain(engine.Both(private, engine.In("endpointConfiguration", engine.Is("ipAddressType", "ipv4"))), "Only the IP address type dualstack is supported for private custom domain names"),
	refusedDomain(engine.Both(engine.Not(private), engine.Given("policy")), "A policy is supported for private custom domain names only"),
}

func refusedDomain(when engine.Condition, message string) engine.Refusal {
	return engine.Refusal{When: when, Code: "BadRequestException", Message: message}
}

// identifyDomain makes the ID as the provider forms it, NAME or for PRIVATE
// domains NAME/DOMAIN-NAME-ID, and the ARN, which has an account for PRIVATE
// domains only.
func identifyDomain(op *engine.Op) {
	name := op.Inputs.Text("domainName")
	path := fmt.Sprintf("/domainnames/%s", name)
	if view.DomainKind(op.Inputs) != view.PrivateDomain {
		op.ID, op.ARN = name, fmt.Sprintf("arn:%s:apigateway:%s::%s", op.Partition(), op.Region, path)
		return
	}
	_, id, chosen := strings.Cut(op.ID, "/")
	if !chosen {
		id = op.Own(engine.Alphanumeric, "", 10)
	}
	op.Outputs["domainNameId"] = id
	op.ID = name + "/" + id
	op.ARN = fmt.Sprintf("arn:%s:apigateway:%s:%s:%s+%s", op.Partition(), op.Region, op.Account, path, id)
}

func createDomain(op *engine.Op) error {
	if err := checkDomainCertificate(op); err != nil {
		return err
	}
	if err := checkDomainQuota(op); err != nil {
		return err
	}
	if view.DomainKind(op.Inputs) == view.PrivateDomain {
		return createPrivateDomain(op)
	}
	return createRegionalDomain(op)
}

func createRegionalDomain(op *engine.Op) error {
	if err := checkPublicName(op); err != nil {
		return err
	}
	op.Outputs["domainNameId"] = ""
	op.Outputs["regionalDomainName"] = fmt.Sprintf("d-%s.execute-api.%s.%s", op.PartOf(engine.Alphanumeric, 10), op.Region, op.DNSSuffix())
	op.Outputs["regionalZoneId"] = op.HostedZoneOf("regional domains")
	return publicuse.CheckPublicUse(op, op.Staged())
}

// createPrivateDomain leaves a domain that is provisioned later: the provider
// doesn't wait for it.
func createPrivateDomain(op *engine.Op) error {
	op.Outputs["regionalDomainName"], op.Outputs["regionalZoneId"] = "", ""
	op.Hidden["availableAt"] = engine.Stamp(op.Now().Add(provisioning))
	return saveDomainPolicy(op)
}

func updateDomain(op *engine.Op) error {
	if before, after := view.DomainKind(op.Before.Properties), view.DomainKind(op.Inputs); before != after {
		return op.Refuse("BadRequestException", "Cannot migrate the custom domain name %s from %s to %s: public and private custom domain names don't become each other",
			op.Inputs.Text("domainName"), before, after)
	}
	if err := checkDomainCertificate(op); err != nil {
		return err
	}
	if view.DomainKind(op.Inputs) != view.PrivateDomain {
		if op.Before.Properties.Text("regionalCertificateArn") != op.Inputs.Text("regionalCertificateArn") {
			releaseCertificate(op, op.Before.Properties)
		}
		return nil
	}
	if op.Before.Properties.Text("certificateArn") != op.Inputs.Text("certificateArn") {
		// The provider waits for updates. The domain answers meanwhile (documented).
		op.Pass(provisioning)
		releaseCertificate(op, op.Before.Properties)
	}
	return saveDomainPolicy(op)
}

// checkDomainCertificate holds the certificate of a domain to be issued and to
// cover the name. Kinds of keys are documented for PRIVATE domains only.
func checkDomainCertificate(op *engine.Op) error {
	isPrivate, name := view.DomainKind(op.Inputs) == view.PrivateDomain, op.Inputs.Text("domainName")
	arn := cmp.Or(op.Inputs.Text("certificateArn"), op.Inputs.Text("regionalCertificateArn"))
	certificate := op.FindBy(view.CertificateType, "arn", arn).Properties
	if status := certificate.Text("status"); status != "ISSUED" {
		return op.Refuse("BadRequestException", "The certificate %s is not issued (status %s): custom domain names take issued certificates", arn, status)
	}
	if names := issuance.CertificateNames(op, certificate); !slices.ContainsFunc(names, func(covered string) bool { return view.Covers(covered, name) }) {
		return op.Refuse("BadRequestException", "The domain name to be created is not covered by the provided certificate: %s is for %s, not for %s",
			arn, strings.Join(names, ", "), name)
	}
	keys := []string{"RSA_2048", "EC_prime256v1", "EC_secp384r1"}
	if key := certificate.Text("keyAlgorithm"); isPrivate && key != "" && !slices.Contains(keys, key) {
		return op.Refuse("BadRequestException", "The certificate %s has a key %s; private custom domain names take %s", arn, key, strings.Join(keys, ", "))
	}
	return nil
}

func checkDomainQuota(op *engine.Op) error {
	name, standard := publicDomainsQuota, 120
	if view.DomainKind(op.Inputs) == view.PrivateDomain {
		name, standard = privateDomainsQuota, 50
	}
	count := 0
	for _, other := range op.All(view.DomainNameType) {
		if view.DomainKind(other.Properties) == view.DomainKind(op.Inputs) {
			count++
		}
	}
	if limit := op.Limit(name, standard); count >= limit && !op.Owner {
		return op.Refuse("LimitExceededException", "%s: the quota of %d is reached", name, limit)
	}
	return nil
}

// checkPublicName refuses a REGIONAL name that exists in the region in any
// account (documented), and one that a wildcard of another account covers or
// that covers another account's names (documented: names and their wildcard
// share an account). PRIVATE names don't count: they need not be unique, in one
// account neither.
func checkPublicName(op *engine.Op) error {
	name := view.CanonicalName(op.Inputs.Text("domainName"))
	for _, other := range op.Everywhere(view.DomainNameType) {
		existing := view.CanonicalName(other.Properties.Text("domainName"))
		if other.Region != op.Region || view.DomainKind(other.Properties) == view.PrivateDomain {
			continue
		}
		if existing == name || other.Account != op.Account && (view.Covers(existing, name) || view.Covers(name, existing)) {
			return op.Refuse("ConflictException", "The domain name you provided already exists: %s is %s of account %s in %s; "+
				"public custom domain names are unique in a region over all accounts", name, existing, other.Account, op.Region)
		}
	}
	return nil
}

// saveDomainPolicy takes the policy of a PRIVATE domain. The provider shows
// what API Gateway keeps: where that is another text in substance, because short
// resource names were written out, each update sees a difference.
func saveDomainPolicy(op *engine.Op) error {
	text := op.Inputs.Text("policy")
	if text == "" {
		return nil
	}
	if _, err := iampolicy.Parse([]byte(text)); err != nil {
		return op.Refuse("BadRequestException", "Invalid policy document. Please check the policy syntax and ensure that Principals are valid. (%s)", err)
	}
	kept := storedDomainPolicy(op, text)
	if limit := op.Limit(policyQuota, policyCharacters); len([]rune(kept)) > limit { // assumption: as for APIs
		return op.Refuse("LimitExceededException", "%s: the policy of domain %s has %d, the quota is %d", policyQuota, op.ID, len([]rune(kept)), limit)
	}
	if kept != StoredForm(text, "execute-api:") {
		op.Outputs["policy"] = kept
	}
	return nil
}

// storedDomainPolicy is a domain's policy as API Gateway keeps it. The whole,
// execute-api:/*, becomes the domain's own ARN in the examples of the AWS CLI's
// reference of create-domain-name. "*" comes back as it was: the provider's
// acceptance test has it (hashicorp/terraform-provider-aws,
// internal/service/apigateway/domain_name_test.go, privatePolicy). That an ARN with
// a wildcard for the identifier becomes the domain's own is an assumption, on the
// strict side.
func storedDomainPolicy(op *engine.Op, text string) string {
	base := fmt.Sprintf("arn:%s:execute-api:%s:%s:", op.Partition(), op.Region, op.Account)
	own := `"` + invokedDomainARN(op) + `"`
	return strings.NewReplacer(
		`"`+base+`/*"`, own,
		`"`+base+`/domainnames/`+op.Outputs.Text("domainName")+`+*"`, own,
	).Replace(StoredForm(text, base))
}

// invokedDomainARN is what policies call the PRIVATE domain, as a resource and
// as the value of execute-api:viaDomainArn.
func invokedDomainARN(op *engine.Op) string {
	return strings.Replace(op.ARN, ":apigateway:", ":execute-api:", 1)
}

// deleteDomain takes the domain's mappings with it, and refuses while an access
// association exists. That is an assumption: AWS says that the association's own
// account alone can delete it, not what becomes of it with the domain.
func deleteDomain(op *engine.Op) error {
	if associations := op.HavingEverywhere(view.AccessAssociationType, "domainNameArn", op.ARN); len(associations) > 0 {
		return op.Refuse("BadRequestException", "The domain name %s has a domain name access association, %s: the account %s has to delete it first",
			op.Outputs.Text("domainName"), associations[0].ID, associations[0].Account)
	}
	if op.Now().Before(engine.Stamped(op.Before.Hidden, view.InUseUntil)) {
		return op.Refuse("ConflictException", "The domain name %s has a domain name access association that is being deleted", op.Outputs.Text("domainName"))
	}
	releaseCertificate(op, op.Outputs)
	for _, mapping := range op.All(view.BasePathMappingType) {
		if domainOf(op, mapping.Properties) == op.Before {
			op.Remove(mapping)
		}
	}
	return nil
}
