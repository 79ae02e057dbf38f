package topology_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// TestEveryQuotaHoldsAtItsLimitAndNotOneOver takes the limits that every
// account has: the mapping that just fits, and the one with one host more.
func TestEveryQuotaHoldsAtItsLimitAndNotOneOver(t *testing.T) {
	domains := func(n int) []mapping.Host {
		var all []mapping.Host
		for i := range n {
			all = append(all, mapping.Host(fmt.Sprintf("a.d%d.example.com", i)))
		}
		return all
	}
	siblings := func(n int) []mapping.Host {
		var all []mapping.Host
		for i := range n {
			all = append(all, mapping.Host(fmt.Sprintf("h%d.x.example.com", i)))
		}
		return all
	}
	for sentence, test := range map[string]struct {
		hosts  func(int) []mapping.Host
		limits topology.Limits
		fits   int
		need   int
		max    int
		remedy string
	}{
		"25 certificates and the default one, of 10 names each": {domains, topology.Limits{LoadBalancers: 1}, 260, 27, 26, "portico:quotas: {certificatesPerLoadBalancer: N}"},
		"certificates where the quota was raised":               {domains, topology.Limits{LoadBalancers: 1, Certificates: 28}, 280, 29, 28, "portico:quotas: {namesPerCertificate: N}"},
		"names per certificate":                                 {domains, topology.Limits{NamesPerCertificate: 3, Certificates: 1, LoadBalancers: 1}, 3, 2, 1, "portico:quotas: {namesPerCertificate: N}"},
		"500 hosted zones":                                      {domains, topology.Limits{NamesPerCertificate: 100}, 500, 501, 500, "portico:quotas: {hostedZones: N}"},
		"10,000 records of a zone, two of which are its own":    {siblings, topology.Limits{HostRecords: true}, 9998, 9999, 9998, "portico:dns: {records: wildcard}"},
	} {
		t.Run(sentence, func(t *testing.T) {
			top := derive(t, hosts(test.hosts(test.fits)...), test.limits)
			usage, err := top.Usage(test.limits)
			require.NoError(t, err)
			full := false
			for _, u := range usage {
				require.LessOrEqual(t, u.Used, u.Max, u.What)
				full = full || u.Used == test.max && u.Max == test.max
			}
			require.True(t, full, "%v", usage)

			_, err = topology.Derive(hosts(test.hosts(test.fits+1)...), test.limits)
			var limit *topology.LimitError
			require.ErrorAs(t, err, &limit)
			require.Equal(t, []int{test.need, test.max, test.fits}, []int{limit.Need, limit.Max, limit.Fitting})
			require.Len(t, limit.Rows, 1)
			require.Equal(t, test.fits, limit.Rows[0].Index)
			require.Contains(t, limit.Remedy, test.remedy)
		})
	}
}

func TestUsageIsOfWhatUsesMost(t *testing.T) {
	top := derive(t, hosts("a.x.example.com", "b.x.example.com", "a.y.example.com"), topology.Limits{HostRecords: true})
	usage, err := top.Usage(topology.Limits{})
	require.NoError(t, err)
	require.Equal(t, []topology.Usage{
		{What: "certificates of the load balancer", Used: 1, Max: 26},
		{What: "private hosted zones of the account", Used: 2, Max: 500},
		{What: "names of a certificate", Used: 2, Max: 10, Of: "certificate 1"},
		{What: "records of a private hosted zone", Used: 2, Max: 9998, Of: "zone x.example.com"},
	}, usage)
	_, err = top.Usage(topology.Limits{HostedZones: -1})
	require.ErrorContains(t, err, "HostedZones is -1")
}

func TestSuppliedCertificatesTakeHostsAndPlaces(t *testing.T) {
	m := hosts("a.x.example.com", "b.x.example.com", "a.y.example.com", "*.y.example.com", "a.z.example.com")
	limits := topology.Limits{LoadBalancers: 1, Certificates: 3, Supplied: [][]mapping.Host{{"*.x.example.com"}, {"a.y.example.com", "unrelated.example.com"}}}
	top := derive(t, m, limits)
	require.Len(t, top.Certificates, 1)
	require.Equal(t, []mapping.Host{"*.y.example.com", "*.z.example.com"}, top.Certificates[0].Names,
		"a certificate of one host doesn't cover the wildcard beside it")
	usage, err := top.Usage(limits)
	require.NoError(t, err)
	require.Equal(t, topology.Usage{What: "certificates of the load balancer", Used: 3, Max: 3}, usage[0])

	limits.Certificates = 2
	_, err = topology.Derive(m, limits)
	var limit *topology.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, []int{3, 2}, []int{limit.Need, limit.Max})
	require.Len(t, limit.Rows, 2)

	limits = topology.Limits{Supplied: [][]mapping.Host{{"*.x.example.com", "*.y.example.com", "*.z.example.com"}}}
	require.Empty(t, derive(t, m, limits).Certificates)
}

func TestNarrowZonesLeaveTheParentsNamesPublic(t *testing.T) {
	top := derive(t, hosts("a.x.example.com", "b.x.example.com", "*.y.example.com", "q.y.example.com", "x.example.com"), topology.Limits{HostZones: true})
	var got []string
	for _, zone := range top.Zones {
		got = append(got, fmt.Sprint(zone.Name, " ", zone.RecordNames()))
	}
	require.Equal(t, []string{
		"a.x.example.com [a.x.example.com]",
		"b.x.example.com [b.x.example.com]",
		"q.y.example.com [q.y.example.com]",
		"x.example.com [x.example.com]",
		"y.example.com [*.y.example.com]",
	}, got)

	_, err := topology.Derive(hosts("a.x.example.com", "b.x.example.com"), topology.Limits{HostZones: true, HostedZones: 1})
	require.ErrorContains(t, err, "2 needed, 1 allowed: 1 rows fit")
	require.ErrorContains(t, err, "portico:dns: {scope: parent}")
}

func TestExistingZonesTakeTheirNamesAndThoseBelow(t *testing.T) {
	m := hosts("a.x.example.com", "b.y.example.com", "y.example.com", "a.example.net")
	limits := topology.Limits{ExistingZones: []mapping.Zone{"example.com", "y.example.com"}, HostedZones: 1}
	top := derive(t, m, limits)
	var got []string
	for _, zone := range top.Zones {
		got = append(got, fmt.Sprint(zone.Name, " ", zone.RecordNames(), " ", zone.Hosts))
	}
	require.Equal(t, []string{
		"example.com [*.x.example.com] [a.x.example.com]",
		"example.net [*.example.net] [a.example.net]",
		"y.example.com [*.y.example.com y.example.com] [b.y.example.com y.example.com]",
	}, got)
	usage, err := top.Usage(limits)
	require.NoError(t, err)
	require.Equal(t, 1, usage[1].Used, "existing zones are counted already")
}
