package rehearsal

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/mapping"
)

// observed is what the real engine asked of the simulated accounts while it
// deployed, previewed, refreshed and destroyed an environment.
type observed struct {
	// changing are the calls of up and destroy, reading those of preview and
	// refresh.
	changing, reading []awssim.Call
	// existing are the resources after up.
	existing []awssim.Resource
}

func observe(t *testing.T, mappingFile string) observed {
	t.Helper()
	m, err := mapping.Load(mappingFile)
	require.NoError(t, err)
	dir, release, err := workDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, release()) })
	initial := initialState{mapping: m, shared: sharedAccount, region: regionOf(m)}
	simulator, err := openAccounts(initial, "", dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, simulator.Close()) })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	server, err := simulator.Serve(ctx)
	require.NoError(t, err)
	defer server.Close()
	r := &rehearsal{
		Options{
			Mapping: mappingFile, Environment: DefaultEnvironment, Command: cli(t), Progress: testLog{t},
			Programs: automation.Programs{
				Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn,
				Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn,
			},
		}, initial, dir, simulator,
	}
	environment, err := r.environment(server.DebugProviders())
	require.NoError(t, err)

	calls := 0
	during := func(do func(context.Context) (*automation.Report, error)) []awssim.Call {
		_, err := do(ctx)
		require.NoError(t, err)
		all := simulator.Calls()
		defer func() { calls = len(all) }()
		return all[calls:]
	}
	var o observed
	o.changing = during(environment.Up)
	o.existing = simulator.Resources(awssim.Filter{})
	o.reading = append(during(environment.Preview), during(environment.Refresh)...)
	o.changing = append(o.changing, during(environment.Destroy)...)
	require.NotEmpty(t, o.reading)
	return o
}

// subject is something that a policy is asked about.
type subject struct {
	arn     string
	context map[string][]string
}

// checkedAgainst are, by a resource's type, the types of the resources whose ARNs
// an action on it is checked against, where that is not the resource's own:
// AWS's service authorization reference names the resource types of every action.
var checkedAgainst = map[string][]string{
	"aws:acm/certificateValidation:CertificateValidation":       {"aws:acm/certificate:Certificate"},
	"aws:appautoscaling/policy:Policy":                          {"aws:appautoscaling/target:Target"},
	"aws:apigateway/restApiPolicy:RestApiPolicy":                {"aws:apigateway/restApi:RestApi"},
	"aws:ec2/routeTableAssociation:RouteTableAssociation":       {"aws:ec2/routeTable:RouteTable", "aws:ec2/subnet:Subnet"},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                   {"aws:ecr/repository:Repository"},
	"aws:ecs/getService:getService":                             {"aws:ecs/service:Service"},
	"aws:iam/rolePolicy:RolePolicy":                             {"aws:iam/role:Role"},
	"aws:route53/record:Record":                                 {"aws:route53/zone:Zone"},
	"aws:route53/getRecords:getRecords":                         {"aws:route53/zone:Zone"},
	"aws:route53/getZone:getZone":                               {"aws:route53/zone:Zone"},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"},
}

// within are the resources that a creation is checked against beside the one
// that comes into being.
var within = map[string][]string{
	"ec2:CreateSubnet":                  {"aws:ec2/vpc:Vpc"},
	"ec2:CreateRouteTable":              {"aws:ec2/vpc:Vpc"},
	"ec2:CreateSecurityGroup":           {"aws:ec2/vpc:Vpc"},
	"ec2:CreateVpcEndpoint":             {"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup"},
	"ec2:AuthorizeSecurityGroupIngress": {"aws:ec2/securityGroup:SecurityGroup"},
	"ec2:AuthorizeSecurityGroupEgress":  {"aws:ec2/securityGroup:SecurityGroup"},
}

// byTags are the actions that give a new resource its tags: a policy sees them
// as the request's, and the resource has none yet.
var byTags = map[string]string{
	"ec2:CreateVpc": "CreateVpc", "ec2:CreateSubnet": "CreateSubnet", "ec2:CreateRouteTable": "CreateRouteTable",
	"ec2:CreateSecurityGroup": "CreateSecurityGroup", "ec2:CreateVpcEndpoint": "CreateVpcEndpoint",
	"ec2:AuthorizeSecurityGroupIngress": "AuthorizeSecurityGroupIngress",
	"ec2:AuthorizeSecurityGroupEgress":  "AuthorizeSecurityGroupEgress",
	"ec2:CreateTags":                    "CreateVpc",
	"acm:RequestCertificate":            "", "acm:AddTagsToCertificate": "",
}

// unscoped reports whether AWS checks an action against no resource, or against
// one that a policy can't usefully name.
func unscoped(action string) bool {
	for _, prefix := range []string{"ec2:Describe", "elasticloadbalancing:Describe",
		"application-autoscaling:Describe", "route53:ListHostedZones"} {
		if strings.HasPrefix(action, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"acm:RequestCertificate", "ecr:GetAuthorizationToken", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition",
		"logs:DescribeLogGroups", "route53:CreateHostedZone", "tag:GetResources",
	}, action)
}

// subjects are what a call is checked against.
func (o observed) subjects(c awssim.Call) []subject {
	special := map[string][]string{}
	switch {
	case c.Action == "iam:PassRole":
		special["iam:PassedToService"] = []string{"ecs-tasks.amazonaws.com"}
	case strings.HasPrefix(c.Action, "application-autoscaling:"):
		special["application-autoscaling:service-namespace"] = []string{"ecs"}
	case c.Action == "route53:ChangeResourceRecordSets":
		special["route53:ChangeResourceRecordSetsRecordTypes"] = o.recordTypes()
	}
	switch {
	case c.Action == "route53:GetChange":
		return []subject{{"arn:aws:route53:::change/C0123456789", nil}}
	case unscoped(c.Action):
		tags := map[string][]string{"aws:RequestTag/managed-by": {"portico"}, "aws:RequestTag/environment": {"dev"}}
		return []subject{{"*", tags}}
	}
	types := checkedAgainst[c.Type]
	if types == nil {
		types = []string{c.Type}
	}
	if c.Action == "iam:PassRole" {
		types = []string{"aws:iam/role:Role"}
	}
	var list []subject
	for _, r := range o.of(c, types) {
		list = append(list, subject{arnFor(c, r), contextOf(c.Action, r, special)})
	}
	for _, r := range o.of(c, within[c.Action]) {
		parent := contextOf("", r, special)
		parent["aws:RequestTag/managed-by"], parent["aws:RequestTag/environment"] = []string{"portico"}, []string{"dev"}
		list = append(list, subject{r.ARN, parent})
	}
	return list
}

// of are the existing resources of the call's account and of the given types.
func (o observed) of(c awssim.Call, types []string) []awssim.Resource {
	var list []awssim.Resource
	for _, r := range o.existing {
		// A VPC's first route table and security group are made by AWS.
		byAWS := strings.HasPrefix(r.Type, "aws:ec2/") && len(r.Properties.Object("tagsAll")) == 0
		if r.Account == c.Account && slices.Contains(types, r.Type) && !byAWS {
			list = append(list, r)
		}
	}
	return list
}

func (o observed) recordTypes() []string {
	types := map[string]bool{}
	for _, r := range o.existing {
		if r.Type == "aws:route53/record:Record" {
			types[r.Properties.Text("type")] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

func arnFor(c awssim.Call, r awssim.Resource) string {
	if c.Type == "aws:apigateway/deployment:Deployment" {
		deployments := "arn:aws:apigateway:" + c.Region + "::/restapis/" + r.Properties.Text("restApi") + "/deployments"
		if c.Action == "apigateway:POST" {
			return deployments
		}
		return deployments + "/" + r.ID
	}
	return r.ARN
}

func contextOf(action string, r awssim.Resource, special map[string][]string) map[string][]string {
	values := maps.Clone(special)
	kind := "aws:ResourceTag/"
	if creates, isNew := byTags[action]; isNew {
		kind = "aws:RequestTag/"
		if action == "ec2:CreateTags" {
			values["ec2:CreateAction"] = []string{creates}
		}
	}
	for key := range r.Properties.Object("tagsAll") {
		values[kind+key] = []string{r.Properties.Object("tagsAll").Text(key)}
	}
	return values
}

const policies = root + "/docs/iam"

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

// In the shared account everything is the example's own; the provider policies
// hold in every account that owns APIs.
var (
	sharedDeploy   = []string{"shared-read", "shared-deploy-network", "shared-deploy-service"}
	sharedRead     = []string{"shared-read"}
	providerDeploy = []string{"provider-read", "provider-deploy"}
	providerRead   = []string{"provider-read"}
)

func TestTheDocumentedPoliciesAllowWhatTheEngineDoes(t *testing.T) {
	o := observe(t, exampleMapping)
	for _, phase := range []struct {
		name             string
		calls            []awssim.Call
		shared, provider []string
	}{
		{"up and destroy under the deploying roles", o.changing, sharedDeploy, providerDeploy},
		{"preview and refresh under the reading roles", o.reading, sharedRead, providerRead},
	} {
		t.Run(phase.name, func(t *testing.T) {
			shared, provider := attached(t, phase.shared...), attached(t, phase.provider...)
			done := map[awssim.Call]bool{}
			for _, c := range phase.calls {
				c.Caller = ""
				if done[c] {
					continue
				}
				done[c] = true
				policies := provider
				if c.Account == string(sharedAccount) {
					policies = shared
				}
				subjects := o.subjects(c)
				require.NotEmpty(t, subjects, "%s on %s: no resource of the type exists", c.Action, c.Type)
				for _, s := range subjects {
					if !permits(policies, c.Action, s) {
						t.Errorf("not allowed: %s on %s (%s) with %v", c.Action, s.arn, c.Type, s.context)
					}
				}
			}
		})
	}
	t.Run("every other action has a reason", func(t *testing.T) { o.justify(t) })
}

// beyond are the actions of the policies that the simulated run doesn't use,
// by the reason why they are there.
var beyond = map[string][]string{
	"the real provider reads more than the simulated one, and waits for what it deletes": {
		"application-autoscaling:ListTagsForResource", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
		"ecr:GetRepositoryPolicy", "ecs:ListTagsForResource", "ecs:ListTaskDefinitions",
		"elasticloadbalancing:DescribeTargetHealth", "route53:ListHostedZonesByName", "sts:GetCallerIdentity",
	},
	"an image is pushed by Docker, not by a call that the simulator records": {
		"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
		"ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
	},
	"a repository with images is emptied before it is deleted": {"ecr:BatchDeleteImage"},
	"settings or tags that change later are changed in place": {
		"acm:RemoveTagsFromCertificate", "application-autoscaling:TagResource", "application-autoscaling:UntagResource",
		"ec2:DeleteTags", "ec2:ModifySecurityGroupRules", "ec2:ModifyVpcEndpoint",
		"ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:UntagResource",
		"ecs:UntagResource", "ecs:UpdateCluster",
		"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes",
		"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:RemoveTags",
		"elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
		"iam:UntagRole", "iam:UpdateAssumeRolePolicy", "logs:UntagResource",
		"route53:AssociateVPCWithHostedZone", "route53:UpdateHostedZoneComment",
	},
	"a mapping with more than one certificate has further ones at the listener": {
		"elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:DescribeListenerCertificates",
		"elasticloadbalancing:RemoveListenerCertificates",
	},
	"an update that fails asks why ECS stopped the tasks":                   {"ecs:DescribeTasks", "ecs:ListTasks"},
	"AWS makes a service's own role the first time that an account uses it": {"iam:CreateServiceLinkedRole"},
	"denied, not allowed": {"apigateway:DELETE", "apigateway:PUT"},
}

// justify holds the actions of the policies to those of the run.
func (o observed) justify(t *testing.T) {
	used := map[string]bool{}
	for _, c := range slices.Concat(o.changing, o.reading) {
		used[c.Action] = true
	}
	reasons := map[string]string{}
	for reason, actions := range beyond {
		for _, action := range actions {
			reasons[action] = reason
		}
	}
	for _, name := range slices.Concat(sharedDeploy, providerDeploy) {
		for _, action := range actionsOf(t, name) {
			require.NotContains(t, action, "*", "%s: name the actions", name)
			if !used[action] {
				require.Contains(t, reasons, action, "%s: nothing of the run uses it", name)
				delete(reasons, action)
			}
		}
	}
	require.Empty(t, reasons, "reasons for actions that the run uses, or that no policy has")
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

// foreign are other teams' resources in the shared account: without tags, and
// with names of their own.
var foreign = []string{
	"arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-0000-0000-000000000000",
	"arn:aws:application-autoscaling:us-east-1:111111111111:scalable-target/0123456789abcdef0123456789abcdef",
	"arn:aws:ec2:us-east-1:111111111111:route-table/rtb-00000000000000000",
	"arn:aws:ec2:us-east-1:111111111111:security-group-rule/sgr-00000000000000000",
	"arn:aws:ec2:us-east-1:111111111111:security-group/sg-00000000000000000",
	"arn:aws:ec2:us-east-1:111111111111:subnet/subnet-00000000000000000",
	"arn:aws:ec2:us-east-1:111111111111:vpc-endpoint/vpce-00000000000000000",
	"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-00000000000000000",
	"arn:aws:ecr:us-east-1:111111111111:repository/billing",
	"arn:aws:ecs:us-east-1:111111111111:cluster/billing-prod",
	"arn:aws:ecs:us-east-1:111111111111:service/billing-prod/billing",
	"arn:aws:ecs:us-east-1:111111111111:task-definition/billing:1",
	"arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/billing/0000000000000000/0000000000000000",
	"arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/billing/0000000000000000",
	"arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/billing/0000000000000000",
	"arn:aws:iam::111111111111:role/billing",
	"arn:aws:iam::111111111111:role/portico-dev",
	"arn:aws:iam::111111111111:role/portico-prod-execution",
	"arn:aws:iam::111111111111:role/portico-read-dev",
	"arn:aws:logs:us-east-1:111111111111:log-group:billing",
	"arn:aws:route53:::hostedzone/Z0PUBLICZONE",
}

// reachesForeign are the changing actions that the deploying role may use on
// what isn't Portico's, because AWS has no condition for it; docs/iam says so.
var reachesForeign = map[string]string{
	"acm:AddTagsToCertificate":           "a new certificate has no tags yet",
	"acm:RequestCertificate":             "asks for a new certificate",
	"ecs:DeregisterTaskDefinition":       "takes no resource",
	"route53:AssociateVPCWithHostedZone": "zones' IDs say nothing of their owner",
	"route53:ChangeResourceRecordSets":   "zones' IDs say nothing of their owner; only A and CNAME records",
	"route53:ChangeTagsForResource":      "zones' IDs say nothing of their owner",
	"route53:CreateHostedZone":           "makes a new zone",
	"route53:UpdateHostedZoneComment":    "zones' IDs say nothing of their owner",
}

// creations are the actions whose own kind of resource comes into being: that
// it has no tags yet doesn't mean that it has another owner.
var creations = map[string]string{
	"ec2:CreateVpc": ":vpc/", "ec2:CreateSubnet": ":subnet/", "ec2:CreateRouteTable": ":route-table/",
	"ec2:CreateSecurityGroup": ":security-group/", "ec2:CreateVpcEndpoint": ":vpc-endpoint/",
	"ec2:AuthorizeSecurityGroupIngress": ":security-group-rule/", "ec2:AuthorizeSecurityGroupEgress": ":security-group-rule/",
}

func TestTheDeployingRoleLeavesOthersResourcesAlone(t *testing.T) {
	whole := attached(t, sharedDeploy...)
	reads := actionsOf(t, "shared-read")
	reached := map[string]bool{}
	for _, name := range []string{"shared-deploy-network", "shared-deploy-service"} {
		for _, action := range actionsOf(t, name) {
			if slices.Contains(reads, action) {
				continue
			}
			for _, arn := range foreign {
				// The caller decides the request's tags.
				s := subject{arn, map[string][]string{
					"aws:RequestTag/managed-by": {"portico"}, "aws:RequestTag/environment": {"dev"},
					"iam:PassedToService":                         {"ecs-tasks.amazonaws.com"},
					"application-autoscaling:service-namespace":   {"dynamodb"},
					"route53:ChangeResourceRecordSetsRecordTypes": {"A"},
				}}
				if kind := creations[action]; kind != "" && strings.Contains(arn, kind) || !permits(whole, action, s) {
					continue
				}
				require.Contains(t, reachesForeign, action, "%s may be done to %s", action, arn)
				reached[action] = true
			}
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(reachesForeign)), slices.Sorted(maps.Keys(reached)), "exceptions that are none")
}

func TestPublicZonesAreSafeFromTheDeployingRole(t *testing.T) {
	whole := attached(t, sharedDeploy...)
	public := "arn:aws:route53:::hostedzone/Z0PUBLICZONE"
	require.False(t, permits(whole, "route53:DeleteHostedZone", subject{public, nil}))
	require.True(t, permits(whole, "route53:DeleteHostedZone", subject{"arn:aws:route53:::hostedzone/Z0OTHER", nil}))
	for _, recordType := range []string{"MX", "NS", "TXT"} {
		require.False(t, permits(whole, "route53:ChangeResourceRecordSets",
			subject{public, map[string][]string{"route53:ChangeResourceRecordSetsRecordTypes": {"A", recordType}}}), recordType)
	}
}

// What an API's owner made stays theirs: the role of a provider account's stack
// writes policies and deployments, and deletes nothing.
func TestTheProviderRolesTouchNothingOfAnOwners(t *testing.T) {
	const api = "/restapis/k3v9x2m7qa"
	granted := map[string][]string{
		"provider-read": {
			"apigateway:GET " + api, "apigateway:GET " + api + "/deployments/abc", "apigateway:GET " + api + "/stages/prod",
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
				if permits(attached(t, name), "apigateway:"+verb, subject{"arn:aws:apigateway:us-east-1::" + path, nil}) {
					got = append(got, "apigateway:"+verb+" "+path)
				}
			}
		}
		slices.Sort(got)
		require.Equal(t, want, got, name)
	}
}

func TestReadingRolesOnlyRead(t *testing.T) {
	for _, name := range []string{"shared-read", "provider-read", "provider-domains-read", "shared-domains-read", "public-zone-read", "state-read"} {
		for _, action := range actionsOf(t, name) {
			_, verb, _ := strings.Cut(action, ":")
			require.Regexp(t, `^(BatchCheck|BatchGet|Describe|Get|GET|List)`, verb, "%s: %s", name, action)
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
