package issuance

import (
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// amazonsNames are those by which a CAA record lets Amazon issue
// (https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html).
var amazonsNames = []string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}

// ForbiddenByCAA reports whether a CAA record keeps Amazon from issuing a
// certificate for one of the names. The records of the closest name that has any
// count, climbing from the name itself (RFC 8659, section 3); for a wildcard its
// issuewild values, if it has such.
func ForbiddenByCAA(op *engine.Op, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		bare, isWildcard := strings.CutPrefix(name, "*.")
		for at := bare; strings.Contains(at, "."); _, at, _ = strings.Cut(at, ".") {
			if values := caaRecords(op, at); len(values) > 0 {
				return !admitsAmazon(values, isWildcard)
			}
		}
		return false
	})
}

// caaRecords are the values of the CAA records that public DNS has at a name.
func caaRecords(op *engine.Op, name string) []string {
	zone := publicZone(op, name, nil)
	if zone == nil {
		return nil
	}
	var values []string
	for _, record := range op.Everywhere(view.RecordType) {
		p := record.Properties
		if p.Text("zoneId") == zone.ID && p.Text("type") == "CAA" && view.CanonicalName(p.Text("fqdn")) == view.CanonicalName(name) {
			values = append(values, p.Texts("records")...)
		}
	}
	return values
}

func admitsAmazon(values []string, isWildcard bool) bool {
	byTag := map[string][]string{}
	for _, value := range values {
		if fields := strings.Fields(value); len(fields) >= 3 {
			issuer, _, _ := strings.Cut(strings.Trim(strings.Join(fields[2:], " "), `"`), ";")
			byTag[strings.ToLower(fields[1])] = append(byTag[strings.ToLower(fields[1])], strings.TrimSpace(issuer))
		}
	}
	issuers, restricted := byTag["issue"]
	if wild, given := byTag["issuewild"]; isWildcard && given {
		issuers, restricted = wild, true
	}
	return !restricted || slices.ContainsFunc(issuers, func(issuer string) bool { return slices.Contains(amazonsNames, issuer) })
}
