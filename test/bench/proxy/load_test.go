//go:build bench

package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cell is one kind of load.
type cell struct {
	Hosts       int    `json:"hosts"`
	Answer      string `json:"answer"`
	Connections int    `json:"connections"`
}

// run is what one server did under one load. Rates are of the window in
// the middle, without the handshakes at the beginning.
type run struct {
	cell
	Side          side    `json:"side"`
	Round         int     `json:"round"`
	PerSecond     float64 `json:"requests_per_second"`
	CPU           float64 `json:"cpu_microseconds_per_request"`
	P50           float64 `json:"p50_milliseconds"`
	P99           float64 `json:"p99_milliseconds"`
	ProcessMemory float64 `json:"largest_process_mb"`
	Memory        float64 `json:"all_processes_mb"`
}

// load is a cell's requests, as files for wrk.
type load struct {
	cell
	script, requests string
}

func newLoad(t *testing.T, dir string, e workload, c cell) load {
	t.Helper()
	script, err := templateFiles.ReadFile("templates/load.lua")
	require.NoError(t, err)
	l := load{cell: c, script: filepath.Join(dir, "load.lua"), requests: filepath.Join(dir, fmt.Sprintf("%d-%s", c.Hosts, c.Answer))}
	require.NoError(t, os.WriteFile(l.script, script, 0o644))
	require.NoError(t, os.WriteFile(l.requests, e.requests(c.Answer), 0o644))
	return l
}

// patience is how long a server may take for its clients' handshakes.
const patience = time.Minute

// measure loads a server and looks at it for the window, after the warm-up and
// after it has answered each connection.
func measure(t *testing.T, s server, u upstream, l load, warmup, window time.Duration) run {
	t.Helper()
	var report bytes.Buffer
	wrk := exec.Command("wrk",
		"-t", strconv.Itoa(min(2, l.Connections)), "-c", strconv.Itoa(l.Connections),
		"-d", "10m", "--timeout", "30s", // until it is interrupted
		"-s", l.script, "https://"+s.address+"/", "--", l.requests)
	wrk.Stderr = &report
	before := u.answered(t)
	require.NoError(t, wrk.Start())
	<-time.After(warmup)
	for started := time.Now(); u.answered(t)-before < 2*int64(l.Connections) && time.Since(started) < patience; {
		<-time.After(20 * time.Millisecond)
	}
	begin, answered, used := time.Now(), u.answered(t), cpu(t, s.pid)
	<-time.After(window)
	seconds, requests, spent := time.Since(begin).Seconds(), float64(u.answered(t)-answered), cpu(t, s.pid)-used
	r := run{cell: l.cell, Side: s.side, PerSecond: requests / seconds, CPU: float64(spent.Microseconds()) / requests}
	r.ProcessMemory, r.Memory = memory(t, s.pid)
	require.NoError(t, wrk.Process.Signal(os.Interrupt))
	require.NoError(t, wrk.Wait(), report.String())

	var said struct{ Requests, Errors, P50, P99 int64 }
	require.NoError(t, json.Unmarshal(report.Bytes(), &said), report.String())
	require.Positive(t, said.Requests)
	require.Zero(t, said.Errors, "%s: %+v: requests that failed", s.side, l.cell)
	r.P50, r.P99 = float64(said.P50)/1000, float64(said.P99)/1000
	return r
}

// processes are a server's: the one that was started and its children.
func processes(t *testing.T, pid int) []string {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", pid))
	require.NoError(t, err)
	return append([]string{strconv.Itoa(pid)}, strings.Fields(string(children))...)
}

// cpu is the processor time that a server has used so far, all of its processes
// and threads together: utime and stime of proc(5), in ticks of 10 ms.
func cpu(t *testing.T, pid int) time.Duration {
	t.Helper()
	var ticks int64
	for _, p := range processes(t, pid) {
		stat, err := os.ReadFile("/proc/" + p + "/stat")
		require.NoError(t, err)
		// The name in parentheses may hold spaces; behind it, the state is field 3.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, i := range []int{14 - 3, 15 - 3} {
			n, err := strconv.ParseInt(fields[i], 10, 64)
			require.NoError(t, err)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memory is the resident memory of a server's largest process and the
// proportional set size of all, in MB.
func memory(t *testing.T, pid int) (largest, all float64) {
	t.Helper()
	for _, p := range processes(t, pid) {
		data, err := os.ReadFile("/proc/" + p + "/smaps_rollup")
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			fields := strings.Fields(line)
			if len(fields) != 3 {
				continue
			}
			kib, err := strconv.ParseFloat(fields[1], 64)
			require.NoError(t, err)
			switch fields[0] {
			case "Rss:":
				largest = max(largest, kib/1024)
			case "Pss:":
				all += kib / 1024
			}
		}
	}
	return largest, all
}
