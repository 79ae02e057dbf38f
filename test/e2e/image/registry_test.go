package image

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// registry is a registry of the distribution project that listens on the loopback
// interface, where the engine asks for no TLS.
type registry struct{ address string }

// startRegistry runs a registry until the test ends. The test is skipped where the
// machine has none, or no Docker engine.
func startRegistry(t testing.TB) registry {
	t.Helper()
	if output, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers: %v: %s", err, bytes.TrimSpace(output))
	}
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("docker-registry is not on PATH: install the package of that name")
	}
	r := registry{nginxtest.FreeAddress(t)}
	file := filepath.Join(t.TempDir(), "config.yml")
	require.NoError(t, os.WriteFile(file, []byte(fmt.Sprintf(
		"version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", t.TempDir(), r.address)), 0o600))
	command := exec.Command(program, "serve", file)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		require.NoError(t, command.Process.Kill())
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("the registry said: %s", output.Bytes())
		}
	})
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + r.address + "/v2/")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, nginxtest.Patience, 20*time.Millisecond)
	return r
}

var pushedDigest = regexp.MustCompile(`digest: (sha256:[0-9a-f]{64})`)

// push gives the registry an image of the engine under a name and tag, and returns its
// digest.
func (r registry) push(t testing.TB, id, name string) (digest string) {
	t.Helper()
	reference := r.address + "/" + name
	mustDocker(t, "tag", id, reference)
	t.Cleanup(func() { _, _ = docker("rmi", "--force", reference) }) // it may be gone
	match := pushedDigest.FindStringSubmatch(mustDocker(t, "push", reference))
	require.NotNil(t, match)
	require.Equal(t, match[1], r.digest(t, name))
	return match[1]
}

// digest is what the registry answers for a tag.
func (r registry) digest(t testing.TB, name string) string {
	t.Helper()
	repository, tag, _ := strings.Cut(name, ":")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+r.address+"/v2/"+repository+"/manifests/"+tag, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	return response.Header.Get("Docker-Content-Digest")
}

// pull gets an image by its digest from the registry, also where the engine has it.
func (r registry) pull(t testing.TB, repository, digest string) (reference string) {
	t.Helper()
	reference = r.address + "/" + repository + "@" + digest
	_, _ = docker("rmi", "--force", reference) // the engine may not have it
	mustDocker(t, "pull", "--quiet", reference)
	t.Cleanup(func() { _, _ = docker("rmi", "--force", reference) })
	return reference
}

// layered is an image on another one, with a label.
func layered(t testing.TB, base, label string) (id string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM "+base+"\nLABEL patch="+label+"\n"), 0o644))
	id = mustDocker(t, "build", "--quiet", "--force-rm", dir)
	t.Cleanup(func() { _, _ = docker("rmi", "--force", id) })
	return id
}

func label(t testing.TB, image string) string {
	t.Helper()
	return mustDocker(t, "image", "inspect", "--format", `{{index .Config.Labels "patch"}}`, image)
}

// based renders a mapping's context on a base.
func based(t testing.TB, n int, base string) *nginxconf.Context {
	t.Helper()
	return onBase(t, hosts(t, n), base)
}

// onBase is the context as a stack renders it: the base stands in the Dockerfile.
func onBase(t testing.TB, c *nginxconf.Context, base string) *nginxconf.Context {
	t.Helper()
	changed := &nginxconf.Context{BaseImage: base}
	for _, f := range c.Files {
		if f.Name == nginxconf.DockerfileName {
			f.Data = bytes.Replace(f.Data, []byte(nginxconf.DefaultBaseImage), []byte(base), 1)
			require.Contains(t, string(f.Data), base)
		}
		changed.Files = append(changed.Files, f)
	}
	return changed
}

// buildAnew builds a context as a machine does that has never built it.
func buildAnew(t testing.TB, c *nginxconf.Context, more ...string) (id string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, c.WriteTo(dir))
	id = mustDocker(t, append(append([]string{"build", "--quiet", "--force-rm", "--no-cache"}, more...), dir)...)
	t.Cleanup(func() { _, _ = docker("rmi", "--force", id) })
	return id
}

// TestABuildByATagTakesWhatTheMachineHas moves a base's tag in the registry. The engine
// goes on to build on the image that it has under the tag; by the digest that the
// registry answers, it builds on the new one. It is why a refresh looks the tag up.
func TestABuildByATagTakesWhatTheMachineHas(t *testing.T) {
	r := startRegistry(t)
	empty := emptyImage(t, runtime.GOARCH)
	const name = "team/nginx:1.30"
	base := r.address + "/" + name
	patched := layered(t, empty, "new")
	newDigest := r.push(t, patched, name)
	require.NotEqual(t, newDigest, r.push(t, layered(t, empty, "old"), name))
	// Another machine publishes the patched one: this one keeps the old one's tag.
	require.Equal(t, newDigest, r.push(t, patched, "team/nginx:patched"))
	r.retag(t, "team/nginx", newDigest, "1.30")

	require.Equal(t, "old", label(t, base))
	require.Equal(t, newDigest, r.digest(t, name), "which is what a look-up answers")
	require.Equal(t, "old", label(t, buildAnew(t, based(t, 1, base))))
	require.Equal(t, "new", label(t, buildAnew(t, based(t, 1, base+"@"+newDigest))))
}

// retag lets a tag lead to an image that the registry has, by the registry's API alone.
func (r registry) retag(t testing.TB, repository, digest, tag string) {
	t.Helper()
	const manifest = "application/vnd.docker.distribution.manifest.v2+json"
	url := "http://" + r.address + "/v2/" + repository + "/manifests/"
	get, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+digest, nil)
	require.NoError(t, err)
	get.Header.Set("Accept", manifest)
	response, err := http.DefaultClient.Do(get)
	require.NoError(t, err)
	defer response.Body.Close()
	put, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+tag, response.Body)
	require.NoError(t, err)
	put.ContentLength = response.ContentLength
	put.Header.Set("Content-Type", manifest)
	answer, err := http.DefaultClient.Do(put)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)
}

// TestARealRegistryGoesBackToAnEarlierImage pushes the images of one mapping, of
// another, and of the first again, built as on another machine. The third has another
// digest under the first one's tag, and each can be pulled and run by its digest.
func TestARealRegistryGoesBackToAnEarlierImage(t *testing.T) {
	proxytest.RequireSlow(t)
	r := startRegistry(t)
	empty := emptyImage(t, runtime.GOARCH)
	base := r.address + "/team/nginx@" + r.push(t, empty, "team/nginx:1.30")
	first, other := based(t, 1, base), based(t, 2, base)
	tag := func(c *nginxconf.Context) string { return "proxy:" + c.Digest()[:16] + "-arm64" }
	require.NotEqual(t, tag(first), tag(other))

	before := r.push(t, buildAnew(t, first), tag(first))
	between := r.push(t, buildAnew(t, other), tag(other))
	again := r.push(t, buildAnew(t, first), tag(first))
	require.NotEqual(t, before, again, "the same context built again is another image")
	require.Equal(t, again, r.digest(t, tag(first)))
	for _, digest := range []string{before, between, again} {
		reference := r.pull(t, "proxy", digest)
		require.Equal(t, `["sh","/etc/portico/entrypoint.sh"]`, mustDocker(t, "image", "inspect", "--format", "{{json .Config.Entrypoint}}", reference))
	}
}

// TestTheImageRunsByItsDigest is the whole way: a base in a registry by its digest, the
// image built on it and pushed, pulled and run by its digest, another one under the same
// tag, and the first again.
func TestTheImageRunsByItsDigest(t *testing.T) {
	proxytest.RequireSlow(t)
	r := startRegistry(t)
	authority := nginxtest.NewAuthority(t)
	base := r.address + "/team/nginx@" + r.push(t, trusting(t, proxytest.BaseImage(t), authority.File), "team/nginx:1.30")
	u := upstream(t, nginxtest.UpstreamOptions{Authority: authority})
	answers := func(reference string, second int) {
		c := run(t, reference, u.Address)
		p := c.proxy()
		require.Equal(t, 200, p.Get(t, host, "/pets").Status)
		require.Equal(t, second, p.Get(t, "api1.internal.example.com", "/pets").Status)
		mustDocker(t, "kill", c.id)
	}
	one := r.push(t, buildAnew(t, based(t, 1, base)), "proxy:current")
	answers(r.pull(t, "proxy", one), 404)
	two := r.push(t, buildAnew(t, based(t, 2, base)), "proxy:current")
	require.Equal(t, two, r.digest(t, "proxy:current"))
	answers(r.pull(t, "proxy", two), 200)
	answers(r.pull(t, "proxy", one), 404)
}
