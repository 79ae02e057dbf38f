package embedding

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/rehearsal/rehearsaltest"
	"github.com/portico-iac/portico/mapping"
)

const (
	root    = "../.."
	example = root + "/examples/embedding"
)

// answer is what the example prints.
type answer struct {
	Hosts   []struct{ Name, Account string }
	Changes map[string]automation.Changes
	Shared  *automation.SharedOutputs
}

func TestAProgramOfAnotherModuleDeploysAndPreviews(t *testing.T) {
	command, err := automation.FindCommand(filepath.Join(root, "bin"))
	if err != nil {
		t.Skipf("no Pulumi CLI: %v", err)
	}
	program := build(t)
	dir := filepath.Join(t.TempDir(), "project")
	require.NoError(t, os.CopyFS(dir, os.DirFS(example)))
	envFile := filepath.Join(t.TempDir(), "env")
	rehearsaltest.Simulate(t, rehearsal.SimulateOptions{
		Mapping: filepath.Join(dir, "mapping.yaml"), Project: dir, EnvFile: envFile, Command: command,
	})
	run := func(args ...string) answer {
		t.Helper()
		cmd := exec.Command(program, append([]string{"-dir", dir}, args...)...)
		cmd.Env = append(os.Environ(), exported(t, envFile)...)
		var out, progress bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &progress
		require.NoError(t, cmd.Run(), progress.String())
		var a answer
		require.NoError(t, json.Unmarshal(out.Bytes(), &a), out.String())
		return a
	}

	first := run("-preview")
	require.Positive(t, first.Changes["dev"].Create)
	require.Nil(t, first.Shared, "a preview has no outputs")

	up := run()
	require.Len(t, up.Hosts, 2)
	require.Equal(t, "222222222222", up.Hosts[0].Account)
	require.Equal(t, first.Changes["dev"].Create, up.Changes["dev"].Create, "what was previewed was done")
	require.Positive(t, up.Changes["dev-billing"].Create)
	require.NotNil(t, up.Shared)
	require.Equal(t, "us-east-1", up.Shared.Region)
	require.Regexp(t, `^vpce-[0-9a-f]{17}$`, up.Shared.VPCEndpointID)
	require.NotEmpty(t, up.Shared.VPCID)
	require.NotEmpty(t, up.Shared.LoadBalancerDNSName)
	require.Equal(t, []mapping.Host{"invoices.apis.example.com"}, up.Shared.Hosts)

	for stack, changes := range run("-preview").Changes {
		changes.Same = 0
		require.Equal(t, automation.Changes{}, changes, "%s: after a deployment there is nothing to do", stack)
	}
}

// build builds the example in its own module, without a network.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "platform")
	cmd := exec.Command("go", "build", "-mod=readonly", "-ldflags=-s", "-o", program, ".")
	cmd.Dir = example
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// exported are the variables of a file of export lines, and a PATH with the
// Pulumi CLI that the repository builds.
func exported(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	bin, err := filepath.Abs(filepath.Join(root, "bin"))
	require.NoError(t, err)
	variables := []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		name, value, found := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		require.True(t, found, lines.Text())
		if name != "PATH" {
			variables = append(variables, name+"="+strings.Trim(value, "'"))
		}
	}
	return variables
}

// TestTheExampleRequiresWhatPorticoRequires keeps the example's go.mod at the
// versions of the repository's, so that one module cache serves both.
func TestTheExampleRequiresWhatPorticoRequires(t *testing.T) {
	read := func(dir string) map[string]string {
		cmd := exec.Command("go", "mod", "edit", "-json")
		cmd.Dir = dir
		out, err := cmd.Output()
		require.NoError(t, err)
		var file struct {
			Require []struct{ Path, Version string }
		}
		require.NoError(t, json.Unmarshal(out, &file))
		versions := map[string]string{}
		for _, r := range file.Require {
			versions[r.Path] = r.Version
		}
		return versions
	}
	theirs := read(root)
	for path, version := range read(example) {
		// What Portico's own module file leaves to its requirements' files has
		// no version there to differ from.
		if portico, listed := theirs[path]; listed {
			require.Equal(t, portico, version, "%s: copy the repository's requirements and go.sum, or run go mod tidy in examples/embedding", path)
		}
	}
}
