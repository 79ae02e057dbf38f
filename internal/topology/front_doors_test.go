package topology_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

const (
	nginx  = mapping.FrontDoorNGINX
	alb    = mapping.FrontDoorALB
	native = mapping.FrontDoorNative
)

var frontDoors = []mapping.FrontDoor{nginx, alb, native}

// behind is a row of a front door.
func behind(door mapping.FrontDoor, host mapping.Host, base mapping.BasePath) mapping.Row {
	r := row(0, host, base)
	r.FrontDoor = door
	return r
}

func deriveAt(t testing.TB, m *mapping.Mapping, options topology.Options, at migration.Plan) *topology.Topology {
	t.Helper()
	top, err := topology.DeriveAt(m, options, at)
	require.NoError(t, err)
	return top
}

// names are the hosts and records of a topology, for comparison.
type names struct {
	Routes, Resolvable, ALB, Native []mapping.Host
	FrontDoors                      []mapping.FrontDoor
	Records                         map[mapping.Host]string
	// Certificates are the names on each load balancer.
	Certificates map[string][]mapping.Host
}

func namesOf(top *topology.Topology) names {
	n := names{
		Routes: top.Hosts, Resolvable: top.Resolvable, ALB: top.ALBHosts, Native: top.NativeHosts, FrontDoors: top.FrontDoors,
		Records: map[mapping.Host]string{}, Certificates: map[string][]mapping.Host{},
	}
	for _, zone := range top.Zones {
		for _, record := range zone.Records {
			n.Records[record.Name] = string(record.FrontDoor)
			if record.FrontDoor != native {
				n.Records[record.Name] += " by load balancer " + fmt.Sprintf("%q", record.LoadBalancer)
			}
		}
	}
	for _, balancer := range top.LoadBalancers {
		var all []mapping.Host
		for _, c := range balancer.Certificates {
			all = append(all, c.Names...)
		}
		n.Certificates[balancer.Name] = all
	}
	return n
}

func TestHostsOfEveryFrontDoor(t *testing.T) {
	m := of(behind(nginx, "n.x.example.com", ""), behind(alb, "a.x.example.com", ""), behind(native, "p.x.example.com", ""),
		behind(alb, "a.y.example.com", ""), behind(native, "p.z.example.com", ""))
	h := func(hosts ...mapping.Host) []mapping.Host { return hosts }
	want := names{
		Routes: h("n.x.example.com"), ALB: h("a.x.example.com", "a.y.example.com"), Native: h("p.x.example.com", "p.z.example.com"),
		Resolvable: h("a.x.example.com", "a.y.example.com", "n.x.example.com", "p.x.example.com", "p.z.example.com"),
		FrontDoors: []mapping.FrontDoor{alb, native, nginx},
	}

	shared := want
	shared.Records = map[mapping.Host]string{
		"*.x.example.com": `nginx by load balancer ""`, "p.x.example.com": "native", "*.y.example.com": `alb by load balancer ""`, "p.z.example.com": "native",
	}
	shared.Certificates = map[string][]mapping.Host{"": h("*.x.example.com", "*.y.example.com")}
	require.Empty(t, cmp.Diff(shared, namesOf(derive(t, m, topology.Options{SharedALB: true}))))

	own := want
	own.Records = map[mapping.Host]string{
		"*.x.example.com": `nginx by load balancer ""`, "a.x.example.com": `alb by load balancer "alb"`, "p.x.example.com": "native",
		"a.y.example.com": `alb by load balancer "alb"`, "p.z.example.com": "native",
	}
	own.Certificates = map[string][]mapping.Host{"": h("*.x.example.com"), "alb": h("*.x.example.com", "*.y.example.com")}
	require.Empty(t, cmp.Diff(own, namesOf(derive(t, m, topology.Options{}))))

	hostRecords := shared
	hostRecords.Records = map[mapping.Host]string{
		"n.x.example.com": `nginx by load balancer ""`, "a.x.example.com": `alb by load balancer ""`, "p.x.example.com": "native",
		"a.y.example.com": `alb by load balancer ""`, "p.z.example.com": "native",
	}
	require.Empty(t, cmp.Diff(hostRecords, namesOf(derive(t, m, topology.Options{DNS: topology.DNS{HostRecords: true}, SharedALB: true}))))
}

func TestOnlyWhatAFrontDoorNeedsIsThere(t *testing.T) {
	natives := derive(t, of(behind(native, "p.x.example.com", "")), topology.Options{SharedALB: true})
	require.Empty(t, natives.LoadBalancers)
	require.Empty(t, issued(natives))
	require.Empty(t, natives.Routes)
	require.Equal(t, []mapping.FrontDoor{native}, natives.FrontDoors)

	for _, isShared := range []bool{true, false} {
		albs := derive(t, of(behind(alb, "a.x.example.com", "")), topology.Options{SharedALB: isShared})
		require.Len(t, albs.LoadBalancers, 1)
		require.Equal(t, alb, albs.LoadBalancers[0].FrontDoor, "no proxy is behind it")
		require.Equal(t, []mapping.Host{"a.x.example.com"}, albs.LoadBalancers[0].ALBHosts)
		require.Equal(t, map[bool]string{true: "", false: "alb"}[isShared], albs.LoadBalancers[0].Name)
		require.Empty(t, albs.Routes)
		require.Equal(t, []mapping.FrontDoor{alb}, albs.FrontDoors)
	}
}

// TestAHostsPath follows a host from the proxy to each other front door and
// back: at each step the path from its name to the API is whole.
func TestAHostsPath(t *testing.T) {
	h := func(hosts ...mapping.Host) []mapping.Host { return hosts }
	const host = "a.x.example.com"
	type step struct {
		sentence string
		wants    mapping.FrontDoor
		at       outputs.HostState
		want     names
	}
	certificates := func(balancers ...string) map[string][]mapping.Host {
		all := map[string][]mapping.Host{}
		for _, name := range balancers {
			all[name] = h("*.x.example.com")
		}
		return all
	}
	record := func(name mapping.Host, target string) map[mapping.Host]string {
		return map[mapping.Host]string{name: target}
	}
	byProxy := record("*.x.example.com", `nginx by load balancer ""`)
	steps := []step{
		{
			"wants alb: its certificate is there before its name moves", alb, outputs.HostState{Current: nginx, Pending: outputs.PendingProvider},
			names{Routes: h(host), Resolvable: h(host), FrontDoors: []mapping.FrontDoor{alb, nginx}, Records: byProxy, Certificates: certificates("", "alb")},
		},
		{
			"has moved to alb: the proxy still routes it", alb, outputs.HostState{Current: alb, Retains: []mapping.FrontDoor{nginx}, Pending: outputs.PendingClients},
			names{
				Routes: h(host), Resolvable: h(host), ALB: h(host), FrontDoors: []mapping.FrontDoor{alb, nginx},
				Records: record(host, `alb by load balancer "alb"`), Certificates: certificates("", "alb"),
			},
		},
		{
			"has arrived at alb: nothing is left of the proxy", alb, outputs.HostState{Current: alb},
			names{Resolvable: h(host), ALB: h(host), FrontDoors: []mapping.FrontDoor{alb}, Records: record(host, `alb by load balancer "alb"`), Certificates: certificates("alb")},
		},
		{
			"wants native: no certificate on a load balancer is for that", native, outputs.HostState{Current: alb, Pending: outputs.PendingProvider},
			names{Resolvable: h(host), ALB: h(host), FrontDoors: []mapping.FrontDoor{alb, native}, Records: record(host, `alb by load balancer "alb"`), Certificates: certificates("alb")},
		},
		{
			"has moved to native", native, outputs.HostState{Current: native, Retains: []mapping.FrontDoor{alb}, Pending: outputs.PendingClients},
			names{Resolvable: h(host), ALB: h(host), Native: h(host), FrontDoors: []mapping.FrontDoor{alb, native}, Records: record(host, "native"), Certificates: certificates("alb")},
		},
		{
			"wants the proxy back: the proxy routes it before its name moves", nginx, outputs.HostState{Current: native, Pending: outputs.PendingProvider},
			names{Routes: h(host), Resolvable: h(host), Native: h(host), FrontDoors: []mapping.FrontDoor{native, nginx}, Records: record(host, "native"), Certificates: certificates("")},
		},
		{
			"is new and waits: it has no name, and its front door exists", native, outputs.HostState{Pending: outputs.PendingProvider},
			names{FrontDoors: []mapping.FrontDoor{native}, Records: map[mapping.Host]string{}, Certificates: certificates()},
		},
	}
	for _, s := range steps {
		t.Run(s.sentence, func(t *testing.T) {
			top := deriveAt(t, of(behind(s.wants, host, "")), topology.Options{}, migration.Plan{host: s.at})
			require.Empty(t, cmp.Diff(s.want, namesOf(top), equateEmpty))
		})
	}
}

// equateEmpty takes no hosts for an empty list of them.
var equateEmpty = cmp.FilterValues(func(a, b []mapping.Host) bool { return len(a)+len(b) == 0 }, cmp.Comparer(func(a, b []mapping.Host) bool { return true }))

// mixed draws a mapping of every front door and the states of its hosts.
func mixed(t *rapid.T) (*mapping.Mapping, migration.Plan) {
	var rows []mapping.Row
	at := migration.Plan{}
	for i := range rapid.IntRange(1, 40).Draw(t, "hosts") {
		host := mapping.Host(fmt.Sprintf("h%d.d%d.example.com", i, rapid.IntRange(0, 15).Draw(t, "parent")))
		if rapid.IntRange(0, 8).Draw(t, "apex") == 0 {
			host = mapping.Host(host.Parent()) // It may be the name of another's zone.
		}
		if _, twice := at[host]; twice || strings.Count(string(host), ".") < 2 {
			continue
		}
		frontDoor := rapid.SampledFrom(frontDoors).Draw(t, "wants")
		p := outputs.HostState{Current: rapid.SampledFrom([]mapping.FrontDoor{"", nginx, alb, native}).Draw(t, "current")}
		if kept := rapid.SampledFrom(frontDoors).Draw(t, "retains"); kept != p.Current && p.Current == frontDoor {
			p.Retains = []mapping.FrontDoor{kept}
		}
		at[host] = p
		rows = append(rows, behind(frontDoor, host, ""), behind(frontDoor, host, "/v1"))
	}
	if rapid.Bool().Draw(t, "a wildcard host") {
		rows = append(rows, behind(nginx, "*.d0.example.com", ""))
		at["*.d0.example.com"] = outputs.HostState{Current: nginx}
	}
	return of(rows...), at
}

// TestEveryPathIsWhole: whichever states hosts are in between front doors, and however
// small the load balancers are, each name leads to its front door, and that has
// what it takes to answer.
func TestEveryPathIsWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, at := mixed(rt)
		options := topology.Options{Quotas: topology.Quotas{CertificatesPerLoadBalancer: rapid.IntRange(1, 3).Draw(rt, "certificates beside the default one"), NamesPerCertificate: rapid.IntRange(2, 4).Draw(rt, "names")}, DNS: topology.DNS{HostRecords: rapid.IntRange(0, 3).Draw(rt, "records") == 0, HostZones: rapid.IntRange(0, 3).Draw(rt, "zones") == 0}, SharedALB: rapid.Bool().Draw(rt, "shared")}
		top, err := topology.DeriveAt(m, options, at)
		require.NoError(rt, err)
		for host, p := range at {
			_, served := slices.BinarySearch(top.Resolvable, host)
			require.Equal(rt, p.Current != "", served)
			if p.Current == "" {
				continue
			}
			record := answer(top.Zones, host)
			require.NotNil(rt, record, "%s resolves", host)
			if record.FrontDoor != p.Current {
				require.True(rt, options.SharedALB && p.Current == alb && record.FrontDoor == nginx && record.Name != host, "%s leads to %s: %v", host, p.Current, record)
			}
			if p.Current == native {
				continue
			}
			balancer := top.LoadBalancers[slices.IndexFunc(top.LoadBalancers, func(b topology.LoadBalancer) bool { return b.Name == record.LoadBalancer })]
			require.True(rt, covers(balancer, host), "%s has its certificate on %q", host, balancer.Name)
			require.Equal(rt, p.Serves(alb) && (options.SharedALB || p.Current == alb), slices.Contains(balancer.ALBHosts, host), "a rule for %s", host)
			if p.Current == nginx {
				require.Equal(rt, nginx, balancer.FrontDoor)
			}
		}
		for _, host := range top.Hosts {
			require.True(rt, at[host].Serves(nginx) || wants(m, host) == nginx)
		}
		for _, host := range top.ALBHosts {
			require.True(rt, slices.ContainsFunc(top.LoadBalancers, func(b topology.LoadBalancer) bool {
				return slices.Contains(b.ALBHosts, host) && covers(b, host)
			}), "%s has a rule beside its certificate, also when its name leads elsewhere", host)
		}
		for _, balancer := range top.LoadBalancers {
			require.LessOrEqual(rt, len(balancer.Certificates), options.Quotas.CertificatesPerLoadBalancer+1)
			require.NotEmpty(rt, balancer.Certificates, "a listener needs a certificate")
		}
	})
}

func wants(m *mapping.Mapping, host mapping.Host) mapping.FrontDoor {
	i := slices.IndexFunc(m.Rows, func(r mapping.Row) bool { return r.Host == host })
	return m.Rows[i].FrontDoor
}

func covers(balancer topology.LoadBalancer, host mapping.Host) bool {
	name := mapping.Host("*." + host.Parent())
	return slices.ContainsFunc(balancer.Certificates, func(c topology.Certificate) bool { return slices.Contains(c.Names, name) })
}

// answer follows Route 53's rules: the most specific zone answers, with an exact
// record or else its wildcard.
func answer(zones []topology.Zone, host mapping.Host) *topology.Record {
	var zone *topology.Zone
	for i := range zones {
		name := string(zones[i].Name)
		if (string(host) == name || strings.HasSuffix(string(host), "."+name)) && (zone == nil || len(name) > len(zone.Name)) {
			zone = &zones[i]
		}
	}
	if zone == nil {
		return nil
	}
	for _, name := range []mapping.Host{host, mapping.Host("*." + zone.Name)} {
		if i := slices.IndexFunc(zone.Records, func(r topology.Record) bool { return r.Name == name }); i >= 0 {
			return &zone.Records[i]
		}
	}
	return nil
}

func TestAHostThatLeftARecordOfItsOwnKeepsOneUntilTheEarlierFrontDoorLetsItGo(t *testing.T) {
	const moved, stays = "a.x.example.com", "b.x.example.com"
	records := func(options topology.Options, p outputs.HostState) []topology.Record {
		m := &mapping.Mapping{Rows: []mapping.Row{behind(nginx, moved, ""), behind(nginx, stays, "")}}
		for i := range m.Rows {
			m.Rows[i].Index = i
		}
		derived, err := topology.DeriveAt(m, options, migration.Plan{moved: p, stays: {Current: nginx}})
		require.NoError(t, err)
		require.Len(t, derived.Zones, 1)
		return derived.Zones[0].Records
	}
	left := func(door mapping.FrontDoor) outputs.HostState {
		return outputs.HostState{Current: nginx, Retains: []mapping.FrontDoor{door}, Pending: outputs.PendingClients}
	}
	wildcard := topology.Record{Name: "*.x.example.com", FrontDoor: nginx}
	own := topology.Record{Name: moved, FrontDoor: nginx}
	shared := topology.Options{SharedALB: true}
	require.Equal(t, []topology.Record{wildcard, own}, records(shared, left(native)))
	require.Equal(t, []topology.Record{wildcard, own}, records(topology.Options{}, left(alb)))
	require.Equal(t, []topology.Record{wildcard}, records(shared, left(alb)), "the wildcard led to the load balancer of both")
	require.Equal(t, []topology.Record{wildcard}, records(shared, outputs.HostState{Current: nginx}), "the wildcard answers for it from then on")
	require.Equal(t, []topology.Record{wildcard}, records(shared, outputs.HostState{Current: nginx, Retains: []mapping.FrontDoor{native}, Pending: outputs.PendingAssociation}))
}

// The proxy answers for no host that another front door serves, also while the host waits
// for its account. The row of a wildcard host would lead its requests elsewhere.
func TestWildcardRoutesDontAnswerForHostsOfOtherFrontDoors(t *testing.T) {
	m, err := mapping.Parse("mapping.yaml", []byte(`APIS:
  - {CUSTOM_DOMAIN_URL: "*.x.example.com", PRIVATE_API_URL: "https://aaaa000000.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: a.x.example.com, PRIVATE_API_URL: "https://bbbb000000.execute-api.us-east-1.amazonaws.com/dev", FRONT_DOOR: alb}
  - {CUSTOM_DOMAIN_URL: a.x.example.com/v1, PRIVATE_API_URL: "https://bbbb000000.execute-api.us-east-1.amazonaws.com/dev", FRONT_DOOR: alb}
  - {CUSTOM_DOMAIN_URL: b.x.example.com, PRIVATE_API_URL: "https://bbbb000000.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: gone.x.example.com, PRIVATE_API_URL: "https://bbbb000000.execute-api.us-east-1.amazonaws.com/dev", FRONT_DOOR: alb, RETIRED: true}
  - {CUSTOM_DOMAIN_URL: a.y.example.com, PRIVATE_API_URL: "https://bbbb000000.execute-api.us-east-1.amazonaws.com/dev", FRONT_DOOR: alb}
`))
	require.NoError(t, err)
	for sentence, test := range map[string]struct {
		state     outputs.HostState
		elsewhere []string
	}{
		"served by alb":                   {outputs.HostState{Current: mapping.FrontDoorALB}, []string{"a.x.example.com"}},
		"waiting for its account":         {outputs.HostState{Target: mapping.FrontDoorALB, Pending: outputs.PendingProvider}, []string{"a.x.example.com"}},
		"served by nginx until it leaves": {outputs.HostState{Current: mapping.FrontDoorNGINX, Target: mapping.FrontDoorALB}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			at := migration.WantedBy(m.Rows).Settled()
			at["a.x.example.com"] = test.state
			top, err := topology.DeriveAt(m, topology.Options{}, at)
			require.NoError(t, err)
			require.Equal(t, test.elsewhere, top.Elsewhere)
			// The rows of a host of nginx are held: the wildcard host's answer meanwhile.
			held, err := topology.DeriveAt(m, topology.Options{Proxied: m.Rows[:1]}, at)
			require.NoError(t, err)
			require.NotContains(t, held.Elsewhere, "b.x.example.com")
			for host, answers := range map[string]bool{"a.x.example.com": test.elsewhere == nil, "b.x.example.com": true, "gone.x.example.com": true, "c.x.example.com": true} {
				_, found := top.Resolve(host, "/v1")
				require.Equal(t, answers, found, host)
			}
		})
	}
}
