package rehearsal

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// begin lays out the projects and the simulated accounts of an environment;
// policies are those of roles, by "account/role".
func begin(t *testing.T, o Options, policies map[string][]json.RawMessage) *inProcess {
	t.Helper()
	m, err := mapping.Load(o.Mapping)
	require.NoError(t, err)
	document, err := os.ReadFile(o.Mapping)
	require.NoError(t, err)
	initial := initialState{mapping: m, shared: sharedAccount, region: regionOf(m)}
	setup, err := initial.setupOr(o.Setup)
	require.NoError(t, err)
	for i := range setup.Accounts {
		account := &setup.Accounts[i]
		for j := range account.Roles {
			account.Roles[j].Policies = policies[account.ID+"/"+account.Roles[j].Name]
		}
	}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	p := project{dir: t.TempDir(), environment: cmp.Or(o.Environment, DefaultEnvironment)}
	require.NoError(t, p.write(initial, document, o.Config, o.ProviderConfig))
	simulator.BuildIn(p.dir)
	return newInProcess(simulator, p.dir, p.environment)
}

// observe deploys an environment in simulated accounts, does to its resources what
// later runs do, and returns what IAM was asked.
func observe(t *testing.T, o Options) questions {
	t.Helper()
	run := begin(t, o, nil)
	run.deploy(t)
	run.exercise(t)
	q := questions{}
	q.add(run.simulator.Authorizations())
	return q
}

// In the shared account everything is the example's own; the provider policies
// hold in every account that owns APIs.
var (
	sharedDeploy   = []string{"shared-read", "shared-alarms-read", "shared-alarms", "shared-deploy-network", "shared-deploy-service", "shared-deploy-names", "shared-deploy-roles"}
	sharedRead     = []string{"shared-read", "shared-alarms-read"}
	providerDeploy = []string{"provider-read", "provider-deploy"}
	providerRead   = []string{"provider-read"}
)

// apisIn are the IDs of a mapping's APIs.
func apisIn(t *testing.T, mappingFile string) []string {
	t.Helper()
	m, err := mapping.Load(mappingFile)
	require.NoError(t, err)
	var ids []string
	for _, row := range m.Rows {
		ids = append(ids, string(row.API.ID))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// roleFiles are the policies of a role that deploys, and of one that only reads.
type roleFiles struct{ deploy, read []string }

// with adds the policies of options.
func (f roleFiles) with(deploy []string, read ...string) roleFiles {
	return roleFiles{slices.Concat(f.deploy, read, deploy), slices.Concat(f.read, read)}
}

// optionRun is an environment, and the policies that README.md gives each of its
// roles for the options that it has.
type optionRun struct {
	options Options
	// roles are the policies by asker (see questions), by account, or "" for every
	// other account.
	roles map[string]roleFiles
	// replace puts the run's own IDs in place of the example's.
	replace map[string][]string
}

func (r optionRun) filesOf(asker string) roleFiles {
	account, _, _ := strings.Cut(asker, "/")
	for _, key := range []string{asker, account} {
		if f, ok := r.roles[key]; ok {
			return f
		}
	}
	return r.roles[""]
}

// ownZoneMapping has a host of native alone, whose certificate no other account
// validates.
const ownZoneMapping = `APIS:
  - {CUSTOM_DOMAIN_URL: b.internal.example.com, PRIVATE_API_URL: "https://ordersapi1.execute-api.us-east-1.amazonaws.com/v1", ACCOUNT: "222222222222", FRONT_DOOR: native}
`

func optionRuns(t *testing.T) map[string]optionRun {
	t.Helper()
	shared := roleFiles{sharedDeploy, sharedRead}
	provider := roleFiles{providerDeploy, providerRead}
	sharedDomains := shared.with([]string{"shared-domains-deploy"}, "shared-domains-read")
	providerDomains := provider.with([]string{"provider-domains-deploy"}, "provider-domains-read")
	validation := roleFiles{[]string{"public-zone"}, []string{"public-zone-read"}}
	asShared, asValidation := string(sharedAccount), string(sharedAccount)+"/"+validationRole
	zoneIDs := func(names ...mapping.Zone) (ids []string) {
		for _, name := range names {
			ids = append(ids, zoneID(name))
		}
		return ids
	}
	validated := []string{"_*.example.com", "_*.example.net", "_*.example.org"}

	everything, change := everyOption(t)
	everything.StateDir = ""
	document, err := os.ReadFile(frontDoorsMapping)
	require.NoError(t, err)
	invited, _ := everyOption(t)
	invited.Config = map[string]any{"portico:native": map[string]any{"acceptShares": []string{string(partnerAccount)}}}
	invited.ProviderConfig = map[mapping.AccountID]map[string]any{partnerAccount: {"portico:native": map[string]any{"allowExternalPrincipals": true}}}
	invited.Setup = setupFor(t, string(document), func(w *awssim.Setup) {
		for i, account := range w.Accounts {
			w.Accounts[i].OutsideOrganization = account.ID == string(partnerAccount)
		}
	})
	return map[string]optionRun{
		"the example": {
			options: Options{Mapping: exampleMapping},
			roles:   map[string]roleFiles{asShared: shared, "": provider},
		},
		"rows of alb and native": {
			options: Options{Mapping: writeFile(t, "domains.yaml", domainsMapping)},
			roles:   map[string]roleFiles{asShared: sharedDomains, asValidation: validation, "": providerDomains},
			replace: map[string][]string{"Z0PUBLICZONE": zoneIDs("example.com")},
		},
		"public subnets and a Network Load Balancer": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{
				"portico:network": map[string]any{"publicSubnets": true}, "portico:loadBalancer": map[string]any{"type": "NLB"},
			}},
			roles: map[string]roleFiles{asShared: shared.with([]string{"shared-public-subnets"}), "": provider},
		},
		"a permissions boundary": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{
				"portico:iam": map[string]any{"permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
			}},
			roles: map[string]roleFiles{asShared: shared.with([]string{"permissions-boundary", "permissions-boundary-removal"}), "": provider},
		},
		"roles of another path": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{
				"portico:iam": map[string]any{"path": "/platform/"},
			}},
			roles:   map[string]roleFiles{asShared: shared, "": provider},
			replace: map[string][]string{":role/portico/dev/": {":role/platform/portico/dev/"}},
		},
		"keys of KMS": {
			options: withKey(t, nil),
			roles:   map[string]roleFiles{asShared: shared.with([]string{"kms-logs", "kms-ecr"}, "kms-read"), "": provider},
		},
		"logs of load balancers in a bucket of the stack's": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{"portico:loadBalancer": map[string]any{
				"accessLogs": map[string]any{"create": true}, "connectionLogs": map[string]any{"create": true, "prefix": "connections"},
			}}},
			roles: map[string]roleFiles{asShared: shared.with([]string{"log-bucket"}, "log-bucket-read"), "": provider},
		},
		"alarms": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{
				"portico:alarms": map[string]any{"topicArn": "arn:aws:sns:us-east-1:111111111111:on-call"},
			}},
			roles: map[string]roleFiles{asShared: shared, "": provider},
		},
		"an inbound endpoint of Route 53 Resolver": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{
				"portico:dns": map[string]any{"resolverInbound": map[string]any{"allowedCidrs": []string{"10.100.0.0/16"}}},
			}},
			roles: map[string]roleFiles{asShared: shared.with([]string{"shared-resolver-inbound"}, "shared-resolver-inbound-read"), "": provider},
		},
		"a dashboard": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{"portico:metrics": map[string]any{"dashboard": true}}},
			roles:   map[string]roleFiles{asShared: shared.with([]string{"shared-dashboard"}, "shared-dashboard-read"), "": provider},
		},
		"an existing VPC": {
			options: Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: existingNetwork(), Setup: existingSetup(t, smallMapping)},
			roles:   map[string]roleFiles{asShared: shared.with([]string{"shared-existing-vpc"}), "": provider},
			replace: map[string][]string{"rtb-0123456789abcdef0": {"rtb-*"}}, // the one that AWS makes with a VPC
		},
		"certificates and zones of every kind": {
			options: func() Options { o := everything; o.Setup = setupFor(t, string(document), change); return o }(),
			roles: map[string]roleFiles{
				asShared:                  sharedDomains.with([]string{"shared-zone-authorizations", "profile", "import-certificates"}),
				asValidation:              validation,
				zonesAccount + "/portico": validation,
				zonesAccount + "/dns": {
					[]string{"existing-zone", "profile", "profile-read"}, []string{"existing-zone-read", "profile-read"},
				},
				networkAccount:         {[]string{"associated-vpc"}, []string{"associated-vpc-read"}},
				string(partnerAccount): providerDomains.with([]string{"import-certificates"}),
				"":                     providerDomains,
			},
			replace: map[string][]string{
				"Z0PUBLICZONE": zoneIDs("example.com", "example.net", "example.org"), "_*.example.com": validated, "Z0EXISTINGZONE": {"Z0ALB"},
			},
		},
		"a public zone of the account that owns the API": {
			options: Options{Mapping: writeFile(t, "own.yaml", ownZoneMapping), Setup: setupFor(t, ownZoneMapping, func(w *awssim.Setup) {
				for i := range w.HostedZones {
					w.HostedZones[i].Account = string(ordersAccount)
				}
			}), ProviderConfig: map[mapping.AccountID]map[string]any{ordersAccount: {"portico:certificates": map[string]any{}}}},
			roles: map[string]roleFiles{
				asShared: sharedDomains, "": providerDomains.with([]string{"public-zone"}, "public-zone-read"),
			},
			replace: map[string][]string{"Z0PUBLICZONE": zoneIDs("example.com")},
		},
		"shares from outside the organization": {
			options: invited,
			roles: map[string]roleFiles{
				asShared: sharedDomains.with([]string{"shared-accept-shares"}), asValidation: validation, "": providerDomains,
			},
			replace: map[string][]string{"Z0PUBLICZONE": zoneIDs("example.com", "example.net", "example.org"), "_*.example.com": validated},
		},
	}
}

// TestThePoliciesAreWhatTheOptionsNeed runs the programs under each option. The
// files that README.md names for it allow everything that IAM is asked, the
// reading ones what previews and refreshes ask; and each action of each file is
// asked for somewhere, so that a run is denied without it.
func TestThePoliciesAreWhatTheOptionsNeed(t *testing.T) {
	needed := map[string]bool{}
	for option, run := range optionRuns(t) {
		t.Run(option, func(t *testing.T) {
			apis := apisIn(t, run.options.Mapping)
			for asker, asked := range observe(t, run.options) {
				role := run.filesOf(asker)
				deploying := load(t, run.replace, apis, role.deploy...)
				deploying.requireAllowed(t, asker, asked)
				maps.Copy(needed, deploying.needed(t, asked))
				if role.read != nil {
					reading := slices.DeleteFunc(slices.Clone(asked), func(a awssim.Authorized) bool { return !reads(a) })
					require.NotEmpty(t, reading, asker)
					files := load(t, run.replace, apis, role.read...)
					files.requireAllowed(t, asker+", reading", reading)
					maps.Copy(needed, files.needed(t, reading))
				}
			}
		})
	}
	if t.Failed() {
		return
	}
	for action := range load(t, nil, nil, accountPolicies(t)...).allowed() {
		_, reason := beyond[action]
		require.NotEqual(t, reason, needed[action], "%s: no run is denied without it and there is no reason, or the other way round", action)
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
const deliversLogs = "Elastic Load Balancing asks CloudWatch Logs to deliver the logs of a Network Load Balancer by the caller's rights"

// beyond are the actions that no program's run needs, with the reason why they are
// there.
var beyond = map[string]string{
	"associated-vpc: ReadZonesInTheWay: route53:GetHostedZone":                              "a preview reads a private zone of a new zone's name that the VPC resolves",
	"associated-vpc: ReadZonesInTheWay: route53:ListTagsForResource":                        "the AWS provider reads such a zone's tags",
	"associated-vpc-read: ReadZonesInTheWay: route53:GetHostedZone":                         "a preview reads a private zone of a new zone's name that the VPC resolves",
	"associated-vpc-read: ReadZonesInTheWay: route53:ListTagsForResource":                   "the AWS provider reads such a zone's tags",
	"log-delivery: DeliverLogs: logs:CreateLogDelivery":                                     deliversLogs,
	"log-delivery: DeliverLogs: logs:DeleteLogDelivery":                                     deliversLogs,
	"log-delivery: DeliverLogs: logs:GetLogDelivery":                                        deliversLogs,
	"log-delivery: DeliverLogs: logs:ListLogDeliveries":                                     deliversLogs,
	"log-delivery: DeliverLogs: logs:UpdateLogDelivery":                                     deliversLogs,
	"profile: FindWhatInterruptedRunsLeft: route53profiles:ListProfileResourceAssociations": "portico up and refresh ask a profile for what a run created without an answer",
	"provider-domains-read: FindAssociationsOfOthers: apigateway:GET":                       "portico preview and destroy ask for associations that keep a custom domain from being deleted",
	"shared-deploy-service: WhyDeploymentsFailed: ecs:DescribeServiceDeployments":           "portico up asks which alarms have ended the deployment of an update that failed",
	"shared-deploy-service: WhyDeploymentsFailed: ecs:ListServiceDeployments":               "portico up asks which alarms have ended the deployment of an update that failed",
	"shared-deploy-service: WhyTasksStopped: ecs:DescribeTasks":                             "portico up asks why ECS stopped the tasks of an update that failed",
	"shared-read: FindPrebuiltImage: ecr:DescribeImages":                                    "a preview asks for an image that was built before (portico:image.uri)",
	"shared-deploy-service: WhyTasksStopped: ecs:ListTasks":                                 "portico up asks why ECS stopped the tasks of an update that failed",
}

// TestARoleWithoutAnActionCannotDeploy has the simulated accounts hold the role of
// a provider account to its policies, while its stack runs: as they are, and without
// what reading a REST API needs beside the API's own path.
func TestARoleWithoutAnActionCannotDeploy(t *testing.T) {
	apis := apisIn(t, exampleMapping)
	documents := func(change func(arn string) bool) map[string][]json.RawMessage {
		var all []json.RawMessage
		for _, name := range providerDeploy {
			for _, s := range load(t, nil, apis, name)[name] {
				if change != nil && s["Resource"] != nil {
					s["Resource"] = slices.DeleteFunc(listOf(s["Resource"]), change)
				}
				data, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": s})
				require.NoError(t, err)
				all = append(all, data)
			}
		}
		return map[string][]json.RawMessage{string(ordersAccount) + "/portico-dev": all}
	}
	for what, c := range map[string]struct {
		policies map[string][]json.RawMessage
		want     string
	}{
		"the policies": {documents(nil), ""},
		"the policies without /resources": {documents(func(arn string) bool { return strings.HasSuffix(arn, "/resources") }),
			"is not authorized to perform: apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis/"},
	} {
		t.Run(what, func(t *testing.T) {
			run := begin(t, Options{Mapping: exampleMapping}, c.policies)
			run.run(t, sharedProject, DefaultEnvironment, run.dir, accounts.SharedIn(run.dir))
			dir := filepath.Join(run.dir, "accounts", "provider")
			m, err := run.try(t, providerProject, DefaultEnvironment+"-orders", dir, accounts.ProviderIn(dir))
			if c.want == "" {
				require.NoError(t, err, m.said)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "/resources because no identity-based policy allows")
		})
	}
}

// accountPolicies are the policies of roles that work on accounts: not trust
// policies, nor those of the workflows, of the state and of the doctor, which
// internal/awsreader's tests hold to its calls.
func accountPolicies(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(policies, "*.json"))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if !strings.HasSuffix(name, "-trust") && !strings.HasPrefix(name, "github-") && !strings.HasPrefix(name, "state-") && !strings.HasPrefix(name, "doctor-") {
			names = append(names, name)
		}
	}
	return names
}
