package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StageExists tells, in previews too, whether a REST API has a stage. Of an API
// that doesn't exist it says that the stage does: NewPrivateAPI reports the API.
//
// It asks for an export of the stage (apigateway:GET on it), the only question
// about a stage whose answer may be no: a read of the stage as a resource fails
// the whole update when there is none.
func StageExists(ctx *pulumi.Context, apiID, stage string, opts ...pulumi.InvokeOption) (bool, error) {
	_, err := apigateway.GetExport(ctx, &apigateway.GetExportArgs{RestApiId: apiID, StageName: stage, ExportType: "oas30"}, opts...)
	switch {
	case err == nil:
		return true, nil
	case !strings.Contains(err.Error(), "NotFoundException"): // the provider has no other sign for it
		return false, fmt.Errorf("look for stage %s of REST API %s: %w", stage, apiID, err)
	}
	return strings.Contains(err.Error(), "Invalid API identifier"), nil
}
