package apigateway

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// exportFunction is what a stage serves, as an OpenAPI document: the one data
// source that asks for a stage by its name.
func exportFunction() *engine.Function {
	return &engine.Function{
		Token: "aws:apigateway/getExport:getExport", Args: apigateway.GetExportArgs{}, Result: apigateway.GetExportResult{},
		Actions: []string{"apigateway:GET"},
		Run: func(op *engine.Op) (engine.Object, error) {
			api, stage := op.Inputs.Text("restApiId"), op.Inputs.Text("stageName")
			if op.Find(view.RESTAPIType, api) == nil {
				return nil, op.Refuse("NotFoundException", "Invalid API identifier specified %s:%s", op.Account, api)
			}
			if op.Find(view.StageType, stageID(api, stage)) == nil {
				return nil, op.Refuse("NotFoundException", "Invalid stage identifier specified")
			}
			return engine.Object{
				"id": api + ":" + stage, "restApiId": api, "stageName": stage, "exportType": op.Inputs.Text("exportType"),
				"body": `{"openapi":"3.0.1","paths":{}}`, "contentType": "application/json", "contentDisposition": "",
			}, nil
		},
	}
}
