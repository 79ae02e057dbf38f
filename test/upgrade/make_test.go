package upgrade

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/test/environments"
)

var release = flag.String("release", "", "make the states of the release with this `TAG`, by the program as it is")

// TestMakeTheStatesOfARelease brings the environments up, and keeps what Pulumi and the
// simulated accounts hold then. `make upgrade-fixture TAG=v0.1.0` runs it.
func TestMakeTheStatesOfARelease(t *testing.T) {
	if *release == "" {
		t.Skip("makes testdata: run make upgrade-fixture TAG=vX.Y.Z")
	}
	// With "-dirty" where files differ from the commit.
	commit, err := exec.Command("git", "describe", "--always", "--exclude", "*", "--abbrev=40", "--dirty").Output()
	require.NoError(t, err)
	dir := filepath.Join("testdata", *release)
	require.NoError(t, os.RemoveAll(dir))
	for _, name := range environments.Names() {
		t.Run(name, func(t *testing.T) {
			o := environments.Options(t, name)
			o.StateDir = t.TempDir()
			setup, err := os.ReadFile(o.Setup)
			require.NoError(t, err)
			p := prepare(t, o)
			report, err := p.Environment.Up(t.Context())
			require.NoError(t, err)
			require.Empty(t, report.Ahead, "the environment is not at rest")
			f := &fixture{
				Release: *release, Commit: strings.TrimSpace(string(commit)),
				Environment: o.Environment, SharedAccount: o.SharedAccount, Setup: setup,
			}
			require.NoError(t, p.Close())
			compact(t, o.StateDir, setup)
			f.Files, err = collect(o.StateDir)
			require.NoError(t, err)
			require.NotEmpty(t, f.Files)
			require.NoError(t, f.write(filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".json.gz")))
		})
	}
}

// compact has the journal of simulated accounts hold each resource once: opening it does.
func compact(t *testing.T, stateDir string, setup []byte) {
	t.Helper()
	w := new(awssim.Setup)
	require.NoError(t, json.Unmarshal(setup, w))
	simulator, err := awssim.Open(filepath.Join(stateDir, "accounts"), w)
	require.NoError(t, err)
	require.NoError(t, simulator.Close())
}
