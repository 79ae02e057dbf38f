package accounts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const minimalProvider settingsText = `config:
  portico:mapping: mapping.yaml
  portico:aws: {region: us-east-1, accountId: "222222222222"}
  portico:shared: {stack: organization/portico/dev}
`

const redeploying = minimalProvider + "  portico:redeploy: true\n"

var sharedStackOutputs = map[string]any{
	"contract":      2,
	"region":        "us-east-1",
	"vpcEndpointId": "vpce-0a1b2c3d4e5f60718",
}

// provider runs a provider stack's program.
func provider(t *testing.T, m *monitor, s settingsText, mapping string) error {
	t.Helper()
	return run(t, m, ProviderIn(project(t, "dev-orders", s, mapping)), "dev-orders", s.config(t))
}

// statements are a policy's, by Sid.
func statements(t *testing.T, r registered) map[string]map[string]any {
	t.Helper()
	var document struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(r.Inputs["policy"].(string)), &document))
	bySid := map[string]map[string]any{}
	for _, statement := range document.Statement {
		sid, _ := statement["Sid"].(string)
		bySid[sid] = statement
	}
	return bySid
}

const (
	policyToken     = "aws:apigateway/restApiPolicy:RestApiPolicy"
	deploymentToken = "aws:apigateway/deployment:Deployment"
)

func TestD33_RowsOfOneAPIShareOnePolicyAndOneDeploymentOfEachStage(t *testing.T) {
	m := &monitor{shared: sharedStackOutputs}
	require.NoError(t, provider(t, m, redeploying, `APIS:
  - {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev, ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: b.example.com, PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev, ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: c.example.com, PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/test, ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: d.example.com, PRIVATE_API_URL: https://zzzzz00000.execute-api.us-east-1.amazonaws.com/dev, ACCOUNT: "333333333333"}
`))
	require.Equal(t, "abcde12345", m.only(t, policyToken).Inputs["restApiId"])
	var deployed []string
	for _, d := range m.of(deploymentToken) {
		deployed = append(deployed, d.Inputs["stageName"].(string))
	}
	require.Equal(t, []string{"dev", "test"}, deployed)
}

func TestD37_TheOwnersStatementsStay(t *testing.T) {
	owner := `{"Version":"2012-10-17","Statement":[{"Sid":"Partners","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:222222222222:abcde12345/*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0000000a"}}}]}`
	m := &monitor{shared: sharedStackOutputs, policies: map[string]string{"abcde12345": owner}}
	require.NoError(t, provider(t, m, redeploying, twoRows))
	policy := m.named(t, policyToken, "abcde12345")
	require.Contains(t, statements(t, policy), "Partners")
	require.True(t, policy.RetainOnDelete, "deleting the policy would delete the owner's statements")

	t.Run("and a second update changes nothing", func(t *testing.T) {
		again := &monitor{shared: sharedStackOutputs, policies: map[string]string{
			"abcde12345": policy.Inputs["policy"].(string),
			"fghij67890": m.named(t, policyToken, "fghij67890").Inputs["policy"].(string),
		}}
		require.NoError(t, provider(t, again, redeploying, twoRows))
		require.Equal(t, policy.Inputs, again.named(t, policyToken, "abcde12345").Inputs)
		require.Equal(t, m.of(deploymentToken), again.of(deploymentToken))
	})
}

func TestDeploymentsFollowTheirPolicyOneAfterAnother(t *testing.T) {
	m := &monitor{shared: sharedStackOutputs}
	require.NoError(t, provider(t, m, redeploying, twoRows))
	deployments := m.of(deploymentToken)
	require.Len(t, deployments, 2)
	for _, d := range deployments {
		require.True(t, d.RetainOnDelete, "deleting the deployment would delete the owner's stage")
		require.Contains(t, strings.Join(d.Dependencies, " "), "RestApiPolicy::"+strings.TrimSuffix(strings.TrimSuffix(d.Name, "-dev"), "-test"))
	}
	require.Contains(t, strings.Join(deployments[1].Dependencies, " "), "Deployment::"+deployments[0].Name)
}

func TestWithoutRedeploymentTheOwnerGetsTheCommands(t *testing.T) {
	m := &monitor{shared: sharedStackOutputs}
	commands := outputsOf(t, m, minimalProvider+"  portico:redeploy: false\n", twoRows)["redeployCommands"]
	require.Empty(t, m.of(deploymentToken))
	require.Equal(t, []any{
		"aws apigateway create-deployment --region us-east-1 --rest-api-id abcde12345 --stage-name dev",
		"aws apigateway create-deployment --region us-east-1 --rest-api-id fghij67890 --stage-name dev",
	}, commands)
}

func TestARetiredAPIKeepsADeployablePolicyThatAdmitsNobody(t *testing.T) {
	m := &monitor{shared: sharedStackOutputs}
	require.NoError(t, provider(t, m, redeploying, `APIS:
  - {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev, ACCOUNT: "222222222222", RETIRED: true}
`))
	all := statements(t, m.only(t, policyToken))
	require.Len(t, all, 1)
	require.Equal(t, "Deny", all["PorticoRetired"]["Effect"])
	require.Len(t, m.of(deploymentToken), 1, "what was granted stays in effect until the stage is redeployed")
}

func TestRowsWithoutAccountBelongToTheStackThatListsTheirAPI(t *testing.T) {
	const rows = `APIS:
  - {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev}
  - {CUSTOM_DOMAIN_URL: b.example.com, PRIVATE_API_URL: https://fghij67890.execute-api.us-east-1.amazonaws.com/dev}
`
	m := &monitor{shared: sharedStackOutputs}
	require.NoError(t, provider(t, m, redeploying+"  portico:apis: [fghij67890]\n", rows))
	require.Equal(t, "fghij67890", m.only(t, policyToken).Inputs["restApiId"])
}

func TestAnAccountMayBeNamedAsInTheMapping(t *testing.T) {
	m := &monitor{shared: sharedStackOutputs}
	s := settingsText(strings.ReplaceAll(string(redeploying), `"222222222222"`, "orders")) +
		"  portico:allowedRoleArns: [\"arn:aws:iam::222222222222:role/por*\"]\n"
	require.NoError(t, provider(t, m, s, `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev, ACCOUNT: orders}
`))
	inputs := m.only(t, "pulumi:providers:aws").Inputs
	require.Equal(t, []any{"222222222222"}, inputs["allowedAccountIds"])
	require.Equal(t, "arn:aws:iam::222222222222:role/portico", inputs["assumeRole"].(map[string]any)["roleArn"])
}

func TestAProviderStackRefuses(t *testing.T) {
	with := func(change func(map[string]any)) map[string]any {
		outputs := map[string]any{}
		for key, value := range sharedStackOutputs {
			outputs[key] = value
		}
		change(outputs)
		return outputs
	}
	var many strings.Builder
	many.WriteString("APIS:\n")
	for i := range 200 {
		fmt.Fprintf(&many, "  - {CUSTOM_DOMAIN_URL: host-%d.example.com, PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev/path-%d, VERBS: GET, ACCOUNT: \"222222222222\"}\n", i, i)
	}
	for name, c := range map[string]struct {
		monitor  *monitor
		settings settingsText
		mapping  string
		want     []string
	}{
		"a shared stack that isn't there": {
			monitor: &monitor{}, want: []string{"read stack organization/portico/dev (portico:shared.stack): the state's backend has no such stack: bring the shared stack up first"},
		},
		"a shared stack of another contract": {
			monitor: &monitor{shared: with(func(o map[string]any) { o["contract"] = 3 })},
			want:    []string{"organization/portico/dev", "contract 3"},
		},
		"a shared stack that was never brought up": {
			monitor: &monitor{shared: map[string]any{}}, want: []string{"organization/portico/dev", "contract"},
		},
		"a shared stack without its endpoint": {
			monitor: &monitor{shared: with(func(o map[string]any) { delete(o, "vpcEndpointId") })},
			want:    []string{"output vpcEndpointId of stack organization/portico/dev"},
		},
		"a shared stack of another region": {
			monitor: &monitor{shared: with(func(o map[string]any) { o["region"] = "eu-west-1" })},
			want:    []string{"its endpoint is in eu-west-1"},
		},
		"an API that isn't private": {
			monitor: &monitor{shared: sharedStackOutputs, endpointTypes: map[string]string{"abcde12345": "REGIONAL"}},
			want:    []string{"REST API abcde12345", "endpoint type is REGIONAL"},
		},
		"an API of another region": {
			monitor: &monitor{shared: sharedStackOutputs},
			mapping: strings.ReplaceAll(twoRows, "us-east-1", "eu-west-1"),
			want:    []string{"REST API abcde12345: it is in eu-west-1", "REST API fghij67890: it is in eu-west-1", "APIS[1] (b.private.example.net)"},
		},
		"an account without rows": {
			monitor: &monitor{shared: sharedStackOutputs},
			mapping: strings.ReplaceAll(twoRows, "222222222222", "333333333333"),
			want:    []string{"account 222222222222"},
		},
		"a listed API that no row leads to": {
			monitor: &monitor{shared: sharedStackOutputs}, settings: redeploying + "  portico:apis: [zzzzz00000]\n",
			want: []string{"REST API zzzzz00000 (portico:apis)"},
		},
		"a role that the settings don't allow": {
			monitor: &monitor{shared: sharedStackOutputs},
			mapping: "ACCOUNTS:\n  orders: {ID: \"222222222222\", ROLE_ARN: \"arn:aws:iam::222222222222:role/other\"}\n" + twoRows,
			want:    []string{"mapping.yaml:2:42: ACCOUNTS.orders.ROLE_ARN: the settings of stack dev-orders don't allow role arn:aws:iam::222222222222:role/other"},
		},
		"a policy that can't be read": {
			monitor: &monitor{shared: sharedStackOutputs, policies: map[string]string{"abcde12345": "{"}},
			want:    []string{"REST API abcde12345", "APIS[0] (a.internal.example.com)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.settings == "" {
				c.settings = redeploying
			}
			if c.mapping == "" {
				c.mapping = twoRows
			}
			err := provider(t, c.monitor, c.settings, c.mapping)
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.Empty(t, c.monitor.of(deploymentToken), "nothing is deployed")
		})
	}
	t.Run("D36: a policy above the quota, in a preview", func(t *testing.T) {
		m := &monitor{shared: sharedStackOutputs, unknown: true}
		err := provider(t, m, redeploying, many.String())
		require.ErrorContains(t, err, "abcde12345")
		require.ErrorContains(t, err, "8192")
		require.Empty(t, m.of(policyToken))
	})
}
