package automation

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The CLI takes a stack's lock before it begins to listen for interrupts, gives it
// back when it listens no more, and doesn't listen at all while it creates or
// imports a stack. An interrupt at such a moment ends it with the lock in place. So
// it is started with interrupts ignored: a Go program that is started so ignores
// them except while it listens (package os/signal, Notify and Stop). And it is
// interrupted when it listens, once each time.

// deafToInterrupts makes the command start with interrupts ignored. Without a
// shell it starts as it is.
func deafToInterrupts(cmd *exec.Cmd) {
	shell, err := exec.LookPath("/bin/sh")
	if err != nil {
		return
	}
	cmd.Args = append([]string{shell, "-c", `trap "" INT; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = shell
}

// interruptEvery is how often a process is looked at that doesn't listen for
// interrupts.
const interruptEvery = 10 * time.Millisecond

// interrupt interrupts a process each time it begins to listen, until it has ended.
func interrupt(process *os.Process, ended <-chan struct{}) {
	tick := time.NewTicker(interruptEvery)
	defer tick.Stop()
	sent := false
	for {
		listens := listensForInterrupts(process.Pid)
		if listens && !sent {
			_ = process.Signal(os.Interrupt) // an error says that it has ended
		}
		sent = listens
		select {
		case <-ended:
			return
		case <-tick.C:
		}
	}
}

// listensForInterrupts reports whether a process has a handler for interrupts: the
// bit of SIGINT in SigCgt of /proc/PID/status (proc(5)). Where that can't be read,
// it is taken to have one.
func listensForInterrupts(pid int) bool {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return true
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if mask, ok := strings.CutPrefix(lines.Text(), "SigCgt:"); ok {
			caught, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
			return err != nil || caught&(1<<(syscall.SIGINT-1)) != 0
		}
	}
	return true
}
