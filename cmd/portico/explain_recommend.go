package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/pflag"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/recommend"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// recommendation is which front doors fit best, and what they cost.
type recommendation struct {
	Rows []recommendedRow `json:"rows"`
	Now  estateCost       `json:"now"`
	Best estateCost       `json:"best"`
	// Prices are those that the figures are made of.
	Prices []listPrice `json:"prices"`
	// NotIncluded says what the figures leave out.
	NotIncluded string `json:"notIncluded"`
}

type recommendedRow struct {
	Row      int    `json:"row"`
	Line     int    `json:"line"`
	Host     string `json:"host"`
	BasePath string `json:"basePath"`
	Now      string `json:"now"`
	Best     string `json:"best"`
	Why      string `json:"why"`
	// Options are the front doors by name.
	Options map[string]rowOption `json:"options"`
}

type rowOption struct {
	// Refused are the reasons for which the front door can't carry the row's
	// host.
	Refused []string `json:"refused"`
	// USDMonthly is what the environment costs more for this host having it,
	// given what stands for the others; null where it is refused.
	USDMonthly *float64 `json:"usdMonthly"`
}

type estateCost struct {
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

const notIncluded = "what traffic costs: data, load balancer capacity units, requests, log lines; prices of other regions than us-east-1"

// adviceOptions are the flags of explain --recommend.
type adviceOptions struct {
	recommend    bool
	zones, tasks int
	cpu, memory  int
	architecture string
	standing     []string
	upkeep       float64
}

func (o *adviceOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.recommend, "recommend", false, "tell which front door fits each row best, why, and what it costs a month")
	f.IntVar(&o.zones, "zones", 2, "with --recommend: availability zones, as in portico:network.zones")
	f.IntVar(&o.tasks, "tasks", 2, "with --recommend: tasks of the proxy, as in portico:task.min")
	f.IntVar(&o.cpu, "cpu", 512, "with --recommend: a task's CPU units, as in portico:task.cpu")
	f.IntVar(&o.memory, "memory", 1024, "with --recommend: a task's memory in MiB, as in portico:task.memory")
	f.StringVar(&o.architecture, "architecture", "ARM64", "with --recommend: as in portico:task.architecture: ARM64 or X86_64")
	f.StringSliceVar(&o.standing, "standing-endpoint", nil,
		"with --recommend: an endpoint of portico:endpoints that exists anyway, as logs or ecrApi; may be repeated")
	f.Float64Var(&o.upkeep, "upkeep", 5,
		"with --recommend: what a custom domain in an API's account is counted at for the work that its owner has with it, in USD a month")
}

func (o adviceOptions) check() error {
	for flag, value := range map[string]int{"zones": o.zones, "tasks": o.tasks, "cpu": o.cpu, "memory": o.memory} {
		if value < 1 {
			return usagef("--%s %d: expected 1 or more", flag, value)
		}
	}
	if o.architecture != "ARM64" && o.architecture != "X86_64" {
		return usagef("--architecture %q: expected ARM64 or X86_64", o.architecture)
	}
	if !(o.upkeep >= 0 && !math.IsInf(o.upkeep, 0)) {
		return usagef("--upkeep %v: expected an amount in USD", o.upkeep)
	}
	known := slices.Concat(cost.Endpoints(mapping.FrontDoorNGINX), cost.Endpoints(mapping.FrontDoorALB), cost.Endpoints(mapping.FrontDoorNative))
	for _, name := range o.standing {
		if !slices.Contains(known, name) {
			return usagef("--standing-endpoint %q: expected one of %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

func (o adviceOptions) recommendation(m *mapping.Mapping, options topology.Options) (*recommendation, error) {
	advice, err := recommend.For(recommend.Request{
		Mapping: m, Options: options, Upkeep: o.upkeep,
		Settings: cost.Settings{
			Zones: o.zones, Tasks: o.tasks, CPUUnits: o.cpu, MemoryMiB: o.memory, X86: o.architecture == "X86_64",
			StandingEndpoints: o.standing,
		},
	})
	if err != nil {
		return nil, err
	}
	r := &recommendation{
		Rows: []recommendedRow{}, Now: estateCostOf(advice.Now), Best: estateCostOf(advice.Best), NotIncluded: notIncluded,
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
		Now: string(h.Now), Best: string(h.Best), Why: h.Why, Options: map[string]rowOption{},
	}
	for _, o := range h.Options {
		option := rowOption{Refused: append([]string{}, o.Refused...)}
		if len(o.Refused) == 0 {
			usd := cents(o.Marginal)
			option.USDMonthly = &usd
		}
		r.Options[string(o.Door)] = option
	}
	return r
}

func estateCostOf(e recommend.Estate) estateCost {
	c := estateCost{
		FrontDoors: texts(e.Doors), Items: []costItem{}, USDMonthly: cents(e.Bill.Total()),
		CustomDomains: e.Domains, USDUpkeep: cents(e.Upkeep),
	}
	for _, item := range e.Bill {
		c.Items = append(c.Items, costItem{string(item.Door), item.What, item.Count, cents(item.USD)})
	}
	return c
}

// cents rounds an amount in USD.
func cents(usd float64) float64 { return math.Round(usd*100) / 100 }

// writeRecommendation writes the advice as tables, for people.
func (c *cli) writeRecommendation(r *recommendation) error {
	doors := []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative}
	rows := newTable(table.Row{"ROW", "CUSTOM DOMAIN", "NOW", "BEST", "+NGINX", "+ALB", "+NATIVE", "WHY"})
	refused := newTable(table.Row{"HOST", "FRONT DOOR", "CAN'T CARRY IT"})
	told := map[string]bool{}
	for _, row := range r.Rows {
		line := table.Row{row.Row, row.Host + row.BasePath, row.Now, row.Best}
		for _, door := range doors {
			option := row.Options[string(door)]
			if option.USDMonthly == nil {
				line = append(line, "-")
			} else {
				line = append(line, usd(*option.USDMonthly))
			}
			for _, reason := range option.Refused {
				if !told[row.Host] {
					refused.AppendRow(table.Row{row.Host, door, reason})
				}
			}
		}
		told[row.Host] = true
		rows.AppendRow(append(line, row.Why))
	}
	parts := []table.Writer{rows}
	if refused.Length() > 0 {
		parts = append(parts, refused)
	}
	parts = append(parts, costTable("NOW", r.Now))
	if !slices.Equal(r.Now.Items, r.Best.Items) {
		parts = append(parts, costTable("BEST", r.Best))
	}
	for _, part := range parts {
		if _, err := io.WriteString(c.out, trimLines(part.Render())+"\n"); err != nil {
			return fmt.Errorf("write the recommendation: %w", err)
		}
	}
	_, err := fmt.Fprintf(c.out, "USD a month, list prices of us-east-1 (%s), without %s.\n+NGINX, +ALB, +NATIVE: what a row's host costs more there, given what stands for the others under BEST.\n",
		priceDates(), strings.TrimSuffix(notIncluded, "; prices of other regions than us-east-1"))
	if err != nil {
		return fmt.Errorf("write the recommendation: %w", err)
	}
	return nil
}

func costTable(title string, e estateCost) table.Writer {
	t := newTable(table.Row{title, "FOR", "COUNT", "USD"})
	for _, item := range e.Items {
		door := item.FrontDoor
		if door == "" {
			door = "all"
		}
		t.AppendRow(table.Row{item.What, door, item.Count, usd(item.USDMonthly)})
	}
	t.AppendRow(table.Row{"in all", "", "", usd(e.USDMonthly)})
	if e.CustomDomains > 0 {
		t.AppendRow(table.Row{"custom domains in the APIs' accounts, counted at", "", e.CustomDomains, usd(e.USDUpkeep)})
	}
	return t
}

// priceDates are the first and the last day on which a price was read.
func priceDates() string {
	first, last := cost.Prices()[0].AsOf, ""
	for _, price := range cost.Prices() {
		first, last = min(first, price.AsOf), max(last, price.AsOf)
	}
	return first + " to " + last
}

func usd(amount float64) string { return fmt.Sprintf("%.2f", amount) }
