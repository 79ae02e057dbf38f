package lifecycle

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/built"
)

// TestSignalsAtManyMomentsLeaveNoLock ends ups and destroys of a small environment
// at PORTICO_SIGNALS moments of their whole life, by one signal each. PORTICO_SEED
// chooses the moments.
func TestSignalsAtManyMomentsLeaveNoLock(t *testing.T) {
	if !slow() {
		t.Skip("takes minutes: set PORTICO_SLOW=1; automation has the race in a quick test")
	}
	t.Parallel()
	moments, err := strconv.Atoi(os.Getenv("PORTICO_SIGNALS"))
	if err != nil {
		moments = 25
	}
	seed, err := strconv.ParseUint(os.Getenv("PORTICO_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("PORTICO_SIGNALS=%d PORTICO_SEED=%d", moments, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

	program := built.Portico(t)
	e := newEnvironment(t, smallProject(), ordersSetup())
	before := e.things()
	run := func(verb string, after time.Duration, s syscall.Signal) (ended bool) {
		cmd := e.command(program, verb, "--env", "dev", "--dir", e.project)
		var progress bytes.Buffer
		cmd.Stderr = &progress
		require.NoError(t, cmd.Start())
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Signal(s) })
		defer timer.Stop()
		err := cmd.Wait()
		require.Empty(t, e.locks(), "%s after %s of %s\n%s", s, after, verb, &progress)
		if state, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && state.Signaled() {
			require.Less(t, after, time.Second, "killed by %s after %s of %s\n%s", s, after, verb, &progress)
		}
		return err == nil
	}
	whole := map[string]time.Duration{}
	for _, verb := range []string{"up", "destroy"} {
		begin := time.Now()
		require.True(t, run(verb, time.Hour, syscall.SIGTERM), verb)
		whole[verb] = time.Since(begin)
	}
	verb := "up"
	for range moments {
		after := time.Duration(random.Float64() * 1.05 * float64(whole[verb]))
		if run(verb, after, signals[random.IntN(len(signals))]) {
			verb = map[string]string{"up": "destroy", "destroy": "up"}[verb]
		}
	}
	require.True(t, run("up", time.Hour, syscall.SIGTERM))
	require.Empty(t, e.disagreements(before))
}

// TestAReaderThatLeavesEndsAnUpInOrder is `portico up 2>&1 | head -1`.
func TestAReaderThatLeavesEndsAnUpInOrder(t *testing.T) {
	if !slow() {
		t.Skip("cmd/portico has it in a quick test: set PORTICO_SLOW=1")
	}
	t.Parallel()
	program := built.Portico(t)
	e := newEnvironment(t, smallProject(), ordersSetup())
	before := e.things()
	up := e.command(program, "up", "--env", "dev", "--dir", e.project)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	up.Stdout, up.Stderr = writer, writer
	require.NoError(t, up.Start())
	require.NoError(t, writer.Close())
	require.True(t, bufio.NewScanner(reader).Scan())
	require.NoError(t, reader.Close())
	require.Error(t, up.Wait())
	require.Equal(t, 1, up.ProcessState.ExitCode(), "%v", up.ProcessState)
	require.Empty(t, e.locks())
	require.Empty(t, e.disagreements(before))

	again := e.command(program, "up", "--env", "dev", "--dir", e.project)
	output, err := again.CombinedOutput()
	require.NoError(t, err, string(output))
	e.requireNoChanges()
}
