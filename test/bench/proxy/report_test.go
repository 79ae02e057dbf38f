//go:build bench

package proxy

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/bench/machine"
)

// figures are a measurement as it is recorded: every run, and what it belongs to.
type figures struct {
	Plan    string                 `json:"plan"`
	Machine machineFigures         `json:"machine"`
	Started time.Time              `json:"started"`
	Ended   time.Time              `json:"ended"`
	Starts  map[string]startFigure `json:"starts"`
	Runs    []run                  `json:"runs"`

	medians map[key]run
}

// startFigure is how long a process takes to read a configuration, and how much
// memory the largest process has that serves it, before the first request. Where it
// has no time on a processor, it is how long the server took until it listened.
type startFigure struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	MB         float64 `json:"mb"`
}

// machineFigures are where and with what was measured.
type machineFigures struct {
	Commit    string            `json:"commit"`
	Dirty     []string          `json:"dirty"`
	Processor string            `json:"processor"`
	Cores     int               `json:"cores"`
	Kernel    string            `json:"kernel"`
	Versions  map[string]string `json:"versions"`
	// LoadBefore is the load average before anything was started.
	LoadBefore string `json:"load_before"`
}

type key struct {
	cell
	side side
}

func inspect(t *testing.T) machineFigures {
	t.Helper()
	m := machineFigures{Processor: machine.Processor(), Cores: runtime.NumCPU(), LoadBefore: machine.Load(), Versions: map[string]string{"Go": runtime.Version()}}
	m.Commit, m.Dirty = machine.Commit(t, "internal/nginxconf", "internal/topology", "mapping", "test/bench/proxy")
	m.Kernel = output(t, "uname", "-sr")
	number := regexp.MustCompile(`\d+\.\d+(\.\d+)?`)
	for name, asked := range map[string][]string{
		"NGINX": {"nginx", "-v"}, "HAProxy": {"haproxy", "-v"}, "OpenSSL": {"openssl", "version"}, "Caddy": {"caddy", "version"},
	} {
		m.Versions[name] = number.FindString(output(t, asked[0], asked[1:]...))
	}
	_, err := exec.LookPath("wrk")
	require.NoError(t, err, "install the package of that name")
	return m
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	text, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, string(text))
	return strings.TrimSpace(string(text))
}

// summarize takes the median of every figure over the rounds.
func (f *figures) summarize() {
	f.Ended = time.Now().UTC()
	f.medians = make(map[key]run)
	runs := make(map[key][]run)
	for _, r := range f.Runs {
		k := key{r.cell, r.Side}
		runs[k] = append(runs[k], r)
	}
	for k, rs := range runs {
		f.medians[k] = run{
			cell: k.cell, Side: k.side,
			PerSecond:     medianOf(rs, func(r run) float64 { return r.PerSecond }),
			CPU:           medianOf(rs, func(r run) float64 { return r.CPU }),
			P50:           medianOf(rs, func(r run) float64 { return r.P50 }),
			P99:           medianOf(rs, func(r run) float64 { return r.P99 }),
			ProcessMemory: medianOf(rs, func(r run) float64 { return r.ProcessMemory }),
			Memory:        medianOf(rs, func(r run) float64 { return r.Memory }),
		}
	}
}

func medianOf(rs []run, figure func(run) float64) float64 {
	values := make([]float64, 0, len(rs))
	for _, r := range rs {
		values = append(values, figure(r))
	}
	return median(values)
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// ratio is the median of a figure's ratios, each of Portico and the other in the
// same round: what slows a round down slows both.
func (f *figures) ratio(c cell, other side, figure func(run) float64) float64 {
	rounds := make(map[int]map[side]float64)
	for _, r := range f.Runs {
		if r.cell != c {
			continue
		}
		if rounds[r.Round] == nil {
			rounds[r.Round] = make(map[side]float64)
		}
		rounds[r.Round][r.Side] = figure(r)
	}
	var ratios []float64
	for _, sides := range rounds {
		if sides[other] > 0 {
			ratios = append(ratios, sides[portico]/sides[other])
		}
	}
	if len(ratios) == 0 {
		return math.NaN()
	}
	return median(ratios)
}

// target is a figure that was promised.
type target struct {
	what       string
	got, limit float64
	// atLeast says that the limit is the lowest that will do.
	atLeast bool
}

func (t target) reached() bool {
	if t.atLeast {
		return t.got >= t.limit
	}
	return t.got <= t.limit
}

func (t target) String() string {
	verdict, sign := "reached", "<="
	if !t.reached() {
		verdict = "**missed**"
	}
	if t.atLeast {
		sign = ">="
	}
	return fmt.Sprintf("| %s | %.3g | %s %g | %s |", t.what, t.got, sign, t.limit, verdict)
}

func (f *figures) targets() []target {
	var targets []target
	rate, spent := func(r run) float64 { return r.PerSecond }, func(r run) float64 { return r.CPU }
	for _, c := range f.cells() {
		at := fmt.Sprintf("%d hosts, %s answers, %d connections: ", c.Hosts, c.Answer, c.Connections)
		if c.Connections != 32 || c.Answer != "small" {
			targets = append(targets, target{at + "requests a second, times HAProxy's", f.ratio(c, haproxy, rate), 1, true})
			continue
		}
		targets = append(targets,
			target{at + "requests a second, times HAProxy's", f.ratio(c, haproxy, rate), 1.2, true},
			target{at + "processor time a request, times HAProxy's", f.ratio(c, haproxy, spent), 0.8, false})
		if _, measured := f.medians[key{c, plain}]; measured {
			limit := 1.25
			if c.Hosts >= 1_000 {
				limit = 1.1
			}
			targets = append(targets, target{at + "processor time a request, times plain NGINX's", f.ratio(c, plain, spent), limit, false})
		}
	}
	if start, measured := f.Starts["Portico, 10000 hosts"]; measured {
		targets = append(targets,
			target{"reading 10,000 hosts (`nginx -t`), seconds", start.Seconds, 0.03, false},
			target{"its largest process before the first request, MB", start.MB, 18, false})
	}
	return targets
}

// cells are what was measured, in order.
func (f *figures) cells() []cell {
	var cells []cell
	for _, r := range f.Runs {
		if !slices.Contains(cells, r.cell) {
			cells = append(cells, r.cell)
		}
	}
	return cells
}

func (f *figures) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The proxy beside the alternatives, %s\n\n", f.Started.Format(time.DateOnly))
	dirty := "clean"
	if len(f.Machine.Dirty) > 0 {
		dirty = "with changes that are not committed: " + strings.Join(f.Machine.Dirty, " ")
	}
	fmt.Fprintf(&b, "- commit: %s, %s\n", f.Machine.Commit, dirty)
	fmt.Fprintf(&b, "- machine: %s, %d cores, %s\n", f.Machine.Processor, f.Machine.Cores, f.Machine.Kernel)
	fmt.Fprintf(&b, "- NGINX %s, HAProxy %s, Caddy %s, OpenSSL %s, %s; %d workers or threads each\n", f.Machine.Versions["NGINX"],
		f.Machine.Versions["HAProxy"], f.Machine.Versions["Caddy"], f.Machine.Versions["OpenSSL"], f.Machine.Versions["Go"], workers)
	fmt.Fprintf(&b, "- plan: %s, %d rounds, %s to %s UTC; load average before: %s\n",
		f.Plan, f.rounds(), f.Started.Format(time.TimeOnly), f.Ended.Format(time.TimeOnly), f.Machine.LoadBefore)
	b.WriteString("- medians over the rounds; ratios are medians of each round's ratio. wrk, the proxies and the upstream share the cores.\n\n")
	b.WriteString("| what | measured | to reach | |\n|---|---|---|---|\n")
	for _, t := range f.targets() {
		fmt.Fprintf(&b, "%s\n", t)
	}
	b.WriteString("\n| start | configuration read, seconds | on a processor, seconds | largest process, MB |\n|---|---|---|---|\n")
	for _, hosts := range []int{1, 100, 1_000, 10_000} {
		for _, s := range sides {
			switch start, measured := f.Starts[fmt.Sprintf("%s, %d hosts", s, hosts)]; {
			case measured && start.CPUSeconds > 0:
				fmt.Fprintf(&b, "| %s, %d hosts | %.3f | %.3f | %.1f |\n", s, hosts, start.Seconds, start.CPUSeconds, start.MB)
			case measured:
				fmt.Fprintf(&b, "| %s, %d hosts | %.3f until it listens | | %.1f |\n", s, hosts, start.Seconds, start.MB)
			}
		}
	}
	for _, c := range f.cells() {
		fmt.Fprintf(&b, "\n## %d hosts, %s answers, %d connections\n\n", c.Hosts, c.Answer, c.Connections)
		b.WriteString("| | requests/s | p50 ms | p99 ms | CPU us/request | largest process MB | all processes MB | Portico's requests/s, times | Portico's CPU, times |\n|---|---|---|---|---|---|---|---|---|\n")
		for _, s := range sides {
			r, measured := f.medians[key{c, s}]
			if !measured {
				continue
			}
			fmt.Fprintf(&b, "| %s | %.0f | %.2f | %.2f | %.1f | %.1f | %.1f | %.2f | %.2f |\n", s, r.PerSecond, r.P50, r.P99, r.CPU, r.ProcessMemory, r.Memory,
				f.ratio(c, s, func(r run) float64 { return r.PerSecond }), f.ratio(c, s, func(r run) float64 { return r.CPU }))
		}
	}
	return b.String()
}

func (f *figures) rounds() int {
	last := 0
	for _, r := range f.Runs {
		last = max(last, r.Round)
	}
	return last + 1
}

// record writes the figures for reading and for computing with.
func (f *figures) record(t *testing.T) {
	t.Helper()
	results := filepath.Join("..", "..", "results")
	require.NoError(t, os.MkdirAll(results, 0o755))
	name := filepath.Join(results, f.Started.Format(time.DateOnly)+"-proxy")
	if f.Plan != plans[""].name {
		name += "-" + f.Plan
	}
	require.NoError(t, os.WriteFile(name+".md", []byte(f.markdown()), 0o644))
	data, err := json.MarshalIndent(f, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name+".json", append(data, '\n'), 0o644))
}
