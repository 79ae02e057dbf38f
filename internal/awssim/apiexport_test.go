package awssim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

func TestAStageIsExportedWhereItIs(t *testing.T) {
	l := newAPILab(t)
	export := func(api, stage string) error {
		_, err := l.caller.Invoke("aws:apigateway/getExport:getExport", engine.Object{"restApiId": api, "stageName": stage, "exportType": "oas30"})
		return err
	}
	require.NoError(t, export("orders1234", "dev"))
	require.ErrorContains(t, export("orders1234", "prod"), "NotFoundException: Invalid stage identifier")
	require.ErrorContains(t, export("nowhere123", "dev"), "NotFoundException: Invalid API identifier")
}
