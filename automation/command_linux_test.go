package automation

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// beCLI makes the test's binary a program that locks and listens as the Pulumi CLI
// does; its value is how long each of the three parts lasts.
const beCLI = "PORTICO_TEST_BE_CLI"

func TestMain(m *testing.M) {
	if lasts, err := time.ParseDuration(os.Getenv(beCLI)); err == nil {
		actAsCLI(lasts)
		return
	}
	os.Exit(m.Run())
}

// actAsCLI takes a lock, listens for interrupts, stops listening, and gives the
// lock back, as the CLI's backend does with a stack's (apply and Update of package
// backend/diy, and NewScope of package backend).
func actAsCLI(lasts time.Duration) {
	fmt.Println("locked")
	time.Sleep(lasts)
	interrupts := make(chan os.Signal, 10)
	signal.Notify(interrupts, os.Interrupt)
	time.Sleep(lasts) // what is under way ends
	signal.Stop(interrupts)
	for range len(interrupts) {
		fmt.Println("interrupted")
	}
	time.Sleep(lasts)
	fmt.Println("unlocked")
}

// TestAnInterruptAtAnyMomentLeavesNoLock cancels a run at moments of its whole
// life: it always comes to its end, and never gets a second interrupt, which the
// CLI takes for the order to stop at once.
func TestAnInterruptAtAnyMomentLeavesNoLock(t *testing.T) {
	const lasts, moments = 100 * time.Millisecond, 16
	cli := &command{path: os.Args[0]}
	for i := range moments {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(lasts/10+time.Duration(i)*4*lasts/moments, cancel)
			out, _, _, _ := cli.Run(ctx, t.TempDir(), nil, nil, nil, []string{beCLI + "=" + lasts.String()})
			if out == "" {
				return // cancelled before it began
			}
			require.True(t, strings.HasSuffix(out, "unlocked\n"), "%q", out)
			require.LessOrEqual(t, strings.Count(out, "interrupted"), 1)
		})
	}
}

// TestAnInterruptReachesARunThatDoesNotListenYet cancels while the CLI holds the
// lock and doesn't listen.
func TestAnInterruptReachesARunThatDoesNotListenYet(t *testing.T) {
	const lasts = 500 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cli := &command{path: os.Args[0]}
	out, _, _, _ := cli.Run(ctx, t.TempDir(), nil, []io.Writer{writerFunc(func(data []byte) (int, error) {
		if strings.Contains(string(data), "locked") {
			cancel()
		}
		return len(data), nil
	})}, nil, []string{beCLI + "=" + lasts.String()})
	require.Equal(t, "locked\ninterrupted\nunlocked\n", out)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(data []byte) (int, error) { return f(data) }
