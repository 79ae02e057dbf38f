package rehearsal

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
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
	setup, err := initial.setup()
	if o.Setup != "" {
		setup, err = readSetup(o.Setup)
	}
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
	return &inProcess{simulator: simulator, dir: p.dir, environment: p.environment, stacks: map[string]*inProcessStack{}}
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
	sharedDeploy   = []string{"shared-read", "shared-deploy-network", "shared-deploy-service", "shared-deploy-names", "shared-deploy-roles"}
	sharedRead     = []string{"shared-read"}
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
		require.True(t, needed[action], "%s: no run is denied without it", action)
	}
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
// policies, nor those of the workflows and of the state.
func accountPolicies(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(policies, "*.json"))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if !strings.HasSuffix(name, "-trust") && !strings.HasPrefix(name, "github-") && !strings.HasPrefix(name, "state-") {
			names = append(names, name)
		}
	}
	return names
}

// subject is something that a policy is asked about.
type subject struct {
	arn     string
	context map[string][]string
}

// attached reads the policies that a role has, by the names of their files.
func attached(t *testing.T, names ...string) []iampolicy.Policy {
	t.Helper()
	list := make([]iampolicy.Policy, len(names))
	for i, name := range names {
		data, err := os.ReadFile(filepath.Join(policies, name+".json"))
		require.NoError(t, err)
		list[i], err = iampolicy.ParseIdentity(data)
		require.NoError(t, err, name)
	}
	return list
}

// permits evaluates policies together: a Deny of one outweighs them all.
func permits(list []iampolicy.Policy, action string, s subject) bool {
	var whole iampolicy.Policy
	for _, p := range list {
		whole.Statements = append(whole.Statements, p.Statements...)
	}
	return iampolicy.Evaluate(whole, iampolicy.Request{Action: action, Resource: s.arn, Context: s.context}).Outcome == iampolicy.Allowed
}

// document is a policy's JSON, as far as the tests read it themselves.
type document struct {
	Statement []struct {
		Sid       string
		Effect    string
		Principal map[string]string
		Action    oneOrMany
		Resource  oneOrMany
		Condition map[string]map[string]oneOrMany
	}
}

type oneOrMany []string

func (l *oneOrMany) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(l))
	}
	*l = make([]string, 1)
	return json.Unmarshal(data, &(*l)[0])
}

func readPolicy(t *testing.T, name string) document {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(policies, name+".json"))
	require.NoError(t, err)
	var d document
	require.NoError(t, json.Unmarshal(data, &d))
	require.NotEmpty(t, d.Statement)
	return d
}

func actionsOf(t *testing.T, name string) []string {
	t.Helper()
	var actions []string
	for _, s := range readPolicy(t, name).Statement {
		actions = append(actions, s.Action...)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// reachesOthers are the changing actions that the deploying role may use on what
// is another environment's, because AWS has no condition for it; docs/iam says so.
var reachesOthers = map[string]string{
	"application-autoscaling:DeleteScalingPolicy":      "IAM sees scalable-target/* and no tags",
	"application-autoscaling:DeregisterScalableTarget": "IAM sees scalable-target/* and no tags",
	"application-autoscaling:PutScalingPolicy":         "IAM sees scalable-target/* and no tags",
	"application-autoscaling:RegisterScalableTarget":   "IAM sees scalable-target/* and no tags",
	"application-autoscaling:TagResource":              "IAM sees scalable-target/* and no tags",
	"application-autoscaling:UntagResource":            "IAM sees scalable-target/* and no tags",
	"ecs:DeregisterTaskDefinition":                     "takes no resource",
	"iam:CreateServiceLinkedRole":                      "an account has one for all",
	"route53:AssociateVPCWithHostedZone":               "zones' IDs say nothing of their owner; VPCs of the region only",
	"route53:ChangeResourceRecordSets":                 "zones' IDs say nothing of their owner; aliases and validation below the parent domains only",
	"route53:ChangeTagsForResource":                    "zones' IDs say nothing of their owner",
	"route53:CreateHostedZone":                         "makes a new zone, a private one",
	"route53:DeleteHostedZone":                         "zones' IDs say nothing of their owner; an empty one",
	"route53:DisassociateVPCFromHostedZone":            "zones' IDs say nothing of their owner; VPCs of the region only",
	"route53:UpdateHostedZoneComment":                  "zones' IDs say nothing of their owner",
}

// TestAnEnvironmentsRoleReachesNothingOfAnothers runs the example as environment
// dev-eu, whose names all begin as dev's do. Whatever the run changes in the
// shared account is denied to dev's role, also with dev's tags in the request.
func TestAnEnvironmentsRoleReachesNothingOfAnothers(t *testing.T) {
	const other = "dev-eu"
	whole := load(t, nil, nil, sharedDeploy...).policy(t, nil)
	reached := map[string]bool{}
	for asker, asked := range observe(t, Options{Mapping: exampleMapping, Environment: other}) {
		if asker != string(sharedAccount) {
			continue
		}
		for _, a := range asked {
			_, verb, _ := strings.Cut(a.Action, ":")
			if readingVerb.MatchString(verb) {
				continue
			}
			disguised := a
			disguised.Context = maps.Clone(a.Context)
			if a.Context["aws:RequestTag/environment"] != nil {
				disguised.Context["aws:RequestTag/environment"] = []string{DefaultEnvironment}
			}
			// A new resource with dev's tags is dev's, whatever its name.
			isNew := strings.HasPrefix(a.Operation, "creating ") && a.Context["aws:ResourceTag/environment"] == nil
			if allows(whole, a) || !isNew && allows(whole, disguised) {
				require.Contains(t, reachesOthers, a.Action, "%s may be done to %s with %v", a.Action, a.ARN, a.Context)
				reached[a.Action] = true
			}
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(reachesOthers)), slices.Sorted(maps.Keys(reached)), "exceptions that are none")
}

var readingVerb = regexp.MustCompile(`^(BatchCheckLayerAvailability|BatchGet|Describe|Get|GET|List)`)

// TestNoRoleButTheEnvironmentsOwnIsTouched asks for the roles that deploy and
// read, for those of other environments and teams, and for names that look alike.
func TestNoRoleButTheEnvironmentsOwnIsTouched(t *testing.T) {
	whole := load(t, nil, nil, sharedDeploy...).policy(t, nil)
	outcome := func(action, role string) iampolicy.Outcome {
		return iampolicy.Evaluate(whole, iampolicy.Request{
			Action: action, Resource: "arn:aws:iam::111111111111:role/" + role,
			Context: map[string][]string{
				"iam:PassedToService": {"ecs-tasks.amazonaws.com"}, "aws:ResourceTag/environment": {"dev"}, "aws:ResourceTag/app": {"portico"},
				"aws:ResourceTag/managed-by": {"portico"}, "aws:RequestTag/environment": {"dev"},
			},
		}).Outcome
	}
	actions := []string{
		"iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PassRole", "iam:PutRolePermissionsBoundary",
		"iam:DeleteRolePermissionsBoundary", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
	}
	for _, role := range []string{
		"portico-dev", "portico-read-dev", "portico-github-deploy-dev", "portico-github-read-dev", "portico-dev-eu", "portico-dev-execution-0a1b2c3", "billing",
		"portico/dev-eu/portico-dev-eu-task-0a1b2c3", "portico/devel/x", "portico/dev", "portico-dev/x", "team/portico/dev/x",
	} {
		for _, action := range actions {
			require.Equal(t, iampolicy.ExplicitDeny, outcome(action, role), "%s on %s", action, role)
		}
	}
	for _, action := range []string{"iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"} {
		require.Equal(t, iampolicy.Allowed, outcome(action, "portico/dev/portico-dev-task-0a1b2c3"), action)
	}
	require.Equal(t, iampolicy.ImplicitDeny, outcome("iam:AttachRolePolicy", "portico/dev/portico-dev-task-0a1b2c3"))
}

// TestZonesAndRecordsAreLimited is the truth table of what the shared account's
// deploying role may do to zones.
func TestZonesAndRecordsAreLimited(t *testing.T) {
	whole := attached(t, sharedDeploy...)
	const public, private = "arn:aws:route53:::hostedzone/Z0PUBLICZONE", "arn:aws:route53:::hostedzone/Z0PRIVATE"
	for _, action := range []string{"DeleteHostedZone", "UpdateHostedZoneComment", "ChangeTagsForResource"} {
		require.False(t, permits(whole, "route53:"+action, subject{public, nil}), action)
		require.True(t, permits(whole, "route53:"+action, subject{private, nil}), action)
	}
	record := func(types, names []string) map[string][]string {
		return map[string][]string{
			"route53:ChangeResourceRecordSetsRecordTypes": types, "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
		}
	}
	for what, c := range map[string]struct {
		types, names      []string
		inPrivate, public bool
	}{
		"an alias":                        {[]string{"A"}, []string{"shop.internal.example.com"}, true, false},
		"a wildcard alias":                {[]string{"A"}, []string{`\052.internal.example.com`}, true, false},
		"an alias of another domain":      {[]string{"A"}, []string{"shop.example.edu"}, false, false},
		"an alias of two, one of another": {[]string{"A"}, []string{"shop.internal.example.com", "shop.example.edu"}, false, false},
		"the apex of the parent domain":   {[]string{"A"}, []string{"example.com"}, false, false},
		"a validation record":             {[]string{"CNAME"}, []string{"_0a1b.internal.example.com"}, true, true},
		"a host by CNAME":                 {[]string{"CNAME"}, []string{"shop.internal.example.com"}, false, false},
		"a validation name with an alias": {[]string{"A", "CNAME"}, []string{"_0a1b.internal.example.com"}, false, false},
		"a delegation":                    {[]string{"NS"}, []string{"internal.example.com"}, false, false},
		"a mail server":                   {[]string{"A", "MX"}, []string{"internal.example.com"}, false, false},
		"a text":                          {[]string{"TXT"}, []string{"_0a1b.internal.example.com"}, false, false},
		"no type":                         {nil, []string{"_0a1b.internal.example.com"}, false, false},
		"no name":                         {[]string{"CNAME"}, nil, false, false},
	} {
		require.Equal(t, c.inPrivate, permits(whole, "route53:ChangeResourceRecordSets", subject{private, record(c.types, c.names)}), "%s in a private zone", what)
		require.Equal(t, c.public, permits(whole, "route53:ChangeResourceRecordSets", subject{public, record(c.types, c.names)}), "%s in a public zone", what)
	}
	vpcs := func(values ...string) map[string][]string { return map[string][]string{"route53:VPCs": values} }
	const ours, elsewhere = "VPCId=vpc-0a1b,VPCRegion=us-east-1", "VPCId=vpc-0a1b,VPCRegion=eu-west-1"
	require.True(t, permits(whole, "route53:CreateHostedZone", subject{"*", vpcs(ours)}))
	require.False(t, permits(whole, "route53:CreateHostedZone", subject{"*", nil}), "a public zone")
	require.False(t, permits(whole, "route53:CreateHostedZone", subject{"*", vpcs(elsewhere)}))
	require.False(t, permits(whole, "route53:AssociateVPCWithHostedZone", subject{private, vpcs(ours, elsewhere)}))
	require.False(t, permits(whole, "route53:AssociateVPCWithHostedZone", subject{public, vpcs(ours)}))
}

// TestOnlyPrivateAPIsAreChanged is the truth table of PATCH on a REST API. The type
// of the endpoint is a list in conditions: an API has one, and a request that
// changes it another.
func TestOnlyPrivateAPIsAreChanged(t *testing.T) {
	whole := attached(t, providerDeploy...)
	const api = "arn:aws:apigateway:us-east-1::/restapis/k3v9x2m7qa"
	types := func(api, requested []string) map[string][]string {
		return map[string][]string{"apigateway:Resource/EndpointType": api, "apigateway:Request/EndpointType": requested}
	}
	private, regional := []string{"PRIVATE"}, []string{"REGIONAL"}
	for what, c := range map[string]struct {
		context map[string][]string
		want    bool
	}{
		"a private API":                      {types(private, nil), true},
		"a private API, named as such":       {types(private, private), true},
		"a private API that becomes public":  {types(private, regional), false},
		"a private API that becomes both":    {types(private, []string{"PRIVATE", "REGIONAL"}), false},
		"a regional API":                     {types(regional, nil), false},
		"a regional API that becomes one":    {types(regional, private), false},
		"an edge-optimized API":              {types([]string{"EDGE"}, nil), false},
		"an API whose type IAM doesn't know": {nil, false},
	} {
		require.Equal(t, c.want, permits(whole, "apigateway:PATCH", subject{api, c.context}), what)
	}
	require.False(t, permits(whole, "apigateway:PATCH", subject{"arn:aws:apigateway:us-east-1::/restapis/zzzzzzzzzz", types(private, nil)}), "an API that isn't listed")
	require.False(t, permits(whole, "apigateway:UpdateRestApiPolicy", subject{"arn:aws:apigateway:us-east-1::/restapis/zzzzzzzzzz", types(private, nil)}), "an API that isn't listed")
}

// What an API's owner made stays theirs: the role of a provider account's stack
// writes policies and deployments, and deletes nothing.
func TestTheProviderRolesTouchNothingOfAnOwners(t *testing.T) {
	const api = "/restapis/k3v9x2m7qa"
	granted := map[string][]string{
		"provider-read": {
			"apigateway:GET " + api, "apigateway:GET " + api + "/deployments/abc", "apigateway:GET " + api + "/resources", "apigateway:GET " + api + "/stages/prod",
			"apigateway:GET " + api + "/stages/prod/cache/data", "apigateway:GET " + api + "/stages/prod/exports/oas30",
		},
		"provider-deploy": {
			"apigateway:PATCH " + api, "apigateway:POST " + api + "/deployments", "apigateway:UpdateRestApiPolicy " + api,
		},
	}
	paths := []string{
		api, api + "/deployments", api + "/deployments/abc", api + "/stages", api + "/stages/prod", api + "/stages/prod/cache/data",
		api + "/stages/prod/exports/oas30", api + "/resources", api + "/resources/r1", api + "/resources/r1/methods/GET", api + "/authorizers/a1", api + "/models/m",
		"/restapis", "/account", "/apikeys", "/apikeys/k1", "/domainnames/a.example.com", "/usageplans/u1", "/vpclinks/v1",
	}
	for name, want := range granted {
		var got []string
		for _, verb := range []string{"GET", "PUT", "POST", "PATCH", "DELETE", "UpdateRestApiPolicy", "SetWebACL", "AddCertificateToDomain"} {
			for _, path := range paths {
				if permits(attached(t, name), "apigateway:"+verb, subject{"arn:aws:apigateway:us-east-1::" + path, map[string][]string{"apigateway:Resource/EndpointType": {"PRIVATE"}}}) {
					got = append(got, "apigateway:"+verb+" "+path)
				}
			}
		}
		slices.Sort(got)
		require.Equal(t, want, got, name)
	}
}

func TestReadingRolesOnlyRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(policies, "*-read.json"))
	require.NoError(t, err)
	require.Greater(t, len(files), 5)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if name == "github-read" {
			continue // it enters the accounts
		}
		for _, action := range actionsOf(t, name) {
			_, verb, _ := strings.Cut(action, ":")
			require.Regexp(t, readingVerb, verb, "%s: %s", name, action)
		}
	}
	require.NotContains(t, actionsOf(t, "state-read"), "s3:PutObject")
}

// A job's subject names its GitHub environment. The branch and the workflow are
// compared too wherever no reviewer approves the job: an environment that admits
// every branch, or one that GitHub made because a job named it, opens no role.
// STS compares these claims since January 2026 (AWS, "What's new", 2026-01).
func TestOnlyNamedWorkflowsEnterTheAccounts(t *testing.T) {
	const claim = "token.actions.githubusercontent.com:"
	job := func(environment string) map[string]oneOrMany {
		return map[string]oneOrMany{claim + "aud": {"sts.amazonaws.com"}, claim + "sub": {"repo:example/portico:environment:" + environment}}
	}
	onMain := func(environment, workflow string) map[string]oneOrMany {
		claims := job(environment)
		claims[claim+"ref"] = oneOrMany{"refs/heads/main"}
		claims[claim+"job_workflow_ref"] = oneOrMany{"example/portico/.github/workflows/" + workflow + "@refs/heads/main"}
		return claims
	}
	for name, want := range map[string][]map[string]oneOrMany{
		"github-deploy-trust": {onMain("dev", "up.yml")},
		"github-read-trust":   {job("dev-read"), onMain("dev-drift", "drift.yml")},
	} {
		var got []map[string]oneOrMany
		for _, s := range readPolicy(t, name).Statement {
			require.Equal(t, "Allow", s.Effect)
			require.Equal(t, oneOrMany{"sts:AssumeRoleWithWebIdentity"}, s.Action)
			require.Len(t, s.Condition, 1, "%s: claims are compared as they are, without wildcards", name)
			got = append(got, s.Condition["StringEquals"])
		}
		require.Equal(t, want, got, name)
	}
	for name, role := range map[string]string{
		"account-deploy-trust": "arn:aws:iam::111111111111:role/portico-github-deploy-dev",
		"account-read-trust":   "arn:aws:iam::111111111111:role/portico-github-read-dev",
	} {
		for _, s := range readPolicy(t, name).Statement {
			require.Equal(t, map[string]string{"AWS": role}, s.Principal, name)
		}
	}
}

// IAM takes 6,144 characters of a managed policy, white space not counted.
func TestPoliciesFitIAM(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(policies, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	explained, err := os.ReadFile(filepath.Join(policies, "README.md"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.LessOrEqual(t, len(strings.Join(strings.Fields(string(data)), "")), 6144, file)
		require.Contains(t, string(explained), "`"+filepath.Base(file)+"`", "docs/iam/README.md doesn't mention it")
	}
}
