package live

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
)

// tail is what reads a task's output.
func (r *runner) tail(task Task) *tail {
	t := &tail{forward: r.output}
	if r.logged != nil && task.Output == OutputLogged {
		t.line = func(line string) { r.logged(task, line) }
	}
	return t
}

// unreadPipe is the size of the pipe of an output that nothing reads, in bytes: the
// least that Linux takes. setPipeSize is Linux's F_SETPIPE_SZ (fcntl(2)); elsewhere a
// pipe keeps its size, and takes longer to fill.
const (
	unreadPipe  = 4 << 10
	setPipeSize = 1031
)

// connectOutput has the process write where its output is read, or where it is not
// until read is called. What it returns has to be called once the process has begun.
func (p *process) connectOutput() (started func(), err error) {
	if p.task.Output != OutputUnread {
		p.command.Stdout, p.command.Stderr = p.log, p.log
		return func() {}, nil
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, reader.Fd(), setPipeSize, unreadPipe)
	p.command.Stdout, p.command.Stderr = writer, writer
	p.read = sync.OnceFunc(func() {
		go func() {
			defer reader.Close()
			// The output ends with the process.
			_, _ = io.Copy(p.log, reader)
		}()
	})
	return func() { writer.Close() }, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	forward io.Writer
	// line receives each line; nil: nothing does.
	line func(string)

	mu   sync.Mutex
	kept []byte
	// begun is a line that has not ended.
	begun []byte
}

// Write keeps and forwards; it never fails, since a full disk of the reader
// must not stop the proxy.
func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.forward != nil {
		_, _ = t.forward.Write(data)
	}
	t.split(data)
	t.kept = append(t.kept, data...)
	if len(t.kept) > logTail {
		t.kept = bytes.Clone(t.kept[len(t.kept)-logTail:])
	}
	return len(data), nil
}

// split passes on the lines that end in the data.
func (t *tail) split(data []byte) {
	if t.line == nil {
		return
	}
	t.begun = append(t.begun, data...)
	for {
		line, rest, ended := bytes.Cut(t.begun, []byte{'\n'})
		if !ended {
			return
		}
		t.line(string(line))
		t.begun = bytes.Clone(rest)
	}
}

// String is the kept end.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
