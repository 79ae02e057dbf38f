package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/mattn/go-isatty"
)

// endings are the signals that end a command in order: Ctrl-C, what init systems
// and build servers send, and what a terminal sends when it is closed.
var endings = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// untilEnded is a context that ends with the first of the signals that the program
// doesn't ignore, as under nohup, or when the reader of an output has gone. A second
// signal ends the program.
func (c *cli) untilEnded(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	heard := make(chan os.Signal, 1)
	for _, s := range endings {
		if !signal.Ignored(s) {
			signal.Notify(heard, s)
		}
	}
	outliveReaders()
	go func() {
		select {
		case <-heard:
			cancel()
		case <-ctx.Done():
		}
		signal.Stop(heard)
	}()
	c.out, c.err = endingWith(c.out, cancel), endingWith(c.err, cancel)
	return ctx, func() {
		cancel()
		signal.Stop(heard)
	}
}

// outliveReaders makes writing to a closed pipe an error. Where nothing takes
// SIGPIPE, it ends the program at once (package os/signal, SIGPIPE).
var outliveReaders = sync.OnceFunc(func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) })

// endingWith is a writer that calls cancel when the reader of a pipe has gone. A
// terminal has none, and stays the file that it is: how progress is written depends
// on it.
func endingWith(w io.Writer, cancel func()) io.Writer {
	if file, ok := w.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		return w
	}
	return closedPipe{w, cancel}
}

type closedPipe struct {
	io.Writer
	cancel func()
}

func (p closedPipe) Write(data []byte) (int, error) {
	n, err := p.Writer.Write(data)
	if errors.Is(err, syscall.EPIPE) {
		p.cancel()
	}
	return n, err
}
