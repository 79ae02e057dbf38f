package topology

import (
	"math"

	"github.com/portico-iac/portico/mapping"
)

// Unlimited are limits for who has nothing to do with the shared account's
// quotas, nor with its certificates: every host of the mapping counts as covered.
func Unlimited(m *mapping.Mapping) Limits {
	hosts := make([]mapping.Host, 0, len(m.Rows))
	for _, row := range m.Rows {
		hosts = append(hosts, row.Host)
	}
	return Limits{
		NamesPerCertificate:  MaxNamesPerCertificate,
		Certificates:         math.MaxInt,
		Supplied:             [][]mapping.Host{hosts},
		HostedZones:          math.MaxInt,
		RecordsPerZone:       math.MaxInt,
		RulesPerLoadBalancer: math.MaxInt,
		PrivateDomains:       math.MaxInt,
		RegionalDomains:      math.MaxInt,
		Associations:         math.MaxInt,
	}
}
