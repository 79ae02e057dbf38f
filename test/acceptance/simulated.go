package acceptance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// VPC is the inside of a simulated VPC; *rehearsal.Client is one.
type VPC interface {
	// Listener is the address, 127.0.0.1:port, that leads where a name does: a
	// client of the proxy, or a task in the proxy's security groups.
	Listener(name string, port uint16, asProxy bool) (string, error)
	// CAFile is the path of the certificates that workloads trust.
	CAFile() string
	Close(ctx context.Context) error
}

// Simulated asks simulated accounts. It runs a question's script on this machine,
// with a curl that connects where the names lead in the VPC.
type Simulated struct {
	// Connect makes the accounts live as they are.
	Connect func(ctx context.Context) (VPC, error)
}

var _ Prober = Simulated{}

// simulatedCurl has the task's names lead to loopback. A script's own --connect-to
// gives the endpoint's name, which curl would look up.
const simulatedCurl = `#!/bin/sh
for word; do
	shift
	[ "$word" != "::$ENDPOINT:443" ] || word="::$ENDPOINT_LISTENER"
	set -- "$@" "$word"
done
exec %s --cacert "$CA_FILE" --connect-to "$ENDPOINT:443:$ENDPOINT_LISTENER" --connect-to "$HOST:443:$HOST_LISTENER" "$@"
`

// Ask runs the script.
func (s Simulated) Ask(ctx context.Context, variables map[string]string, q Question) (answer string, err error) {
	vpc, err := s.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, vpc.Close(ctx)) }()
	curl, err := exec.LookPath("curl")
	if err != nil {
		return "", fmt.Errorf("find curl, which the questions ask by: %w", err)
	}
	dir, err := os.MkdirTemp("", "portico-acceptance-")
	if err != nil {
		return "", fmt.Errorf("make a directory for curl: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.WriteFile(filepath.Join(dir, "curl"), fmt.Appendf(nil, simulatedCurl, curl), 0o700); err != nil {
		return "", fmt.Errorf("write a curl for the VPC: %w", err)
	}
	command := exec.CommandContext(ctx, "sh", "-c", q.Script)
	command.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "CA_FILE="+vpc.CAFile())
	for name, value := range variables {
		command.Env = append(command.Env, name+"="+value)
	}
	for name, asProxy := range map[string]bool{"ENDPOINT": true, "HOST": false} {
		listener, err := vpc.Listener(variables[name], 443, asProxy)
		if err != nil {
			return "", err
		}
		command.Env = append(command.Env, name+"_LISTENER="+listener)
	}
	output, err := command.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) && len(output) == 0 {
		return "", fmt.Errorf("ask %s in the simulated VPC: %w: %s", q.ID, err, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(output)), nil
}
