//go:build bench

package proxy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
)

const (
	before side = "before"
	// behindALB is Portico as it runs behind an Application Load Balancer, with the
	// client's address and its bound.
	behindALB side = "Portico behind an ALB"
	// haproxyBehindALB is HAProxy with the same.
	haproxyBehindALB side = "HAProxy behind an ALB"
)

// earlierCheckout is a checkout of the commit to compare with.
func earlierCheckout(t *testing.T) string {
	t.Helper()
	checkout := os.Getenv("PORTICO_BENCH_BEFORE")
	if checkout == "" {
		t.Skip("set PORTICO_BENCH_BEFORE to a checkout of the commit to compare with")
	}
	return checkout
}

// renderedBy is the workload's context as the program of a checkout renders it.
func renderedBy(t *testing.T, checkout string, e workload) *nginxconf.Context {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "mapping.yaml"), filepath.Join(dir, "context")
	require.NoError(t, os.WriteFile(file, e.mapping, 0o644))
	render := exec.Command("go", "run", "./cmd/portico", "render", "--mapping", file, "--out", out)
	render.Dir = checkout
	output, err := render.CombinedOutput()
	require.NoError(t, err, string(output))
	entries, err := os.ReadDir(out)
	require.NoError(t, err)
	c := new(nginxconf.Context)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		data, err := os.ReadFile(filepath.Join(out, entry.Name()))
		require.NoError(t, err)
		c.Files = append(c.Files, nginxconf.File{Name: entry.Name(), Mode: info.Mode().Perm(), Data: data})
	}
	return c
}

// TestProxyBesideAnEarlierCommit measures processor time in pairs: each round has
// all sides, in turns, and gives a ratio. PORTICO_BENCH_BEFORE is a checkout of the
// earlier commit.
func TestProxyBesideAnEarlierCommit(t *testing.T) {
	const hosts, rounds, warmup, window = 100, 25, time.Second / 2, time.Second
	checkout := earlierCheckout(t)
	u := startUpstream(t)
	e := newWorkload(t, hosts)
	earlier := e
	earlier.context = renderedBy(t, checkout, e)
	sides := []server{
		startProxy(t, before, earlier, u), startProxy(t, portico, e, u),
		startProxy(t, behindALB, e, u, "PORTICO_CLIENT_ADDRESS=forwarded"), startHAProxy(t, e, u), startHAProxyFor(t, haproxyBehindALB, e, u, true),
	}
	l := newLoad(t, t.TempDir(), e, cell{Hosts: hosts, Answer: "small", Connections: 32})
	runs := make(map[side][]run)
	for round := range rounds {
		for i := range sides {
			s := sides[(i+round)%len(sides)]
			runs[s.side] = append(runs[s.side], measure(t, s, u, l, warmup, window))
		}
	}
	var b strings.Builder
	b.WriteString("\n| | CPU us/request | requests/s | p50 ms | p99 ms |\n|---|---|---|---|---|\n")
	for _, s := range sides {
		of := func(value func(run) float64) float64 { return quartiles(runs[s.side], value)[1] }
		fmt.Fprintf(&b, "| %s | %.1f | %.0f | %.2f | %.2f |\n", s.side, of(func(r run) float64 { return r.CPU }),
			of(func(r run) float64 { return r.PerSecond }), of(func(r run) float64 { return r.P50 }), of(func(r run) float64 { return r.P99 }))
	}
	b.WriteString("\n| pairs | median | quartiles |\n|---|---|---|\n")
	for _, pair := range [][2]side{{portico, before}, {behindALB, before}, {portico, haproxy}, {behindALB, haproxyBehindALB}} {
		ratios := make([]run, rounds)
		for i := range rounds {
			ratios[i].CPU = runs[pair[0]][i].CPU / runs[pair[1]][i].CPU
		}
		q := quartiles(ratios, func(r run) float64 { return r.CPU })
		fmt.Fprintf(&b, "| %s to %s | %.3f | %.3f to %.3f |\n", pair[0], pair[1], q[1], q[0], q[2])
	}
	t.Log(b.String())
}

// quartiles are a value's first quartile, median and third quartile.
func quartiles(runs []run, value func(run) float64) [3]float64 {
	values := make([]float64, 0, len(runs))
	for _, r := range runs {
		values = append(values, value(r))
	}
	slices.Sort(values)
	return [3]float64{values[len(values)/4], values[len(values)/2], values[len(values)*3/4]}
}
