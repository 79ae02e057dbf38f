package topology_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// row is a row for the host and base path; its position is that of its index.
func row(index int, host mapping.Host, base mapping.BasePath) mapping.Row {
	return mapping.Row{
		Index: index, Pos: mapping.Position{Line: 10 + index, Column: 5}, Host: host, BasePath: base,
		API:     mapping.PrivateAPI{ID: mapping.APIID(fmt.Sprintf("api%d", index)), Region: "us-east-1", Partition: "aws", Stage: "dev"},
		Timeout: 30 * time.Second, FrontDoor: mapping.FrontDoorNGINX,
	}
}

func of(rows ...mapping.Row) *mapping.Mapping {
	for i := range rows {
		rows[i].Index, rows[i].Pos = i, mapping.Position{Line: 10 + i, Column: 5}
	}
	return &mapping.Mapping{Source: "map.yaml", Rows: rows}
}

func hosts(names ...mapping.Host) *mapping.Mapping {
	var rows []mapping.Row
	for i, name := range names {
		rows = append(rows, row(i, name, ""))
	}
	return of(rows...)
}

func derive(t testing.TB, m *mapping.Mapping, options topology.Options) *topology.Topology {
	t.Helper()
	top, err := topology.Derive(m, options)
	require.NoError(t, err)
	return top
}

// TestHostsStayInTheirZones: a zone that comes hides the names below its own until its
// records exist, and one that goes does until it is gone.
func TestHostsStayInTheirZones(t *testing.T) {
	type zones = map[mapping.Zone][]mapping.Host // the names of the records
	h := func(names ...mapping.Host) []mapping.Host { return names }
	for sentence, test := range map[string]struct {
		hosts    []mapping.Host
		previous []mapping.Zone
		existing []mapping.Zone
		want     zones
	}{
		"a host that is its zone's apex stays, though no host is below it any more": {
			h("x.example.com", "c.example.com"), []mapping.Zone{"x.example.com", "example.com"}, nil,
			zones{"x.example.com": h("x.example.com"), "example.com": h("*.example.com")},
		},
		"so does a zone whose name a wildcard host covers": {
			h("*.example.com"), []mapping.Zone{"x.example.com", "example.com"}, nil,
			zones{"x.example.com": h("x.example.com"), "example.com": h("*.example.com")},
		},
		"a zone of no host goes": {
			h("c.example.com"), []mapping.Zone{"x.example.com", "example.com"}, nil, zones{"example.com": h("*.example.com")},
		},
		"a host below a zone's host comes into that zone, where the zone's host has a record": {
			h("x.example.com", "a.x.example.com"), []mapping.Zone{"example.com"}, nil,
			zones{"example.com": h("*.x.example.com", "x.example.com")},
		},
		"also below a wildcard host": {
			h("*.example.com", "a.x.example.com"), []mapping.Zone{"example.com"}, nil,
			zones{"example.com": h("*.example.com", "*.x.example.com", "x.example.com")},
		},
		"and two labels below": {
			h("*.example.com", "x.example.com", "a.b.x.example.com"), []mapping.Zone{"example.com"}, nil,
			zones{"example.com": h("*.b.x.example.com", "*.example.com", "x.example.com")},
		},
		"other zones come beside": {
			h("a.x.example.com", "a.y.example.com"), []mapping.Zone{"x.example.com"}, nil,
			zones{"x.example.com": h("*.x.example.com"), "y.example.com": h("*.y.example.com")},
		},
		"a zone that the settings name has a record for each name that another hides too": {
			h("*.example.com", "x.example.com", "a.b.x.example.com"), nil, []mapping.Zone{"example.com"},
			zones{"example.com": h("*.b.x.example.com", "*.example.com", "x.example.com")},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			top := derive(t, hosts(test.hosts...), topology.Options{Previous: topology.Previous{Zones: test.previous}, DNS: topology.DNS{ExistingZones: test.existing}})
			got := zones{}
			for _, zone := range top.Zones {
				got[zone.Name] = zone.RecordNames()
			}
			require.Empty(t, cmp.Diff(test.want, got))
		})
	}
}

func TestZonesAndRecords(t *testing.T) {
	type zone = topology.Zone
	h := func(names ...mapping.Host) []mapping.Host { return names }
	r := func(names ...mapping.Host) (records []topology.Record) {
		for _, name := range names {
			records = append(records, topology.Record{Name: name, FrontDoor: mapping.FrontDoorNGINX})
		}
		return records
	}
	tests := map[string]struct {
		hosts       []mapping.Host
		hostRecords bool
		want        []zone
	}{
		"hosts of one parent share a zone and its wildcard record": {
			hosts: h("b.x.example.com", "a.x.example.com"),
			want:  []zone{{"x.example.com", r("*.x.example.com"), h("a.x.example.com", "b.x.example.com")}},
		},
		"a wildcard host needs the wildcard record": {
			hosts: h("*.x.example.com"),
			want:  []zone{{"x.example.com", r("*.x.example.com"), h("*.x.example.com")}},
		},
		"parents have zones of their own": {
			hosts: h("a.x.example.com", "a.y.example.com"),
			want: []zone{
				{"x.example.com", r("*.x.example.com"), h("a.x.example.com")},
				{"y.example.com", r("*.y.example.com"), h("a.y.example.com")},
			},
		},
		"a host that is a zone's name is the zone's apex, since no other zone is asked": {
			hosts: h("a.b.example.com", "b.example.com", "c.example.com"),
			want: []zone{
				{"b.example.com", r("*.b.example.com", "b.example.com"), h("a.b.example.com", "b.example.com")},
				{"example.com", r("*.example.com"), h("c.example.com")},
			},
		},
		"a parent whose only host is another zone's apex has no zone": {
			hosts: h("a.b.example.com", "b.example.com"),
			want:  []zone{{"b.example.com", r("*.b.example.com", "b.example.com"), h("a.b.example.com", "b.example.com")}},
		},
		"a wildcard host covers the apex of the zone below it": {
			hosts: h("*.example.com", "a.b.example.com"),
			want: []zone{
				{"b.example.com", r("*.b.example.com", "b.example.com"), h("a.b.example.com")},
				{"example.com", r("*.example.com"), h("*.example.com")},
			},
		},
		"records may be one per host": {
			hosts: h("a.b.example.com", "b.example.com", "c.example.com", "*.b.example.com"), hostRecords: true,
			want: []zone{
				{"b.example.com", r("*.b.example.com", "a.b.example.com", "b.example.com"), h("*.b.example.com", "a.b.example.com", "b.example.com")},
				{"example.com", r("c.example.com"), h("c.example.com")},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			top := derive(t, hosts(test.hosts...), topology.Options{DNS: topology.DNS{HostRecords: test.hostRecords}})
			require.Empty(t, cmp.Diff(test.want, top.Zones))
		})
	}
}

func TestRetiredRowsLeaveOnlyTheirAPIs(t *testing.T) {
	retired := row(0, "a.x.example.com", "")
	retired.Retired = true
	top := derive(t, of(retired, row(1, "a.z.example.com", "")), topology.Options{})
	require.Equal(t, []mapping.Host{"a.z.example.com"}, top.Hosts)
	require.Equal(t, []mapping.Host{"a.z.example.com"}, top.Resolvable)
	require.Len(t, top.Routes, 1)
	require.Len(t, top.Zones, 1)
	require.Equal(t, []mapping.Host{"*.z.example.com"}, issued(top)[0].Names)
	require.Len(t, top.APIs, 2)
}

func TestAnEmptyMappingAsksForNothing(t *testing.T) {
	top := derive(t, of(), topology.Options{})
	require.Empty(t, top.Routes)
	require.Empty(t, top.Zones)
	require.Empty(t, issued(top))
	require.Empty(t, top.APIs)
}

func TestD33_RowsOfOneAPIAreOneAPI(t *testing.T) {
	a, b, c := row(0, "a.x.example.com", ""), row(1, "b.x.example.com", ""), row(2, "c.x.example.com", "")
	a.API.ID, b.API.ID, c.API.ID = "same", "same", "same"
	b.Account, b.Retired = "222222222222", true
	c.API.Region = "eu-west-1"
	top := derive(t, of(a, b, c), topology.Options{})
	require.Len(t, top.APIs, 2, "an API ID is unique in its region")
	require.Equal(t, "eu-west-1", top.APIs[0].Region)
	require.Empty(t, top.APIs[0].Account)
	require.Equal(t, mapping.AccountID("222222222222"), top.APIs[1].Account, "a row without an account adopts the API's")
	require.Len(t, top.APIs[1].Rows, 2)
}

func TestAPIsOfTakesNamedAndListedAPIs(t *testing.T) {
	own, other, open, listed := row(0, "a.x.example.com", ""), row(1, "b.x.example.com", ""), row(2, "c.x.example.com", ""), row(3, "d.x.example.com", "")
	own.Account, other.Account = "111111111111", "222222222222"
	top := derive(t, of(own, other, open, listed), topology.Options{})
	ids := func(apis []topology.API) (ids []mapping.APIID) {
		for _, api := range apis {
			ids = append(ids, api.ID)
		}
		return ids
	}
	require.Equal(t, []mapping.APIID{"api3", "api0"}, ids(topology.APIsOf(top.APIs, "111111111111", []mapping.APIID{"api3"})))
	require.Equal(t, []mapping.APIID{"api1"}, ids(topology.APIsOf(top.APIs, "222222222222", nil)))
	require.Empty(t, topology.APIsOf(top.APIs, "333333333333", []mapping.APIID{"api0"}), "listing doesn't take another account's API")
	require.Empty(t, topology.APIsOf(top.APIs, "", nil))
}

func TestLimitsNameTheRowsAndTheRemedy(t *testing.T) {
	var rows []mapping.Row
	for i := range 30 {
		rows = append(rows, row(i, mapping.Host(fmt.Sprintf("a.d%02d.example.com", i)), ""))
	}
	contradiction := row(30, "b.d00.example.com", "")
	contradiction.PublicZone = "d00.example.com"
	rows[0].PublicZone = "example.com"
	twoOwners := row(31, "c.d00.example.com", "")
	twoOwners.API, twoOwners.Account = rows[5].API, "222222222222"
	rows[5].Account = "111111111111"
	_, err := topology.Derive(of(append(rows, contradiction, twoOwners)...), topology.Options{Quotas: topology.Quotas{NamesPerCertificate: 5, CertificatesPerLoadBalancer: 2, LoadBalancers: 1, HostedZones: 28}})
	var limit *topology.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, 6, limit.Need)
	require.Equal(t, 17, limit.Fitting, "15 names, and two more rows under the first of them")
	require.Len(t, limit.Rows, 15)
	for _, want := range []string{
		"6 needed, 3 allowed: 17 rows fit",
		"map.yaml:25:5: APIS[15] (a.d15.example.com)", "and 5 more", "namesPerCertificate",
		"private hosted zones of an account: 30 needed, 28 allowed: 30 rows fit", "APIS[29]",
		"validated in two public zones, example.com and d00.example.com", "map.yaml:40:5: APIS[30]", "ROUTE53_PUBLIC_DOMAIN",
		"API api5 in us-east-1 is given to two accounts, 111111111111 and 222222222222",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = topology.Derive(of(rows...), topology.Options{Quotas: topology.Quotas{RecordsPerZone: 3, NamesPerCertificate: 10}, DNS: topology.DNS{HostRecords: true}})
	require.NoError(t, err)
	_, err = topology.Derive(hosts("a.x.example.com", "b.x.example.com"), topology.Options{Quotas: topology.Quotas{RecordsPerZone: 3}, DNS: topology.DNS{HostRecords: true}})
	require.ErrorContains(t, err, "records of the hosted zone x.example.com: 2 needed, 1 allowed: 1 rows fit")
	_, err = topology.Derive(of(), topology.Options{Quotas: topology.Quotas{NamesPerCertificate: 101, CertificatesPerLoadBalancer: -1}})
	require.ErrorContains(t, err, "at most 100")
	require.ErrorContains(t, err, "CertificatesPerLoadBalancer is -1")
}

// nested draws mappings whose hosts often share parents and nest.
func nested() *rapid.Generator[*mapping.Mapping] {
	label := rapid.SampledFrom([]string{"a", "b", "c", "d1", "e-2"})
	return rapid.Custom(func(t *rapid.T) *mapping.Mapping {
		var rows []mapping.Row
		for i := range rapid.IntRange(0, 60).Draw(t, "rows") {
			labels := rapid.SliceOfN(label, 1, 3).Draw(t, "labels")
			if rapid.IntRange(0, 4).Draw(t, "wildcard") == 0 {
				labels[0] = "*"
			}
			base := mapping.BasePath("")
			for _, segment := range rapid.SliceOfN(label, 0, 3).Draw(t, "segments") {
				base += mapping.BasePath("/" + segment)
			}
			r := row(i, mapping.Host(strings.Join(labels, ".")+".example.com"), base)
			r.Retired = rapid.IntRange(0, 9).Draw(t, "retired") == 0
			rows = append(rows, r)
		}
		return of(rows...)
	})
}

func TestEveryHostIsCoveredByExactlyOneCertificateName(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := nested().Draw(rt, "mapping")
		per := rapid.IntRange(1, 7).Draw(rt, "names per certificate")
		places := rapid.IntRange(31, 40).Draw(rt, "certificates") // the mapping has at most 31 parents
		top, err := topology.Derive(m, topology.Options{Quotas: topology.Quotas{NamesPerCertificate: per, CertificatesPerLoadBalancer: places - 1}})
		require.NoError(rt, err)
		names := make(map[mapping.Host]int)
		for _, c := range issued(top) {
			require.NotEmpty(rt, c.Names)
			require.LessOrEqual(rt, len(c.Names), per)
			require.True(rt, slices.IsSorted(c.Names))
			for _, name := range c.Names {
				names[name]++
			}
		}
		for _, host := range top.Hosts {
			require.Equal(rt, 1, names["*."+mapping.Host(host.Parent())], "%s", host)
		}
		require.LessOrEqual(rt, len(issued(top)), places)
		if len(names) <= per {
			require.LessOrEqual(rt, len(issued(top)), 1, "one where one is enough")
		}
	})
}

// resolves follows Route 53's rules: the most specific zone answers, from an
// exact record or from its wildcard.
func resolves(zones []topology.Zone, host string) bool {
	best := -1
	for i, zone := range zones {
		name := string(zone.Name)
		if (host == name || strings.HasSuffix(host, "."+name)) && (best < 0 || len(name) > len(zones[best].Name)) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	zone := zones[best]
	return slices.Contains(zone.RecordNames(), mapping.Host(host)) ||
		host != string(zone.Name) && slices.Contains(zone.RecordNames(), mapping.Host("*."+zone.Name))
}

func TestEveryHostResolves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := nested().Draw(rt, "mapping")
		options := topology.Options{DNS: topology.DNS{HostRecords: rapid.Bool().Draw(rt, "one record per host")}}
		top, err := topology.Derive(m, options)
		require.NoError(rt, err)
		for _, host := range top.Hosts {
			// Names that a wildcard covers, among them those of zones.
			for _, label := range []string{"a", "b", "zz"} {
				name := strings.Replace(string(host), "*", label, 1)
				require.True(rt, resolves(top.Zones, name), "%s of %s", name, host)
			}
		}
		answered := 0
		for _, zone := range top.Zones {
			require.NotEmpty(rt, zone.Hosts)
			require.NotEmpty(rt, zone.Records)
			require.True(rt, slices.IsSorted(zone.RecordNames()))
			answered += len(zone.Hosts)
		}
		require.Equal(rt, len(top.Hosts), answered, "every host is in one zone")
	})
}

func TestResolveFindsTheLongestBasePath(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		top, err := topology.Derive(nested().Draw(rt, "mapping"), topology.Options{})
		require.NoError(rt, err)
		label := rapid.SampledFrom([]string{"a", "b", "c", "d1", "zz", ""})
		host := strings.Join(rapid.SliceOfN(label, 1, 3).Draw(rt, "host"), ".") + ".example.com"
		path := "/" + strings.Join(rapid.SliceOfN(label, 0, 5).Draw(rt, "path"), "/")
		got, ok := top.Resolve(host, path+"?a/b")

		// The rule, word for word.
		answering := mapping.Host(host)
		if !slices.Contains(top.Hosts, answering) {
			_, parent, _ := strings.Cut(host, ".")
			answering = mapping.Host("*." + parent)
		}
		longest := -1
		for _, r := range top.Routes {
			base := string(r.BasePath)
			if r.Host == answering && (path == base || strings.HasPrefix(path, base+"/")) {
				longest = max(longest, len(base))
			}
		}
		require.Equal(rt, longest >= 0, ok)
		if ok {
			require.Equal(rt, answering, got.Host)
			require.Len(rt, string(got.BasePath), longest)
		}
	})
}

func TestDeriveIsPure(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := nested().Draw(rt, "mapping")
		first, err := topology.Derive(m, topology.Options{Quotas: topology.Quotas{NamesPerCertificate: 2, CertificatesPerLoadBalancer: 999}})
		require.NoError(rt, err)
		slices.Reverse(m.Rows)
		second, err := topology.Derive(m, topology.Options{Quotas: topology.Quotas{NamesPerCertificate: 2, CertificatesPerLoadBalancer: 999}})
		require.NoError(rt, err)
		require.Empty(rt, cmp.Diff(first.Zones, second.Zones))
		require.Empty(rt, cmp.Diff(issued(first), issued(second)))
		require.Empty(rt, cmp.Diff(first.Hosts, second.Hosts))
	})
}

func TestPublicZonesGoToTheirCertificate(t *testing.T) {
	a := row(0, "a.x.example.com", "")
	a.PublicZone = "example.com"
	top := derive(t, of(a, row(1, "a.y.example.com", "")), topology.Options{})
	require.Equal(t, map[mapping.Host]mapping.Zone{"*.x.example.com": "example.com"}, issued(top)[0].PublicZones)
}

func BenchmarkDerive(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var rows []mapping.Row
			for i := range n {
				rows = append(rows, row(i, mapping.Host(fmt.Sprintf("api-%06d.team-%02d.example.com", i, i%50)), ""))
			}
			m := of(rows...)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := topology.Derive(m, topology.Options{Quotas: topology.Quotas{RecordsPerZone: n + topology.OwnRecordsPerZone}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestACertificatesDomainNameIsShort(t *testing.T) {
	long := mapping.Host("a." + strings.Repeat("l", 50) + ".internal.example.com") // its certificate name has 73 characters
	top := derive(t, hosts(long, "b.zz.example.com"), topology.Options{})
	require.Len(t, issued(top), 1)
	require.Equal(t, []mapping.Host{"*.zz.example.com", "*." + mapping.Host(long.Parent())}, issued(top)[0].Names)

	exactly := mapping.Host("a." + strings.Repeat("l", 50) + ".example.com") // 64 characters
	require.Len(t, issued(derive(t, hosts(exactly), topology.Options{}))[0].Names[0], 64)

	for name, options := range map[string]topology.Options{
		"alone":               {},
		"in one of their own": {Quotas: topology.Quotas{NamesPerCertificate: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			m := hosts(long)
			if options.Quotas.NamesPerCertificate > 0 {
				m = hosts("b.zz.example.com", long)
			}
			_, err := topology.Derive(m, options)
			var limit *topology.LimitError
			require.ErrorAs(t, err, &limit)
			require.Equal(t, 64, limit.Max)
			require.Equal(t, 73, limit.Need)
			require.Equal(t, len(m.Rows)-1, limit.Fitting)
			require.Equal(t, mapping.Row{Index: len(m.Rows) - 1}.Path(), limit.Rows[0].Path)
		})
	}
}

// TestNamesBelowAZoneInUseStayInThatZone has rows come and go beside hosts in use. A
// zone of its own would hide them until it has records.
func TestNamesBelowAZoneInUseStayInThatZone(t *testing.T) {
	for name, c := range map[string]struct {
		hosts    []string
		previous []mapping.Zone
		dns      topology.DNS
		want     []string // "zone: records"
	}{
		"nothing is in use":                                 {[]string{"a.b.example.com", "x.a.b.example.com"}, nil, topology.DNS{}, []string{"a.b.example.com: *.a.b.example.com a.b.example.com"}},
		"a name below a host":                               {[]string{"a.b.example.com", "x.a.b.example.com"}, []mapping.Zone{"b.example.com"}, topology.DNS{}, []string{"b.example.com: *.a.b.example.com a.b.example.com"}},
		"a name two labels below a host":                    {[]string{"a.b.example.com", "y.x.a.b.example.com"}, []mapping.Zone{"b.example.com"}, topology.DNS{}, []string{"b.example.com: *.b.example.com *.x.a.b.example.com a.b.example.com"}},
		"a name below a wildcard host's":                    {[]string{"*.b.example.com", "x.a.b.example.com"}, []mapping.Zone{"b.example.com"}, topology.DNS{}, []string{"b.example.com: *.a.b.example.com *.b.example.com a.b.example.com"}},
		"a wildcard host below a host":                      {[]string{"a.b.example.com", "*.a.b.example.com"}, []mapping.Zone{"b.example.com"}, topology.DNS{}, []string{"b.example.com: *.a.b.example.com a.b.example.com"}},
		"the row below goes, and the zone stays":            {[]string{"a.b.example.com"}, []mapping.Zone{"a.b.example.com"}, topology.DNS{}, []string{"a.b.example.com: a.b.example.com"}},
		"a wildcard host keeps the zone of its name":        {[]string{"*.b.example.com"}, []mapping.Zone{"a.b.example.com", "b.example.com"}, topology.DNS{}, []string{"a.b.example.com: a.b.example.com", "b.example.com: *.b.example.com"}},
		"a zone without hosts goes":                         {[]string{"a.b.example.com"}, []mapping.Zone{"b.example.com", "c.example.com"}, topology.DNS{}, []string{"b.example.com: *.b.example.com"}},
		"a wider zone comes":                                {[]string{"c.b.example.com", "x.a.b.example.com"}, []mapping.Zone{"a.b.example.com"}, topology.DNS{}, []string{"a.b.example.com: *.a.b.example.com", "b.example.com: *.b.example.com"}},
		"a zone for each host is asked for later":           {[]string{"a.b.example.com"}, []mapping.Zone{"b.example.com"}, topology.DNS{HostZones: true}, []string{"b.example.com: a.b.example.com"}},
		"an existing zone, below a host":                    {[]string{"a.b.example.com", "y.x.a.b.example.com"}, nil, topology.DNS{ExistingZones: []mapping.Zone{"example.com"}}, []string{"example.com: *.b.example.com *.x.a.b.example.com a.b.example.com"}},
		"an existing zone that is nearer, and listed later": {[]string{"a.b.example.com", "x.a.b.example.com"}, []mapping.Zone{"b.example.com"}, topology.DNS{ExistingZones: []mapping.Zone{"a.b.example.com"}}, []string{"a.b.example.com: *.a.b.example.com a.b.example.com"}},
		"an existing zone that is listed later":             {[]string{"a.b.example.com"}, []mapping.Zone{"b.example.com"}, topology.DNS{ExistingZones: []mapping.Zone{"example.com"}}, []string{"b.example.com: *.b.example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			var rows strings.Builder
			rows.WriteString("APIS:\n")
			for _, host := range c.hosts {
				fmt.Fprintf(&rows, "  - {CUSTOM_DOMAIN_URL: '%s', PRIVATE_API_URL: 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev'}\n", host)
			}
			m, err := mapping.Parse("mapping.yaml", []byte(rows.String()))
			require.NoError(t, err)
			derived, err := topology.Derive(m, topology.Options{DNS: c.dns, Previous: topology.Previous{Zones: c.previous}})
			require.NoError(t, err)
			var got []string
			for _, zone := range derived.Zones {
				var names []string
				for _, name := range zone.RecordNames() {
					names = append(names, string(name))
				}
				got = append(got, string(zone.Name)+": "+strings.Join(names, " "))
			}
			require.Equal(t, c.want, got)
		})
	}
}
