package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// TestTheCommandLinesPageIsOfToday holds docs/command-line.md to the commands' help.
func TestTheCommandLinesPageIsOfToday(t *testing.T) {
	const path = "../../docs/command-line.md"
	root := (&cli{streams: streams{out: io.Discard, err: io.Discard}}).root()
	root.InitDefaultCompletionCmd()
	var page strings.Builder
	page.WriteString("# Command line\n\nThe commands and their flags, as `portico help` has them; `portico man DIR` writes them as manual pages.\n\n" +
		"Data goes to standard output and diagnostics to standard error. Exit codes: 0, success; 1, what was asked about is\n" +
		"wrong or the run failed; 2, wrong arguments.\n")
	commands := 0
	var describe func(*cobra.Command)
	describe = func(cmd *cobra.Command) {
		completion := cmd.Name() == "completion"
		if cmd.IsAvailableCommand() && cmd != root && (cmd.Runnable() || completion) {
			commands++
			fmt.Fprintf(&page, "\n## %s\n\n%s\n\n```text\n%s\n```\n", cmd.CommandPath(), strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)), cmd.UseLine())
			if flags := cmd.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
				fmt.Fprintf(&page, "\n```text\n%s```\n", flags.FlagUsages())
			}
		}
		if completion {
			return // cobra's own words for each shell
		}
		for _, sub := range cmd.Commands() {
			describe(sub)
		}
	}
	describe(root)
	require.Greater(t, commands, 15)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page.String()), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, page.String(), string(got), "run go test ./cmd/portico -run CommandLinesPage -update")
}
