package accounts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStageThatIsNotThereIsAnErrorBeforeAnythingIsDeployed(t *testing.T) {
	for _, preview := range []bool{true, false} {
		m := &monitor{shared: sharedStackOutputs, missing: []string{"abcde12345/dev", "fghij67890/dev"}, unknown: preview}
		err := provider(t, m, redeploying, twoRows)
		require.ErrorContains(t, err, `mapping.yaml:2:5: APIS[0].PRIVATE_API_URL: REST API abcde12345 of account 222222222222 has no stage "dev"`)
		require.ErrorContains(t, err, `APIS[1].PRIVATE_API_URL: REST API fghij67890`)
		require.ErrorContains(t, err, "portico:createStages")
		require.Empty(t, m.of(policyToken))
		require.Empty(t, m.of(deploymentToken))
	}
}

func TestAMissingStageIsNobodysConcern(t *testing.T) {
	retired := strings.Replace(twoRows, "    VERBS: [GET]\n", "    VERBS: [GET]\n    RETIRED: true\n", 1)
	for name, c := range map[string]struct {
		settings settingsText
		mapping  string
		deployed []string
	}{
		"where the settings ask for its creation":    {redeploying + "  portico:createStages: true\n", twoRows, []string{"api-abcde12345-dev", "api-fghij67890-dev"}},
		"where its rows are retired":                 {redeploying, retired, []string{"api-fghij67890-dev"}},
		"where its owner is the one who deploys":     {minimalProvider + "  portico:redeploy: false\n", twoRows, nil},
		"where retired rows ask for it all the same": {redeploying + "  portico:createStages: true\n", retired, []string{"api-abcde12345-dev", "api-fghij67890-dev"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{shared: sharedStackOutputs, missing: []string{"abcde12345/dev"}}
			require.NoError(t, provider(t, m, c.settings, c.mapping))
			require.Len(t, m.of(policyToken), 2)
			var deployed []string
			for _, d := range m.of(deploymentToken) {
				deployed = append(deployed, d.Name)
			}
			require.Equal(t, c.deployed, deployed)
		})
	}
}
