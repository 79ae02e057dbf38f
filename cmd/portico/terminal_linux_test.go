package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal is a terminal of so many columns, with what it has been sent.
func terminal(t *testing.T, columns uint16) (side *os.File, sent func() string) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	fd := int(control.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}))
	side, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	var text bytes.Buffer
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(&text, control) // ends by an error when the other side is closed
	}()
	return side, func() string {
		require.NoError(t, side.Close())
		<-ended
		require.NoError(t, control.Close())
		return strings.ReplaceAll(text.String(), "\r\n", "\n")
	}
}

// explained is what explain writes to a terminal of so many columns.
func explained(t *testing.T, columns uint16) string {
	t.Helper()
	side, sent := terminal(t, columns)
	var diagnostics bytes.Buffer
	code := run(t.Context(), []string{"explain", "--mapping", "../../examples/mapping.dev.yaml"},
		streams{in: strings.NewReader(""), out: side, err: &diagnostics})
	require.Equal(t, exitDone, code, diagnostics.String())
	return sent()
}

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// A process of this test's program has the same packages as portico itself.
func TestTheProgramDoesNotAskTheTerminalForItsColours(t *testing.T) {
	side, sent := terminal(t, 80)
	program := exec.Command(os.Args[0], "-test.run=^TestTermIsWhatItWas$", "-test.v")
	program.Env = append(os.Environ(), "TERM=xterm-256color", "CI=")
	program.Stdin, program.Stdout, program.Stderr = side, side, side
	// Only the process in the foreground of its own terminal would ask.
	program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, program.Run())
	shown := sent()
	require.NotContains(t, shown, "\x1b")
	require.Contains(t, shown, "--- PASS: TestTermIsWhatItWas", "its TERM")
}

func TestTermIsWhatItWas(t *testing.T) {
	if os.Getenv("TERM") != "xterm-256color" {
		t.Skip("a part of TestTheProgramDoesNotAskTheTerminalForItsColours")
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	wide := portico(t, "", "explain", "--mapping", "../../examples/mapping.dev.yaml").out
	require.Equal(t, wide, explained(t, 400), "a terminal that is wide enough shows what a file has")
	letters := func(text string) map[rune]int {
		counts := map[rune]int{}
		for _, r := range text {
			counts[r]++
		}
		delete(counts, ' ')
		delete(counts, '\n')
		return counts
	}
	for _, columns := range []uint16{80, 100, 132} {
		narrow := explained(t, columns)
		for line := range strings.Lines(narrow) {
			require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), int(columns), line)
		}
		require.Equal(t, letters(wide), letters(narrow), "nothing is cut off at %d columns", columns)
	}
}

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	with := explained(t, 400)
	require.Regexp(t, colour, with)
	t.Setenv("NO_COLOR", "1")
	without := explained(t, 400)
	require.NotContains(t, without, "\x1b")
	require.Equal(t, without, colour.ReplaceAllString(with, ""))
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	require.Equal(t, without, explained(t, 400))
}

func TestOutcomesHaveTheirColours(t *testing.T) {
	l := newTable(table.Row{"STACK", "OUTCOME"})
	l.AppendRow(table.Row{"dev", outcome{"1 created", true}})
	l.AppendRow(table.Row{"dev-orders", outcome{"failed", false}})
	require.Equal(t, "STACK       OUTCOME\ndev         1 created\ndev-orders  failed\n", l.text(screen{}))
	shown := l.text(screen{colours: true})
	require.Contains(t, shown, "\x1b[32m1 created\x1b[0m")
	require.Contains(t, shown, "\x1b[31mfailed\x1b[0m")
}

func TestATerminalShowsWhatACommandIsAtAndSinceWhen(t *testing.T) {
	t.Setenv("CI", "")
	t.Setenv("TERM", "xterm-256color")
	side, sent := terminal(t, 40)
	c := &cli{streams: streams{out: io.Discard, err: side}}
	at := c.status("reading")
	at.set("host %d of %d: %s", 2, 3, strings.Repeat("x", 60))
	time.Sleep(statusEvery + statusEvery/2)
	at.end()
	shown := sent()
	require.Regexp(t, "^\r\x1b\\[2Khost 2 of 3: x+\r\x1b\\[2K$", shown, "it goes when the command has ended")
	require.Len(t, strings.Trim(shown, "\r\x1b[2K"), 39, "a line that wrapped would be two to clear")

	t.Setenv("CI", "true")
	side, sent = terminal(t, 40)
	at = (&cli{streams: streams{out: io.Discard, err: side}}).status("reading")
	time.Sleep(statusEvery + statusEvery/2)
	at.end()
	require.Empty(t, sent(), "a build server's log keeps every line")
}
