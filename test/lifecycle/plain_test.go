package lifecycle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

// plain is an environment in which the Pulumi CLI runs the programs of main.go and
// accounts/provider/main.go, with no help from package automation.
type plain struct {
	*simulatedEnvironment
	pulumi string
}

func newPlain(t *testing.T, files map[string]string) *plain {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		require.NoError(t, err)
		return string(data)
	}
	// The programs, in a module like any that embeds Portico.
	files["main.go"], files["accounts/provider/main.go"] = read("main.go"), read("accounts/provider/main.go")
	files["go.mod"] = strings.Replace(read("examples/embedding/go.mod"), "=> ../..", "=> "+root, 1)
	files["go.sum"] = read("examples/embedding/go.sum")
	p := &plain{simulatedEnvironment: newEnvironment(t, files, movingSetup())}
	// The programs hold Pulumi's AWS SDK: without symbol tables they are linked in a
	// quarter of the time.
	p.env.Env["GOFLAGS"] = strings.TrimSpace(os.Getenv("GOFLAGS") + " -ldflags=-s")
	p.pulumi, err = filepath.Abs(p.engine.path)
	require.NoError(t, err)
	p.run("-C", p.project, "stack", "init", "dev")
	p.run("-C", filepath.Join(p.project, "accounts", "provider"), "stack", "init", "dev-orders")
	return p
}

// run runs the Pulumi CLI and returns what it printed.
func (p *plain) run(args ...string) string {
	p.t.Helper()
	output, err := p.command(p.pulumi, append([]string{"--non-interactive", "--color", "never"}, args...)...).CombinedOutput()
	require.NoError(p.t, err, "pulumi %s\n%s", strings.Join(args, " "), output)
	return string(output)
}

// up brings one stack up and returns what was printed.
func (p *plain) up(stack string) string {
	p.t.Helper()
	dir := p.project
	if stack != "dev" {
		dir = filepath.Join(dir, "accounts", "provider")
	}
	return p.run("-C", dir, "up", "--yes", "--skip-preview", "-s", stack)
}

// TestPlainPulumiDoesWhatPorticoDoes brings an environment up stack by stack. The
// slow variant then moves a host to another front door in the documented order:
// each update says what to run next. In the end the driver finds nothing to do.
func TestPlainPulumiDoesWhatPorticoDoes(t *testing.T) {
	t.Parallel()
	p := newPlain(t, movingProject(mapping.FrontDoorNGINX))
	p.refuses()
	p.needsTheSharedStack()
	p.up("dev")
	p.up("dev-orders")
	p.atRest()
	if !slow() {
		return
	}
	write(t, p.project, map[string]string{"mapping.yaml": movingMapping(mapping.FrontDoorALB)})
	require.Contains(t, p.up("dev"), "on the accounts' stacks, then on this one again")
	require.Contains(t, p.up("dev-orders"), "run pulumi up on stack organization/portico/dev next")
	require.Contains(t, p.up("dev"), "on this stack again a minute later")
	require.Contains(t, p.up("dev"), "admit the earlier front door until")
	p.up("dev-orders")
	p.atRest()
}

// refuses demands that the program says what the driver's preview says, before anything
// is made.
func (p *plain) refuses() {
	p.t.Helper()
	file := filepath.Join(p.project, "Pulumi.dev.yaml")
	settings, err := os.ReadFile(file)
	require.NoError(p.t, err)
	wrong := strings.Replace(string(settings), "config:\n", "config:\n  aws:defaultTags: {tags: {cost: \"1\"}}\n", 1)
	require.NoError(p.t, os.WriteFile(file, []byte(wrong), 0o600))
	_, preview := p.env.Preview(p.t.Context())
	const want = "aws:defaultTags: Portico's AWS providers don't read it: write portico:tags: {KEY: VALUE}"
	require.ErrorContains(p.t, preview, want)
	output, err := p.command(p.pulumi, "--non-interactive", "--color", "never", "-C", p.project, "up", "--yes", "--skip-preview", "-s", "dev").CombinedOutput()
	require.Error(p.t, err)
	require.Contains(p.t, string(output), want)
	require.NotContains(p.t, string(output), "aws:ec2:Vpc", "nothing is made")
	require.NoError(p.t, os.WriteFile(file, settings, 0o600))
}

// needsTheSharedStack demands that a provider stack says what to do before the shared one
// exists.
func (p *plain) needsTheSharedStack() {
	p.t.Helper()
	dir := filepath.Join(p.project, "accounts", "provider")
	p.run("-C", p.project, "stack", "rm", "--yes", "dev", "--preserve-config")
	output, err := p.command(p.pulumi, "--non-interactive", "--color", "never", "-C", dir, "preview", "-s", "dev-orders").CombinedOutput()
	require.Error(p.t, err)
	require.Contains(p.t, string(output), "read stack organization/portico/dev (portico:shared.stack): the state's backend has no such stack: bring the shared stack up first")
	require.NotContains(p.t, string(output), "unknown stack")
	p.run("-C", p.project, "stack", "init", "dev")
}

// atRest demands that the driver finds nothing to do, in any phase.
func (p *plain) atRest() {
	p.t.Helper()
	require.Empty(p.t, p.requireNoChanges().Ahead)
}
