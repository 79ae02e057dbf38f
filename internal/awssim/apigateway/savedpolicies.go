package apigateway

import (
	"fmt"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// SavedPolicies is the resource policies of REST APIs, by their IDs, as GetRestApi
// answers the caller. An API that doesn't exist is left out.
func SavedPolicies(caller engine.Session, ids []string) (map[string]string, error) {
	policies := map[string]string{}
	for _, id := range ids {
		api, err := caller.Read(&engine.Resource{Type: view.RESTAPIType, ID: id})
		if err != nil {
			return nil, fmt.Errorf("read the resource policy of REST API %s: %w", id, err)
		}
		if api != nil {
			policies[id] = api.Properties.Text("policy")
		}
	}
	return policies, nil
}
