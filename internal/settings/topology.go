package settings

import (
	"math"
	"strings"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// TopologyOptions are what the topology of the shared account depends on beside
// the mapping and what exists.
func (c *Shared) TopologyOptions() topology.Options {
	options := topology.Options{
		Quotas: topology.Quotas{
			NamesPerCertificate:         c.Quotas.NamesPerCertificate,
			CertificatesPerLoadBalancer: c.Quotas.CertificatesPerLoadBalancer,
			LoadBalancers:               c.Quotas.LoadBalancers,
			RulesPerLoadBalancer:        c.Quotas.RulesPerLoadBalancer,
			HostedZones:                 c.Quotas.HostedZones,
			RecordsPerZone:              c.Quotas.RecordsPerZone,
			Associations:                c.Quotas.Associations,
			// The custom domains count in the provider accounts' quotas, which
			// their stacks know.
			PrivateDomains:  math.MaxInt,
			RegionalDomains: math.MaxInt,
		},
		DNS:       topology.DNS{HostRecords: c.DNS.Records == RecordsHost, HostZones: c.DNS.Scope == ScopeHost},
		Supplied:  c.Certificates.Supplied(),
		SharedALB: c.SharesLoadBalancer(),
	}
	for _, zone := range c.DNS.Existing {
		options.DNS.ExistingZones = append(options.DNS.ExistingZones, mapping.Zone(zone.Name))
	}
	return options
}

// DomainQuotas are the account's quotas of custom domains.
func (c *Provider) DomainQuotas() topology.Quotas {
	return topology.Quotas{PrivateDomains: c.Quotas.PrivateDomains, RegionalDomains: c.Quotas.RegionalDomains}
}

// Supplied are the certificates that need not be issued, imported ones first.
// Their IDs are those of Imported.ID, and the ARNs of existing ones.
func (c Certificates) Supplied() []topology.Certificate {
	var all []topology.Certificate
	for _, certificate := range c.Imported {
		all = append(all, topology.Certificate{Origin: topology.Imported, ID: certificate.ID(), Names: hostNames(certificate.Names)})
	}
	for _, certificate := range c.Existing {
		all = append(all, topology.Certificate{Origin: topology.Existing, ID: certificate.ARN, Names: hostNames(certificate.Names)})
	}
	return all
}

func hostNames(names []string) []mapping.Host {
	hosts := make([]mapping.Host, len(names))
	for i, name := range names {
		hosts[i] = mapping.Host(strings.ToLower(name))
	}
	return hosts
}
