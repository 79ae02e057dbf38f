//go:build bench

package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
)

// TestInstructionsARequest counts, by callgrind, the instructions in user space
// that a request takes of the proxy as it is and as an earlier commit rendered it:
// PORTICO_BENCH_BEFORE is a checkout of that commit. Instructions repeat within
// one percent whatever else the machine does.
func TestInstructionsARequest(t *testing.T) {
	checkout := earlierCheckout(t)
	_, err := exec.LookPath("valgrind")
	require.NoError(t, err, "install the package of that name")
	u := startUpstream(t)
	e := newWorkload(t, 100)
	before := renderedBy(t, checkout, e)
	var table strings.Builder
	table.WriteString("\n| requests | before | peer | proxy-protocol | forwarded |\n|---|---|---|---|---|\n")
	for _, kind := range []struct {
		name string
		keep func(i int) bool
	}{
		{"hosts without base path", func(i int) bool { return i%4 != 3 }},
		{"hosts with base path", func(i int) bool { return i%4 == 3 }},
		{"mix", func(int) bool { return true }},
	} {
		var requests []string
		for i, r := range e.routes {
			if kind.keep(i) {
				requests = append(requests, balancersRequest(string(r.Host), string(r.BasePath)+"/small"))
			}
		}
		base := instructions(t, before, u, requests)
		fmt.Fprintf(&table, "| %s | %d |", kind.name, base.ownTotal())
		for _, client := range []string{"peer", "proxy-protocol", "forwarded"} {
			now := instructions(t, e.context, u, requests, "PORTICO_CLIENT_ADDRESS="+client)
			fmt.Fprintf(&table, " %d (%+.1f %%) |", now.ownTotal(), 100*(float64(now.ownTotal())/float64(base.ownTotal())-1))
			t.Logf("%s, %s: OpenSSL %d before, %d now; what differs most:\n%s", kind.name, client, base.openSSL, now.openSSL, now.differences(base))
		}
		table.WriteString("\n")
	}
	t.Log(table.String())
}

// TestInstructionsBesidePlainNGINX counts what a request takes of the proxy, as it
// runs without and behind an ALB, and of plain NGINX.
func TestInstructionsBesidePlainNGINX(t *testing.T) {
	_, err := exec.LookPath("valgrind")
	require.NoError(t, err, "install the package of that name")
	u := startUpstream(t)
	var table strings.Builder
	table.WriteString("\n| hosts | what | peer | behind an ALB | plain NGINX | peer, times plain |\n|---|---|---|---|---|---|\n")
	for _, hosts := range []int{1, 100, 1_000} {
		e := newWorkload(t, hosts)
		var requests []string
		for _, r := range e.routes {
			requests = append(requests, balancersRequest(string(r.Host), string(r.BasePath)+"/small"))
		}
		peer, behind := instructions(t, e.context, u, requests), instructions(t, e.context, u, requests, "PORTICO_CLIENT_ADDRESS=forwarded")
		plain := instructionsOfPlain(t, e, u, requests)
		for _, of := range []struct {
			name  string
			total func(cost) int64
		}{
			{"outside OpenSSL", cost.ownTotal},
			{"all in user space", func(c cost) int64 { return c.ownTotal() + c.openSSL }},
		} {
			fmt.Fprintf(&table, "| %d | %s | %d | %d | %d | %.2f |\n", hosts, of.name, of.total(peer), of.total(behind), of.total(plain),
				float64(of.total(peer))/float64(of.total(plain)))
		}
		t.Logf("%d hosts, peer beside plain NGINX, what differs most:\n%s", hosts, peer.differences(plain))
	}
	t.Log(table.String())
}

// balancersRequest is a request as load.lua sends them.
func balancersRequest(host, path string) string {
	return nginxtest.RequestText("GET", host, path, "User-Agent: curl/8.14.1", "Accept: application/json",
		"X-Forwarded-For: 10.0.3.17", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443",
		"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678")
}

// cost is how many instructions a request takes, by function outside OpenSSL.
type cost struct {
	openSSL int64
	own     map[string]int64
}

func (c cost) ownTotal() int64 {
	var sum int64
	for _, n := range c.own {
		sum += n
	}
	return sum
}

// differences are the functions whose costs differ most, a line each.
func (c cost) differences(before cost) string {
	difference := func(name string) int64 { return c.own[name] - before.own[name] }
	var names []string
	for name := range c.own {
		names = append(names, name)
	}
	for name := range before.own {
		if _, both := c.own[name]; !both {
			names = append(names, name)
		}
	}
	size := func(name string) int64 { return max(difference(name), -difference(name)) }
	slices.SortFunc(names, func(a, b string) int { return int(size(b) - size(a)) })
	var b strings.Builder
	for _, name := range names[:min(25, len(names))] {
		fmt.Fprintf(&b, "%+6d (%d) %s\n", difference(name), c.own[name], name)
	}
	return b.String()
}

// instructions is what a request takes of a proxy as the image starts it.
func instructions(t *testing.T, c *nginxconf.Context, u upstream, requests []string, environment ...string) cost {
	t.Helper()
	return perRequest(func(count int) cost { return callgrind(t, c, u, requests, count, environment) })
}

// instructionsOfPlain is what a request takes of plain NGINX.
func instructionsOfPlain(t *testing.T, e workload, u upstream, requests []string) cost {
	t.Helper()
	return perRequest(func(count int) cost {
		dir := t.TempDir()
		file, address := writeServerBlocks(t, dir, "plain.conf.tmpl", e, u, newEC(t))
		profile := filepath.Join(dir, "profile")
		command := exec.Command(filepath.Join(wrapper(t, dir), "nginx"), "-p", dir+"/", "-c", file)
		command.Env = append(os.Environ(), "PORTICO_BENCH_PROFILE="+profile)
		pid := launch(t, address, command)
		send(t, address, requests, count, false)
		return profileOf(t, pid, profile)
	})
}

// perRequest is the difference between two runs of unlike length, for a request.
func perRequest(run func(count int) cost) cost {
	const short, long = 200, 1200
	few, many := run(short), run(long)
	result := cost{openSSL: (many.openSSL - few.openSSL) / (long - short), own: make(map[string]int64)}
	for name, n := range many.own {
		if each := (n - few.own[name]) / (long - short); each != 0 {
			result.own[name] = each
		}
	}
	return result
}

// callgrind sends requests over one connection to a proxy of one process.
func callgrind(t *testing.T, c *nginxconf.Context, u upstream, requests []string, count int, environment []string) cost {
	t.Helper()
	dir := t.TempDir()
	home, run, profile := filepath.Join(dir, "home"), filepath.Join(dir, "run"), filepath.Join(dir, "profile")
	require.NoError(t, c.WriteTo(home))
	address := nginxtest.FreeAddress(t)
	entrypoint := exec.Command("sh", filepath.Join(home, "entrypoint.sh"))
	entrypoint.Env = append([]string{
		"PATH=" + wrapper(t, dir) + ":" + os.Getenv("PATH"), "PORTICO_BENCH_PROFILE=" + profile,
		"PORTICO_HOME=" + home, "PORTICO_RUN_DIR=" + run, "PORTICO_LISTEN=" + address,
		"PORTICO_UPSTREAMS=" + strings.Join(u.addresses, ","), "PORTICO_ENDPOINT_NAME=" + nginxtest.EndpointName,
		"PORTICO_CA_FILE=" + u.authority.file, "PORTICO_WORKERS=1",
	}, environment...)
	if slices.Contains(environment, "PORTICO_CLIENT_ADDRESS=proxy-protocol") {
		host, port, _ := strings.Cut(address, ":")
		n, err := strconv.Atoi(port)
		require.NoError(t, err)
		address = host + ":" + strconv.Itoa(n+1)
	}
	pid := launch(t, address, entrypoint)
	send(t, address, requests, count, slices.Contains(environment, "PORTICO_CLIENT_ADDRESS=proxy-protocol"))
	return profileOf(t, pid, profile)
}

// profileOf ends the process and reads what callgrind writes of it.
func profileOf(t *testing.T, pid int, profile string) cost {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGTERM))
	require.Eventually(t, func() bool {
		data, err := os.ReadFile(profile)
		return err == nil && bytes.Contains(data, []byte("\ntotals: "))
	}, time.Minute, 20*time.Millisecond)
	return readProfile(t, profile)
}

// wrapper is a directory with an nginx that runs under callgrind, in one process.
func wrapper(t *testing.T, dir string) string {
	t.Helper()
	real, err := exec.LookPath("nginx")
	require.NoError(t, err)
	bin := filepath.Join(dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	script := fmt.Sprintf(`#!/bin/sh
case $1 in
-v) exec %[1]s -v ;;
esac
exec valgrind --tool=callgrind --trace-children=yes --compress-strings=no --compress-pos=no --callgrind-out-file="$PORTICO_BENCH_PROFILE" \
    %[1]s "$@" -g 'daemon off; master_process off;'
`, real)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "nginx"), []byte(script), 0o755))
	return bin
}

func send(t *testing.T, address string, requests []string, count int, proxyProtocol bool) {
	t.Helper()
	// A connection of proxy protocol version 1 says the client's address first.
	raw, err := net.Dial("tcp", address)
	require.NoError(t, err)
	if proxyProtocol {
		_, err := raw.Write([]byte("PROXY TCP4 10.0.3.17 127.0.0.1 40000 443\r\n"))
		require.NoError(t, err)
	}
	conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Minute)))
	reader := bufio.NewReader(conn)
	for i := range count {
		_, err := conn.Write([]byte(requests[i%len(requests)]))
		require.NoError(t, err)
		response, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		body := new(bytes.Buffer)
		_, err = body.ReadFrom(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode, body.String())
	}
	require.NoError(t, conn.Close())
}

// readProfile sums up what each function took by itself: lines of costs, but for
// the one behind "calls=", which is what a function that was called took.
func readProfile(t *testing.T, file string) cost {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	c := cost{own: make(map[string]int64)}
	var object, function string
	called := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "ob="):
			object = strings.TrimPrefix(line, "ob=")
		case strings.HasPrefix(line, "fn="):
			function = strings.TrimPrefix(line, "fn=")
		case strings.HasPrefix(line, "calls="):
			called = true
		case line != "" && line[0] >= '0' && line[0] <= '9':
			if called {
				called = false
				continue
			}
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			n, err := strconv.ParseInt(fields[1], 10, 64)
			require.NoError(t, err)
			if base := filepath.Base(object); strings.HasPrefix(base, "libcrypto") || strings.HasPrefix(base, "libssl") {
				c.openSSL += n
			} else {
				c.own[filepath.Base(object)+" "+function] += n
			}
		}
	}
	return c
}
