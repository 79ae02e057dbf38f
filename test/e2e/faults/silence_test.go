package faults

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/load"
	"github.com/portico-iac/portico/test/e2e/taskdefinition"
)

const isolated = "PORTICO_TEST_ISOLATED"

// isolate runs the test in a network of its own, with the kernel parameters
// that the task has on Fargate. Packets can be dropped there without touching
// the machine's network. It returns false in the process that only waited.
func isolate(t *testing.T) bool {
	t.Helper()
	for _, tool := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not on PATH: install iproute2 and iptables to drop packets", tool)
		}
	}
	if os.Getenv(isolated) == "" {
		rerun(t)
		return false
	}
	command(t, "ip", "link", "set", "lo", "up")
	for _, control := range taskdefinition.Of(t, "portico", nil).Container.SystemControls {
		file := "/proc/sys/" + strings.ReplaceAll(control.Namespace, ".", "/")
		require.NoError(t, os.WriteFile(file, []byte(control.Value), 0o644))
	}
	return true
}

// rerun runs the test once more in a new network namespace.
func rerun(t *testing.T) {
	t.Helper()
	attributes := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if id := os.Getuid(); id != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if probe := (&exec.Cmd{Path: "/bin/true", SysProcAttr: attributes}); probe.Run() != nil {
		t.Skip("the machine doesn't allow a network namespace: run the test as root")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	again := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
	again.Env = append(os.Environ(), isolated+"=1")
	again.SysProcAttr = attributes
	output, err := again.CombinedOutput()
	t.Logf("in a network of its own:\n%s", output)
	require.NoError(t, err)
}

func command(t *testing.T, name string, arguments ...string) {
	t.Helper()
	output, err := exec.Command(name, arguments...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, arguments, output)
}

// An address that goes silent acknowledges nothing, on open connections
// either. NGINX can't tell that from an API that takes its time; the kernel can.
func TestD09_AnAddressOfTheEndpointFallsSilent(t *testing.T) {
	t.Parallel()
	if !isolate(t) {
		return
	}
	a := newAuthority(t)
	dies, lives := newEndpoint(t, "127.0.0.77:0", a.good(t)), newEndpoint(t, "127.0.0.78:0", a.good(t))
	p := proxyFor(t, a, 30*time.Second, dies, lives)
	l := load.Start(load.Options{Address: p.Address, Host: host, Connections: 16, Rate: 100, PostEvery: 4})
	require.Eventually(t, func() bool { return dies.total() > 20 && lives.total() > 20 }, nginxtest.Patience, 10*time.Millisecond)

	command(t, "iptables", "-A", "INPUT", "-d", "127.0.0.77", "-j", "DROP")
	command(t, "iptables", "-A", "INPUT", "-s", "127.0.0.77", "-j", "DROP")
	<-time.After(8 * time.Second)
	command(t, "iptables", "-F", "INPUT")
	before := dies.total()
	require.Eventually(t, func() bool { return dies.total()-before > 50 }, returnsWithin, 20*time.Millisecond, "the address is not used again")

	report := l.Stop()
	t.Log(report)
	require.Empty(t, report.Of(http.MethodGet).Failed(), "GETs failed")
	require.Empty(t, report.Of(http.MethodPost).Failed("502"), "POSTs failed")
	requireNoPostTwice(t, report, dies, lives)
	requireFewFailures(t, report)
	require.Less(t, report.Quantile(1), 6*time.Second, "callers wait for an address that is dead")
}
