package topology_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// TestEveryQuotaHoldsAtItsLimitAndNotOneOver takes the limits that every
// account has: the mapping that just fits, and the one with one host more.
func TestEveryQuotaHoldsAtItsLimitAndNotOneOver(t *testing.T) {
	domains := func(n int) *mapping.Mapping { return hosts(parents(0, n)...) }
	siblings := func(door mapping.FrontDoor, accounts ...mapping.AccountID) func(int) *mapping.Mapping {
		return func(n int) *mapping.Mapping {
			var rows []mapping.Row
			for i := range n {
				account := accounts[min(i/50, len(accounts)-1)]
				rows = append(rows, owned(door, account, mapping.APIID("api"+account), mapping.Host(fmt.Sprintf("h%d.x.example.com", i)), ""))
			}
			return of(rows...)
		}
	}
	for sentence, test := range map[string]struct {
		mapping func(int) *mapping.Mapping
		limits  topology.Limits
		fits    int
		need    int
		max     int
		usage   string
		remedy  string
	}{
		"25 certificates and the default one, of 10 names each": {
			domains, topology.Limits{LoadBalancers: 1}, 260, 27, 26, "certificates of the load balancer", "portico:quotas: {certificatesPerLoadBalancer: N}",
		},
		"five load balancers of them": {
			domains, topology.Limits{HostedZones: 5000}, 1300, 131, 130, "load balancers of the proxy's service", "put hosts under fewer parent domains",
		},
		"certificates where the quota was raised": {
			domains, topology.Limits{LoadBalancers: 1, Certificates: 28}, 280, 29, 28, "certificates of the load balancer", "portico:quotas: {namesPerCertificate: N}",
		},
		"names per certificate": {
			domains, topology.Limits{NamesPerCertificate: 3, Certificates: 1, LoadBalancers: 1}, 3, 2, 1, "names of a certificate", "portico:quotas: {namesPerCertificate: N}",
		},
		"500 hosted zones": {
			domains, topology.Limits{NamesPerCertificate: 100}, 500, 501, 500, "private hosted zones of the account", "portico:quotas: {hostedZones: N}",
		},
		"10,000 records of a zone, two of which are its own": {
			siblings(nginx, orders), topology.Limits{HostRecords: true}, 9998, 9999, 9998, "records of a private hosted zone", "portico:dns: {records: wildcard}",
		},
		"records of hosts that no wildcard can stand for": {
			siblings(native, orders), topology.Limits{RecordsPerZone: 20}, 20, 21, 20, "records of a private hosted zone", "give hosts another FRONT_DOOR",
		},
		"100 rules of a load balancer that the proxy shares, one of them to spare": {
			siblings(alb, orders), topology.Limits{SharedALB: true}, 99, 101, 100, "listener rules of the load balancer", "portico:quotas: {rulesPerLoadBalancer: N}",
		},
		"100 rules of a load balancer of alb's own, one of them to spare": {
			siblings(alb, orders), topology.Limits{}, 99, 101, 100, "listener rules of the load balancer", "portico:quotas: {rulesPerLoadBalancer: N}",
		},
		"50 private custom domains of an account": {
			siblings(native, orders), topology.Limits{}, 50, 51, 50, "private custom domains of an account", "portico:quotas: {privateDomains: N}",
		},
		"120 Regional custom domains of an account": {
			siblings(alb, orders), topology.Limits{RulesPerLoadBalancer: 200}, 120, 121, 120, "Regional custom domains of an account", "portico:quotas: {regionalDomains: N}",
		},
		"100 access associations of the shared account": {
			siblings(native, orders, shop, "444444444444"), topology.Limits{}, 100, 101, 100, "access associations of the shared account", "portico:quotas: {associations: N}",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			top := derive(t, test.mapping(test.fits), test.limits)
			usage, err := top.Usage(test.limits)
			require.NoError(t, err)
			full := false
			for _, u := range usage {
				require.LessOrEqual(t, u.Used, u.Max, u.What)
				full = full || u.What == test.usage && u.Used == u.Max
			}
			require.True(t, full, "%v", usage)

			_, err = topology.Derive(test.mapping(test.fits+1), test.limits)
			var limit *topology.LimitError
			require.ErrorAs(t, err, &limit)
			require.Equal(t, []int{test.need, test.max, test.fits}, []int{limit.Need, limit.Max, limit.Fitting})
			require.Len(t, limit.Rows, 1)
			require.Equal(t, test.fits, limit.Rows[0].Index)
			require.Contains(t, limit.Remedy, test.remedy)
		})
	}
}

func TestRowsBehindOneRecordCountOnce(t *testing.T) {
	var rows []mapping.Row
	for i := range 5 {
		rows = append(rows, behind(nginx, mapping.Host(fmt.Sprintf("n%d.x.example.com", i)), ""), behind(native, mapping.Host(fmt.Sprintf("p%d.x.example.com", i)), ""))
	}
	_, err := topology.Derive(of(rows...), topology.Limits{RecordsPerZone: 5})
	require.ErrorContains(t, err, "records of the hosted zone x.example.com: 6 needed, 5 allowed: 9 rows fit, these don't: map.yaml:19:5: APIS[9] (p4.x.example.com)")
}

// TestEveryFieldOfLimitsIsHeld finds the numbers among the limits by reflection:
// each has a default, and refuses what is no number.
func TestEveryFieldOfLimitsIsHeld(t *testing.T) {
	fields := reflect.TypeFor[topology.Limits]()
	for i := range fields.NumField() {
		field := fields.Field(i)
		if field.Type.Kind() != reflect.Int {
			continue
		}
		var limits topology.Limits
		reflect.ValueOf(&limits).Elem().Field(i).SetInt(-1)
		_, err := topology.Derive(of(), limits)
		require.ErrorContains(t, err, field.Name+" is -1: give a positive number, or none for")
		reflect.ValueOf(&limits).Elem().Field(i).SetInt(1)
		_, err = topology.Derive(of(), limits)
		require.NoError(t, err)
	}
	_, err := topology.Derive(of(), topology.Limits{LoadBalancers: 6})
	require.ErrorContains(t, err, "LoadBalancers is 6: an ECS service takes at most 5")
}

// TestLimitsMayBeAsLargeAsNumbersGet: a stack that leaves quotas to another has
// none.
func TestLimitsMayBeAsLargeAsNumbersGet(t *testing.T) {
	top := derive(t, hosts(parents(0, 300)...), topology.Limits{
		Certificates: math.MaxInt, HostedZones: math.MaxInt, RecordsPerZone: math.MaxInt, RulesPerLoadBalancer: math.MaxInt,
		PrivateDomains: math.MaxInt, RegionalDomains: math.MaxInt, Associations: math.MaxInt,
	})
	require.Len(t, top.LoadBalancers, 1)
}

func TestAQuotaOfEachAccountNamesTheAccount(t *testing.T) {
	m := of(owned(native, orders, "o1", "a.x.example.com", ""), owned(native, shop, "s1", "b.x.example.com", ""),
		owned(native, orders, "o1", "c.x.example.com", ""), owned(native, "", "u1", "d.x.example.com", ""), owned(native, "", "u2", "e.x.example.com", ""))
	_, err := topology.Derive(m, topology.Limits{PrivateDomains: 1})
	require.ErrorContains(t, err, "private custom domains of account 222222222222 in us-east-1: 2 needed, 1 allowed")
	require.ErrorContains(t, err, "private custom domains of the account of rows without one, in us-east-1: 2 needed, 1 allowed")
	require.NotContains(t, err.Error(), "333333333333")
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

func TestUsageOfFrontDoors(t *testing.T) {
	m := of(behind(nginx, "a.x.example.com", ""), behind(alb, "b.x.example.com", ""), owned(alb, orders, "o1", "c.x.example.com", ""),
		owned(alb, orders, "o1", "d.x.example.com", ""), owned(native, shop, "s1", "e.x.example.com", ""))
	used := func(limits topology.Limits) []string {
		usage, err := derive(t, m, limits).Usage(limits)
		require.NoError(t, err)
		var lines []string
		for _, u := range usage {
			lines = append(lines, fmt.Sprintf("%s: %d of %d %s", u.What, u.Used, u.Max, u.Of))
		}
		return lines
	}
	require.Equal(t, []string{
		"certificates of the load balancer: 1 of 26 ",
		"private hosted zones of the account: 1 of 500 ",
		"names of a certificate: 1 of 10 certificate 1",
		"records of a private hosted zone: 2 of 9998 zone x.example.com",
		"listener rules of the load balancer: 4 of 100 ",
		"private custom domains of an account: 1 of 50 account 333333333333 in us-east-1",
		"Regional custom domains of an account: 2 of 120 account 222222222222 in us-east-1",
		"access associations of the shared account: 1 of 100 ",
	}, used(topology.Limits{SharedALB: true}))
	require.Contains(t, used(topology.Limits{}), "listener rules of the load balancer: 4 of 100 load balancer 2")
}

// TestNoQuotaIsInTheWayOfWhoHasNone derives what no load balancer of one account
// could carry: the proxy's image and a provider account don't depend on it.
func TestNoQuotaIsInTheWayOfWhoHasNone(t *testing.T) {
	var rows []mapping.Row
	for i := range 2000 {
		rows = append(rows, mapping.Row{Index: i, Host: mapping.Host(fmt.Sprintf("a.p%d.example.com", i)), FrontDoor: mapping.FrontDoorNGINX})
	}
	m := &mapping.Mapping{Source: "mapping.yaml", Rows: rows}
	_, err := topology.Derive(m, topology.Limits{})
	require.Error(t, err)
	derived, err := topology.Derive(m, topology.Unlimited(m))
	require.NoError(t, err)
	require.Len(t, derived.Routes, len(rows))
}
