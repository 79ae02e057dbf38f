package cost_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

var settings = cost.Settings{Zones: 2, Tasks: 2, CPUUnits: 512, MemoryMiB: 1024}

// derived is the topology of rows with the given front doors, one host each.
func derived(t *testing.T, options topology.Options, frontDoors ...string) *topology.Topology {
	t.Helper()
	text := "APIS:\n"
	for i, frontDoor := range frontDoors {
		text += fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: h%d.internal.example.com, FRONT_DOOR: %s, ACCOUNT: \"222222222222\", "+
			"PRIVATE_API_URL: 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod'}\n", i, frontDoor)
	}
	m, err := mapping.Parse("mapping.yaml", []byte(text))
	require.NoError(t, err)
	top, err := topology.Derive(m, options)
	require.NoError(t, err)
	return top
}

// The expected sums are worked out by hand from the prices, to the cent.
func TestAnEnvironmentCostsWhatItsFrontDoorsNeed(t *testing.T) {
	for name, test := range map[string]struct {
		frontDoors []string
		change     func(*cost.Settings)
		want       float64
	}{
		// 4 endpoints x 2 zones x 7.30 + 16.425 + 2 x (0.5 x 23.6374 + 2.5988) + 6 x 0.30 + 3 x 0.10 + 0.50
		"nginx": {frontDoors: []string{"nginx"}, want: 58.40 + 16.425 + 28.835 + 2.10 + 0.50},
		// 7.30 x 2 + 16.425 + 0.50
		"alb": {frontDoors: []string{"alb"}, want: 14.60 + 16.425 + 0.50},
		// 7.30 x 2 + 0.50
		"native":                          {frontDoors: []string{"native"}, want: 14.60 + 0.50},
		"many hosts of native":            {frontDoors: []string{"native", "native", "native"}, want: 14.60 + 0.50},
		"alb behind the proxy's balancer": {frontDoors: []string{"nginx", "alb"}, want: 58.40 + 16.425 + 28.835 + 2.10 + 14.60 + 0.50},
		"all three":                       {frontDoors: []string{"nginx", "alb", "native"}, want: 58.40 + 16.425 + 28.835 + 2.10 + 2*14.60 + 0.50},
		"three zones":                     {frontDoors: []string{"native"}, change: func(s *cost.Settings) { s.Zones = 3 }, want: 21.90 + 0.50},
		// 2 x (0.5 x 29.5504 + 3.24485)
		"X86_64": {frontDoors: []string{"nginx"}, change: func(s *cost.Settings) { s.X86 = true }, want: 58.40 + 16.425 + 36.0401 + 2.10 + 0.50},
		"endpoints that exist anyway": {frontDoors: []string{"nginx"}, change: func(s *cost.Settings) {
			s.ExistingEndpoints = []string{cost.Logs, cost.ECRAPI, cost.ECRDocker}
		}, want: 14.60 + 16.425 + 28.835 + 2.10 + 0.50},
		// 2 tasks x 2 zones x 262,800 checks x 4 records x 126 bytes, at 0.50 a GB
		"flow logs": {frontDoors: []string{"nginx"}, change: func(s *cost.Settings) { s.FlowLogs = true }, want: 58.40 + 16.425 + 28.835 + 2.10 + 0.2649 + 0.50},
		// 6 + 3 of the balancer + a certificate, at 0.10
		"alarms":               {frontDoors: []string{"nginx"}, change: func(s *cost.Settings) { s.Alarms = true }, want: 58.40 + 16.425 + 28.835 + 2.10 + 1.00 + 0.50},
		"alarms about nothing": {frontDoors: []string{"native"}, change: func(s *cost.Settings) { s.Alarms = true }, want: 14.60 + 0.50},
		"an inbound endpoint":  {frontDoors: []string{"native"}, change: func(s *cost.Settings) { s.InboundAddresses = 3 }, want: 14.60 + 3*91.25 + 0.50},
		"a dashboard":          {frontDoors: []string{"nginx"}, change: func(s *cost.Settings) { s.Dashboard = true }, want: 58.40 + 16.425 + 28.835 + 2.10 + 3 + 0.50},
		"a dashboard of none":  {frontDoors: []string{"native"}, change: func(s *cost.Settings) { s.Dashboard = true }, want: 14.60 + 0.50},
		"a trust store":        {frontDoors: []string{"nginx"}, change: func(s *cost.Settings) { s.TrustStore = true }, want: 58.40 + 16.425 + 28.835 + 2.10 + 3.65 + 0.50},
		"one of no balancer":   {frontDoors: []string{"native"}, change: func(s *cost.Settings) { s.TrustStore = true }, want: 14.60 + 0.50},
		"flow logs of no task": {frontDoors: []string{"native"}, change: func(s *cost.Settings) { s.FlowLogs = true }, want: 14.60 + 0.50},
		"a zone that exists anyway": {frontDoors: []string{"native"}, change: func(s *cost.Settings) {
			s.ExistingZones = []mapping.Zone{"internal.example.com"}
		}, want: 14.60},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings
			if test.change != nil {
				test.change(&s)
			}
			bill := cost.Monthly(derived(t, topology.Options{SharedALB: true}, test.frontDoors...), s)
			require.InDelta(t, test.want, bill.Total(), 0.02, "%+v", bill)
			for _, item := range bill {
				require.Positive(t, item.Count)
				require.NotEmpty(t, item.What)
			}
		})
	}
	t.Run("alb with a load balancer of its own", func(t *testing.T) {
		bill := cost.Monthly(derived(t, topology.Options{}, "nginx", "alb"), settings)
		require.InDelta(t, 58.40+2*16.425+28.835+2.10+14.60+0.50, bill.Total(), 0.02)
	})
}

// Every metric of the log is on the bill.
func TestTheMetricsAreThoseOfTheLog(t *testing.T) {
	require.Len(t, nginxconf.Metrics(false), cost.LogMetrics)
}

func TestFurtherZonesAreCheaper(t *testing.T) {
	zones := func(n int) cost.Bill {
		top := &topology.Topology{}
		for i := range n {
			top.Zones = append(top.Zones, topology.Zone{Name: mapping.Zone(fmt.Sprintf("z%d.example.com", i))})
		}
		return cost.Monthly(top, settings)
	}
	require.InDelta(t, 12.50, zones(25).Total(), 0.001)
	require.InDelta(t, 12.60, zones(26).Total(), 0.001)
	require.Empty(t, zones(0))
}

func TestWhatStandsIsTheBillWithoutZones(t *testing.T) {
	for _, shared := range []bool{true, false} {
		for _, frontDoors := range [][]string{{"nginx"}, {"alb"}, {"native"}, {"nginx", "alb"}, {"alb", "native"}, {"nginx", "alb", "native"}} {
			top := derived(t, topology.Options{SharedALB: shared}, frontDoors...)
			want := cost.Monthly(top, settings).Total() - cost.HostedZoneMonth.USD
			require.InDelta(t, want, settings.FixedCost(top.FrontDoors, shared), 0.001, "%v, shared %v", frontDoors, shared)
		}
	}
	require.Zero(t, settings.FixedCost(nil, true))
}

// A change of a bill is its lines that differ, and they add up to the difference.
func TestChangesAreTheLinesThatDiffer(t *testing.T) {
	with := settings
	with.Alarms, with.Tasks = true, 3
	for name, test := range map[string]struct {
		before, after cost.Bill
		want          map[string]float64
	}{
		"nothing": {cost.Monthly(derived(t, topology.Options{}, "nginx"), settings), cost.Monthly(derived(t, topology.Options{}, "nginx"), settings), map[string]float64{}},
		"a task and alarms": {cost.Monthly(derived(t, topology.Options{}, "nginx"), settings), cost.Monthly(derived(t, topology.Options{}, "nginx"), with),
			map[string]float64{"Fargate tasks of 512 CPU units and 1024 MiB, ARM64": 14.41, "metrics that other alarms read": 1}},
		"a front door less": {cost.Monthly(derived(t, topology.Options{SharedALB: true}, "nginx", "native"), settings), cost.Monthly(derived(t, topology.Options{SharedALB: true}, "nginx"), settings),
			map[string]float64{"interface endpoints in 2 zones": -14.60}},
		"all new": {nil, cost.Monthly(derived(t, topology.Options{}, "native"), settings), map[string]float64{"interface endpoints in 2 zones": 14.60, "private hosted zones": 0.50}},
	} {
		t.Run(name, func(t *testing.T) {
			sum, got := 0.0, map[string]float64{}
			for _, change := range cost.Changes(test.before, test.after) {
				got[change.What] = math.Round(100*change.USD()) / 100
				sum += change.USD()
			}
			require.Equal(t, test.want, got)
			require.InDelta(t, test.after.Total()-test.before.Total(), sum, 0.001)
		})
	}
}

// Each part that traffic adds comes with the setting or the front door that causes it.
func TestTrafficAddsWhatTheSettingsWrite(t *testing.T) {
	parts := func(change func(*cost.Settings), frontDoors ...string) []string {
		s := settings
		s.RetentionDays = 30
		change(&s)
		var names []string
		for _, part := range cost.ByTraffic(derived(t, topology.Options{}, frontDoors...), s) {
			names = append(names, strings.TrimSpace(fmt.Sprintf("%s %s %g", part.FrontDoor, part.What, part.Price.USD)))
		}
		return names
	}
	proxy := []string{"nginx data through the interface endpoints 0.01", "nginx capacity units of the load balancers 0.008",
		"nginx lines of the proxy's log 0.5", "nginx the proxy's log, kept 30 days 0"}
	require.Equal(t, proxy, parts(func(*cost.Settings) {}, "nginx"))
	require.Equal(t, []string{"native data through the interface endpoints 0.01"}, parts(func(s *cost.Settings) { s.AccessLogs = true }, "native"), "no load balancer writes logs")
	require.Equal(t, proxy, parts(func(s *cost.Settings) { s.SamplePercent = 100 }, "nginx"), "nothing is left out")
	for name, test := range map[string]struct {
		change func(*cost.Settings)
		want   string
	}{
		"flow logs":       {func(s *cost.Settings) { s.FlowLogs = true }, "nginx flow logs of requests 0.5"},
		"access logs":     {func(s *cost.Settings) { s.AccessLogs = true }, "access logs of the load balancers, kept in S3 0"},
		"connection logs": {func(s *cost.Settings) { s.ConnectionLogs = true }, "connection logs of the load balancers, kept in S3 0"},
		"an NLB":          {func(s *cost.Settings) { s.NLB = true }, "nginx capacity units of the load balancers 0.006"},
		"logs for ever":   {func(s *cost.Settings) { s.RetentionDays = 0 }, "nginx the proxy's log, kept for ever 0"},
		"a sampled log":   {func(s *cost.Settings) { s.SamplePercent = 10 }, "nginx lines of the proxy's log about answers of 200 to 399 within a second, 10 % of them kept 0.05"},
		"a log's errors":  {func(s *cost.Settings) { s.SamplePercent = 10 }, "nginx other lines of the proxy's log 0.5"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotContains(t, parts(func(*cost.Settings) {}, "nginx"), test.want)
			require.Contains(t, parts(test.change, "nginx"), test.want)
		})
	}
}

func TestEveryPriceSaysWhoSaidSoAndWhen(t *testing.T) {
	for _, price := range cost.Prices() {
		require.Positive(t, price.USD)
		require.NotEmpty(t, price.Per)
		require.Regexp(t, `^https://aws\.amazon\.com/`, price.Source)
		_, err := time.Parse(time.DateOnly, price.AsOf)
		require.NoError(t, err)
	}
}

// TestTheDocumentationHasTheseFigures holds docs/front-doors.md to the prices.
func TestTheDocumentationHasTheseFigures(t *testing.T) {
	docs, err := os.ReadFile("../../docs/front-doors.md")
	require.NoError(t, err)
	fixedCost := func(frontDoors ...mapping.FrontDoor) string {
		return fmt.Sprintf("| $%.2f |\n", settings.FixedCost(frontDoors, true))
	}
	beside := func(frontDoor mapping.FrontDoor) string {
		both := settings.FixedCost([]mapping.FrontDoor{mapping.FrontDoorNGINX, frontDoor}, true)
		return fmt.Sprintf("| $%.2f |\n", both-settings.FixedCost([]mapping.FrontDoor{mapping.FrontDoorNGINX}, true))
	}
	for line, figure := range map[string]string{
		"| `nginx` alone ":         fixedCost(mapping.FrontDoorNGINX),
		"| `alb` alone ":           fixedCost(mapping.FrontDoorALB),
		"| `native` alone ":        fixedCost(mapping.FrontDoorNative),
		"| `alb` beside `nginx`, ": beside(mapping.FrontDoorALB),
		"| `native` beside any ":   beside(mapping.FrontDoorNative),
	} {
		_, after, found := strings.Cut(string(docs), line)
		require.True(t, found, line)
		row, _, _ := strings.Cut(after, "\n")
		require.True(t, strings.HasSuffix(row+"\n", figure), "%s%s: want %s", line, row, figure)
	}
	for _, price := range cost.Prices() {
		require.Contains(t, string(docs), "("+price.Source+")")
	}
}
