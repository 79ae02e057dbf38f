package workflows

import (
	"crypto/sha256"
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
)

// aptSystem is a system of apt's own directories below dir, with a repository of one
// package. The real apt-get works on it; dpkg is a stand-in that notes what it is asked.
func aptSystem(t *testing.T) (c *checkout, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("apt-get takes its locks as root only")
	}
	for _, command := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("no %s on this machine: it is no Debian", command)
		}
	}
	c = setup(t)
	dir = filepath.Join(c.dir, "apt")
	for _, part := range []string{
		"etc/apt/sources.list.d", "etc/apt/preferences.d", "etc/apt/apt.conf.d", "etc/apt/trusted.gpg.d",
		"var/lib/apt/lists/partial", "var/lib/dpkg", "var/cache/apt/archives/partial", "repository", "package/DEBIAN",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, part), 0o755))
	}
	control := "Package: its-package\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: a test's\n"
	c.write("apt/package/DEBIAN/control", control, 0o644)
	archive := filepath.Join(dir, "repository/its-package.deb")
	output, err := exec.Command("dpkg-deb", "--build", filepath.Join(dir, "package"), archive).CombinedOutput()
	require.NoError(t, err, string(output))
	data, err := os.ReadFile(archive)
	require.NoError(t, err)
	c.write("apt/repository/Packages", fmt.Sprintf("%sFilename: ./its-package.deb\nSize: %d\nSHA256: %x\n\n", control, len(data), sha256.Sum256(data)), 0o644)
	c.write("apt/etc/apt/sources.list", "deb [trusted=yes] file:"+dir+"/repository ./\n", 0o644)
	c.write("apt/var/lib/dpkg/status", "", 0o644)
	c.write("apt/dpkg", "#!/bin/sh\necho \"$@\" >>"+dir+"/asked\n", 0o755)
	c.write("apt/apt.conf", fmt.Sprintf(`Dir "%[1]s/"; Dir::State::status "%[1]s/var/lib/dpkg/status"; Dir::Bin::dpkg "%[1]s/dpkg"; Dir::Log "%[1]s";
APT::Sandbox::User "root"; DPkg::Use-Pty "false";
`, dir), 0o644)
	for _, name := range []string{"apt-get", "sleep"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(c.dir, "path", name)))
	}
	return c, dir
}

// lock takes a lock as apt and dpkg do. It holds until the file is closed.
func lock(t *testing.T, file string) io.Closer {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o640)
	require.NoError(t, err)
	require.NoError(t, syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}))
	return f
}

// TestPackagesWaitForTheSystemsOwnUpdates holds each lock of the real apt-get, as the
// updates of a fresh machine do, and releases it once the script says that it waits.
func TestPackagesWaitForTheSystemsOwnUpdates(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock", "var/lib/apt/lists/lock", "var/cache/apt/archives/lock",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, dir := aptSystem(t)
			held := lock(t, filepath.Join(dir, name))
			cmd := exec.Command(filepath.Join(c.dir, "tools/ensure-packages"), "missing-command=its-package")
			cmd.Env = []string{"PATH=" + filepath.Join(c.dir, "path"), "APT_CONFIG=" + filepath.Join(dir, "apt.conf")}
			said := filepath.Join(dir, "said")
			output, err := os.Create(said)
			require.NoError(t, err)
			cmd.Stdout, cmd.Stderr = output, output
			require.NoError(t, cmd.Start())
			require.NoError(t, output.Close())
			waits := appears(said, "setup: waiting for the other program to be done with it, at most 10 minutes\n")
			require.NoError(t, held.Close())
			err = cmd.Wait()
			text, readErr := os.ReadFile(said)
			require.NoError(t, readErr)
			require.NoError(t, err, string(text))
			require.True(t, waits, string(text))
			require.Contains(t, string(text), "Could not get lock "+filepath.Join(dir, name)+". It is held by process ")
			asked, err := os.ReadFile(filepath.Join(dir, "asked"))
			require.NoError(t, err)
			require.Contains(t, string(asked), "--unpack")
		})
	}
}

// appears reports whether a text appears in a file within 30 s.
func appears(file, text string) bool {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), text) {
			return true
		}
	}
	return false
}

// TestPackagesDoNotWaitForOtherFaultsNorForEver: a missing package is said at once, and a
// lock that stays for as long as the script waits.
func TestPackagesDoNotWaitForOtherFaultsNorForEver(t *testing.T) {
	t.Parallel()
	c, dir := aptSystem(t)
	c.env["APT_CONFIG"] = filepath.Join(dir, "apt.conf")
	output, code := c.ensure("ensure-packages", "missing-command=no-such-package")
	require.Equal(t, 1, code, output)
	require.Contains(t, output, "Unable to locate package no-such-package")
	require.NotContains(t, output, "waiting")

	script := filepath.Join(c.dir, "tools/ensure-packages")
	data, err := os.ReadFile(script)
	require.NoError(t, err)
	require.Contains(t, string(data), "\npatience=600\n")
	c.write("tools/ensure-packages", strings.Replace(string(data), "\npatience=600\n", "\npatience=3\n", 1), 0o755)
	held := lock(t, filepath.Join(dir, "var/lib/apt/lists/lock"))
	defer func() { require.NoError(t, held.Close()) }()
	output, code = c.ensure("ensure-packages", "missing-command=its-package")
	require.Equal(t, 1, code, output)
	require.Contains(t, output, "wait until it is done, or end it, and try again")
}
