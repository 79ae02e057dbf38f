package release

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestTheImageRunsWhatItIsFor builds the image of a release by its Dockerfile, on a Debian
// of the same suite from Debian's mirror and with this machine's Pulumi CLI, and rehearses
// the example mapping in it.
func TestTheImageRunsWhatItIsFor(t *testing.T) {
	slowly(t, "builds an image")
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers: %s", out)
	}
	program := buildProgram(t)
	image := buildImage(t, program)

	work := t.TempDir()
	mapping, err := os.ReadFile(filepath.Join(root, "examples/mapping.dev.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "mapping.yaml"), mapping, 0o644); err != nil {
		t.Fatal(err)
	}
	const user = "12345:12345" // none of the image's
	if err := os.Chown(work, 12345, 12345); err != nil {
		t.Skipf("another user's directory can't be made: %v", err)
	}
	inImage := func(args ...string) string {
		return run(t, work, "docker", append([]string{"run", "--rm", "--network", "none", "--user", user, "-v", work + ":/work", image}, args...)...)
	}
	if got, want := inImage("version"), run(t, work, program, "version"); got != want || !strings.Contains(got, "Pulumi CLI >=") {
		t.Errorf("version: %s, want %s", got, want)
	}
	if out := inImage("validate", "--mapping", "mapping.yaml"); !strings.Contains(out, "mapping.yaml: ok") {
		t.Errorf("validate: %s", out)
	}
	requireProbesOK(t, inImage("rehearse", "--mapping", "mapping.yaml", "--html", "page.html"))
	page, err := os.Stat(filepath.Join(work, "page.html"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := run(t, work, "stat", "-c", "%u:%g", "page.html"); owner != user || page.Size() == 0 {
		t.Errorf("page.html has %d bytes and belongs to %s, want %s", page.Size(), owner, user)
	}
}

// buildProgram builds this machine's program, and returns its path.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "portico")
	run(t, root, "go", "build", "-ldflags=-s", "-o", program, "./cmd/portico")
	return program
}

// buildImage builds the image with a program until the test ends, and returns its name.
func buildImage(t *testing.T, program string) string {
	t.Helper()
	pulumi, err := exec.LookPath("pulumi")
	if err != nil {
		pulumi, err = filepath.Abs(filepath.Join(root, "bin/pulumi"))
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("portico-test-release:%d", os.Getpid())
	base, cli := debianImage(t), name+"-pulumi"
	files := t.TempDir()
	put(t, pulumi, filepath.Join(files, "pulumi/bin/pulumi"))
	shell(t, fmt.Sprintf("tar -C '%s' -c . | docker import - %s", files, cli))
	t.Cleanup(func() { run(t, root, "docker", "rmi", "--force", cli) })

	platform := runtime.GOOS + "/" + runtime.GOARCH
	context := t.TempDir()
	put(t, program, filepath.Join(context, platform, "portico"))
	put(t, filepath.Join(root, "tools/release/Dockerfile"), filepath.Join(context, "Dockerfile"))
	put(t, filepath.Join(root, "tools/release/entrypoint"), filepath.Join(context, "tools/release/entrypoint"))
	// The classic builder is part of every engine; it doesn't set TARGETPLATFORM.
	t.Setenv("DOCKER_BUILDKIT", "0")
	run(t, context, "docker", "build", "--quiet", "--force-rm", "--network", "host", "--tag", name, "--build-arg", "BASE_IMAGE="+base,
		"--build-arg", "PULUMI_IMAGE="+cli, "--build-arg", "TARGETPLATFORM="+platform, context)
	t.Cleanup(func() { run(t, root, "docker", "rmi", "--force", name) })
	return name
}

// debianImage is an image of the suite that the Dockerfile names, from Debian's mirror.
func debianImage(t *testing.T) string {
	t.Helper()
	const suite = "trixie"
	dockerfile, err := os.ReadFile(filepath.Join(root, "tools/release/Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(dockerfile), "BASE_IMAGE=debian:"+suite+"-slim\n") {
		t.Fatalf("the Dockerfile's base is not Debian %s any longer: change this test's suite", suite)
	}
	tree := run(t, root, "test/e2e/debian-base", suite)
	name := "portico-test-debian:" + suite
	if exec.Command("docker", "image", "inspect", name).Run() != nil {
		shell(t, fmt.Sprintf("docker import - %s <'%s.tar'", name, tree))
	}
	return name
}

// put copies an executable.
func put(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

func shell(t *testing.T, script string) {
	t.Helper()
	run(t, root, "sh", "-ec", script)
}

// requireProbesOK wants a rehearsal whose probes are all as they should be.
func requireProbesOK(t *testing.T, out string) {
	t.Helper()
	var good, all int
	for line := range strings.Lines(out) {
		if strings.HasSuffix(strings.TrimSpace(line), " probes ok") {
			fmt.Sscanf(line, "%d of %d probes ok", &good, &all)
		}
	}
	if good == 0 || good != all {
		t.Errorf("%d of %d probes are ok", good, all)
	}
}
