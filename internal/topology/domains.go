package topology

import (
	"cmp"
	"slices"

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

// domain is a Domain with its owner.
type domain struct {
	Domain
	account mapping.AccountID
}

// DomainsFor are the custom domains of a provider account's stack, by host and
// front door: those that rows want, and those by whose way hosts are served
// still. The account's APIs are those of APIsFor.
func (t *Topology) DomainsFor(account mapping.AccountID, listed []mapping.APIID) []Domain {
	var own []Domain
	for _, d := range t.domains {
		named := d.account != "" && d.account == account
		if named || d.account == "" && slices.Contains(listed, d.Paths[0].API.ID) {
			own = append(own, d.Domain)
		}
	}
	return own
}

// domains are the custom domains of all accounts.
func domains(rows []mapping.Row, apis []API, at map[mapping.Host]Placement) []domain {
	type key struct {
		host mapping.Host
		door mapping.FrontDoor
	}
	owners := make(map[apiKey]mapping.AccountID, len(apis))
	for _, api := range apis {
		owners[apiKey{api.Region, api.ID}] = api.Account
	}
	found := make(map[key]*domain)
	for _, row := range rows {
		if row.Retired {
			continue
		}
		for _, door := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
			if row.FrontDoor != door && !at[row.Host].Serves(door) {
				continue
			}
			d := found[key{row.Host, door}]
			if d == nil {
				d = &domain{
					Domain:  Domain{Host: row.Host, Door: door, Region: row.API.Region},
					account: owners[apiKey{row.API.Region, row.API.ID}],
				}
				found[key{row.Host, door}] = d
			}
			d.PublicZone = cmp.Or(d.PublicZone, row.PublicZone)
			path := DomainPath{API: row.API, Row: row.Index}
			if row.BasePath != "" {
				path.Segment = string(row.BasePath[1:])
			}
			d.Paths = append(d.Paths, path)
		}
	}
	var all []domain
	for _, d := range found {
		slices.SortFunc(d.Paths, func(a, b DomainPath) int { return cmp.Compare(a.Segment, b.Segment) })
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b domain) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Door, b.Door))
	})
	return all
}
