package topology

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/mapping"
)

// Domain is a custom domain of API Gateway.
type Domain struct {
	Host mapping.Host
	// FrontDoor is alb for a REGIONAL domain, native for a PRIVATE one.
	FrontDoor mapping.FrontDoor
	// Account owns the domain's APIs; empty where no row of them names one.
	Account mapping.AccountID
	// Region is that of the domain's APIs.
	Region string
	// PublicZone is the public hosted zone that validates the domain's
	// certificate; empty: the nearest public parent zone.
	PublicZone mapping.Zone
	// Paths are the domain's base path mappings, by segment.
	Paths []DomainPath
}

// DomainPath is a base path mapping.
type DomainPath struct {
	// BasePath is the base path without its slash; empty: the root.
	BasePath string
	API      mapping.PrivateAPI
	// Row is the row's index in the mapping, for messages.
	Row int
}

// Domains are the custom domains of all accounts while the mapping's hosts are
// in the states of a plan, by host and front door: those that rows want, and
// those by which hosts are served still. The APIs are those of the mapping. The
// error joins one *ConflictError for each row that an earlier front door of its
// host can't carry any more.
func Domains(m *mapping.Mapping, apis []API, at migration.Plan) ([]Domain, error) {
	domains, conflicts := sortRows(m, at).domains(apis)
	return domains, errors.Join(conflicts...)
}

// DomainsOf are the custom domains of a provider account's stack. The account's
// APIs are those of APIsOf.
func DomainsOf(domains []Domain, account mapping.AccountID, listed []mapping.APIID) []Domain {
	var own []Domain
	for _, d := range domains {
		isListed := func(path DomainPath) bool { return slices.Contains(listed, path.API.ID) }
		if named := d.Account != "" && d.Account == account; named || d.Account == "" && slices.ContainsFunc(d.Paths, isListed) {
			own = append(own, d)
		}
	}
	return own
}

// domains are the custom domains of all accounts, and the conflicts of rows that
// an earlier front door can't carry.
func (r *rowSets) domains(apis []API) ([]Domain, []error) {
	if len(r.by[mapping.FrontDoorALB])+len(r.by[mapping.FrontDoorNative]) == 0 {
		return nil, nil
	}
	owners := make(map[apiKey]mapping.AccountID, len(apis))
	for _, api := range apis {
		owners[apiKey{api.Region, api.ID}] = api.Account
	}
	type key struct {
		host      mapping.Host
		frontDoor mapping.FrontDoor
	}
	found := make(map[key]*domainRows)
	for _, frontDoor := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
		for _, row := range r.by[frontDoor] {
			d := found[key{row.Host, frontDoor}]
			if d == nil {
				d = &domainRows{Domain: Domain{
					Host: row.Host, FrontDoor: frontDoor, Region: row.API.Region,
					Account: owners[apiKey{row.API.Region, row.API.ID}],
				}}
				found[key{row.Host, frontDoor}] = d
			}
			d.add(row)
		}
	}
	inOrder := slices.SortedFunc(maps.Values(found), func(a, b *domainRows) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.FrontDoor, b.FrontDoor))
	})
	domains := make([]Domain, 0, len(found))
	var conflicts []error
	for _, d := range inOrder {
		slices.SortFunc(d.Paths, func(a, b DomainPath) int { return cmp.Compare(a.BasePath, b.BasePath) })
		domains = append(domains, d.Domain)
		conflicts = append(conflicts, d.conflicts(r.Source, owners)...)
	}
	return domains, conflicts
}

// domainRows is a custom domain with its rows.
type domainRows struct {
	Domain
	rows []*mapping.Row
}

func (d *domainRows) add(row *mapping.Row) {
	d.rows = append(d.rows, row)
	d.PublicZone = cmp.Or(d.PublicZone, row.PublicZone)
	d.Paths = append(d.Paths, DomainPath{
		BasePath: strings.TrimPrefix(string(row.BasePath), "/"),
		API:      row.API,
		Row:      row.Index,
	})
}

// conflicts are those of rows that want another front door, while the host is
// still served by this one, which can't carry the rows as they are now. That the
// wanted front door can carry them, the mapping has been checked for.
func (d *domainRows) conflicts(source string, owners map[apiKey]mapping.AccountID) []error {
	const remedy = "change FRONT_DOOR alone, and the rest once the host has left its earlier front door (docs/design/front-doors.md)"
	first := d.rows[0]
	var conflicts []error
	for _, row := range d.rows {
		if row.FrontDoor == d.FrontDoor {
			continue
		}
		reasons := leaving(row, d.FrontDoor)
		switch {
		case len(reasons) > 0:
		case row.API.Region != first.API.Region:
			reasons = []string{"its rows are of two regions, " + first.API.Region + " and " + row.API.Region}
		case owners[apiKey{row.API.Region, row.API.ID}] != d.Account:
			reasons = []string{"its rows are of two accounts"}
		default:
			continue
		}
		conflicts = append(conflicts, &ConflictError{
			Problem: "host " + string(d.Host) + " is still served by " + string(d.FrontDoor) + ", which can't carry its rows any more: " + strings.Join(reasons, "; "),
			Rows:    []RowRef{refer(source, row)},
			Remedy:  remedy,
		})
	}
	return conflicts
}

// leaving are the reasons for which the front door can't carry the row's paths.
// Timeouts and streams don't matter to a host that leaves the front door.
func leaving(row *mapping.Row, frontDoor mapping.FrontDoor) []string {
	patient := row.With(frontDoor)
	patient.Timeout, patient.Stream = mapping.DefaultTimeout, false
	var reasons []string
	for _, refusal := range mapping.Check([]mapping.Row{patient}) {
		reasons = append(reasons, refusal.Reason)
	}
	return reasons
}
