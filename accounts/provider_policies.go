package accounts

import (
	"errors"
	"fmt"

	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// policyRequest is the request for an API's resource policy, without its existing
// policy and its domains' ARNs, which AWS alone knows.
func (s *providerStack) policyRequest(api topology.API) resourcepolicy.Request {
	request := apipolicy.Request(api, s.account.ID, s.migration.Admitted, nil)
	request.ServedGrants = s.servedGrants(api)
	request.App, request.Environment = s.config.App.Name, s.config.App.Environment
	request.VPCID = s.shared.VPCID
	request.VPCEndpointID = s.endpoint(mapping.FrontDoorNGINX)
	request.ALBEndpointID = s.endpoint(mapping.FrontDoorALB)
	request.NativeEndpointIDs = s.nativeEndpoints()
	request.AdditionalVPCEndpointIDs = s.config.AdditionalVPCEndpointIDs
	request.MaxSize = s.config.Quotas.ResourcePolicySize
	request.Form = resourcepolicy.DenyForm(s.config.Policy.DenyForm)
	return request
}

// policyOf makes the resource policy of an API out of the one that it has and
// the ARNs of its PRIVATE custom domains.
func (s *providerStack) policyOf(api topology.API) func(string, map[string]string) (string, error) {
	logged := map[string]bool{}
	return func(existing string, domainARNs map[string]string) (string, error) {
		request := s.policyRequest(api)
		request.Existing = []byte(existing)
		for i := range request.NativeGrants {
			request.NativeGrants[i].DomainARN = domainARNs[request.NativeGrants[i].Host]
		}
		merged, err := resourcepolicy.Merge(request)
		if too := new(resourcepolicy.SizeError); errors.As(err, &too) && request.ServedGrants != nil {
			err = s.inBatches(api, request, too)
		}
		if err != nil {
			return "", fmt.Errorf("make the resource policy of REST API %s (%s): %w", api.ID, describeRows(api.Rows), err)
		}
		for _, notice := range merged.Notices {
			if logged[notice] {
				continue
			}
			logged[notice] = true
			if err := s.ctx.Log.Warn(fmt.Sprintf("REST API %s: %s", api.ID, notice), nil); err != nil {
				return "", fmt.Errorf("log a notice of REST API %s: %w", api.ID, err)
			}
		}
		if len(merged.Policy) == 0 {
			merged.Policy, err = resourcepolicy.Closed(request)
		}
		return string(merged.Policy), err
	}
}

// policyDigest tells policies apart by what this environment has to do with in them.
func (s *providerStack) policyDigest(policy string) string {
	return resourcepolicy.Digest([]byte(policy), s.config.App.Name, s.config.App.Environment)
}
