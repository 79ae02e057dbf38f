package topology

import (
	"cmp"
	"fmt"
	"slices"
)

// Usage is how much of one quota a topology takes.
type Usage struct {
	// What is limited, in words: "private hosted zones of the account".
	What      string
	Used, Max int
	// Of says what has the limit, where it is not the estate as a whole: the
	// one of its kind that uses most.
	Of string
}

// Usage tells how much of each quota the topology takes, under the limits that
// it was derived with. Quotas that nothing of the mapping draws on are left out.
func (t *Topology) Usage(limits Limits) ([]Usage, error) {
	limits, err := limits.withDefaults()
	if err != nil {
		return nil, err
	}
	usage := []Usage{
		{What: "certificates of the load balancer", Used: len(t.Certificates) + len(limits.Supplied), Max: limits.Certificates},
		{What: "private hosted zones of the account", Used: len(newZones(t.Zones, limits.ExistingZones)), Max: limits.HostedZones},
	}
	if len(t.Certificates) > 0 {
		fullest := slices.MaxFunc(t.Certificates, func(a, b Certificate) int { return cmp.Compare(len(a.Names), len(b.Names)) })
		number := 1 + slices.IndexFunc(t.Certificates, func(c Certificate) bool { return c.Names[0] == fullest.Names[0] })
		usage = append(usage, Usage{"names of a certificate", len(fullest.Names), limits.NamesPerCertificate,
			fmt.Sprintf("certificate %d", number)})
	}
	if len(t.Zones) > 0 {
		fullest := slices.MaxFunc(t.Zones, func(a, b Zone) int { return cmp.Compare(len(a.Records), len(b.Records)) })
		usage = append(usage, Usage{"records of a private hosted zone", len(fullest.Records), limits.RecordsPerZone,
			"zone " + string(fullest.Name)})
	}
	return usage, nil
}
