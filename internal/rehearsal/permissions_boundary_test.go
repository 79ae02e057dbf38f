package rehearsal

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
)

// boundaryARN is a managed policy of the shared account.
const boundaryARN = "arn:aws:iam::111111111111:policy/boundary"

// boundedOrganization is a setup whose shared account has a managed policy for
// boundaries, and whose organization denies roles that are not bounded by it.
func boundedOrganization(t *testing.T, allows string) string {
	return setupFor(t, smallMapping, func(w *awssim.Setup) {
		w.Existing = append(w.Existing, awssim.Existing{
			Account: string(sharedAccount), Region: "us-east-1", Type: "aws:iam/policy:Policy", ID: boundaryARN,
			Properties: awssim.Object{"name": "boundary", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + allows + `,"Resource":"*"}]}`},
		})
		for i := range w.Accounts {
			w.Accounts[i].ServiceControlPolicies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[
				{"Effect":"Deny","Action":["iam:CreateRole","iam:PutRolePermissionsBoundary"],"Resource":"*",
				 "Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"` + boundaryARN + `"}}},
				{"Effect":"Deny","Action":"iam:DeleteRolePermissionsBoundary","Resource":"*"}]}`)}
		}
	})
}

// An organization that demands a permissions boundary on each role is satisfied by the
// setting, and by nothing else.
func TestRolesHaveThePermissionsBoundaryThatAnOrganizationDemands(t *testing.T) {
	setup := boundedOrganization(t, `"*"`)
	options := func(boundary string) Options {
		return Options{Mapping: writeFile(t, "small.yaml", smallMapping), Setup: setup,
			Config: map[string]any{"portico:iam": map[string]any{"permissionsBoundary": boundary}}}
	}
	run := begin(t, options(boundaryARN), nil)
	run.deploy(t)
	roles := run.simulator.Resources(awssim.Filter{Type: "aws:iam/role:Role"})
	require.Len(t, roles, 3)
	for _, role := range roles {
		require.Equal(t, boundaryARN, role.Properties.Text("permissionsBoundary"), role.ID)
	}

	without := options("")
	without.Config = nil
	run = begin(t, without, nil)
	_, err := run.try(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
	require.ErrorContains(t, err, "iam:CreateRole")
	require.ErrorContains(t, err, "with an explicit deny in a service control policy")

	missing := begin(t, options(boundaryARN+"-2"), nil)
	_, err = missing.try(t, sharedProject, missing.environment, missing.dir, accounts.SharedIn(missing.dir))
	require.Error(t, err, "there is no such policy")
}

// A boundary that leaves out what the tasks need keeps them from starting.
func TestABoundaryWithoutTheRegistryKeepsTheTasksFromStarting(t *testing.T) {
	run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Setup: boundedOrganization(t, `"logs:*"`),
		Config: map[string]any{"portico:iam": map[string]any{"permissionsBoundary": boundaryARN}}}, nil)
	_, err := run.try(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
	require.ErrorContains(t, err, "tasksPending")
	service := regexp.MustCompile(`arn:aws:ecs:[^)]+`).FindString(err.Error())
	require.Contains(t, strings.Join(run.simulator.StoppedTasks(service), "\n"), "ecr:")
}

// What an organization's service control policies demand is met by the settings, and by
// nothing less: without one of them the first call that lacks it is denied.
func TestAnOrganizationsDemandsAreMetByTheSettings(t *testing.T) {
	setup := setupFor(t, smallMapping, func(w *awssim.Setup) {
		for i := range w.Accounts {
			w.Accounts[i].ServiceControlPolicies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[
				{"Effect":"Deny","Action":"logs:CreateLogGroup","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestTag/cost-center":"4711"}}},
				{"Effect":"Deny","Action":"iam:CreateRole","NotResource":"arn:aws:iam::*:role/platform/*"},
				{"Effect":"Deny","Action":"logs:DisassociateKmsKey","Resource":"*"},
				{"Effect":"Deny","Action":["elasticloadbalancing:CreateListener","elasticloadbalancing:ModifyListener"],"Resource":"*",
				 "Condition":{"StringNotEquals":{"elasticloadbalancing:ListenerProtocol":["HTTPS","TLS"]}}},
				{"Effect":"Deny","Action":["elasticloadbalancing:CreateListener","elasticloadbalancing:ModifyListener"],"Resource":"*",
				 "Condition":{"StringNotEquals":{"elasticloadbalancing:SecurityPolicy":"ELBSecurityPolicy-TLS13-1-3-2021-06"}}},
				{"Effect":"Deny","Action":"elasticloadbalancing:CreateLoadBalancer","Resource":"*","Condition":{"StringNotEquals":{"elasticloadbalancing:Scheme":"internal"}}},
				{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*","Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"arn:aws:iam::aws:policy/PowerUserAccess"}}}]}`)}
		}
	})
	for without, denied := range map[string]string{
		"":                    "",
		"portico:tags":        "logs:CreateLogGroup",
		"path":                "iam:CreateRole",
		"permissionsBoundary": "iam:CreateRole",
		"sslPolicy":           "elasticloadbalancing:CreateListener",
		"type":                "", // an Application Load Balancer's HTTPS in place of TLS
	} {
		t.Run("without "+without, func(t *testing.T) {
			roles := map[string]any{"path": "/platform/", "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}
			balancer := map[string]any{"type": "NLB", "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06"}
			config := map[string]any{"portico:tags": map[string]any{"cost-center": "4711"}, "portico:iam": roles, "portico:loadBalancer": balancer}
			delete(config, without)
			delete(roles, without)
			delete(balancer, without)
			run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Setup: setup, Config: config}, nil)
			_, err := run.try(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
			if denied == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, denied)
			require.ErrorContains(t, err, "with an explicit deny in a service control policy")
		})
	}
}
