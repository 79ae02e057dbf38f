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

// TestFlagsNameTheirValues holds help to FILE, DIR and the like, instead of the
// Go types that pflag shows of a flag whose usage names no value.
func TestFlagsNameTheirValues(t *testing.T) {
	root := (&cli{streams: streams{out: io.Discard, err: io.Discard}}).root()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			if flag.NoOptDefVal != "" {
				return
			}
			name, usage := pflag.UnquoteUsage(flag)
			require.True(t, name != "" && strings.ToUpper(name) == name || strings.Contains(name, "|"),
				"%s --%s %s", cmd.CommandPath(), flag.Name, name)
			require.NotContains(t, usage, "`", "%s --%s", cmd.CommandPath(), flag.Name)
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

// Commands that print tables, by the files that make them: programs want the same as
// JSON.
func TestCommandsThatPrintTablesPrintJSON(t *testing.T) {
	commands := map[string][]string{
		"explain_text.go": {"explain"}, "explain_recommend.go": {"explain"}, "explain_controls.go": {"explain"},
		"rehearse.go": {"rehearse"}, "faults.go": {"rehearse"}, "discover.go": {"discover"},
		"environment.go": {"up", "preview", "refresh", "destroy"},
	}
	root := (&cli{streams: streams{out: io.Discard, err: io.Discard}}).root()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, "_test.go") || file == "terminal.go" || !strings.Contains(string(source), "newTable(") {
			continue
		}
		found++
		require.NotEmpty(t, commands[file], "%s makes a table: name the commands that print it, which need --json", file)
		for _, name := range commands[file] {
			cmd, _, err := root.Find([]string{name})
			require.NoError(t, err)
			require.NotNil(t, cmd.Flags().Lookup("json"), "portico %s prints a table, and has no --json", name)
		}
	}
	require.Len(t, commands, found)
}
