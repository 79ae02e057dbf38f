package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
)

// engine runs the Pulumi CLI so that it can be killed as a machine's end would.
type engine struct {
	path    string
	version semver.Version

	mu      sync.Mutex
	running map[*exec.Cmd]chan struct{} // closed when the process is gone
}

var _ auto.PulumiCommand = (*engine)(nil)

func newEngine(t *testing.T) *engine {
	t.Helper()
	command, err := automation.FindCommand(filepath.Join("..", "..", "bin"))
	if err != nil {
		t.Skipf("no Pulumi CLI: %v", err)
	}
	path, err := exec.LookPath("pulumi")
	if err != nil {
		path, err = filepath.Abs(filepath.Join("..", "..", "bin", "pulumi"))
	}
	require.NoError(t, err)
	return &engine{path: path, version: command.Version(), running: map[*exec.Cmd]chan struct{}{}}
}

func (e *engine) Version() semver.Version { return e.version }

func (e *engine) Run(
	_ context.Context, workdir string, stdin io.Reader,
	stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	cmd := exec.Command(e.path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir, cmd.Stdin = workdir, stdin
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "PULUMI_AUTOMATION_API=true", "PULUMI_SKIP_UPDATE_CHECK=true",
		"PATH="+filepath.Dir(e.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var out, errs bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(stdout, &out)...)
	cmd.Stderr = io.MultiWriter(append(stderr, &errs)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}

	gone := make(chan struct{})
	e.mu.Lock()
	err := cmd.Start()
	if err == nil {
		e.running[cmd] = gone
	}
	e.mu.Unlock()
	if err != nil {
		return "", "", -1, fmt.Errorf("start the engine: %w", err)
	}
	err = cmd.Wait()
	e.mu.Lock()
	delete(e.running, cmd)
	e.mu.Unlock()
	close(gone)
	code := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return out.String(), errs.String(), code, err
}

// kill ends what runs with SIGKILL, process groups and all, and returns when it
// is gone.
func (e *engine) kill() {
	e.mu.Lock()
	var ends []chan struct{}
	for cmd, gone := range e.running {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // gone by itself meanwhile: as good
		ends = append(ends, gone)
	}
	e.mu.Unlock()
	for _, gone := range ends {
		<-gone
	}
}

// logbook keeps what the driver told of a run.
type logbook struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (l *logbook) note(e automation.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	automation.Lines(&l.lines)(e)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return "\n" + l.lines.String()
}

func (l *logbook) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.lines, "-- %s\n", text)
}
