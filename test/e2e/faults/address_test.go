package faults

import (
	"maps"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// returnsWithin is fail_timeout, 5 s, and as long again: a fault's last moment
// may take the address away once more.
const returnsWithin = 12 * time.Second

// faultLasts is how long an address is dead: in slow tests long enough for
// NGINX to try it again several times.
func faultLasts() time.Duration {
	if os.Getenv("PORTICO_SLOW") != "" {
		return 20 * time.Second
	}
	return 2500 * time.Millisecond
}

// fault is a way in which one of two addresses dies and comes back.
type fault struct {
	begin, end func(t *testing.T, e *endpoint)
	// getsMayFail and postsMayFail are the outcomes that nothing can prevent.
	getsMayFail, postsMayFail []load.Outcome
	// slow is set where another fault shows almost the same in the fast tests.
	slow bool
}

func TestD09_AnAddressOfTheEndpointDiesAndComesBack(t *testing.T) {
	a := newAuthority(t)
	wrong, expired := a.wrongName(t), a.expired(t)
	healthy := func(_ *testing.T, e *endpoint) { e.behave(behaviour{}) }
	faults := map[string]fault{
		"it refuses connections": {
			begin: func(_ *testing.T, e *endpoint) { e.refuse() },
			end:   func(t *testing.T, e *endpoint) { require.NoError(t, e.listen()) },
			// What was under way on a kept connection when it was reset: the
			// API may have acted on a POST, so it is not sent again.
			postsMayFail: []load.Outcome{"502"},
		},
		"it accepts no connections": {
			begin: func(t *testing.T, e *endpoint) { e.refuse(); e.deaf(t) },
			end:   func(t *testing.T, e *endpoint) { e.hear(t) },
			// As above.
			postsMayFail: []load.Outcome{"502"},
			slow:         true,
		},
		"it is silent during the handshake": {
			begin:        func(_ *testing.T, e *endpoint) { e.behave(behaviour{silentHandshake: true}) },
			end:          func(_ *testing.T, e *endpoint) { e.refuse(); e.behave(behaviour{}); require.NoError(t, e.listen()) },
			postsMayFail: []load.Outcome{"502"},
		},
		"it is slow": {
			begin: func(_ *testing.T, e *endpoint) { e.behave(behaviour{delay: 700 * time.Millisecond}) },
			end:   healthy,
		},
		"it shows another name's certificate": {
			begin:        func(_ *testing.T, e *endpoint) { e.behave(behaviour{certificate: &wrong}) },
			end:          healthy,
			postsMayFail: []load.Outcome{"502"},
		},
		"it shows an expired certificate": {
			begin:        func(_ *testing.T, e *endpoint) { e.behave(behaviour{certificate: &expired}) },
			end:          healthy,
			postsMayFail: []load.Outcome{"502"},
			slow:         true,
		},
		"it resets connections before and in answers": {
			begin:        func(_ *testing.T, e *endpoint) { e.behave(behaviour{reset: true}) },
			end:          healthy,
			getsMayFail:  []load.Outcome{load.CutOff},
			postsMayFail: []load.Outcome{"502"},
		},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			if f.slow {
				proxytest.RequireSlow(t)
			}
			t.Parallel()
			dies, lives := newEndpoint(t, "127.0.0.1:0", a.good(t)), newEndpoint(t, "127.0.0.1:0", a.good(t))
			p := proxyFor(t, a, 30*time.Second, dies, lives)
			l := load.Start(load.Options{Address: p.Address, Host: host, Connections: 16, Rate: 150, PostEvery: 4})
			require.Eventually(t, func() bool { return dies.total() > 20 && lives.total() > 20 }, nginxtest.Patience, 10*time.Millisecond)

			f.begin(t, dies)
			<-time.After(faultLasts())
			f.end(t, dies)
			// The address is in use again when it gets as much as the other.
			before, other := dies.total(), lives.total()
			require.Eventually(t, func() bool {
				got := dies.total() - before
				return got > 50 && got > (lives.total()-other)/4
			}, returnsWithin, 20*time.Millisecond, "the address is not used again")

			report := l.Stop()
			t.Log(report)
			require.Empty(t, report.Of(http.MethodGet).Failed(f.getsMayFail...), "GETs failed")
			require.Empty(t, report.Of(http.MethodPost).Failed(f.postsMayFail...), "POSTs failed")
			requireNoPostTwice(t, report, dies, lives)
			requireFewFailures(t, report)
		})
	}
}

// requireNoPostTwice holds that each POST arrived at most once at all endpoints
// together, and exactly once where it was answered.
func requireNoPostTwice(t *testing.T, report load.Report, endpoints ...*endpoint) {
	t.Helper()
	arrivals := make(map[string]int)
	for _, e := range endpoints {
		e.mu.Lock()
		for id, n := range maps.All(e.arrivals) {
			arrivals[id] += n
		}
		e.mu.Unlock()
	}
	requirePostsOnce(t, report, arrivals)
}

// requirePostsOnce holds that each POST arrived once, by how often each request did.
func requirePostsOnce(t *testing.T, report load.Report, arrivals map[string]int) {
	t.Helper()
	for _, a := range report.Of(http.MethodPost).Answers {
		require.LessOrEqual(t, arrivals[a.ID], 1, "POST %s was sent again", a.ID)
		if a.Outcome == load.OK {
			require.Equal(t, 1, arrivals[a.ID], "POST %s", a.ID)
		}
	}
}

// requireFewFailures holds that a dead address is put aside: what may fail is
// what was under way, and a probe now and then.
func requireFewFailures(t *testing.T, report load.Report) {
	t.Helper()
	require.LessOrEqual(t, len(report.Failed()), 24, "the dead address is tried again and again")
}

// deaf listens without accepting, with the queue full, so that the kernel drops
// further connections.
func (e *endpoint) deaf(t *testing.T) {
	t.Helper()
	address, err := net.ResolveTCPAddr("tcp", e.address)
	require.NoError(t, err)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Port: address.Port, Addr: [4]byte(address.IP.To4())}))
	require.NoError(t, syscall.Listen(fd, 0))
	e.deafSocket = fd
	t.Cleanup(func() { e.closeDeaf() })
	for range 16 {
		conn, err := net.DialTimeout("tcp", e.address, 50*time.Millisecond)
		if err != nil {
			return
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("the kernel goes on accepting for a full queue")
}

// hear ends deaf.
func (e *endpoint) hear(t *testing.T) {
	t.Helper()
	e.closeDeaf()
	require.NoError(t, e.listen())
}

func (e *endpoint) closeDeaf() {
	if e.deafSocket != 0 {
		syscall.Close(e.deafSocket)
		e.deafSocket = 0
	}
}
