package accounts

import (
	"errors"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// checkCoverage reports the rows that none of the supplied certificates covers,
// where none is to be issued.
func checkCoverage(c settings.Certificates, derived *topology.Topology, rows *mapping.Mapping) error {
	if !c.IssuesNone() {
		return nil
	}
	var wrong []error
	for _, row := range derived.Uncovered {
		wrong = append(wrong, topology.NewUncoveredError(rows.Source, row, ""))
	}
	return errors.Join(wrong...)
}

// certificates creates the certificates of the load balancers' listeners, by the
// load balancers' names. loadBalancers attaches them to the listeners.
func (s *sharedStack) certificates() (map[string][]components.Certificate, error) {
	args := certificatesArgs(s.config.Certificates, s.publicZones, s.tags)
	args.SharedValidationRecords = s.config.Certificates.SharedRecords || s.hasDomainsBeside()
	for _, balancer := range s.topology.LoadBalancers {
		for _, certificate := range balancer.Certificates {
			if certificate.Origin == topology.Issued {
				args.Sources = append(args.Sources, certificateRequest(balancer.Name, certificate))
			}
		}
	}
	supplied := suppliedSources(s.config.Certificates)
	args.Sources = append(args.Sources, supplied.all...)
	if err := reportExpiry(s.ctx, s.config.Certificates.Imported); err != nil {
		return nil, err
	}
	created, err := components.NewCertificates(s.ctx, s.prefix, args, s.providers)
	if err != nil {
		return nil, err
	}
	all := map[string][]components.Certificate{}
	for _, balancer := range s.topology.LoadBalancers {
		for _, derived := range balancer.Certificates {
			certificate, err := created.Of(supplied.source(balancer.Name, derived))
			if err != nil {
				return nil, err
			}
			all[balancer.Name] = append(all[balancer.Name], certificate)
		}
	}
	return all, nil
}

// hasDomainsBeside reports whether rows want custom domains in the stack's own
// account: the certificates of those are validated by the same records, and need
// them for their renewal when this stack has no use for them any more.
func (s *sharedStack) hasDomainsBeside() bool {
	return slices.ContainsFunc(s.topology.APIs, func(api topology.API) bool {
		return string(api.Account) == s.config.AWS.AccountID && slices.ContainsFunc(api.Rows, func(row mapping.Row) bool {
			return !row.Retired && row.FrontDoor != mapping.FrontDoorNGINX
		})
	})
}

// findPublicZones prepares to find the public zones, with the AWS providers of the
// accounts that own some of them.
func (s *sharedStack) findPublicZones(awsProvider pulumi.ProviderResource) (*components.PublicZones, error) {
	return publicZonesOf(s.ctx, s.config.Certificates, s.config.AWS, awsProvider, s.roleProviders)
}

// checkPublicZones reports the public zones that can't validate the certificates
// that are to be issued.
func (s *sharedStack) checkPublicZones() error {
	if s.config.Certificates.Source != settings.SourceDNS {
		return nil
	}
	var names []string
	zones := map[string]string{}
	for _, balancer := range s.topology.LoadBalancers {
		for _, certificate := range balancer.Certificates {
			if certificate.Origin != topology.Issued {
				continue
			}
			for _, name := range certificate.Names {
				names = append(names, string(name))
				zones[string(name)] = string(certificate.PublicZones[name])
			}
		}
	}
	return s.publicZones.Check(names, zones)
}
