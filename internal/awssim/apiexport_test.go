package awssim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStageIsExportedWhereItIs(t *testing.T) {
	l := newAPILab(t)
	export := func(api, stage string) error {
		c := &call{session: l.caller, operation: "invoking", inputs: Object{"restApiId": api, "stageName": stage, "exportType": "oas30"}}
		_, err := c.invoke(exportFunction())
		return err
	}
	require.NoError(t, export("orders1234", "dev"))
	require.ErrorContains(t, export("orders1234", "prod"), "NotFoundException: Invalid stage identifier")
	require.ErrorContains(t, export("nowhere123", "dev"), "NotFoundException: Invalid API identifier")
}
