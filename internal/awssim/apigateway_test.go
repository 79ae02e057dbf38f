package awssim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/awssim/apigateway"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/awssim/view"
)

const ownerAccount = "222222222222"

// allowing is a policy that admits every caller who comes through one endpoint.
func allowing(endpoint string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",
		"Resource":["execute-api:/*"],"Condition":{"StringEquals":{"aws:SourceVpce":["` + endpoint + `"]}}}]}`
}

func newAPILab(t *testing.T) *lab {
	t.Helper()
	return newLab(t, &Setup{RESTAPIs: []apigateway.RESTAPI{
		{Account: ownerAccount, Region: testRegion, ID: "orders1234", Name: "orders", Policy: json.RawMessage(allowing("vpce-owner")), Stages: []string{"dev"}},
		{Account: ownerAccount, Region: testRegion, ID: "blank12345", Name: "blank", Stages: []string{"dev"}},
		{Account: ownerAccount, Region: testRegion, ID: "public1234", Name: "public", EndpointType: "REGIONAL"},
	}}).as(ownerAccount, testRegion)
}

// admits reports whether a GET of the stage dev's root is invoked.
func (l *lab) admits(api, endpoint string) bool {
	l.t.Helper()
	ok, err := l.RESTAPIs(testRegion)[api].Admits(apigateway.Invocation{Stage: "dev", Verb: "GET", Path: "/",
		Context: map[string][]string{"aws:SourceVpce": {endpoint}}}, iampolicy.ImplicitDeny)
	require.NoError(l.t, err)
	return ok
}

func TestPolicyHasNoEffectUntilTheStageIsDeployed(t *testing.T) {
	l := newAPILab(t)
	require.True(t, l.admits("orders1234", "vpce-owner"))

	l.must(view.RESTAPIPolicyType, "policy", engine.Object{"restApiId": "orders1234", "policy": allowing("vpce-portico")})
	require.True(t, l.admits("orders1234", "vpce-owner"), "the old policy still has effect")
	require.False(t, l.admits("orders1234", "vpce-portico"), "the new one has none")

	l.must(view.DeploymentType, "deployment", engine.Object{"restApi": "orders1234", "stageName": "dev"})
	require.False(t, l.admits("orders1234", "vpce-owner"))
	require.True(t, l.admits("orders1234", "vpce-portico"))
}

func TestPrivateAPIWithoutPolicyCannotBeDeployed(t *testing.T) {
	l := newAPILab(t)
	_, err := l.create(view.DeploymentType, "deployment", engine.Object{"restApi": "blank12345", "stageName": "dev"})
	require.ErrorContains(t, err, "Private REST API doesn't have a resource policy attached to it")
	require.False(t, l.admits("blank12345", "vpce-portico"), "nothing admits to an API without policy")

	l.must(view.DeploymentType, "public", engine.Object{"restApi": "public1234", "stageName": "live"})
	require.Equal(t, []string{"live"}, l.RESTAPIs(testRegion)["public1234"].StageNames(), "a stage that wasn't there is created")
}

func TestAPIOfAnotherAccountOrRegionIsInvisible(t *testing.T) {
	l := newAPILab(t)
	for sentence, stranger := range map[string]*lab{"another account": l.as(testAccount, testRegion), "another region": l.as(ownerAccount, "eu-west-1")} {
		t.Run(sentence, func(t *testing.T) {
			api := engine.Resource{Type: view.RESTAPIType, ID: "orders1234"}
			require.Nil(t, stranger.read(&api))
			_, err := stranger.create(view.RESTAPIPolicyType, "policy", engine.Object{"restApiId": "orders1234", "policy": allowing("vpce-x")})
			require.ErrorContains(t, err, "NotFoundException")
			_, err = stranger.create(view.DeploymentType, "deployment", engine.Object{"restApi": "orders1234", "stageName": "dev"})
			require.ErrorContains(t, err, "NotFoundException")
		})
	}
}

func TestDeletingADeploymentTakesTheOwnersStage(t *testing.T) {
	for sentence, test := range map[string]struct {
		before func(l *lab)
		stages []string
	}{
		"the stage still points at it":      {func(*lab) {}, []string{}},
		"the owner has deployed in between": {func(l *lab) { require.NoError(l.t, l.owner().Deploy("dev")) }, []string{"dev"}},
		"a later deployment took the stage over": {func(l *lab) {
			l.must(view.DeploymentType, "next", engine.Object{"restApi": "orders1234", "stageName": "dev"})
		}, []string{"dev"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newAPILab(t)
			deployment := l.must(view.DeploymentType, "deployment", engine.Object{"restApi": "orders1234", "stageName": "dev"})
			test.before(l)
			require.NoError(t, l.delete(deployment))
			require.Equal(t, test.stages, l.RESTAPIs(testRegion)["orders1234"].StageNames())
		})
	}
}

func TestDeploymentWithoutStageNameIsHeldByStages(t *testing.T) {
	l := newAPILab(t)
	deployment := l.must(view.DeploymentType, "deployment", engine.Object{"restApi": "orders1234"})
	l.must(view.StageType, "stage", engine.Object{"restApi": "orders1234", "stageName": "live", "deployment": deployment.ID})
	require.ErrorContains(t, l.delete(deployment), "Active stages pointing to this deployment must be moved or deleted")
}

func (l *lab) owner() *apigateway.Owner {
	l.t.Helper()
	owner, err := l.OwnerOf(testRegion, "orders1234")
	require.NoError(l.t, err)
	return owner
}

func TestDeploymentPublishesTheOwnersDraft(t *testing.T) {
	l := newAPILab(t)
	require.NoError(t, l.owner().SaveMethods(apigateway.Method{Path: "/orders/{id}", Verb: "GET", Authorization: "NONE"}, apigateway.Method{Path: "/admin/{proxy+}", Verb: "ANY", Authorization: "CUSTOM"}))
	require.Empty(t, l.RESTAPIs(testRegion)["orders1234"].Stages["dev"].Methods, "saved, not deployed")
	l.must(view.DeploymentType, "deployment", engine.Object{"restApi": "orders1234", "stageName": "dev"})

	api := l.RESTAPIs(testRegion)["orders1234"]
	for _, test := range []struct {
		verb, path, endpoint string
		authorizer           iampolicy.Outcome
		want                 bool
	}{
		{"GET", "/orders/7", "vpce-owner", iampolicy.ImplicitDeny, true},
		{"GET", "/orders/7", "vpce-other", iampolicy.ImplicitDeny, false},
		{"POST", "/orders/7", "vpce-owner", iampolicy.ImplicitDeny, false}, // no such method
		{"GET", "/orders", "vpce-owner", iampolicy.ImplicitDeny, false},
		{"GET", "/admin/a/b", "vpce-other", iampolicy.Allowed, true}, // a Lambda authorizer beside a silent policy
		{"GET", "/admin/a/b", "vpce-other", iampolicy.ExplicitDeny, false},
	} {
		got, err := api.Admits(apigateway.Invocation{Stage: "dev", Verb: test.verb, Path: test.path, Context: map[string][]string{"aws:SourceVpce": {test.endpoint}}}, test.authorizer)
		require.NoError(t, err)
		require.Equal(t, test.want, got, "%+v", test)
	}
}

func TestPolicyOfTheAPI(t *testing.T) {
	t.Run("reads back in full and in API Gateway's form", func(t *testing.T) {
		l := newAPILab(t)
		policy := l.must(view.RESTAPIPolicyType, "policy", engine.Object{"restApiId": "orders1234", "policy": allowing("vpce-portico")})
		api := l.read(&engine.Resource{Type: view.RESTAPIType, ID: "orders1234"})
		require.JSONEq(t, `{"Statement":[{"Action":"execute-api:Invoke","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-portico"}},`+
			`"Effect":"Allow","Principal":"*","Resource":"arn:aws:execute-api:us-east-1:222222222222:orders1234/*"}],"Version":"2012-10-17"}`,
			api.Properties.Text("policy"))
		require.Equal(t, allowing("vpce-portico"), l.read(policy).Properties.Text("policy"), "no drift")

		require.NoError(t, l.owner().SavePolicy(allowing("vpce-owner")))
		require.Contains(t, l.read(policy).Properties.Text("policy"), "vpce-owner", "the owner's change is drift")
	})
	t.Run("replaces the owner's, and a second create what the first left", func(t *testing.T) {
		l := newAPILab(t)
		l.must(view.RESTAPIPolicyType, "policy", engine.Object{"restApiId": "orders1234", "policy": allowing("vpce-portico")})
		l.must(view.RESTAPIPolicyType, "again", engine.Object{"restApiId": "orders1234", "policy": allowing("vpce-other")})
		saved := l.RESTAPIs(testRegion)["orders1234"].SavedPolicy
		require.Contains(t, saved, "vpce-other")
		require.NotContains(t, saved, "vpce-owner")
	})
	t.Run("is blanked by deleting the resource", func(t *testing.T) {
		l := newAPILab(t)
		policy := l.must(view.RESTAPIPolicyType, "policy", engine.Object{"restApiId": "orders1234", "policy": allowing("vpce-portico")})
		require.NoError(t, l.delete(policy))
		require.Empty(t, l.RESTAPIs(testRegion)["orders1234"].SavedPolicy)
		require.ErrorContains(t, l.owner().Deploy("dev"), "doesn't have a resource policy")
	})
	for sentence, test := range map[string]struct{ policy, want string }{
		"no JSON":                 {`{`, "invalid JSON"},
		"no principal":            {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}}`, "Invalid policy document"},
		"beyond 8,192 characters": {strings.Replace(allowing("vpce-portico"), "vpce-portico", strings.Repeat("v", 8192), 1), "LimitExceededException"},
		"an unknown operator":     {strings.Replace(allowing("vpce-portico"), "StringEquals", "StringSame", 1), "Invalid policy document"},
	} {
		t.Run("is refused with "+sentence, func(t *testing.T) {
			l := newAPILab(t)
			_, err := l.create(view.RESTAPIPolicyType, "policy", engine.Object{"restApiId": "orders1234", "policy": test.policy})
			require.ErrorContains(t, err, test.want)
			require.Contains(t, l.RESTAPIs(testRegion)["orders1234"].SavedPolicy, "vpce-owner")
		})
	}
}

func TestAPIIdentifiersAreUniqueInARegion(t *testing.T) {
	api := apigateway.RESTAPI{Account: ownerAccount, Region: testRegion, ID: "orders1234", Name: "orders"}
	twin := api
	twin.Account = testAccount
	_, err := New(&Setup{RESTAPIs: []apigateway.RESTAPI{api, twin}})
	require.ErrorContains(t, err, "unique in a region")
}

// API Gateway keeps another text than it was given; what the text allows must
// not change with it.
func TestStoredFormOfAPolicyDecidesAlike(t *testing.T) {
	const arn = "arn:aws:execute-api:us-east-1:222222222222:orders1234"
	resource := rapid.SampledFrom([]string{"execute-api:/*", "execute-api:/dev/GET/orders", "execute-api:/dev/*", arn + "/dev/GET/orders/*", "*"})
	rapid.Check(t, func(t *rapid.T) {
		statement := rapid.Custom(func(t *rapid.T) map[string]any {
			s := map[string]any{
				"Effect": rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"), "Principal": "*", "Action": []any{"execute-api:Invoke"},
				rapid.SampledFrom([]string{"Resource", "NotResource"}).Draw(t, "element"): rapid.SliceOfN(resource, 1, 3).Draw(t, "resources"),
			}
			if endpoints := rapid.SliceOfN(rapid.SampledFrom([]string{"vpce-a", "vpce-b"}), 0, 2).Draw(t, "endpoints"); len(endpoints) > 0 {
				s["Condition"] = map[string]any{rapid.SampledFrom([]string{"StringEquals", "StringNotEquals"}).Draw(t, "operator"): map[string]any{"aws:SourceVpce": endpoints}}
			}
			return s
		})
		text, err := engine.MarshalPlain(map[string]any{"Version": "2012-10-17", "Statement": rapid.SliceOfN(statement, 1, 4).Draw(t, "statements")})
		require.NoError(t, err)
		stored := apigateway.StoredForm(text, arn)
		require.Equal(t, stored, apigateway.StoredForm(stored, arn))
		full, err := iampolicy.Parse([]byte(strings.ReplaceAll(text, "execute-api:/", arn+"/")))
		require.NoError(t, err)
		kept, err := iampolicy.Parse([]byte(stored))
		require.NoError(t, err, stored)
		request := iampolicy.Request{Action: "execute-api:Invoke", Resource: arn + rapid.SampledFrom([]string{"/dev/GET/orders", "/dev/GET/orders/1", "/live/POST/"}).Draw(t, "path"),
			Context: map[string][]string{"aws:SourceVpce": {rapid.SampledFrom([]string{"vpce-a", "vpce-b", "vpce-c"}).Draw(t, "endpoint")}}}
		require.Equal(t, iampolicy.Evaluate(full, request).Outcome, iampolicy.Evaluate(kept, request).Outcome, "%s\n%s", text, stored)
	})
}

func TestACanaryReleaseTakesPartOfAStageUntilTheNextDeployment(t *testing.T) {
	l := newAPILab(t)
	before := l.RESTAPIs(testRegion)["orders1234"].Stages["dev"].DeploymentID
	owner, err := apigateway.OwnerOf(l.Simulator.Simulator, testRegion, "orders1234")
	require.NoError(t, err)
	require.ErrorContains(t, owner.StartCanary("live", 10), "Stage live must already be created before making a canary release deployment")
	require.NoError(t, owner.StartCanary("dev", 10))
	stage := l.RESTAPIs(testRegion)["orders1234"].Stages["dev"]
	require.Equal(t, before, stage.DeploymentID)
	require.NotEmpty(t, stage.CanaryDeploymentID)
	require.NoError(t, owner.Deploy("dev"))
	require.Empty(t, l.RESTAPIs(testRegion)["orders1234"].Stages["dev"].CanaryDeploymentID)
}
