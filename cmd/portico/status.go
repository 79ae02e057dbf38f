package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

// status is a terminal's last line: what a command is at, and since when. It goes when
// the command has ended, and is not shown where lines can't be written over.
type status struct {
	out     io.Writer
	columns int
	begin   time.Time
	stop    chan struct{}
	ended   sync.WaitGroup

	mu  sync.Mutex
	now string
}

// statusEvery is how often the seconds are counted on.
const statusEvery = time.Second

// status begins to show what the command is at. The caller ends it.
func (c *cli) status(now string) *status {
	s := &status{out: c.err, begin: time.Now(), stop: make(chan struct{}), now: now}
	columns, live := liveTerminal(c.err)
	if !live {
		return s
	}
	s.columns = columns
	s.ended.Go(s.show)
	return s
}

// set says what the command is at from here on. It may be called by several at once.
func (s *status) set(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = fmt.Sprintf(format, args...)
}

// end takes the line away.
func (s *status) end() {
	close(s.stop)
	s.ended.Wait()
}

// show writes the line each second. What can't be written is lost: progress is no
// reason to stop a command.
func (s *status) show() {
	const clear = "\r\x1b[2K"
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			fmt.Fprint(s.out, clear)
			return
		case <-tick.C:
			s.mu.Lock()
			line := fmt.Sprintf("%s (%.0f s)", s.now, time.Since(s.begin).Seconds())
			s.mu.Unlock()
			fmt.Fprint(s.out, clear+text.Trim(line, s.columns-1))
		}
	}
}
