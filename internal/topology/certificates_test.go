package topology_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// issued are the certificates to issue.
func issued(top *topology.Topology) []topology.Certificate {
	var all []topology.Certificate
	for _, certificate := range top.Issued() {
		all = append(all, *certificate)
	}
	return all
}

// supplied are the first names of the load balancer's supplied certificates.
func supplied(balancer topology.LoadBalancer) []mapping.Host {
	var all []mapping.Host
	for _, certificate := range balancer.Certificates {
		if certificate.Origin != topology.Issued {
			all = append(all, certificate.Names[0])
		}
	}
	return all
}

// supply are supplied certificates of those names.
func supply(names ...[]mapping.Host) []topology.Certificate {
	var all []topology.Certificate
	for _, of := range names {
		all = append(all, topology.Certificate{Origin: topology.Existing, Names: of})
	}
	return all
}

// unrelated are the names of a certificate that covers no host.
var unrelated = []mapping.Host{"unrelated.example.com"}

// parents are hosts under n parent domains, from the first on.
func parents(first, n int) []mapping.Host {
	var all []mapping.Host
	for i := range n {
		all = append(all, mapping.Host(fmt.Sprintf("a.d%03d.example.com", first+i)))
	}
	return all
}

// reissued are the certificates of before that are no more, and those that came
// in their place.
func reissued(before, after []topology.Certificate) (gone, come []topology.Certificate) {
	without := func(a, b []topology.Certificate) []topology.Certificate {
		return slices.DeleteFunc(slices.Clone(a), func(c topology.Certificate) bool {
			return slices.ContainsFunc(b, func(other topology.Certificate) bool { return slices.Equal(c.Names, other.Names) })
		})
	}
	return without(before, after), without(after, before)
}

// balancerOf tells for each name of a certificate which load balancer has it.
func balancerOf(top *topology.Topology) map[mapping.Host]string {
	of := map[mapping.Host]string{}
	for _, balancer := range top.LoadBalancers {
		for _, c := range balancer.Certificates {
			for _, name := range c.Names {
				of[name] = balancer.Name
			}
		}
	}
	return of
}

// TestAnotherDomainReissuesOneCertificate: one parent domain more or less
// touches the certificates of no others, as long as the load balancer's places
// aren't two thirds taken.
func TestAnotherDomainReissuesOneCertificate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		label := rapid.StringMatching(`[a-z][a-z0-9]{0,5}`)
		labels := rapid.SliceOfNDistinct(label, 2, 100, rapid.ID).Draw(rt, "parents")
		var all []mapping.Host
		for _, label := range labels {
			all = append(all, mapping.Host("a."+label+".example.com"))
		}
		fewer, more := derive(t, hosts(all[1:]...), topology.Options{}), derive(t, hosts(all...), topology.Options{})
		gone, come := reissued(issued(fewer), issued(more))
		require.LessOrEqual(rt, len(gone), 1)
		require.NotEmpty(rt, come)
		want := []mapping.Host{"*." + mapping.Host(all[0].Parent())}
		if len(gone) == 1 {
			want = append(want, gone[0].Names...)
		}
		var got []mapping.Host
		for _, c := range come {
			got = append(got, c.Names...)
		}
		require.ElementsMatch(rt, want, got, "the names of the certificate that the new name joins, and no others")
	})
}

// TestCertificatesGrow adds one parent domain after another to a load balancer
// until it is full, and measures what each of them reissues.
func TestCertificatesGrow(t *testing.T) {
	var before *topology.Topology
	var crossings, most, total int
	for n := 1; n <= 260; n++ {
		now := derive(t, hosts(parents(0, n)...), topology.Options{})
		require.Len(t, now.LoadBalancers, 1)
		if before != nil {
			gone, _ := reissued(issued(before), issued(now))
			total += len(gone)
			switch wasTight, isTight := len(before.Notices) > 0, len(now.Notices) > 0; {
			case wasTight != isTight:
				crossings++
				require.True(t, isTight)
				require.GreaterOrEqual(t, n, 170, "two thirds of 260 names")
			case isTight:
				most = max(most, len(gone))
			default:
				require.LessOrEqual(t, len(gone), 1, "the %dth", n)
			}
		}
		before = now
	}
	require.Equal(t, 1, crossings)
	require.LessOrEqual(t, most, 6)
	require.LessOrEqual(t, total, 350, "a sorted list cut into pieces reissues some 3,500")
	t.Logf("260 parent domains one by one: %d certificates reissued, at most %d by one, and all 26 once", total, most)
}

// TestNamesKeepTheirLoadBalancer: parents come and go, and no name that stays
// moves to another load balancer, once it is known where they are.
func TestNamesKeepTheirLoadBalancer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		options := topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: rapid.IntRange(1, 3).Draw(rt, "certificates beside the default one"), NamesPerCertificate: rapid.IntRange(1, 3).Draw(rt, "names"), LoadBalancers: 3}}
		room := (options.Quotas.CertificatesPerLoadBalancer + 1) * options.Quotas.NamesPerCertificate * options.Quotas.LoadBalancers
		for range rapid.IntRange(2, 8).Draw(rt, "runs") {
			some := rapid.SliceOfNDistinct(rapid.IntRange(0, 40), 1, room, rapid.ID).Draw(rt, "parents")
			var names []mapping.Host
			for _, i := range some {
				names = append(names, parents(i, 1)...)
			}
			now := balancerOf(derive(t, hosts(names...), options))
			require.Len(rt, now, len(names))
			for balancer, before := range options.Previous.CertificateNames {
				for _, name := range before {
					if _, stays := now[name]; stays {
						require.Equal(rt, balancer, now[name], "%s", name)
					}
				}
			}
			options.Previous.CertificateNames = map[string][]mapping.Host{}
			for name, balancer := range now {
				options.Previous.CertificateNames[balancer] = append(options.Previous.CertificateNames[balancer], name)
			}
		}
	})
}

// TestAFullLoadBalancerPassesOneNameOn: where nothing is known of how names
// stand, one more parent domain moves at most one other from each load balancer.
func TestAFullLoadBalancerPassesOneNameOn(t *testing.T) {
	options := topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 2, NamesPerCertificate: 4}}
	var before map[mapping.Host]string
	for n := 1; n <= 3*4*topology.MaxLoadBalancers; n++ {
		top := derive(t, hosts(parents(0, n)...), options)
		now := balancerOf(top)
		moved := 0
		for name, balancer := range before {
			if now[name] != balancer {
				moved++
			}
		}
		require.LessOrEqual(t, moved, len(top.LoadBalancers)-1)
		require.Len(t, top.LoadBalancers, (n+11)/12, "a load balancer more only when the others are full")
		before = now
	}
}

func TestLoadBalancersKeepTheirNames(t *testing.T) {
	options := topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 1, NamesPerCertificate: 1}, Previous: topology.Previous{CertificateNames: map[string][]mapping.Host{
		"3": {"*.d000.example.com"}, "2": {"*.d001.example.com"}, "alb2": {"*.d000.example.com", "*.d002.example.com"}, "17": {"*.d003.example.com"},
	}}}
	of := balancerOf(derive(t, hosts(parents(0, 5)...), options))
	require.Equal(t, "3", of["*.d000.example.com"])
	require.Equal(t, "2", of["*.d001.example.com"])
	for _, elsewhere := range parents(2, 3) {
		require.Contains(t, []string{"", "2"}, of["*."+mapping.Host(elsewhere.Parent())], "what no load balancer here is called says nothing")
	}
}

// TestANameStandsOnTwoLoadBalancers: that of the proxy and that of alb alone have
// certificates for one parent domain.
func TestANameStandsOnTwoLoadBalancers(t *testing.T) {
	m := of(behind(nginx, "a.x.example.com", ""), behind(alb, "b.x.example.com", ""))
	options := topology.Options{Previous: topology.Previous{CertificateNames: map[string][]mapping.Host{"2": {"*.x.example.com"}, "alb3": {"*.x.example.com"}}}}
	top := derive(t, m, options)
	require.Equal(t, []string{"2", "alb3"}, []string{top.LoadBalancers[0].Name, top.LoadBalancers[1].Name})
}

func TestASecondLoadBalancerIsAnnounced(t *testing.T) {
	options := topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 1, NamesPerCertificate: 2}}
	require.Empty(t, derive(t, hosts(parents(0, 2)...), options).Notices)
	notices := derive(t, hosts(parents(0, 5)...), options).Notices
	require.Len(t, notices, 2)
	require.Contains(t, notices[0], "load balancer 1 of nginx has certificates for 4 parent domains")
	require.Contains(t, notices[1], "nginx uses 2 load balancers, since one takes 2 certificates of 2 names, and there are 5 parent domains")
	for _, notice := range notices {
		require.Contains(t, notice, "portico:quotas: {namesPerCertificate: N}")
	}
}

func TestSuppliedCertificatesSpillOverToo(t *testing.T) {
	m := hosts(parents(0, 6)...)
	given := supply([]mapping.Host{"*.d000.example.com"}, []mapping.Host{"a.d001.example.com"}, []mapping.Host{"*.d002.example.com"})
	top := derive(t, m, topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 1, NamesPerCertificate: 3}, Supplied: given})
	require.Len(t, top.LoadBalancers, 2)
	require.Equal(t, []mapping.Host{"*.d000.example.com", "a.d001.example.com"}, supplied(top.LoadBalancers[0]))
	require.Equal(t, []mapping.Host{"*.d002.example.com"}, supplied(top.LoadBalancers[1]))
	require.Len(t, top.LoadBalancers[0].Certificates, 2, "none is issued where no place is left")
	for host, want := range map[mapping.Host]string{"a.d000.example.com": "", "a.d001.example.com": "", "a.d002.example.com": "2"} {
		require.Equal(t, want, answer(top.Zones, host).LoadBalancer, host)
	}
	_, err := topology.Derive(m, topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 1, NamesPerCertificate: 3, LoadBalancers: 2}, Supplied: given[:2]})
	require.NoError(t, err)
	_, err = topology.Derive(m, topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 1, NamesPerCertificate: 3, LoadBalancers: 1}, Supplied: given})
	require.ErrorContains(t, err, "certificates of the load balancer, at 3 names each: 4 needed, 2 allowed")
}

// TestOneZoneOnTwoLoadBalancers: a host with a supplied certificate of its own
// may be on another load balancer than its siblings.
func TestOneZoneOnTwoLoadBalancers(t *testing.T) {
	m := hosts("a.x.example.com", "b.x.example.com", "c.x.example.com", "a.y.example.com")
	top := derive(t, m, topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 1}, Supplied: supply([]mapping.Host{"a.y.example.com"}, unrelated, []mapping.Host{"b.x.example.com"}, unrelated)})
	require.Len(t, top.LoadBalancers, 3)
	require.Equal(t, "3", answer(top.Zones, "a.x.example.com").LoadBalancer)
	require.Equal(t, topology.Record{Name: "b.x.example.com", FrontDoor: nginx, LoadBalancer: "2"}, *answer(top.Zones, "b.x.example.com"))
	require.Equal(t, topology.Record{Name: "*.x.example.com", FrontDoor: nginx, LoadBalancer: "3"}, *answer(top.Zones, "c.x.example.com"))
}

func TestALBsOwnLoadBalancerTakesTheCertificatesThatItNeeds(t *testing.T) {
	m := of(behind(nginx, "a.x.example.com", ""), behind(alb, "a.y.example.com", ""), behind(alb, "a.z.example.com", ""))
	given := supply([]mapping.Host{"*.x.example.com"}, []mapping.Host{"*.y.example.com"})
	top := derive(t, m, topology.Options{Supplied: given})
	require.Len(t, top.LoadBalancers, 2)
	require.Equal(t, []mapping.Host{"*.x.example.com", "*.y.example.com"}, supplied(top.LoadBalancers[0]), "the proxy's has all of them, as ever")
	require.Equal(t, []mapping.Host{"*.y.example.com"}, supplied(top.LoadBalancers[1]))
	require.Equal(t, []mapping.Host{"*.z.example.com"}, top.LoadBalancers[1].Certificates[0].Names)
}

func TestOfTwoCertificatesForANameTheFirstCounts(t *testing.T) {
	given := supply([]mapping.Host{"*.x.example.com"}, unrelated, []mapping.Host{"*.x.example.com"}, unrelated) // One has an RSA key, one an ECDSA key.
	top := derive(t, hosts("a.x.example.com"), topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: 1}, Supplied: given})
	require.Len(t, top.LoadBalancers, 2)
	require.Empty(t, answer(top.Zones, "a.x.example.com").LoadBalancer)
}

// TestALongNameFindsAShortOne: a certificate full of short names makes room for
// a name that can't begin one.
func TestALongNameFindsAShortOne(t *testing.T) {
	long := mapping.Host("a." + strings.Repeat("l", 50) + ".internal.example.com")
	for _, certificates := range []int{0, 1, math.MaxInt} {
		options := topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: certificates}}
		top := derive(t, hosts(append(parents(0, 10), long)...), options)
		require.Greater(t, len(issued(top)), 1)
		for _, c := range issued(top) {
			require.LessOrEqual(t, len(c.Names[0]), 64)
		}
		require.Empty(t, top.Notices)
	}
}

// TestCertificatesTakeAllPlacesBeforeTheyAreFilledUp: exactly as many
// certificates as a load balancer takes are no reason to issue them anew.
func TestCertificatesTakeAllPlacesBeforeTheyAreFilledUp(t *testing.T) {
	for n := 1; n <= 260; n++ {
		top := derive(t, hosts(parents(0, n)...), topology.Options{})
		if len(top.Notices) > 0 {
			break
		}
		if len(issued(top)) == 26 {
			require.Less(t, n, 260, "the 26 certificates aren't full")
			return
		}
	}
	require.Fail(t, "26 certificates are no more than a load balancer takes")
}

// TestAFullLoadBalancerTakesNoNameMore: not one that was on it before either,
// when its places were more.
func TestAFullLoadBalancerTakesNoNameMore(t *testing.T) {
	var names []mapping.Host
	for _, host := range parents(0, 5) {
		names = append(names, host.Wildcard())
	}
	top := derive(t, hosts(parents(0, 5)...), topology.Options{
		Quotas:   topology.Quotas{CertificatesPerLoadBalancer: 1, NamesPerCertificate: 2},
		Previous: topology.Previous{CertificateNames: map[string][]mapping.Host{"": names}},
	})
	require.Len(t, top.LoadBalancers, 2)
	count := map[string]int{}
	for _, balancer := range balancerOf(top) {
		count[balancer]++
	}
	require.Equal(t, map[string]int{"": 4, "2": 1}, count)
	require.Len(t, top.LoadBalancers[0].Certificates, 2)
}

// TestCoverageIsTheFirstCertificateThatCovers holds the index to the rule.
func TestCoverageIsTheFirstCertificateThatCovers(t *testing.T) {
	name := rapid.SampledFrom([]mapping.Host{"*.x.example.com", "a.x.example.com", "b.x.example.com", "*.y.example.com", "a.y.example.com", "a.b.x.example.com"})
	rapid.Check(t, func(rt *rapid.T) {
		certificates := supply(rapid.SliceOfN(rapid.SliceOfN(name, 1, 3), 0, 5).Draw(rt, "certificates")...)
		host := name.Draw(rt, "host")
		var want *topology.Certificate
		if i := slices.IndexFunc(certificates, func(c topology.Certificate) bool { return c.Covers(host) }); i >= 0 {
			want = &certificates[i]
		}
		require.Same(rt, want, topology.Cover(certificates).Of(host))
	})
}

// TestEachFrontDoorHasItsOwnCertificates: of one name there may be two, on
// different load balancers.
func TestEachFrontDoorHasItsOwnCertificates(t *testing.T) {
	m := of(behind(nginx, "a.x.example.com", ""), behind(alb, "b.x.example.com", ""), behind(native, "c.x.example.com", ""))
	own := derive(t, m, topology.Options{})
	require.Same(t, &own.LoadBalancers[0].Certificates[0], own.Coverage(nginx).Of("a.x.example.com"))
	require.Same(t, &own.LoadBalancers[1].Certificates[0], own.Coverage(alb).Of("b.x.example.com"))
	require.Nil(t, own.Coverage(native).Of("c.x.example.com"))
	require.Nil(t, own.Coverage(alb).Of("b.y.example.com"))

	shared := derive(t, m, topology.Options{SharedALB: true})
	for _, frontDoor := range []mapping.FrontDoor{nginx, alb} {
		require.Same(t, &shared.LoadBalancers[0].Certificates[0], shared.Coverage(frontDoor).Of("b.x.example.com"))
	}
	require.Equal(t, []string{"a.x.example.com", "b.x.example.com"}, func() (uncovered []string) {
		for _, row := range shared.Uncovered {
			uncovered = append(uncovered, row.URL())
		}
		return uncovered
	}(), "the hosts that load balancers serve")
}

// defaultNames are the names of the first certificate of the only load balancer.
func defaultNames(top *topology.Topology) []mapping.Host {
	return top.LoadBalancers[0].Certificates[0].Names
}

// TestTheDefaultCertificateKeepsItsNames: a listener gets its default certificate before
// others of its list, so that no name may go from the one to the others.
func TestTheDefaultCertificateKeepsItsNames(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		options := topology.Options{Quotas: topology.Quotas{NamesPerCertificate: rapid.IntRange(1, 4).Draw(rt, "names"), CertificatesPerLoadBalancer: 60, LoadBalancers: 1}}
		for range rapid.IntRange(2, 8).Draw(rt, "runs") {
			some := rapid.SliceOfNDistinct(rapid.IntRange(0, 25), 1, 20, rapid.ID).Draw(rt, "parents")
			var names []mapping.Host
			for _, i := range some {
				names = append(names, parents(i, 1)...)
			}
			top := derive(t, hosts(names...), options)
			now := defaultNames(top)
			needed, covered := balancerOf(top), map[mapping.Host]int{}
			for _, certificate := range top.LoadBalancers[0].Certificates {
				require.LessOrEqual(rt, len(certificate.Names), options.Quotas.NamesPerCertificate)
				for _, name := range certificate.Names {
					covered[name]++
				}
			}
			for name := range needed {
				require.Equal(rt, 1, covered[name], "%s is in one certificate", name)
			}
			for _, name := range options.Previous.DefaultNames[""] {
				if _, stays := needed[name]; stays {
					require.Contains(rt, now, name)
				}
			}
			options.Previous.DefaultNames = map[string][]mapping.Host{"": now}
		}
	})
}

// TestFewerNamesACertificateLeaveTheDefaultOneAsItIs: a certificate that ACM has issued is
// not taken apart where the limit is lowered, but where there is no place for it.
func TestFewerNamesACertificateLeaveTheDefaultOneAsItIs(t *testing.T) {
	names := parents(0, 6)
	before := defaultNames(derive(t, hosts(names...), topology.Options{}))
	require.Len(t, before, 6)
	options := topology.Options{
		Quotas:   topology.Quotas{NamesPerCertificate: 2},
		Previous: topology.Previous{DefaultNames: map[string][]mapping.Host{"": before}},
	}
	require.Equal(t, before, defaultNames(derive(t, hosts(names...), options)))
	require.Equal(t, before, defaultNames(derive(t, hosts(append(names, parents(6, 2)...)...), options)))
	require.Less(t, len(defaultNames(derive(t, hosts(names[1:]...), options))), 5, "ACM would issue none of 5 names")
	options.Quotas.CertificatesPerLoadBalancer, options.Quotas.LoadBalancers = 3, 1
	require.Equal(t, before, defaultNames(derive(t, hosts(append(names, parents(6, 2)...)...), options)))
	options.Quotas.CertificatesPerLoadBalancer = 2
	require.LessOrEqual(t, len(defaultNames(derive(t, hosts(names...), options))), 6)
}
