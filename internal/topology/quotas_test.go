package topology_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// TestEveryQuotaHoldsAtItsLimitAndNotOneOver takes the limits that every
// account has: the mapping that just fits, and the one with one host more.
func TestEveryQuotaHoldsAtItsLimitAndNotOneOver(t *testing.T) {
	domains := func(n int) *mapping.Mapping { return hosts(parents(0, n)...) }
	siblings := func(frontDoor mapping.FrontDoor, accounts ...mapping.AccountID) func(int) *mapping.Mapping {
		return func(n int) *mapping.Mapping {
			var rows []mapping.Row
			for i := range n {
				account := accounts[min(i/50, len(accounts)-1)]
				rows = append(rows, owned(frontDoor, account, mapping.APIID("api"+account), mapping.Host(fmt.Sprintf("h%d.x.example.com", i)), ""))
			}
			return of(rows...)
		}
	}
	for sentence, test := range map[string]struct {
		mapping func(int) *mapping.Mapping
		options topology.Options
		fits    int
		need    int
		max     int
		usage   string
		remedy  string
	}{
		"25 certificates and the default one, of 10 names each": {
			domains, topology.Options{Quotas: topology.Quotas{LoadBalancers: 1}}, 260, 27, 26, "certificates of the load balancer", "portico:quotas: {certificatesPerLoadBalancer: N}",
		},
		"five load balancers of them": {
			domains, topology.Options{Quotas: topology.Quotas{HostedZones: 5000}}, 1300, 131, 130, "load balancers of the proxy's service", "put hosts under fewer parent domains",
		},
		"certificates where the quota was raised": {
			domains, topology.Options{Quotas: topology.Quotas{LoadBalancers: 1, CertificatesPerLoadBalancer: 27}}, 280, 29, 28, "certificates of the load balancer", "portico:quotas: {namesPerCertificate: N}",
		},
		"names per certificate": {
			domains, topology.Options{Quotas: topology.Quotas{NamesPerCertificate: 3, CertificatesPerLoadBalancer: 1, LoadBalancers: 1}}, 6, 3, 2, "names of a certificate", "portico:quotas: {namesPerCertificate: N}",
		},
		"500 hosted zones": {
			domains, topology.Options{Quotas: topology.Quotas{NamesPerCertificate: 100}}, 500, 501, 500, "private hosted zones of the account", "portico:quotas: {hostedZones: N}",
		},
		"10,000 records of a zone, two of which are its own": {
			siblings(nginx, orders), topology.Options{DNS: topology.DNS{HostRecords: true}}, 9998, 9999, 9998, "records of a private hosted zone", "portico:dns: {records: wildcard}",
		},
		"records of hosts that no wildcard can stand for": {
			siblings(native, orders), topology.Options{Quotas: topology.Quotas{RecordsPerZone: 22}}, 20, 21, 20, "records of a private hosted zone", "give hosts another FRONT_DOOR",
		},
		"100 rules of a load balancer that the proxy shares, one of them to spare": {
			siblings(alb, orders), topology.Options{SharedALB: true}, 99, 101, 100, "listener rules of the load balancer", "portico:quotas: {rulesPerLoadBalancer: N}",
		},
		"100 rules of a load balancer of alb's own, one of them to spare": {
			siblings(alb, orders), topology.Options{}, 99, 101, 100, "listener rules of the load balancer", "portico:quotas: {rulesPerLoadBalancer: N}",
		},
		"50 private custom domains of an account": {
			siblings(native, orders), topology.Options{}, 50, 51, 50, "private custom domains of an account", "portico:quotas: {privateDomains: N}",
		},
		"120 Regional custom domains of an account": {
			siblings(alb, orders), topology.Options{Quotas: topology.Quotas{RulesPerLoadBalancer: 200}}, 120, 121, 120, "Regional custom domains of an account", "portico:quotas: {regionalDomains: N}",
		},
		"100 access associations of the shared account": {
			siblings(native, orders, shop, "444444444444"), topology.Options{}, 100, 101, 100, "access associations of the shared account", "portico:quotas: {associations: N}",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			top := derive(t, test.mapping(test.fits), test.options)
			usage, err := top.Usage(test.options)
			require.NoError(t, err)
			full := false
			for _, u := range usage {
				require.LessOrEqual(t, u.Used, u.Max, u.What)
				full = full || u.What == test.usage && u.Used == u.Max
			}
			require.True(t, full, "%v", usage)

			_, err = topology.Derive(test.mapping(test.fits+1), test.options)
			var limit *topology.LimitError
			require.ErrorAs(t, err, &limit)
			require.Equal(t, []int{test.need, test.max, test.fits}, []int{limit.Need, limit.Max, limit.Fitting})
			require.Len(t, limit.Rows, 1)
			require.Equal(t, mapping.Row{Index: test.fits}.Path(), limit.Rows[0].Path)
			require.Contains(t, limit.Remedy, test.remedy)
		})
	}
}

func TestRowsBehindOneRecordCountOnce(t *testing.T) {
	var rows []mapping.Row
	for i := range 5 {
		rows = append(rows, behind(nginx, mapping.Host(fmt.Sprintf("n%d.x.example.com", i)), ""), behind(native, mapping.Host(fmt.Sprintf("p%d.x.example.com", i)), ""))
	}
	_, err := topology.Derive(of(rows...), topology.Options{Quotas: topology.Quotas{RecordsPerZone: 7}})
	require.ErrorContains(t, err, "records of the hosted zone x.example.com: 6 needed, 5 allowed: 9 rows fit, these don't: map.yaml:19:5: APIS[9] (p4.x.example.com)")
}

// TestEveryQuotaIsHeld finds the quotas by reflection: each has a default, and
// refuses what no account can have.
func TestEveryQuotaIsHeld(t *testing.T) {
	defaults := reflect.ValueOf(topology.DefaultQuotas())
	fields := defaults.Type()
	for i := range fields.NumField() {
		field := fields.Field(i)
		require.Positive(t, defaults.Field(i).Int(), field.Name)
		least := int64(1)
		if field.Name == "RecordsPerZone" {
			least += topology.OwnRecordsPerZone
		}
		var options topology.Options
		quota := reflect.ValueOf(&options.Quotas).Elem().Field(i)
		for _, refused := range []int64{-1, least - 1} {
			if refused == 0 {
				continue
			}
			quota.SetInt(refused)
			_, err := topology.Derive(of(), options)
			require.ErrorContains(t, err, fmt.Sprintf("%s is %d: give %d or more, or 0 for the default of %d", field.Name, refused, least, defaults.Field(i).Int()))
		}
		quota.SetInt(least)
		_, err := topology.Derive(of(), options)
		require.NoError(t, err)
	}
	_, err := topology.Derive(of(), topology.Options{Quotas: topology.Quotas{LoadBalancers: 6}})
	require.ErrorContains(t, err, "LoadBalancers is 6: an ECS service takes at most 5")
}

// TestQuotasMayBeAsLargeAsNumbersGet: a stack that leaves quotas to another has
// none.
func TestQuotasMayBeAsLargeAsNumbersGet(t *testing.T) {
	top := derive(t, hosts(parents(0, 300)...), topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: math.MaxInt, HostedZones: math.MaxInt, RecordsPerZone: math.MaxInt, RulesPerLoadBalancer: math.MaxInt, PrivateDomains: math.MaxInt, RegionalDomains: math.MaxInt, Associations: math.MaxInt}})
	require.Len(t, top.LoadBalancers, 1)
}

func TestAQuotaOfEachAccountNamesTheAccount(t *testing.T) {
	m := of(owned(native, orders, "o1", "a.x.example.com", ""), owned(native, shop, "s1", "b.x.example.com", ""),
		owned(native, orders, "o1", "c.x.example.com", ""), owned(native, "", "u1", "d.x.example.com", ""), owned(native, "", "u2", "e.x.example.com", ""))
	_, err := topology.Derive(m, topology.Options{Quotas: topology.Quotas{PrivateDomains: 1}})
	require.ErrorContains(t, err, "private custom domains of account 222222222222 in us-east-1: 2 needed, 1 allowed")
	require.ErrorContains(t, err, "private custom domains of the account of rows without one, in us-east-1: 2 needed, 1 allowed")
	require.NotContains(t, err.Error(), "333333333333")
}

func TestUsageIsOfWhatUsesMost(t *testing.T) {
	top := derive(t, hosts("a.x.example.com", "b.x.example.com", "a.y.example.com"), topology.Options{DNS: topology.DNS{HostRecords: true}})
	usage, err := top.Usage(topology.Options{})
	require.NoError(t, err)
	require.Equal(t, []topology.Usage{
		{What: "certificates of the load balancer", Used: 1, Max: 26},
		{What: "private hosted zones of the account", Used: 2, Max: 500},
		{What: "names of a certificate", Used: 2, Max: 10, Of: "certificate 1"},
		{What: "records of a private hosted zone", Used: 2, Max: 9998, Of: "zone x.example.com"},
	}, usage)
	_, err = top.Usage(topology.Options{Quotas: topology.Quotas{HostedZones: -1}})
	require.ErrorContains(t, err, "HostedZones is -1")
}

func TestSuppliedCertificatesTakeHostsAndPlaces(t *testing.T) {
	m := hosts("a.x.example.com", "b.x.example.com", "a.y.example.com", "*.y.example.com", "a.z.example.com")
	options := topology.Options{Quotas: topology.Quotas{LoadBalancers: 1, CertificatesPerLoadBalancer: 2}, Supplied: supply([]mapping.Host{"*.x.example.com"}, []mapping.Host{"a.y.example.com", "unrelated.example.com"})}
	top := derive(t, m, options)
	require.Len(t, issued(top), 1)
	require.Equal(t, []mapping.Host{"*.y.example.com", "*.z.example.com"}, issued(top)[0].Names,
		"a certificate of one host doesn't cover the wildcard beside it")
	usage, err := top.Usage(options)
	require.NoError(t, err)
	require.Equal(t, topology.Usage{What: "certificates of the load balancer", Used: 3, Max: 3}, usage[0])

	options.Quotas.CertificatesPerLoadBalancer = 1
	_, err = topology.Derive(m, options)
	var limit *topology.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, []int{3, 2}, []int{limit.Need, limit.Max})
	require.Len(t, limit.Rows, 2)

	options = topology.Options{Supplied: supply([]mapping.Host{"*.x.example.com", "*.y.example.com", "*.z.example.com"})}
	require.Empty(t, issued(derive(t, m, options)))
}

func TestNarrowZonesLeaveTheParentsNamesPublic(t *testing.T) {
	top := derive(t, hosts("a.x.example.com", "b.x.example.com", "*.y.example.com", "q.y.example.com", "x.example.com"), topology.Options{DNS: topology.DNS{HostZones: true}})
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

	_, err := topology.Derive(hosts("a.x.example.com", "b.x.example.com"), topology.Options{Quotas: topology.Quotas{HostedZones: 1}, DNS: topology.DNS{HostZones: true}})
	require.ErrorContains(t, err, "2 needed, 1 allowed: 1 rows fit")
	require.ErrorContains(t, err, "portico:dns: {scope: parent}")
}

func TestExistingZonesTakeTheirNamesAndThoseBelow(t *testing.T) {
	m := hosts("a.x.example.com", "b.y.example.com", "y.example.com", "a.example.net")
	options := topology.Options{Quotas: topology.Quotas{HostedZones: 1}, DNS: topology.DNS{ExistingZones: []mapping.Zone{"example.com", "y.example.com"}}}
	top := derive(t, m, options)
	var got []string
	for _, zone := range top.Zones {
		got = append(got, fmt.Sprint(zone.Name, " ", zone.RecordNames(), " ", zone.Hosts))
	}
	require.Equal(t, []string{
		"example.com [*.x.example.com] [a.x.example.com]",
		"example.net [*.example.net] [a.example.net]",
		"y.example.com [*.y.example.com y.example.com] [b.y.example.com y.example.com]",
	}, got)
	usage, err := top.Usage(options)
	require.NoError(t, err)
	require.Equal(t, 1, usage[1].Used, "existing zones are counted already")
}

func TestUsageOfFrontDoors(t *testing.T) {
	m := of(behind(nginx, "a.x.example.com", ""), behind(alb, "b.x.example.com", ""), owned(alb, orders, "o1", "c.x.example.com", ""),
		owned(alb, orders, "o1", "d.x.example.com", ""), owned(native, shop, "s1", "e.x.example.com", ""))
	used := func(options topology.Options) []string {
		usage, err := derive(t, m, options).Usage(options)
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
	}, used(topology.Options{SharedALB: true}))
	require.Contains(t, used(topology.Options{}), "listener rules of the load balancer: 4 of 100 load balancer 2")
}

// TestNoQuotaIsInTheWayOfWhoHasNone takes what no load balancer of one account
// could carry: the proxy's image and a provider account don't depend on it.
func TestNoQuotaIsInTheWayOfWhoHasNone(t *testing.T) {
	var rows []mapping.Row
	for i := range 2000 {
		frontDoor := []mapping.FrontDoor{nginx, alb}[i%2]
		rows = append(rows, owned(frontDoor, orders, "o1", mapping.Host(fmt.Sprintf("a.p%d.example.com", i)), ""))
	}
	m := of(rows...)
	_, err := topology.Derive(m, topology.Options{})
	require.Error(t, err)
	require.NoError(t, topology.Check(m))
	require.Len(t, topology.Routes(m), len(rows)/2)
	domains, err := topology.Domains(m, topology.APIs(m), migration.WantedBy(m.Rows).Settled())
	require.NoError(t, err)
	require.Len(t, topology.DomainsOf(domains, orders, nil), len(rows)/2)
}
