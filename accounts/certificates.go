package accounts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Where certificates come from.
const (
	sourceDNS       = string(components.IssuedByDNS)
	sourceEmail     = string(components.IssuedByEmail)
	sourcePrivateCA = string(components.IssuedByPrivateCA)
	sourceImport    = "import"
	sourceExisting  = "existing"
)

// expiryNotice is how long before an imported certificate expires the stack
// begins to warn: ACM doesn't renew it.
const expiryNotice = 45 * 24 * time.Hour

var (
	domainPattern      = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)
	certificatePattern = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):(\d{12}):certificate/[0-9a-f-]+$`)
	authorityPattern   = regexp.MustCompile(`^arn:aws[a-z-]*:acm-pca:([a-z0-9-]+):\d{12}:certificate-authority/[0-9a-f-]+$`)
)

// suppliedCertificates are those that need not be issued.
type suppliedCertificates struct {
	imported []importedCertificate
	existing []components.ExistingCertificate
}

// certificates are those of the topology.
func (s suppliedCertificates) certificates() []topology.Certificate {
	var all []topology.Certificate
	for _, certificate := range s.imported {
		all = append(all, topology.Certificate{Names: hostNames(certificate.Names)})
	}
	for _, certificate := range s.existing {
		all = append(all, topology.Certificate{Names: hostNames(certificate.Names)})
	}
	return all
}

func hostNames(names []string) []mapping.Host {
	hosts := make([]mapping.Host, len(names))
	for i, name := range names {
		hosts[i] = mapping.Host(strings.ToLower(name))
	}
	return hosts
}

// check reads what is to be imported, relative to dir, and reports the mistakes.
func (c certificatesConfig) check(m *mistakes, dir string, aws awsConfig, now time.Time) suppliedCertificates {
	oneOf(m, "certificates.source", c.Source, "", sourceDNS, sourceEmail, sourceImport, sourcePrivateCA, sourceExisting)
	c.checkIssuance(m, aws)
	m.check(c.Source != sourceImport || len(c.Import) > 0, "certificates.import", "not set", "write the certificates to import: [{certificate, privateKey, chain}]")
	m.check(c.Source != sourceExisting || len(c.Existing) > 0, "certificates.existing", "not set", "write the certificates' ARNs and the names that they cover: [{arn, names}]")
	var supplied suppliedCertificates
	for i, one := range c.Import {
		imported, ok := one.read(m, fmt.Sprintf("certificates.import[%d]", i), dir, now)
		if ok {
			supplied.add(m, fmt.Sprintf("certificates.import[%d]", i), imported)
		}
	}
	for i, one := range c.Existing {
		one.check(m, fmt.Sprintf("certificates.existing[%d]", i), aws)
		supplied.existing = append(supplied.existing, components.ExistingCertificate{ARN: one.ARN, Names: one.Names})
	}
	return supplied
}

// add keeps an imported certificate unless there is another for the same names
// and kind of key.
func (s *suppliedCertificates) add(m *mistakes, key string, imported importedCertificate) {
	for _, other := range s.imported {
		if other.Names[0] == imported.Names[0] && other.KeyAlgorithm == imported.KeyAlgorithm {
			m.add(key, fmt.Sprintf("another certificate of %s with an %s key is imported already", imported.Names[0], imported.KeyAlgorithm), "take one out")
			return
		}
	}
	s.imported = append(s.imported, imported)
}

// checkIssuance checks what belongs to one source alone.
func (c certificatesConfig) checkIssuance(m *mistakes, aws awsConfig) {
	source := textOr(c.Source, sourceDNS)
	only := func(key string, set bool, owner string) {
		m.check(!set || source == owner, "certificates."+key, "certificates don't come from "+owner, "take it out, or write source: "+owner)
	}
	only("zones", len(c.Zones) > 0, sourceDNS)
	only("sharedRecords", c.SharedRecords, sourceDNS)
	only("validationDomain", c.ValidationDomain != "", sourceEmail)
	only("certificateAuthorityArn", c.CertificateAuthorityARN != "", sourcePrivateCA)
	m.check(c.ValidationDomain == "" || domainPattern.MatchString(c.ValidationDomain), "certificates.validationDomain",
		strconv.Quote(c.ValidationDomain)+" is not a domain", "write the domain whose mailboxes approve, for instance example.com")
	if source == sourcePrivateCA {
		const key = "certificates.certificateAuthorityArn"
		match := authorityPattern.FindStringSubmatch(c.CertificateAuthorityARN)
		m.check(match != nil, key, quotedOrUnset(c.CertificateAuthorityARN, "is not a certificate authority's ARN"),
			"write arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID")
		m.check(match == nil || match[1] == aws.Region, key, "the certificate authority is in another region than the stack", "write one of "+aws.Region)
	}
	for i, zone := range c.Zones {
		key := fmt.Sprintf("certificates.zones[%d]", i)
		m.check(domainPattern.MatchString(zone.Name), key+".name", quotedOrUnset(zone.Name, "is not a domain"), "write the public hosted zone's name, for instance example.com")
		m.check(rolePattern.MatchString(zone.RoleARN), key+".roleArn", quotedOrUnset(zone.RoleARN, "is not a role's ARN"),
			"write a role of the zone's account, arn:aws:iam::ACCOUNT:role/NAME")
		m.check(!slices.ContainsFunc(c.Zones[:i], func(other publicZoneConfig) bool { return other.Name == zone.Name }), key,
			zone.Name+" is named twice", "take one out")
	}
}

func (c existingCertificateConfig) check(m *mistakes, key string, aws awsConfig) {
	match := certificatePattern.FindStringSubmatch(c.ARN)
	m.check(match != nil, key+".arn", quotedOrUnset(c.ARN, "is not a certificate's ARN"), "write arn:aws:acm:REGION:ACCOUNT:certificate/ID")
	if match != nil {
		// A provider stack may name its account by a name of ACCOUNTS, which
		// isn't known yet: checkAccount.
		elsewhere := accountPattern.MatchString(aws.AccountID) && match[2] != aws.AccountID
		m.check(match[1] == aws.Region && !elsewhere, key+".arn",
			fmt.Sprintf("the certificate is of account %s in %s: AWS takes those of the stack's own account and region", match[2], match[1]),
			"write a certificate of account "+aws.AccountID+" in "+aws.Region)
	}
	m.check(len(c.Names) > 0, key+".names", "not set", "write the names that the certificate covers, for instance \"*.internal.example.com\"")
	for i, name := range c.Names {
		m.check(domainPattern.MatchString(strings.TrimPrefix(name, "*.")), fmt.Sprintf("%s.names[%d]", key, i),
			strconv.Quote(name)+" is not a name of a certificate", "write a domain in lower case, of which only the whole first label may be *")
	}
}

// checkCoverage reports the rows that none of the supplied certificates covers,
// where none is to be issued.
func (c certificatesConfig) checkCoverage(supplied suppliedCertificates, derived *topology.Topology, rows *mapping.Mapping) error {
	if c.Source != sourceImport && c.Source != sourceExisting {
		return nil
	}
	uncovered := map[mapping.Host]bool{}
	for _, certificate := range derived.Certificates {
		for _, name := range certificate.Names {
			uncovered[name] = true
		}
	}
	covered := map[mapping.Host]bool{}
	for _, certificate := range supplied.certificates() {
		for _, name := range certificate.Names {
			covered[name] = true
		}
	}
	var wrong []error
	for _, row := range rows.Rows {
		// A host may have a certificate of its own beside others that have none.
		at := derived.Placements[row.Host]
		balanced := row.FrontDoor != mapping.FrontDoorNative || at.Serves(mapping.FrontDoorNGINX) || at.Serves(mapping.FrontDoorALB)
		if row.Retired || !balanced || !uncovered["*."+mapping.Host(row.Host.Parent())] || covered[row.Host] {
			continue
		}
		wrong = append(wrong, fmt.Errorf("%s:%d:%d: APIS[%d].CUSTOM_DOMAIN_URL: none of the certificates in portico:certificates covers %s: add one for *.%s, or take source: %s out to have it issued",
			rows.Source, row.Pos.Line, row.Pos.Column, row.Index, row.Host, row.Host.Parent(), c.Source))
	}
	return errors.Join(wrong...)
}

// importedExpiry is until when each imported certificate is valid, by its first
// name and kind of key.
func (s suppliedCertificates) importedExpiry() pulumi.StringMap {
	expiry := pulumi.StringMap{}
	for _, certificate := range s.imported {
		expiry[certificate.Names[0]+" "+certificate.KeyAlgorithm] = pulumi.String(certificate.notAfter.UTC().Format(time.RFC3339))
	}
	return expiry
}

// warn logs until when the imported certificates are valid; as a warning when
// that is soon.
func (s suppliedCertificates) warn(log pulumi.Log, now time.Time) error {
	var failures []error
	for _, certificate := range s.imported {
		text := fmt.Sprintf("imported certificate of %s (%s) expires on %s, in %d days",
			strings.Join(certificate.Names, ", "), certificate.KeyAlgorithm, certificate.notAfter.Format(time.DateOnly), int(certificate.notAfter.Sub(now).Hours()/24))
		if certificate.notAfter.Sub(now) < expiryNotice {
			failures = append(failures, log.Warn(text+": put its successor into portico:certificates.import", nil))
		} else {
			failures = append(failures, log.Info(text, nil))
		}
	}
	return errors.Join(failures...)
}

// certificates makes the load balancer's certificates.
func (s *sharedStack) certificates() (*components.Certificates, error) {
	args := s.config.Certificates.args(s.config.supplied, s.publicZones, s.tags)
	args.RecordsOfOthers = s.config.Certificates.SharedRecords || s.hasDomainsBeside()
	for _, balancer := range s.topology.LoadBalancers {
		for _, certificate := range balancer.Certificates {
			args.Requests = append(args.Requests, certificateRequest(balancer.Name, certificate))
		}
	}
	if err := s.config.supplied.tell(s.ctx); err != nil {
		return nil, err
	}
	return components.NewCertificates(s.ctx, s.prefix, args, s.providers)
}

// hasDomainsBeside tells whether rows want custom domains in the stack's own
// account: the certificates of those are validated by the same records, and need
// them for their renewal when this stack has no use for them any more.
func (s *sharedStack) hasDomainsBeside() bool {
	return slices.ContainsFunc(s.topology.APIs, func(api topology.API) bool {
		return string(api.Account) == s.config.AWS.AccountID && slices.ContainsFunc(api.Rows, func(row mapping.Row) bool {
			return !row.Retired && row.FrontDoor != mapping.FrontDoorNGINX
		})
	})
}

// args are those of a stack's certificates, without the requests.
func (c certificatesConfig) args(supplied suppliedCertificates, zones *components.PublicZones, tags components.Tags) *components.CertificatesArgs {
	args := &components.CertificatesArgs{
		Issuance:                components.Issuance(textOr(c.Source, sourceDNS)),
		ValidationDomain:        c.ValidationDomain,
		CertificateAuthorityARN: c.CertificateAuthorityARN,
		PublicZones:             zones,
		Existing:                supplied.existing,
		Tags:                    tags,
	}
	for _, certificate := range supplied.imported {
		args.Imported = append(args.Imported, certificate.ImportedCertificate)
	}
	return args
}

// tell exports and logs until when the imported certificates are valid.
func (s suppliedCertificates) tell(ctx *pulumi.Context) error {
	if len(s.imported) == 0 {
		return nil
	}
	ctx.Export("importedCertificatesExpire", s.importedExpiry())
	if err := s.warn(ctx.Log, time.Now()); err != nil {
		return fmt.Errorf("log the certificates' expiry: %w", err)
	}
	return nil
}

// certificateRequest asks for a certificate of a load balancer.
func certificateRequest(balancer string, certificate topology.Certificate) components.CertificateRequest {
	request := components.CertificateRequest{LoadBalancer: balancer, PublicZones: map[string]string{}}
	for _, name := range certificate.Names {
		request.Names = append(request.Names, string(name))
	}
	for name, zone := range certificate.PublicZones {
		request.PublicZones[string(name)] = string(zone)
	}
	return request
}

// zoneOwners are the AWS providers of the accounts that own public hosted zones
// elsewhere, by zone.
func (s *sharedStack) zoneOwners() (map[string]pulumi.ProviderResource, error) {
	owners := map[string]pulumi.ProviderResource{}
	for _, zone := range s.config.Certificates.Zones {
		owner, err := s.providerOf(zone.RoleARN, s.config.AWS.Region)
		if err != nil {
			return nil, err
		}
		owners[zone.Name] = owner
	}
	return owners, nil
}
