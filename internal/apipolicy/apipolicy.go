// Package apipolicy says what a mapping's rows ask of the resource policy of the
// API that they lead to. The stacks, the command line and the review of a change
// all ask here, so that none of them grants more than another shows.
package apipolicy

import (
	"fmt"

	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Request is the part of a merge that follows from the mapping: the API, the
// account that owns it, and what its rows grant. The rows may leave the account
// unnamed, so it is the caller's to say.
func Request(api topology.API, account mapping.AccountID) resourcepolicy.Request {
	return resourcepolicy.Request{
		Partition: api.Partition,
		Region:    api.Region,
		AccountID: string(account),
		APIID:     string(api.ID),
		Grants:    Grants(api.Rows),
	}
}

// Grants are what the rows allow to who comes through the proxy: retired rows,
// and those of front doors whose requests don't pass it, allow nothing.
func Grants(rows []mapping.Row) []resourcepolicy.Grant {
	var grants []resourcepolicy.Grant
	for _, row := range rows {
		if row.Retired || row.FrontDoor != mapping.FrontDoorNGINX {
			continue
		}
		var methods []string
		for _, method := range row.Methods {
			methods = append(methods, string(method))
		}
		grants = append(grants, resourcepolicy.Grant{
			Host:    string(row.Host),
			Stage:   string(row.API.Stage),
			Path:    string(row.API.Path),
			Methods: methods,
			Source:  Source(row),
		})
	}
	return grants
}

// Source names a row in messages: `APIS[3] (orders.example.com/v1)`.
func Source(row mapping.Row) string {
	return fmt.Sprintf("APIS[%d] (%s%s)", row.Index, row.Host, row.BasePath)
}
