package automation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// The types of what issues a certificate by DNS.
const (
	validationType = "aws:acm/certificateValidation:CertificateValidation"
	recordType     = "aws:route53/record:Record"
)

// awaitedCertificates are the certificates that a run waits for, by the engine's
// events: AWS's errors name a certificate by its ARN alone.
type awaitedCertificates struct {
	// records are the names of the validation records by the URNs of what waits.
	records map[string][]string
	// zones are the IDs of the records' public zones, by the records' names.
	zones map[string]string
	// zoneNames are the zones' names by their IDs.
	zoneNames map[string]string
}

// validatingZone matches the line by which a program names a zone and its ID.
var validatingZone = regexp.MustCompile(`^public zone (\S+) \((\S+)\) validates \S+$`)

// note reads a line that a program has logged.
func (a *awaitedCertificates) note(text string) {
	if found := validatingZone.FindStringSubmatch(text); found != nil {
		if a.zoneNames == nil {
			a.zoneNames = map[string]string{}
		}
		a.zoneNames[found[2]] = found[1]
	}
}

// read notes validations and their records.
func (a *awaitedCertificates) read(m apitype.StepEventMetadata) {
	if m.New == nil {
		return
	}
	switch m.Type {
	case validationType:
		names, _ := m.New.Inputs["validationRecordFqdns"].([]any)
		if a.records == nil {
			a.records = map[string][]string{}
		}
		a.records[m.URN] = nil
		for _, name := range names {
			if text, ok := name.(string); ok {
				a.records[m.URN] = append(a.records[m.URN], text)
			}
		}
	case recordType:
		fqdn, _ := m.New.Outputs["fqdn"].(string)
		if zone, _ := m.New.Outputs["zoneId"].(string); fqdn != "" && zone != "" {
			if a.zones == nil {
				a.zones = map[string]string{}
			}
			a.zones[fqdn] = zone
		}
	}
}

// of says for which domains a validation waited, and in which zones their records
// are; empty: it is not known.
func (a *awaitedCertificates) of(urn string) string {
	var parts []string
	for _, record := range a.records[urn] {
		_, domain, _ := strings.Cut(record, ".") // ACM's label is the first
		zone := a.zones[record]
		if name := a.zoneNames[zone]; name != "" {
			zone = fmt.Sprintf("%s (%s)", name, zone)
		}
		parts = append(parts, fmt.Sprintf("%s is validated by record %s of public zone %s", domain, record, zone))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
