package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/mapping"
)

// accessAssociations connects the native hosts' PRIVATE custom domains.
func (s *sharedStack) accessAssociations(endpoint *components.ExecuteAPIEndpoint) (*components.AccessAssociations, error) {
	args := &components.AccessAssociationsArgs{EndpointID: endpoint.EndpointID, Tags: s.tags}
	for _, share := range s.reports.shares {
		if parts := strings.Split(share.ARN, ":"); len(parts) > 4 && slices.Contains(s.config.Native.AcceptShares, parts[4]) {
			args.AcceptShares = append(args.AcceptShares, share)
		}
	}
	for _, host := range s.topology.NativeHosts {
		domain := s.reports.domains[host]
		args.Domains = append(args.Domains, components.PrivateDomain{Host: string(host), ARN: domain.arn, ShareARN: domain.shareARN})
	}
	return components.NewAccessAssociations(s.ctx, s.prefix, args, s.providers)
}

// checkDomainARNs reports the native hosts whose PRIVATE custom domains no stack has.
func (s *sharedStack) checkDomainARNs() error {
	if !s.deploys(mapping.FrontDoorNative) {
		return nil
	}
	var missing []error
	for _, host := range s.topology.NativeHosts {
		if _, known := s.reports.domains[host]; !known {
			missing = append(missing, fmt.Errorf("serve %s: no stack of portico:providers has its PRIVATE custom domain any more: bring the stack of its API's account up, or put it back into portico:providers", host))
		}
	}
	return errors.Join(missing...)
}
