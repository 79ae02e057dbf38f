//go:build bench

package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
)

// engines is a Pulumi CLI that counts the engine's runs.
type engines struct {
	auto.PulumiCommand
	mu   sync.Mutex
	runs int
}

func (e *engines) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if slices.Contains([]string{"up", "preview", "refresh", "destroy"}, args[0]) {
		e.mu.Lock()
		e.runs++
		e.mu.Unlock()
	}
	return e.PulumiCommand.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
}

// changesOfARow is how often one row is changed; the median counts.
const changesOfARow = 3

// effort is what ups take.
type effort struct {
	// Wall is the time that passes, and CPU that of the processors, of the CLI's runs too.
	Wall, CPU time.Duration
	// Engines are the engine's runs, and Parts the ups.
	Engines, Parts int
}

func (e effort) and(other effort) effort {
	return effort{e.Wall + other.Wall, e.CPU + other.CPU, e.Engines + other.Engines, e.Parts + other.Parts}
}

// used is the time of the processors that this process has used, and those that it has
// waited for.
func used(t *testing.T) time.Duration {
	t.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		require.NoError(t, syscall.Getrusage(who, &usage))
		sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return sum
}

// largeEnvironment is an environment of many accounts.
type largeEnvironment struct {
	*rehearsal.Prepared
	t       *testing.T
	counted *engines
	dir     string
	count   int
}

const rowsOfAnAccount = 50

// newLargeEnvironment lays an environment out, in the directory of PORTICO_STATE if it
// is set, where an earlier one goes on.
func newLargeEnvironment(t *testing.T, count int) *largeEnvironment {
	t.Helper()
	e := &largeEnvironment{t: t, count: count, dir: os.Getenv("PORTICO_STATE")}
	if e.dir == "" {
		e.dir = t.TempDir()
	}
	require.NoError(t, os.MkdirAll(e.dir, 0o755))
	file := filepath.Join(e.dir, "mapping.yaml")
	require.NoError(t, os.WriteFile(file, AccountsMapping(count, rowsOfAnAccount, "[GET]"), 0o644))
	command, err := automation.FindCommand("../../bin")
	require.NoError(t, err)
	e.counted = &engines{PulumiCommand: command}
	e.Prepared, err = rehearsal.Prepare(t.Context(), rehearsal.Options{
		Mapping: file, StateDir: filepath.Join(e.dir, "state"), Command: e.counted, Progress: io.Discard,
		Programs: automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn, ProviderDigests: accounts.ProviderDigestsIn},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	require.Len(t, e.Environment.Providers, count)
	return e
}

// up brings the environment up, once.
func (e *largeEnvironment) up(ctx context.Context) (effort, error) {
	e.counted.runs = 0
	begin, before := time.Now(), used(e.t)
	_, err := e.Environment.Up(ctx)
	return effort{time.Since(begin), used(e.t) - before, e.counted.runs, 1}, err
}

// first is the first up. If the test's time ends before it does, it is interrupted, and
// with PORTICO_STATE the next test goes on: the effort is that of all parts.
func (e *largeEnvironment) first() effort {
	e.t.Helper()
	var sum effort
	record := filepath.Join(e.dir, "first.json")
	if data, err := os.ReadFile(record); err == nil {
		require.NoError(e.t, json.Unmarshal(data, &sum))
	}
	ctx := e.t.Context()
	if deadline, limited := e.t.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Minute))
		defer cancel()
	}
	part, err := e.up(ctx)
	if part.Engines > 1 { // else an earlier test has brought it up
		sum = sum.and(part)
	}
	data, wrong := json.Marshal(sum)
	require.NoError(e.t, wrong)
	require.NoError(e.t, os.WriteFile(record, data, 0o644))
	if ctx.Err() != nil {
		e.t.Skipf("not up after %s: run it again with the same PORTICO_STATE", sum.Wall.Round(time.Second))
	}
	require.NoError(e.t, err)
	return sum
}

// again brings the environment up several times: the median by time, and the most runs
// of the engine.
func (e *largeEnvironment) again(before func(i int)) effort {
	e.t.Helper()
	var all []effort
	most := 0
	for i := range changesOfARow {
		before(i)
		took, err := e.up(e.t.Context())
		require.NoError(e.t, err)
		all, most = append(all, took), max(most, took.Engines)
	}
	slices.SortFunc(all, func(a, b effort) int { return cmp.Compare(a.Wall, b.Wall) })
	median := all[changesOfARow/2]
	median.Engines = most
	return median
}

// giveVerbs changes one row of the mapping.
func (e *largeEnvironment) giveVerbs(verbs string) {
	e.t.Helper()
	document := AccountsMapping(e.count, rowsOfAnAccount, verbs)
	for _, path := range []string{"mapping.yaml", "accounts/provider/mapping.yaml"} {
		require.NoError(e.t, os.WriteFile(filepath.Join(e.Dir, "project", filepath.FromSlash(path)), document, 0o644))
	}
}

// TestAccounts brings an environment of many accounts up, and then changes one row at a
// time. PORTICO_ACCOUNTS is the number of accounts. Default: 200.
func TestAccounts(t *testing.T) {
	count := 200
	if given := os.Getenv("PORTICO_ACCOUNTS"); given != "" {
		var err error
		count, err = strconv.Atoi(given)
		require.NoError(t, err)
	}
	e := newLargeEnvironment(t, count)
	first := e.first()
	nothing := e.again(func(int) {})
	verbs := []string{"[GET, POST]", "[GET]"}
	change := e.again(func(i int) { e.giveVerbs(verbs[i%len(verbs)]) })

	what := fmt.Sprintf("%d accounts of %d rows, simulated: ", count, rowsOfAnAccount)
	rows := func(name string, took effort, limit time.Duration, runs int) []figure {
		wall, engines := figure{what + name, seconds(took.Wall), "", true}, figure{"its runs of engines", strconv.Itoa(took.Engines), "", true}
		if limit > 0 {
			wall.reach, wall.ok = fmt.Sprintf("<= %.0f s", limit.Seconds()), took.Wall <= limit
		}
		if runs > 0 {
			engines.reach, engines.ok = fmt.Sprintf("<= %d", runs), took.Engines <= runs
		}
		return []figure{wall, {"its time of the processors", seconds(took.CPU), "", true}, engines}
	}
	figures := slices.Concat(rows("first up", first, 6*time.Minute, 0), rows("up again", nothing, 0, 1), rows("a row's verbs change", change, 20*time.Second, 3))
	write(t, "accounts", fmt.Sprintf("first up in %d parts, medians of %d runs of the others", max(first.Parts, 1), changesOfARow), figures)
	for _, f := range figures {
		if !f.ok {
			t.Errorf("%s: %s, and %s was to be reached", f.what, f.got, f.reach)
		}
	}
}
