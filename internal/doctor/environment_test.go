package doctor_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

func environment(t *testing.T, states map[mapping.Host]outputs.HostState) *doctor.Environment {
	t.Helper()
	m, err := mapping.Parse("mapping.yaml", []byte(`APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: n.private.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/dev", FRONT_DOOR: native}
  - {CUSTOM_DOMAIN_URL: "*.wild.example.com", PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: old.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222", RETIRED: true}
`))
	require.NoError(t, err)
	return &doctor.Environment{
		Name: "dev", Mapping: m, Owners: map[mapping.APIID]mapping.AccountID{"bbbbbbbbbb": "333333333333"},
		Shared: &outputs.Shared{AccountID: "111111111111", Region: "us-east-1", Hosts: []mapping.Host{"a.private.example.com"}, FrontDoors: states},
	}
}

func TestOnlyHostsOfNativeNeedTheirAccountsOutputs(t *testing.T) {
	e := environment(t, map[mapping.Host]outputs.HostState{"n.private.example.com": {Current: mapping.FrontDoorNative}})
	require.Empty(t, e.NativeOwners([]string{"a.private.example.com", "x.wild.example.com"}))
	require.Equal(t, []mapping.AccountID{"333333333333"}, e.NativeOwners([]string{"a.private.example.com", "n.private.example.com"}))
}

// TestAHostThatIsNotDeployedHasItsCauseInTheMapping asks about hosts without a name;
// no account is asked.
func TestAHostThatIsNotDeployedHasItsCauseInTheMapping(t *testing.T) {
	e := environment(t, map[mapping.Host]outputs.HostState{"n.private.example.com": {Target: mapping.FrontDoorNative, Pending: outputs.PendingProvider}})
	accounts := func(string) (doctor.Reader, error) {
		t.Error("an account was asked")
		return nil, nil
	}
	for host, want := range map[string]string{
		"unknown.private.example.com": "no row of the mapping has this host",
		"old.private.example.com":     "the rows of this host are RETIRED",
		"x.wild.example.com":          "the row is not deployed",
		"N.private.example.com.":      "it waits for provider (native)",
	} {
		report := doctor.New(*e, accounts, nil).Diagnose(t.Context(), host)
		require.False(t, report.OK)
		require.Len(t, report.Causes, 1, host)
		require.Equal(t, doctor.StepMapping, report.Causes[0].Step)
		require.Contains(t, report.Causes[0].Problem, want)
	}
}

// TestAnotherTimeLimitThanTheDoctorsIsNamed has the SDK find no credentials: it waits
// for those of an EC2 instance for a while of its own.
func TestAnotherTimeLimitThanTheDoctorsIsNamed(t *testing.T) {
	e := environment(t, map[mapping.Host]outputs.HostState{"a.private.example.com": {Current: mapping.FrontDoorNGINX}})
	wants := func(report *doctor.Report, why string) {
		t.Helper()
		for _, step := range []doctor.Step{doctor.StepName, doctor.StepAPI} {
			require.Contains(t, report.Unread, doctor.Unread{Step: step, Why: why})
		}
	}
	asked := 0
	accounts := func(string) (doctor.Reader, error) {
		asked++
		return nil, fmt.Errorf("no EC2 IMDS role found: %w", context.DeadlineExceeded)
	}
	report := doctor.New(*e, accounts, nil).Diagnose(t.Context(), "a.private.example.com")
	wants(report, "no EC2 IMDS role found: context deadline exceeded")
	require.Positive(t, asked)

	// The doctor's own limit leaves nothing to ask for.
	asked = 0
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	report = doctor.New(*e, accounts, nil).Diagnose(ctx, "a.private.example.com")
	require.Zero(t, asked)
	wants(report, "there was no time left: --timeout gives the doctor more")
}
