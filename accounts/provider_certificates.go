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

// maxDomainName is how long a certificate's domain name may be (ACM API
// reference, RequestCertificate).
const maxDomainName = 64

// domainCertificate is where a custom domain's certificate comes from.
type domainCertificate struct {
	// place is that in the supplied certificates, imported ones first; -1: the
	// certificate of the name is issued.
	place int
	name  string
}

// certificateName is the name that is issued for a host: its parent's wildcard,
// which all of the parent's hosts share.
func certificateName(host mapping.Host) string { return "*." + string(host.Parent()) }

// covering are the names of a certificate for a host.
func covering(names []string, host mapping.Host) bool {
	return slices.Contains(names, string(host)) || slices.Contains(names, certificateName(host))
}

// suitsPrivateDomain reports whether a PRIVATE custom domain takes the certificate's key
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html).
func suitsPrivateDomain(c settings.Imported) bool {
	if c.KeyAlgorithm == "RSA" {
		return c.KeyBits == 2048
	}
	return c.KeyBits == 256 || c.KeyBits == 384
}

// certificateOf chooses a domain's certificate.
func certificateOf(c settings.Certificates, domain topology.Domain) (domainCertificate, error) {
	unsuited := ""
	for i, imported := range c.Imported {
		if !covering(imported.Names, domain.Host) {
			continue
		}
		if domain.Door != mapping.FrontDoorNative || suitsPrivateDomain(imported) {
			return domainCertificate{place: i}, nil
		}
		unsuited = fmt.Sprintf("an %s key of %d bits", imported.KeyAlgorithm, imported.KeyBits)
	}
	for i, existing := range c.Existing {
		if covering(existing.Names, domain.Host) {
			return domainCertificate{place: len(c.Imported) + i}, nil
		}
	}
	name := certificateName(domain.Host)
	switch {
	case unsuited != "":
		return domainCertificate{}, fmt.Errorf("the imported certificate that covers %s has %s, and private custom domains take RSA keys of 2048 and ECDSA keys of 256 or 384 bits: import another, or write another FRONT_DOOR",
			domain.Host, unsuited)
	case c.IssuesNone():
		return domainCertificate{}, fmt.Errorf("none of the certificates in portico:certificates covers %s: add one for %s, or take source: %s out to have it issued",
			domain.Host, name, c.Source)
	case len(name) > maxDomainName:
		return domainCertificate{}, fmt.Errorf("its certificate would be for %s, %d characters, and ACM takes %d: shorten the parent domain, or import a certificate",
			name, len(name), maxDomainName)
	}
	return domainCertificate{place: -1, name: name}, nil
}

// domainCertificates chooses the certificates of all domains, and reports what
// is wrong with the rows that they are for.
func (s *providerStack) domainCertificates() (map[domainKey]domainCertificate, []components.CertificateRequest, error) {
	var wrong []error
	chosen := map[domainKey]domainCertificate{}
	zones := map[string]mapping.Zone{}
	for _, domain := range s.domains {
		row := s.rows.Rows[domain.Paths[0].Row]
		certificate, err := certificateOf(s.config.Certificates, domain)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d:%d: APIS[%d].CUSTOM_DOMAIN_URL: %w", s.rows.Source, row.Pos.Line, row.Pos.Column, row.Index, err))
			continue
		}
		chosen[domainKey{domain.Host, domain.Door}] = certificate
		if certificate.name == "" {
			continue
		}
		// All rows of a parent domain name the same zone, or none.
		zones[certificate.name] = cmp.Or(zones[certificate.name], domain.PublicZone)
	}
	var requests []components.CertificateRequest
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		request := components.CertificateRequest{Names: []string{name}, PublicZones: map[string]string{}}
		if zone := zones[name]; zone != "" {
			request.PublicZones[name] = string(zone)
		}
		requests = append(requests, request)
	}
	return chosen, requests, errors.Join(wrong...)
}

// certificates makes the certificates of the custom domains and tells each
// one's ARN.
func (s *providerStack) certificates() (map[domainKey]pulumi.StringInput, error) {
	chosen, requests, err := s.domainCertificates()
	if err != nil || len(s.domains) == 0 {
		return nil, err
	}
	owners := map[string]pulumi.ProviderResource{}
	known := map[string]pulumi.ProviderResource{}
	for _, zone := range s.config.Certificates.Zones {
		if owners[zone.Name], err = providerOfRole(s.ctx, known, zone.RoleARN, s.config.AWS.Region, s.config.AWS.Endpoint); err != nil {
			return nil, err
		}
	}
	args := certificatesArgs(s.config.Certificates, components.NewPublicZones(s.ctx, &components.PublicZonesArgs{Provider: s.awsProvider, ZoneProviders: owners}), s.tags)
	args.Requests = requests
	args.RecordsOfOthers = s.config.Certificates.SharedRecords || s.shared.accountID == string(s.account.ID)
	if err := reportExpiry(s.ctx, s.config.Certificates.Imported); err != nil {
		return nil, err
	}
	made, err := components.NewCertificates(s.ctx, s.prefix, args, s.providers)
	if err != nil {
		return nil, err
	}
	arns := map[domainKey]pulumi.StringInput{}
	for domain, certificate := range chosen {
		place := len(requests) + certificate.place
		if certificate.name != "" {
			place = slices.IndexFunc(requests, func(r components.CertificateRequest) bool { return r.Names[0] == certificate.name })
		}
		arns[domain] = made.ARNs[place]
	}
	return arns, nil
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
