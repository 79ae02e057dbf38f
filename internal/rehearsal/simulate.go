package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/mapping"
)

// SimulateOptions say what to simulate.
type SimulateOptions struct {
	// Mapping is the mapping file's path.
	Mapping string
	// StateDir keeps the simulated accounts and the Pulumi state; empty:
	// nothing is kept.
	StateDir string
	// Setup is the path of a JSON file that describes what exists in the
	// accounts before the first deployment, an awssim.Setup; empty: what the
	// mapping needs.
	Setup string
	// Project is the directory of the shared stack's Pulumi.yaml; empty: the
	// working directory. The settings there that name the mapping say which
	// account is shared, and which roles exist.
	Project string
	// EnvFile is the path of a file to which the lines are written as well.
	EnvFile string
	// Command runs the Pulumi CLI; nil: what automation finds.
	Command auto.PulumiCommand
	// Out gets one shell line for each variable that `pulumi` needs; nil:
	// none.
	Out io.Writer
	// Progress receives what happens, line by line; nil: nothing is written.
	Progress io.Writer
}

// Simulate serves the simulated accounts as they are before the first
// deployment, for plain `pulumi up` in another process that has the exported
// variables. It returns when the context ends.
func Simulate(ctx context.Context, o SimulateOptions) (err error) {
	for _, w := range []*io.Writer{&o.Out, &o.Progress} {
		if *w == nil {
			*w = io.Discard
		}
	}
	if o.Project == "" {
		o.Project = "."
	}
	m, err := mapping.Load(o.Mapping)
	if err != nil {
		return err
	}
	found, err := findSettings(o.Project, o.Mapping)
	if err != nil {
		return err
	}
	dir, release, err := workDir(o.StateDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	initial := found.initialState(m)
	simulator, err := openAccounts(initial, o.Setup, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, simulator.Close()) }()
	simulator.BuildIn(o.Project)
	server, err := simulator.Serve(ctx)
	if err != nil {
		return fmt.Errorf("serve the simulated accounts: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	env := engineEnv(dir, server.DebugProviders(), initial.region)
	if err := initialise(ctx, o, dir, found, env); err != nil {
		return err
	}
	if err := o.writeExports(env); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// writeExports writes the export lines.
func (o SimulateOptions) writeExports(env map[string]string) error {
	lines, err := exports(env, o.Project)
	if err != nil {
		return err
	}
	if o.EnvFile != "" {
		if err := os.WriteFile(o.EnvFile, []byte(lines), 0o644); err != nil {
			return fmt.Errorf("write the variables: %w", err)
		}
	}
	if _, err := io.WriteString(o.Out, lines); err != nil {
		return fmt.Errorf("write the variables: %w", err)
	}
	fmt.Fprintln(o.Progress, "The simulated accounts are up. Paste the lines in another terminal, and run `pulumi up` there. Interrupt to end.")
	return nil
}

// exports are the variables as a POSIX shell reads them; the Pulumi CLI that
// `make` built is put on PATH where there is none.
func exports(env map[string]string, projectDir string) (string, error) {
	var lines []string
	for name, value := range env {
		lines = append(lines, "export "+name+"="+quote(value))
	}
	slices.Sort(lines)
	if _, err := exec.LookPath("pulumi"); err != nil {
		built, err := filepath.Abs(filepath.Join(projectDir, "bin"))
		if err != nil {
			return "", fmt.Errorf("find the Pulumi CLI: %w", err)
		}
		lines = append(lines, "export PATH="+quote(built)+`:"$PATH"`)
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// initialise makes the stacks that a directory's settings describe, so that
// `pulumi up -s dev` finds them. The repository's files are left alone: the
// stacks are made from copies of its projects.
func initialise(ctx context.Context, o SimulateOptions, dir string, found *projectSettings, env map[string]string) error {
	command := o.Command
	if command == nil {
		var err error
		if command, err = automation.FindCommand(filepath.Join(o.Project, "bin")); err != nil {
			return err
		}
	}
	for _, s := range found.stacks {
		fmt.Fprintf(o.Progress, "%s: making the stack\n", s.name)
		copied := filepath.Join(dir, "stacks", s.project)
		if err := os.MkdirAll(copied, 0o755); err != nil {
			return fmt.Errorf("make stack %s: %w", s.name, err)
		}
		if err := os.WriteFile(filepath.Join(copied, "Pulumi.yaml"), projectFile(s.project), 0o644); err != nil {
			return fmt.Errorf("make stack %s: %w", s.name, err)
		}
		workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(copied), auto.Pulumi(command), auto.EnvVars(env),
			auto.Program(func(*pulumi.Context) error { return nil }))
		if err != nil {
			return fmt.Errorf("make stack %s: %w", s.name, err)
		}
		if err := workspace.CreateStack(ctx, s.name); err != nil && !auto.IsCreateStack409Error(err) {
			return fmt.Errorf("make stack %s: %w", s.name, err)
		}
	}
	return nil
}
