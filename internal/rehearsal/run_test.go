package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

const (
	root           = "../.."
	exampleMapping = root + "/examples/mapping.dev.yaml"
	sampleMapping  = root + "/../shared/samples/reference-proxy-config.yaml"
)

// cli is the Pulumi CLI, or the test is skipped.
func cli(t *testing.T) auto.PulumiCommand {
	t.Helper()
	command, err := automation.FindCommand(filepath.Join(root, "bin"))
	if err != nil {
		t.Skipf("no Pulumi CLI: %v", err)
	}
	return command
}

// testLog is a writer to the test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(data []byte) (int, error) {
	l.t.Log(strings.TrimRight(string(data), "\n"))
	return len(data), nil
}

// rehearse runs a rehearsal with the real engine.
func rehearse(t *testing.T, o Options) *Report {
	t.Helper()
	o.Command = cli(t)
	o.Programs = automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn}
	o.Progress = testLog{t}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if serve := o.Serve; serve != nil {
		// What is served ends with the context.
		o.Serve = func(report *Report, lines []string) error {
			defer cancel()
			return serve(report, lines)
		}
	}
	report, err := Run(ctx, o)
	require.NoError(t, err)
	return report
}

// quickRehearsals are rehearsals, one after the other, of which this process runs the
// stacks' programs. Their slow variants are whole ones.
type quickRehearsals struct{ programs *inProcess }

func rehearseQuickly(t *testing.T, o Options) *Report {
	t.Helper()
	return new(quickRehearsals).rehearse(t, o)
}

func (q *quickRehearsals) rehearse(t *testing.T, o Options) *Report {
	t.Helper()
	if slow() {
		return rehearse(t, o)
	}
	o.Programs = automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn}
	o.Progress = testLog{t}
	r, release, err := open(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, release()) }()
	environment, err := r.environment("")
	require.NoError(t, err)
	if q.programs == nil {
		q.programs = newInProcess(r.simulator, environment.Shared.Dir, environment.Name)
	}
	q.programs.simulator = r.simulator
	rows := sample(r.initial.mapping.Rows, maxProbedRows)
	report := &Report{
		Stacks: q.programs.settle(t, environment, r.simulator.Pass),
		Rows:   len(r.initial.mapping.Rows), ProbedRows: len(rows),
	}
	if o.afterUp != nil {
		require.NoError(t, o.afterUp(r.simulator))
	}
	require.NoError(t, r.probe(t.Context(), report, rows))
	return report
}

// probed probes the accounts that a rehearsal has left in its state directory, after
// a change. It works on a copy, and runs no stack.
func probed(t *testing.T, o Options, change func(*awssim.Simulator) error) *Report {
	t.Helper()
	state := t.TempDir()
	require.NoError(t, os.CopyFS(state, os.DirFS(o.StateDir)))
	o.StateDir, o.Serve, o.Doctor, o.Progress = state, nil, false, testLog{t}
	r, release, err := open(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, release()) }()
	require.NoError(t, change(r.simulator))
	report := &Report{Rows: len(r.initial.mapping.Rows)}
	require.NoError(t, r.probe(t.Context(), report, sample(r.initial.mapping.Rows, maxProbedRows)))
	require.NotEmpty(t, report.Probes)
	return report
}

// pasted runs command lines as a reader would, and wants every one to answer.
func pasted(t *testing.T, lines []string) {
	t.Helper()
	require.NotEmpty(t, lines)
	for _, line := range lines {
		program, _, _ := strings.Cut(line, " ")
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("not pasted, for lack of %s: %s", program, line)
			continue
		}
		output, err := exec.Command("sh", "-c", line).CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, output)
		if program == "curl" {
			require.Contains(t, string(output), `"api":`, line)
		}
	}
}

// requireOK fails with what is wrong.
func requireOK(t *testing.T, report *Report) {
	t.Helper()
	for _, stack := range report.Stacks {
		require.Empty(t, stack.Error, "stack %s", stack.Name)
	}
	for _, probe := range report.Probes {
		if !probe.OK {
			t.Error(probe)
		}
	}
	require.True(t, report.OK)
}

// TestTheExampleMappingIsServed rehearses the example, then nothing new, then a row
// more, which changes its route and its policy only, then the row's removal.
func TestTheExampleMappingIsServed(t *testing.T) {
	dir := t.TempDir()
	state, file := filepath.Join(dir, "state"), filepath.Join(dir, "mapping.yaml")
	document, err := os.ReadFile(exampleMapping)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, document, 0o600))
	report := rehearse(t, Options{Mapping: file, StateDir: state, Serve: func(report *Report, lines []string) error {
		requireOK(t, report)
		pasted(t, lines)
		return nil
	}})
	requireContract(t, report)
	requireDeployed(t, report)

	options := Options{Mapping: file, StateDir: state}
	first := existingResources(t, state, file)
	again := rehearse(t, options)
	requireUnchanged(t, again)
	for i, policy := range again.Deployed.Policies {
		require.Equal(t, report.Deployed.Policies[i].After, policy.Before, policy.API)
		require.Equal(t, policy.Before, policy.After, policy.API)
	}
	require.Empty(t, changed(first, existingResources(t, state, file)))

	requireRowAddedAlone(t, options, string(document), first)
	require.NoError(t, os.WriteFile(file, document, 0o600))
	requireOK(t, rehearse(t, options))
	requireRowRemoved(t, first, existingResources(t, state, file))
}

// requireContract demands of the report on the example what users' scripts read.
func requireContract(t *testing.T, report *Report) {
	t.Helper()
	require.Equal(t, 14, report.Rows)
	require.Equal(t, report.Rows, report.ProbedRows)
	require.Len(t, report.Stacks, 4)

	data, err := json.Marshal(report)
	require.NoError(t, err)
	var contract struct {
		OK     bool
		Stacks []struct {
			Name, Account string
			Resources     int
			Changes       struct{ Create, Update, Replace, Delete, Same *int }
			Seconds       float64
		}
		Probes []struct {
			Name, Method, URL, Want, Got, Detail string
			OK                                   *bool
		}
	}
	require.NoError(t, json.NewDecoder(bytes.NewReader(data)).Decode(&contract))
	require.True(t, contract.OK)
	for _, stack := range contract.Stacks {
		require.NotNil(t, stack.Changes.Same)
		require.Positive(t, stack.Resources)
		require.Len(t, stack.Account, 12)
	}
	require.Len(t, contract.Probes, len(report.Probes))
}

// requireDeployed demands of the first report on the example what a page shows beside
// the contract: the policies, and which row a probe is about.
func requireDeployed(t *testing.T, report *Report) {
	t.Helper()
	require.Equal(t, sharedAccount, mapping.AccountID(report.Deployed.Shared.AWS.AccountID))
	require.Len(t, report.Deployed.Policies, 11)
	owners, served := 0, map[mapping.APIID]bool{}
	for _, row := range report.Deployed.Mapping.Rows {
		served[row.API.ID] = served[row.API.ID] || !row.Retired
	}
	for _, policy := range report.Deployed.Policies {
		require.NotContains(t, policy.Before, `"Sid":"Portico`)
		require.Equal(t, served[policy.API], strings.Contains(policy.After, `"Sid":"Portico`), policy.API)
		if strings.Contains(policy.Before, "OwnersWorkloads") {
			owners++
			require.Contains(t, policy.After, "OwnersWorkloads", "an owner's statement stays")
		}
		require.Empty(t, policy.Undeployed)
		require.Equal(t, 8192, policy.MaxSize)
		require.Len(t, policy.Account, 12)
	}
	require.Positive(t, owners, "some owners have a policy")
	probes := map[int]int{}
	for _, probe := range report.Probes {
		probes[probe.Row]++
		if probe.Row > 0 && probe.Name == "allowed verb" {
			require.Contains(t, probe.URL, report.Deployed.Mapping.Rows[probe.Row-1].BasePath)
		}
	}
	for i := range report.Deployed.Mapping.Rows {
		require.Positive(t, probes[i+1], "row %d", i)
	}
	require.Positive(t, probes[0], "unknown hosts are no row's")
}

func TestTheReferencesSampleIsServed(t *testing.T) {
	if _, err := os.Stat(sampleMapping); err != nil {
		t.Skipf("the reference's samples are not there: %v", err)
	}
	requireOK(t, rehearseQuickly(t, Options{Mapping: sampleMapping}))
}
