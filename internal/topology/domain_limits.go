package topology

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// CheckDomainQuotas reports what the quotas of one account don't allow of its
// custom domains. The error joins a *LimitError for each quota.
func CheckDomainQuotas(m *mapping.Mapping, domains []Domain, quotas Quotas) error {
	quotas, err := quotas.checked()
	if err != nil {
		return err
	}
	return errors.Join(domainLimits(m, "the account", domains, quotas)...)
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

func (a accountRegion) compare(b accountRegion) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region))
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
		if d.FrontDoor == mapping.FrontDoorNative {
			private = append(private, d)
		}
	}
	return append(problems, domainLimit(m, private, LimitError{
		Limit:  "access associations of the shared account, one for each host of native",
		Max:    quotas.Associations,
		Remedy: "give hosts another FRONT_DOOR, or have the quota raised and set portico:quotas: {associations: N}",
	})...)
}

// domainLimits reports what one account's quotas of PRIVATE and REGIONAL domains
// don't allow.
func domainLimits(m *mapping.Mapping, account string, domains []Domain, quotas Quotas) []error {
	of := func(frontDoor mapping.FrontDoor) []Domain {
		return slices.DeleteFunc(slices.Clone(domains), func(d Domain) bool { return d.FrontDoor != frontDoor })
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
	of := make(map[int]bool)
	for _, d := range domains {
		for _, path := range d.Paths {
			of[path.Row] = true
		}
	}
	for i := range m.Rows {
		if of[m.Rows[i].Index] {
			rows = append(rows, &m.Rows[i])
		}
	}
	limit.Need = len(domains)
	return []error{newLimitError(m.Source, rows, limit, func(i int) bool { return i < limit.Max }, func(row *mapping.Row) mapping.Host { return row.Host })}
}
