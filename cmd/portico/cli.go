package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// The exit codes.
const (
	exitDone  = 0
	exitWrong = 1
	exitUsage = 2
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// output remembers the first error of a writer, so that no command that lost
// data ends as if it were done, whether it looked or not.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(data []byte) (int, error) {
	n, err := o.w.Write(data)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("write standard output: %w", err)
	}
	return n, err
}

// usageError says that the command line can't be carried out as it is written.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// errReported says that what is wrong has been written already.
var errReported = errors.New("reported")

// run carries out a command line and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	out := &output{w: s.out}
	c := &cli{streams: s, screen: screenOf(s.out)}
	c.out = out
	root := c.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = out.err
	}

	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitWrong
	case !c.running && out.err == nil || errors.As(err, &usage):
		fmt.Fprintf(s.err, "portico: %v\nTry `%s --help`.\n", err, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintln(s.err, problem(err))
	return exitWrong
}

// problem is an error as it is shown: mistakes in settings and in a mapping begin
// with their positions, which editors follow, and everything else with the
// program's name.
func problem(err error) string {
	if errors.As(err, new(settings.Errors)) {
		return err.Error()
	}
	var mistakes mapping.Errors
	if errors.As(err, &mistakes) {
		return mistakes.Error()
	}
	return "portico: " + err.Error()
}

// cli is one run of the program.
type cli struct {
	streams
	// screen is how tables are shown on out.
	screen screen
	// running is set when a command has begun: what goes wrong from there on
	// is no fault of the command line.
	running bool
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "portico",
		Short: "Custom domain names for private API Gateway endpoints, across AWS accounts",
		Long: `Portico gives private API Gateway endpoints custom domain names, across AWS
accounts, from one mapping file. Start with:

  portico validate --mapping examples/mapping.dev.yaml
  portico rehearse --mapping examples/mapping.dev.yaml`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("no command given")
		},
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.AddCommand(
		c.validateCommand(), c.renderCommand(), c.policyCommand(), c.explainCommand(),
		c.rehearseCommand(), c.simulateCommand(), c.doctorCommand(), c.discoverCommand(), c.importReferenceCommand(), c.initCommand(), c.codeownersCommand(), c.manCommand(), c.versionCommand(),
	)
	root.AddCommand(c.environmentCommands()...)
	return root
}

// action makes the RunE of a command that has to clean up when it is ended: the
// context ends.
func (c *cli) action(do func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c.running = true
		ctx, stop := c.untilEnded(cmd.Context())
		defer stop()
		return do(ctx)
	}
}

// immediate makes the RunE of a command that an interrupt may end anywhere,
// also while it waits for standard input.
func (c *cli) immediate(do func() error) func(*cobra.Command, []string) error {
	return func(*cobra.Command, []string) error {
		c.running = true
		return do()
	}
}

// noArguments refuses arguments beside the flags: most are mapping files whose
// flag is missing.
func noArguments(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.Flags().Lookup("mapping") != nil:
		return usagef("unexpected argument %q: is it the mapping? Write --mapping %s", args[0], args[0])
	case cmd.Flags().Lookup("env") != nil:
		return usagef("unexpected argument %q: is it the environment? Write --env %s", args[0], args[0])
	}
	return usagef("unexpected argument %q: %s takes flags only", args[0], cmd.CommandPath())
}

// mappingUsage describes --mapping.
const mappingUsage = "the mapping `FILE`, or the directory with portico.yaml and the teams' files; \"-\" reads a file from standard input"

// mappingFlag adds --mapping, which every command about a mapping demands.
func mappingFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "mapping", "m", "", mappingUsage)
	required(cmd, "mapping")
}

func required(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag was not added: a mistake in this program
	}
}

// load is for commands that run no engine, which end soon after.
func (c *cli) load(path string) (*mapping.Mapping, error) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory(info.Size()))
	}
	if path != "-" {
		return mapping.Load(path)
	}
	return mapping.Read("stdin", c.in)
}

// softMemory is how much memory the garbage collector tries to keep within, in bytes,
// for a mapping file of that size. Without it the heap may grow to twice what is in use:
// 100,000 rows, 18 MB, use 250 MB at most, and took up to 650 MB. It costs no time as
// long as it is well above what is in use, so that it grows with the file.
func softMemory(size int64) int64 {
	const least, timesTheFile = 400 << 20, 24
	return max(least, timesTheFile*size)
}

// writeJSON writes a value as an indented JSON document.
func (c *cli) writeJSON(value any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
