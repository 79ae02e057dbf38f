// Package apipolicy says what a mapping's rows ask of the resource policy of the
// API that they lead to. The stacks, the command line and the review of a change
// all ask here, so that none of them grants more than another shows.
package apipolicy

import (
	"slices"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Request is the part of a merge that follows from the mapping: the API, the
// account that owns it, and what its rows grant. The rows may leave the account
// unnamed, so it is the caller's to say.
//
// frontDoors are the front doors by which a host's requests may come: two while it
// moves from one to another. nil: each row's own. domainARN is the
// ARN of a host's PRIVATE custom domain, which only a deployed one has; nil
// leaves it out, so that rows of front door native can't be merged.
func Request(api topology.API, account mapping.AccountID,
	frontDoors func(mapping.Host) []mapping.FrontDoor, domainARN func(mapping.Host) string,
) resourcepolicy.Request {
	r := resourcepolicy.Request{
		Partition: api.Partition,
		Region:    api.Region,
		AccountID: string(account),
		APIID:     string(api.ID),
	}
	for _, row := range api.Rows {
		if row.Retired {
			continue
		}
		through := []mapping.FrontDoor{row.FrontDoor}
		if frontDoors != nil {
			through = frontDoors(row.Host)
		}
		granted := grant(row)
		if slices.Contains(through, mapping.FrontDoorNGINX) {
			r.Grants = append(r.Grants, granted)
		}
		if slices.Contains(through, mapping.FrontDoorALB) {
			r.ALBGrants = append(r.ALBGrants, granted)
		}
		if slices.Contains(through, mapping.FrontDoorNative) {
			if domainARN != nil {
				granted.DomainARN = domainARN(row.Host)
			}
			r.NativeGrants = append(r.NativeGrants, granted)
		}
	}
	return r
}

// Grants are what rows allow to the proxy's callers.
func Grants(rows []mapping.Row) []resourcepolicy.Grant {
	var grants []resourcepolicy.Grant
	for _, row := range rows {
		grants = append(grants, grant(row))
	}
	return grants
}

// grant is what a row allows to callers of its front door.
func grant(row mapping.Row) resourcepolicy.Grant {
	var methods []string
	for _, method := range row.Methods {
		methods = append(methods, string(method))
	}
	return resourcepolicy.Grant{
		Host:     string(row.Host),
		BasePath: string(row.BasePath),
		Stage:    string(row.API.Stage),
		Path:     string(row.API.Path),
		Methods:  methods,
		Signed:   row.Auth == mapping.AuthIAM,
		Source:   Source(row),
	}
}

// AnyDomainID stands in for the identifier that API Gateway gives a PRIVATE
// custom domain. It is as long as a real one, so that a policy's size comes out
// right.
const AnyDomainID = "0000000000"

// AnyDomainARN stands in for the ARNs of PRIVATE custom domains that aren't
// deployed.
func AnyDomainARN(api topology.API, account mapping.AccountID) func(mapping.Host) string {
	return func(host mapping.Host) string {
		return aws.ExecuteAPIDomainARN(api.Partition, api.Region, string(account), string(host), AnyDomainID).String()
	}
}

// Source names a row in messages: `APIS[3] (orders.example.com/v1)`.
func Source(row mapping.Row) string {
	return row.Path() + " (" + row.URL() + ")"
}
