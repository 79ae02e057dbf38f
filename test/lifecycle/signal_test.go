package lifecycle

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/test/built"
)

// TestASignalEndsAnUpInOrderAndTheNextGoesOn sends signals to the command line's
// program in the middle of an update: as a terminal does, to its whole process
// group, and as an init system or a build server does, to the process.
func TestASignalEndsAnUpInOrderAndTheNextGoesOn(t *testing.T) {
	t.Parallel()
	program := built.Portico(t)
	for name, send := range map[string]func(process int) error{
		"Ctrl-C":  func(process int) error { return syscall.Kill(-process, syscall.SIGINT) },
		"SIGTERM": func(process int) error { return syscall.Kill(process, syscall.SIGTERM) },
		"SIGHUP":  func(process int) error { return syscall.Kill(process, syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "SIGHUP" && !slow() {
				t.Skip("it ends as SIGTERM does, by cmd/portico's own tests: with PORTICO_SLOW=1")
			}
			t.Parallel()
			e := newEnvironment(t, smallProject(), ordersSetup())
			before := e.things()
			up := e.command(program, "up", "--env", "dev", "--dir", e.project)
			var progress bytes.Buffer
			up.Stderr = &progress
			var calls atomic.Int64
			sent := make(chan error, 1)
			e.OnCall(func(call awssim.Call) {
				// The questions that up asks first create nothing.
				if strings.Contains(call.Action, ":Create") && calls.Add(1) == 5 {
					sent <- send(up.Process.Pid)
				}
			})
			require.NoError(t, up.Start())
			err := up.Wait()
			e.OnCall(nil)

			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "%s", &progress)
			require.NoError(t, <-sent)
			require.Equal(t, 1, exit.ExitCode(), "%s", &progress)
			require.Contains(t, progress.String(), "the next run goes on from there")
			require.Contains(t, progress.String(), "portico up --env dev")
			require.Greater(t, len(e.things()), len(before), "nothing was done before the signal")
			require.Empty(t, e.locks())
			require.Empty(t, e.disagreements(before), "%s", &progress)

			again := e.command(program, "up", "--env", "dev", "--dir", e.project)
			output, err := again.CombinedOutput()
			require.NoError(t, err, string(output))
			require.Empty(t, e.disagreements(before))
			e.requireNoChanges()
		})
	}
}

// command is a command line on the environment, in a process group of its own.
func (e *simulatedEnvironment) command(program string, args ...string) *exec.Cmd {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), program, args...)
	bin, err := filepath.Abs(filepath.Join("..", "..", "bin"))
	require.NoError(e.t, err)
	cmd.Env = append(os.Environ(), "CI=1", "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range e.env.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// locks are the files of locks in the backend.
func (e *simulatedEnvironment) locks() []string {
	e.t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(e.dir, "pulumi", ".pulumi", "locks"), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, name)
		}
		return err
	})
	require.NoError(e.t, err)
	return files
}
