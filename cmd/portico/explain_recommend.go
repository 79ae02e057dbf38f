package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/pflag"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/recommend"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// recommendation is which front doors fit best, and what they cost.
type recommendation struct {
	Rows []recommendedRow `json:"rows"`
	Now  environmentCost  `json:"now"`
	Best environmentCost  `json:"best"`
	// Prices are what the figures are made of.
	Prices []listPrice `json:"prices"`
	// NotIncluded says what the figures leave out.
	NotIncluded string `json:"notIncluded"`
	// ByTraffic is what requests add to the environment as it is.
	ByTraffic []trafficCost `json:"byTraffic"`
}

// trafficCost is a part of the cost that grows with requests.
type trafficCost struct {
	// FrontDoor is empty for what any of them adds.
	FrontDoor string `json:"frontDoor"`
	What      string `json:"what"`
	// USD is the price of one of Per; null where it depends on what isn't known here.
	USD *float64 `json:"usd"`
	Per string   `json:"per,omitempty"`
}

type recommendedRow struct {
	Row      int    `json:"row"`
	Line     int    `json:"line"`
	Host     string `json:"host"`
	BasePath string `json:"basePath"`
	Now      string `json:"now"`
	Best     string `json:"best"`
	Why      string `json:"why"`
	// Changes is what the row's API sees differently at the best front door; empty
	// where it sees the same.
	Changes string `json:"changes"`
	// Options are the front doors by name.
	Options map[string]rowOption `json:"options"`
}

type rowOption struct {
	// Refused are the reasons for which the front door can't carry the row's
	// host.
	Refused []string `json:"refused"`
	// USDMonthly is what the environment costs more with this host here and the
	// others at their best front doors; null where the front door is refused.
	USDMonthly *float64 `json:"usdMonthly"`
}

type environmentCost struct {
	FrontDoors []string   `json:"frontDoors"`
	Items      []costItem `json:"items"`
	USDMonthly float64    `json:"usdMonthly"`
	// CustomDomains are in the accounts of the APIs' owners; USDUpkeep is what
	// they are counted at. It is on no bill.
	CustomDomains int     `json:"customDomains"`
	USDUpkeep     float64 `json:"usdUpkeep"`
}

type costItem struct {
	// FrontDoor is empty for what all of them need.
	FrontDoor  string  `json:"frontDoor"`
	What       string  `json:"what"`
	Count      int     `json:"count"`
	USDMonthly float64 `json:"usdMonthly"`
}

type listPrice struct {
	USD    float64 `json:"usd"`
	Per    string  `json:"per"`
	Source string  `json:"source"`
	AsOf   string  `json:"asOf"`
}

const notIncluded = "what traffic costs: data, load balancer capacity units, requests, log lines; " +
	"what ECS's Container Insights measure of the cluster, at the price of custom metrics; prices of other regions than us-east-1"

// adviceOptions are the flags of explain --recommend.
type adviceOptions struct {
	recommend    bool
	zones, tasks int
	cpu, memory  int
	architecture string
	existing     []string
	flowLogs     bool
	alarms       bool
	dashboard    bool
	trustStore   bool
	accessLogs   bool
	logSample    int
	inbound      int
	upkeep       float64
}

func (o *adviceOptions) flags(f *pflag.FlagSet) {
	byDefault := settings.DefaultShared()
	f.BoolVar(&o.recommend, "recommend", false, "show which front door fits each row best, why, and what it costs a month")
	f.IntVar(&o.zones, "zones", byDefault.Network.Zones, "with --recommend: the `NUMBER` of availability zones, as in portico:network.zones")
	f.IntVar(&o.tasks, "tasks", byDefault.Task.Min, "with --recommend: the `NUMBER` of the proxy's tasks, as in portico:task.min")
	f.IntVar(&o.cpu, "cpu", byDefault.Task.CPU, "with --recommend: a task's CPU `UNITS`, as in portico:task.cpu")
	f.IntVar(&o.memory, "memory", byDefault.Task.Memory, "with --recommend: a task's memory in `MIB`, as in portico:task.memory")
	f.StringVar(&o.architecture, "architecture", byDefault.Task.Architecture,
		"with --recommend: as in portico:task.architecture: `"+settings.ARM64+"|"+settings.X8664+"`")
	f.StringSliceVar(&o.existing, "existing-endpoint", nil,
		"with --recommend: an `ENDPOINT` that the environment needn't pay for, by its key in portico:endpoints, such as logs or ecrApi; may be repeated")
	f.BoolVar(&o.flowLogs, "flow-logs", byDefault.Network.RecordsFlows(), "with --recommend: as in portico:network.flowLogs")
	f.BoolVar(&o.alarms, "alarms", false, "with --recommend: with alarms, as with portico:alarms.topicArn")
	f.BoolVar(&o.dashboard, "dashboard", false, "with --recommend: with a dashboard, as with portico:metrics.dashboard")
	f.BoolVar(&o.trustStore, "trust-store", false, "with --recommend: the load balancers verify certificates, as with portico:loadBalancer.trustStoreArn")
	f.BoolVar(&o.accessLogs, "access-logs", false, "with --recommend: the load balancers write access logs, as with portico:loadBalancer.accessLogs")
	f.IntVar(&o.logSample, "log-sample", 100, "with --recommend: the `PERCENT` of the fast answers that the proxy's log keeps, as in portico:logs.samplePercent")
	f.IntVar(&o.inbound, "inbound-addresses", 0, "with --recommend: the `NUMBER` of addresses of the resolver's inbound endpoint, as with portico:dns.resolverInbound; 0: there is none")
	f.Float64Var(&o.upkeep, "upkeep", 5,
		"with --recommend: the work that a custom domain is for its API's account, in `USD` a month, such as 5; 0 counts none")
}

// check refuses flags that name what no environment has, behind load balancers of a type.
func (o adviceOptions) check(balancer string) error {
	if o.trustStore && balancer == settings.NetworkLoadBalancer {
		return usagef("--trust-store: a Network Load Balancer verifies no certificates here: take it out, or --load-balancer %s", balancer)
	}
	for flag, value := range map[string]int{"zones": o.zones, "tasks": o.tasks, "cpu": o.cpu, "memory": o.memory} {
		if value < 1 {
			return usagef("--%s %d: expected 1 or more", flag, value)
		}
	}
	if o.logSample < settings.MinSamplePercent || o.logSample > 100 {
		return usagef("--log-sample %d: expected %d to 100", o.logSample, settings.MinSamplePercent)
	}
	if o.inbound < 0 {
		return usagef("--inbound-addresses %d: expected 0 or more", o.inbound)
	}
	if o.architecture != settings.ARM64 && o.architecture != settings.X8664 {
		return usagef("--architecture %q: expected %s or %s", o.architecture, settings.ARM64, settings.X8664)
	}
	if !(o.upkeep >= 0 && !math.IsInf(o.upkeep, 0)) {
		return usagef("--upkeep %v: expected an amount in USD", o.upkeep)
	}
	known := slices.Concat(cost.Endpoints(mapping.FrontDoorNGINX), cost.Endpoints(mapping.FrontDoorALB), cost.Endpoints(mapping.FrontDoorNative))
	for _, name := range o.existing {
		if !slices.Contains(known, name) {
			return usagef("--existing-endpoint %q: expected one of %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// size is what the flags say about the environment's size, behind load balancers of a type.
func (o adviceOptions) size(balancer string) cost.Settings {
	return cost.Settings{
		Zones: o.zones, Tasks: o.tasks, CPUUnits: o.cpu, MemoryMiB: o.memory, X86: o.architecture == settings.X8664,
		FlowLogs: o.flowLogs, Alarms: o.alarms, Dashboard: o.dashboard, TrustStore: o.trustStore, ExistingEndpoints: o.existing, InboundAddresses: o.inbound,
		NLB: balancer == settings.NetworkLoadBalancer, AccessLogs: o.accessLogs, RetentionDays: *settings.DefaultShared().Logs.RetentionDays,
		SamplePercent: o.logSample,
	}
}

func (o adviceOptions) recommendation(m *mapping.Mapping, t *topology.Topology, options topology.Options, size cost.Settings) (*recommendation, error) {
	advice, err := recommend.For(recommend.Request{Mapping: m, Options: options, Upkeep: o.upkeep, Settings: size})
	if err != nil {
		return nil, err
	}
	r := &recommendation{
		Rows: []recommendedRow{}, Now: environmentCostOf(advice.Now), Best: environmentCostOf(advice.Best), NotIncluded: notIncluded,
		ByTraffic: []trafficCost{},
	}
	for _, part := range cost.ByTraffic(t, size) {
		r.ByTraffic = append(r.ByTraffic, trafficCostOf(part))
	}
	hosts := map[mapping.Host]recommend.Host{}
	for _, h := range advice.Hosts {
		hosts[h.Host] = h
	}
	for _, row := range m.Rows {
		if !row.Retired {
			r.Rows = append(r.Rows, recommendedOf(row, hosts[row.Host]))
		}
	}
	for _, price := range cost.Prices() {
		r.Prices = append(r.Prices, listPrice(price))
	}
	return r, nil
}

func recommendedOf(row mapping.Row, h recommend.Host) recommendedRow {
	r := recommendedRow{
		Row: row.Index, Line: row.Pos.Line, Host: string(row.Host), BasePath: string(row.BasePath),
		Now: string(h.Now), Best: string(h.Best), Why: h.Why, Changes: recommend.ChangeForAPI(row, h.Best), Options: map[string]rowOption{},
	}
	for _, o := range h.Options {
		option := rowOption{Refused: append([]string{}, o.Refused...)}
		if len(o.Refused) == 0 {
			usd := cents(o.Marginal)
			option.USDMonthly = &usd
		}
		r.Options[string(o.FrontDoor)] = option
	}
	return r
}

func environmentCostOf(e recommend.Environment) environmentCost {
	c := environmentCost{
		FrontDoors: texts(e.FrontDoors), Items: []costItem{}, USDMonthly: cents(e.Bill.Total()),
		CustomDomains: e.Domains, USDUpkeep: cents(e.Upkeep),
	}
	for _, item := range e.Bill {
		c.Items = append(c.Items, costItem{string(item.FrontDoor), item.What, item.Count, cents(item.USD)})
	}
	return c
}

func trafficCostOf(part cost.Traffic) trafficCost {
	c := trafficCost{FrontDoor: string(part.FrontDoor), What: part.What, Per: part.Price.Per}
	if part.Price.USD > 0 {
		c.USD = &part.Price.USD
	}
	return c
}

// cents rounds an amount in USD.
func cents(usd float64) float64 { return math.Round(usd*100) / 100 }

// writeRecommendation writes the advice as tables, for people: how to read the
// figures, then the rows, then what moving and staying put cost.
func (c *cli) writeRecommendation(r *recommendation) error {
	parts := []string{fmt.Sprintf("USD a month, list prices of us-east-1 (%s), without %s.\n"+
		"+NGINX, +ALB, +NATIVE: what the environment costs more with the row's host there and the others as under BEST; -: can't carry it.\n",
		priceDates(), strings.TrimSuffix(notIncluded, "; prices of other regions than us-east-1"))}
	tables := []*listing{r.rowsTable(), r.changesTable(), r.refusedTable(), costTable("NOW", r.Now)}
	if !slices.Equal(r.Now.Items, r.Best.Items) {
		tables = append(tables, costTable("BEST", r.Best))
	}
	tables = append(tables, r.trafficTable())
	for _, t := range tables {
		if !t.empty() {
			parts = append(parts, t.text(c.screen))
		}
	}
	if _, err := io.WriteString(c.out, strings.Join(parts, "\n")); err != nil {
		return fmt.Errorf("write the recommendation: %w", err)
	}
	return nil
}

// tableFrontDoors are the columns of options.
var tableFrontDoors = []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative}

func (r *recommendation) rowsTable() *listing {
	rows := newTable(table.Row{"ROW", "CUSTOM DOMAIN", "NOW", "BEST", "+NGINX", "+ALB", "+NATIVE", "WHY"})
	for _, row := range r.Rows {
		line := table.Row{row.Row, row.Host + row.BasePath, row.Now, row.Best}
		for _, frontDoor := range tableFrontDoors {
			option := row.Options[string(frontDoor)]
			if option.USDMonthly == nil {
				line = append(line, "-")
			} else {
				line = append(line, usd(*option.USDMonthly))
			}
		}
		rows.AppendRow(append(line, row.Why))
	}
	return rows
}

// changesTable is what a recommended move changes for APIs.
func (r *recommendation) changesTable() *listing {
	changes := newTable(table.Row{"ROW", "CUSTOM DOMAIN", "MOVE", "WHAT ITS API SEES"})
	for _, row := range r.Rows {
		if row.Changes != "" {
			changes.AppendRow(table.Row{row.Row, row.Host + row.BasePath, row.Now + " to " + row.Best, row.Changes})
		}
	}
	return changes
}

// refusedTable has each host once, since its rows share their front door.
func (r *recommendation) refusedTable() *listing {
	refused := newTable(table.Row{"HOST", "FRONT DOOR", "CAN'T CARRY IT"})
	seen := map[string]bool{}
	for _, row := range r.Rows {
		if seen[row.Host] {
			continue
		}
		seen[row.Host] = true
		for _, frontDoor := range tableFrontDoors {
			for _, reason := range row.Options[string(frontDoor)].Refused {
				refused.AppendRow(table.Row{row.Host, frontDoor, reason})
			}
		}
	}
	return refused
}

func costTable(title string, e environmentCost) *listing {
	t := newTable(table.Row{title, "FOR", "COUNT", "USD"})
	for _, item := range e.Items {
		t.AppendRow(table.Row{item.What, cmp.Or(item.FrontDoor, "all"), item.Count, usd(item.USDMonthly)})
	}
	t.AppendRow(table.Row{"in all", "", "", usd(e.USDMonthly)})
	if e.CustomDomains > 0 {
		t.AppendRow(table.Row{"custom domains in the APIs' accounts, counted at", "", e.CustomDomains, usd(e.USDUpkeep)})
	}
	return t
}

// trafficTable is what requests cost beside.
func (r *recommendation) trafficTable() *listing {
	t := newTable(table.Row{"TRAFFIC ADDS, AS IT IS NOW", "FOR", "USD", "PER"})
	for _, part := range r.ByTraffic {
		price := "-"
		if part.USD != nil {
			price = fmt.Sprintf("%g", *part.USD)
		}
		t.AppendRow(table.Row{part.What, cmp.Or(part.FrontDoor, "all"), price, part.Per})
	}
	return t
}

// priceDates are the first and the last day on which a price was read.
func priceDates() string {
	first, last := cost.PriceDates()
	return first + " to " + last
}

func usd(amount float64) string { return fmt.Sprintf("%.2f", amount) }
