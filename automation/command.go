package automation

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
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// cancelGrace is how long an interrupted engine may take to finish the calls
// that are under way and to save its state. Creating a load balancer or a
// service takes minutes, and a call that is cut off leaves a resource that
// the state doesn't know.
const cancelGrace = 10 * time.Minute

// oldestPulumi is the oldest version of the Pulumi CLI that is used: the Automation API
// runs refresh and destroy with older ones only by programs in processes of their own
// (sdk/v3.250.0/go/auto/stack.go). docs/environments.md says what was tried. tools/ensure-pulumi
// reads it.
const oldestPulumi = "3.181.0"

var oldest = semver.MustParse(oldestPulumi)

// PulumiRange is the range of versions of the Pulumi CLI that are used, such as
// ">=3.1.0 <4.0.0".
func PulumiRange() string {
	return fmt.Sprintf(">=%s <%d.0.0", oldest, oldest.Major+1)
}

// FindCommand finds the Pulumi CLI: on PATH, or else in the first of the given
// directories that holds one that is recent enough: 3.181.0 or newer, of version 3.
func FindCommand(dirs ...string) (auto.PulumiCommand, error) {
	var unfit []error
	for _, path := range candidates(dirs) {
		version, err := versionOf(path)
		if err != nil {
			return nil, err
		}
		if version.Major == oldest.Major && version.GTE(oldest) {
			return &command{path: path, version: version}, nil
		}
		unfit = append(unfit, fmt.Errorf("use the Pulumi CLI at %s: it is version %s, and %s or a newer one of version %d is needed",
			path, version, oldest, oldest.Major))
	}
	if len(unfit) == 0 {
		unfit = []error{fmt.Errorf("find the Pulumi CLI: no `pulumi` on PATH%s", orIn(dirs))}
	}
	return nil, fmt.Errorf("%w: install Pulumi %s or newer (https://www.pulumi.com/docs/install), "+
		"or run `make setup` in Portico's repository, which builds it into bin/", errors.Join(unfit...), oldest)
}

func candidates(dirs []string) []string {
	var found []string
	if path, err := exec.LookPath("pulumi"); err == nil {
		if path, err := filepath.Abs(path); err == nil {
			found = append(found, path)
		}
	}
	for _, dir := range dirs {
		path, err := filepath.Abs(filepath.Join(dir, "pulumi"))
		if err != nil {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			found = append(found, path)
		}
	}
	return found
}

func orIn(dirs []string) string {
	if len(dirs) == 0 {
		return ""
	}
	return " or in " + strings.Join(dirs, ", ")
}

// executable is a file as it was when it was asked for its version.
type executable struct {
	path     string
	size     int64
	modified time.Time
}

// versions has the version of each executable that was asked: a start of the CLI
// takes 0.2 s, and programs find it once for each operation.
var versions sync.Map

func versionOf(path string) (semver.Version, error) {
	info, err := os.Stat(path)
	if err != nil {
		return semver.Version{}, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	asked := executable{path, info.Size(), info.ModTime()}
	if known, ok := versions.Load(asked); ok {
		return known.(semver.Version), nil
	}
	version, err := askVersion(path)
	if err == nil {
		versions.Store(asked, version)
	}
	return version, err
}

func askVersion(path string) (semver.Version, error) {
	cmd := exec.Command(path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return semver.Version{}, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	version, err := semver.ParseTolerant(strings.TrimSpace(string(out)))
	if err != nil {
		return semver.Version{}, fmt.Errorf("ask %s for its version: it answered %q: %w",
			path, strings.TrimSpace(string(out)), err)
	}
	return version, nil
}

// command runs the Pulumi CLI at a path of its own. It differs from the
// Automation API's in that a cancelled run gets one interrupt, at a moment when
// the CLI listens for it, and the time to end by itself: the API's kills the engine
// after ten seconds, in the middle of whatever it is creating.
type command struct {
	path    string
	version semver.Version
}

var _ auto.PulumiCommand = (*command)(nil)

func (c *command) Version() semver.Version { return c.version }

// Run runs `pulumi args...` in workdir and returns what it printed on its
// standard output and error, and its exit code.
func (c *command) Run(
	ctx context.Context, workdir string, stdin io.Reader,
	stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	cmd := exec.CommandContext(ctx, c.path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir = workdir
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env,
		"PULUMI_AUTOMATION_API=true",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		// Language hosts and plugins lie beside the CLI.
		"PATH="+filepath.Dir(c.path)+string(os.PathListSeparator)+os.Getenv("PATH"),
	)
	var outBuf, errBuf bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(stdout, &outBuf)...)
	cmd.Stderr = io.MultiWriter(append(stderr, &errBuf)...)
	cmd.Stdin = stdin
	ownProcessGroup(cmd)
	deafToInterrupts(cmd)
	ended := make(chan struct{})
	cmd.Cancel = func() error {
		go interrupt(cmd.Process, ended)
		return nil
	}
	cmd.WaitDelay = cancelGrace

	err := cmd.Run()
	close(ended)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		code = -1
	}
	return outBuf.String(), errBuf.String(), code, err
}
