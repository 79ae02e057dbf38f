package accounts

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// suitsPrivateDomain reports whether a PRIVATE custom domain takes the certificate's key
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html).
func suitsPrivateDomain(c settings.Imported) bool {
	if c.KeyAlgorithm == "RSA" {
		return c.KeyBits == 2048
	}
	return c.KeyBits == 256 || c.KeyBits == 384
}

// certificateOf chooses a domain's certificate; rows are those of the mapping.
func certificateOf(c settings.Certificates, domain topology.Domain, rows *mapping.Mapping) (topology.Certificate, error) {
	unsuitedImports := map[string]settings.Imported{}
	for _, imported := range c.Imported {
		if domain.FrontDoor == mapping.FrontDoorNative && !suitsPrivateDomain(imported) {
			unsuitedImports[imported.ID()] = imported
		}
	}
	var suited, unsuited []topology.Certificate
	for _, certificate := range c.Supplied() {
		if _, refused := unsuitedImports[certificate.ID]; refused {
			unsuited = append(unsuited, certificate)
		} else {
			suited = append(suited, certificate)
		}
	}
	if certificate := topology.Cover(suited).Of(domain.Host); certificate != nil {
		return *certificate, nil
	}
	row := &rows.Rows[domain.Paths[0].Row]
	wrong := func(format string, args ...any) (topology.Certificate, error) {
		return topology.Certificate{}, fmt.Errorf("%s.CUSTOM_DOMAIN_URL: %w", row.Position(), fmt.Errorf(format, args...))
	}
	if certificate := topology.Cover(unsuited).Of(domain.Host); certificate != nil {
		imported := unsuitedImports[certificate.ID]
		return wrong("the imported certificate that covers %s has an %s key of %d bits, and private custom domains take RSA keys of 2048 and ECDSA keys of 256 or 384 bits: import another, or write another FRONT_DOOR",
			domain.Host, imported.KeyAlgorithm, imported.KeyBits)
	}
	if c.IssuesNone() {
		return topology.Certificate{}, topology.NewUncoveredError(rows.Source, row, "")
	}
	name := domain.Host.Wildcard()
	if len(name) > topology.MaxDomainName {
		return wrong("its certificate would be for %s, %d characters, and ACM takes %d: shorten the parent domain, or import a certificate",
			name, len(name), topology.MaxDomainName)
	}
	return topology.Certificate{Origin: topology.Issued, Names: []mapping.Host{name}}, nil
}

// domainCertificates chooses the certificates of all domains, and reports what
// is wrong with the rows that they are for. The requests are of those to issue,
// one for each parent domain.
func (s *providerStack) domainCertificates() (map[domainKey]topology.Certificate, []components.CertificateSource, error) {
	var wrong []error
	chosen := map[domainKey]topology.Certificate{}
	zones := map[mapping.Host]mapping.Zone{}
	for _, domain := range s.domains {
		certificate, err := certificateOf(s.config.Certificates, domain, s.rows)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		chosen[domainKey{domain.Host, domain.FrontDoor}] = certificate
		if certificate.Origin == topology.Issued {
			// All rows of a parent domain name the same zone, or none.
			zones[certificate.Names[0]] = cmp.Or(zones[certificate.Names[0]], domain.PublicZone)
		}
	}
	var requests []components.CertificateSource
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		certificate := topology.Certificate{Origin: topology.Issued, Names: []mapping.Host{name}}
		if zones[name] != "" {
			certificate.PublicZones = map[mapping.Host]mapping.Zone{name: zones[name]}
		}
		requests = append(requests, certificateRequest("", certificate))
	}
	return chosen, requests, errors.Join(wrong...)
}

// certificates makes the certificates of the custom domains. The result are
// their ARNs.
func (s *providerStack) certificates() (map[domainKey]pulumi.StringInput, error) {
	chosen, requests, err := s.domainCertificates()
	if err != nil || len(s.domains) == 0 {
		return nil, err
	}
	zones, err := s.findPublicZones()
	if err != nil {
		return nil, err
	}
	args := certificatesArgs(s.config.Certificates, zones, s.tags)
	supplied := suppliedSources(s.config.Certificates)
	args.Sources = slices.Concat(requests, supplied.all)
	args.SharedValidationRecords = s.config.Certificates.SharedRecords || s.shared.AccountID == s.account.ID
	if err := reportExpiry(s.ctx, s.config.Certificates.Imported); err != nil {
		return nil, err
	}
	created, err := components.NewCertificates(s.ctx, s.prefix, args, s.providers)
	if err != nil {
		return nil, err
	}
	arns := map[domainKey]pulumi.StringInput{}
	for domain, derived := range chosen {
		certificate, err := created.Of(supplied.source("", derived))
		if err != nil {
			return nil, err
		}
		arns[domain] = certificate.ARN
	}
	return arns, nil
}

// findPublicZones prepares to find the public zones, once.
func (s *providerStack) findPublicZones() (*components.PublicZones, error) {
	if s.publicZones != nil {
		return s.publicZones, nil
	}
	var err error
	s.publicZones, err = publicZonesOf(s.ctx, s.config.Certificates, s.config.AWS, s.awsProvider, map[string]pulumi.ProviderResource{})
	return s.publicZones, err
}

// checkExistingAccounts reports existing certificates of other accounts: the
// configuration may name the account by a name.
func checkExistingAccounts(c settings.Certificates, account mapping.AccountID) error {
	var wrong []error
	for i, existing := range c.Existing {
		if owner := strings.Split(existing.ARN, ":")[4]; owner != string(account) {
			wrong = append(wrong, fmt.Errorf("use certificate %s (portico:certificates.existing[%d]): it is of account %s: a custom domain takes certificates of its own account, %s",
				existing.ARN, i, owner, account))
		}
	}
	return errors.Join(wrong...)
}
