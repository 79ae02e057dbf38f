package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// stopTimeout is how long a task may take to end after its stop signal before
// it is killed: the default of ECS.
const stopTimeout = 30 * time.Second

// listenTimeout bounds the wait for a process to take connections.
const listenTimeout = 5 * time.Second

// logTail is how much of a task's output is kept for messages, in bytes.
const logTail = 8 << 10

// IsTargetOf reports whether a target group has the task, at any of its ports.
func (t Task) IsTargetOf(group TargetGroup) bool {
	return slices.ContainsFunc(t.Ports, func(port uint16) bool {
		return slices.Contains(group.Targets, netip.AddrPortFrom(t.Interface.Address, port))
	})
}

// runner starts the proxy's tasks as processes of this machine.
type runner struct {
	network *Network
	// dir is for images and run directories.
	dir string
	// caFile holds the authority that signs the endpoints' certificates.
	caFile string
	// output receives what the tasks write, besides the kept tail; may be nil.
	output io.Writer
	// logged receives the lines that tasks write and that are delivered; may be nil.
	logged func(Task, string)
}

// process is a task that runs.
type process struct {
	task Task
	// address is where the process listens for the lowest of its ports, on
	// loopback.
	address string
	signal  syscall.Signal
	command *exec.Cmd
	log     *tail
	ended   chan struct{}
	err     error
	// read has the output be read that was not; nil: it is read from the beginning.
	read func()
}

// start runs the image's entrypoint under the task's environment. Environment
// and command line differ from the image's and the task definition's in
// addresses, and in what a container isolates: the places of files, the port,
// and the trusted authority.
func (r *runner) start(task Task) (*process, error) {
	dir, err := os.MkdirTemp(r.dir, "task-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for %s: %w", task.Interface.Name, err)
	}
	root, run := filepath.Join(dir, "image"), filepath.Join(dir, "run")
	if err := unpack(root, task.Image.Files); err != nil {
		return nil, fmt.Errorf("unpack the image of %s: %w", task.Interface.Name, err)
	}
	command := task.Image.commandLine(root)
	if len(command) == 0 {
		return nil, fmt.Errorf("start %s: its image has neither an entrypoint nor a command", task.Interface.Name)
	}
	signal, err := stopSignal(task.Image.StopSignal)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", task.Interface.Name, err)
	}
	if err := os.Mkdir(run, 0o700); err != nil {
		return nil, fmt.Errorf("make the run directory of %s: %w", task.Interface.Name, err)
	}
	listen, err := freeAddresses(task.Ports)
	if err != nil {
		return nil, err
	}
	environment, err := r.environment(task)
	if err != nil {
		return nil, err
	}
	home := environment["PORTICO_HOME"]
	if home == "" {
		home = defaultHome
	}
	for name, value := range map[string]string{
		"PORTICO_HOME": filepath.Join(root, home), "PORTICO_RUN_DIR": run, "PORTICO_LISTEN": listen, "PORTICO_CA_FILE": r.caFile,
		// One worker a task: the tasks share this machine's processors.
		"PORTICO_WORKERS": "1",
		"PATH":            os.Getenv("PATH"),
	} {
		environment[name] = value
	}
	p := &process{task: task, address: listen, signal: signal, log: r.tail(task), ended: make(chan struct{})}
	p.command = exec.Command(command[0], command[1:]...)
	p.command.Dir = run
	p.command.Env = list(environment)
	started, err := p.connectOutput()
	if err != nil {
		return nil, fmt.Errorf("connect the output of %s: %w", task.Interface.Name, err)
	}
	defer started()
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
	return p, nil
}

// answer lets the process answer for the task's network interface as soon as it
// takes connections: at an address where another task answers, no connection
// may fail in between. One that takes none within the time, or ends, answers
// all the same.
func (p *process) answer(ctx context.Context, network *Network) {
	ctx, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for !p.listens() {
		select {
		case <-ctx.Done():
		case <-p.ended:
		case <-ticker.C:
			continue
		}
		break
	}
	for _, port := range p.task.Ports {
		network.Forward(p.task.Interface, port, p.addressOf(port))
	}
}

// leave has the process, which still runs, no longer answer for the task's network
// interface.
func (p *process) leave(network *Network) {
	for _, port := range p.task.Ports {
		network.leave(p.task.Interface, port, p.addressOf(port))
	}
}

// addressOf is where the process listens for a port of the container.
func (p *process) addressOf(port uint16) string {
	first := netip.MustParseAddrPort(p.address)
	return netip.AddrPortFrom(first.Addr(), first.Port()+port-slices.Min(p.task.Ports)).String()
}

func (p *process) listens() bool {
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// environment is the image's and over it the task's, its addresses translated to what the task would
// reach.
func (r *runner) environment(task Task) (map[string]string, error) {
	translated := maps.Clone(task.Image.Environment)
	if translated == nil {
		translated = make(map[string]string, len(task.Environment))
	}
	var errs []error
	for name, value := range task.Environment {
		reached, err := r.network.Translate(task.Interface, value)
		if err != nil {
			errs = append(errs, fmt.Errorf("translate the addresses in %s of %s: %w", name, task.Interface.Name, err))
		}
		translated[name] = reached
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
	if p.read != nil {
		p.read()
	}
	if err := p.command.Process.Signal(p.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
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
	return fmt.Errorf("stop %s: still running after %v, killed", p.task.Interface.Name, p.signal)
}

// defaultHome is where the image keeps the proxy's configuration unless it says
// otherwise.
const defaultHome = "/etc/portico"

// unpack lays an image's files out below a directory.
func unpack(root string, files []File) error {
	for _, file := range files {
		place := filepath.Join(root, filepath.FromSlash(path.Clean("/"+file.Name)))
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(place, file.Data, file.Mode.Perm()); err != nil {
			return err
		}
	}
	return nil
}

// commandLine is the image's, in which its own files are found where they were
// unpacked. Everything else is this machine's.
func (m Image) commandLine(root string) []string {
	own := make(map[string]bool, len(m.Files))
	for _, file := range m.Files {
		own[file.Name] = true
	}
	var words []string
	for _, word := range slices.Concat(m.Entrypoint, m.Command) {
		if own[word] {
			word = filepath.Join(root, filepath.FromSlash(word))
		}
		words = append(words, word)
	}
	return words
}

// stopSignal is the signal of that name.
func stopSignal(name string) (syscall.Signal, error) {
	signals := map[string]syscall.Signal{
		"": syscall.SIGTERM, "SIGTERM": syscall.SIGTERM, "SIGQUIT": syscall.SIGQUIT, "SIGINT": syscall.SIGINT,
	}
	signal, ok := signals[name]
	if !ok {
		return 0, fmt.Errorf("stop signal %q is not simulated; want SIGTERM, SIGQUIT or SIGINT", name)
	}
	return signal, nil
}

// freeAddresses finds a loopback port that was free a moment ago, and with it those
// that are as far from it as a task's other ports are from the lowest.
func freeAddresses(ports []uint16) (string, error) {
	var failure error
	for range freeAttempts {
		first, err := listenAll(ports)
		if err == nil {
			return first, nil
		}
		failure = err
	}
	return "", fmt.Errorf("find free ports: %w", failure)
}

// freeAttempts bounds the search for ports that are free beside each other.
const freeAttempts = 100

// listenAll listens at a free port and those beside it, and stops. It is where the
// lowest port was.
func listenAll(ports []uint16) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	first := listener.Addr().(*net.TCPAddr).AddrPort()
	for _, port := range ports {
		distance := port - slices.Min(ports)
		if distance == 0 {
			continue
		}
		if uint16(math.MaxUint16)-first.Port() < distance {
			return "", fmt.Errorf("no port is %d above %s", distance, first)
		}
		further, err := net.Listen("tcp", netip.AddrPortFrom(first.Addr(), first.Port()+distance).String())
		if err != nil {
			return "", err
		}
		defer further.Close()
	}
	return first.String(), nil
}

func list(environment map[string]string) []string {
	var entries []string
	for name, value := range environment {
		entries = append(entries, name+"="+value)
	}
	slices.Sort(entries)
	return entries
}
