package topology

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// Domain is a custom domain of API Gateway.
type Domain struct {
	Host mapping.Host
	// Door is alb for a REGIONAL domain, native for a PRIVATE one.
	Door mapping.FrontDoor
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
	// Segment is the base path without a slash; empty: the root.
	Segment string
	API     mapping.PrivateAPI
	// Row is the row's index in the mapping, for messages.
	Row int
}

// domain is a Domain with its owner and rows.
type domain struct {
	Domain
	account mapping.AccountID
	rows    []*mapping.Row
}

// DomainsFor are the custom domains of a provider account's stack, by host and
// front door: those that rows want, and those by whose way hosts are served
// still. The account's APIs are those of APIsFor.
func (t *Topology) DomainsFor(account mapping.AccountID, listed []mapping.APIID) []Domain {
	var own []Domain
	for _, d := range t.domains {
		isListed := func(path DomainPath) bool { return slices.Contains(listed, path.API.ID) }
		if named := d.account != "" && d.account == account; named || d.account == "" && slices.ContainsFunc(d.Paths, isListed) {
			own = append(own, d.Domain)
		}
	}
	return own
}

// CheckDomains holds the custom domains of one account to its quotas.
func (t *Topology) CheckDomains(m *mapping.Mapping, domains []Domain, limits Limits) error {
	limits, err := limits.withDefaults()
	if err != nil {
		return err
	}
	return errors.Join(domainLimits(m, "the account", domains, limits)...)
}

// findDomains adds the custom domains of all accounts.
func (t *Topology) findDomains(p *placed, limits Limits) []error {
	if len(p.by[mapping.FrontDoorALB])+len(p.by[mapping.FrontDoorNative]) == 0 {
		return nil
	}
	owners := make(map[apiKey]mapping.AccountID, len(t.APIs))
	for _, api := range t.APIs {
		owners[apiKey{api.Region, api.ID}] = api.Account
	}
	type key struct {
		host mapping.Host
		door mapping.FrontDoor
	}
	found := make(map[key]*domain)
	for _, door := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
		for _, row := range p.by[door] {
			d := found[key{row.Host, door}]
			if d == nil {
				d = &domain{
					Domain:  Domain{Host: row.Host, Door: door, Region: row.API.Region},
					account: owners[apiKey{row.API.Region, row.API.ID}],
				}
				found[key{row.Host, door}] = d
			}
			d.add(row)
		}
	}
	t.domains = make([]domain, 0, len(found))
	for _, d := range found {
		slices.SortFunc(d.Paths, func(a, b DomainPath) int { return cmp.Compare(a.Segment, b.Segment) })
		t.domains = append(t.domains, *d)
	}
	slices.SortFunc(t.domains, func(a, b domain) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Door, b.Door))
	})
	var problems []error
	for _, d := range t.domains {
		problems = append(problems, d.conflicts(p.Source, owners)...)
	}
	return append(problems, t.quotasOfDomains(p.Mapping, limits)...)
}

func (d *domain) add(row *mapping.Row) {
	d.rows = append(d.rows, row)
	d.PublicZone = cmp.Or(d.PublicZone, row.PublicZone)
	d.Paths = append(d.Paths, DomainPath{
		Segment: strings.TrimPrefix(string(row.BasePath), "/"),
		API:     row.API,
		Row:     row.Index,
	})
}

// conflicts are those of rows that want a front door already, while the host is
// still served by another that can't carry what they have become meanwhile.
// What rows want, a mapping has been checked for.
func (d *domain) conflicts(source string, owners map[apiKey]mapping.AccountID) []error {
	const remedy = "change FRONT_DOOR alone, and the rest once the host has left its earlier front door (docs/design/front-doors.md)"
	first := d.rows[0]
	var conflicts []error
	for _, row := range d.rows {
		if row.FrontDoor == d.Door {
			continue
		}
		reasons := leaving(row, d.Door)
		switch {
		case len(reasons) > 0:
		case row.API.Region != first.API.Region:
			reasons = []string{"its rows are of two regions, " + first.API.Region + " and " + row.API.Region}
		case owners[apiKey{row.API.Region, row.API.ID}] != d.account:
			reasons = []string{"its rows are of two accounts"}
		default:
			continue
		}
		conflicts = append(conflicts, &ConflictError{
			Problem: "host " + string(d.Host) + " is still served by " + string(d.Door) + ", which can't carry its rows any more: " + strings.Join(reasons, "; "),
			Rows:    []RowRef{refer(source, row)},
			Remedy:  remedy,
		})
	}
	return conflicts
}

// leaving are the reasons for which the front door can't carry the row's paths.
// Timeouts and streams don't matter to a host that leaves the front door.
func leaving(row *mapping.Row, door mapping.FrontDoor) []string {
	patient := *row
	patient.Timeout, patient.Stream = mapping.DefaultTimeout, false
	return patient.Refusals(door)
}

// accountRegion is where an account has quotas of its own.
type accountRegion struct {
	account mapping.AccountID
	region  string
}

// String is the account's part of a message.
func (a accountRegion) String() string {
	if a.account == "" {
		return "the account of rows without one, in " + a.region
	}
	return "account " + string(a.account) + " in " + a.region
}

// domainsByAccount are the custom domains of each account and region.
func (t *Topology) domainsByAccount() map[accountRegion][]Domain {
	by := make(map[accountRegion][]Domain)
	for _, d := range t.domains {
		key := accountRegion{d.account, d.Region}
		by[key] = append(by[key], d.Domain)
	}
	return by
}

// quotasOfDomains reports what the accounts' quotas don't allow.
func (t *Topology) quotasOfDomains(m *mapping.Mapping, limits Limits) []error {
	by := t.domainsByAccount()
	var problems []error
	for _, key := range slices.SortedFunc(maps.Keys(by), accountRegion.compare) {
		problems = append(problems, domainLimits(m, key.String(), by[key], limits)...)
	}
	var private []Domain
	for _, d := range t.domains {
		if d.Door == mapping.FrontDoorNative {
			private = append(private, d.Domain)
		}
	}
	return append(problems, domainLimit(m, private, LimitError{
		Limit:  "access associations of the shared account, one for each host of native",
		Max:    limits.Associations,
		Remedy: "give hosts another FRONT_DOOR, or have the quota raised and set portico:quotas: {associations: N}",
	})...)
}

// domainLimits holds domains of one account to its quotas of either kind.
func domainLimits(m *mapping.Mapping, account string, domains []Domain, limits Limits) []error {
	of := func(door mapping.FrontDoor) []Domain {
		return slices.DeleteFunc(slices.Clone(domains), func(d Domain) bool { return d.Door != door })
	}
	return slices.Concat(
		domainLimit(m, of(mapping.FrontDoorNative), LimitError{
			Limit:  "private custom domains of " + account,
			Max:    limits.PrivateDomains,
			Remedy: "give hosts another FRONT_DOOR, or have the quota raised and set portico:quotas: {privateDomains: N} in the account's stack",
		}),
		domainLimit(m, of(mapping.FrontDoorALB), LimitError{
			Limit:  "Regional custom domains of " + account,
			Max:    limits.RegionalDomains,
			Remedy: "give hosts another FRONT_DOOR, or have the quota raised and set portico:quotas: {regionalDomains: N} in the account's stack",
		}),
	)
}

// domainLimit reports that there are more domains than the limit's maximum.
func domainLimit(m *mapping.Mapping, domains []Domain, limit LimitError) []error {
	if len(domains) <= limit.Max {
		return nil
	}
	var rows []*mapping.Row
	places := make(map[int]bool)
	for _, d := range domains {
		for _, path := range d.Paths {
			places[path.Row] = true
		}
	}
	for i := range m.Rows {
		if places[m.Rows[i].Index] {
			rows = append(rows, &m.Rows[i])
		}
	}
	limit.Need = len(domains)
	return []error{newLimitError(m.Source, rows, limit, func(i int) bool { return i < limit.Max }, func(row *mapping.Row) mapping.Host { return row.Host })}
}
