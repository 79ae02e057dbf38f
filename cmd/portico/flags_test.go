package main

import (
	"io"
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
