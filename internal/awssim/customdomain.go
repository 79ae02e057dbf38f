package awssim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
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

func customDomainService() service {
	return service{types: []*typeSpec{domainNameSpec(), basePathMappingSpec(), accessAssociationSpec()}, quotas: []string{publicDomainsQuota, privateDomainsQuota}}
}

func domainNameSpec() *typeSpec {
	return &typeSpec{
		token: domainNameType, title: "API Gateway Domain Name", args: apigateway.DomainNameArgs{}, state: apigateway.DomainName{},
		identify:  identifyDomain,
		required:  []string{"endpointConfiguration"}, // EDGE, AWS's default, is not simulated
		immutable: []string{"domainName"},
		documents: []string{"policy"},
		rules: map[string][]rule{
			"domainName":                          {length(1, 253), dnsName},
			"endpointConfiguration.types":         {oneOf(regionalDomain, privateDomain)},
			"endpointConfiguration.ipAddressType": {oneOf("ipv4", "dualstack")},
			"certificateArn":                      {arnOf("acm")},
			"regionalCertificateArn":              {arnOf("acm")},
			"securityPolicy":                      {oneOf("TLS_1_0", "TLS_1_2")},
		},
		check: domainProblems,
		refs: []ref{
			{at: "certificateArn", to: certificateType, key: "arn", code: "BadRequestException"},
			{at: "regionalCertificateArn", to: certificateType, key: "arn", code: "BadRequestException"},
		},
		create: []string{"apigateway:POST", "apigateway:GET"},
		createAs: func(inputs Object) []string {
			if inputs.Has("policy") {
				return []string{"apigateway:POST", "apigateway:GET", "apigateway:UpdateDomainNamePolicy"}
			}
			return nil
		},
		read:     []string{"apigateway:GET"},
		update:   []string{"apigateway:PATCH", "apigateway:GET", "apigateway:UpdateDomainNamePolicy"},
		delete:   []string{"apigateway:DELETE"},
		onCreate: createDomain, onUpdate: updateDomain, onDelete: deleteDomain,
		conflict: "ConflictException",
	}
}

// identifyDomain makes the ID as the provider forms it, NAME or for PRIVATE
// domains NAME/DOMAIN-NAME-ID, and the ARN, which has an account for PRIVATE
// domains only.
func identifyDomain(c *call) {
	name := c.inputs.Text("domainName")
	path := fmt.Sprintf("/domainnames/%s", name)
	if domainKind(c.inputs) != privateDomain {
		c.id, c.arn = name, fmt.Sprintf("arn:%s:apigateway:%s::%s", c.partition(), c.region, path)
		return
	}
	_, id, chosen := strings.Cut(c.id, "/")
	if !chosen {
		id = c.hash(10)
	}
	c.outputs["domainNameId"] = id
	c.id = name + "/" + id
	c.arn = fmt.Sprintf("arn:%s:apigateway:%s:%s:%s+%s", c.partition(), c.region, c.account, path, id)
}

func domainProblems(inputs Object) []problem {
	var problems []problem
	add := func(property, reason string) { problems = append(problems, problem{property, reason}) }
	if inputs["certificateArn"] != nil && inputs["regionalCertificateArn"] != nil {
		add("certificateArn", "conflicts with regionalCertificateArn")
	}
	for _, property := range []string{"certificateBody", "certificateName", "regionalCertificateName", "mutualTlsAuthentication"} {
		if inputs[property] != nil {
			add(property, "is not simulated")
		}
	}
	return problems
}

func createDomain(c *call) error {
	if err := c.checkDomain(); err != nil {
		return err
	}
	if err := c.checkDomainQuota(); err != nil {
		return err
	}
	if domainKind(c.inputs) == privateDomain {
		return c.createPrivateDomain()
	}
	return c.createRegionalDomain()
}

func (c *call) createRegionalDomain() error {
	if err := c.checkPublicName(); err != nil {
		return err
	}
	c.outputs["domainNameId"] = ""
	c.outputs["regionalDomainName"] = fmt.Sprintf("d-%s.execute-api.%s.%s", c.partOf(10), c.region, c.dnsSuffix())
	c.outputs["regionalZoneId"] = c.hostedZoneOf("regional domains")
	c.describeDomain()
	return c.checkPublicUse(c.staged())
}

// createPrivateDomain leaves a domain that is provisioned later: the provider
// doesn't wait for it.
func (c *call) createPrivateDomain() error {
	c.outputs["regionalDomainName"], c.outputs["regionalZoneId"] = "", ""
	c.describeDomain()
	c.hidden["availableAt"] = stamp(c.now().Add(provisioning))
	return c.saveDomainPolicy()
}

// describeDomain fills in what the program doesn't say.
func (c *call) describeDomain() {
	for name, value := range (Object{
		"securityPolicy": "TLS_1_2", "certificateUploadDate": stamp(c.now()), "ownershipVerificationCertificateArn": "",
		"cloudfrontDomainName": "", "cloudfrontZoneId": "Z2FDTNDATAQYW2", // the provider shows the latter always
	}) {
		if c.outputs[name] == nil {
			c.outputs[name] = value
		}
	}
	endpoint := c.outputs.Object("endpointConfiguration").Clone()
	if endpoint["ipAddressType"] == nil {
		endpoint["ipAddressType"] = "ipv4"
		if endpoint.Text("types") == privateDomain {
			endpoint["ipAddressType"] = "dualstack"
		}
	}
	c.outputs["endpointConfiguration"] = map[string]any(endpoint)
}

func updateDomain(c *call) error {
	if before, after := domainKind(c.before.Properties), domainKind(c.inputs); before != after {
		return c.refuse("BadRequestException", "Cannot migrate the custom domain name %s from %s to %s: public and private custom domain names don't become each other",
			c.inputs.Text("domainName"), before, after)
	}
	if err := c.checkDomain(); err != nil {
		return err
	}
	c.describeDomain()
	if domainKind(c.inputs) != privateDomain {
		return nil
	}
	if c.before.Properties.Text("certificateArn") != c.inputs.Text("certificateArn") {
		// The provider waits for updates. The domain answers meanwhile (documented).
		c.pass(provisioning)
	}
	return c.saveDomainPolicy()
}

// checkDomain holds a domain to what its type takes.
func (c *call) checkDomain() error {
	isPrivate := domainKind(c.inputs) == privateDomain
	property := "regionalCertificateArn"
	if isPrivate {
		property = "certificateArn"
	}
	endpoint := c.inputs.Object("endpointConfiguration")
	switch {
	case isPrivate && c.inputs.Has("regionalCertificateArn"):
		return c.refuse("BadRequestException", "Cannot specify a regional certificate for a private custom domain name: PRIVATE domains take certificateArn")
	case !isPrivate && c.inputs.Has("certificateArn"):
		return c.refuse("BadRequestException", "Cannot specify an edge certificate for a regional custom domain name: REGIONAL domains take regionalCertificateArn")
	case !c.inputs.Has(property):
		return c.refuse("BadRequestException", "A %s custom domain name needs a certificate (property %s)", domainKind(c.inputs), property)
	case isPrivate && strings.HasPrefix(c.inputs.Text("domainName"), "*"):
		return c.refuse("BadRequestException", "Wildcard custom domain names are not supported for private custom domain names: %s", c.inputs.Text("domainName"))
	case isPrivate && c.inputs.Has("securityPolicy") && c.inputs.Text("securityPolicy") != "TLS_1_2":
		return c.refuse("BadRequestException", "Private custom domain names have the security policy TLS_1_2")
	case isPrivate && endpoint.Has("ipAddressType") && endpoint.Text("ipAddressType") != "dualstack":
		return c.refuse("BadRequestException", "Only the IP address type dualstack is supported for private custom domain names")
	case !isPrivate && c.inputs.Has("policy"):
		return c.refuse("BadRequestException", "A policy is supported for private custom domain names only")
	}
	return c.checkDomainCertificate(c.inputs.Text(property), isPrivate)
}

// checkDomainCertificate holds the certificate of a domain to be issued and to
// cover the name. Kinds of keys are documented for PRIVATE domains only.
func (c *call) checkDomainCertificate(arn string, isPrivate bool) error {
	certificate := c.findBy(certificateType, "arn", arn).Properties
	name := c.inputs.Text("domainName")
	if status := certificate.Text("status"); status != "ISSUED" {
		return c.refuse("BadRequestException", "The certificate %s is not issued (status %s): custom domain names take issued certificates", arn, status)
	}
	if names := c.certificateNames(certificate); !slices.ContainsFunc(names, func(covered string) bool { return covers(covered, name) }) {
		return c.refuse("BadRequestException", "The domain name to be created is not covered by the provided certificate: %s is for %s, not for %s",
			arn, strings.Join(names, ", "), name)
	}
	keys := []string{"RSA_2048", "EC_prime256v1", "EC_secp384r1"}
	if key := certificate.Text("keyAlgorithm"); isPrivate && key != "" && !slices.Contains(keys, key) {
		return c.refuse("BadRequestException", "The certificate %s has a key %s; private custom domain names take %s", arn, key, strings.Join(keys, ", "))
	}
	return nil
}

func (c *call) checkDomainQuota() error {
	name, standard := publicDomainsQuota, 120
	if domainKind(c.inputs) == privateDomain {
		name, standard = privateDomainsQuota, 50
	}
	standing := 0
	for _, other := range c.all(domainNameType) {
		if domainKind(other.Properties) == domainKind(c.inputs) {
			standing++
		}
	}
	if limit := c.limit(name, standard); standing >= limit && !c.owner {
		return c.refuse("LimitExceededException", "%s: the quota of %d is reached", name, limit)
	}
	return nil
}

// checkPublicName refuses a REGIONAL name that stands in the region in any
// account (documented), and one that a wildcard of another account covers or
// that covers another account's names (documented: names and their wildcard
// share an account). PRIVATE names don't count: they need not be unique, in one
// account neither.
func (c *call) checkPublicName() error {
	name := canonicalName(c.inputs.Text("domainName"))
	for _, other := range c.everywhere(domainNameType) {
		standing := canonicalName(other.Properties.Text("domainName"))
		if other.Region != c.region || domainKind(other.Properties) == privateDomain {
			continue
		}
		if standing == name || other.Account != c.account && (covers(standing, name) || covers(name, standing)) {
			return c.refuse("ConflictException", "The domain name you provided already exists: %s is %s of account %s in %s; "+
				"public custom domain names are unique in a region over all accounts", name, standing, other.Account, c.region)
		}
	}
	return nil
}

// saveDomainPolicy takes the policy of a PRIVATE domain. The provider shows
// what API Gateway keeps: where that is another text in substance, because short
// resource names were written out, each update sees a difference.
func (c *call) saveDomainPolicy() error {
	text := c.inputs.Text("policy")
	if text == "" {
		return nil
	}
	if _, err := iampolicy.Parse([]byte(text)); err != nil {
		return c.refuse("BadRequestException", "Invalid policy document. Please check the policy syntax and ensure that Principals are valid. (%s)", err)
	}
	kept := c.storedDomainPolicy(text)
	if limit := c.limit(policyQuota, policyCharacters); len([]rune(kept)) > limit { // assumption: as for APIs
		return c.refuse("LimitExceededException", "%s: the policy of domain %s has %d, the quota is %d", policyQuota, c.id, len([]rune(kept)), limit)
	}
	if kept != storedForm(text, "execute-api:") {
		c.outputs["policy"] = kept
	}
	return nil
}

// storedDomainPolicy is a domain's policy as API Gateway keeps it. The whole,
// execute-api:/*, becomes the domain's own ARN in the examples of the AWS CLI's
// reference of create-domain-name.
func (c *call) storedDomainPolicy(text string) string {
	base := fmt.Sprintf("arn:%s:execute-api:%s:%s:", c.partition(), c.region, c.account)
	return strings.ReplaceAll(storedForm(text, base), `"`+base+`/*"`, `"`+c.invokedDomainARN()+`"`)
}

// invokedDomainARN is what policies call the PRIVATE domain, as a resource and
// as the value of execute-api:viaDomainArn.
func (c *call) invokedDomainARN() string {
	return strings.Replace(c.arn, ":apigateway:", ":execute-api:", 1)
}

// deleteDomain takes the domain's mappings with it, and refuses while an access
// association stands. That is an assumption: AWS says that the association's own
// account alone can delete it, not what becomes of it with the domain.
func deleteDomain(c *call) error {
	for _, association := range c.everywhere(accessAssociationType) {
		if association.Properties.Text("domainNameArn") == c.arn {
			return c.refuse("BadRequestException", "The domain name %s has a domain name access association, %s: the account %s has to delete it first",
				c.outputs.Text("domainName"), association.ID, association.Account)
		}
	}
	for _, mapping := range c.all(basePathMappingType) {
		if c.domainOf(mapping.Properties) == c.before {
			c.remove(mapping)
		}
	}
	return nil
}
