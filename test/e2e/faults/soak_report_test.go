package faults

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/bench/machine"
	"github.com/portico-iac/portico/test/e2e/load"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// worker is what one of a task's workers has at a moment.
type worker struct {
	at          time.Duration
	rss         int64
	descriptors int
}

// soakReport has a line for each minute of a soak.
type soakReport struct {
	t       *testing.T
	soak    soak
	version string
	load    string
	began   time.Time
	lines   []string
	// failures name the requests that failed.
	failures []string
	// staying are the looks at the workers of the task that stays, by process.
	staying  map[int][]worker
	outcomes map[load.Outcome]int
	requests int
}

func newSoakReport(t *testing.T, s soak, n proxytest.NGINX) *soakReport {
	t.Helper()
	return &soakReport{t: t, soak: s, version: n.Version, load: machine.Load(), began: time.Now(), staying: make(map[int][]worker), outcomes: make(map[load.Outcome]int)}
}

// workersOf are the workers of a task by their processes.
func workersOf(t *testing.T, k task) map[int]worker {
	t.Helper()
	master := k.proxy.Process().Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", master))
	require.NoError(t, err)
	workers := make(map[int]worker)
	for _, text := range strings.Fields(string(children)) {
		// The others are what the entrypoint has left running.
		if line, err := os.ReadFile("/proc/" + text + "/cmdline"); err != nil || !strings.Contains(string(line), "worker process") {
			continue
		}
		pid, err := strconv.Atoi(text)
		require.NoError(t, err)
		status, err := os.ReadFile("/proc/" + text + "/status")
		require.NoError(t, err)
		_, after, found := strings.Cut(string(status), "VmRSS:")
		require.True(t, found)
		var w worker
		_, err = fmt.Sscan(after, &w.rss)
		require.NoError(t, err)
		w.rss <<= 10
		descriptors, err := os.ReadDir("/proc/" + text + "/fd")
		require.NoError(t, err)
		w.descriptors = len(descriptors)
		workers[pid] = w
	}
	require.Len(t, workers, 2, "%s has not the workers that it was started with", k.name)
	return workers
}

// look looks at the task that stays.
func (r *soakReport) look(at time.Duration, stays task) map[int]worker {
	workers := workersOf(r.t, stays)
	for pid, w := range workers {
		w.at = at
		r.staying[pid] = append(r.staying[pid], w)
	}
	return workers
}

// add reports a minute; the first task is the one that stays.
func (r *soakReport) add(at time.Duration, report load.Report, tasks []task) {
	failed := len(report.Failed())
	for _, a := range report.Failed() {
		r.failures = append(r.failures, fmt.Sprintf("%s %s, sent after %v: %s after %v", a.Method, a.ID, a.Sent.Sub(r.began).Round(time.Millisecond), a.Outcome, a.Took.Round(time.Millisecond)))
		r.t.Log(r.failures[len(r.failures)-1])
	}
	line := fmt.Sprintf("| %v | %d | %d | %.2f | %.2f |", at, len(report.Answers), failed,
		report.Quantile(0.5).Seconds()*1000, report.Quantile(0.99).Seconds()*1000)
	for i, k := range tasks {
		var workers map[int]worker
		if i == 0 {
			workers = r.look(at, k)
		} else {
			workers = workersOf(r.t, k)
		}
		line += " " + k.name + ":"
		for _, pid := range slices.Sorted(maps.Keys(workers)) {
			line += fmt.Sprintf(" %.1f MB %d,", float64(workers[pid].rss)/(1<<20), workers[pid].descriptors)
		}
		line = strings.TrimSuffix(line, ",") + " |"
	}
	r.t.Log(line)
	r.lines = append(r.lines, line)
	r.requests += len(report.Answers)
	for outcome, n := range report.Outcomes() {
		r.outcomes[outcome] += n
	}
}

// end holds the load to what it was to be, and records it if it was asked for.
func (r *soakReport) end(replacements, logged int) {
	r.t.Helper()
	failed := r.requests - r.outcomes[load.OK]
	faults := grown(r.staying, r.soak)
	if failed > 0 {
		faults = append(faults, fmt.Sprintf("%d of %d requests failed: %v", failed, r.requests, r.outcomes))
	}
	// A short run need not make up for the time that tasks take to start on a busy machine.
	if due := r.soak.rate * r.soak.duration.Seconds(); os.Getenv("PORTICO_SOAK") != "" && float64(r.requests) < 0.99*due {
		faults = append(faults, fmt.Sprintf("%d requests were sent, and %.0f were to be", r.requests, due))
	}
	if logged != r.requests {
		faults = append(faults, fmt.Sprintf("%d requests have %d lines in the log", r.requests, logged))
	}
	r.t.Logf("%d requests in %v, %d failed; %d tasks replaced; %d lines in the log", r.requests, r.soak.duration, failed, replacements, logged)
	if os.Getenv("PORTICO_SOAK") != "" {
		r.record(replacements, logged, faults)
	}
	for _, fault := range faults {
		r.t.Error(fault)
	}
}

// growth is how much more memory a worker may have in the last third than in the
// middle one: less than two bytes of each request in half an hour.
const growth = 1 << 20

// grown names the workers whose memory or descriptors have grown. What a worker takes
// until it has seen its largest load is in the first third.
func grown(workers map[int][]worker, s soak) []string {
	var faults []string
	for _, pid := range slices.Sorted(maps.Keys(workers)) {
		looks := workers[pid]
		idle := looks[0].descriptors
		var before, after int64
		for _, w := range looks {
			switch {
			case w.at > s.duration*2/3:
				after = max(after, w.rss)
			case w.at > s.duration/3:
				before = max(before, w.rss)
			}
			// A connection of each caller, and one to the endpoint for it.
			if most := idle + 2*s.connections + 1; w.descriptors > most {
				faults = append(faults, fmt.Sprintf("worker %d has %d descriptors after %v, and %d at most are accounted for", pid, w.descriptors, w.at, most))
			}
		}
		if after > before+growth {
			faults = append(faults, fmt.Sprintf("the memory of worker %d grew from %d to %d KB", pid, before>>10, after>>10))
		}
	}
	return faults
}

func (r *soakReport) record(replacements, logged int, faults []string) {
	r.t.Helper()
	commit, dirty := machine.Commit(r.t)
	if len(dirty) > 0 {
		commit += ", with changes that are not committed"
	}
	var b strings.Builder
	now := time.Now().UTC()
	fmt.Fprintf(&b, "# The proxy under load for %v, %s\n\n", r.soak.duration, now.Format(time.DateOnly))
	fmt.Fprintf(&b, "- commit: %s; NGINX %s, started by the image's entrypoint, 2 workers a task, behind an ALB's stand-in\n", commit, r.version)
	fmt.Fprintf(&b, "- machine: %s, %d cores; load average before %s, after %s\n", machine.Processor(), runtime.NumCPU(), r.load, machine.Load())
	fmt.Fprintf(&b, "- load: %.0f requests a second on %d connections, every fourth a POST; %d hosts, every fourth with a base path; each of another caller\n",
		r.soak.rate, r.soak.connections, soakHosts)
	fmt.Fprintf(&b, "- the first task stays, the other two are replaced each %v: %d tasks in all\n", r.soak.every, replacements)
	b.WriteString("- `make soak`\n\n| what | measured | to reach |\n|---|---|---|\n")
	fmt.Fprintf(&b, "| requests | %d | %.0f |\n| failed | %d | 0 |\n| lines in the log | %d | one a request |\n",
		r.requests, r.soak.rate*r.soak.duration.Seconds(), r.requests-r.outcomes[load.OK], logged)
	fmt.Fprintf(&b, "| memory and descriptors of the workers that stay | %s | flat |\n\n", verdict(grown(r.staying, r.soak)))
	b.WriteString("Of each worker: resident memory, and open descriptors.\n\n| after | requests | failed | p50 ms | p99 ms | the task that stays | | |\n|---|---|---|---|---|---|---|---|\n")
	b.WriteString(strings.Join(r.lines, "\n") + "\n")
	for _, failure := range r.failures {
		fmt.Fprintf(&b, "\nFailed: %s\n", failure)
	}
	for _, fault := range faults {
		fmt.Fprintf(&b, "\n**Missed**: %s\n", fault)
	}
	file := filepath.Join("..", "..", "results", now.Format(time.DateOnly)+"-soak.md")
	require.NoError(r.t, os.WriteFile(file, []byte(b.String()), 0o644))
}

func verdict(faults []string) string {
	if len(faults) == 0 {
		return "flat"
	}
	return "**" + strings.Join(faults, "; ") + "**"
}

// lineCounter is a pipe whose lines are counted.
type lineCounter struct {
	writer *os.File
	counts chan int
}

func countLines(t *testing.T) *lineCounter {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	c := &lineCounter{writer: writer, counts: make(chan int, 1)}
	go func() {
		defer reader.Close()
		lines, buffered := 0, bufio.NewReader(reader)
		for {
			// A line that is longer than the buffer has its end in a later piece.
			switch _, err := buffered.ReadSlice('\n'); {
			case err == nil:
				lines++
			case !errors.Is(err, bufio.ErrBufferFull):
				c.counts <- lines
				return
			}
		}
	}()
	return c
}

// lines is how many lines were written, when the last writer has ended.
func (c *lineCounter) lines(t *testing.T) int {
	t.Helper()
	require.NoError(t, c.writer.Close())
	return <-c.counts
}

func TestGrowthOfMemoryAndDescriptorsIsFound(t *testing.T) {
	s := soak{duration: 9 * time.Minute, connections: 4}
	looks := func(rss, descriptors func(minute int) int) map[int][]worker {
		var looks []worker
		for i := range 10 {
			looks = append(looks, worker{at: time.Duration(i) * time.Minute, rss: int64(rss(i)) << 20, descriptors: descriptors(i)})
		}
		return map[int][]worker{7: looks}
	}
	constant := func(n int) func(int) int { return func(int) int { return n } }
	for name, c := range map[string]struct {
		rss, descriptors func(int) int
		want             string
	}{
		"flat":                           {constant(12), constant(20), ""},
		"warm after the first third":     {func(i int) int { return 12 + min(i, 3)*5 }, func(i int) int { return 20 + min(i, 3)*3 }, ""},
		"memory that grows":              {func(i int) int { return 12 + i }, constant(20), "the memory of worker 7 grew from 18432 to 21504 KB"},
		"descriptors that are not known": {constant(12), func(i int) int { return 20 + i*i/8 }, "worker 7 has 30 descriptors after 9m0s, and 29 at most are accounted for"},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			require.Equal(t, want, grown(looks(c.rss, c.descriptors), s))
		})
	}
}
