package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// TestEveryCommandHasAManualPage walks the commands, those of completion too,
// and looks each flag up in its command's page.
func TestEveryCommandHasAManualPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "share", "man1")
	got := portico(t, "", "man", dir)
	require.Equal(t, 0, got.code, got.err)

	root := (&cli{streams: streams{out: io.Discard, err: io.Discard}}).root()
	root.InitDefaultCompletionCmd()
	pages := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.IsAvailableCommand() && cmd != root {
			return
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		pages[name+".1"] = true
		page, err := os.ReadFile(filepath.Join(dir, name+".1"))
		require.NoError(t, err)
		require.Contains(t, string(page), `.TH "`+strings.ToUpper(name)+`" "1"`)
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			require.Contains(t, string(page), `\fB--`+flag.Name+`\fP`, name)
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)

	written, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, page := range written {
		require.True(t, pages[page.Name()], page.Name())
	}
	require.Contains(t, pages, "portico-validate.1")
}

func TestAManualThatCannotBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	got := portico(t, "", "man", file)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "make the directory of the manual pages")
	require.Equal(t, 2, portico(t, "", "man").code)
}

// The pages of a release have the day of its commit, whenever they are made.
func TestManualPagesHaveTheDayOfTheCommit(t *testing.T) {
	require.Equal(t, "Nov 2026", build{Time: "2026-11-28T06:00:00Z"}.commitTime().Format("Jan 2006"))
	require.Nil(t, build{}.commitTime())
}
