package timeouts

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// latency is what a relay adds in each direction. It is what makes the order
// of idle timeouts matter: a connection may have been closed by one side while
// the other, who can't know yet, is sending a request on it.
const latency = 40 * time.Millisecond

// relay listens on an address of its own and passes everything on to another,
// bytes and ends alike, later by the latency.
func relay(t *testing.T, target string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var relaying sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	relaying.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			relaying.Go(func() { passLater(far, near) })
			relaying.Go(func() { passLater(near, far) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		relaying.Wait()
	})
	return listener.Addr().String()
}

// passLater passes what it reads from one connection to the other, and closes
// that one when the first has ended.
func passLater(to, from net.Conn) {
	type piece struct {
		due  time.Time
		data []byte
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			buffer := make([]byte, 16<<10)
			n, err := from.Read(buffer)
			pieces <- piece{due: time.Now().Add(latency), data: buffer[:n]}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		<-time.After(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			from.Close()
		}
	}
	to.Close()
}
