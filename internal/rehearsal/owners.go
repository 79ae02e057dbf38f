package rehearsal

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// ownersEndpoint is an interface endpoint in a VPC of an API's owner, by which
// the owner's own workloads call the API.
const ownersEndpoint = "vpce-0000000000000f00d"

// strictSecurityPolicy is the TLS policy of the APIs in STRICT mode: the one that
// takes TLS 1.3 alone.
const strictSecurityPolicy = "SecurityPolicy_TLS13_1_3_2025_09"

// apis are the private APIs as their owners run them before the first deployment.
func (s initialState) apis() ([]awssim.RESTAPI, error) {
	var apis []awssim.RESTAPI
	stages := make(map[mapping.APIID][]string)
	for _, row := range s.mapping.Rows {
		known, seen := stages[row.API.ID], stages[row.API.ID] != nil
		if !slices.Contains(known, string(row.API.Stage)) {
			stages[row.API.ID] = append(known, string(row.API.Stage))
		}
		if seen {
			continue
		}
		api := awssim.RESTAPI{
			Account: string(s.accountOf(row)), Region: row.API.Region, ID: string(row.API.ID), Name: apiName(row),
		}
		if row.AccessMode == mapping.AccessModeStrict {
			api.AccessMode, api.SecurityPolicy = string(row.AccessMode), strictSecurityPolicy
		}
		apis = append(apis, api)
	}
	for i := range apis {
		if err := diversify(&apis[i], stages[mapping.APIID(apis[i].ID)]); err != nil {
			return nil, err
		}
	}
	return apis, nil
}

func apiName(row mapping.Row) string {
	if row.Description != "" {
		return row.Description
	}
	return "api-" + string(row.API.ID)
}

// diversify gives an API a history, the same one each time: never deployed and
// without a policy (a private API can't be deployed without one), deployed for
// the owner's own endpoint, or deployed so with paths that the owner denies to
// every caller. Some APIs have a Lambda authorizer, beside which a policy's
// silence admits.
func diversify(api *awssim.RESTAPI, stages []string) error {
	seed := digest(api.ID)
	if seed%5 == 0 {
		api.Methods = []awssim.Method{{Path: "/{proxy+}", Verb: "ANY", Authorization: "CUSTOM"}}
	}
	statements := []map[string]any{{
		"Sid": "OwnersWorkloads", "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
		"Resource":  "execute-api:/*",
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": ownersEndpoint}},
	}}
	switch seed % 3 {
	case 0:
		return nil
	case 1:
		statements = append(statements, map[string]any{
			"Sid": "DenyInternalOnly", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
			"Resource": "execute-api:/*/*/internal-only/*",
		})
	}
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		return fmt.Errorf("write the policy of API %s: %w", api.ID, err)
	}
	api.Policy, api.Stages = policy, stages
	return nil
}
