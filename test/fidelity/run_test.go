package fidelity

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/test/environments"
)

const (
	region        = "us-east-1"
	sharedAccount = "111111111111"
)

// created is a resource that a run created, in the engine's own words.
type created struct {
	URN, Type, Account, Region, ID string
	Inputs, Outputs                awssim.Object
}

// run is an environment after its first up.
type run struct {
	// accounts are a copy, as the first up left them.
	accounts *engine.Simulator
	// created is in the order of the stacks, and in each in the engine's.
	created []created
}

var (
	runsLock sync.Mutex
	runs     = map[string]*onceRun{}
)

// runOf is an environment's run, which the tests of the process share: the
// first that asks brings the environment up, and holds the second up to change
// nothing.
func runOf(t *testing.T, name string) *run {
	t.Helper()
	runsLock.Lock()
	if runs[name] == nil {
		runs[name] = &onceRun{}
	}
	only := runs[name]
	runsLock.Unlock()
	only.Do(func() { only.run = bringUp(t, name) })
	if only.run == nil {
		t.Fatalf("environment %s did not come up", name)
	}
	return only.run
}

type onceRun struct {
	sync.Once
	run *run // nil where the environment did not come up
}

func bringUp(t *testing.T, name string) *run {
	t.Helper()
	o := environments.Options(t, name)
	command, err := automation.FindCommand(filepath.Join("..", "..", "bin"))
	require.NoError(t, err)
	o.Command, o.Programs = command, automation.Programs{
		Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn,
		Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn,
	}
	o.StateDir = t.TempDir()
	p, err := rehearsal.Prepare(t.Context(), o)
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	_, err = p.Environment.Up(t.Context())
	require.NoError(t, err)
	r := &run{p.Accounts.Fork(), createdBy(t, p)}

	if slow() {
		// It reads the owners' APIs anew, whose policies the up has changed.
		_, err := p.Environment.Refresh(t.Context())
		require.NoError(t, err)
	}
	again, err := p.Environment.Up(t.Context())
	require.NoError(t, err)
	for _, stack := range again.Stacks {
		require.Equal(t, automation.Changes{Same: stack.Changes.Same}, stack.Changes, "second up of %s", stack.Name)
		require.NotZero(t, stack.Changes.Same, stack.Name)
	}
	require.Empty(t, again.Ahead)
	return r
}

// createdBy reads what the stacks created from Pulumi's state. A secret, which
// the state encrypts, is read from the accounts.
func createdBy(t *testing.T, p *rehearsal.Prepared) []created {
	t.Helper()
	existing := map[string]awssim.Resource{}
	for _, r := range p.Accounts.Resources(awssim.Filter{}) {
		existing[r.Type+" "+r.ID+" "+r.Account] = r
		existing[r.Type+" "+r.ID] = r
	}
	var all []created
	for _, stack := range slices.Concat([]automation.Stack{p.Environment.Shared}, p.Environment.Providers) {
		project := "portico"
		if stack.Name != p.Environment.Shared.Name {
			project = "portico-provider"
		}
		data, err := os.ReadFile(filepath.Join(p.Dir, "pulumi", ".pulumi", "stacks", project, stack.Name+".json"))
		require.NoError(t, err)
		var file struct {
			Checkpoint struct{ Latest *apitype.DeploymentV3 }
		}
		require.NoError(t, json.Unmarshal(data, &file))
		for _, r := range file.Checkpoint.Latest.Resources {
			kind := string(r.Type)
			if !r.Custom || r.External || !(strings.HasPrefix(kind, "aws:") || strings.HasPrefix(kind, "docker:")) {
				continue
			}
			found, ok := existing[kind+" "+string(r.ID)]
			require.True(t, ok, "%s %s is not in the accounts", kind, r.ID)
			inputs := awssim.Object(r.Inputs)
			for property, value := range inputs {
				if secret, ok := value.(map[string]any); ok && secret["4dabf18193072939515e22adb298388d"] != nil {
					inputs[property] = found.Properties[property]
				}
			}
			all = append(all, created{string(r.URN), kind, found.Account, found.Region, string(r.ID), inputs, found.Properties})
		}
	}
	return all
}

// TestASecondUpChangesNothing brings environments up on accounts that give back
// what AWS stores, and brings them up again.
func TestASecondUpChangesNothing(t *testing.T) {
	for _, name := range judged() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, runOf(t, name).created)
		})
	}
}

func slow() bool { return os.Getenv("PORTICO_SLOW") == "1" }

// judged are the environments whose runs the oracles judge: all with
// PORTICO_SLOW, and otherwise the one with the most types and options.
func judged() []string {
	if slow() {
		return environments.Names()
	}
	return []string{environments.OptionRich}
}
