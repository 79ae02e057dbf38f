package workflows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// setup is a checkout with the scripts of tools/ and the files that they read, whose PATH
// has no more than they need and what a test puts there.
func setup(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{t: t, dir: t.TempDir(), env: map[string]string{}}
	for _, name := range []string{"tools/ensure-packages", "tools/ensure-pulumi", "tools/go-build", "tools/go.mod", "automation/command.go"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		c.write(name, string(data), 0o755)
	}
	for _, name := range []string{"bash", "env", "sed", "sort", "dirname", "basename", "grep", "mkdir", "id"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(c.dir, "path"), 0o755))
		require.NoError(t, os.Symlink(path, filepath.Join(c.dir, "path", name)))
	}
	return c
}

// ensure runs a script of tools/ and returns what it printed, and its exit code.
func (c *checkout) ensure(script string, args ...string) (string, int) {
	c.t.Helper()
	cmd := exec.Command(filepath.Join(c.dir, "tools", script), args...)
	cmd.Env = []string{"PATH=" + filepath.Join(c.dir, "path")}
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		require.ErrorAs(c.t, err, new(*exec.ExitError), string(output))
	}
	return string(output), cmd.ProcessState.ExitCode()
}

// goStandIn answers `go list` with 60 packages and builds by naming them.
const goStandIn = `case $1 in
list) printf 'go: downloading example.com/a v1.0.0\n' >&2; for i in {1..60}; do echo "example.com/p$i"; done ;;
build) for i in {1..60}; do echo "example.com/p$i" >&2; done ;;
esac`

// TestAPulumiThatIsRecentEnoughIsUsedAsItIs: the pinned one is built where there is none,
// and where the one on PATH is too old, which is said.
func TestAPulumiThatIsRecentEnoughIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version string // of the CLI on PATH; empty: there is none
		builds  bool
		says    string
	}{
		"the oldest that works":  {version: "v3.181.0"},
		"the pinned one":         {version: "v3.250.0"},
		"a newer one":            {version: "v3.1000.0"},
		"a build of a newer one": {version: "v3.300.0-alpha.1+abc"},
		"none":                   {builds: true},
		"one that is too old":    {version: "v3.180.9", builds: true, says: "path/pulumi is version 3.180.9, and Portico needs 3.181.0 or a newer one of version 3"},
		"another major version":  {version: "v4.0.0", builds: true, says: "path/pulumi is version 4.0.0, and Portico needs 3.181.0 or a newer one of version 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			c.standIn("go", goStandIn)
			c.standIn("pulumi-language-go", "")
			if test.version != "" {
				c.standIn("pulumi", "echo "+test.version)
			}
			output, code := c.ensure("ensure-pulumi")
			require.Zero(t, code, output)
			built := strings.Contains(strings.Join(c.calls(), "\n"), "go build -C tools")
			require.Equal(t, test.builds, built, "%s\n%s", c.calls(), output)
			require.Contains(t, output, test.says)
			if !built {
				require.Empty(t, output)
			}
		})
	}
}

// TestAColdBuildSaysHowFarItIs counts modules that are fetched and packages that are
// compiled, and passes on what else the Go command says.
func TestAColdBuildSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.standIn("go", goStandIn)
	c.standIn("pulumi-language-go", "")
	output, code := c.ensure("ensure-pulumi")
	require.Zero(t, code, output)
	require.Contains(t, output, "setup: building Pulumi v3.")
	require.Contains(t, output, "setup: pulumi: downloading modules, 1 so far")
	require.Contains(t, output, "setup: pulumi: 30 of about 60 packages compiled")
	require.Contains(t, output, "setup: built bin/pulumi in ")
	require.NotContains(t, output, "example.com")

	broken := setup(t)
	broken.standIn("go", `case $1 in build) printf '# example.com/p\np.go:1:1: undefined: x\n' >&2; exit 1 ;; esac`)
	output, code = broken.ensure("ensure-pulumi")
	require.NotZero(t, code, output)
	require.Contains(t, output, "# example.com/p\np.go:1:1: undefined: x\n")
	require.NotContains(t, output, "setup: built")
}

// TestNothingIsInstalledThatIsThere runs where there is neither apt nor sudo.
func TestNothingIsInstalledThatIsThere(t *testing.T) {
	t.Parallel()
	c := setup(t)
	for _, name := range []string{"nginx", "openssl", "curl"} {
		c.standIn(name, "exit 1")
	}
	output, code := c.ensure("ensure-packages", "nginx", "openssl", "curl")
	require.Zero(t, code, output)
	require.Empty(t, output)
	require.Empty(t, c.calls())

	output, code = c.ensure("ensure-packages", "nginx", "missing-command=its-package")
	require.Equal(t, 1, code, output)
	require.Equal(t, "setup: install these by your system's package manager: its-package\n", output)
}
