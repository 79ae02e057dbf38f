package recommend_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/recommend"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

var settings = cost.Settings{Zones: 2, Tasks: 2, CPUUnits: 512, MemoryMiB: 1024}

// row is a row of the file; more is what it has beside host and URL.
func row(host, path, more string) string {
	return fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: %q, PRIVATE_API_URL: 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod%s', ACCOUNT: \"222222222222\"%s}\n",
		host, path, more)
}

// elsewhere is a row with an API of another account.
func elsewhere(row string) string {
	return strings.NewReplacer("222222222222", "333333333333", "a1b2c3d4e5", "z1b2c3d4e5").Replace(row)
}

func rows(n int, more string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(row(fmt.Sprintf("h%d.internal.example.com", i), "", more))
	}
	return b.String()
}

func advise(t require.TestingT, text string, change ...func(*recommend.Request)) *recommend.Advice {
	m, err := mapping.Parse("mapping.yaml", []byte("APIS:\n"+text))
	require.NoError(t, err, text)
	r := recommend.Request{
		Mapping: m, Settings: settings, Upkeep: 5,
		Options: topology.Options{Quotas: topology.Quotas{PrivateDomains: 50, Associations: 100, RegionalDomains: 120}, SharedALB: true},
	}
	for _, f := range change {
		f(&r)
	}
	advice, err := recommend.For(r)
	require.NoError(t, err)
	return advice
}

// best are the front doors that hosts are to have, by name.
func best(a *recommend.Advice) map[string]string {
	all := map[string]string{}
	for _, h := range a.Hosts {
		all[strings.TrimSuffix(string(h.Host), ".internal.example.com")] = string(h.Best)
	}
	return all
}

func count(a *recommend.Advice) map[string]int {
	n := map[string]int{}
	for _, h := range a.Hosts {
		n[string(h.Best)]++
	}
	return n
}

func TestTheCheapestFrontDoorsThatCarryTheHosts(t *testing.T) {
	const iam, native = ", AUTH: iam, FRONT_DOOR: native", ", FRONT_DOOR: native"
	for name, test := range map[string]struct {
		rows   string
		change func(*recommend.Request)
		want   map[string]int
	}{
		"a handful of hosts need no proxy":                  {rows: rows(3, ""), want: map[string]int{"native": 3}},
		"many hosts share a proxy":                          {rows: rows(30, ""), want: map[string]int{"nginx": 30}},
		"many hosts without a proxy come to one":            {rows: rows(30, native), want: map[string]int{"nginx": 30}},
		"where custom domains cost no work":                 {rows: rows(30, ""), change: func(r *recommend.Request) { r.Upkeep = 0 }, want: map[string]int{"native": 30}},
		"a wildcard needs the proxy, and brings the others": {rows: rows(3, "") + row("*.shops.example.com", "", ""), want: map[string]int{"nginx": 4}},
		"so does a path below the stage":                    {rows: rows(3, "") + row("x.internal.example.com", "/orders", ""), want: map[string]int{"nginx": 4}},
		"so does a base path of two segments":               {rows: rows(3, "") + row("x.internal.example.com/a/b", "", ""), want: map[string]int{"nginx": 4}},
		"signed requests can't pass a proxy":                {rows: rows(30, "") + row("x.internal.example.com", "", iam), want: map[string]int{"nginx": 30, "native": 1}},
		"signed requests that take long need a load balancer": {
			rows: row("x.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: alb, TIMEOUT: 60"), want: map[string]int{"alb": 1}},
		"more signed hosts than an account has private domains": {rows: rows(60, ", AUTH: iam, FRONT_DOOR: alb"), want: map[string]int{"alb": 60}},
		"a host of several accounts": {
			rows: row("x.internal.example.com", "", "") + elsewhere(row("x.internal.example.com/v2", "", "")), want: map[string]int{"nginx": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.change == nil {
				test.change = func(*recommend.Request) {}
			}
			require.Equal(t, test.want, count(advise(t, test.rows, test.change)))
		})
	}
}

func TestHostsThatOneFrontDoorHasNoRoomForComeToAnother(t *testing.T) {
	signed := rows(3, ", AUTH: iam, FRONT_DOOR: alb")
	a := advise(t, signed, func(r *recommend.Request) { r.Options.Quotas.PrivateDomains = 2 })
	require.Equal(t, map[string]string{"h0": "alb", "h1": "alb", "h2": "alb"}, best(a), "two front doors cost more than one")

	a = advise(t, signed, func(r *recommend.Request) { r.Options.Quotas.PrivateDomains, r.Options.Quotas.RegionalDomains = 0, 0 })
	require.Equal(t, map[string]int{"native": 3}, count(a))

	mixed := rows(2, ", AUTH: iam, FRONT_DOOR: native") + row("x.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: alb, TIMEOUT: 60")
	a = advise(t, mixed, func(r *recommend.Request) { r.Options.Quotas.RegionalDomains = 1 })
	require.Equal(t, map[string]string{"h0": "native", "h1": "native", "x": "alb"}, best(a))
}

func TestRowsOfALoadBalancerThatDifferByVerbsDoNotFitTogether(t *testing.T) {
	a := advise(t, row("a.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: native, VERBS: GET")+
		row("b.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: native, VERBS: PUT"))
	alb := func(h recommend.Host) recommend.Option { return h.Options[0] }
	require.Equal(t, mapping.FrontDoorALB, alb(a.Hosts[0]).FrontDoor)
	require.Empty(t, alb(a.Hosts[0]).Refused)
	require.Len(t, alb(a.Hosts[1]).Refused, 1)
	require.Contains(t, alb(a.Hosts[1]).Refused[0], "on line 2 allows GET, this one PUT", "the line is the file's")
}

func TestReasonsAreTheMappings(t *testing.T) {
	a := advise(t, "\n\n"+row("*.shops.example.com", "", "")+row("x.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: native"))
	reasons := map[string][]string{}
	for _, h := range a.Hosts {
		for _, o := range h.Options {
			if len(o.Refused) > 0 {
				reasons[string(h.Host)+" "+string(o.FrontDoor)] = o.Refused
			}
		}
	}
	require.Equal(t, map[string][]string{
		"*.shops.example.com alb":      a.Hosts[0].Options[0].Refused,
		"*.shops.example.com native":   a.Hosts[0].Options[1].Refused,
		"x.internal.example.com nginx": a.Hosts[1].Options[2].Refused,
	}, reasons)
	m, err := mapping.Parse("mapping.yaml", []byte("APIS:\n"+row("*.shops.example.com", "", "")))
	require.NoError(t, err)
	refused := mapping.Check([]mapping.Row{m.Rows[0].With(mapping.FrontDoorALB)})
	require.Len(t, refused, 1)
	require.Equal(t, []string{refused[0].Reason}, a.Hosts[0].Options[0].Refused)
	require.Equal(t, "no other front door carries it", a.Hosts[0].Why)
}

func TestWhatOneHostCostsDependsOnTheOthersFrontDoors(t *testing.T) {
	marginal := func(h recommend.Host) map[mapping.FrontDoor]float64 {
		all := map[mapping.FrontDoor]float64{}
		for _, o := range h.Options {
			all[o.FrontDoor] = math.Round(o.Marginal*100) / 100
		}
		return all
	}
	alone := advise(t, rows(1, ""))
	require.Equal(t, map[mapping.FrontDoor]float64{"nginx": 105.77, "alb": 31.03, "native": 14.60}, marginal(alone.Hosts[0]))
	many := advise(t, rows(30, ""))
	require.Equal(t, map[mapping.FrontDoor]float64{"nginx": 0, "alb": 14.60, "native": 14.60}, marginal(many.Hosts[0]))
}

func TestEachRecommendationSaysWhy(t *testing.T) {
	signed := row("x.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: native")
	for name, test := range map[string]struct{ rows, host, want string }{
		"a wildcard":              {rows(1, "") + row("*.shops.example.com", "", ""), "*.shops.example.com", "no other front door carries it"},
		"beside a wildcard":       {rows(1, "") + row("*.shops.example.com", "", ""), "h0.internal.example.com", "nginx is needed for 1 host that no other front door carries, so this one costs nothing more"},
		"many":                    {rows(30, ""), "h0.internal.example.com", "one proxy for 30 hosts costs less than their custom domains in the accounts, counted at $5.00 each"},
		"few":                     {rows(2, ""), "h0.internal.example.com", "2 hosts cost less without a proxy"},
		"signed, beside a proxy":  {rows(30, "") + signed, "x.internal.example.com", "nginx can't carry it; with native, unlike alb, policies tell hosts apart"},
		"signed, and at alb":      {rows(30, "") + strings.ReplaceAll(signed, "native", "alb"), "x.internal.example.com", "nginx can't carry it, and native has no room for it or isn't cheaper"},
		"signed, and takes long":  {rows(30, "") + row("x.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: alb, TIMEOUT: 60"), "x.internal.example.com", "no other front door carries it"},
		"signed, beside the long": {row("l.internal.example.com", "", ", AUTH: iam, FRONT_DOOR: alb, TIMEOUT: 60") + signed, "x.internal.example.com", "alb is needed for 1 host that no other front door carries, so this one costs nothing more"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, h := range advise(t, test.rows).Hosts {
				if string(h.Host) == test.host {
					require.Equal(t, test.want, h.Why)
					return
				}
			}
			require.Fail(t, "no such host")
		})
	}
}

func TestNothingChangesWhereNothingIsCheaper(t *testing.T) {
	a := advise(t, rows(3, ", FRONT_DOOR: native"))
	require.Equal(t, a.Now, a.Best)
	require.Equal(t, map[string]int{"native": 3}, count(a))
	require.InDelta(t, 15, a.Now.Upkeep, 0.001)
	require.Equal(t, 3, a.Now.Domains)
}

func TestRetiredRowsCountForNothing(t *testing.T) {
	a := advise(t, rows(1, "")+row("*.gone.example.com", "", ", RETIRED: true"))
	require.Equal(t, map[string]int{"native": 1}, count(a))
}

func TestAMappingBeyondTheLimitsIsAnError(t *testing.T) {
	m, err := mapping.Parse("mapping.yaml", []byte("APIS:\n"+rows(3, "")+row("a.other.example.com", "", "")))
	require.NoError(t, err)
	_, err = recommend.For(recommend.Request{Mapping: m, Settings: settings, Options: topology.Options{Quotas: topology.Quotas{HostedZones: 1}}})
	var limit *topology.LimitError
	require.ErrorAs(t, err, &limit)
}

// TestWhatIsRecommendedIsAMappingThatCostsNoMore takes the advice and reads the
// mapping again.
func TestWhatIsRecommendedIsAMappingThatCostsNoMore(t *testing.T) {
	hosts := []string{"a.internal.example.com", "b.internal.example.com", "c.other.example.com", "*.shops.example.com", "d.shops.example.com"}
	rapid.Check(t, func(t *rapid.T) {
		drawn := map[string]string{} // address to fields
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			host := rapid.SampledFrom(hosts).Draw(t, "host")
			address := host + rapid.SampledFrom([]string{"", "/v1", "/v1/x", "/ping"}).Draw(t, "base")
			fields := rapid.SampledFrom([]string{"", ", VERBS: GET", ", VERBS: PUT", ", TIMEOUT: 60"}).Draw(t, "fields")
			drawn[address] = row(address, rapid.SampledFrom([]string{"", "", "/p"}).Draw(t, "path"), fields)
			if rapid.IntRange(0, 3).Draw(t, "elsewhere") == 0 {
				drawn[address] = elsewhere(drawn[address])
			}
		}
		text := ""
		for _, address := range slices.Sorted(maps.Keys(drawn)) {
			text += drawn[address]
		}
		a := advise(t, text)
		require.LessOrEqual(t, a.Best.Bill.Total()+a.Best.Upkeep, a.Now.Bill.Total()+a.Now.Upkeep+1e-9)
		for _, h := range a.Hosts {
			for _, line := range strings.Split(text, "\n") {
				if strings.Contains(line, fmt.Sprintf("%q", h.Host)[:len(h.Host)+1]) {
					text = strings.Replace(text, line, strings.TrimSuffix(line, "}")+", FRONT_DOOR: "+string(h.Best)+"}", 1)
				}
			}
		}
		_, err := mapping.Parse("mapping.yaml", []byte("APIS:\n"+text))
		require.NoError(t, err, text)
	})
}
