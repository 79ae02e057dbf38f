package awssim

import "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

// exportFunction is what a stage serves, as an OpenAPI document: the one data
// source that asks for a stage by its name.
func exportFunction() *functionSpec {
	return &functionSpec{
		token: "aws:apigateway/getExport:getExport", args: apigateway.GetExportArgs{}, result: apigateway.GetExportResult{},
		actions: []string{"apigateway:GET"},
		run: func(c *call) (Object, error) {
			api, stage := c.inputs.Text("restApiId"), c.inputs.Text("stageName")
			if c.find(restAPIType, api) == nil {
				return nil, c.refuse("NotFoundException", "Invalid API identifier specified %s:%s", c.account, api)
			}
			if c.find(stageType, stageID(api, stage)) == nil {
				return nil, c.refuse("NotFoundException", "Invalid stage identifier specified")
			}
			return Object{
				"id": api + ":" + stage, "restApiId": api, "stageName": stage, "exportType": c.inputs.Text("exportType"),
				"body": `{"openapi":"3.0.1","paths":{}}`, "contentType": "application/json", "contentDisposition": "",
			}, nil
		},
	}
}
