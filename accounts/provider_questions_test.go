package accounts

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// TestAProviderAccountsFindingsAreReportedAtOnce has a preview of the stack, and its
// questions before and after the shared stack is there, find the same: a stage, an API
// and a public zone that no zone delegates to.
func TestAProviderAccountsFindingsAreReportedAtOnce(t *testing.T) {
	rows := strings.ReplaceAll(threeFrontDoors, "c.private.example.net", "c.dev.example.net")
	for name, test := range map[string]struct {
		program func(dir string) pulumi.RunFunc
		shared  map[string]any
	}{
		"a preview of the stack":            {ProviderIn, frontDoorOutputs(nil)},
		"questions":                         {ProviderQuestionsIn, frontDoorOutputs(nil)},
		"questions before the shared stack": {ProviderQuestionsIn, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{shared: test.shared, publicZones: publicZones, unknown: true, missing: []string{"abcde12345/prod"}, absent: []string{"fghij67890"}}
			settings := settingsText(redeploying)
			err := run(t, m, test.program(project(t, "dev-orders", settings, rows)), "dev-orders", settings.config(t))
			var found existingErrors
			require.ErrorAs(t, err, &found)
			require.Len(t, found, 3, "%v", err)
			require.ErrorContains(t, found[0], `APIS[1].PRIVATE_API_URL: REST API abcde12345 of account 222222222222 has no stage "prod"`)
			require.ErrorContains(t, found[1], "APIS[2].PRIVATE_API_URL: account 222222222222 has no REST API fghij67890 in us-east-1: correct the URL, or ACCOUNT")
			require.ErrorContains(t, found[2], "validate *.dev.example.net in public hosted zone dev.example.net (ZPUBLIC-dev.example.net): its name servers are ns-1.dev.example.net, ns-2.dev.example.net, and the zone example.net above it has no NS record of that name")
			require.Empty(t, m.of(policyToken))
			require.Empty(t, m.of(domainToken))
		})
	}
}
