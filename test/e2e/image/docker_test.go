package image

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/taskdefinition"
)

// docker runs the client; an engine that hangs fails the test.
func docker(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "docker", arguments...)
	// The classic builder is part of every engine; BuildKit's client is not
	// part of every client.
	command.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(arguments, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(stdout.String()), nil
}

func mustDocker(t testing.TB, arguments ...string) string {
	t.Helper()
	output, err := docker(arguments...)
	require.NoError(t, err)
	return output
}

var built atomic.Int64

// build builds the image of a context until the test ends and gives its ID.
func build(t testing.TB, c *nginxconf.Context, base string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, c.WriteTo(dir))
	tag := fmt.Sprintf("portico-test:%d-%d", os.Getpid(), built.Add(1))
	arguments := append([]string{"build", "--quiet", "--force-rm", "--build-arg", "BASE_IMAGE=" + base, "--tag", tag}, more...)
	id := mustDocker(t, append(arguments, dir)...)
	t.Cleanup(func() { mustDocker(t, "rmi", "--force", tag) })
	return id
}

// container is a container that runs as Fargate would run it.
type container struct {
	id string
	// address is its network address.
	address string
}

// gateway is the machine's address in the containers' network, which only
// this machine reaches.
func gateway(t testing.TB) string {
	t.Helper()
	text := mustDocker(t, "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
	_, subnet, err := net.ParseCIDR(text)
	require.NoError(t, err)
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, address := range addresses {
		if own, ok := address.(*net.IPNet); ok && subnet.Contains(own.IP) {
			return own.IP.String()
		}
	}
	t.Skipf("the machine has no address in the containers' network %s: the engine runs on another one", subnet)
	return ""
}

// create makes a container of the definition, with no-new-privileges besides,
// which Fargate doesn't offer, and more arguments of docker create.
func create(t testing.TB, d taskdefinition.Definition, more ...string) container {
	t.Helper()
	c := d.Container
	arguments := []string{"create", "--user", c.User, "--stop-timeout", strconv.Itoa(c.StopTimeout), "--security-opt", "no-new-privileges"}
	if c.ReadonlyRootFilesystem {
		arguments = append(arguments, "--read-only")
	}
	for _, name := range c.LinuxParameters.Capabilities.Drop {
		arguments = append(arguments, "--cap-drop", name)
	}
	for _, name := range c.LinuxParameters.Capabilities.Add {
		arguments = append(arguments, "--cap-add", name)
	}
	for _, u := range c.Ulimits {
		arguments = append(arguments, "--ulimit", limit(t, u.Name, u.SoftLimit, u.HardLimit))
	}
	for _, s := range c.SystemControls {
		arguments = append(arguments, "--sysctl", s.Namespace+"="+s.Value)
	}
	for _, e := range c.Environment {
		arguments = append(arguments, "--env", e.Name+"="+e.Value)
	}
	for _, m := range c.MountPoints {
		require.Contains(t, d.Volumes, m.SourceVolume)
		arguments = append(arguments, "--mount", emptyVolume(t, c.Image, m.ContainerPath))
	}
	require.Empty(t, c.EntryPoint)
	arguments = append(arguments, more...)
	id := mustDocker(t, append(append(arguments, c.Image), c.Command...)...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the container said: %s", logs(t, id))
		}
		mustDocker(t, "rm", "--force", "--volumes", id)
	})
	return container{id: id}
}

// limit is the resource limit, lowered where the machine allows its own
// processes less, and the engine with them.
func limit(t testing.TB, name string, soft, hard int) string {
	t.Helper()
	var own syscall.Rlimit
	require.Equal(t, "nofile", name, "the one limit that the proxy needs")
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &own))
	if own.Max < uint64(hard) {
		t.Logf("the machine allows %d open files, not %d", own.Max, hard)
		hard = int(own.Max)
	}
	return fmt.Sprintf("%s=%d:%d", name, min(soft, hard), hard)
}

// emptyVolume is a mount as Fargate makes it of a volume that has only a name.
func emptyVolume(t testing.TB, image, path string) string {
	t.Helper()
	declared := mustDocker(t, "image", "inspect", "--format", "{{json .Config.Volumes}}", image)
	var volumes map[string]any
	require.NoError(t, json.Unmarshal([]byte(declared), &volumes))
	if _, ok := volumes[path]; ok {
		return "type=volume,destination=" + path
	}
	dir := filepath.Join(t.TempDir(), "volume")
	require.NoError(t, os.Mkdir(dir, 0o755))
	return "type=bind,source=" + dir + ",destination=" + path
}

// start starts the container and finds its address.
func (c *container) start(t testing.TB) {
	t.Helper()
	mustDocker(t, "start", c.id)
	c.address = c.inspect(t, "{{.NetworkSettings.IPAddress}}")
}

func (c *container) inspect(t testing.TB, format string) string {
	t.Helper()
	return mustDocker(t, "inspect", "--format", format, c.id)
}

// logs are both outputs of a container.
func logs(t testing.TB, id string) string {
	t.Helper()
	output, err := exec.Command("docker", "logs", id).CombinedOutput()
	require.NoError(t, err)
	return string(output)
}

// proxy is the container as tests of the proxy know one.
func (c *container) proxy() *nginxtest.Proxy {
	return &nginxtest.Proxy{Address: net.JoinHostPort(c.address, strconv.Itoa(components.ProxyPort))}
}
