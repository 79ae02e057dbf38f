package nginxconf_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
)

func withUmask(t *testing.T, mask int, do func()) {
	t.Helper()
	old := syscall.Umask(mask)
	defer syscall.Umask(old)
	do()
}

func TestD12_StartTakesMilliseconds(t *testing.T) {
	p, _ := start(t, manyRoutes(1000)...)
	data, err := os.ReadFile(filepath.Join(p.RunDir, "tls.crt"))
	require.NoError(t, err)
	block, _ := pem.Decode(data)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	require.True(t, ok, "the key is a %T", certificate.PublicKey)
	require.Equal(t, elliptic.P256(), key.Curve)
	info, err := os.Stat(filepath.Join(p.RunDir, "tls.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	best := time.Hour
	// A machine that does other work too is given several chances.
	for attempt := 0; attempt < 10 && best >= time.Second; attempt++ {
		began := time.Now()
		start(t, manyRoutes(1000)...)
		best = min(best, time.Since(began))
	}
	require.Less(t, best, time.Second, "an RSA-4096 key alone takes longer")
}

func TestD13_TheCertificateHasASubjectAlternativeName(t *testing.T) {
	p, _ := start(t, manyRoutes(1)...)
	state := nginxtest.NewConn(t, p).ConnectionState()
	require.Equal(t, []string{"portico"}, state.PeerCertificates[0].DNSNames)
	require.NoError(t, state.PeerCertificates[0].VerifyHostname("portico"))
}

func TestD14_StopSignalReachesNGINXAndLetsRequestsEnd(t *testing.T) {
	release := make(chan struct{})
	p, u := startAnswering(t, func(nginxtest.Request) []byte { <-release; return nginxtest.OK("done") }, route("a.example.com", "", "aaa", ""))
	answer := make(chan nginxtest.Response, 1)
	conn := nginxtest.NewConn(t, p)
	go func() { answer <- conn.Send(t, nginxtest.RequestText("GET", "a.example.com", "/")) }()
	require.Eventually(t, func() bool { return len(u.Requests()) == 1 }, nginxtest.Patience, time.Millisecond)
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.Process().Pid))
	require.NoError(t, err)
	require.Equal(t, "nginx\n", string(command), "the entrypoint becomes NGINX")

	require.NoError(t, p.Process().Signal(syscall.SIGQUIT))
	require.Eventually(t, func() bool { return !p.Accepts() }, nginxtest.Patience, time.Millisecond, "no new connections")
	close(release)
	require.Equal(t, "done", string((<-answer).Body))
	select {
	case <-p.Exited():
		require.Zero(t, p.ExitCode())
	case <-time.After(nginxtest.Patience):
		t.Fatal("NGINX didn't end after its last request")
	}
}

func TestD15_TheLogIsJSONOnStandardOutput(t *testing.T) {
	routed := route("*.a.example.com", "/v1", "aaa", "")
	p, u := startAnswering(t, func(nginxtest.Request) []byte { return nginxtest.OK("hello", "x-amzn-RequestId: req-1") }, routed)
	p.Get(t, "b.a.example.com", "/v1/x?token=secret", "Authorization: Bearer secret", "Cookie: secret", "X-Amzn-Trace-Id: Root=1-2\"3\\", "Referer: https://secret")
	large := nginxtest.NewConn(t, p)
	large.Send(t, nginxtest.RequestText("POST", "b.a.example.com", "/v1?secret", fmt.Sprintf("Content-Length: %d", 11<<20)))
	large.Close()
	p.Get(t, "10.0.0.1", "/healthz")
	u.Close()
	require.Equal(t, 502, p.Get(t, "b.a.example.com", "/v1/x?token=secret").Status)

	type entry struct {
		Time, Host, Route, Verb string
		Client                  string
		Connection, Request     int
		Status, Bytes           int
		Seconds                 float64
		Upstream                string
		UpstreamStatus          string `json:"upstream_status"`
		UpstreamSeconds         string `json:"upstream_seconds"`
		TraceID                 string `json:"trace_id"`
		RequestID               string `json:"request_id"`
		TLS                     string
	}
	var lines []string
	require.Eventually(t, func() bool {
		lines = strings.Split(strings.TrimSpace(p.Stdout()), "\n")
		return len(lines) == 3
	}, nginxtest.Patience, 10*time.Millisecond, "three lines: the load balancer's health checks are not logged")
	byStatus := make(map[int]entry)
	for _, line := range lines {
		var e entry
		require.NoError(t, decode([]byte(line), &e), line)
		byStatus[e.Status] = e
	}
	first := byStatus[200]
	when, err := time.Parse(time.RFC3339, first.Time)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), when, time.Minute)
	require.NotEmpty(t, first.UpstreamSeconds)
	require.Positive(t, first.Bytes)
	require.Positive(t, first.Connection)
	require.Contains(t, p.Stderr(), fmt.Sprintf(": *%d ", byStatus[502].Connection), "the error log names the connection of the access log's line")
	first.Connection = 0
	first.Time, first.Bytes, first.Seconds, first.UpstreamSeconds = "", 0, 0, ""
	require.Equal(t, entry{
		Host: "b.a.example.com", Route: "*.a.example.com/v1", Verb: "GET", Client: "127.0.0.1", Request: 1, Status: 200, Upstream: u.Address, UpstreamStatus: "200",
		TraceID: `Root=1-2"3\`, RequestID: "req-1", TLS: "TLSv1.3",
	}, first)
	require.Equal(t, "POST", byStatus[413].Verb, "the verb is the client's, whatever NGINX turned the request into")
	require.Equal(t, "502", byStatus[502].UpstreamStatus[:3])
	require.NotContains(t, p.Stdout()+p.Stderr(), "secret")
}

// TestTraceIDsAreEscaped logs trace IDs that JSON has to escape, and what else a
// line holds of an answer, on ordinary paths and others.
func TestTraceIDsAreEscaped(t *testing.T) {
	wanted := map[string]string{
		`Root=1-a;Parent=b;Sampled=1`: `Root=1-a;Parent=b;Sampled=1`,
		`a b! c`:                      `a b! c`,
		`"`:                           `"`,
		`\`:                           `\`,
		`a\"b`:                        `a\"b`,
		`\"\"`:                        `\"\"`,
		`a"b"c"d"e"f`:                 `a"b"c"d"e`,
		"a\"\xff":                     `a"`,
		strings.Repeat("x", 256):      strings.Repeat("x", 256),
		strings.Repeat("x", 300):      strings.Repeat("x", 256),
	}
	p, _ := startAnswering(t, func(nginxtest.Request) []byte { return nginxtest.OK("hello", `x-amzn-RequestId: req-1"\x`) },
		route("a.example.com", "", "aaa", ""), route("b.example.com", "/v1", "bbb", ""))
	var sent []string
	for trace := range wanted {
		for _, row := range [][]string{{"a.example.com", "/x"}, {"b.example.com", "/v1/x"}} {
			require.Equal(t, 200, p.Get(t, row[0], row[1], "X-Amzn-Trace-Id: "+trace).Status)
			sent = append(sent, wanted[trace])
		}
	}
	var lines []string
	require.Eventually(t, func() bool {
		lines = strings.Split(strings.TrimSpace(p.Stdout()), "\n")
		return len(lines) == len(sent)
	}, nginxtest.Patience, 10*time.Millisecond)
	for i, line := range lines {
		var e struct {
			TraceID   string `json:"trace_id"`
			RequestID string `json:"request_id"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		require.Equal(t, sent[i], e.TraceID)
		require.Equal(t, "req-1", e.RequestID)
	}
}

// TestTraceparentIsLogged logs what W3C's header has for a trace, and no field without it.
func TestTraceparentIsLogged(t *testing.T) {
	const span = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	tests := []struct {
		sent []string
		want any
	}{
		{nil, nil},
		{[]string{"traceparent: " + span, "tracestate: vendor=secret"}, span},
		{[]string{"Traceparent: " + span, "Traceparent: 00-1-2-03"}, span},
		{[]string{"traceparent: " + span + "-what-a-later-version-adds"}, span},
		{[]string{"traceparent: cc-1\",\"status\":200"}, "cc-1"},
		{[]string{"traceparent: \\"}, nil},
		{[]string{"traceparent:"}, nil},
		{[]string{"traceparent: " + strings.Repeat("a", 5000)}, strings.Repeat("a", 55)},
	}
	p, _ := startAnswering(t, nil, route("a.example.com", "", "aaa", ""), route("b.example.com", "/v1", "bbb", ""))
	var wanted []any
	for _, test := range tests {
		for _, row := range [][]string{{"a.example.com", "/x"}, {"b.example.com", "/v1/x"}} {
			require.Equal(t, 200, p.Get(t, row[0], row[1], test.sent...).Status)
			wanted = append(wanted, test.want)
		}
	}
	var lines []string
	require.Eventually(t, func() bool {
		lines = strings.Split(strings.TrimSpace(p.Stdout()), "\n")
		return len(lines) == len(wanted)
	}, nginxtest.Patience, 10*time.Millisecond)
	for i, line := range lines {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		require.Equal(t, wanted[i], fields["traceparent"], line)
		require.Equal(t, 200.0, fields["status"])
		require.NotContains(t, line, "secret")
	}
}

// TestAWeightIsTheInverseOfTheShare logs requests until one of each share is drawn. Without
// a sample nothing of it is in what NGINX reads.
func TestAWeightIsTheInverseOfTheShare(t *testing.T) {
	nginxtest.Require(t)
	for percent, want := range map[string]string{"": "", "10": "10", "30": "3.3333", "50": "2", "100": "1"} {
		t.Run(percent+" %", func(t *testing.T) {
			u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
			p := nginxtest.Start(t, render(t, route("a.example.com", "", "aaa", "")), nginxtest.Environment(u), "PORTICO_LOG_SAMPLE="+percent)
			for _, name := range []string{"log.conf", "upstream.conf"} {
				data, err := os.ReadFile(filepath.Join(p.RunDir, name))
				require.NoError(t, err)
				require.Equal(t, want != "", bytes.Contains(data, []byte("weight")), "%s: %s", name, data)
			}
			conn := nginxtest.NewConn(t, p)
			for range 300 { // 0.9 to the power of 300 is 10 to that of -14
				require.Equal(t, 200, conn.Send(t, nginxtest.RequestText("GET", "a.example.com", "/")).Status)
			}
			line := `,"status":`
			if want != "" {
				line = `,"weight":` + want + `,"sampled":1,"status":`
			}
			require.Eventually(t, func() bool { return strings.Contains(p.Stdout(), line) }, nginxtest.Patience, 10*time.Millisecond)
			require.Equal(t, want != "", strings.Contains(p.Stdout(), "weight"))
		})
	}
}

func TestTheLogReachesASocket(t *testing.T) {
	nginxtest.Require(t)
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	ours, theirs := os.NewFile(uintptr(ends[0]), "ours"), os.NewFile(uintptr(ends[1]), "theirs")
	defer ours.Close()
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
	p := nginxtest.StartWriting(t, theirs, render(t, route("a.example.com", "", "aaa", "")), nginxtest.Environment(u))
	require.NoError(t, theirs.Close())
	require.Equal(t, 200, p.Get(t, "a.example.com", "/").Status)
	require.NoError(t, p.Process().Signal(syscall.SIGQUIT))
	log, err := io.ReadAll(ours)
	require.NoError(t, err)
	require.Contains(t, string(log), `"host":"a.example.com"`)
	<-p.Exited()
	require.Zero(t, p.ExitCode())
}

func TestTheEntrypointRefusesWrongVariables(t *testing.T) {
	nginxtest.Require(t)
	home := t.TempDir()
	require.NoError(t, render(t, manyRoutes(1)...).WriteTo(home))
	tests := map[string]struct{ variable, value string }{
		"no upstreams":                     {"PORTICO_UPSTREAMS", ""},
		"an upstream without a port":       {"PORTICO_UPSTREAMS", "10.0.0.1"},
		"an upstream by name":              {"PORTICO_UPSTREAMS", "vpce.example.com:443"},
		"an upstream behind a lone comma":  {"PORTICO_UPSTREAMS", "10.0.0.1:443,"},
		"an upstream with a directive":     {"PORTICO_UPSTREAMS", "10.0.0.1:443; }"},
		"an upstream with a line feed":     {"PORTICO_UPSTREAMS", "10.0.0.1:443\n10.0.0.2:443"},
		"an address with 256":              {"PORTICO_UPSTREAMS", "10.0.0.256:443"},
		"an address of five numbers":       {"PORTICO_UPSTREAMS", "10.0.0.1.1:443"},
		"an IPv6 address without brackets": {"PORTICO_UPSTREAMS", "fd00::1:443"},
		"port 0":                           {"PORTICO_UPSTREAMS", "10.0.0.1:0"},
		"port 65536":                       {"PORTICO_LISTEN", "65536"},
		"a port that is a word":            {"PORTICO_LISTEN", "https"},
		"a listen address with options":    {"PORTICO_LISTEN", "8443 http2"},
		"no endpoint name":                 {"PORTICO_ENDPOINT_NAME", ""},
		"an endpoint that is a URL":        {"PORTICO_ENDPOINT_NAME", "https://vpce.example.com"},
		"an endpoint with a directive":     {"PORTICO_ENDPOINT_NAME", "a.b;c"},
		"an endpoint that is a wildcard":   {"PORTICO_ENDPOINT_NAME", "*.vpce.example.com"},
		"a file that isn't there":          {"PORTICO_CA_FILE", "/nowhere/ca.pem"},
		"a file with a quote in its name":  {"PORTICO_CA_FILE", "/tmp/\"; x"},
		"workers that are a word":          {"PORTICO_WORKERS", "many"},
		"no workers":                       {"PORTICO_WORKERS", "0"},
		"a home without a configuration":   {"PORTICO_HOME", "/nowhere"},
		"a directory that is relative":     {"PORTICO_RUN_DIR", "run"},
		"a directory that can't be made":   {"PORTICO_RUN_DIR", "/proc/portico"},
		"a directory that holds a context": {"PORTICO_RUN_DIR", home},
		"a level that is none":             {"PORTICO_ERROR_LEVEL", "verbose"},
		"a sample of nothing":              {"PORTICO_LOG_SAMPLE", "0"},
		"a sample of more than all":        {"PORTICO_LOG_SAMPLE", "101"},
		"a sample with a directive":        {"PORTICO_LOG_SAMPLE", "10% 1; } #"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			command := exec.Command("sh", filepath.Join(home, "entrypoint.sh"))
			command.Env = []string{
				"PATH=" + os.Getenv("PATH"), "PORTICO_HOME=" + home, "PORTICO_RUN_DIR=" + filepath.Join(t.TempDir(), "run"),
				"PORTICO_LISTEN=127.0.0.1:8443", "PORTICO_UPSTREAMS=127.0.0.1:443", "PORTICO_ENDPOINT_NAME=" + nginxtest.EndpointName,
				test.variable + "=" + test.value,
			}
			var stderr bytes.Buffer
			command.Stderr = &stderr
			var exit *exec.ExitError
			require.ErrorAs(t, command.Run(), &exit)
			require.Contains(t, stderr.String(), "portico: "+test.variable)
		})
	}
	t.Run("every mistake at once", func(t *testing.T) {
		command := exec.Command("sh", filepath.Join(home, "entrypoint.sh"))
		command.Env = []string{"PATH=" + os.Getenv("PATH"), "PORTICO_LISTEN=x", "PORTICO_WORKERS=y"}
		output, err := command.CombinedOutput()
		require.Error(t, err)
		for _, variable := range []string{"PORTICO_LISTEN", "PORTICO_WORKERS", "PORTICO_UPSTREAMS", "PORTICO_ENDPOINT_NAME"} {
			require.Contains(t, string(output), variable)
		}
	})
	t.Run("an image without openssl", func(t *testing.T) {
		bin := t.TempDir()
		for _, tool := range []string{"sh", "dirname", "id", "getconf", "nginx"} {
			path, err := exec.LookPath(tool)
			require.NoError(t, err)
			require.NoError(t, os.Symlink(path, filepath.Join(bin, tool)))
		}
		command := exec.Command("/bin/sh", filepath.Join(home, "entrypoint.sh"))
		command.Env = []string{"PATH=" + bin, "PORTICO_UPSTREAMS=127.0.0.1:443", "PORTICO_ENDPOINT_NAME=a.b"}
		output, err := command.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(output), "openssl is not on PATH")
	})
}

func TestUpstreamsMayBeIPv6(t *testing.T) {
	nginxtest.Require(t)
	authority := nginxtest.NewAuthority(t)
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Authority: authority})
	environment := append(nginxtest.Environment(u), "PORTICO_UPSTREAMS="+u.Address+",[::1]:9")
	p := nginxtest.Start(t, render(t, route("a.example.com", "", "aaa", "")), environment)
	for range 3 {
		require.Equal(t, 200, p.Get(t, "a.example.com", "/").Status)
	}
}

func TestTheProxyRunsTwiceInOneDirectory(t *testing.T) {
	p, u := start(t, route("a.example.com", "", "aaa", ""))
	require.NoError(t, p.Process().Signal(syscall.SIGQUIT))
	<-p.Exited()
	again := nginxtest.Start(t, render(t, route("a.example.com", "", "bbb", "")), nginxtest.Environment(u), "PORTICO_RUN_DIR="+p.RunDir)
	require.Equal(t, []string{"bbb"}, arrived(t, again, u, "a.example.com", "/").Values("x-apigw-api-id"))
}

// What a request takes in one piece is above what glibc keeps for a thread by
// default, so that each request would split and join it.
func TestGlibcKeepsLargePiecesOfMemory(t *testing.T) {
	nginxtest.Require(t)
	home, bin := filepath.Join(t.TempDir(), "home"), t.TempDir()
	require.NoError(t, render(t, manyRoutes(1)...).WriteTo(home))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "nginx"), []byte("#!/bin/sh\n[ \"$1\" = -v ] || echo \"tunables: $GLIBC_TUNABLES\"\n"), 0o755))
	entrypoint := exec.Command("sh", filepath.Join(home, "entrypoint.sh"))
	entrypoint.Env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "PORTICO_HOME=" + home, "PORTICO_RUN_DIR=" + filepath.Join(t.TempDir(), "run"),
		"PORTICO_UPSTREAMS=127.0.0.1:443", "PORTICO_ENDPOINT_NAME=" + nginxtest.EndpointName,
	}
	output, err := entrypoint.Output()
	require.NoError(t, err)
	require.Equal(t, "tunables: glibc.malloc.tcache_max=65536\n", string(output))
}

func TestTheEntrypointIsPlainShell(t *testing.T) {
	for _, shell := range []string{"dash", "busybox", "bash"} {
		name, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		arguments := []string{"-n", filepath.Join("templates", "entrypoint.sh")}
		if shell == "busybox" {
			arguments = append([]string{"sh"}, arguments...)
		}
		output, err := exec.Command(name, arguments...).CombinedOutput()
		require.NoError(t, err, "%s: %s", shell, output)
	}
}
