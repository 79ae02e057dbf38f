package lifecycle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/thrifty"
)

const (
	ownedAPI = "owned00001" // its owner has a policy
	emptyAPI = "empty00001" // its owner has none

	deploymentType = "aws:apigateway/deployment:Deployment"
)

// policyMapping has a row for each of two APIs of one account.
const policyMapping = `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - CUSTOM_DOMAIN_URL: owned.internal.example.com
    PRIVATE_API_URL: https://owned00001.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET, POST]
    ACCOUNT: orders
  - CUSTOM_DOMAIN_URL: empty.internal.example.com
    PRIVATE_API_URL: https://empty00001.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: orders
`

// retiredMapping is policyMapping with every row retired.
var retiredMapping = strings.ReplaceAll(policyMapping, "    ACCOUNT: orders\n", "    ACCOUNT: orders\n    RETIRED: true\n")

func policySetup() *awssim.Setup {
	w := ordersSetup()
	w.RESTAPIs = []awssim.RESTAPI{
		{Account: ordersAccount, Region: region, ID: ownedAPI, Name: "owned", Policy: json.RawMessage(ownersPolicy), Stages: []string{"dev", "prod"}},
		{Account: ordersAccount, Region: region, ID: emptyAPI, Name: "empty", Stages: []string{"dev"}},
	}
	return w
}

// lives is a provider stack of an environment whose shared stack is up.
type lives struct {
	*simulatedEnvironment
	stack automation.Stack
}

// rewrite puts another mapping and other settings in place.
func (l *lives) rewrite(mapping string, more ...string) {
	l.t.Helper()
	write(l.t, l.project, map[string]string{
		"mapping.yaml": mapping,
		"accounts/provider/Pulumi.dev-orders.yaml": providerSettings(ordersAccount, more...),
	})
}

// deploy runs `pulumi up` on the provider stack alone and returns what it changed,
// and the stack's outputs. A replacement counts once, though the engine names its
// halves too, and what is read anew because its owner changed it is no change of
// Portico's.
func (l *lives) deploy() (map[string]int, map[string]any) {
	l.t.Helper()
	all, err := thrifty.Up(l.t.Context(), l.plain(), optup.SuppressProgress())
	require.NoError(l.t, err)
	changes := map[string]int{}
	for _, op := range []apitype.OpType{apitype.OpCreate, apitype.OpUpdate, apitype.OpReplace, apitype.OpDelete} {
		if n := all[op]; n > 0 {
			changes[string(op)] = n
		}
	}
	return changes, l.outputs()
}

// outputs are the outputs of the provider stack.
func (l *lives) outputs() map[string]any {
	l.t.Helper()
	var types []string
	for _, r := range l.state(l.stack).Resources {
		if r.Type == resource.RootStackType {
			return r.Outputs
		}
		types = append(types, string(r.Type))
	}
	l.t.Fatalf("the state has no outputs, but %v", types)
	return nil
}

// plain is the provider stack as plain Pulumi has it.
func (l *lives) plain() auto.Stack {
	l.t.Helper()
	ctx := l.t.Context()
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(l.stack.Dir), auto.Program(l.stack.Program),
		auto.Pulumi(thrifty.Command{PulumiCommand: l.engine}), auto.EnvVars(l.env.Env))
	require.NoError(l.t, err)
	if len(l.state(l.stack).Resources) == 0 {
		_, err := auto.UpsertStack(ctx, l.stack.Name, workspace)
		require.NoError(l.t, err)
	}
	stack, err := auto.SelectStack(ctx, l.stack.Name, thrifty.Workspace{Workspace: workspace})
	require.NoError(l.t, err)
	return stack
}

// destroyPlainly runs `pulumi destroy` on the provider stack alone.
func (l *lives) destroyPlainly() {
	l.t.Helper()
	stack := l.plain()
	_, err := stack.Destroy(l.t.Context(), optdestroy.SuppressProgress())
	require.NoError(l.t, err)
}

func (l *lives) api(id string) awssim.DeployedAPI {
	l.t.Helper()
	api, ok := l.RESTAPIs(region)[id]
	require.True(l.t, ok, id)
	return api
}

func (l *lives) owner(id string) *awssim.Owner {
	l.t.Helper()
	owner, err := l.OwnerOf(region, id)
	require.NoError(l.t, err)
	return owner
}

// TestOwnersChangeWhatPorticoAddsTo deploys a provider stack again and again
// while the APIs' owner changes policies and stages in between.
func TestOwnersChangeWhatPorticoAddsTo(t *testing.T) {
	t.Parallel()
	files := smallProject()
	files["mapping.yaml"] = policyMapping
	e := newEnvironment(t, files, policySetup())
	before := map[string]awssim.DeployedAPI{}
	for id, api := range e.RESTAPIs(region) {
		before[id] = api
	}
	// A deployment's answer is late enough for another to overtake it.
	e.OnCall(func(c awssim.Call) {
		if c.Type == deploymentType {
			<-time.After(50 * time.Millisecond)
		}
	})
	e.up()
	e.OnCall(nil)
	require.Equal(t, 1, e.MostAtOnce(ordersAccount, region, deploymentType), "deployments of an account at once")
	l := &lives{e, e.env.Providers[0]}

	t.Run("the owner's statement stays first and as it was, and the stage serves both", func(t *testing.T) {
		api := l.api(ownedAPI)
		names := sids(t, api.SavedPolicy)
		require.Equal(t, "Ours", names[0])
		for _, name := range names[1:] {
			require.True(t, strings.HasPrefix(name, "Portico"), name)
		}
		require.Equal(t, statement(t, before[ownedAPI].SavedPolicy, "Ours"), statement(t, api.SavedPolicy, "Ours"))
		require.Equal(t, api.SavedPolicy, api.Stages["dev"].Policy)
	})
	t.Run("a stage that no row leads to is not deployed", func(t *testing.T) {
		require.Equal(t, before[ownedAPI].Stages["prod"], l.api(ownedAPI).Stages["prod"])
	})
	t.Run("an API without a policy admits no other caller", func(t *testing.T) {
		for _, name := range sids(t, l.api(emptyAPI).SavedPolicy) {
			require.True(t, strings.HasPrefix(name, "Portico"), name)
		}
	})
	t.Run("AWS hands the policy back in a form of its own, and there is nothing to do", func(t *testing.T) {
		sent := l.sent(ownedAPI)
		require.NotEqual(t, sent, l.api(ownedAPI).SavedPolicy, "the form is the same: this shows nothing")
		l.requireNoChanges()
	})
	t.Run("what the owner adds is kept, and published", func(t *testing.T) {
		require.NoError(t, l.owner(ownedAPI).SavePolicy(with(t, l.api(ownedAPI).SavedPolicy, "Added")))
		changes, _ := l.deploy()
		require.Equal(t, map[string]int{"update": 1, "replace": 1}, changes)
		require.Equal(t, []string{"Ours", "Added"}, sids(t, l.api(ownedAPI).Stages["dev"].Policy)[:2])
		changes, _ = l.deploy()
		require.Empty(t, changes)
	})
	t.Run("what the owner takes out of Portico's comes back", func(t *testing.T) {
		require.NoError(t, l.owner(ownedAPI).SavePolicy(ownersPolicy))
		l.deploy()
		names := sids(t, l.api(ownedAPI).Stages["dev"].Policy)
		require.Equal(t, "Ours", names[0])
		require.Greater(t, len(names), 1)
		require.NotContains(t, names, "Added")
	})
	t.Run("the owner's own deployment is left alone while the policy is as it was", func(t *testing.T) {
		require.NoError(t, l.owner(ownedAPI).SaveMethods(awssim.Method{Path: "/orders", Verb: "GET"}))
		require.NoError(t, l.owner(ownedAPI).Deploy("dev"))
		deployed := l.api(ownedAPI).Stages["dev"]
		changes, _ := l.deploy()
		require.Empty(t, changes)
		require.Equal(t, deployed, l.api(ownedAPI).Stages["dev"])
	})
	t.Run("a deployment that the owner deletes is not made again, so that the owner's draft stays one", func(t *testing.T) {
		made := l.deployments(ownedAPI)
		require.NotEmpty(t, made)
		require.NoError(t, l.owner(ownedAPI).SaveMethods(awssim.Method{Path: "/draft", Verb: "GET"}))
		for _, id := range made {
			require.NoError(t, l.owner(ownedAPI).DeleteDeployment(id))
		}
		_, err := e.env.Refresh(t.Context())
		require.NoError(t, err)
		require.Contains(t, e.log.String(), "api-owned00001-dev: the deployment was deleted in API Gateway")
		serving := l.api(ownedAPI).Stages["dev"]
		l.requireNoChanges()
		changes, _ := l.deploy()
		require.Empty(t, changes)
		require.Equal(t, serving, l.api(ownedAPI).Stages["dev"])
	})
	t.Run("a canary release is warned of before a deployment may end it", func(t *testing.T) {
		require.NoError(t, l.owner(ownedAPI).StartCanary("dev", 10))
		_, err := e.env.Preview(t.Context())
		require.NoError(t, err)
		require.Contains(t, e.log.String(), "stage dev has a canary release (deployment "+l.api(ownedAPI).Stages["dev"].CanaryDeploymentID+" for 10 % of its requests)")
		l.deploy()
		require.NotEmpty(t, l.api(ownedAPI).Stages["dev"].CanaryDeploymentID, "the policy is as it was")
	})
	t.Run("additional endpoints are admitted", func(t *testing.T) {
		l.rewrite(policyMapping, redeploy, `  portico:additionalVpcEndpointIds: ["vpce-0bbbbbbbbbbbbbbbb"]`)
		l.deploy()
		require.Contains(t, l.api(emptyAPI).Stages["dev"].Policy, "vpce-0bbbbbbbbbbbbbbbb")
		l.requireNoChanges()
	})
	t.Run("without redeploying, the policy is saved, the stage stays, and the commands are told", func(t *testing.T) {
		l.rewrite(policyMapping, "  portico:redeploy: false")
		stages := map[string]string{ownedAPI: l.api(ownedAPI).Stages["dev"].DeploymentID, emptyAPI: l.api(emptyAPI).Stages["dev"].DeploymentID}
		_, outputs := l.deploy()
		require.NotContains(t, l.api(emptyAPI).SavedPolicy, "vpce-0bbbbbbbbbbbbbbbb")
		require.Contains(t, l.api(emptyAPI).Stages["dev"].Policy, "vpce-0bbbbbbbbbbbbbbbb", "what is in effect")
		for id, deployment := range stages {
			require.Equal(t, deployment, l.api(id).Stages["dev"].DeploymentID)
		}
		require.ElementsMatch(t, []any{
			"aws apigateway create-deployment --region us-east-1 --rest-api-id " + emptyAPI + " --stage-name dev",
			"aws apigateway create-deployment --region us-east-1 --rest-api-id " + ownedAPI + " --stage-name dev",
		}, outputs["redeployCommands"])
		require.NoError(t, l.owner(emptyAPI).Deploy("dev"))
		require.Equal(t, l.api(emptyAPI).SavedPolicy, l.api(emptyAPI).Stages["dev"].Policy)
		changes, _ := l.deploy()
		require.Empty(t, changes)
	})
	t.Run("a retired row's statements go, the owner's stay, and the stage follows", func(t *testing.T) {
		l.rewrite(retiredMapping, redeploy)
		l.deploy()
		require.Equal(t, []string{"Ours"}, sids(t, l.api(ownedAPI).SavedPolicy))
		require.Equal(t, l.api(ownedAPI).SavedPolicy, l.api(ownedAPI).Stages["dev"].Policy)
		require.Equal(t, []string{"PorticoRetired"}, sids(t, l.api(emptyAPI).Stages["dev"].Policy))
		changes, _ := l.deploy()
		require.Empty(t, changes)
	})
	t.Run("plain pulumi destroy leaves policies, stages and deployments as they are", func(t *testing.T) {
		l.rewrite(policyMapping, redeploy)
		l.deploy()
		before := l.RESTAPIs(region)
		l.destroyPlainly()
		require.Equal(t, before, l.RESTAPIs(region))
		require.Empty(t, l.state(l.stack).Resources)
	})
	t.Run("destroy takes Portico's statements out, and leaves stages, methods and the owner's statements", func(t *testing.T) {
		l.deploy()
		before := l.RESTAPIs(region)
		report, err := e.env.Destroy(t.Context())
		require.NoError(t, err)
		require.Empty(t, report.Commands)
		require.Equal(t, []string{"Ours"}, sids(t, l.api(ownedAPI).Stages["dev"].Policy))
		require.Equal(t, []string{"PorticoRetired"}, sids(t, l.api(emptyAPI).Stages["dev"].Policy))
		for id, api := range l.RESTAPIs(region) {
			require.Equal(t, before[id].StageNames(), api.StageNames())
			require.Equal(t, api.SavedPolicy, api.Stages["dev"].Policy)
		}
		require.Equal(t, before[ownedAPI].Stages["prod"], l.api(ownedAPI).Stages["prod"], "no row led there")
		require.Empty(t, l.state(l.stack).Resources)
	})
	t.Run("without redeploying, destroy saves the policies and names the commands", func(t *testing.T) {
		slowly(t)
		l.rewrite(policyMapping, redeploy)
		e.up()
		l.rewrite(policyMapping, "  portico:redeploy: false")
		granted := l.api(ownedAPI).Stages["dev"]
		report, err := e.env.Destroy(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, []string{
			"aws apigateway create-deployment --region us-east-1 --rest-api-id " + emptyAPI + " --stage-name dev",
			"aws apigateway create-deployment --region us-east-1 --rest-api-id " + ownedAPI + " --stage-name dev",
		}, report.Commands)
		require.Equal(t, []string{"Ours"}, sids(t, l.api(ownedAPI).SavedPolicy))
		require.Equal(t, granted, l.api(ownedAPI).Stages["dev"], "until the owner deploys")
	})
}

// deployments are the IDs of an API's deployments in Pulumi's state.
func (l *lives) deployments(id string) []string {
	l.t.Helper()
	var ids []string
	for _, r := range l.state(l.stack).Resources {
		if r.Type == deploymentType && r.Inputs["restApi"] == id {
			ids = append(ids, string(r.ID))
		}
	}
	return ids
}

// sent is the policy that Portico gave an API, as Pulumi's state has it.
func (l *lives) sent(id string) string {
	l.t.Helper()
	for _, r := range l.state(l.stack).Resources {
		if r.Type == "aws:apigateway/restApiPolicy:RestApiPolicy" && string(r.ID) == id {
			text, _ := r.Inputs["policy"].(string)
			return text
		}
	}
	l.t.Fatalf("the state has no policy of %s", id)
	return ""
}

// TestAPIsThatCannotBeUsedAreNamedBeforeAnythingChanges previews provider stacks
// of which each has something else wrong, side by side with one that is right.
func TestAPIsThatCannotBeUsedAreNamedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	setup := policySetup()
	setup.Accounts = append(setup.Accounts, awssim.Account{ID: "333333333333"})
	setup.RESTAPIs = append(setup.RESTAPIs,
		awssim.RESTAPI{Account: ordersAccount, Region: region, ID: "regional01", Name: "regional", EndpointType: "REGIONAL", Stages: []string{"dev"}},
		awssim.RESTAPI{Account: ordersAccount, Region: "us-west-2", ID: "western001", Name: "western", Stages: []string{"dev"}},
		awssim.RESTAPI{Account: ordersAccount, Region: region, ID: "mistyped01", Name: "mistyped", Policy: json.RawMessage(ownersPolicy), Stages: []string{"development"}},
		awssim.RESTAPI{Account: "333333333333", Region: region, ID: "foreign001", Name: "foreign", Stages: []string{"dev"}},
	)
	files := smallProject()
	files["mapping.yaml"] = policyMapping
	row := func(host, api, region string) string {
		return fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: %s.internal.example.com, PRIVATE_API_URL: \"https://%s.execute-api.%s.amazonaws.com/dev\", ACCOUNT: orders}\n", host, api, region)
	}
	names, _, _ := strings.Cut(policyMapping, "APIS:\n")
	var many strings.Builder
	for i := range 400 {
		many.WriteString(row(fmt.Sprintf("a-rather-long-name-of-a-host-%d", i), ownedAPI, region))
	}
	for name, c := range wrongAPIs {
		rows := many.String()
		if c.api != "" {
			rows = row(name, c.api, c.region)
		}
		files["accounts/provider/"+name+".yaml"] = names + "APIS:\n" + rows
		files["accounts/provider/Pulumi.dev-"+name+".yaml"] = strings.Replace(
			providerSettings(ordersAccount, redeploy), "../../mapping.yaml", name+".yaml", 1)
	}
	e := newEnvironment(t, files, setup)
	before := e.RESTAPIs(region)
	report, err := e.env.Up(t.Context())
	require.Error(t, err)
	changed := false
	for _, s := range report.Stacks {
		c, ok := wrongAPIs[strings.TrimPrefix(s.Name, "dev-")]
		if !ok {
			require.NoError(t, s.Err, s.Name)
			changed = changed || s.Changes.Create > 0
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			require.Error(t, s.Err)
			for _, want := range c.says {
				require.ErrorContains(t, s.Err, want)
			}
		})
	}
	require.True(t, changed, "the stack that is right was not deployed")
	require.Equal(t, []string{"development"}, e.RESTAPIs(region)["mistyped01"].StageNames())
	for id, api := range e.RESTAPIs(region) {
		if id != ownedAPI && id != emptyAPI {
			require.Equal(t, before[id].SavedPolicy, api.SavedPolicy, id)
		}
	}
}

// wrongAPIs are provider stacks by the end of their names, the API that their
// only row leads to (none: four hundred rows lead to one API), and what is said.
var wrongAPIs = map[string]struct {
	api, region string
	says        []string
}{
	"missing":  {"missing001", region, []string{"missing001"}},
	"regional": {"regional01", region, []string{"regional01", "REGIONAL", "private"}},
	"region":   {"western001", "us-west-2", []string{"western001", "us-west-2", "us-east-1"}},
	"western":  {"western001", region, []string{"western001"}},
	"foreign":  {"foreign001", region, []string{"foreign001"}},
	"mistyped": {"mistyped01", region, []string{"APIS[0].PRIVATE_API_URL", `account 222222222222 has no stage "dev"`, "portico:createStages"}},
	"large":    {"", "", []string{ownedAPI, "8192", "APIS[0] (a-rather-long-name-of-a-host-0.internal.example.com"}},
}

// sids are the statements' names in a resource policy, in order.
func sids(t *testing.T, policy string) []string {
	t.Helper()
	var names []string
	for _, s := range statements(t, policy) {
		name, _ := s["Sid"].(string)
		names = append(names, name)
	}
	return names
}

func statements(t *testing.T, policy string) []map[string]any {
	t.Helper()
	var document struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(policy), &document), "policy %q", policy)
	return document.Statement
}

func statement(t *testing.T, policy, sid string) map[string]any {
	t.Helper()
	for _, s := range statements(t, policy) {
		if s["Sid"] == sid {
			return s
		}
	}
	t.Fatalf("no statement %s in %s", sid, policy)
	return nil
}

// with is a policy with one more statement of its owner's after the first.
func with(t *testing.T, policy, sid string) string {
	t.Helper()
	all := statements(t, policy)
	added := map[string]any{
		"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/dev/GET/internal",
	}
	all = append(all[:1:1], append([]map[string]any{added}, all[1:]...)...)
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	require.NoError(t, err)
	return string(text)
}
