//go:build unix

package automation

import (
	"os/exec"
	"syscall"
)

// ownProcessGroup keeps a terminal's Ctrl-C from reaching the CLI directly. It
// would come on top of the interrupt that a cancelled context sends, and the
// engine takes a second interrupt as the order to stop at once.
func ownProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
