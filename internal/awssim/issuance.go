package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A certificate is issued when, for each of its names, public DNS answers with
// the record that proves control of it: the record must stand in the hosted
// zone to which the name is delegated, whoever's account that is in. What is
// issued stays so when the record goes.

// checkIssued refuses a certificate that is not issued, as listeners do.
func (c *call) checkIssued(arn string) error {
	certificate := c.findBy(certificateType, "arn", arn)
	if certificate == nil || certificate.Properties.Text("status") == "ISSUED" {
		return nil // references tell what is not there
	}
	return c.refuse("UnsupportedCertificate", "The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size: "+
		"it is not issued yet (status %s)", arn, certificate.Properties.Text("status"))
}

// issueCertificates stages the issuance of the certificates, in any account,
// that waited for a record, which the operation is about to write.
func (c *call) issueCertificates(record *Resource) {
	fqdn := record.Properties.Text("fqdn")
	for _, certificate := range c.everywhere(certificateType) {
		if certificate.Properties.Text("status") != "PENDING_VALIDATION" || !asksFor(certificate, fqdn) {
			continue
		}
		owner := c.in(certificate.Account, certificate.Region)
		if names := owner.certificateNames(certificate.Properties); owner.validated(names, record) {
			issued := certificate.clone()
			issued.Properties["status"] = "ISSUED"
			c.put(issued)
		}
	}
}

// asksFor tells whether a certificate is validated by a record of that name.
func asksFor(certificate *Resource, fqdn string) bool {
	return slices.ContainsFunc(certificate.Properties.Objects("domainValidationOptions"), func(option Object) bool {
		return canonicalName(option.Text("resourceRecordName")) == canonicalName(fqdn)
	})
}

func (c *call) validated(names []string, pending *Resource) bool {
	return c.whyNotValidated(names, pending) == nil
}

// whyNotValidated is what public DNS lacks for each name, with a record that the
// operation is about to write, or nil.
func (c *call) whyNotValidated(names []string, pending *Resource) error {
	var reasons []error
	for _, name := range names {
		record := c.validationRecord(name)
		if reason := c.publicCNAME(record.name, record.value, pending); reason != "" && !slices.ContainsFunc(reasons, func(e error) bool { return e.Error() == reason }) {
			reasons = append(reasons, errors.New(reason))
		}
	}
	return errors.Join(reasons...)
}

// publicCNAME tells why a public resolver would not find the record, or "".
func (c *call) publicCNAME(name, value string, pending *Resource) string {
	zone := c.publicZone(name, pending)
	if zone == nil {
		return fmt.Sprintf("no public hosted zone answers for %s", name)
	}
	for _, record := range c.everywhereWith(recordType, pending) {
		p := record.Properties
		if p.Text("zoneId") == zone.ID && p.Text("type") == "CNAME" && canonicalName(p.Text("fqdn")) == canonicalName(name) {
			if slices.ContainsFunc(p.Texts("records"), func(v string) bool { return canonicalName(v) == canonicalName(value) }) {
				return ""
			}
			return fmt.Sprintf("the CNAME %s in zone %s has another value than %s", name, zone.ID, value)
		}
	}
	return fmt.Sprintf("zone %s (%s) of account %s, which answers for %s, has no CNAME of that name",
		zone.ID, zone.Properties.Text("name"), zone.Account, name)
}

// publicZone is the public hosted zone that answers for a name: the closest
// one that is delegated. The world's zones are; one that a program creates is
// once its parent has an NS record that names its servers.
func (c *call) publicZone(name string, pending *Resource) *Resource {
	var closest *Resource
	for _, zone := range c.everywhere(zoneType) {
		if !isEmpty(zone.Properties["vpcs"]) || !nameWithin(name, zone.Properties.Text("name")) || !c.delegated(zone, pending) {
			continue
		}
		if closest == nil || len(zone.Properties.Text("name")) > len(closest.Properties.Text("name")) {
			closest = zone
		}
	}
	return closest
}

func (c *call) delegated(zone, pending *Resource) bool {
	if zone.Hidden.Flag("delegated") {
		return true
	}
	for _, record := range c.everywhereWith(recordType, pending) {
		p := record.Properties
		if p.Text("type") == "NS" && canonicalName(p.Text("fqdn")) == canonicalName(zone.Properties.Text("name")) &&
			slices.ContainsFunc(p.Texts("records"), func(server string) bool {
				return slices.Contains(zone.Properties.Texts("nameServers"), strings.TrimSuffix(server, "."))
			}) {
			return true
		}
	}
	return false
}

// certificateNames is the names that a certificate is for, the domain name
// first, each once.
func (c *call) certificateNames(certificate Object) []string {
	names := []string{strings.ToLower(certificate.Text("domainName"))}
	for _, name := range certificate.Texts("subjectAlternativeNames") {
		if name = strings.ToLower(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// certificateRecord proves control of a name.
type certificateRecord struct{ name, value string }

// validationRecord is the same for a wildcard and its parent, and for all
// certificates of an account that ask for the name.
func (c *call) validationRecord(name string) certificateRecord {
	parent := strings.TrimPrefix(name, "*.")
	sum := sha256.Sum256([]byte("acm|" + c.account + "|" + parent))
	digits := hex.EncodeToString(sum[:])
	return certificateRecord{"_" + digits[:32] + "." + parent, fmt.Sprintf("_%s.simulated.acm-validations.aws", digits[32:])}
}
