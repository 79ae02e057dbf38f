package faults

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// stalled is requests of one client whose bodies have begun and do not end.
type stalled struct {
	conns []net.Conn
	// refused is how many were answered with 429.
	refused int
}

// stall begins POSTs of a client with that many bytes of a body of that length
// each.
func stall(t *testing.T, address, client string, requests, bytes, length int) *stalled {
	t.Helper()
	s := &stalled{conns: make([]net.Conn, requests)}
	body := strings.Repeat("x", bytes)
	t.Cleanup(s.end)
	var begun sync.WaitGroup
	var mu sync.Mutex
	for i := range requests {
		begun.Go(func() {
			conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // as load balancers do
			if err != nil {
				return
			}
			s.conns[i] = conn
			_, _ = io.WriteString(conn, fmt.Sprintf("POST / HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n%s", host, client, length, body))
			_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
			answer := make([]byte, 12)
			if _, err := io.ReadFull(conn, answer); err == nil && string(answer) == "HTTP/1.1 429" {
				mu.Lock()
				s.refused++
				mu.Unlock()
			}
		})
	}
	begun.Wait()
	return s
}

func (s *stalled) end() {
	for _, conn := range s.conns {
		if conn != nil {
			conn.Close()
		}
	}
}

// askAsClient sends requests of a client one after another and returns the 99th
// percentile of how long each took. Every one has to be answered with 200.
func askAsClient(t *testing.T, p *nginxtest.Proxy, client string, requests int, body string) time.Duration {
	t.Helper()
	conn := nginxtest.NewConn(t, p)
	var took []time.Duration
	for range requests {
		begin := time.Now()
		request := nginxtest.RequestText("GET", host, "/x", "X-Forwarded-For: "+client)
		if body != "" {
			request = nginxtest.RequestText("POST", host, "/x", "X-Forwarded-For: "+client, fmt.Sprintf("Content-Length: %d", len(body))) + body
		}
		answer := conn.Send(t, request)
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

func forwarding(u ...*nginxtest.Upstream) []string {
	return append(nginxtest.Environment(u...), "PORTICO_CLIENT_ADDRESS=forwarded", "PORTICO_WORKERS=2")
}

// TestOneClientCanNotTakeTheProxyFromOthers stalls more POSTs of one client than
// it may have under way, behind an Application Load Balancer.
func TestOneClientCanNotTakeTheProxyFromOthers(t *testing.T) {
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
	p := proxytest.Newest(t).Start(t, contextOf(t, 30*time.Second), append(forwarding(u), "PORTICO_CLIENT_REQUESTS=40")...)
	const requests = 200
	before := askAsClient(t, p, "192.0.2.2", requests, "")
	attack := stall(t, p.Address, "192.0.2.1", 100, 1000, 10_000_000)
	require.Equal(t, 60, attack.refused, "40 of one client may be under way")
	during := askAsClient(t, p, "192.0.2.2", requests, "")
	t.Logf("p99 of another client: %v before, %v during", before, during)
	// A machine that does other work has pauses of its own.
	require.Less(t, during, max(2*before, 100*time.Millisecond))
	require.Equal(t, 429, p.Send(t, nginxtest.RequestText("GET", host, "/x", "X-Forwarded-For: 192.0.2.1")).Status)
	attack.end()
	require.Eventually(t, func() bool {
		return p.Send(t, nginxtest.RequestText("GET", host, "/x", "X-Forwarded-For: 192.0.2.1")).Status == 200
	}, nginxtest.Patience, 50*time.Millisecond)
}

// smallDisk is a directory on a file system of its own, of that many MB.
func smallDisk(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted here: %s", output)
	}
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", "-l", dir).Run()) })
	return filepath.Join(dir, "run")
}

// TestStalledBodiesDoNotFillTheDisk stalls bodies that are kept in files until the
// proxy takes no more, on a disk that would hold fewer than are tried.
func TestStalledBodiesDoNotFillTheDisk(t *testing.T) {
	run := smallDisk(t, 64)
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
	p := nginxtest.Start(t, contextOf(t, 30*time.Second), append(forwarding(u), proxytest.Newest(t).Path()), "PORTICO_RUN_DIR="+run)
	attack := stall(t, p.Address, "192.0.2.1", 12, 9_900_000, 10_000_000)
	require.Positive(t, attack.refused)
	askAsClient(t, p, "192.0.2.2", 20, "")
	askAsClient(t, p, "192.0.2.2", 20, strings.Repeat("x", 50_000))
	require.Equal(t, 200, p.Get(t, "10.0.0.7", "/healthz").Status, "there is room left")
	require.NotContains(t, p.Stderr(), "No space left")
}

// TestTheHealthCheckSeesAFullDisk fills the disk that bodies are kept on.
func TestTheHealthCheckSeesAFullDisk(t *testing.T) {
	run := smallDisk(t, 64)
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
	p := nginxtest.Start(t, contextOf(t, 30*time.Second), append(forwarding(u), proxytest.Newest(t).Path()), "PORTICO_RUN_DIR="+run)
	require.Equal(t, 200, p.Get(t, "10.0.0.7", "/healthz").Status)
	fill := filepath.Join(filepath.Dir(run), "fill")
	require.Error(t, os.WriteFile(fill, make([]byte, 70<<20), 0o600), "the disk should be full")
	health := func(status int) func() bool {
		return func() bool { return p.Get(t, "10.0.0.7", "/healthz").Status == status }
	}
	require.Eventually(t, health(503), nginxtest.Patience, 100*time.Millisecond)
	require.Equal(t, 200, p.Get(t, host, "/x").Status, "what needs no disk is served")
	require.NoError(t, os.Remove(fill))
	require.Eventually(t, health(200), nginxtest.Patience, 100*time.Millisecond)
}

// TestConnectionsAreBoundedByMemory compares the bound with the machine's memory,
// since tests have no container.
func TestConnectionsAreBoundedByMemory(t *testing.T) {
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
	p := proxytest.Newest(t).Start(t, contextOf(t, 30*time.Second), append(forwarding(u), "PORTICO_WORKERS=64")...)
	data, err := os.ReadFile(filepath.Join(p.RunDir, "events.conf"))
	require.NoError(t, err)
	connections, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(string(data)))
	require.NoError(t, err)
	meminfo, err := os.ReadFile("/proc/meminfo")
	require.NoError(t, err)
	kib, err := strconv.Atoi(regexp.MustCompile(`MemTotal: +(\d+)`).FindStringSubmatch(string(meminfo))[1])
	require.NoError(t, err)
	require.LessOrEqual(t, connections, max(512, kib*3/4/150/64+1))
	require.GreaterOrEqual(t, connections, 512)
}

// TestTheWorstCaseOfSlowBodiesIsWhatTheDocumentSays starts the proxy with a default
// task's memory and disk, as the entrypoint's commands show them, and computes
// what the bounds allow.
func TestTheWorstCaseOfSlowBodiesIsWhatTheDocumentSays(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "security.md"))
	require.NoError(t, err)
	const diskMiB, workers = 20 << 10, 2
	task := settings.DefaultShared().Task
	commands := t.TempDir()
	for name, script := range map[string]string{
		"df":  fmt.Sprintf("echo tmpfs %d 0 %d 0%% /tmp\n", diskMiB<<10, diskMiB<<10),
		"sed": fmt.Sprintf("case $* in */proc/meminfo) echo %d ;; *) exec %s \"$@\" ;; esac\n", task.Memory<<10, commandPath(t, "sed")),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(commands, name), []byte("#!/bin/sh\n"+script), 0o755))
	}
	bound := func(mode, file, expression string) int {
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
		p := nginxtest.Start(t, contextOf(t, 30*time.Second), nginxtest.Environment(u), fmt.Sprintf("PORTICO_WORKERS=%d", workers),
			"PATH="+commands+":"+os.Getenv("PATH"), "PORTICO_CLIENT_ADDRESS="+mode)
		data, err := os.ReadFile(filepath.Join(p.RunDir, file))
		require.NoError(t, err)
		match := regexp.MustCompile(expression).FindSubmatch(data)
		require.NotNil(t, match, "%s", data)
		n, err := strconv.Atoi(string(match[1]))
		require.NoError(t, err)
		return n
	}
	bodies := bound("forwarded", "limits.conf", `limit_conn portico_bodies (\d+);`)
	each := bound("forwarded", "limits.conf", `limit_conn portico_clients (\d+);`)
	all := workers * bound("peer", "events.conf", `worker_connections (\d+);`)
	const bodyMiB, stalledKiB = 10, 150
	for who, n := range map[string][2]int{
		"one client address":                             {each, min(each, bodies)},
		"all clients, or one without a bound by address": {all, bodies},
	} {
		row := fmt.Sprintf("| %s | %s | %s | %d MiB | %s MiB |", who, thousands(n[0]), thousands(n[1]), (n[0]*stalledKiB+512)/1024, thousands(n[1]*bodyMiB))
		require.Contains(t, string(page), row)
	}
}

func commandPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err)
	return path
}

// thousands writes a number below a million as the documents do.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
