package faults

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

var stallRounds = flag.Int("stallrounds", 0, "how many rounds TestMeasureWhatOneClientTakes measures; 0: it is skipped")

// fargateDisk is the disk of a Fargate task in MiB.
const fargateDisk = 20 << 10

// TestMeasureWhatOneClientTakes prints a table of what one client's stalled
// requests hold, and of another client's 99th percentile before, meanwhile and
// after, which are measured in turns since the machine may be shared. Its figures
// are medians of the rounds; the last column is that of each round's ratio.
func TestMeasureWhatOneClientTakes(t *testing.T) {
	if *stallRounds == 0 {
		t.Skip("a measurement: run it with -stallrounds 7")
	}
	for _, attack := range []struct {
		name                    string
		requests, bytes, length int
		environment             []string
	}{
		{name: "400 POSTs stalled in memory", requests: 400, bytes: 50_000, length: 59_999},
		{name: "the same, 100 allowed", requests: 400, bytes: 50_000, length: 59_999, environment: []string{"PORTICO_CLIENT_REQUESTS=100"}},
		{name: "600 POSTs stalled in memory", requests: 600, bytes: 50_000, length: 59_999},
		{name: "30 bodies of 10 MB stalled", requests: 30, bytes: 9_900_000, length: 10_000_000},
	} {
		t.Run(attack.name, func(t *testing.T) {
			run := smallDisk(t, fargateDisk)
			u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
			environment := append([]string{"PORTICO_RUN_DIR=" + run}, attack.environment...)
			p := nginxtest.Start(t, contextOf(t, 30*time.Second), append(forwarding(u), proxytest.Newest(t).Path()), environment...)
			const requests = 3000
			var before, meanwhile, after []time.Duration
			var memory, disk, refused []int64
			var ratios []float64
			// Memory that was asked for once is kept for later rounds.
			atStart := memoryNow(t, p)
			for range *stallRounds {
				before = append(before, askAsClient(t, p, "192.0.2.2", requests, ""))
				diskBefore := diskUsed(t, run)
				s := stall(t, p.Address, "192.0.2.1", attack.requests, attack.bytes, attack.length)
				memory = append(memory, memoryNow(t, p)-atStart)
				disk = append(disk, diskUsed(t, run)-diskBefore)
				refused = append(refused, int64(s.refused))
				stop := s.trickle(t)
				meanwhile = append(meanwhile, askAsClient(t, p, "192.0.2.2", requests, ""))
				stop()
				s.end()
				require.Eventually(t, func() bool { return diskUsed(t, run) <= diskBefore+1<<20 }, nginxtest.Patience, 20*time.Millisecond)
				after = append(after, askAsClient(t, p, "192.0.2.2", requests, ""))
			}
			for i := range before {
				ratios = append(ratios, float64(meanwhile[i])/float64(before[i]))
			}
			t.Logf("| %s | %d | %.0f MB | %.0f MB | %.2f ms | %.2f ms | %.2f ms | %.2f |", attack.name, median(refused),
				megabytes(median(memory)), megabytes(median(disk)), milliseconds(median(before)), milliseconds(median(meanwhile)), milliseconds(median(after)),
				median(ratios))
			t.Logf("each round: before %v, meanwhile %v, after %v", before, meanwhile, after)
		})
	}
}

// trickle sends a byte of each request each second until it is stopped, one
// request after another, as a client does that keeps them from timing out.
func (s *stalled) trickle(t *testing.T) (stop func()) {
	t.Helper()
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		every := time.NewTicker(time.Second / time.Duration(len(s.conns)))
		defer every.Stop()
		for i := 0; ; i++ {
			if conn := s.conns[i%len(s.conns)]; conn != nil {
				_, _ = conn.Write([]byte("x")) // those refused may be closed
			}
			select {
			case <-every.C:
			case <-stopping:
				return
			}
		}
	}()
	return func() { close(stopping); <-stopped }
}

// memoryNow is what the proxy's NGINX has in memory, in bytes, with pages that
// processes share counted once.
func memoryNow(t *testing.T, p *nginxtest.Proxy) int64 {
	t.Helper()
	pid := strconv.Itoa(p.Process().Pid)
	children, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	require.NoError(t, err)
	var sum int64
	for _, pid := range append(strings.Fields(string(children)), pid) {
		smaps, err := os.ReadFile(filepath.Join("/proc", pid, "smaps_rollup"))
		if err != nil {
			continue // a tool of the entrypoint that ended
		}
		_, after, found := strings.Cut(string(smaps), "\nPss:")
		require.True(t, found)
		var kib int64
		_, err = fmt.Sscan(after, &kib)
		require.NoError(t, err)
		sum += kib << 10
	}
	return sum
}

// diskUsed is how many bytes a directory's file system holds, files included
// that no directory names, as NGINX's are.
func diskUsed(t *testing.T, dir string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &s))
	return int64(s.Blocks-s.Bfree) * s.Bsize
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func megabytes(bytes int64) float64        { return float64(bytes) / 1e6 }
func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
