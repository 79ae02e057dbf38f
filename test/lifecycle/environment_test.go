package lifecycle

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

// newCommandLineEnvironment is an environment whose engine runs as under the
// command line: a cancelled context interrupts it.
func newCommandLineEnvironment(t *testing.T, files map[string]string, setup *awssim.Setup) *simulatedEnvironment {
	t.Helper()
	e := newEnvironment(t, files, setup)
	command, err := automation.FindCommand(filepath.Join("..", "..", "bin"))
	require.NoError(t, err)
	e.env.Command = command
	return e
}

// TestInterruptedAnEnvironmentGoesOnFromWhereItWas interrupts an up and a
// destroy in the middle, as Ctrl-C and SIGTERM do, and runs them again with
// nothing in between.
func TestInterruptedAnEnvironmentGoesOnFromWhereItWas(t *testing.T) {
	slowly(t)
	t.Parallel()
	e := newCommandLineEnvironment(t, smallProject(), ordersSetup())
	before := e.things()
	interrupted := func(run verb, after int64) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var calls atomic.Int64
		e.OnCall(func(awssim.Call) {
			if calls.Add(1) == after {
				cancel()
			}
		})
		_, err := run(e.env, ctx)
		e.OnCall(nil)
		require.ErrorIs(t, err, context.Canceled, "%s", e.log)
		require.ErrorContains(t, err, "the next run goes on from there")
	}
	interrupted((*automation.Environment).Up, 40)
	partly := len(e.things())
	require.Greater(t, partly, len(before), "nothing was done before the interrupt")
	e.up()
	require.Empty(t, e.disagreements(before), e.log)
	wholly := len(e.things())
	interrupted((*automation.Environment).Destroy, 20)
	require.Less(t, len(e.things()), wholly, "nothing was done before the interrupt")
	_, err := e.env.Destroy(t.Context())
	require.NoError(t, err)
	require.Empty(t, e.disagreements(before), e.log)
}

// TestOfTwoUpsAtOnceOneWinsAndTheOtherSaysSo begins a second up while the first
// waits for an answer of AWS's.
func TestOfTwoUpsAtOnceOneWinsAndTheOtherSaysSo(t *testing.T) {
	t.Parallel()
	e := newCommandLineEnvironment(t, smallProject(), ordersSetup())
	under, answer := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	e.OnCall(func(awssim.Call) {
		if once.CompareAndSwap(false, true) {
			close(under)
			<-answer
		}
	})
	first := make(chan error, 1)
	go func() {
		_, err := e.env.Up(t.Context())
		first <- err
	}()
	select {
	case <-under:
	case err := <-first:
		t.Fatalf("the first up ended before it called AWS: %v", err)
	}
	second := *e.env
	_, err := second.Up(t.Context())
	close(answer)
	require.NoError(t, <-first)
	require.ErrorIs(t, err, automation.ErrLocked)
	require.ErrorContains(t, err, "created by ")
	require.ErrorContains(t, err, "pulumi -C "+e.env.Shared.Dir+" cancel -s dev")
	require.ErrorContains(t, err, "portico up --env dev")
}

// TestEachAccountIsEnteredByItsOwnRole takes one account's role away: its stack
// fails, the others are deployed, and the report says what to run again.
func TestEachAccountIsEnteredByItsOwnRole(t *testing.T) {
	slowly(t)
	t.Parallel()
	const shopAccount = "333333333333"
	files := smallProject()
	files["mapping.yaml"] = smallMapping + `  - CUSTOM_DOMAIN_URL: shop.internal.example.com
    PRIVATE_API_URL: https://shop000001.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: "333333333333"
`
	settings := func(role string) string {
		return strings.Replace(providerSettings(shopAccount, redeploy), `accountId: "333333333333"`,
			`accountId: "333333333333", roleArn: "arn:aws:iam::333333333333:role/`+role+`"`, 1)
	}
	setup := ordersSetup()
	setup.Accounts = append(setup.Accounts, awssim.Account{ID: shopAccount, Roles: []awssim.Role{{Name: "portico", Trusts: []string{sharedAccount}}}})
	setup.RESTAPIs = append(setup.RESTAPIs, awssim.RESTAPI{Account: shopAccount, Region: region, ID: "shop000001", Name: "shop", Stages: []string{"dev"}})
	files["accounts/provider/Pulumi.dev-shop.yaml"] = settings("missing")
	e := newEnvironment(t, files, setup)

	_, err := e.env.Up(t.Context())
	failure := new(automation.OperationError)
	require.ErrorAs(t, err, &failure)
	require.Equal(t, []string{"pulumi -C accounts/provider up -s dev-shop"}, failure.Again)
	require.ErrorContains(t, err, "role/missing")
	require.Contains(t, sids(t, e.RESTAPIs(region)[ordersAPI].Stages["dev"].Policy), "Ours")

	write(t, e.project, map[string]string{"accounts/provider/Pulumi.dev-shop.yaml": settings("portico")})
	e.up()
	callers := map[string]bool{}
	for _, call := range e.Calls() {
		if call.Type == deploymentType || call.Type == "aws:ec2/vpc:Vpc" {
			callers[call.Account+" "+call.Caller] = true
		}
	}
	require.Equal(t, map[string]bool{
		sharedAccount + " arn:aws:iam::" + sharedAccount + ":user/operator":                true,
		ordersAccount + " arn:aws:sts::" + ordersAccount + ":assumed-role/portico/portico": true,
		shopAccount + " arn:aws:sts::" + shopAccount + ":assumed-role/portico/portico":     true,
	}, callers)
}

// TestRefreshNamesWhatNoStackKnows leaves something behind with the
// environment's tags, as a create does whose answer was lost to plain pulumi.
func TestRefreshNamesWhatNoStackKnows(t *testing.T) {
	t.Parallel()
	setup := ordersSetup()
	setup.Existing = []awssim.Existing{{
		Account: sharedAccount, Region: region, Type: "aws:ec2/vpc:Vpc", ID: "vpc-0aaaaaaaaaaaaaaaa",
		Properties: awssim.Object{"cidrBlock": "10.9.0.0/16", "tags": map[string]any{
			"app": "portico", "environment": "dev", "managed-by": "portico", "Name": "portico-dev",
		}},
	}, {
		Account: sharedAccount, Region: region, Type: "aws:ec2/vpc:Vpc", ID: "vpc-0bbbbbbbbbbbbbbbb",
		Properties: awssim.Object{"cidrBlock": "10.8.0.0/16", "tags": map[string]any{"app": "other"}},
	}}
	e := newEnvironment(t, smallProject(), setup)
	_, err := e.env.Preview(t.Context()) // makes the stack
	require.NoError(t, err)
	_, err = e.env.Refresh(t.Context())
	require.NoError(t, err)
	require.Contains(t, e.log.String(), "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-0aaaaaaaaaaaaaaaa carries this environment's tags")
	require.NotContains(t, e.log.String(), "vpc-0bbbbbbbbbbbbbbbb")
}

// TestARefreshOfWhatNobodyChangedLeavesNothingToDo has the engine read back what
// it made, images and policies in AWS's own form included.
func TestARefreshOfWhatNobodyChangedLeavesNothingToDo(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, smallProject(), ordersSetup())
	e.up()
	_, err := e.env.Refresh(t.Context())
	require.NoError(t, err)
	e.requireNoChanges()
}
