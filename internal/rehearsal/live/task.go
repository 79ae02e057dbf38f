package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long a task may take to end after its stop signal before
// it is killed: the default of ECS.
const stopTimeout = 30 * time.Second

// logTail is how much of a task's output is kept for messages, in bytes.
const logTail = 8 << 10

// runner starts the proxy's tasks as processes of this machine.
type runner struct {
	network *Network
	// dir is for images and run directories.
	dir string
	// caFile holds the authority that signs the endpoints' certificates.
	caFile string
	// output receives what the tasks write, besides the kept tail; may be nil.
	output io.Writer
}

// process is a task that runs.
type process struct {
	task    Task
	command *exec.Cmd
	log     *tail
	ended   chan struct{}
	err     error
}

// start runs the image's entrypoint under the task's environment and lets the
// process answer for the task's network interface. The environment differs
// from the task definition's in addresses, and in what a container isolates:
// the places of files, the port, and the trusted authority.
func (r *runner) start(task Task) (*process, error) {
	dir, err := os.MkdirTemp(r.dir, "task-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for %s: %w", task.Interface.Name, err)
	}
	home, run := filepath.Join(dir, "image"), filepath.Join(dir, "run")
	if err := writeImage(home, task.Image); err != nil {
		return nil, fmt.Errorf("unpack the image of %s: %w", task.Interface.Name, err)
	}
	if err := os.Mkdir(run, 0o700); err != nil {
		return nil, fmt.Errorf("make the run directory of %s: %w", task.Interface.Name, err)
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	environment, err := r.environment(task)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"PORTICO_HOME": home, "PORTICO_RUN_DIR": run, "PORTICO_LISTEN": listen, "PORTICO_CA_FILE": r.caFile,
		// One worker a task: the tasks share this machine's processors.
		"PORTICO_WORKERS": "1",
		"PATH":            os.Getenv("PATH"),
	} {
		environment[name] = value
	}
	p := &process{task: task, log: &tail{forward: r.output}, ended: make(chan struct{})}
	p.command = exec.Command("sh", filepath.Join(home, "entrypoint.sh"))
	p.command.Dir = run
	p.command.Env = list(environment)
	p.command.Stdout, p.command.Stderr = p.log, p.log
	// A group of its own: an interrupt at the terminal must not stop the proxy
	// before its connections are drained.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", task.Interface.Name, err)
	}
	go func() {
		p.err = p.command.Wait()
		close(p.ended)
	}()
	r.network.Forward(task.Interface, task.Port, listen)
	return p, nil
}

// environment is the task's, its addresses translated to what the task would
// reach.
func (r *runner) environment(task Task) (map[string]string, error) {
	translated := make(map[string]string, len(task.Environment))
	var errs []error
	for name, value := range task.Environment {
		real, err := r.network.Translate(task.Interface, value)
		if err != nil {
			errs = append(errs, fmt.Errorf("translate the addresses in %s of %s: %w", name, task.Interface.Name, err))
		}
		translated[name] = real
	}
	return translated, errors.Join(errs...)
}

// stop ends the process as ECS ends a container: the image's stop signal, and
// a kill after the stop timeout or when ctx ends.
func (p *process) stop(ctx context.Context) error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended on its own: %w\n%s", p.task.Interface.Name, errors.Join(p.err), p.log)
	default:
	}
	if err := p.command.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.task.Interface.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
	}
	// The whole group: nginx's workers outlive their killed master.
	if err := syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s: %w", p.task.Interface.Name, err)
	}
	<-p.ended
	return fmt.Errorf("stop %s: still running %v after SIGQUIT, killed", p.task.Interface.Name, stopTimeout)
}

// writeImage unpacks a build context.
func writeImage(dir string, files []File) error {
	if len(files) == 0 {
		return errors.New("the registry holds no build context of it")
	}
	for _, file := range files {
		if !filepath.IsLocal(filepath.FromSlash(file.Name)) {
			return fmt.Errorf("file %q leads out of the build context", file.Name)
		}
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, file.Data, file.Mode.Perm()|0o400); err != nil {
			return err
		}
	}
	return nil
}

// freeAddress finds a loopback port that was free a moment ago.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func list(environment map[string]string) []string {
	var entries []string
	for name, value := range environment {
		entries = append(entries, name+"="+value)
	}
	slices.Sort(entries)
	return entries
}

// tail keeps the end of what is written to it.
type tail struct {
	forward io.Writer

	mu   sync.Mutex
	kept []byte
}

// Write keeps and forwards; it never fails, since a full disk of the reader
// must not stop the proxy.
func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.forward != nil {
		_, _ = t.forward.Write(data)
	}
	t.kept = append(t.kept, data...)
	if len(t.kept) > logTail {
		t.kept = bytes.Clone(t.kept[len(t.kept)-logTail:])
	}
	return len(data), nil
}

// String is the kept end.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
