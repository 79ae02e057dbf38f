package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StageExists reports, in previews too, whether a REST API has a stage. An API that
// doesn't exist is an [ExistingResourceError].
//
// It asks for an export of the stage (apigateway:GET on it). A read of the stage
// as a resource would fail the whole update where there is none.
func StageExists(ctx *pulumi.Context, apiID, stage string, opts ...pulumi.InvokeOption) (bool, error) {
	_, err := apigateway.GetExport(ctx, &apigateway.GetExportArgs{RestApiId: apiID, StageName: stage, ExportType: "oas30"}, opts...)
	switch {
	case err == nil:
		return true, nil
	case !strings.Contains(err.Error(), "NotFoundException"): // the provider has no other sign for it
		return false, fmt.Errorf("look for stage %s of REST API %s: %w", stage, apiID, err)
	}
	if strings.Contains(err.Error(), "Invalid API identifier") {
		return false, &ExistingResourceError{Kind: "REST API", ID: apiID, Problem: "the account has none of that ID in the region", Fix: "correct the ID, or the account"}
	}
	return false, nil
}
