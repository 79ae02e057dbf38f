package rehearsal

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

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
			if readingVerb.MatchString(verb) || strings.HasSuffix(a.ARN, ":alarm:") {
				continue // Application Auto Scaling asks of an alarm that has no name.
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

// Who writes a stack's state chooses plugins that its deployment runs.
func TestEachEnvironmentHasItsOwnState(t *testing.T) {
	for file, actions := range map[string][]string{
		"state-deploy": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, "state-read": {"s3:GetObject"},
	} {
		policy := attached(t, file)
		for _, action := range actions {
			for prefix, own := range map[string]bool{"dev/": true, "": false, "prod/": false, "dev-eu/": false} {
				object := subject{"arn:aws:s3:::example-portico-state/" + prefix + ".pulumi/stacks/portico/prod.json", nil}
				require.Equal(t, own, permits(policy, action, object), "%s: %s below %q", file, action, prefix)
			}
		}
	}
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
