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
	// Door is alb for a REGIONAL domain, native for a PRIVATE one.
	Door mapping.FrontDoor
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
	// Segment is the base path without a slash; empty: the root.
	Segment string
	API     mapping.PrivateAPI
	// Row is the row's index in the mapping, for messages.
	Row int
}

// Domains are the custom domains of all accounts while the mapping's hosts are
// in the states of a plan, by host and front door: those that rows want, and
// those by which hosts are served still. The APIs are those of the mapping. The
// error joins one *ConflictError for each row that an earlier front door of its
// host can't carry any more.
func Domains(m *mapping.Mapping, apis []API, at migration.Plan) ([]Domain, error) {
	domains, conflicts := place(m, at).domains(apis)
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

// CheckDomainQuotas reports what the quotas of one account don't allow of its
// custom domains. The error joins a *LimitError for each quota.
func CheckDomainQuotas(m *mapping.Mapping, domains []Domain, quotas Quotas) error {
	quotas, err := quotas.checked()
	if err != nil {
		return err
	}
	return errors.Join(domainLimits(m, "the account", domains, quotas)...)
}

// domains are the custom domains of all accounts, and the conflicts of rows that
// an earlier front door can't carry.
func (p *placed) domains(apis []API) ([]Domain, []error) {
	if len(p.by[mapping.FrontDoorALB])+len(p.by[mapping.FrontDoorNative]) == 0 {
		return nil, nil
	}
	owners := make(map[apiKey]mapping.AccountID, len(apis))
	for _, api := range apis {
		owners[apiKey{api.Region, api.ID}] = api.Account
	}
	type key struct {
		host mapping.Host
		door mapping.FrontDoor
	}
	found := make(map[key]*domainRows)
	for _, door := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
		for _, row := range p.by[door] {
			d := found[key{row.Host, door}]
			if d == nil {
				d = &domainRows{Domain: Domain{
					Host: row.Host, Door: door, Region: row.API.Region,
					Account: owners[apiKey{row.API.Region, row.API.ID}],
				}}
				found[key{row.Host, door}] = d
			}
			d.add(row)
		}
	}
	inOrder := slices.SortedFunc(maps.Values(found), func(a, b *domainRows) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Door, b.Door))
	})
	domains := make([]Domain, 0, len(found))
	var conflicts []error
	for _, d := range inOrder {
		slices.SortFunc(d.Paths, func(a, b DomainPath) int { return cmp.Compare(a.Segment, b.Segment) })
		domains = append(domains, d.Domain)
		conflicts = append(conflicts, d.conflicts(p.Source, owners)...)
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
		Segment: strings.TrimPrefix(string(row.BasePath), "/"),
		API:     row.API,
		Row:     row.Index,
	})
}

// conflicts are those of rows that want a front door already, while the host is
// still served by another that can't carry what they have become meanwhile.
// What rows want, a mapping has been checked for.
func (d *domainRows) conflicts(source string, owners map[apiKey]mapping.AccountID) []error {
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
		case owners[apiKey{row.API.Region, row.API.ID}] != d.Account:
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
	patient := row.With(door)
	patient.Timeout, patient.Stream = mapping.DefaultTimeout, false
	var reasons []string
	for _, refusal := range mapping.Check([]mapping.Row{patient}) {
		reasons = append(reasons, refusal.Reason)
	}
	return reasons
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
	for _, d := range t.Domains {
		key := accountRegion{d.Account, d.Region}
		by[key] = append(by[key], d)
	}
	return by
}

// domainQuotas reports what the quotas of the accounts that own APIs, and those
// of the shared account, don't allow.
func (t *Topology) domainQuotas(m *mapping.Mapping, quotas Quotas) []error {
	by := t.domainsByAccount()
	var problems []error
	for _, key := range slices.SortedFunc(maps.Keys(by), accountRegion.compare) {
		problems = append(problems, domainLimits(m, key.String(), by[key], quotas)...)
	}
	var private []Domain
	for _, d := range t.Domains {
		if d.Door == mapping.FrontDoorNative {
			private = append(private, d)
		}
	}
	return append(problems, domainLimit(m, private, LimitError{
		Limit:  "access associations of the shared account, one for each host of native",
		Max:    quotas.Associations,
		Remedy: "give hosts another FRONT_DOOR, or have the quota raised and set portico:quotas: {associations: N}",
	})...)
}

// domainLimits holds domains of one account to its quotas of either kind.
func domainLimits(m *mapping.Mapping, account string, domains []Domain, quotas Quotas) []error {
	of := func(door mapping.FrontDoor) []Domain {
		return slices.DeleteFunc(slices.Clone(domains), func(d Domain) bool { return d.Door != door })
	}
	return slices.Concat(
		domainLimit(m, of(mapping.FrontDoorNative), LimitError{
			Limit:  "private custom domains of " + account,
			Max:    quotas.PrivateDomains,
			Remedy: "give hosts another FRONT_DOOR, or have the quota raised and set portico:quotas: {privateDomains: N} in the account's stack",
		}),
		domainLimit(m, of(mapping.FrontDoorALB), LimitError{
			Limit:  "Regional custom domains of " + account,
			Max:    quotas.RegionalDomains,
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
