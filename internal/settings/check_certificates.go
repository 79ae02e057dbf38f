package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/aws"
)

var (
	domainPattern     = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)
	hostedZonePattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	profilePattern    = regexp.MustCompile(`^rp-[a-z0-9]{1,61}$`)
)

// check reads what is to be imported into Imported, and reports the mistakes.
func (c *Certificates) check(m *mistakes, read readFile, stack AWS, now time.Time) {
	oneOf(m, "certificates.source", c.Source, SourceDNS, SourceEmail, SourceImport, SourcePrivateCA, SourceExisting)
	c.checkIssuance(m, stack)
	if c.Source == SourceImport && len(c.Import) == 0 {
		m.missing("certificates.import", "write the certificates to import: [{certificate, privateKey, chain}]")
	}
	if c.Source == SourceExisting && len(c.Existing) == 0 {
		m.missing("certificates.existing", "write the certificates' ARNs and the names that they cover: [{arn, names}]")
	}
	for i, one := range c.Import {
		key := fmt.Sprintf("certificates.import[%d]", i)
		if imported, ok := one.read(m, key, read, now); ok {
			c.add(m, key, imported)
		}
	}
	for i, one := range c.Existing {
		one.check(m, fmt.Sprintf("certificates.existing[%d]", i), stack)
	}
}

// add keeps an imported certificate unless there is another for the same names
// and kind of key.
func (c *Certificates) add(m *mistakes, key string, imported Imported) {
	for _, other := range c.Imported {
		if other.ID() == imported.ID() {
			m.add(key, fmt.Sprintf("another certificate of %s with an %s key is imported already", imported.Names[0], imported.KeyAlgorithm), "take one out")
			return
		}
	}
	c.Imported = append(c.Imported, imported)
}

// checkIssuance checks what belongs to one source alone.
func (c *Certificates) checkIssuance(m *mistakes, stack AWS) {
	only := func(key string, set bool, owner string) {
		m.check(!set || c.Source == owner, "certificates."+key, "certificates don't come from "+owner, "take it out, or write source: "+owner)
	}
	only("zones", len(c.Zones) > 0, SourceDNS)
	only("sharedRecords", c.SharedRecords, SourceDNS)
	only("validationDomain", c.ValidationDomain != "", SourceEmail)
	only("certificateAuthorityArn", c.CertificateAuthorityARN != "", SourcePrivateCA)
	m.check(c.ValidationDomain == "" || domainPattern.MatchString(c.ValidationDomain), "certificates.validationDomain",
		strconv.Quote(c.ValidationDomain)+" is not a domain", "write the domain whose mailboxes approve, for instance example.com")
	if c.Source == SourcePrivateCA {
		const key = "certificates.certificateAuthorityArn"
		authority, err := aws.ParseCertificateAuthorityARN(c.CertificateAuthorityARN)
		m.checkText(err == nil, key, c.CertificateAuthorityARN, "is not a certificate authority's ARN",
			"write arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID")
		m.check(err != nil || authority.Region == stack.Region, key, "the certificate authority is in another region than the stack", "write one of "+stack.Region)
	}
	for i, zone := range c.Zones {
		key := fmt.Sprintf("certificates.zones[%d]", i)
		m.checkText(domainPattern.MatchString(zone.Name), key+".name", zone.Name, "is not a domain", "write the public hosted zone's name, for instance example.com")
		stack.checkRole(m, key+".roleArn", zone.RoleARN, "zone")
		m.check(zone.ID == "" || hostedZonePattern.MatchString(zone.ID), key+".id", strconv.Quote(zone.ID)+" is not a hosted zone's ID",
			"write Z and up to 31 capitals and digits")
		if zone.Name != "" && zone.RoleARN == "" && zone.ID == "" {
			m.missing(key+".roleArn", "write a role of the zone's account, arn:aws:iam::ACCOUNT:role/NAME, or the zone's id where the stack's account has several of the name")
		}
		m.check(!slices.ContainsFunc(c.Zones[:i], func(other PublicZone) bool { return other.Name == zone.Name }), key,
			zone.Name+" is named twice", "take one out")
	}
}

func (c ExistingCertificate) check(m *mistakes, key string, stack AWS) {
	arn, err := aws.ParseCertificateARN(c.ARN)
	m.checkText(err == nil, key+".arn", c.ARN, "is not a certificate's ARN", "write arn:aws:acm:REGION:ACCOUNT:certificate/ID")
	if err == nil {
		// A provider stack may name its account by a name of ACCOUNTS, which
		// isn't known yet; accounts checks it later.
		elsewhere := stack.NamesAccount() && arn.AccountID != stack.AccountID
		unknown := stack.Region == "" || stack.Region == Unknown
		m.check((arn.Region == stack.Region || unknown) && !elsewhere, key+".arn",
			fmt.Sprintf("the certificate is of account %s in %s: AWS takes those of the stack's own account and region", arn.AccountID, arn.Region),
			"write a certificate of account "+stack.AccountID+" in "+stack.Region)
	}
	if len(c.Names) == 0 {
		m.missing(key+".names", "write the names that the certificate covers, for instance \"*.internal.example.com\"")
	}
	for i, name := range c.Names {
		m.check(domainPattern.MatchString(strings.TrimPrefix(name, "*.")), fmt.Sprintf("%s.names[%d]", key, i),
			strconv.Quote(name)+" is not a name of a certificate", "write a domain in lower case, of which only the whole first label may be *")
	}
}

func (d DNS) check(m *mistakes, stack AWS, vpcsPerZone int) {
	oneOf(m, "dns.records", d.Records, RecordsWildcard, RecordsHost)
	oneOf(m, "dns.scope", d.Scope, ScopeParent, ScopeHost)
	m.check(d.ProfileID == "" || profilePattern.MatchString(d.ProfileID), "dns.profileId",
		strconv.Quote(d.ProfileID)+" is not a Route 53 Profile's ID", "write rp- and what follows it")
	for i, zone := range d.Existing {
		key := fmt.Sprintf("dns.existing[%d]", i)
		m.checkText(domainPattern.MatchString(zone.Name), key+".name", zone.Name, "is not a domain",
			"write the private hosted zone's name, in lower case")
		m.checkText(hostedZonePattern.MatchString(zone.ID), key+".id", zone.ID, "is not a hosted zone's ID",
			"write Z and up to 31 capitals and digits")
		stack.checkRole(m, key+".roleArn", zone.RoleARN, "zone")
		m.check(!slices.ContainsFunc(d.Existing[:i], func(other ExistingZone) bool { return other.Name == zone.Name }), key,
			zone.Name+" is named twice", "take one out")
	}
	for i, association := range d.Associations {
		key := fmt.Sprintf("dns.associations[%d]", i)
		association.check(m, stack, key)
		same := func(other Association) bool { return other.VPCID == association.VPCID }
		m.check(!slices.ContainsFunc(d.Associations[:i], same), key, association.VPCID+" is named twice", "take one out")
	}
	// The stack's own VPC is one of them.
	vpcs := len(d.Associations) + 1
	m.check(vpcs <= vpcsPerZone, "dns.associations", fmt.Sprintf("%d VPCs exceed the %d of a private hosted zone", vpcs, vpcsPerZone),
		"share the zones through a Route 53 Profile (dns.profileId), or have the quota raised and set quotas.vpcsPerZone")
}

func (a Association) check(m *mistakes, stack AWS, key string) {
	checkID(m, key+".vpcId", a.VPCID, "vpc")
	m.check(a.Region == "" || aws.IsRegion(a.Region), key+".region", strconv.Quote(a.Region)+" is not a region",
		"write the code of the VPC's region, for instance us-east-1")
	stack.checkRole(m, key+".roleArn", a.RoleARN, "VPC")
	m.check(a.AccountID == "" || aws.IsAccountID(a.AccountID), key+".accountId", strconv.Quote(a.AccountID)+" is not an account number",
		"write 12 digits in quotes")
	m.check(a.AccountID == "" || a.RoleARN == "", key, "the VPC's account is named both by a role and by its number", "keep roleArn, or accountId where the account offers no role")
}
