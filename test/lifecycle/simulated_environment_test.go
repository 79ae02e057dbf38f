package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

const (
	sharedAccount = "111111111111"
	ordersAccount = "222222222222"
	region        = "us-east-1"
	ordersAPI     = "orders0001"
)

// smallMapping has as few rows as show every kind of resource.
const smallMapping = `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - CUSTOM_DOMAIN_URL: orders.internal.example.com
    PRIVATE_API_URL: https://orders0001.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET, POST]
    ACCOUNT: orders
`

const sharedSettings = `config:
  pulumi:disable-default-providers: ["*"]
  portico:mapping: mapping.yaml
  portico:app: {name: portico, environment: dev}
  portico:aws: {region: us-east-1, accountId: "111111111111"}
`

// ownersPolicy is what the owner of an API has: it admits an endpoint of the
// owner's own.
const ownersPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:SourceVpce":["vpce-0aaaaaaaaaaaaaaaa"]}}}]}`

// providerSettings is the configuration of a provider stack, with further lines.
func providerSettings(account string, more ...string) string {
	lines := append([]string{
		"config:",
		`  pulumi:disable-default-providers: ["*"]`,
		"  portico:mapping: ../../mapping.yaml",
		fmt.Sprintf("  portico:aws: {region: us-east-1, accountId: %q}", account),
		fmt.Sprintf(`  portico:allowedRoleArns: ["arn:aws:iam::%s:role/*"]`, account),
		"  portico:shared: {stack: organization/portico/dev}",
	}, more...)
	return strings.Join(lines, "\n") + "\n"
}

const redeploy = "  portico:redeploy: true"

// ordersSetup is what exists before Portico deploys smallMapping.
func ordersSetup() *awssim.Setup {
	return &awssim.Setup{
		Home: awssim.Identity{Account: sharedAccount, Principal: "arn:aws:iam::" + sharedAccount + ":user/operator"},
		Accounts: []awssim.Account{
			{ID: sharedAccount},
			{ID: ordersAccount, Roles: []awssim.Role{{Name: "portico", Trusts: []string{sharedAccount}}}},
		},
		HostedZones: []awssim.HostedZone{{Account: sharedAccount, ID: "Z0123456789ABC", Name: "example.com"}},
		RESTAPIs: []awssim.RESTAPI{{
			Account: ordersAccount, Region: region, ID: ordersAPI, Name: "orders",
			Policy: json.RawMessage(ownersPolicy), Stages: []string{"dev"},
		}},
	}
}

// smallProject is smallMapping's projects, by the names of their files.
func smallProject() map[string]string {
	return map[string]string{
		"mapping.yaml":                             smallMapping,
		"Pulumi.yaml":                              "name: portico\nruntime: go\n",
		"Pulumi.dev.yaml":                          sharedSettings,
		"accounts/provider/Pulumi.yaml":            "name: portico-provider\nruntime: go\n",
		"accounts/provider/Pulumi.dev-orders.yaml": providerSettings(ordersAccount, redeploy),
	}
}

// write lays files out below a directory.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(files[name]), 0o600))
	}
}

// simulatedEnvironment is simulated accounts with Pulumi's state of them, both kept
// in a directory that can be copied.
type simulatedEnvironment struct {
	*awssim.Simulator
	t       *testing.T
	dir     string // holds accounts/ and pulumi/
	project string
	env     *automation.Environment
	engine  *engine
	log     *logbook
}

// open opens the environment that a directory holds, or creates it.
func open(t *testing.T, dir, project string, setup *awssim.Setup) *simulatedEnvironment {
	t.Helper()
	simulator, err := awssim.Open(filepath.Join(dir, "accounts"), setup)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, simulator.Close()) })
	simulator.BuildIn(project)
	server, err := simulator.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "pulumi"), 0o755))

	env, err := automation.Discover(project, "dev", automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn, SharedTagged: accounts.TaggedIn, ProviderTagged: accounts.ProviderTaggedIn, ProviderQuestions: accounts.ProviderQuestionsIn, ProviderRetired: accounts.ProviderRetiredIn})
	require.NoError(t, err)
	e := &simulatedEnvironment{Simulator: simulator, t: t, dir: dir, project: project, env: env, engine: newEngine(t), log: &logbook{}}
	env.Command = e.engine
	env.Progress = e.log.note
	env.Sleep, env.Now = e.sleep, e.Now
	env.PreviewFirst = false // most tests are of the update itself
	env.Shared.StoppedTasks = func(_ context.Context, serviceARN string) ([]string, error) { return e.StoppedTasks(serviceARN), nil }
	env.Shared.ProfileEntries = func(_ context.Context, profileID string) (map[string]string, error) {
		return e.ProfileEntries(profileID), nil
	}
	for i := range env.Providers {
		account := env.Providers[i].Account
		env.Providers[i].OthersAssociations = func(context.Context) (map[string]string, error) { return e.OthersAssociations(account, region), nil }
	}
	env.Env = map[string]string{
		"PULUMI_DEBUG_PROVIDERS":   server.DebugProviders(),
		"PULUMI_BACKEND_URL":       "file://" + filepath.Join(dir, "pulumi"),
		"PULUMI_CONFIG_PASSPHRASE": "simulated",
		"PULUMI_HOME":              filepath.Join(dir, "home"),
	}
	return e
}

// sleep advances the accounts' clock and returns at once.
func (e *simulatedEnvironment) sleep(_ context.Context, d time.Duration) error { return e.Pass(d) }

// newEnvironment opens a new environment with a project of its own.
func newEnvironment(t *testing.T, files map[string]string, setup *awssim.Setup) *simulatedEnvironment {
	t.Helper()
	project := t.TempDir()
	write(t, project, files)
	return open(t, t.TempDir(), project, setup)
}

// up brings the environment up, which has to succeed.
func (e *simulatedEnvironment) up() *automation.Report {
	e.t.Helper()
	report, err := e.env.Up(e.t.Context())
	require.NoError(e.t, err)
	return report
}

// requireNoChanges demands that a preview has nothing to do, and returns its report.
func (e *simulatedEnvironment) requireNoChanges() *automation.Report {
	e.t.Helper()
	report, err := e.env.Preview(e.t.Context())
	require.NoError(e.t, err)
	for _, s := range report.Stacks {
		same := automation.Changes{Same: s.Changes.Same}
		require.Equal(e.t, same, s.Changes, "preview of %s: %s", s.Name, e.log)
	}
	return report
}

// stacks are all of the environment's.
func (e *simulatedEnvironment) stacks() []automation.Stack {
	return append([]automation.Stack{e.env.Shared}, e.env.Providers...)
}

// state is what Pulumi's backend holds of a stack; empty where there is no such
// stack.
func (e *simulatedEnvironment) state(s automation.Stack) *apitype.DeploymentV3 {
	e.t.Helper()
	project := "portico"
	if s.Name != e.env.Shared.Name {
		project = "portico-provider"
	}
	data, err := os.ReadFile(filepath.Join(e.dir, "pulumi", ".pulumi", "stacks", project, s.Name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return &apitype.DeploymentV3{}
	}
	require.NoError(e.t, err)
	var file struct {
		Checkpoint struct{ Latest *apitype.DeploymentV3 }
	}
	require.NoError(e.t, json.Unmarshal(data, &file))
	if file.Checkpoint.Latest == nil {
		return &apitype.DeploymentV3{}
	}
	return file.Checkpoint.Latest
}

// unlock takes a dead engine's locks away, as Cancel does in more time.
func (e *simulatedEnvironment) unlock() {
	e.t.Helper()
	require.NoError(e.t, os.RemoveAll(filepath.Join(e.dir, "pulumi", ".pulumi", "locks")))
}

// thing names a resource in an account or in a state.
type thing struct{ Type, ID string }

func (t thing) String() string { return t.Type + " " + t.ID }

// withoutState are types that come into being with others, that their owners made, or
// that Portico leaves behind on purpose.
var withoutState = []string{
	"aws:ec2/networkInterface:NetworkInterface",
	"aws:ecr/image:Image",
	"aws:apigateway/stage:Stage",
	"aws:apigateway/restApi:RestApi",
	"aws:apigateway/deployment:Deployment",
	"aws:apigateway/restApiPolicy:RestApiPolicy",
	// A certificate validation is a wait, not a resource in AWS.
	"aws:acm/certificateValidation:CertificateValidation",
	// Nor is a target that is registered twice.
	"aws:lb/targetGroupAttachment:TargetGroupAttachment",
}

// disagreements are the differences between the simulated accounts and Pulumi's
// state: what exists and no stack knows, and what a stack knows and doesn't
// exist. What existed before is left out.
func (e *simulatedEnvironment) disagreements(before []thing) []string {
	e.t.Helper()
	known := map[thing]bool{}
	var wrong []string
	for _, s := range e.stacks() {
		state := e.state(s)
		for _, op := range state.PendingOperations {
			wrong = append(wrong, fmt.Sprintf("%s: pending: %s %s", s.Name, op.Type, op.Resource.URN))
		}
		for _, r := range state.Resources {
			if r.Delete {
				wrong = append(wrong, fmt.Sprintf("%s: to be deleted: %s", s.Name, r.URN))
			}
			if len(r.InitErrors) > 0 {
				wrong = append(wrong, fmt.Sprintf("%s: unfinished: %s: %s", s.Name, r.URN, r.InitErrors))
			}
			if typ := string(r.Type); r.Custom && (strings.HasPrefix(typ, "aws:") || strings.HasPrefix(typ, "docker:")) {
				known[thing{typ, string(r.ID)}] = true
			}
		}
	}
	existing := map[thing]bool{}
	for _, thing := range e.things() {
		existing[thing] = true
		if !known[thing] && !slices.Contains(before, thing) {
			wrong = append(wrong, "no stack knows "+thing.String())
		}
	}
	for thing := range known {
		if !existing[thing] && thing.Type != dockerImage && !slices.Contains(withoutState, thing.Type) {
			wrong = append(wrong, "a stack knows what is gone: "+thing.String())
		}
	}
	slices.Sort(wrong)
	return wrong
}

// An image's ID is the name under which it was pushed; it exists in a registry,
// not in an account of the docker provider's.
const dockerImage = "docker:index/image:Image"

// things are everything that exists in the accounts and that a program could
// have stated.
func (e *simulatedEnvironment) things() []thing {
	var all []thing
	for _, r := range e.Resources(awssim.Filter{}) {
		if !slices.Contains(withoutState, r.Type) && !madeByAWS(r) {
			all = append(all, thing{r.Type, r.ID})
		}
	}
	return all
}

// madeByAWS reports whether AWS makes a resource with another, and takes it away with
// that: a VPC's main route table, or an alarm of a target tracking policy.
func madeByAWS(r awssim.Resource) bool {
	return r.Hidden.Flag("belongsToVPC") || strings.HasPrefix(r.ID, "TargetTracking-")
}
