package accounts

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// inCode is twoRows as a program makes them.
func inCode(t *testing.T) *mapping.Mapping {
	t.Helper()
	parsed, err := mapping.Parse("mapping.yaml", []byte(twoRows))
	require.NoError(t, err)
	made, err := mapping.New(parsed.Rows)
	require.NoError(t, err)
	return made
}

func TestSharedWithDeploysWhatTheSameFilesDo(t *testing.T) {
	fromFiles := up(t, minimalShared+"  portico:task: {min: 3}\n  portico:loadBalancer: {type: NLB}\n")
	t.Chdir(t.TempDir())
	m := &monitor{publicZones: publicZones}
	program := SharedWith(SharedSettings{
		AWS:          AWS{Region: "us-east-1", AccountID: "111111111111"},
		Task:         Task{Min: 3},
		LoadBalancer: LoadBalancer{Type: "NLB"},
	}, inCode(t))
	require.NoError(t, run(t, m, program, "dev", nil))
	require.Equal(t, fromFiles.identities(), m.identities())
	scaling := m.only(t, "aws:appautoscaling/target:Target")
	require.Equal(t, fromFiles.only(t, "aws:appautoscaling/target:Target").Inputs, scaling.Inputs)
	require.EqualValues(t, 4, scaling.Inputs["maxCapacity"], "a field that is zero has its default")
}

func TestProviderWithDeploysWhatTheSameFilesDo(t *testing.T) {
	redeploy := true
	m := &monitor{shared: sharedStackOutputs}
	program := ProviderWith(ProviderSettings{
		AWS:      AWS{Region: "us-east-1", AccountID: "222222222222"},
		Shared:   SharedStack{Stack: "organization/portico/dev"},
		Redeploy: &redeploy,
	}, inCode(t))
	require.NoError(t, run(t, m, program, "dev-orders", nil))

	fromFiles := &monitor{shared: sharedStackOutputs}
	dir := project(t, "dev-orders", redeploying, twoRows)
	require.NoError(t, run(t, fromFiles, ProviderIn(dir), "dev-orders", redeploying.config(t)))
	require.Equal(t, fromFiles.identities(), m.identities())
}

func TestSettingsMadeInCodeAreChecked(t *testing.T) {
	err := run(t, &monitor{}, SharedWith(SharedSettings{}, inCode(t)), "dev", nil)
	var wrong SettingsErrors
	require.ErrorAs(t, err, &wrong)
	var keys []string
	for _, mistake := range wrong {
		keys = append(keys, mistake.Key)
	}
	require.Equal(t, []string{"portico:aws.accountId", "portico:aws.region"}, keys)

	err = run(t, &monitor{}, ProviderWith(ProviderSettings{Policy: Policy{MaxSize: 1}}, inCode(t)), "dev", nil)
	require.ErrorAs(t, err, &wrong)
	require.ErrorContains(t, err, "portico:redeploy: not set")
	require.ErrorContains(t, err, "portico:policy.maxSize: 1 is below AWS's default")
}

// TestSettingsKnowWhatComponentsTake holds facts that the settings' checks have
// of their own to the components', which they may not import.
func TestSettingsKnowWhatComponentsTake(t *testing.T) {
	byDefault := settings.DefaultShared()
	require.Equal(t, components.DefaultSSLPolicy, byDefault.LoadBalancer.SSLPolicy)
	require.Equal(t, components.ApplicationLoadBalancer, settings.ApplicationLoadBalancer)
	require.Equal(t, components.NetworkLoadBalancer, settings.NetworkLoadBalancer)
	require.Equal(t, []string{string(components.IssuedByDNS), string(components.IssuedByEmail), string(components.IssuedByPrivateCA)},
		[]string{settings.SourceDNS, settings.SourceEmail, settings.SourcePrivateCA})
	for bits := 14; bits <= 26; bits++ {
		s := SharedSettings{AWS: AWS{Region: "us-east-1", AccountID: "111111111111"}}
		s.Network.CIDR = fmt.Sprintf("10.0.0.0/%d", bits)
		_, err := settings.CompleteShared(s, "dev", "")
		require.Equal(t, bits >= components.MinVPCPrefix && bits <= components.MaxVPCPrefix, err == nil, s.Network.CIDR)
	}
}
