package topology

import (
	"cmp"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// apis groups rows by API. API Gateway's API IDs are unique in a region, so a
// row that names no account adopts that of the API's other rows.
func apis(source string, rows []mapping.Row) ([]API, []error) {
	type key struct {
		region string
		id     mapping.APIID
	}
	place := make(map[key]int)
	namedBy := make(map[key]mapping.Row)
	var grouped []API
	var conflicts []error
	for _, row := range rows {
		k := key{row.API.Region, row.API.ID}
		i, seen := place[k]
		if !seen {
			i = len(grouped)
			place[k] = i
			grouped = append(grouped, API{ID: row.API.ID, Region: row.API.Region, Partition: row.API.Partition})
		}
		api := &grouped[i]
		api.Rows = append(api.Rows, row)
		switch {
		case row.Account == "" || row.Account == api.Account:
		case api.Account == "":
			api.Account, namedBy[k] = row.Account, row
		default:
			conflicts = append(conflicts, &ConflictError{
				Problem: "API " + string(row.API.ID) + " in " + row.API.Region + " is given to two accounts, " +
					string(api.Account) + " and " + string(row.Account),
				Rows:   []RowRef{refer(source, namedBy[k]), refer(source, row)},
				Remedy: "give every row of the API the ACCOUNT that owns it",
			})
		}
	}
	slices.SortFunc(grouped, func(a, b API) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID))
	})
	return grouped, conflicts
}

// APIsFor are the APIs of a provider account's stack: those whose rows name
// the account, and of those whose rows name none, the listed ones.
func (t *Topology) APIsFor(account mapping.AccountID, listed []mapping.APIID) []API {
	var own []API
	for _, api := range t.APIs {
		named := api.Account != "" && api.Account == account
		if named || api.Account == "" && slices.Contains(listed, api.ID) {
			own = append(own, api)
		}
	}
	return own
}
