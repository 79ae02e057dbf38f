package awssim

import (
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
// that waited for a record of this name.
func (c *call) issueCertificates(fqdn string) {
	for _, certificate := range c.everywhere(certificateType) {
		if certificate.Properties.Text("status") != "PENDING_VALIDATION" || !asksFor(certificate, fqdn) {
			continue
		}
		owner := c.in(certificate.Account, certificate.Region)
		if names := owner.certificateNames(certificate.Properties); owner.validated(names) {
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

func (c *call) validated(names []string) bool { return c.whyNotValidated(names) == nil }

// whyNotValidated tells for each name what public DNS lacks.
func (c *call) whyNotValidated(names []string) error {
	var reasons []error
	for _, name := range names {
		record := c.validationRecord(name)
		if reason := c.publicCNAME(record.name, record.value); reason != "" && !slices.ContainsFunc(reasons, func(e error) bool { return e.Error() == reason }) {
			reasons = append(reasons, errors.New(reason))
		}
	}
	return errors.Join(reasons...)
}

// publicCNAME tells why a public resolver would not find the record, or "".
func (c *call) publicCNAME(name, value string) string {
	zone := c.publicZone(name)
	if zone == nil {
		return fmt.Sprintf("no public hosted zone answers for %s", name)
	}
	for _, record := range c.recordsAlsoStaged() {
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

// recordsAlsoStaged is every record there is, this call's included.
func (c *call) recordsAlsoStaged() []*Resource {
	all := c.everywhere(recordType)
	for _, r := range c.change.Put {
		if r.Type == recordType {
			all = append(all, r)
		}
	}
	return all
}

// publicZone is the public hosted zone that answers for a name: the closest
// one that is delegated. The world's zones are; one that a program creates is
// once its parent has an NS record that names its servers.
func (c *call) publicZone(name string) *Resource {
	var closest *Resource
	for _, zone := range c.everywhere(zoneType) {
		if !isEmpty(zone.Properties["vpcs"]) || !nameWithin(name, zone.Properties.Text("name")) || !c.delegated(zone) {
			continue
		}
		if closest == nil || len(zone.Properties.Text("name")) > len(closest.Properties.Text("name")) {
			closest = zone
		}
	}
	return closest
}

func (c *call) delegated(zone *Resource) bool {
	if zone.Hidden.Flag("delegated") {
		return true
	}
	for _, record := range c.recordsAlsoStaged() {
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

// canonicalName is a DNS name in lower case without its trailing dot.
func canonicalName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// nameWithin tells whether a name is a zone's own or below it.
func nameWithin(name, zone string) bool {
	name, zone = canonicalName(name), canonicalName(zone)
	return name == zone || strings.HasSuffix(name, "."+zone)
}
