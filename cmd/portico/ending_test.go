//go:build unix

package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEachSignalThatEndsACommandEndsItInOrder sends this process what would kill it.
func TestEachSignalThatEndsACommandEndsItInOrder(t *testing.T) {
	// The tests themselves may have been started with nohup.
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	defer signal.Stop(heard)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		c := &cli{streams: streams{out: io.Discard, err: io.Discard}}
		ctx, stop := c.untilEnded(t.Context())
		require.NoError(t, syscall.Kill(os.Getpid(), s))
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			t.Fatal("nothing ends at " + s.String())
		}
		stop()
	}
}

// TestACommandUnderNohupOutlivesItsTerminal begins with SIGHUP ignored.
func TestACommandUnderNohupOutlivesItsTerminal(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	c := &cli{streams: streams{out: io.Discard, err: io.Discard}}
	ctx, stop := c.untilEnded(t.Context())
	defer stop()
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, ctx.Err())
}

// TestAReaderThatLeavesEndsACommandInOrder has `| head -1` for standard output and
// for diagnostics.
func TestAReaderThatLeavesEndsACommandInOrder(t *testing.T) {
	for _, which := range []string{"out", "err"} {
		reader, writer, err := os.Pipe()
		require.NoError(t, err)
		c := &cli{streams: streams{out: io.Discard, err: io.Discard}}
		write := func() error { _, err := c.out.Write([]byte("line\n")); return err }
		if which == "out" {
			c.out = writer
		} else {
			c.err = writer
			write = func() error { _, err := c.err.Write([]byte("line\n")); return err }
		}
		ctx, stop := c.untilEnded(t.Context())
		require.NoError(t, write())
		require.NoError(t, ctx.Err())
		require.NoError(t, reader.Close())
		require.ErrorIs(t, write(), syscall.EPIPE)
		require.Error(t, ctx.Err(), which)
		stop()
		require.NoError(t, writer.Close())
	}
	require.False(t, signal.Ignored(syscall.SIGPIPE), "programs that are started would ignore it too")
}
