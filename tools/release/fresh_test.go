package release

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAFreshMachineInstallsByEachWay installs Portico by each way of docs/install.md in a
// container that has none of this machine's caches, with the commands as they are
// written there, and rehearses the example mapping. What is published nowhere yet, the
// archives and the tag, is served from this machine. It compiles everything, which takes
// half an hour on two cores.
func TestAFreshMachineInstallsByEachWay(t *testing.T) {
	if os.Getenv("PORTICO_FRESH") == "" {
		t.Skip("compiles Pulumi and its AWS SDK from nothing, half an hour: set PORTICO_FRESH=1, or run make fresh")
	}
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		t.Fatalf("no Docker engine answers: %s", out)
	}
	r := snapshot(t)
	published := t.TempDir()
	publish(t, filepath.Join(published, "proxy", portico, "@v"))
	version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(r.archive), "portico_"), "_linux_amd64.tar.gz")
	for _, name := range []string{filepath.Base(r.archive), "checksums.txt"} {
		put(t, filepath.Join(r.dist, name), filepath.Join(published, "release", name))
	}
	run(t, root, "git", "clone", "-q", "--bare", ".", filepath.Join(published, "portico.git"))
	pages := installPage(t)
	fresh := freshImage(t)

	t.Run("an archive", func(t *testing.T) {
		inContainer(t, fresh, published, pulumiOnPath(t), rewritten(t, pages["An archive"],
			"VERSION=0.1.0", "VERSION="+version,
			"RELEASE=https://github.com/portico-iac/portico/releases/download/v$VERSION", "RELEASE=file:///published/release"))
	})
	// The clone and go install share a container, so that Pulumi's SDK is compiled once.
	t.Run("a clone, and with Go", func(t *testing.T) {
		inContainer(t, fresh, published, "", rewritten(t, pages["From a clone"],
			"https://github.com/portico-iac/portico", "/published/portico.git portico"),
			"cd /root; export PATH=$PATH:$(go env GOPATH)/bin GOPROXY=file:///published/proxy,$(go env GOPROXY) GONOSUMDB="+portico,
			pages["With Go"],
			"cd portico; portico rehearse --mapping examples/mapping.dev.yaml")
	})
	t.Run("the container image", func(t *testing.T) {
		image := buildImage(t, buildProgram(t))
		work := t.TempDir()
		put(t, filepath.Join(root, "examples/mapping.dev.yaml"), filepath.Join(work, "mapping.yaml"))
		script := rewritten(t, pages["The container image"], "ghcr.io/portico-iac/portico:0.1.0", image)
		out := run(t, work, "sh", "-exc", script)
		t.Log(out)
		requireProbesOK(t, out)
	})
}

// installPage is the commands of docs/install.md, by the heading that they stand below.
func installPage(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "docs/install.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands, heading := map[string]string{}, ""
	for line := range strings.Lines(string(data)) {
		if name, found := strings.CutPrefix(line, "## "); found {
			heading = strings.TrimSpace(name)
		}
		if command, found := strings.CutPrefix(strings.TrimSpace(line), "$ "); found {
			commands[heading] += command + "\n"
		}
	}
	return commands
}

// rewritten is a script in which texts are replaced by others, each of which it has.
func rewritten(t *testing.T, script string, replaced ...string) string {
	t.Helper()
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(script, replaced[i]) {
			t.Fatalf("docs/install.md has no %q in:\n%s", replaced[i], script)
		}
		script = strings.ReplaceAll(script, replaced[i], replaced[i+1])
	}
	return script
}

// freshImage is a Debian with git, make, curl and this machine's Go, and nothing else
// that isn't Debian's.
func freshImage(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("portico-test-fresh:%d", os.Getpid())
	context := t.TempDir()
	goroot := run(t, root, "go", "env", "GOROOT")
	shell(t, fmt.Sprintf("mmdebstrap --quiet --variant=minbase --include=ca-certificates,curl,git,make trixie '%s/debian.tar'", context))
	shell(t, fmt.Sprintf("tar --transform 's,^\\./,./usr/local/go/,' -rf '%s/debian.tar' -C '%s' ./bin ./pkg/include ./pkg/tool ./src ./go.env ./VERSION", context, goroot))
	shell(t, fmt.Sprintf("docker import --change 'ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'ENV HOME=/root' --change 'WORKDIR /root' '%s/debian.tar' %s", context, name))
	t.Cleanup(func() { run(t, root, "docker", "rmi", "--force", name) })
	return name
}

// pulumiOnPath is a script that does what Pulumi's own installation would: it puts this
// machine's CLI on PATH.
func pulumiOnPath(t *testing.T) string {
	t.Helper()
	return "install /pulumi /usr/local/bin/pulumi; apt-get update -qq; apt-get install -y -qq --no-install-recommends nginx openssl >/dev/null 2>&1"
}

// inContainer runs scripts one after the other in a container of an image, whose last
// one rehearses, and logs what each of their commands took.
func inContainer(t *testing.T, image, published string, scripts ...string) {
	t.Helper()
	pulumi, err := exec.LookPath("pulumi")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--rm", "--network", "host", "-v", published + ":/published:ro", "-v", pulumi + ":/pulumi:ro", image,
		"bash", "-c", "PS4='+ $SECONDS s: '; set -exuo pipefail\n" + strings.Join(scripts, "\n")}
	begun := time.Now()
	out, err := exec.Command("docker", args...).CombinedOutput()
	t.Logf("%s\n%.0f s", out, time.Since(begun).Seconds())
	if err != nil {
		t.Fatal(err)
	}
	requireProbesOK(t, string(out))
}
