package issuance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// A certificate is issued when, for each of its names, public DNS answers with
// the record that proves control of it: the record must be in the hosted
// zone to which the name is delegated, in any account. What is
// issued stays so when the record goes.

// CheckIssued refuses a certificate that is not issued, as listeners do.
func CheckIssued(op *engine.Op, arn string) error {
	certificate := op.FindBy(view.CertificateType, "arn", arn)
	if certificate == nil || certificate.Properties.Text("status") == "ISSUED" {
		return nil // references tell what is not there
	}
	return op.Refuse("UnsupportedCertificate", "The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size: "+
		"it is not issued yet (status %s)", arn, certificate.Properties.Text("status"))
}

// IssueCertificates stages the issuance of the certificates, in any account,
// that waited for a record, which the operation is about to write.
func IssueCertificates(op *engine.Op, record *engine.Resource) {
	fqdn := record.Properties.Text("fqdn")
	for _, certificate := range op.Everywhere(view.CertificateType) {
		if certificate.Properties.Text("status") != "PENDING_VALIDATION" || !asksFor(certificate, fqdn) {
			continue
		}
		owner := op.In(certificate.Account, certificate.Region)
		if names := CertificateNames(owner, certificate.Properties); Validated(owner, names, record) {
			issued := certificate.Clone()
			issued.Properties["status"] = StatusOfValidated(owner, names)
			op.Put(issued)
		}
	}
}

// asksFor reports whether a certificate is validated by a record of that name.
func asksFor(certificate *engine.Resource, fqdn string) bool {
	return slices.ContainsFunc(certificate.Properties.Objects("domainValidationOptions"), func(option engine.Object) bool {
		return view.CanonicalName(option.Text("resourceRecordName")) == view.CanonicalName(fqdn)
	})
}

// StatusOfValidated is what becomes of a certificate whose names are validated.
func StatusOfValidated(op *engine.Op, names []string) string {
	if ForbiddenByCAA(op, names) {
		return "FAILED"
	}
	return "ISSUED"
}

// Validated reports whether public DNS has what validates each name.
func Validated(op *engine.Op, names []string, pending *engine.Resource) bool {
	return WhyNotValidated(op, names, pending) == nil
}

// WhyNotValidated is what public DNS lacks for each name, with a record that the
// operation is about to write, or nil.
func WhyNotValidated(op *engine.Op, names []string, pending *engine.Resource) error {
	var reasons []error
	for _, name := range names {
		record := ValidationRecord(op, name)
		if reason := publicCNAME(op, record.Name, record.Value, pending); reason != "" && !slices.ContainsFunc(reasons, func(e error) bool { return e.Error() == reason }) {
			reasons = append(reasons, errors.New(reason))
		}
	}
	return errors.Join(reasons...)
}

// publicCNAME tells why a public resolver would not find the record, or "".
func publicCNAME(op *engine.Op, name, value string, pending *engine.Resource) string {
	zone := publicZone(op, name, pending)
	if zone == nil {
		return fmt.Sprintf("no public hosted zone answers for %s", name)
	}
	for _, record := range op.EverywhereWith(view.RecordType, pending) {
		p := record.Properties
		if p.Text("zoneId") == zone.ID && p.Text("type") == "CNAME" && view.CanonicalName(p.Text("fqdn")) == view.CanonicalName(name) {
			if slices.ContainsFunc(p.Texts("records"), func(v string) bool { return view.CanonicalName(v) == view.CanonicalName(value) }) {
				return ""
			}
			return fmt.Sprintf("the CNAME %s in zone %s has another value than %s", name, zone.ID, value)
		}
	}
	return fmt.Sprintf("zone %s (%s) of account %s, which answers for %s, has no CNAME of that name",
		zone.ID, zone.Properties.Text("name"), zone.Account, name)
}

// publicZone is the public hosted zone that answers for a name: the closest
// one that is delegated. The setup's zones are; one that a program creates is
// once its parent has an NS record that names its servers.
func publicZone(op *engine.Op, name string, pending *engine.Resource) *engine.Resource {
	var closest *engine.Resource
	for _, zone := range op.Everywhere(view.ZoneType) {
		if !engine.IsEmpty(zone.Properties["vpcs"]) || !view.NameWithin(name, zone.Properties.Text("name")) || !delegated(op, zone, pending) {
			continue
		}
		if closest == nil || len(zone.Properties.Text("name")) > len(closest.Properties.Text("name")) {
			closest = zone
		}
	}
	return closest
}

func delegated(op *engine.Op, zone, pending *engine.Resource) bool {
	if zone.Hidden.Flag("delegated") {
		return true
	}
	for _, record := range op.EverywhereWith(view.RecordType, pending) {
		p := record.Properties
		if p.Text("type") == "NS" && view.CanonicalName(p.Text("fqdn")) == view.CanonicalName(zone.Properties.Text("name")) &&
			slices.ContainsFunc(p.Texts("records"), func(server string) bool {
				return slices.Contains(zone.Properties.Texts("nameServers"), strings.TrimSuffix(server, "."))
			}) {
			return true
		}
	}
	return false
}

// CertificateNames is the names that a certificate is for, the domain name
// first, each once.
func CertificateNames(op *engine.Op, certificate engine.Object) []string {
	names := []string{strings.ToLower(certificate.Text("domainName"))}
	for _, name := range certificate.Texts("subjectAlternativeNames") {
		if name = strings.ToLower(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// certificateRecord proves control of a name.
type certificateRecord struct{ Name, Value string }

// ValidationRecord is the same for a wildcard and its parent, and for all
// certificates of an account that ask for the name. It leads to a domain of ACM's:
// "_hex.name. CNAME _hex.letters.acm-validations.aws.".
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func ValidationRecord(op *engine.Op, name string) certificateRecord {
	parent := strings.TrimPrefix(name, "*.")
	label := func(of string) string {
		return "_" + engine.Characters(engine.HexDigits, "acm|"+op.Account+"|"+parent+"|"+of, 32)
	}
	return certificateRecord{label("name") + "." + parent, label("value") + "." + engine.Characters(engine.Letters, op.Account, 10) + ".acm-validations.aws"}
}
