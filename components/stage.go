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

// warnOfCanary reads a stage that exists, in previews too, and warns where it has a
// canary release. It needs apigateway:GET on the stage. AWS documents what a
// deployment with canary settings does to such a stage, and not what one without
// does; LocalStack's emulation ends the canary release.
func (a *PrivateAPI) warnOfCanary(ctx *pulumi.Context, name, stage string, existing *apigateway.RestApi) error {
	id := existing.ID().ApplyT(func(api pulumi.ID) pulumi.ID { return api + "/" + pulumi.ID(stage) }).(pulumi.IDOutput)
	read, err := apigateway.GetStage(ctx, name, id, nil, pulumi.Parent(a))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	read.CanarySettings.ApplyT(func(canary *apigateway.StageCanarySettings) error {
		if canary == nil {
			return nil
		}
		return ctx.Log.Warn(canaryNotice(stage, canary), &pulumi.LogArgs{Resource: a})
	})
	return nil
}

// canaryNotice says what a deployment may do to a stage's canary release.
func canaryNotice(stage string, canary *apigateway.StageCanarySettings) string {
	var share string
	if canary.PercentTraffic != nil {
		share = fmt.Sprintf(" for %g %% of its requests", *canary.PercentTraffic)
	}
	return fmt.Sprintf("stage %s has a canary release (deployment %s%s): when the resource policy changes, a deployment gives the stage all that is saved of the API, and may end the canary release: promote or delete it first, or set portico:redeploy: false",
		stage, canary.DeploymentId, share)
}
