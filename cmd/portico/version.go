package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and the commit that this program was built from",
		Args:  noArguments,
		RunE: c.immediate(func() error {
			fmt.Fprintln(c.out, "portico "+version(debug.ReadBuildInfo()))
			return nil
		}),
	}
}

// version is the module's version with the commit that the Go tool recorded,
// "(devel) 0123456789ab, modified", or "unknown" for a build without either.
func version(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			text += fmt.Sprintf(" %.12s", s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			text += ", modified"
		}
	}
	return text
}
