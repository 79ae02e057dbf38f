package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// beCommand makes the test's binary the command itself.
const beCommand = "PORTICO_TEST_BE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		main()
	}
	m.Run()
}

func TestAnInterruptEndsACommandThatWaitsForItsInput(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "validate", "--mapping", "-")
	cmd.Env = append(os.Environ(), beCommand+"=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	// More than a pipe holds (pipe(7): 64 KiB): once it is written, the command
	// is reading.
	_, err = stdin.Write(bytes.Repeat([]byte("#"), 256<<10))
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, os.Interrupt, exit.Sys().(syscall.WaitStatus).Signal())
	case <-time.After(time.Minute):
		require.NoError(t, cmd.Process.Kill())
		t.Fatal("still reading a minute after the interrupt")
	}
}

// full is a device without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestACommandThatLosesItsDataIsNotDone(t *testing.T) {
	const mapping = "testdata/valid.yaml"
	for _, args := range [][]string{
		{"--help"},
		{"version"},
		{"validate", "--mapping", mapping},
		{"validate", "--mapping", mapping, "--json"},
		{"explain", "--mapping", mapping},
		{"policy", "--mapping", mapping, "--api", "a1b2c3d4e5", "--account", "222222222222",
			"--region", "us-east-1", "--vpc-endpoint", "vpce-0a1b2c3d"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var diagnostics bytes.Buffer
			code := run(t.Context(), args, streams{in: strings.NewReader(""), out: full{}, err: &diagnostics})
			require.Equal(t, exitWrong, code, diagnostics.String())
			require.Contains(t, diagnostics.String(), "no space left on device")
		})
	}
}

// endless is a device without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestInputWithoutAnEndIsRefused(t *testing.T) {
	for name, args := range map[string][]string{
		"64 MiB": {"validate", "--mapping", "-"},
		"1 MiB": {"policy", "--mapping", "testdata/valid.yaml", "--existing", "-", "--api", "a1b2c3d4e5",
			"--account", "222222222222", "--region", "us-east-1", "--vpc-endpoint", "vpce-0a1b2c3d"},
	} {
		t.Run(args[0], func(t *testing.T) {
			var out, diagnostics bytes.Buffer
			require.Equal(t, exitWrong, run(t.Context(), args, streams{in: endless{}, out: &out, err: &diagnostics}))
			require.Contains(t, diagnostics.String(), "larger than "+name)
		})
	}
}
