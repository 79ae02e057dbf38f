package accounts

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// domainKey names one of the custom domains: a host that changes from one front
// door to another has two for a while.
type domainKey struct {
	host      mapping.Host
	frontDoor mapping.FrontDoor
}

// customDomain is a custom domain that the program has registered.
type customDomain struct {
	*components.CustomDomain

	// shared is the resources by which a PRIVATE one is shared.
	shared []pulumi.CustomResource
	// basePathMappings are its base path mappings, by base path.
	basePathMappings map[string]pulumi.CustomResource
}

// customDomains creates the custom domains, one after another, and shares the
// PRIVATE ones. It creates no PRIVATE one before the shared stack has an endpoint
// for them, because their policies name the endpoint.
func (s *providerStack) customDomains() error {
	if err := s.checkDomainAPIs(); err != nil {
		return err
	}
	arns, err := s.certificates()
	if err != nil {
		return err
	}
	var share *components.DomainShare
	var after []pulumi.Resource
	for _, domain := range s.domains {
		key := domainKey{domain.Host, domain.FrontDoor}
		args := &components.CustomDomainArgs{Host: string(domain.Host), CertificateARN: arns[key], Tags: s.tags}
		if domain.FrontDoor == mapping.FrontDoorNative {
			if s.endpoint(mapping.FrontDoorNative) == "" {
				continue
			}
			if share, err = s.domainShare(share); err != nil {
				return err
			}
			args.Private = &components.PrivateAccess{VPCEndpointIDs: s.nativeEndpoints()}
		}
		custom := &customDomain{}
		if custom.CustomDomain, err = components.NewCustomDomain(s.ctx, string(domain.FrontDoor)+"-"+string(domain.Host), args, s.providers, pulumi.DependsOn(after)); err != nil {
			return err
		}
		if args.Private != nil && share != nil {
			association, err := share.Add(s.ctx, custom.CustomDomain)
			if err != nil {
				return err
			}
			custom.shared = append(custom.shared, association)
			for _, principal := range share.Principals {
				custom.shared = append(custom.shared, principal)
			}
		}
		s.created.domains[key] = custom
		after = []pulumi.Resource{custom.Domain}
	}
	return nil
}

// checkDomainAPIs reports rows whose host has a custom domain here, and whose API
// isn't the stack's. A row without an account belongs to the stack only if
// portico:apis lists its API.
func (s *providerStack) checkDomainAPIs() error {
	var wrong []error
	for _, domain := range s.domains {
		for _, path := range domain.Paths {
			own := func(api topology.API) bool { return api.ID == path.API.ID }
			if slices.ContainsFunc(s.apis, own) {
				continue
			}
			row := s.rows.Rows[path.Row]
			wrong = append(wrong, fmt.Errorf("%s.PRIVATE_API_URL: REST API %s isn't among this stack's (portico:apis), and the custom domain of %s leads to APIs of one account only: list it here if account %s owns it, or write a host of its own, or FRONT_DOOR: nginx in every row of the host",
				row.Position(), path.API.ID, domain.Host, s.account.ID))
		}
	}
	return errors.Join(wrong...)
}

// nativeEndpoints are the endpoints through which PRIVATE domains answer, that
// of the shared stack first; none before that one exists.
func (s *providerStack) nativeEndpoints() []string {
	own := s.endpoint(mapping.FrontDoorNative)
	if own == "" {
		return nil
	}
	return append([]string{own}, s.config.Native.VPCEndpointIDs...)
}

// domainARNs are the ARNs of the PRIVATE domains by which an API's rows are
// reached.
func (s *providerStack) domainARNs(api topology.API) pulumi.StringMap {
	arns := pulumi.StringMap{}
	for _, host := range s.privateHosts(api) {
		arns[string(host)] = s.created.domains[domainKey{host, mapping.FrontDoorNative}].ARN
	}
	return arns
}

// placeholders stand for domainARNs in previews in which the ARNs are unknown.
func (s *providerStack) placeholders(api topology.API) map[string]string {
	anyARN := apipolicy.AnyDomainARN(api, s.account.ID)
	placeholders := map[string]string{}
	for _, host := range s.privateHosts(api) {
		placeholders[string(host)] = anyARN(host)
	}
	return placeholders
}

// privateHosts are the hosts of an API's rows that a PRIVATE domain serves.
func (s *providerStack) privateHosts(api topology.API) []mapping.Host {
	var hosts []mapping.Host
	for _, row := range api.Rows {
		if !row.Retired && slices.Contains(s.migration.Admitted(row.Host), mapping.FrontDoorNative) {
			hosts = append(hosts, row.Host)
		}
	}
	return hosts
}
