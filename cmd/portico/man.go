package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (c *cli) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write a manual page for each command into a directory",
		Long: `Write a manual page for each command into a directory, which is made if it doesn't
exist: portico.1, portico-validate.1 and so on. man finds them in the directory
man1 of any directory of its search path.`,
		Example: `  portico man ~/.local/share/man/man1
  man portico-rehearse`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.immediate(func() error { return writeManual(cmd.Root(), args[0]) })(cmd, args)
		},
	}
}

// writeManual writes the pages of section 1.
func writeManual(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the directory of the manual pages: %w", err)
	}
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd()
	b := buildOf(debug.ReadBuildInfo())
	header := &doc.GenManHeader{
		Section: "1",
		Source:  "Portico " + b.String(),
		Manual:  "Portico",
		Date:    b.commitTime(),
	}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return fmt.Errorf("write the manual pages: %w", err)
	}
	return nil
}

// commitTime is when the commit was made that the program was built from; nil, for
// today, where the Go tool recorded none.
func (b build) commitTime() *time.Time {
	at, err := time.Parse(time.RFC3339, b.Time)
	if err != nil {
		return nil
	}
	return &at
}
