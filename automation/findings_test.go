package automation

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestFindingsOfAProgramsError(t *testing.T) {
	for text, want := range map[string]string{
		"an unhandled error occurred: 1 error occurred:\n\t* use subnet b: small\nuse subnet a: small\nuse subnet b: small\n\n":                                                                     "use subnet a: small\nuse subnet b: small",
		"an unhandled error occurred: m.yaml:120:5: APIS[13].VERBS: b\nuse subnet-10 of APIS[10]\nm.yaml:21:17: APIS[2].VERBS: a\nuse subnet-10 of APIS[9]\nm.yaml:21:5: APIS[2]: c\na.yaml:300: d": "a.yaml:300: d\nm.yaml:21:5: APIS[2]: c\nm.yaml:21:17: APIS[2].VERBS: a\nm.yaml:120:5: APIS[13].VERBS: b\nuse subnet-10 of APIS[9]\nuse subnet-10 of APIS[10]",
		"an unhandled error occurred: waiting for RPCs: make the policy":                                                                                                                            "make the policy",
		"an unhandled error occurred: 2 errors occurred:\n\t* b\n\t* a\n\n":                                                                                                                         "a\nb",
		"creating EC2 VPC: operation error\n  b\n  a":                                                                                                                                               "creating EC2 VPC: operation error\n  b\n  a",
	} {
		require.Equal(t, want, findingsOf(text))
	}
}

func TestAFindingOfSeveralStacksIsReportedOnce(t *testing.T) {
	cause := errors.New("exit status 1")
	results := onlyOnce([]Result{
		{Name: "dev", Err: &stackError{"zone\n  subnet", cause}},
		{Name: "dev-a"},
		{Name: "dev-b", Err: &stackError{"stage\n  zone", cause}},
		{Name: "dev-c", Err: &stackError{"zone\n  stage", cause}},
	})
	require.EqualError(t, results[0].Err, "zone\n  subnet")
	require.NoError(t, results[1].Err)
	require.EqualError(t, results[2].Err, "stage\n  and what dev has too")
	require.EqualError(t, results[3].Err, "the same as dev, dev-b")
	require.ErrorIs(t, results[3].Err, cause)
}

// TestUpAsksAllStacksBeforeItRunsOne has a provider stack's question find what is in
// the way of a first up: no stack is run. Without a finding, up goes on.
func TestUpAsksAllStacksBeforeItRunsOne(t *testing.T) {
	t.Parallel()
	env := deployable(t)
	env.PreviewFirst = true
	env.Providers[0].Questions = func(*pulumi.Context) error { return errors.New("the stage is not there") }
	report, err := env.Up(t.Context())
	require.EqualError(t, err, `up dev: not run: up would fail, and nothing was run
up dev-orders (account 222222222222): the stage is not there
up dev-payments: not run: up would fail, and nothing was run
when the cause is dealt with, run:
  portico up --env dev`)
	require.Equal(t, []string{"dev", "dev-orders", "dev-payments"}, names(report))
	_, err = env.Preview(t.Context())
	require.ErrorContains(t, err, "preview dev-orders (account 222222222222): the stage is not there")

	env.Providers[0].Questions = func(*pulumi.Context) error { return nil }
	env.Providers[0].Program = func(ctx *pulumi.Context) error {
		return ctx.RegisterComponentResource("portico:test:Component", "kept", &component{}, pulumi.Protect(true))
	}
	_, err = env.Up(t.Context())
	require.NoError(t, err)
	// The stack has a protected resource now, and what has to be asked is asked.
	report, err = env.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, Changes{Same: 2}, report.Stacks[1].Changes)

	env.Shared.Program = broken("the subnet is small")
	_, err = env.Preview(t.Context())
	require.ErrorContains(t, err, "preview dev: the subnet is small")
}
