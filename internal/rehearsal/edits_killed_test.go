package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/edits"
	"github.com/portico-iac/portico/test/built"
)

const (
	// killedSettle is --settle of the ups that are killed. Time passes in the accounts as
	// it does here, so that it is shorter than AWS's, and longer than a busy machine takes
	// from one run to the switch of the next.
	killedSettle = 30 * time.Second
	// Deployments take nearly as long as that to come into effect.
	killedShortest, killedLongest = killedSettle * 7 / 10, killedSettle * 5 / 6
	// realTick is how often time passes in the accounts.
	realTick = 250 * time.Millisecond
)

// death is a moment at which `portico up` is killed.
type death struct {
	name string
	// after is in a line of progress. It dies there, or when the first resource of a type
	// has changed then, if there is one.
	after, of string
	// machine says that its engine dies with it, as when a machine does. It goes on by itself
	// otherwise, until it needs the program.
	machine bool
	// back says that the mapping is taken back before the next update.
	back bool
}

// What is in the lines that say for what up waits, before it switches and then.
const (
	beforeTheSwitch = "requests go where they went"
	afterTheSwitch  = "the policies admit both targets"
)

// The types whose changes are waited for.
const (
	ofService = "aws:ecs/service:Service"
	ofPolicy  = "aws:apigateway/restApiPolicy:RestApiPolicy"
)

// deaths are in the order of the update.
var deaths = []death{
	{name: "it waits before the switch", after: beforeTheSwitch},
	{name: "it switches", after: beforeTheSwitch, of: ofService, machine: true},
	{name: "it switches, and its engine goes on", after: beforeTheSwitch, of: ofService},
	{name: "it switches, and the mapping is taken back", after: beforeTheSwitch, of: ofService, machine: true, back: true},
	{name: "it waits before the policies narrow", after: afterTheSwitch},
	{name: "a policy is narrowed and not deployed", after: afterTheSwitch, of: ofPolicy, machine: true},
}

// TestAKilledUpLosesNoRequestAndTheNextGoesOn kills the command line's program with SIGKILL
// while it brings an edit up and clients call, and runs it again at once. The mappings
// follow one another to and fro.
func TestAKilledUpLosesNoRequestAndTheNextGoesOn(t *testing.T) {
	slowly(t)
	program := built.Portico(t)
	edit := repointingEdit()
	e := newEdited(t, 5, true)
	e.effects.shortest, e.effects.longest = killedShortest, killedLongest
	require.NoError(t, e.up(edit.Before, interruption{}))
	e.begin()
	require.Empty(t, e.hold(edit.Before).violations)
	e.passReally()
	requests := 0
	for _, at := range deaths {
		passed := t.Run(at.name, func(t *testing.T) {
			o := e.killed(t, program, edit, at)
			if !at.back {
				edit.Before, edit.After = edit.After, edit.Before
			}
			require.Empty(t, o.violations)
			t.Logf("%d requests", o.requests)
			requests += o.requests
		})
		if !passed {
			break // the environment may be of neither mapping
		}
	}
	t.Logf("%d requests", requests)
}

// passReally has time pass in the accounts as it does here, until the test ends.
func (e *edited) passReally() {
	ctx, cancel := context.WithCancel(context.Background())
	var passing sync.WaitGroup
	passing.Go(func() {
		last := time.Now()
		ticker := time.NewTicker(realTick)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			passed := time.Since(last)
			last = last.Add(passed)
			if err := e.accounts.Pass(passed); err != nil {
				e.load.fail(fmt.Errorf("have time pass: %w", err))
			}
			e.load.tick(passed)
			e.update(ctx)
		}
	})
	e.t.Cleanup(func() { cancel(); passing.Wait() })
}

// killed brings an edit up by an update that is killed and others that follow, and
// judges the answers.
func (e *edited) killed(t *testing.T, program string, edit drawnEdit, at death) outcome {
	t.Helper()
	e.load.judge(edits.Edit{Before: parse(t, documentOf(edit.Before.Rows)).Rows, After: parse(t, documentOf(edit.After.Rows)).Rows}, edits.During)
	e.write(edit.After)
	first := e.portico(t, program, "up", "--settle", killedSettle.String(), "--skip-preview")
	first.death = at
	e.accounts.OnCall(func(call awssim.Call) {
		if changes(call.Action) {
			e.follow()
			first.called(call)
		}
	})
	err := first.run()
	require.True(t, first.dead, "the update ended by itself: %v\n%s\ncalls since it was to be killed: %v", err, &first.lines, first.calls)
	onChange(e.accounts, e.follow)
	ended := edit.After
	if at.back {
		ended = edit.Before
		e.write(ended)
	}
	e.heal(t, program, first)
	e.load.doing("when the last changes come into effect")
	time.Sleep(killedSettle)
	o := outcome{interrupted: true}
	o.violations, o.requests = e.load.found()
	held := e.hold(ended)
	o.violations, o.requests = append(o.violations, held.violations...), o.requests+held.requests
	return o
}

// heal runs up until it comes to its end. A lock that a dead engine has left is taken
// away, as the message says; one that lives is waited for.
func (e *edited) heal(t *testing.T, program string, dead *process) {
	t.Helper()
	const mostTries, again = 60, time.Second
	for range mostTries {
		up := e.portico(t, program, "up", "--settle", killedSettle.String(), "--skip-preview")
		err := up.run()
		if err == nil {
			return
		}
		said := up.lines.String()
		require.Contains(t, said, "another run holds the stack's lock", said)
		if len(dead.session()) > 0 {
			t.Log("the engine of the killed update goes on")
			time.Sleep(again)
			continue
		}
		cancel := e.portico(t, program, "cancel")
		require.NoError(t, cancel.run(), "%s", &cancel.lines)
	}
	t.Fatalf("%d updates found a lock", mostTries)
}

// process is a run of the command line's program, in a session of its own.
type process struct {
	e     *edited
	cmd   *exec.Cmd
	death death

	mu sync.Mutex
	// lines are what it has written to its standard error, and armed says that the line
	// has come after which it is to be killed. calls are the actions since.
	lines bytes.Buffer
	armed bool
	calls []string
	dead  bool
}

// portico is a run of the program for the environment.
func (e *edited) portico(t *testing.T, program, verb string, flags ...string) *process {
	t.Helper()
	p := &process{e: e}
	args := append([]string{verb, "--env", "dev", "--dir", filepath.Join(e.dir, "project")}, flags...)
	p.cmd = exec.CommandContext(t.Context(), program, args...)
	bin, err := filepath.Abs(filepath.Join(root, "bin"))
	require.NoError(t, err)
	p.cmd.Env = append(os.Environ(), "CI=1", "AWS_EC2_METADATA_DISABLED=true", "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range e.env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.cmd.Stderr = p
	return p
}

// run runs it to its end.
func (p *process) run() error {
	p.mu.Lock()
	err := p.cmd.Start()
	p.mu.Unlock()
	if err != nil {
		return err
	}
	return p.cmd.Wait()
}

// Write takes lines of progress.
func (p *process) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines.Write(data)
	p.e.load.doing(strings.TrimSpace(string(data)))
	if p.death.after != "" && !p.armed && strings.Contains(string(data), p.death.after) {
		p.armed = true
		if p.death.of == "" {
			p.kill()
		}
	}
	return len(data), nil
}

// called notes a call of the engine's, which has taken effect.
func (p *process) called(call awssim.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.armed || p.dead || p.death.of == "" {
		return
	}
	p.calls = append(p.calls, call.Action)
	if call.Type == p.death.of {
		p.kill()
	}
}

// kill kills it, and everything that it has started if the machine dies.
func (p *process) kill() {
	p.dead = true
	_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGKILL) // gone by itself meanwhile: the test says so
	for p.death.machine {
		left := p.session()
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // as above
		}
		time.Sleep(callEvery)
	}
}

// session are the processes of its session that live.
func (p *process) session() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		p.e.load.fail(fmt.Errorf("find the processes of the killed update: %w", err))
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue
		}
		if err != nil {
			p.e.load.fail(err)
			continue
		}
		// After the name in parentheses: state, parent, process group, session.
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		if fields[3] == strconv.Itoa(p.cmd.Process.Pid) && !slices.Contains([]string{"Z", "X"}, fields[0]) {
			found = append(found, pid)
		}
	}
	return found
}
