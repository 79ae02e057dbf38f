//go:build bench

package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
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

// TestAccounts brings an environment of many accounts up, and then changes one row at a
// time. PORTICO_ACCOUNTS is the number of accounts. Default: 200.
func TestAccounts(t *testing.T) {
	count := 200
	if given := os.Getenv("PORTICO_ACCOUNTS"); given != "" {
		var err error
		count, err = strconv.Atoi(given)
		require.NoError(t, err)
	}
	const rows = 50
	dir := t.TempDir()
	file := filepath.Join(dir, "mapping.yaml")
	require.NoError(t, os.WriteFile(file, AccountsMapping(count, rows, "[GET]"), 0o644))
	command, err := automation.FindCommand("../../bin")
	require.NoError(t, err)
	counted := &engines{PulumiCommand: command}
	p, err := rehearsal.Prepare(t.Context(), rehearsal.Options{
		Mapping: file, StateDir: filepath.Join(dir, "state"), Command: counted, Progress: io.Discard,
		Programs: automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn, ProviderDigests: accounts.ProviderDigestsIn},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	require.Len(t, p.Environment.Providers, count)
	up := func() (time.Duration, int) {
		counted.runs = 0
		begin := time.Now()
		_, err := p.Environment.Up(t.Context())
		require.NoError(t, err)
		return time.Since(begin), counted.runs
	}
	median := func(runs int, before func(i int)) (time.Duration, int) {
		var times []time.Duration
		engines := 0
		for i := range runs {
			before(i)
			took, n := up()
			times, engines = append(times, took), max(engines, n)
		}
		slices.Sort(times)
		return times[runs/2], engines
	}

	first, firstEngines := up()
	nothing, nothingEngines := median(changesOfARow, func(int) {})
	verbs := []string{"[GET, POST]", "[GET]"}
	change, changeEngines := median(changesOfARow, func(i int) {
		document := AccountsMapping(count, rows, verbs[i%len(verbs)])
		for _, path := range []string{"mapping.yaml", "accounts/provider/mapping.yaml"} {
			require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "project", filepath.FromSlash(path)), document, 0o644))
		}
	})
	what := fmt.Sprintf("%d accounts of %d rows, simulated: ", count, rows)
	engineRuns := strconv.Itoa
	figures := []figure{
		{what + "first up", seconds(first), "<= 360 s", first <= 6*time.Minute},
		{"its runs of engines", engineRuns(firstEngines), "", true},
		{what + "up again", seconds(nothing), "", true},
		{"its runs of engines", engineRuns(nothingEngines), "1", nothingEngines == 1},
		{what + "a row's verbs change", seconds(change), "<= 20 s", change <= 20*time.Second},
		{"its runs of engines", engineRuns(changeEngines), "<= 3", changeEngines <= 3},
	}
	write(t, "accounts", fmt.Sprintf("one run of the first up, medians of %d runs of the others", changesOfARow), figures)
	for _, f := range figures {
		if !f.ok {
			t.Errorf("%s: %s, and %s was to be reached", f.what, f.got, f.reach)
		}
	}
}
