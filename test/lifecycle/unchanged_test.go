package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/thrifty"
)

// counter is a Pulumi CLI that notes the engine's runs: "up dev-orders".
type counter struct {
	auto.PulumiCommand
	mu   sync.Mutex
	runs []string
}

func (c *counter) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if verb := args[0]; slices.Contains([]string{"up", "preview", "refresh", "destroy"}, verb) {
		c.mu.Lock()
		c.runs = append(c.runs, verb+" "+args[slices.Index(args, "--stack")+1])
		c.mu.Unlock()
	}
	return c.PulumiCommand.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
}

// since are the runs since the last call, those side by side by their names.
func (c *counter) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	runs := c.runs
	c.runs = nil
	if len(runs) > 1 {
		slices.Sort(runs[1:])
	}
	return runs
}

// severalAccounts is an environment of so many accounts, each with two APIs.
type severalAccounts struct {
	*simulatedEnvironment
	counter *counter
	// rows are the mapping's, and settings further lines of stacks' settings.
	rows     []string
	settings map[string]string
}

func accountNumber(i int) string   { return fmt.Sprintf("2000000000%02d", i) }
func accountStack(i int) string    { return fmt.Sprintf("dev-owner%02d", i) }
func accountAPI(i, api int) string { return fmt.Sprintf("owner%02dapi%d", i, api) }
func accountRow(i, api int, more string) string {
	return fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: api%d.owner%02d.example.com, PRIVATE_API_URL: \"https://%s.execute-api.us-east-1.amazonaws.com/dev\", ACCOUNT: owner%02d%s}\n",
		api, i, accountAPI(i, api), i, more)
}

func newSeveralAccounts(t *testing.T, n int) *severalAccounts {
	t.Helper()
	setup := ordersSetup()
	setup.Accounts = setup.Accounts[:1]
	setup.RESTAPIs = nil
	files := smallProject()
	delete(files, "accounts/provider/Pulumi.dev-orders.yaml")
	s := &severalAccounts{settings: map[string]string{}}
	for i := range n {
		setup.Accounts = append(setup.Accounts, awssim.Account{ID: accountNumber(i), Roles: []awssim.Role{{Name: "portico", Trusts: []string{sharedAccount}}}})
		for api := range 2 {
			setup.RESTAPIs = append(setup.RESTAPIs, awssim.RESTAPI{Account: accountNumber(i), Region: region, ID: accountAPI(i, api), Name: accountAPI(i, api), Policy: json.RawMessage(ownersPolicy), Stages: []string{"dev"}})
		}
		s.rows = append(s.rows, accountRow(i, 0, ""))
		files["accounts/provider/Pulumi."+accountStack(i)+".yaml"] = providerSettings(accountNumber(i), redeploy)
	}
	files["mapping.yaml"] = s.mapping(n)
	s.simulatedEnvironment = newEnvironment(t, files, setup)
	s.counter = &counter{PulumiCommand: s.engine}
	s.env.Command, s.env.Settle = s.counter, 0
	s.env.Digests = accounts.ProviderDigestsIn(filepath.Join(s.project, filepath.FromSlash(automation.ProviderProject)))
	for i := range s.env.Providers {
		account := s.env.Providers[i].Account
		s.env.Providers[i].SavedPolicies = func(_ context.Context, apis []string) (map[string]string, error) {
			return s.SavedPolicies(awssim.Object{"region": region, "assumeRole": awssim.Object{"roleArn": "arn:aws:iam::" + account + ":role/portico"}}, apis)
		}
	}
	return s
}

func (s *severalAccounts) mapping(n int) string {
	var b strings.Builder
	b.WriteString("ACCOUNTS:\n")
	for i := range n {
		fmt.Fprintf(&b, "  owner%02d: {ID: \"%s\", ROLE_ARN: \"arn:aws:iam::%[2]s:role/portico\"}\n", i, accountNumber(i))
	}
	b.WriteString("APIS:\n")
	for _, row := range s.rows {
		b.WriteString(row)
	}
	return b.String()
}

// write puts the mapping in place.
func (s *severalAccounts) write() {
	write(s.t, s.project, map[string]string{"mapping.yaml": s.mapping(len(s.env.Providers))})
}

// unchanged are the stacks that a report says were not run.
func unchanged(r *automation.Report) []string {
	var names []string
	for _, s := range r.Stacks {
		if s.Unchanged {
			names = append(names, s.Name)
		}
	}
	return names
}

// TestOnlyWhatHasChangedRuns changes one thing at a time, in an environment of several
// accounts, and counts the engine's runs.
func TestOnlyWhatHasChangedRuns(t *testing.T) {
	t.Parallel()
	s := newSeveralAccounts(t, 3)
	s.up()
	require.Equal(t, []string{"up dev", "up dev-owner00", "up dev-owner01", "up dev-owner02"}, s.counter.since())

	t.Run("nothing has changed", func(t *testing.T) {
		report := s.up()
		require.Equal(t, []string{"up dev"}, s.counter.since())
		require.Equal(t, []string{"dev-owner00", "dev-owner01", "dev-owner02"}, unchanged(report))
		require.NotZero(t, report.Stacks[1].Resources)
		require.NotEmpty(t, report.Stacks[1].Outputs["policies"].Value)
	})
	t.Run("a row is added", func(t *testing.T) {
		s.rows = append(s.rows, accountRow(1, 1, ""))
		s.write()
		report, err := s.env.Preview(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"preview dev", "preview dev-owner01"}, s.counter.since())
		require.Equal(t, []string{"dev-owner00", "dev-owner02"}, unchanged(report))
		report = s.up()
		require.Equal(t, []string{"up dev", "up dev-owner01"}, s.counter.since())
		require.Equal(t, []string{"dev-owner00", "dev-owner02"}, unchanged(report))
	})
	t.Run("a policy is wiped, and the stage deployed so", func(t *testing.T) {
		api := accountAPI(2, 0)
		before := s.RESTAPIs(region)[api]
		owner, err := s.OwnerOf(region, api)
		require.NoError(t, err)
		require.NoError(t, owner.SavePolicy(ownersPolicy))
		require.NoError(t, owner.Deploy("dev"))
		require.NotEqual(t, before.Stages["dev"].Policy, s.RESTAPIs(region)[api].Stages["dev"].Policy)
		s.up()
		require.Equal(t, []string{"up dev", "up dev-owner02"}, s.counter.since())
		healed := s.RESTAPIs(region)[api]
		require.Equal(t, before.SavedPolicy, healed.SavedPolicy)
		require.Equal(t, before.Stages["dev"].Policy, healed.Stages["dev"].Policy)
		s.up()
		require.Equal(t, []string{"up dev"}, s.counter.since())
	})
	t.Run("a row gets another API", func(t *testing.T) {
		slowly(t) // internal/rehearsal has it without the engine
		s.rows[2] = strings.ReplaceAll(s.rows[2], accountAPI(2, 0), accountAPI(2, 1))
		s.write()
		report := s.up()
		require.NotContains(t, s.counter.since(), "up dev-owner00")
		require.Equal(t, []string{"dev-owner00", "dev-owner01"}, unchanged(report))
		s.up()
		require.Equal(t, []string{"up dev"}, s.counter.since())
	})
	t.Run("plain Pulumi has updated a part of a stack", func(t *testing.T) {
		slowly(t)
		s.rows[1] = strings.Replace(s.rows[1], "ACCOUNT:", "VERBS: [GET], ACCOUNT:", 1)
		s.write()
		stack := s.env.Providers[1]
		workspace, err := auto.NewLocalWorkspace(t.Context(), auto.WorkDir(stack.Dir), auto.Program(stack.Program), auto.Pulumi(thrifty.Command{PulumiCommand: s.engine}), auto.EnvVars(s.env.Env))
		require.NoError(t, err)
		plain, err := auto.SelectStack(t.Context(), stack.Name, thrifty.Workspace{Workspace: workspace})
		require.NoError(t, err)
		var run string
		for _, r := range s.state(stack).Resources {
			if r.Type == "portico:index:Run" {
				run = string(r.URN)
			}
		}
		before := s.RESTAPIs(region)[accountAPI(1, 0)].SavedPolicy
		_, err = plain.Up(t.Context(), optup.Target([]string{run}), optup.SuppressProgress())
		require.NoError(t, err)
		require.Equal(t, before, s.RESTAPIs(region)[accountAPI(1, 0)].SavedPolicy, "it was no target")
		s.up()
		require.Equal(t, []string{"up dev", "up " + stack.Name}, s.counter.since())
		api := s.RESTAPIs(region)[accountAPI(1, 0)]
		require.NotEqual(t, before, api.SavedPolicy)
		require.Equal(t, api.SavedPolicy, api.Stages["dev"].Policy)
	})
}
