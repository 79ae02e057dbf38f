package topology

import (
	"cmp"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// API is a REST API and the rows that name it.
type API struct {
	ID        mapping.APIID
	Region    string
	Partition string
	// Account is empty where no row of the API names one.
	Account mapping.AccountID
	// Rows are the API's rows in the file's order, retired ones included.
	Rows []mapping.Row
}

// apiKey identifies an API: IDs are unique in a region.
type apiKey struct {
	region string
	id     mapping.APIID
}

// apis groups rows by API. API Gateway's API IDs are unique in a region, so a
// row that names no account adopts that of the API's other rows.
func apis(source string, rows []mapping.Row) ([]API, []error) {
	type group struct {
		key     apiKey
		account mapping.AccountID
		// named is the row that named the account.
		named int
		rows  []int
	}
	place := make(map[apiKey]int, len(rows))
	groups := make([]group, 0, len(rows))
	var conflicts []error
	for n := range rows {
		row := &rows[n]
		k := apiKey{row.API.Region, row.API.ID}
		i, seen := place[k]
		if !seen {
			i = len(groups)
			place[k] = i
			groups = append(groups, group{key: k})
		}
		g := &groups[i]
		g.rows = append(g.rows, n)
		switch {
		case row.Account == "" || row.Account == g.account:
		case g.account == "":
			g.account, g.named = row.Account, n
		default:
			conflicts = append(conflicts, &ConflictError{
				Problem: "API " + string(row.API.ID) + " in " + row.API.Region + " is given to two accounts, " +
					string(g.account) + " and " + string(row.Account),
				Rows:   []RowRef{refer(source, &rows[g.named]), refer(source, row)},
				Remedy: "give every row of the API the ACCOUNT that owns it",
			})
		}
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.key.region, b.key.region), cmp.Compare(a.key.id, b.key.id))
	})
	grouped := make([]API, 0, len(groups))
	members := make([]mapping.Row, 0, len(rows))
	for _, g := range groups {
		first := len(members)
		for _, n := range g.rows {
			members = append(members, rows[n])
		}
		// Full slice expressions: an append to one API's rows must not reach
		// into the next one's.
		grouped = append(grouped, API{
			ID: g.key.id, Region: g.key.region, Partition: rows[g.rows[0]].API.Partition, Account: g.account,
			Rows: members[first:len(members):len(members)],
		})
	}
	return grouped, conflicts
}

// APIs are every API that a row of the mapping names, retired rows included, by
// account, region and ID. Of accounts that Check reports, the API has the first.
func APIs(m *mapping.Mapping) []API {
	grouped, _ := apis(m.Source, m.Rows)
	return grouped
}

// APIsOf are the APIs of a provider account's stack: those whose rows name the
// account, and of those whose rows name none, the listed ones.
func APIsOf(apis []API, account mapping.AccountID, listed []mapping.APIID) []API {
	var own []API
	for _, api := range apis {
		named := api.Account != "" && api.Account == account
		if named || api.Account == "" && slices.Contains(listed, api.ID) {
			own = append(own, api)
		}
	}
	return own
}
