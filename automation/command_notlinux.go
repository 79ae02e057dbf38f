//go:build !linux

package automation

import (
	"os"
	"os/exec"
)

// deafToInterrupts does nothing where a process doesn't show what it listens for.
func deafToInterrupts(*exec.Cmd) {}

// interrupt interrupts a process once.
func interrupt(process *os.Process, _ <-chan struct{}) { _ = process.Signal(os.Interrupt) }
