package awssim_test

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// readByID is what a program's GetStage does: a read without state.
func (c *client) readByID(typ, id string) *pulumirpc.ReadResponse {
	c.t.Helper()
	response, err := c.rpc.Read(c.t.Context(), &pulumirpc.ReadRequest{Id: id, Urn: urnOf(typ, "read")})
	require.NoError(c.t, err)
	return response
}

func TestStagesAreReadByTheIDThatProgramsImportThemBy(t *testing.T) {
	_, c := newAPIClient(t)
	found := c.readByID(stageType, "orders1234/dev")
	require.Equal(t, "ags-orders1234-dev", found.Id)
	require.Equal(t, "orders1234", found.Properties.Fields["restApi"].GetStringValue())
	require.Equal(t, "dev", found.Properties.Fields["stageName"].GetStringValue())
	require.Equal(t, "ags-orders1234-dev", c.readByID(stageType, "ags-orders1234-dev").Id, "as a refresh does")
	for sentence, id := range map[string]string{
		"a stage that isn't there":   "orders1234/live",
		"an API that isn't there":    "nothing123/dev",
		"another account's":          "theirs1234/dev",
		"a name without an API's ID": "dev",
	} {
		require.Empty(t, c.readByID(stageType, id).Id, sentence)
	}
}
