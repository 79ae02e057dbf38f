// Package proxytest gives tests the NGINX versions that the proxy has to work
// on, and a base image to build the proxy's image on. Both come from Debian:
// the machine's own NGINX where it has the version, else a Debian system that
// test/e2e/debian-base makes once and keeps in the user's cache.
package proxytest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// suite is a Debian release and the NGINX that it has.
type suite struct {
	name, version string
}

// suites are the releases whose NGINX versions the proxy is promised to work
// on: the oldest, and the one that the image is built with.
var suites = []suite{{name: "bookworm", version: "1.22"}, {name: "forky", version: "1.30"}}

// NGINX is one version of it on this machine.
type NGINX struct {
	// Version is what nginx -v says, such as 1.30.3.
	Version string
	// path is the PATH that finds it.
	path string
}

// Path is PATH for processes that are to run this NGINX, as it is for a
// Command's Env.
func (n NGINX) Path() string { return "PATH=" + n.path }

// Start is nginxtest.Start with this NGINX.
func (n NGINX) Start(t testing.TB, c *nginxconf.Context, environment ...string) *nginxtest.Proxy {
	t.Helper()
	return nginxtest.Start(t, c, append(environment, n.Path()))
}

// ForEachNGINX runs the test on every version that the proxy has to work on,
// as a subtest of its name.
func ForEachNGINX(t *testing.T, test func(t *testing.T, n NGINX)) {
	t.Helper()
	nginxtest.Require(t)
	for _, s := range suites {
		t.Run("NGINX "+s.version, func(t *testing.T) { test(t, s.nginx(t)) })
	}
}

// Newest is the NGINX version that the image is built with.
func Newest(t testing.TB) NGINX {
	t.Helper()
	nginxtest.Require(t)
	return suites[len(suites)-1].nginx(t)
}

func (s suite) nginx(t testing.TB) NGINX {
	t.Helper()
	own := NGINX{path: os.Getenv("PATH")}
	if own.findVersion(t); strings.HasPrefix(own.Version, s.version+".") {
		return own
	}
	tree := s.make(t)
	made := NGINX{path: filepath.Join(tree, "bin") + ":" + own.path}
	if made.findVersion(t); !strings.HasPrefix(made.Version, s.version+".") {
		// Not a failure: an unreleased suite moves on to newer versions.
		t.Logf("Debian %s has NGINX %s by now", s.name, made.Version)
	}
	return made
}

var versionLine = regexp.MustCompile(`nginx version: nginx/([0-9.]+)`)

func (n *NGINX) findVersion(t testing.TB) {
	t.Helper()
	command := exec.Command("sh", "-c", "nginx -v")
	command.Env = []string{n.Path()}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("nginx -v: %v: %s", err, output)
	}
	match := versionLine.FindSubmatch(output)
	if match == nil {
		t.Fatalf("nginx -v said %q, which names no version", output)
	}
	n.Version = string(match[1])
}

// BaseImage is the name of a local Docker image that has what the proxy's image
// needs of its base: NGINX as the official one has it, openssl and trusted
// certificates. The test is skipped where there is no Docker engine.
func BaseImage(t testing.TB) string {
	t.Helper()
	const image = "portico-test-base:forky"
	if output, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers: %v: %s", err, bytes.TrimSpace(output))
	}
	suites[len(suites)-1].make(t, image)
	return image
}

// make runs debian-base.
func (s suite) make(t testing.TB, image ...string) string {
	t.Helper()
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		t.Skip("mmdebstrap is not on PATH: install the package of that name, with which another Debian's NGINX is had")
	}
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("the module's root is not known: go env GOMOD: %v", err)
	}
	root := filepath.Dir(string(bytes.TrimSpace(module)))
	command := exec.Command(filepath.Join(root, "test", "e2e", "debian-base"), append([]string{s.name}, image...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	tree, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, stderr.Bytes())
	}
	return string(bytes.TrimSpace(tree))
}

// Render renders a mapping file's text.
func Render(t testing.TB, source string, text []byte) *nginxconf.Context {
	t.Helper()
	m, err := mapping.Parse(source, text)
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Derive(m, topology.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := nginxconf.Render(top.Routes, nginxconf.Options{Elsewhere: top.Elsewhere})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RequireSlow skips a test that takes minutes, unless PORTICO_SLOW is set, as
// `make test-slow` does.
func RequireSlow(t testing.TB) {
	t.Helper()
	if os.Getenv("PORTICO_SLOW") == "" {
		t.Skip("takes minutes: set PORTICO_SLOW=1, or run make test-slow")
	}
}
