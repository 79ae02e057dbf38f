//go:build bench

package proxy

import (
	"bytes"
	"crypto"
	"embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/requestheaders"
	"github.com/portico-iac/portico/internal/topology"
)

// workers is how many processes or threads each server has: as many as a
// Fargate task of two vCPUs would.
const workers = 2

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.tmpl"))

// side is one of what is compared.
type side string

const (
	portico   side = "Portico"
	reference side = "reference"
	haproxy   side = "HAProxy"
	// plain is NGINX as its documentation advises, which does less than Portico.
	plain side = "plain NGINX"
	// caddy is for orientation.
	caddy side = "Caddy"
	floor side = "floor"
)

// sides are those of a comparison, in the order of its tables.
var sides = []side{portico, haproxy, plain, reference, caddy, floor}

// server is a running one.
type server struct {
	side    side
	address string
	pid     int
	// reading is how long a process takes that only reads the configuration, the
	// median of several, or until the server listens where that takes seconds; its
	// part on a processor is readingCPU.
	reading, readingCPU time.Duration
}

// upstream is the stand-in for the endpoint, which is the floor as well.
type upstream struct {
	server
	addresses []string
	status    string
	authority authority
}

func startUpstream(t *testing.T) upstream {
	t.Helper()
	dir := t.TempDir()
	u := upstream{
		addresses: []string{nginxtest.FreeAddress(t), nginxtest.FreeAddress(t)},
		status:    nginxtest.FreeAddress(t),
		authority: newAuthority(t, dir),
	}
	certificate := u.authority.issue(t, dir, nginxtest.EndpointName, newEC(t))
	large := filepath.Join(dir, "large.json")
	require.NoError(t, os.WriteFile(large, bytes.Repeat([]byte(`{"id":"o-100"},`+"\n"), 64<<10/16), 0o644))
	write(t, filepath.Join(dir, "upstream.conf"), "upstream.conf.tmpl", map[string]any{
		"Workers": workers, "Certificate": certificate.certificate, "Key": certificate.key,
		"Addresses": u.addresses, "Status": u.status, "Large": large,
	})
	pid := launch(t, u.addresses[0], exec.Command("nginx", "-p", dir+"/", "-c", filepath.Join(dir, "upstream.conf"), "-g", "user root root; daemon off;"))
	u.server = server{side: floor, address: u.addresses[0], pid: pid}
	return u
}

// answered is how many requests the upstream has answered so far.
func (u upstream) answered(t *testing.T) int64 {
	t.Helper()
	response, err := http.Get("http://" + u.status + "/status")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	// " accepts handled requests " and below it the three numbers.
	match := regexp.MustCompile(`(?m)^ \d+ \d+ (\d+) $`).FindSubmatch(body)
	require.NotNil(t, match, string(body))
	n, err := strconv.ParseInt(string(match[1]), 10, 64)
	require.NoError(t, err)
	return n
}

func startPortico(t *testing.T, e workload, u upstream) server {
	t.Helper()
	return startProxy(t, portico, e, u)
}

func startProxy(t *testing.T, s side, e workload, u upstream, environment ...string) server {
	t.Helper()
	p := nginxtest.StartWriting(t, nowhere(t), e.context, append([]string{
		"PATH=" + os.Getenv("PATH"),
		"PORTICO_UPSTREAMS=" + strings.Join(u.addresses, ","),
		"PORTICO_ENDPOINT_NAME=" + nginxtest.EndpointName,
		"PORTICO_CA_FILE=" + u.authority.file,
		fmt.Sprintf("PORTICO_WORKERS=%d", workers),
	}, environment...))
	reading, used := finish(t, "nginx", "-t", "-p", p.RunDir+"/", "-c", filepath.Join(p.RunDir, "nginx.conf"))
	return server{side: s, address: p.Address, pid: p.Process().Pid, reading: reading, readingCPU: used}
}

// referenceHost is a server block of the reference's shape.
type referenceHost struct {
	Name string
	Rows []referenceRow
}

type referenceRow struct {
	Host, Base, API, Target string
	Methods                 []string
}

// startReference starts the reference's shape, with the NGINX version's own default
// for connections to the endpoint: before 1.29.7 a new one for each request, since
// then 32 kept ones a worker, each for the location that made it.
func startReference(t *testing.T, e workload, u upstream) server {
	t.Helper()
	return startServerBlocks(t, reference, "reference.conf.tmpl", e, u, newRSA4096(t))
}

func startPlain(t *testing.T, e workload, u upstream) server {
	t.Helper()
	return startServerBlocks(t, plain, "plain.conf.tmpl", e, u, newEC(t))
}

// startServerBlocks starts an NGINX with a server block per host.
func startServerBlocks(t *testing.T, s side, name string, e workload, u upstream, key crypto.Signer) server {
	t.Helper()
	dir := t.TempDir()
	file, address := writeServerBlocks(t, dir, name, e, u, key)
	begin := time.Now()
	pid := launch(t, address, exec.Command("nginx", "-p", dir+"/", "-c", file, "-g", "daemon off;"))
	return server{side: s, address: address, pid: pid, reading: time.Since(begin)}
}

func writeServerBlocks(t *testing.T, dir, name string, e workload, u upstream, key crypto.Signer) (file, address string) {
	t.Helper()
	certificate := u.authority.issue(t, dir, "reference.example.com", key)
	var hosts []referenceHost
	for _, r := range referenceRows(e) {
		if len(hosts) == 0 || hosts[len(hosts)-1].Name != r.Host {
			hosts = append(hosts, referenceHost{Name: r.Host})
		}
		last := &hosts[len(hosts)-1]
		last.Rows = append(last.Rows, r)
	}
	file, address = filepath.Join(dir, "nginx.conf"), nginxtest.FreeAddress(t)
	write(t, file, name, map[string]any{
		"Workers": workers, "Upstreams": u.addresses, "Hosts": hosts, "Listen": address,
		"Certificate": certificate.certificate, "Key": certificate.key, "EndpointName": nginxtest.EndpointName,
	})
	return file, address
}

func referenceRows(e workload) []referenceRow {
	var rows []referenceRow
	for _, r := range e.routes {
		rows = append(rows, referenceRow{
			Host: string(r.Host), Base: string(r.BasePath), API: string(r.API.ID), Target: destination(r), Methods: verbs(r),
		})
	}
	return rows
}

func startCaddy(t *testing.T, e workload, u upstream) server {
	t.Helper()
	dir := t.TempDir()
	certificate := u.authority.issue(t, dir, "caddy.example.com", newEC(t))
	address, file := nginxtest.FreeAddress(t), filepath.Join(dir, "Caddyfile")
	_, port, _ := strings.Cut(address, ":")
	write(t, file, "Caddyfile.tmpl", map[string]any{
		"Port": port, "Upstreams": u.addresses, "Rows": referenceRows(e), "Authority": u.authority.file,
		"Certificate": certificate.certificate, "Key": certificate.key, "EndpointName": nginxtest.EndpointName,
	})
	run := exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", file)
	run.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", workers), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	return server{side: caddy, address: address, pid: launch(t, address, run)}
}

func startHAProxy(t *testing.T, e workload, u upstream) server {
	t.Helper()
	return startHAProxyFor(t, haproxy, e, u, false)
}

// startHAProxyFor starts HAProxy; behind an ALB the client is in X-Forwarded-For, and
// may have a share of the requests.
func startHAProxyFor(t *testing.T, s side, e workload, u upstream, behindALB bool) server {
	t.Helper()
	dir := t.TempDir()
	certificate := u.authority.issue(t, dir, "haproxy.example.com", newEC(t))
	var hostMap, pathMap bytes.Buffer
	for _, r := range e.routes {
		row := fmt.Sprintf("%s|%s|%s|%s", r.BasePath, r.API.ID, destination(r), strings.Join(verbs(r), ","))
		if r.BasePath != "" {
			fmt.Fprintf(&pathMap, "%s%s/ %s\n", r.Host, r.BasePath, row)
			row = "paths"
		}
		fmt.Fprintf(&hostMap, "%s %s\n", r.Host, row)
	}
	files := map[string][]byte{
		"hosts.map": hostMap.Bytes(), "paths.map": pathMap.Bytes(),
		"refused.lst": []byte(`(/|%2f|\\|%5c)(\.|%2e){1,2}(/|%2f|\\|%5c|;|%3b|$)` + "\n"),
	}
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	address := nginxtest.FreeAddress(t)
	file := filepath.Join(dir, "haproxy.cfg")
	write(t, file, "haproxy.cfg.tmpl", map[string]any{
		"Workers": workers, "Upstreams": u.addresses, "Listen": address, "Certificate": certificate.both,
		"HostMap": filepath.Join(dir, "hosts.map"), "PathMap": filepath.Join(dir, "paths.map"), "Refused": filepath.Join(dir, "refused.lst"),
		"EndpointName": nginxtest.EndpointName, "Authority": u.authority.file,
		"Methods": []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"},
		"Removed": removedHeaders(), "Addresses": []string{"Location", "Content-Location"}, "Stage": "prod",
		"Named":     "(?:" + regexp.QuoteMeta(nginxtest.EndpointName) + `|[a-z0-9]+(?:-vpce-[0-9a-f]+)?\.execute-api\.us-east-1\.amazonaws\.com)`,
		"Forwarded": behindALB, "ClientRequests": 512, "Bodies": 256,
	})
	reading, used := finish(t, "haproxy", "-c", "-f", file)
	return server{side: s, address: address, pid: launch(t, address, exec.Command("haproxy", "-db", "-f", file)), reading: reading, readingCPU: used}
}

// removedHeaders matches the headers that don't pass as callers sent them, apart from
// X-Forwarded-For, to which is appended.
func removedHeaders() string {
	var names []string
	for _, h := range requestheaders.List() {
		name := strings.ToLower(h.Name)
		switch {
		case h.Exact:
		case name == "x-forwarded-for":
			name = "x_forwarded[-_]for|x-forwarded_for"
		default:
			name = strings.ReplaceAll(name, "-", "[-_]")
		}
		names = append(names, name)
	}
	return "^(?:" + strings.Join(names, "|") + ")$"
}

func destination(r topology.Route) string { return "/" + string(r.API.Stage) + string(r.API.Path) }

func verbs(r topology.Route) []string {
	names := make([]string, 0, len(r.Methods))
	for _, m := range r.Methods {
		names = append(names, string(m))
	}
	return names
}

func write(t *testing.T, file, name string, data any) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, templates.ExecuteTemplate(&b, name, data))
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
}

// nowhere is where every log goes: writing costs its system call and no
// other time.
func nowhere(t *testing.T) *os.File {
	t.Helper()
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	return file
}

// finish runs a command several times and returns how long that took, and how long on
// a processor, each the median.
func finish(t *testing.T, name string, args ...string) (wall, used time.Duration) {
	t.Helper()
	var walls, useds []float64
	for range 7 {
		cmd := exec.Command(name, args...)
		begin := time.Now()
		output, err := cmd.CombinedOutput()
		walls = append(walls, time.Since(begin).Seconds())
		require.NoError(t, err, string(output))
		useds = append(useds, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	}
	return time.Duration(median(walls) * float64(time.Second)), time.Duration(median(useds) * float64(time.Second))
}

// launch runs a server until the test ends and waits until it listens.
func launch(t *testing.T, address string, cmd *exec.Cmd) int {
	t.Helper()
	messages, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	t.Cleanup(func() { messages.Close() })
	cmd.Stdout, cmd.Stderr = nowhere(t), messages
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // gone already is as good
	})
	// Ten thousand server blocks take most of a minute on a busy machine.
	deadline := time.After(3 * time.Minute)
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
			return cmd.Process.Pid
		}
		select {
		case err := <-exited:
			said, _ := os.ReadFile(messages.Name())
			t.Fatalf("%s ended: %v: %s", cmd.Path, err, said)
		case <-deadline:
			t.Fatalf("%s doesn't listen on %s", cmd.Path, address)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
