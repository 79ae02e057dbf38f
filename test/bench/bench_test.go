//go:build bench

package bench

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/test/bench/machine"
)

// runs is how often the short measurements are repeated; the median counts.
const runs = 7

// figure is one measurement and what was promised.
type figure struct {
	what, got, reach string
	ok               bool
}

func TestSpeed(t *testing.T) {
	portico, err := filepath.Abs("../../bin/portico")
	require.NoError(t, err)
	require.FileExists(t, portico, "run `make build`")
	dir := t.TempDir()
	mappings := map[int]string{}
	for _, rows := range []int{10_000, 100_000} {
		mappings[rows] = filepath.Join(dir, fmt.Sprintf("%d.yaml", rows))
		require.NoError(t, os.WriteFile(mappings[rows], Mapping(rows, 50), 0o644))
	}
	rendered := filepath.Join(dir, "rendered")

	var figures []figure
	add := func(f figure) {
		t.Logf("%s: %s (to reach: %s)", f.what, f.got, f.reach)
		figures = append(figures, f)
	}
	render := func(mapping string) taken {
		return measure(t, "", portico, "render", "--mapping", mapping, "--out", rendered)
	}
	add(figure{"validate, 10,000 rows, whole process", measure(t, "", portico, "validate", "--mapping", mappings[10_000]).String(), "", true})
	large, small := render(mappings[100_000]), render(mappings[10_000])
	add(small.within("validate and render in one process, 10,000 rows", 300*time.Millisecond))
	add(large.within("the same, 100,000 rows", 3*time.Second))
	add(megabytes("its memory, at most", large.memory, 500))
	add(figure{"100,000 rows, times the time of 10,000", fmt.Sprintf("%.1f", large.wall.Seconds()/small.wall.Seconds()), "<= 12", large.wall <= 12*small.wall})

	add(configurationTest(t, rendered).within("nginx -t, 10,000 rows", 30*time.Millisecond))
	add(megabytes("largest process of the proxy", proxyMemory(t, rendered), 18))
	strict := filepath.Join(dir, "strict.yaml")
	require.NoError(t, os.WriteFile(strict, StrictMapping(1_000), 0o644))
	render(strict)
	add(configurationTest(t, rendered).within("nginx -t, 1,000 APIs in endpoint access mode STRICT", 200*time.Millisecond))
	add(megabytes("largest process of the proxy", proxyMemory(t, rendered), 32))

	first, second := deploy(t, mappings[10_000])
	add(figure{"shared up, 10,000 rows under 50 domains, simulated", fmt.Sprintf("%.1f s", first.Seconds), "<= 8 s", first.Seconds <= 8})
	add(figure{"its resources", fmt.Sprint(first.Resources), "<= 300", first.Resources <= 300})
	add(figure{"shared up again", fmt.Sprintf("%.1f s", second.Seconds), "<= 6 s", second.Seconds <= 6})
	changes := second.Changes
	changes.Same = 0
	add(figure{"its changes", fmt.Sprint(changes.Create + changes.Update + changes.Replace + changes.Delete), "0", changes == automation.Changes{}})

	write(t, "slice", fmt.Sprintf("medians of %d runs for the processes, one run for the deployments", runs), figures)
	for _, f := range figures {
		if !f.ok {
			t.Errorf("%s: %s, and %s was to be reached", f.what, f.got, f.reach)
		}
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// taken is what a program takes: wall time and time on processors, medians, and memory
// at most, in MB. The kernel counts the memory from that of this test's process, so
// that it is never too little.
type taken struct {
	wall, cpu time.Duration
	memory    float64
}

func (t taken) String() string {
	return fmt.Sprintf("%s, %s on processors", seconds(t.wall), seconds(t.cpu))
}

func (t taken) within(what string, limit time.Duration) figure {
	return figure{what, t.String(), fmt.Sprintf("<= %g s", limit.Seconds()), t.wall <= limit}
}

func megabytes(what string, got, limit float64) figure {
	return figure{what, fmt.Sprintf("%.1f MB", got), fmt.Sprintf("<= %g MB", limit), got <= limit}
}

// measure runs a program several times.
func measure(t *testing.T, dir, program string, args ...string) taken {
	t.Helper()
	var walls, cpus []time.Duration
	var most float64
	for range runs {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		begin := time.Now()
		out, err := cmd.CombinedOutput()
		walls = append(walls, time.Since(begin))
		require.NoError(t, err, string(out))
		cpus = append(cpus, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		most = max(most, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024)
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	return taken{walls[runs/2], cpus[runs/2], most}
}

// configurationTest measures `nginx -t` on what the entrypoint starts NGINX
// with: a stand-in on PATH writes down how it was called.
func configurationTest(t *testing.T, context string) taken {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	require.NoError(t, err)
	bin, called := t.TempDir(), filepath.Join(t.TempDir(), "called")
	script := fmt.Sprintf("#!/bin/sh\npwd >%[1]s\nprintf '%%s\\n' \"$@\" >>%[1]s\n", called)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "nginx"), []byte(script), 0o755))
	entrypoint := exec.Command("sh", filepath.Join(context, "entrypoint.sh"))
	entrypoint.Env = append(environment(t, context, "127.0.0.1:18443"), "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := entrypoint.CombinedOutput()
	require.NoError(t, err, string(out))
	data, err := os.ReadFile(called)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return measure(t, lines[0], nginx, append([]string{"-t"}, lines[1:]...)...)
}

// proxyMemory starts the proxy and returns the largest resident memory that
// one of its processes had, in MB. The kernel's own count for a child that was
// waited for would begin at this test's.
func proxyMemory(t *testing.T, context string) float64 {
	t.Helper()
	const address = "127.0.0.1:18443"
	cmd := exec.Command("sh", filepath.Join(context, "entrypoint.sh"))
	cmd.Env = environment(t, context, address)
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait() // NGINX's exit code says nothing about its memory
	}()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, 10*time.Second, 20*time.Millisecond, "the proxy doesn't listen")

	master := strconv.Itoa(cmd.Process.Pid)
	workers, err := os.ReadFile(filepath.Join("/proc", master, "task", master, "children"))
	require.NoError(t, err)
	largest := 0.0
	for _, pid := range append(strings.Fields(string(workers)), master) {
		largest = max(largest, peak(t, pid))
	}
	return largest
}

// peak is a process's largest resident memory so far, in MB.
func peak(t *testing.T, pid string) float64 {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.Atoi(strings.Fields(value)[0])
			require.NoError(t, err)
			return float64(kilobytes) / 1024
		}
	}
	t.Fatalf("process %s has no VmHWM", pid)
	return 0
}

// environment is what the entrypoint reads.
func environment(t *testing.T, context, address string) []string {
	t.Helper()
	return append(os.Environ(),
		"PORTICO_HOME="+context, "PORTICO_RUN_DIR="+t.TempDir(), "PORTICO_LISTEN="+address,
		"PORTICO_UPSTREAMS=127.0.0.1:18444", "PORTICO_ENDPOINT_NAME=vpce-0.execute-api.us-east-1.vpce.amazonaws.com")
}

// deploy brings the shared account up twice. The provider accounts' stacks stay
// empty: what they do is one API after another, and grows with their APIs.
func deploy(t *testing.T, mapping string) (first, second rehearsal.Stack) {
	t.Helper()
	command, err := automation.FindCommand("../../bin")
	require.NoError(t, err)
	options := rehearsal.Options{
		Mapping: mapping, StateDir: t.TempDir(), Command: command, Progress: io.Discard,
		Programs: automation.Programs{
			Shared: accounts.SharedIn,
			Provider: func(string) pulumi.RunFunc {
				return func(*pulumi.Context) error { return nil }
			},
		},
	}
	for _, into := range []*rehearsal.Stack{&first, &second} {
		report, err := rehearsal.Run(t.Context(), options)
		require.NoError(t, err)
		require.NotEmpty(t, report.Stacks)
		require.Empty(t, report.Stacks[0].Error)
		*into = report.Stacks[0]
	}
	return first, second
}

// write records the figures with what they belong to: the commit, the machine, and how
// they were measured.
func write(t *testing.T, name, measured string, figures []figure) {
	t.Helper()
	var b strings.Builder
	now := time.Now().UTC()
	fmt.Fprintf(&b, "# Speed, %s\n\n", now.Format(time.DateOnly))
	commit, dirty := machine.Commit(t)
	if len(dirty) > 0 {
		commit += ", with changes that are not committed"
	}
	fmt.Fprintf(&b, "- commit: %s\n", commit)
	fmt.Fprintf(&b, "- machine: %s/%s, %d cores, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), machine.Processor())
	fmt.Fprintf(&b, "- %s; %s\n", runtime.Version(), measured)
	fmt.Fprintf(&b, "- load average before: %s\n\n", machine.Load())
	b.WriteString("| what | measured | to reach | |\n|---|---|---|---|\n")
	for _, f := range figures {
		verdict := "reached"
		switch {
		case f.reach == "":
			verdict = ""
		case !f.ok:
			verdict = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.what, f.got, f.reach, verdict)
	}
	results := filepath.Join("..", "results")
	require.NoError(t, os.MkdirAll(results, 0o755))
	file := filepath.Join(results, now.Format(time.DateOnly)+"-"+name+".md")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
}
