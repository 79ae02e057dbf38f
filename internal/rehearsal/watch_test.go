package rehearsal

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/mapping"
)

const watchedRow = `APIS:
- {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222", VERBS: [GET]}
`

const addedRow = `- {CUSTOM_DOMAIN_URL: b.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "333333333333"}
`

// A mapping is edited while it is served: with a mistake, which changes nothing, then
// with a row of an account that was not there before. The first row answers all the
// while.
func TestEditsAreDeployedWhileTheMappingIsServed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mapping.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(watchedRow)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()

	var asked, failed atomic.Int64
	edits := 0
	report, err := Run(ctx, Options{
		Mapping: path, Command: cli(t), Progress: testLog{t},
		Programs: automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn},
		Serve: func(report *Report, lines []string) error {
			requireOK(t, report)
			go func() {
				for ctx.Err() == nil {
					asked.Add(1)
					out, err := exec.Command("sh", "-c", lines[0]).Output()
					if ctx.Err() == nil && (err != nil || !strings.Contains(string(out), `"api":"aaaaaaaaaa"`)) {
						failed.Add(1)
					}
					time.Sleep(50 * time.Millisecond)
				}
			}()
			write(watchedRow + "- {CUSTOM_DOMAIN_URL: b.example.com}\n")
			return nil
		},
		Edited: func(report *Report, wrong error) error {
			edits++
			switch edits {
			case 1:
				var mistakes mapping.Errors
				require.ErrorAs(t, wrong, &mistakes)
				require.Equal(t, 3, mistakes[0].Line)
				require.Nil(t, report)
				write(watchedRow + addedRow)
			case 2:
				require.NoError(t, wrong)
				requireOK(t, report)
				require.Equal(t, 2, report.Rows)
				require.Len(t, report.Stacks, 3)
				stop()
			}
			return nil
		},
	})
	require.NoError(t, err)
	require.True(t, report.OK)
	require.Equal(t, 2, edits)
	require.Greater(t, asked.Load(), int64(5))
	require.Zero(t, failed.Load(), "of %d requests", asked.Load())
}

func TestEditsAreNoticedWhenTheyAreWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mapping.yaml")
	require.NoError(t, os.WriteFile(path, []byte("one"), 0o600))
	last := fingerprint(path)

	ctx, stop := context.WithTimeout(t.Context(), 3*watchEvery)
	defer stop()
	_, ended := nextEdit(ctx, path, last)
	require.True(t, ended, "a file that stays the same is no edit")

	go func() {
		// As editors do that write anew: the file is gone for a moment, and grows.
		err := os.Remove(path)
		for _, text := range []string{"t", "tw", "two"} {
			time.Sleep(watchEvery * 2 / 3)
			err = errors.Join(err, os.WriteFile(path, []byte(text), 0o600))
		}
		if err != nil {
			t.Error(err)
		}
	}()
	now, ended := nextEdit(t.Context(), path, last)
	require.False(t, ended)
	require.Equal(t, fingerprint(path), now)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "two", string(data))

	teams := filepath.Join(dir, "teams")
	require.NoError(t, os.Mkdir(teams, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(teams, mapping.DirectoryFile), []byte("TEAMS: {}\n"), 0o600))
	before := fingerprint(teams)
	require.NoError(t, os.WriteFile(filepath.Join(teams, "orders.yaml"), []byte("APIS: []\n"), 0o600))
	require.NotEqual(t, before, fingerprint(teams), "a team's file is part of the mapping")
}
